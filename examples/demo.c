/*
 * Example job functions. Build them into a module, put its folder on the worker's --path, and enqueue:
 *
 *     cc -shared -fPIC $(pkg-config --cflags cq) -o demo.so demo.c
 *     cq enqueue demo.add :1 :2
 *     cq worker --path .
 */
#include <cq.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

/* add(1, 2) -> 3 */
CQ_JOB add(cq_context *job)
{
    long long a, b, sum;
    if (cq_arg_int(job, 0, &a) || cq_arg_int(job, 1, &b))
        return CQ_FAILED;
    if (__builtin_add_overflow(a, b, &sum))
        return cq_fail(job, "%lld + %lld does not fit into 64 bits", a, b);
    return cq_return_int(job, sum);
}

/* greet('Ada', greeting='Good morning') -> 'Good morning, Ada!' */
CQ_JOB greet(cq_context *job)
{
    const char *name, *greeting = "Hello";
    char text[512];
    if (cq_arg_str(job, 0, &name) || cq_option_str(job, "greeting", &greeting))
        return CQ_FAILED;
    snprintf(text, sizeof(text), "%s, %s!", greeting, name);
    printf("greeting %s\n", name); /* goes to the worker's log */
    return cq_return_str(job, text);
}

static void pause_for(double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&rest, &rest) != 0)
        continue;
}

/* slow(2.5): takes that many seconds */
CQ_JOB slow(cq_context *job)
{
    double seconds;
    if (cq_arg_float(job, 0, &seconds))
        return CQ_FAILED;
    if (!(seconds >= 0 && seconds < 1e6))
        return cq_fail(job, "cannot take %g seconds", seconds);
    pause_for(seconds);
    return cq_return_float(job, seconds);
}

/* fail('why') fails with that text */
CQ_JOB fail(cq_context *job)
{
    const char *why = "this job always fails";
    if (cq_arg_count(job) > 0 && cq_arg_str(job, 0, &why))
        return CQ_FAILED;
    return cq_fail(job, "%s", why);
}

/* flaky() fails while it has retries left, and then succeeds: enqueue it with --retry-max 2 */
CQ_JOB flaky(cq_context *job)
{
    int left = cq_retries_left(job);
    if (left > 0)
        return cq_fail(job, "not yet, %d retries left", left);
    return cq_return_str(job, "at last");
}

/* again() asks for another run, twice, as RQ's Retry return value does */
CQ_JOB again(cq_context *job)
{
    long long runs = 0;
    const cq_value *before = cq_meta(job, "runs");
    if (before && cq_get_int(job, before, &runs))
        return CQ_FAILED;
    if (cq_meta_set_int(job, "runs", runs + 1))
        return CQ_FAILED;
    return runs < 2 ? cq_retry(job, 5, 0) : cq_return_int(job, runs + 1);
}

/* progress(10, 0.1): ten steps of a tenth of a second, shown in the job's meta */
CQ_JOB progress(cq_context *job)
{
    long long steps = 10;
    double pause = 0.1;
    char text[64];
    if ((cq_arg_count(job) > 0 && cq_arg_int(job, 0, &steps)) ||
        (cq_arg_count(job) > 1 && cq_arg_float(job, 1, &pause)))
        return CQ_FAILED;
    for (long long i = 1; i <= steps; i++) {
        pause_for(pause);
        snprintf(text, sizeof(text), "step %lld of %lld", i, steps);
        if (cq_progress(job, (double)i / (double)steps, text))
            return CQ_FAILED;
    }
    return cq_return_int(job, steps);
}

/* crash(): ends by a segmentation fault; only this job fails */
CQ_JOB crash(cq_context *job)
{
    (void)job;
    raise(SIGSEGV);
    return CQ_DONE;
}

/* echo(x) -> x of any type, by way of JSON */
CQ_JOB echo(cq_context *job)
{
    const char *text;
    if (cq_arg_json(job, 0, &text))
        return CQ_FAILED;
    return cq_return_json(job, text);
}

/* total([1, 2.5, 3]) -> 6.5: a list, item by item */
CQ_JOB total(cq_context *job)
{
    const cq_value *list = cq_arg(job, 0);
    double sum = 0, number;
    for (size_t i = 0; i < cq_length(list); i++) {
        if (cq_get_float(job, cq_item(list, i), &number))
            return CQ_FAILED;
        sum += number;
    }
    return cq_return_float(job, sum);
}

/* noop() -> None */
CQ_JOB noop(cq_context *job)
{
    (void)job;
    return CQ_DONE;
}
