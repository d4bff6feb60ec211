/* The functions that jobs call, for cq's workers. jobs.py has the same ones for RQ's: same names, same
 * behaviour. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cq.h"

static void pause_ms(long ms)
{
    struct timespec span = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&span, NULL);
}

CQ_JOB add(cq_context *job)
{
    long long a, b;
    if (cq_arg_int(job, 0, &a) || cq_arg_int(job, 1, &b))
        return CQ_FAILED;
    return cq_return_int(job, a + b);
}

CQ_JOB greet(cq_context *job)
{
    const char *name, *greeting = "Hello";
    char text[256];
    if (cq_arg_str(job, 0, &name) || cq_option_str(job, "greeting", &greeting))
        return CQ_FAILED;
    snprintf(text, sizeof(text), "%s, %s!", greeting, name);
    return cq_return_str(job, text);
}

CQ_JOB echo(cq_context *job)
{
    const char *text;
    const void *data;
    size_t size;
    if (cq_type_of(cq_arg(job, 0)) == CQ_TYPE_BYTES)
        return cq_arg_bytes(job, 0, &data, &size) ? CQ_FAILED : cq_return_bytes(job, data, size);
    /* As JSON: a text keeps its NULs that way, an integer all its digits. */
    return cq_arg_json(job, 0, &text) ? CQ_FAILED : cq_return_json(job, text);
}

CQ_JOB as_json(cq_context *job)
{
    const char *text;
    return cq_arg_json(job, 0, &text) ? CQ_FAILED : cq_return_str(job, text);
}

CQ_JOB nothing(cq_context *job)
{
    return cq_return_none(job);
}

CQ_JOB fail(cq_context *job)
{
    const char *message;
    if (cq_arg_str(job, 0, &message))
        return CQ_FAILED;
    return cq_fail(job, "%s", message);
}

CQ_JOB flaky(cq_context *job)
{
    if (cq_retries_left(job) > 0)
        return cq_fail(job, "%d retries left", cq_retries_left(job));
    return cq_return_str(job, "well at last");
}

CQ_JOB again(cq_context *job)
{
    long long times, interval = 0;
    if (cq_arg_int(job, 0, &times) || cq_option_int(job, "interval", &interval))
        return CQ_FAILED;
    return cq_retry(job, (int)times, (int)interval);
}

CQ_JOB about(cq_context *job)
{
    char text[1200];
    snprintf(text, sizeof(text), "%s %s", cq_current_id(job), cq_current_queue(job));
    return cq_return_str(job, text);
}

CQ_JOB note(cq_context *job)
{
    const char *path;
    char line[600];
    if (cq_arg_str(job, 0, &path))
        return CQ_FAILED;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0)
        return cq_fail(job, "cannot open %s", path);
    int len = snprintf(line, sizeof(line), "%s\n", cq_current_id(job));
    ssize_t written = write(fd, line, (size_t)len);
    close(fd);
    return written == len ? cq_return_none(job) : cq_fail(job, "cannot write %s", path);
}

static int write_pid(cq_context *job, const char *path, pid_t pid)
{
    char part[PATH_MAX];
    snprintf(part, sizeof(part), "%s.part", path);
    FILE *file = fopen(part, "w");
    if (!file)
        return cq_fail(job, "cannot open %s", part);
    fprintf(file, "%d", (int)pid);
    return fclose(file) || rename(part, path) ? cq_fail(job, "cannot write %s", path) : CQ_DONE;
}

CQ_JOB hold(cq_context *job)
{
    const char *started, *release;
    if (cq_arg_str(job, 0, &started) || cq_arg_str(job, 1, &release) || write_pid(job, started, getpid()))
        return CQ_FAILED;
    while (access(release, F_OK))
        pause_ms(5);
    return cq_return_str(job, "released");
}

CQ_JOB progress(cq_context *job)
{
    if (cq_meta_set_int(job, "progress", 50) || cq_save_meta(job) || hold(job))
        return CQ_FAILED;
    return cq_return_str(job, "done");
}

/* Not `sleep`, or all that this module links to would call it. */
CQ_JOB rest(cq_context *job)
{
    double seconds;
    if (cq_arg_float(job, 0, &seconds))
        return CQ_FAILED;
    pause_ms((long)(seconds * 1000));
    return cq_return_str(job, "rested");
}

CQ_JOB crash(cq_context *job)
{
    (void)job;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return CQ_FAILED;
}

CQ_JOB leave(cq_context *job)
{
    long long status;
    if (cq_arg_int(job, 0, &status))
        return CQ_FAILED;
    _exit((int)status);
}

CQ_JOB stubborn(cq_context *job)
{
    const char *started;
    signal(SIGTERM, SIG_IGN);
    if (cq_arg_str(job, 0, &started) || write_pid(job, started, getpid()))
        return CQ_FAILED;
    for (;;)
        pause_ms(1000);
}

CQ_JOB breed(cq_context *job)
{
    const char *path;
    if (cq_arg_str(job, 0, &path))
        return CQ_FAILED;
    pid_t pid = fork();
    if (pid < 0)
        return cq_fail(job, "cannot fork");
    if (pid == 0) {
        for (;;)
            pause_ms(1000);
    }
    return write_pid(job, path, pid) ? CQ_FAILED : cq_return_none(job);
}

/* Beyond what jobs.py has: ways to harm the process that only C has. */

CQ_JOB silent(cq_context *job)
{
    (void)job;
    return CQ_DONE; /* without any cq_return_* */
}

CQ_JOB overrun(cq_context *job)
{
    volatile char *block = malloc(16);
    (void)job;
    for (size_t i = 0; i < (size_t)1 << 30; i++)
        block[i] = 'x';
    return cq_return_none(job);
}

CQ_JOB deaf(cq_context *job)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return cq_return_int(job, 1);
}

CQ_JOB deep(cq_context *job)
{
    volatile char frame[65536];
    frame[0] = (char)cq_arg_count(job);
    return frame[0] == 'x' ? CQ_DONE : deep(job) + frame[0];
}

CQ_JOB chatter(cq_context *job)
{
    long long lines;
    if (cq_arg_int(job, 0, &lines))
        return CQ_FAILED;
    for (long long i = 0; i < lines; i++)
        printf("line %lld\n", i);
    fprintf(stderr, "the end, without a newline");
    return cq_return_none(job);
}
