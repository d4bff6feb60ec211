/*
 * What the worker's tests share: a private Redis, `cq worker` processes on it, jobs put there by enqueue.lua,
 * and waiting for what should come, with a generous end.
 */
#ifndef CQ_TESTS_WORKER_HARNESS_H
#define CQ_TESTS_WORKER_HARNESS_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strv.h"
#include "job/result.h"
#include "tests/support/case_redis.h"

enum { PATIENCE_S = 30 }; /* how long a test waits for what should come */

extern char
    worker_log[200]; /* the file that workers' logs are appended to; empty: the test's standard error */

/* Start `cq worker --url ... --path MODULES ARGS...`; arguments end at NULL. */
pid_t start_worker(const char *first, ...);

/* Workers that start from now on have a clock of the test's own (tests/worker/modules/clock.c). */
void use_clock(void);
void set_clock(int wall_s, int monotonic_s); /* ahead of the real ones, at once */
void pass_time(pid_t worker, int seconds);   /* both go on, and the worker looks at them now */

int wait_worker(pid_t pid); /* for its end; returns its exit status, 128 + N for signal N */
int stop_worker(pid_t pid); /* SIGTERM, then the same */

/* Options of a job beyond its function; zero: RQ's defaults. */
struct job_spec {
    const char *function;
    const char *queue; /* NULL: "default" */
    const char *arg;   /* one text argument, or NULL */
    int64_t number;    /* one number argument when not 0 */
    int64_t timeout_s;
    int64_t retries;
    int64_t result_ttl_s;
};

/* Put a job of RQ's JSON on its queue, through enqueue.lua. */
void enqueue(const char *id, const struct job_spec *spec);

void enqueue_held(const char *id); /* one that runs until let_go() */
void let_go(void);

struct cq_str job_field(const char *id, const char *field); /* HGET; valid until the next call */
void wait_status(const char *id, const char *status);       /* until the job's status is the word */
void wait_count(int64_t count, const char *command,
                const char *key);                            /* until an integer reply is the number */
void assert_failure_says(const char *id, const char *words); /* in the text of the newest result */

/* A case with a private Redis, empty before each test, and no worker left after it. */
TCase *worker_case(const char *name);

#endif
