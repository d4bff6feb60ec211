/* Job functions for the worker's tests. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/cq.h"

static void doze(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&time, &time) != 0)
        ;
}

/* One line per run, appended atomically: what a test counts. */
CQ_JOB record(cq_context *job)
{
    const char *path;
    if (cq_arg_str(job, 0, &path))
        return CQ_FAILED;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cq_fail(job, "cannot open %s", path);
    dprintf(fd, "%s\n", cq_current_id(job));
    close(fd);
    return cq_return_str(job, cq_current_id(job));
}

/* A line at the beginning and one at the end: (path, milliseconds between them). */
CQ_JOB trace(cq_context *job)
{
    const char *path;
    long long work_ms;
    if (cq_arg_str(job, 0, &path) || cq_arg_int(job, 1, &work_ms))
        return CQ_FAILED;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cq_fail(job, "cannot open %s", path);
    dprintf(fd, "begin %s\n", cq_current_id(job));
    doze((double)work_ms / 1000);
    dprintf(fd, "end %s\n", cq_current_id(job));
    close(fd);
    return cq_return_str(job, cq_current_id(job));
}

CQ_JOB doze_s(cq_context *job)
{
    double seconds;
    if (cq_arg_float(job, 0, &seconds))
        return CQ_FAILED;
    doze(seconds);
    return cq_return_str(job, "rested");
}

/* Until the file is there. */
CQ_JOB until_there(cq_context *job)
{
    const char *path;
    if (cq_arg_str(job, 0, &path))
        return CQ_FAILED;
    while (access(path, F_OK) != 0)
        doze(0.005);
    return cq_return_str(job, "there");
}

/* What a program that the job started would find: its id twice, as the environment and as the context have
 * it. */
CQ_JOB environment(cq_context *job)
{
    char text[256];
    const char *id = getenv("RQ_JOB_ID"), *worker = getenv("RQ_WORKER_ID"), *queue = getenv("CQ_QUEUE"),
               *left = getenv("LEFT");
    snprintf(text, sizeof(text), "%s %s %s %s", id ? id : "-", worker ? worker : "-", queue ? queue : "-",
             left ? left : "-");
    return cq_return_str(job, text);
}

CQ_JOB spoil_environment(cq_context *job)
{
    (void)job;
    clearenv();
    setenv("RQ_JOB_ID", "nonsense", 1);
    setenv("LEFT", "over", 1);
    return CQ_DONE;
}

CQ_JOB stubborn(cq_context *job)
{
    (void)job;
    signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}

static volatile sig_atomic_t told;

static void on_told(int number)
{
    told = number;
}

/* Ends well when it gets SIGTERM; the file is there when it listens. */
CQ_JOB until_told(cq_context *job)
{
    const char *path;
    sigset_t blocked, none;
    if (cq_arg_str(job, 0, &path))
        return CQ_FAILED;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGTERM, on_told);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (!told)
        sigsuspend(&none);
    return cq_return_str(job, "told");
}

CQ_JOB die_by_signal(cq_context *job)
{
    long long number;
    if (cq_arg_int(job, 0, &number))
        return CQ_FAILED;
    signal((int)number, SIG_DFL);
    raise((int)number);
    return cq_return_none(job);
}

CQ_JOB leave(cq_context *job)
{
    (void)job;
    _exit(3);
}

/* A child that outlives the job, and would answer for it if it could. */
CQ_JOB spawn(cq_context *job)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return cq_return_int(job, pid);
}

CQ_JOB close_everything(cq_context *job)
{
    for (int fd = 0; fd < 256; fd++)
        close(fd);
    return cq_return_str(job, "unheard");
}

CQ_JOB talk(cq_context *job)
{
    printf("a line on standard output\n");
    fflush(stdout);
    fprintf(stderr, "a line on standard error");
    return cq_return_none(job);
}

CQ_JOB second_time(cq_context *job)
{
    if (cq_retries_left(job) > 0)
        return cq_fail(job, "not yet");
    return cq_return_str(job, "at last");
}

CQ_JOB whoami(cq_context *job)
{
    return cq_return_int(job, getpid());
}
