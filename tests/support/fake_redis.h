/*
 * A server that answers each command with what a test wants to hear: too old, still loading, no Redis at all.
 * It listens on a free port of 127.0.0.1, on a thread, and is gone with fake_redis_stop or the process.
 */
#ifndef CQ_TESTS_FAKE_REDIS_H
#define CQ_TESTS_FAKE_REDIS_H

#include <pthread.h>

#include "redis/address.h"

/* The raw answer to a command of which `first` and `second` are the first two words ("" when absent); NULL:
 * none at all. */
typedef const char *fake_redis_fn(const char *first, const char *second);

struct fake_redis {
    int listener;
    int port;
    fake_redis_fn *answer;
    pthread_t thread;
    struct cq_address address;
};

struct fake_redis *fake_redis_start(fake_redis_fn *answer);
void fake_redis_stop(struct fake_redis *fake);

/* What a healthy Redis 7 answers in a handshake; for answer functions that differ in one point. */
const char *fake_redis_healthy(const char *first, const char *second);

#endif
