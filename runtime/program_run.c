#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/context.h"
#include "runtime/program.h"
#include "serializers/json.h"

enum {
    READ_SIZE = 64 * 1024,
    STDERR_TAIL_MAX = 16 * 1024, /* bytes kept of standard error for the failure text */
};

enum { IN, OUT, ERR, EXEC, PIPES };

/* One run of a program. Descriptors are the horse's ends, -1 when closed. */
struct run {
    const struct cq_program_entry *program;
    struct cq_context *job;
    struct cq_strv argv;
    struct cq_buf input, output, tail;
    size_t input_done;
    int ends[PIPES]; /* IN is written, OUT and ERR are read; EXEC brings exec's errno */
    int pid_fd;      /* readable when the program has exited; -1: this kernel has none */
    pid_t pid;       /* 0: not started or reaped */
    int status;
    bool too_much; /* output went above CQ_PROGRAM_OUTPUT_MAX */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- start ---- */

/* The child: only async-signal-safe calls. The horse blocks nothing and ignores SIGINT, and SIGPIPE for
 * now. */
CQ_NORETURN static void become_program(char *const *argv, const int child_ends[PIPES], pid_t horse)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != horse)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if ((child_ends[IN] < 0 || dup2(child_ends[IN], STDIN_FILENO) >= 0) &&
        dup2(child_ends[OUT], STDOUT_FILENO) >= 0 && dup2(child_ends[ERR], STDERR_FILENO) >= 0)
        execvp(argv[0], argv);
    int failed = errno;
    ssize_t ignored = write(child_ends[EXEC], &failed, sizeof(failed));
    (void)ignored;
    _exit(127);
}

