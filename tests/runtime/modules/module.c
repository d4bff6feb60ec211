/* Job functions that misbehave in every way that a horse has to survive or die of cleanly; and a few that
 * report. */
#include <cq.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

CQ_JOB nothing(cq_context *job)
{
    (void)job;
    return CQ_DONE;
}

CQ_JOB add(cq_context *job)
{
    long long a, b;
    if (cq_arg_int(job, 0, &a) || cq_arg_int(job, 1, &b))
        return CQ_FAILED;
    return cq_return_int(job, a + b);
}

CQ_JOB echo(cq_context *job)
{
    const char *text;
    return cq_arg_json(job, 0, &text) ? CQ_FAILED : cq_return_json(job, text);
}

CQ_JOB fail(cq_context *job)
{
    const char *why;
    return cq_arg_str(job, 0, &why) ? CQ_FAILED : cq_fail(job, "%s", why);
}

CQ_JOB fails_silently(cq_context *job)
{
    (void)job;
    return CQ_FAILED;
}

CQ_JOB returns_five(cq_context *job)
{
    (void)job;
    return 5;
}

CQ_JOB fails_in_latin1(cq_context *job)
{
    return cq_fail(job, "caf\xe9 is closed");
}

CQ_JOB retries(cq_context *job)
{
    long long max, interval;
    if (cq_arg_int(job, 0, &max) || cq_arg_int(job, 1, &interval))
        return CQ_FAILED;
    return cq_retry(job, (int)max, (int)interval);
}

CQ_JOB aborts(cq_context *job)
{
    (void)job;
    abort();
}

static void at_exit(void)
{
    puts("atexit ran");
}

CQ_JOB exits_with_3(cq_context *job)
{
    (void)job;
    atexit(at_exit);
    exit(3);
}

/* Past its memory, under a guard page: a crash, nothing else. */
CQ_JOB writes_past_its_memory(cq_context *job)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED || mprotect(block + page, page, PROT_NONE) != 0)
        return cq_fail(job, "no guard page: %s", strerror(errno));
    memset(block, 'x', page + 1);
    return CQ_DONE;
}

CQ_JOB closes_all_descriptors(cq_context *job)
{
    (void)job;
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    return CQ_DONE;
}

/* As above, and puts a socket of its own under the horse's number. */
CQ_JOB replaces_descriptor_3(cq_context *job)
{
    int fds[2];
    if (pipe(fds) != 0)
        return cq_fail(job, "no pipe");
    dup2(fds[1], 3);
    return CQ_DONE;
}

static void sleep_for_ever(void)
{
    for (;;)
        pause();
}

/*
 * Three children that would outlive it: one in the job's process group, one with a session of its own, and
 * one whose parent is gone too. Their pids go to meta before the function ends or, with an argument, sleeps.
 */
CQ_JOB forks_children(cq_context *job)
{
    int fds[2];
    if (pipe(fds) != 0)
        return cq_fail(job, "no pipe");
    for (int kind = 0; kind < 3; kind++) {
        pid_t child = fork();
        if (child == 0) {
            signal(SIGTERM, SIG_IGN);
            if (kind > 0)
                setsid();
            if (kind == 2 && fork() != 0)
                _exit(0);
            pid_t pid = getpid();
            if (write(fds[1], &pid, sizeof(pid)) != sizeof(pid))
                _exit(1);
            sleep_for_ever();
        }
    }
    for (int i = 0; i < 3; i++) {
        pid_t pid;
        char key[16];
        if (read(fds[0], &pid, sizeof(pid)) != sizeof(pid))
            return cq_fail(job, "no pid");
        snprintf(key, sizeof(key), "child%d", i);
        cq_meta_set_int(job, key, pid);
    }
    close(fds[0]);
    close(fds[1]);
    if (cq_save_meta(job))
        return CQ_FAILED;
    if (cq_arg_count(job) > 0)
        sleep_for_ever();
    return CQ_DONE;
}

CQ_JOB ignores_sigterm(cq_context *job)
{
    signal(SIGTERM, SIG_IGN);
    cq_meta_set_bool(job, "deaf", 1);
    if (cq_save_meta(job))
        return CQ_FAILED;
    sleep_for_ever();
    return CQ_DONE;
}

CQ_JOB sleeps(cq_context *job)
{
    if (cq_message(job, CQ_LEVEL_INFO, "asleep"))
        return CQ_FAILED;
    sleep_for_ever();
    return CQ_DONE;
}

/* huge(n): n bytes of result */
CQ_JOB huge(cq_context *job)
{
    long long size;
    if (cq_arg_int(job, 0, &size) || size < 0)
        return CQ_FAILED;
    char *data = malloc((size_t)size + 1);
    if (!data)
        return cq_fail(job, "no memory");
    memset(data, 'x', (size_t)size);
    data[size] = '\0';
    int code = cq_return_str(job, data);
    free(data);
    return code;
}

CQ_JOB returns_bytes(cq_context *job)
{
    return cq_return_bytes(job, "\0\xff", 2);
}

CQ_JOB prints(cq_context *job)
{
    printf("to stdout\nwithout a newline");
    fprintf(stderr, "to stderr\n");
    return cq_return_none(job);
}

