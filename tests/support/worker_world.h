/*
 * A worker's shell and its Redis, both imagined: they do what the machines of core/ tell them, in memory, and
 * fail the test when that breaks a promise. Who drives them is tests/core/test_worker.c.
 */
#ifndef CQ_TESTS_WORKER_WORLD_H
#define CQ_TESTS_WORKER_WORLD_H

#include "core/worker.h"

enum { WORLD_CALLS_MAX = 16, WORLD_IDS_MAX = 256, WORLD_TRACE = 24 };

enum world_call_kind { WORLD_BIRTH, WORLD_FETCH, WORLD_FINISH, WORLD_RETURN, WORLD_DEATH };

/* What Redis has of an execution. */
enum world_truth { WORLD_UNKNOWN, WORLD_STARTED, WORLD_COMMITTED, WORLD_RETURNED, WORLD_LEFT_TO_OTHERS };

enum world_horse { WORLD_NO_HORSE, WORLD_HORSE_ASKED, WORLD_HORSE_ALIVE };

struct world_call {
    enum world_call_kind kind;
    int id;       /* the execution that it is about */
    int asks;     /* the execution that the next job is to be; 0: asks for none */
    bool resumes; /* asks for what a lost answer may have started */
    bool only;    /* and for nothing else */
};

struct world {
    struct cq_worker worker;
    bool redis, runtimes, burst;
    bool fair;          /* nothing goes wrong any more */
    uint32_t callbacks; /* facts of the execution */
    struct world_call calls[WORLD_CALLS_MAX];
    int call_count;
    enum world_truth truth[WORLD_IDS_MAX];
    /* Numbers of executions: the newest, the one that is asked for, the one that runs. */
    int last_id, asked_id, id;
    enum world_horse horse;
    bool killed;                       /* its horse got SIGKILL */
    bool callback, limit, again, idle; /* what runs: a callback of the worker's, timers */
    bool gone;
    const char *trace[WORLD_TRACE]; /* what happened last */
    unsigned long events;
};

extern struct world world;

/* A new worker, in a world whose Redis knows no execution. */
void world_begin(int64_t max_jobs);

/* A random number below that one; the seed is the test's. */
unsigned world_draw(unsigned below);
void world_seed(unsigned seed);

void world_did(const char *what); /* for the trace */
void world_fail(const char *what);

bool world_calls(enum world_call_kind kind); /* is such a call under way? */

/* Redis answers the oldest call, or goes: some calls were carried out then, and none is answered. */
void world_redis_answers(void);
void world_redis_goes(void);

#endif
