/*
 * What the tests of the worker's connection share: a server, a loop, callbacks that count, and waiting for
 * the counts.
 */
#ifndef CQ_TESTS_ASYNC_SCENE_H
#define CQ_TESTS_ASYNC_SCENE_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/async.h"
#include "tests/support/fake_redis.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"
#include "tests/support/wait.h"

extern struct redis_server *own;
extern struct ev_loop *loop;
extern struct cq_async *async;
extern struct cq_async_options options;

/* What happened so far. */
extern int readies, downs, answers, failures, last_retry_ms;
extern int64_t last_int;
extern bool loop_done;
extern char last_error[256], last_reply[256];
extern enum cq_code last_code;
extern int wanted;

void on_ready(struct cq_async *which, void *data);

void on_down(struct cq_async *which, const struct cq_error *err, int retry_in_ms, void *data);

void on_answer(const struct cq_reply *reply, const struct cq_error *err, void *data);

void give_up(struct ev_loop *which, ev_timer *timer, int events);

/* Run the loop until something calls ev_break. */
void turn(void);

void run_until(const int *counter, int at_least);

void start(const struct cq_address *address);

void setup(void);

void teardown(void);

void call(const char *first, const char *second, const char *third, int *counter);

/* Have the server end the connection: what was called in this turn of the loop has not been sent. */
void cut(void);

/* The suite of such a program: add adds its tests to a case with `server`. */
Suite *async_suite(const char *name, void (*add)(TCase *));

#endif