/* What a horse is like inside: title, group, signals, descriptors, environment. */
CQ_JOB describes_itself(cq_context *job)
{
    char text[512], open_fds[128] = "";
    struct sigaction on_int, on_term;
    sigset_t mask;
    sigaction(SIGINT, NULL, &on_int);
    sigaction(SIGTERM, NULL, &on_term);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int fd = 0; fd < 256; fd++)
        if (lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF)
            snprintf(open_fds + strlen(open_fds), sizeof(open_fds) - strlen(open_fds), "%s%d",
                     open_fds[0] ? " " : "", fd);
    const char *id = getenv("RQ_JOB_ID"), *worker = getenv("RQ_WORKER_ID");
    snprintf(text, sizeof(text),
             "{\"leader\": %s, \"int_ignored\": %s, \"term_default\": %s, \"unblocked\": %s, \"fds\": "
             "\"%s\", \"id\": \"%s\", "
             "\"worker\": \"%s\"}",
             getpgrp() == getpid() ? "true" : "false", on_int.sa_handler == SIG_IGN ? "true" : "false",
             on_term.sa_handler == SIG_DFL ? "true" : "false", sigismember(&mask, SIGCHLD) ? "false" : "true",
             open_fds, id ? id : "", worker ? worker : "");
    return cq_return_json(job, text);
}

/* api(): calls each reader, and says what it got; what fails says so in its own words. */
CQ_JOB reads_arguments(cq_context *job)
{
    int truth;
    long long number;
    double fraction;
    const char *text, *json;
    const void *data;
    size_t size;
    char out[512];
    if (cq_arg_bool(job, 0, &truth) || cq_arg_int(job, 1, &number) || cq_arg_float(job, 2, &fraction) ||
        cq_arg_str(job, 3, &text) || cq_arg_bytes(job, 4, &data, &size) || cq_arg_json(job, 5, &json))
        return CQ_FAILED;
    snprintf(out, sizeof(out), "%d %lld %g %s %zu %s", truth, number, fraction, text, size, json);
    return cq_return_str(job, out);
}

CQ_JOB reads_keywords(cq_context *job)
{
    int truth = 1;
    long long number = 7, needed;
    double fraction = 0.5;
    const char *text = "default";
    char out[256];
    if (cq_kwarg_int(job, "needed", &needed) || cq_option_bool(job, "truth", &truth) ||
        cq_option_int(job, "number", &number) || cq_option_float(job, "fraction", &fraction) ||
        cq_option_str(job, "text", &text))
        return CQ_FAILED;
    snprintf(out, sizeof(out), "%lld %d %lld %g %s", needed, truth, number, fraction, text);
    return cq_return_str(job, out);
}

/* walks({"a": [1, 2], ...}): sums the numbers of a dict of lists, and names its keys */
CQ_JOB walks(cq_context *job)
{
    const cq_value *dict = cq_arg(job, 0);
    char keys[128] = "";
    long long sum = 0, number;
    const char *key;
    if (cq_type_of(dict) != CQ_TYPE_DICT)
        return cq_fail(job, "not a dict");
    for (size_t i = 0; i < cq_length(dict); i++) {
        const cq_value *list = cq_item(dict, i);
        if (cq_get_str(job, cq_item_key(dict, i), &key))
            return CQ_FAILED;
        snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s ", key);
        for (size_t k = 0; k < cq_length(list); k++) {
            if (cq_get_int(job, cq_item(list, k), &number))
                return CQ_FAILED;
            sum += number;
        }
    }
    if (cq_item_of(dict, "no such key") || cq_item(dict, 1000) || cq_item(NULL, 0) || cq_item_key(NULL, 0) ||
        cq_arg(job, 99))
        return cq_fail(job, "something out of nothing");
    char out[200];
    snprintf(out, sizeof(out), "%s%lld", keys, sum);
    return cq_return_str(job, out);
}

/* counts(key): the meta under key, plus one */
CQ_JOB counts(cq_context *job)
{
    const char *key;
    long long count = 0;
    if (cq_arg_str(job, 0, &key))
        return CQ_FAILED;
    const cq_value *before = cq_meta(job, key);
    if (before && cq_get_int(job, before, &count))
        return CQ_FAILED;
    if (cq_meta_set_int(job, key, count + 1) || cq_meta_set_str(job, "who", cq_current_worker(job)) ||
        cq_meta_set_json(job, "list", "[1, {\"a\": null}]") || cq_meta_set_float(job, "half", 0.5))
        return CQ_FAILED;
    return cq_return_int(job, cq_retries_left(job));
}

/* progresses(n): n steps as fast as it can */
CQ_JOB progresses(cq_context *job)
{
    long long steps;
    if (cq_arg_int(job, 0, &steps))
        return CQ_FAILED;
    for (long long i = 1; i <= steps; i++)
        if (cq_progress(job, (double)i / (double)steps, i == steps ? "all" : "some"))
            return CQ_FAILED;
    return CQ_DONE;
}

CQ_JOB says(cq_context *job)
{
    const char *text;
    return cq_arg_str(job, 0, &text)
               ? CQ_FAILED
               : cq_message(job, CQ_LEVEL_WARNING, "%s from %s", text, cq_current_id(job));
}

static int hidden(cq_context *job)
{
    return cq_return_int(job, 1);
}

int (*not_a_function)(cq_context *job) = hidden;
