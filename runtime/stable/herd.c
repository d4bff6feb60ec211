#include "runtime/stable/herd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    FIRST_CAPACITY = 16,
    END_TRIES = 2000, /* a thread that is left over may go on starting processes: it is not waited for */
    END_PAUSE_US = 1000,
};

void cq_herd_init(struct cq_herd *herd)
{
    char path[64];
    *herd = (struct cq_herd){.children_fd = -1};
    /* The main thread's, and the stable has no other. */
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    herd->children_fd = open(path, O_RDONLY | O_CLOEXEC);
}

void cq_herd_release(struct cq_herd *herd)
{
    if (herd->children_fd >= 0)
        close(herd->children_fd);
    free(herd->horses);
    *herd = (struct cq_herd){.children_fd = -1};
}

void cq_herd_add(struct cq_herd *herd, pid_t pid, int64_t number)
{
    if (herd->len == herd->cap) {
        herd->cap = herd->cap ? 2 * herd->cap : FIRST_CAPACITY;
        herd->horses = cq_realloc(herd->horses, herd->cap * sizeof(*herd->horses));
    }
    herd->horses[herd->len++] = (struct cq_herd_horse){pid, number};
}

static struct cq_herd_horse *find(const struct cq_herd *herd, pid_t pid)
{
    for (size_t i = 0; i < herd->len; i++)
        if (herd->horses[i].pid == pid)
            return &herd->horses[i];
    return NULL;
}

/* Call visit for each child in /proc's list, `123 456 `; a number may be cut by the end of the buffer. */
static size_t for_each_child(const struct cq_herd *herd,
                             void (*visit)(const struct cq_herd *herd, pid_t child))
{
    char text[4096];
    size_t count = 0;
    long number = 0;
    off_t at = 0;
    ssize_t n;
    if (herd->children_fd < 0)
        return 0;
    while ((n = pread(herd->children_fd, text, sizeof(text), at)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                number = number * 10 + (text[i] - '0');
            } else if (number > 0) {
                count++;
                if (visit)
                    visit(herd, (pid_t)number);
                number = 0;
            }
        }
        at += n;
    }
    return count;
}

static void kill_unless_horse(const struct cq_herd *herd, pid_t child)
{
    if (!find(herd, child) && child != herd->helper)
        kill(child, SIGKILL);
}

static void kill_any(const struct cq_herd *herd, pid_t child)
{
    (void)herd;
    kill(child, SIGKILL);
}

/* Counting comes first: mostly there are as many children as horses, and no horse has to be looked up. */
static void kill_leftovers(const struct cq_herd *herd)
{
    if (for_each_child(herd, NULL) > herd->len + (herd->helper ? 1 : 0))
        for_each_child(herd, kill_unless_horse);
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* A zombie of ours: reap it. Its group and its orphans die first, while its number is still its own. */
static bool reap(struct cq_herd *herd, pid_t pid, struct cq_herd_exit *ret_exit)
{
    struct rusage usage = {0};
    int status = 0;
    struct cq_herd_horse *horse = find(herd, pid);
    if (horse || pid == herd->helper)
        kill(-pid, SIGKILL);
    kill_leftovers(herd);
    if (wait4(pid, &status, 0, &usage) != pid)
        return false;
    if (pid == herd->helper) {
        herd->helper = 0;
        herd->helper_status = status;
    }
    if (!horse)
        return false;
    *ret_exit = (struct cq_herd_exit){
        .pid = pid,
        .number = horse->number,
        .status = status,
        .maxrss_kb = usage.ru_maxrss,
        .utime_us = microseconds(usage.ru_utime),
        .stime_us = microseconds(usage.ru_stime),
    };
    *horse = herd->horses[--herd->len];
    return true;
}

void cq_herd_set_helper(struct cq_herd *herd, pid_t pid)
{
    herd->helper = pid;
}

int cq_herd_end_helper(struct cq_herd *herd)
{
    pid_t pid = herd->helper;
    if (pid > 0) {
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        while (waitpid(pid, &herd->helper_status, 0) < 0 && errno == EINTR) {
        }
        herd->helper = 0;
        kill_leftovers(herd); /* they have become ours with its end */
    }
    return herd->helper_status;
}

void cq_herd_reap(struct cq_herd *herd, void (*tell)(void *context, const struct cq_herd_exit *gone),
                  void *context)
{
    struct cq_herd_exit gone;
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        if (reap(herd, info.si_pid, &gone))
            tell(context, &gone);
    }
}

void cq_herd_kill_all(struct cq_herd *herd)
{
    for (size_t i = 0; i < herd->len; i++)
        kill(-herd->horses[i].pid, SIGKILL);
    if (herd->children_fd < 0)
        return; /* who is left cannot be named, and must not be waited for */
    /* Whatever dies may leave children of its own to us: again after each, until nobody is left. */
    for (;;) {
        for_each_child(herd, kill_any);
        if (waitpid(-1, NULL, 0) < 0 && errno != EINTR)
            return;
    }
}

/* ---- of a horse ---- */

/* Children are listed by the thread that made them. Returns how many were sent SIGKILL. */
static size_t kill_children_of_threads(void)
{
    char path[64];
    size_t count = 0;
    const struct dirent *entry;
    DIR *threads = opendir("/proc/self/task");
    while (threads && (entry = readdir(threads))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%.20s/children", entry->d_name);
        struct cq_herd herd = {.children_fd = open(path, O_RDONLY | O_CLOEXEC)};
        count += for_each_child(&herd, kill_any);
        cq_herd_release(&herd);
    }
    if (threads)
        closedir(threads);
    return count;
}

void cq_herd_end_children(void)
{
    for (int i = 0; i < END_TRIES && kill_children_of_threads() > 0; i++) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        }
        if (pid < 0 && errno == ECHILD)
            return;
        usleep(END_PAUSE_US);
    }
}
