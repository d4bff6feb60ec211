/*
 * The overview that `cq info` shows: all queues with their counts, all workers and all schedulers, read in
 * three round trips.
 *
 * Reading changes nothing: where rq info first cleans the registries (and so fails abandoned jobs and runs
 * their callbacks in the viewer), entries of the finished and failed registries that have expired are only
 * not counted. Foreign data, such as a key of the wrong type, is unknown (CQ_OVERVIEW_UNKNOWN), never an
 * error.
 */
#ifndef CQ_QUEUE_OVERVIEW_H
#define CQ_QUEUE_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/connection.h"
#include "registry/registry.h"

#define CQ_OVERVIEW_UNKNOWN (-1)

struct cq_overview_queue {
    struct cq_str name; /* borrowed from the overview */
    int64_t queued;     /* jobs on the list, or CQ_OVERVIEW_UNKNOWN; so are the others */
    /* jobs in each, without expired ones where RQ's cleanup removes them */
    int64_t registries[CQ_REGISTRY_COUNT_OF];
    int64_t abandoned;      /* of the started: their worker has not been heard of in time */
    bool paused;            /* rq:cq:paused, by `cq suspend --queue` */
    struct cq_strv workers; /* names of those who listen to it, sorted */
};

struct cq_overview_worker {
    struct cq_str name;            /* borrowed */
    const struct cq_reply *fields; /* HGETALL, borrowed */
};

/* One that has the lock of a queue here. */
struct cq_overview_scheduler {
    struct cq_str name; /* borrowed; what the lock holds: up to RQ 2.9 a process id, without a hash */
    const struct cq_reply *fields; /* HGETALL of its hash, borrowed; empty when there is none */
    struct cq_strv locks;          /* queues that it schedules, in their order */
};

struct cq_overview {
    cq_time now; /* as given: what has expired is seen from here */
    bool suspended;
    int64_t rate_limited; /* jobs of all queues that wait for a slot of their key; or CQ_OVERVIEW_UNKNOWN */
    struct cq_overview_queue *queues; /* owned */
    size_t queue_count;
    struct cq_overview_worker
        *workers; /* owned; sorted by name; those of the queues, or all when there is no queue */
    size_t worker_count;
    struct cq_overview_scheduler *schedulers; /* owned; in the order of their first queue */
    size_t scheduler_count;
    struct cq_strv names;        /* of the queues, in order */
    struct cq_strv worker_names; /* sorted */
    struct cq_strv limit_keys;   /* keys of limits that jobs have used */
    struct cq_reply **replies;   /* owned; what the rest borrows from */
    size_t reply_count;
};

/*
 * Read the overview.
 *   queues  the queues asked for, in order; an empty list: all, sorted
 * Redis:  SMEMBERS, then LLEN, ZCARD, ZCOUNT, GET and HGETALL, pipelined. Errors: CQ_ERR_CONNECTION,
 * CQ_ERR_REDIS. *ret_overview is valid, if empty, after an error too: release it.
 */
CQ_MUST_CHECK enum cq_code cq_overview_read(struct cq_connection *connection, const struct cq_strv *queues,
                                            cq_time now, struct cq_overview *ret_overview,
                                            struct cq_error *err);
void cq_overview_release(struct cq_overview *overview);

#endif
