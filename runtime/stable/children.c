#include "runtime/stable/children.h"

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
    END_TRIES = 2000, /* a thread that is left over may start processes for ever: it is not waited for */
    END_PAUSE_US = 1000,
};

void cq_children_init(struct cq_children *children)
{
    char path[64];
    *children = (struct cq_children){.list_fd = -1};
    /* The main thread's, and the stable has no other. */
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    children->list_fd = open(path, O_RDONLY | O_CLOEXEC);
}

void cq_children_release(struct cq_children *children)
{
    if (children->list_fd >= 0)
        close(children->list_fd);
    free(children->horses);
    *children = (struct cq_children){.list_fd = -1};
}

void cq_children_add(struct cq_children *children, pid_t pid, int64_t number)
{
    if (children->len == children->cap) {
        children->cap = children->cap ? 2 * children->cap : FIRST_CAPACITY;
        children->horses = cq_realloc(children->horses, children->cap * sizeof(*children->horses));
    }
    children->horses[children->len++] = (struct cq_children_horse){pid, number};
}

static struct cq_children_horse *find(const struct cq_children *children, pid_t pid)
{
    for (size_t i = 0; i < children->len; i++)
        if (children->horses[i].pid == pid)
            return &children->horses[i];
    return NULL;
}

/* Call visit for each child in /proc's list, `123 456 `; a number may be cut by the end of the buffer. */
static size_t for_each_child(const struct cq_children *children,
                             void (*visit)(const struct cq_children *children, pid_t child))
{
    char text[4096];
    size_t count = 0;
    long number = 0;
    off_t at = 0;
    ssize_t n;
    if (children->list_fd < 0)
        return 0;
    while ((n = pread(children->list_fd, text, sizeof(text), at)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                number = number * 10 + (text[i] - '0');
            } else if (number > 0) {
                count++;
                if (visit)
                    visit(children, (pid_t)number);
                number = 0;
            }
        }
        at += n;
    }
    return count;
}

static void kill_unless_horse(const struct cq_children *children, pid_t child)
{
    if (!find(children, child) && child != children->helper)
        kill(child, SIGKILL);
}

static void kill_any(const struct cq_children *children, pid_t child)
{
    (void)children;
    kill(child, SIGKILL);
}

/* Counting comes first: mostly there are as many children as horses, and no horse has to be looked up. */
static void kill_leftovers(const struct cq_children *children)
{
    if (for_each_child(children, NULL) > children->len + (children->helper ? 1 : 0))
        for_each_child(children, kill_unless_horse);
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* A zombie of ours: reap it. Its group and its orphans die first, while its number is still its own. */
static bool reap(struct cq_children *children, pid_t pid, struct cq_horse_exit *ret_exit)
{
    struct rusage usage = {0};
    int status = 0;
    struct cq_children_horse *horse = find(children, pid);
    if (horse || pid == children->helper)
        kill(-pid, SIGKILL);
    kill_leftovers(children);
    if (wait4(pid, &status, 0, &usage) != pid)
        return false;
    if (pid == children->helper) {
        children->helper = 0;
        children->helper_status = status;
    }
    if (!horse)
        return false;
    *ret_exit = (struct cq_horse_exit){
        .pid = pid,
        .number = horse->number,
        .status = status,
        .maxrss_kb = usage.ru_maxrss,
        .utime_us = microseconds(usage.ru_utime),
        .stime_us = microseconds(usage.ru_stime),
    };
    *horse = children->horses[--children->len];
    return true;
}

void cq_children_set_helper(struct cq_children *children, pid_t pid)
{
    children->helper = pid;
}

int cq_children_end_helper(struct cq_children *children)
{
    pid_t pid = children->helper;
    if (pid > 0) {
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        while (waitpid(pid, &children->helper_status, 0) < 0 && errno == EINTR) {
        }
        children->helper = 0;
        kill_leftovers(children); /* they have become ours with its end */
    }
    return children->helper_status;
}

void cq_children_reap(struct cq_children *children,
                      void (*tell)(void *context, const struct cq_horse_exit *gone), void *context)
{
    struct cq_horse_exit gone;
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        if (reap(children, info.si_pid, &gone))
            tell(context, &gone);
    }
}

void cq_children_kill_all(struct cq_children *children)
{
    for (size_t i = 0; i < children->len; i++)
        kill(-children->horses[i].pid, SIGKILL);
    if (children->list_fd < 0)
        return; /* who is left cannot be named, and must not be waited for */
    /* A process that dies may leave its children to us: look again after each, until none is left. */
    for (;;) {
        for_each_child(children, kill_any);
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
        struct cq_children children = {.list_fd = open(path, O_RDONLY | O_CLOEXEC)};
        count += for_each_child(&children, kill_any);
        cq_children_release(&children);
    }
    if (threads)
        closedir(threads);
    return count;
}

void cq_children_kill_of_horse(void)
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