/* Pipes for all of it; standard input stays the horse's, /dev/null, when the arguments are in argv. */
static bool make_pipes(struct run *run, int child_ends[PIPES])
{
    for (int i = 0; i < PIPES; i++) {
        int pair[2];
        if (i == IN && run->program->uses_arguments)
            continue;
        if (pipe2(pair, O_CLOEXEC) != 0)
            return false;
        run->ends[i] = pair[i == IN];
        child_ends[i] = pair[i != IN];
        if (i != EXEC)
            fcntl(run->ends[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

static int fail_start(struct run *run, int errno_value)
{
    const char *remedy = errno_value == ENOENT   ? "; install it, or write its whole path in [programs]"
                         : errno_value == EACCES ? "; make it executable"
                         : errno_value == E2BIG
                             ? "; let the program read standard input: leave out the placeholders"
                             : "";
    return cq_context_fail(run->job, "cq.ProgramFailed", "%s: cannot start %s: %s%s", run->program->name,
                           run->argv.items[0], strerror(errno_value), remedy);
}

static int start(struct run *run)
{
    int child_ends[PIPES] = {-1, -1, -1, -1};
    int failed = 0;
    pid_t horse = getpid();
    char **argv = cq_calloc(run->argv.len + 1, sizeof(*argv));
    memcpy(argv, run->argv.items, run->argv.len * sizeof(*argv));
    if (!make_pipes(run, child_ends)) {
        failed = errno;
        goto out;
    }
    fflush(NULL); /* or the child would print the horse's unwritten lines again */
    run->pid = fork();
    if (run->pid == 0)
        become_program(argv, child_ends, horse);
    failed = run->pid < 0 ? errno : 0;
out:
    for (int i = 0; i < PIPES; i++)
        close_fd(&child_ends[i]);
    free(argv);
    /* End of file is a started program: the pipe closes with the exec. */
    if (!failed && read(run->ends[EXEC], &failed, sizeof(failed)) != sizeof(failed))
        failed = 0;
    if (run->pid > 0 && failed)
        waitpid(run->pid, NULL, 0);
    if (failed || run->pid < 0) {
        run->pid = 0;
        return fail_start(run, failed);
    }
    run->pid_fd = pidfd_open(run->pid, 0);
    return CQ_DONE;
}

/* ---- feed and read ---- */

static void feed(struct run *run)
{
    ssize_t n = write(run->ends[IN], run->input.data + run->input_done, run->input.len - run->input_done);
    if (n > 0)
        run->input_done += (size_t)n;
    else if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    /* A program that closes its input has read what it wanted: not a failure. */
    if (n <= 0 || run->input_done == run->input.len)
        close_fd(&run->ends[IN]);
}

static void pass_on(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, data, len);
        if (n < 0 && errno != EINTR)
            return; /* nobody reads the log; the tail is kept all the same */
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
}

static void keep_tail(struct cq_buf *tail, const char *data, size_t len)
{
    if (len > STDERR_TAIL_MAX) {
        data += len - STDERR_TAIL_MAX;
        len = STDERR_TAIL_MAX;
    }
    if (tail->len + len > STDERR_TAIL_MAX)
        cq_buf_consume(tail, tail->len + len - STDERR_TAIL_MAX);
    cq_buf_append(tail, data, len);
}

/* Read what there is. False: nothing more now, or for ever (then the end is closed). */
static bool read_some(struct run *run, int which)
{
    char data[READ_SIZE];
    ssize_t n = read(run->ends[which], data, sizeof(data));
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        close_fd(&run->ends[which]);
        return false;
    }
    if (which == ERR) {
        pass_on(data, (size_t)n);
        keep_tail(&run->tail, data, (size_t)n);
    } else if (!run->too_much && !cq_buf_append(&run->output, data, (size_t)n)) {
        run->too_much = true;
        kill(run->pid, SIGKILL);
    }
    return true;
}

/*
 * Feed and read until the program has exited and its pipes are read out. A background process of its that
 * holds the pipes open is not waited for: it ends with the horse.
 */
static void communicate(struct run *run)
{
    enum { EXITED = 3, WATCHED = 4 };
    bool exited = false;
    while (!exited && (run->pid_fd >= 0 || run->ends[OUT] >= 0 || run->ends[ERR] >= 0)) {
        struct pollfd ready[WATCHED] = {
            [IN] = {.fd = run->ends[IN], .events = POLLOUT},
            [OUT] = {.fd = run->ends[OUT], .events = POLLIN},
            [ERR] = {.fd = run->ends[ERR], .events = POLLIN},
            [EXITED] = {.fd = run->pid_fd, .events = POLLIN},
        };
        if (poll(ready, WATCHED, -1) < 0)
            continue; /* EINTR: a signal handler of a module */
        exited = ready[EXITED].revents != 0;
        if (ready[IN].revents)
            feed(run);
        for (int i = OUT; i <= ERR; i++)
            if (ready[i].revents)
                read_some(run, i);
    }
    for (int i = OUT; i <= ERR; i++)
        while (run->ends[i] >= 0 && read_some(run, i))
            continue;
    while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
        continue;
    run->pid = 0;
}

/* ---- the outcome ---- */

/* The last lines of standard error, for the failure text. */
static void add_tail(struct run *run)
{
    struct cq_str tail = cq_buf_view(&run->tail);
    while (tail.len > 0 && tail.data[tail.len - 1] == '\n')
        tail.len--;
    size_t start = tail.len;
    for (int lines = 0; start > 0; start--)
        if (tail.data[start - 1] == '\n' && ++lines == CQ_PROGRAM_STDERR_LINES)
            break;
    if (start == tail.len)
        return;
    cq_buf_append(&run->job->detail, tail.data + start, tail.len - start);
    cq_buf_char(&run->job->detail, '\n');
}

static int fail_status(struct run *run)
{
    const char *name = run->program->name;
    add_tail(run);
    if (run->too_much)
        return cq_context_fail(run->job, "cq.ProgramFailed",
                               "%s wrote more than %d bytes to standard output and was killed", name,
                               CQ_PROGRAM_OUTPUT_MAX);
    if (WIFEXITED(run->status))
        return cq_context_fail(run->job, "cq.ProgramFailed", "%s exited with status %d", name,
                               WEXITSTATUS(run->status));
    int number = WTERMSIG(run->status);
    const char *word = sigabbrev_np(number);
    return cq_context_fail(run->job, "cq.ProgramFailed", "%s was killed by signal %d (SIG%s)", name, number,
                           word ? word : "?");
}

static int take_result(struct run *run)
{
    struct cq_value value;
    struct cq_str text = cq_buf_view(&run->output);
    if (text.len == 0)
        return cq_return_none(run->job);
    if (cq_json_read(text, &run->job->arena, &value, NULL) == CQ_OK) {
        run->job->result = value;
        return CQ_DONE;
    }
    if (!cq_utf8_valid(text))
        return cq_return_bytes(run->job, text.data, text.len);
    if (text.data[text.len - 1] == '\n')
        text.len--;
    run->job->result = cq_value_str(cq_arena_str(&run->job->arena, text));
    return CQ_DONE;
}

int cq_program_run(const struct cq_program_entry *program, struct cq_context *job)
{
    struct run run = {
        .program = program,
        .job = job,
        .argv = CQ_STRV_INIT,
        .input = CQ_BUF_INIT(CQ_PAYLOAD_MAX),
        .output = CQ_BUF_INIT(CQ_PROGRAM_OUTPUT_MAX),
        .tail = CQ_BUF_INIT(STDERR_TAIL_MAX),
        .ends = {-1, -1, -1, -1},
        .pid_fd = -1,
    };
    int code = cq_program_expand(program, job, &run.argv);
    if (code == CQ_DONE && !program->uses_arguments)
        code = cq_program_call_json(job, &run.input);
    void (*old_handler)(int) = signal(SIGPIPE, SIG_IGN); /* the program may not read all of its input */
    if (code == CQ_DONE)
        code = start(&run);
    if (code == CQ_DONE) {
        communicate(&run);
        code = run.status == 0 && !run.too_much ? take_result(&run) : fail_status(&run);
    }
    signal(SIGPIPE, old_handler);
    for (int i = 0; i < PIPES; i++)
        close_fd(&run.ends[i]);
    close_fd(&run.pid_fd);
    cq_strv_release(&run.argv);
    cq_buf_release(&run.input);
    cq_buf_release(&run.output);
    cq_buf_release(&run.tail);
    return code;
}
