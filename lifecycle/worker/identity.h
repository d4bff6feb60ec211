/* A worker as its own transitions name it: birth, heartbeat, state, death.
 * Source: rq/worker/base.py; rq/worker_registration.py. */
#ifndef CQ_LIFECYCLE_WORKER_IDENTITY_H
#define CQ_LIFECYCLE_WORKER_IDENTITY_H

#include "base/clock.h"
#include "base/str.h"
#include "redis/command.h"

struct cq_worker_identity {
    struct cq_str name;
    const struct cq_str *queues; /* names */
    size_t queue_count;
    int pid;
    const char *hostname;
    const char *ip_address;     /* addr of the connection, or "unknown" */
    const char *version;        /* cq's */
    const char *python_version; /* what `python_version` shows: the runtimes, such as "native" */
    int worker_ttl_s;           /* 420 */
    cq_time birth;              /* 0: death is not compared by it */
    /* of a process on this host that is dead for certain, whose name this may be; 0: none */
    int replaces_pid;
};

/* Put the key of the set of workers of each of its queues. */
void cq_worker_put_queue_sets(const struct cq_worker_identity *id, struct cq_command *command);

#endif
