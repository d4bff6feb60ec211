#include "worker/runtimes/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/program.h"
#include "runtime/stable/server.h"

enum { PATH_TEXT_MAX = 4096 }; /* bytes of a program's path */

void cq_launch_release(struct cq_launch *launch)
{
    free(launch->file);
    cq_strv_release(&launch->argv);
    if (launch->extra_fd >= 0)
        close(launch->extra_fd);
    *launch = CQ_LAUNCH_INIT;
}

static void push(struct cq_launch *launch, const char *text)
{
    cq_strv_push(&launch->argv, cq_str(text));
}

void cq_launch_native(struct cq_launch *launch, const struct cq_settings *settings)
{
    /* The very program that runs, also after an upgrade has replaced the file. */
    launch->file = cq_strdup("/proc/self/exe");
    push(launch, "cq");
    push(launch, "stable-native");
    for (size_t i = 0; i < settings->path.len; i++) {
        push(launch, "--path");
        push(launch, settings->path.items[i]);
    }
    for (size_t i = 0; i < settings->program_count; i++) {
        push(launch, "--program");
        push(launch, settings->programs[i].name);
        push(launch, settings->programs[i].command);
    }
    if (settings->serializer.restricted) {
        push(launch, "--restrict");
        push(launch, cq_format_name(settings->serializer.format));
    }
    if (!settings->python)
        push(launch, "--without-python");
}

/* A brace is doubled in a command as it is written, so that it is not a placeholder: a runtime's
 * command has none. */
static void single_braces(char *word)
{
    char *to = word;
    for (const char *from = word; *from; from++) {
        *to++ = *from;
        if ((*from == '{' || *from == '}') && from[1] == *from)
            from++;
    }
    *to = '\0';
}

enum cq_code cq_launch_command(struct cq_launch *launch, const struct cq_settings_runtime *command,
                               struct cq_error *err)
{
    struct cq_error why;
    if (!cq_program_split(command->command, &launch->argv))
        return cq_error_set(err, CQ_ERR_CONFIG, "[runtime.%s] command: a quote is not closed", command->name);
    if (!launch->argv.len)
        return cq_error_set(err, CQ_ERR_CONFIG, "[runtime.%s] command is empty: name a program",
                            command->name);
    for (size_t i = 0; i < launch->argv.len; i++)
        single_braces(launch->argv.items[i]);
    if (cq_launch_find(launch->argv.items[0], &launch->file, &why) != CQ_OK)
        return cq_error_set(err, CQ_ERR_CONFIG, "[runtime.%s] command: %s", command->name, why.text);
    return CQ_OK;
}

/* ---- where a program is ---- */

/* 0, or the errno that says why it cannot be run. */
static int runnable(const char *file)
{
    struct stat info;
    if (stat(file, &info) != 0)
        return errno;
    if (S_ISDIR(info.st_mode))
        return EISDIR;
    return access(file, X_OK) == 0 ? 0 : errno;
}

enum cq_code cq_launch_find(const char *name, char **ret_file, struct cq_error *err)
{
    const char *path = getenv("PATH");
    int fault = ENOENT;
    if (strchr(name, '/')) {
        fault = runnable(name);
        if (fault)
            return cq_error_set(err, CQ_ERR_CONFIG, "%.150s cannot be run: %s", name, strerror(fault));
        *ret_file = cq_strdup(name);
        return CQ_OK;
    }
    struct cq_buf file = CQ_BUF_INIT(PATH_TEXT_MAX);
    for (const char *part = path && *path ? path : "/usr/local/bin:/usr/bin:/bin";; part++) {
        size_t len = strcspn(part, ":");
        cq_buf_clear(&file);
        cq_buf_printf(&file, "%.*s/%s", len ? (int)len : 1, len ? part : ".", name);
        int why = file.overflow ? ENAMETOOLONG : runnable(file.data);
        if (!why) {
            *ret_file = cq_buf_steal(&file);
            return CQ_OK;
        }
        if (why != ENOENT && why != ENOTDIR)
            fault = why; /* something of that name is there: that says more */
        part += len;
        if (!*part)
            break;
    }
    cq_buf_release(&file);
    if (fault == ENOENT)
        return cq_error_set(err, CQ_ERR_CONFIG, "there is no %.100s on PATH", name);
    return cq_error_set(err, CQ_ERR_CONFIG, "the %.100s on PATH cannot be run: %s", name, strerror(fault));
}

/* ---- starting it ---- */

struct child {
    const char *file;
    char **argv;
    int fd, extra_fd, exec_fd;
    pid_t parent;
};

/* A descriptor out of the way of 3 and 4, which two dup2 could overwrite with each other. */
static int above(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, CQ_LAUNCH_EXTRA + 1);
}

/* The child's side: becomes the stable. Only async-signal-safe calls between fork and exec. */
CQ_NORETURN static void become_stable(const struct child *child)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent)
        _exit(127);
    /* A group of its own: Ctrl-C in the terminal is the worker's to interpret. */
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct sigaction fresh = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &fresh, NULL);
    sigaction(SIGHUP, &fresh, NULL);
    /* Ours are close-on-exec; this is for what libraries open, such as the sockets that libcurl's threads are
     * woken by. */
    close_range(CQ_LAUNCH_EXTRA + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    int exec_fd = above(child->exec_fd), fd = above(child->fd),
        extra_fd = child->extra_fd >= 0 ? above(child->extra_fd) : -1;
    if (exec_fd >= 0 && fd >= 0 && dup2(fd, CQ_STABLE_SOCKET) >= 0 &&
        (child->extra_fd < 0 || dup2(extra_fd, CQ_LAUNCH_EXTRA) >= 0))
        execv(child->file, child->argv);
    int why = errno;
    if (exec_fd >= 0 && write(exec_fd, &why, sizeof(why)) < 0)
        _exit(126);
    _exit(127);
}

enum cq_code cq_launch_spawn(const struct cq_launch *launch, pid_t *ret_pid, int *ret_fd, int *ret_exec_fd,
                             struct cq_error *err)
{
    int ends[2] = {-1, -1}, exec_ends[2] = {-1, -1};
    const char *what = "make the sockets of";
    char **argv = cq_calloc(launch->argv.len + 1, sizeof(*argv));
    memcpy(argv, launch->argv.items, launch->argv.len * sizeof(*argv));
    pid_t pid = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 &&
        pipe2(exec_ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        struct child child = {launch->file, argv, ends[1], launch->extra_fd, exec_ends[1], getpid()};
        what = "fork";
        pid = fork();
        if (pid == 0)
            become_stable(&child);
    }
    int why = errno;
    free(argv);
    if (ends[1] >= 0)
        close(ends[1]);
    if (exec_ends[1] >= 0)
        close(exec_ends[1]);
    if (pid < 0) {
        if (ends[0] >= 0)
            close(ends[0]);
        if (exec_ends[0] >= 0)
            close(exec_ends[0]);
        return cq_error_errno(err, why, "cannot %s a process for %.100s", what, launch->file);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ret_pid = pid;
    *ret_fd = ends[0];
    *ret_exec_fd = exec_ends[0];
    return CQ_OK;
}
