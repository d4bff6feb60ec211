#include "worker/stable_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/native_stable.h"

/* The child's side: becomes the stable. Only async-signal-safe calls between fork and exec. */
CQ_NORETURN static void become_stable(char *const *argv, const char *executable, int fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    /* A group of its own: Ctrl-C in the terminal is the worker's to interpret. */
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct sigaction fresh = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &fresh, NULL);
    if (fd == CQ_STABLE_SOCKET)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, CQ_STABLE_SOCKET) < 0)
        _exit(127);
    execv(executable, argv);
    _exit(127);
}

/* The native stable's command line: cq itself, with what jobs may run. Free the array, not its texts. */
static const char **stable_argv(const struct cq_worker_options *options)
{
    size_t most = 8 + 2 * options->paths->len + 3 * options->program_count;
    const char **argv = cq_calloc(most, sizeof(*argv));
    size_t n = 0;
    argv[n++] = "cq";
    argv[n++] = "stable-native";
    for (size_t i = 0; i < options->paths->len; i++) {
        argv[n++] = "--path";
        argv[n++] = options->paths->items[i];
    }
    for (size_t i = 0; i < options->program_count; i++) {
        argv[n++] = "--program";
        argv[n++] = options->programs[i].name;
        argv[n++] = options->programs[i].command;
    }
    if (options->restrict_format) {
        argv[n++] = "--restrict";
        argv[n++] = cq_format_name(options->format);
    }
    return argv;
}

enum cq_code cq_stable_spawn(const struct cq_worker_options *options, pid_t *ret_pid, int *ret_fd, struct cq_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return cq_error_errno(err, errno, "cannot make a socket pair for the native runtime");
    const char **argv = stable_argv(options);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become_stable((char *const *)argv, options->executable, ends[1], parent);
    int fork_errno = errno;
    free(argv);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cq_error_errno(err, fork_errno, "cannot fork the native runtime");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ret_pid = pid;
    *ret_fd = ends[0];
    return CQ_OK;
}
