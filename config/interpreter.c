#include "config/interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { PROOF_MAX = 1024 }; /* bytes of what an interpreter says of itself */

/* What any Python understands, 2.7 too. -S, -E: nothing of the user's is imported for it. */
static const char proof[] =
    "import sys\n"
    "v = sys.version_info; cpython = getattr(getattr(sys, 'implementation', None), 'name', '') == 'cpython'\n"
    "sys.stdout.write(('=' if v >= (3, 9) and cpython else '!') + '\\0%s %d.%d\\0' % ('CPython' if cpython "
    "else 'Python', v[0], v[1]))\n";

/* The child: becomes the interpreter, its standard output the pipe; says itself why it could not. */
CQ_NORETURN static void become_python(char *const *argv, int pipe_end, bool quiet, pid_t parent)
{
    char text[256];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody else would end it, should it hang */
    if (getppid() != parent)
        _exit(127);
    int null = open("/dev/null", O_RDWR);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (null >= 0 && quiet)
        dup2(null, STDERR_FILENO);
    if (dup2(pipe_end, STDOUT_FILENO) >= 0)
        execvp(argv[0], argv);
    int failed = errno;
    int len = snprintf(text, sizeof(text), "#%c%s%c", '\0', strerror(failed), '\0');
    ssize_t ignored = write(pipe_end, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text));
    (void)ignored;
    _exit(127);
}

/* Read to the end of file. False: the time is over, or it is too much. */
static bool read_answer(int fd, struct cq_buf *answer)
{
    cq_time give_up = cq_clock_monotonic() + CQ_INTERPRETER_TIME_S * CQ_SECOND;
    for (;;) {
        char chunk[4096];
        cq_time left = give_up - cq_clock_monotonic();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&wait, 1, (int)(left / (CQ_SECOND / 1000)) + 1) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 ? read(fd, chunk, sizeof(chunk)) : -1;
        if (n == 0)
            return true;
        if (n < 0 && ready > 0 && errno == EINTR)
            continue;
        if (n < 0 || !cq_buf_append(answer, chunk, (size_t)n))
            return false;
    }
}

const char *cq_interpreter_said(const struct cq_buf *answer, char sign)
{
    bool told = answer->len > 2 && answer->data[answer->len - 1] == '\0' && answer->data[1] == '\0';
    return told && answer->data[0] == sign ? answer->data + 2 : NULL;
}

/* Errors: CQ_ERR_SYSTEM. ret_whole: it ended its answer in time; else it was killed. */
static enum cq_code run(char *const *argv, const char *who, bool quiet, struct cq_buf *answer,
                        bool *ret_whole, int *ret_status, struct cq_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cq_error_errno(err, errno, "%.120s: cannot start %.100s", who, argv[0]);
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    int failed = errno;
    if (pid == 0)
        become_python(argv, ends[1], quiet, parent);
    close(ends[1]);
    *ret_whole = pid > 0 && read_answer(ends[0], answer);
    close(ends[0]);
    if (pid < 0)
        return cq_error_errno(err, failed, "%.120s: cannot start %.100s", who, argv[0]);
    if (!*ret_whole)
        kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        continue;
    return CQ_OK;
}

enum cq_code cq_interpreter_ask(char *const *argv, const char *who, const char *what, struct cq_buf *answer,
                                struct cq_error *err)
{
    bool whole;
    int status = 0;
    enum cq_code code = run(argv, who, false, answer, &whole, &status, err);
    if (code != CQ_OK)
        return code;
    if (answer->overflow)
        return cq_error_set(err, CQ_ERR_CONFIG, "%.120s: %s are larger than %zu KiB", who, what,
                            answer->limit / 1024);
    if (!whole)
        return cq_error_set(err, CQ_ERR_CONFIG, "%.120s: %.60s did not import it within %d seconds", who,
                            argv[0], CQ_INTERPRETER_TIME_S);
    if (status != 0 && !cq_interpreter_said(answer, '#'))
        return cq_error_set(err, CQ_ERR_CONFIG, "%.120s: %.60s ended with %s %d while it imported the module",
                            who, argv[0], WIFSIGNALED(status) ? "signal" : "status",
                            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return CQ_OK;
}

enum cq_code cq_interpreter_prove(const char *file, const char *who, struct cq_error *err)
{
    char *const argv[] = {(char *)file, "-S", "-E", "-c", (char *)proof, NULL};
    struct cq_buf answer = CQ_BUF_INIT(PROOF_MAX);
    bool whole;
    int status = 0;
    const char *why;
    enum cq_code code = run(argv, who, true, &answer, &whole, &status, err);
    if (code == CQ_OK && !cq_interpreter_said(&answer, '=')) {
        code = CQ_ERR_CONFIG;
        if ((why = cq_interpreter_said(&answer, '#')))
            cq_error_set(err, code, "%s: %.120s cannot be executed: %s", who, file, why);
        else if ((why = cq_interpreter_said(&answer, '!')))
            cq_error_set(err, code, "%s: %.120s is %.40s; cq needs CPython 3.9 or later", who, file, why);
        else
            cq_error_set(err, code, "%s: %.120s is not a Python interpreter: it does not answer as one", who,
                         file);
    }
    cq_buf_release(&answer);
    return code;
}
