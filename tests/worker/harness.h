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
#include "tests/support/suite.h"
#include "tests/support/wait.h"

extern char worker_log[200]; /* the file that workers' logs are appended to; a new one for each test */

/* Start `cq worker --url ... --path MODULES ARGS...`; arguments end at NULL. */
pid_t start_worker(const char *first, ...);

/* Workers that start from now on have a clock of the test's own (tests/worker/modules/clock.c). */
void use_clock(void);
void set_clock(int wall_s, int monotonic_s); /* ahead of the real ones, at once */
void stop_clock(void);                       /* both stand still; set_clock() and pass_time() move them on */
void pass_time(pid_t worker, int seconds);   /* both advance, and the worker looks at them now */

int wait_worker(pid_t pid); /* for its end; returns its exit status, 128 + N for signal N */
int stop_worker(pid_t pid); /* SIGTERM, then the same */

void wait_log(const char *words); /* until a worker's log has them in a line */
bool log_has(const char *words);
int log_count(const char *words);                     /* lines of it that have them */
int count_lines(const char *path, const char *words); /* the same of any file; 0 when it is not there */

/* Publish a command for the worker of this name, once it listens. */
void tell_worker(const char *name, const char *command);

/*
 * Until the worker of this name has obeyed a command sent now. What was to happen before, it has done by
 * then: timers that were due are over, signals and messages of its children that had come are read.
 */
void wait_turn(const char *name);

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

/* The first child of a process, once there is one: of a worker, a stable; of a stable, a horse. */
pid_t child_of(pid_t parent);
int children_of(pid_t parent); /* how many it has now */
void wait_gone(pid_t pid);     /* until there is no such process */

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
