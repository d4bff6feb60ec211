/*
 * What a worker process of a pool and the pool's supervisor tell each other: one small message each over a
 * socket pair that keeps messages apart. Its end of file is the other's end: a worker whose supervisor is
 * gone stops warmly.
 */
#ifndef CQ_WORKER_POOL_SUPERVISOR_LINK_H
#define CQ_WORKER_POOL_SUPERVISOR_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

struct ev_loop;

enum cq_supervisor_word {
    CQ_SUPERVISOR_READY,         /* from the worker: all of its workers are registered */
    CQ_SUPERVISOR_RESIZE_TO,     /* ... it was asked to have the pool resized to `value` workers */
    CQ_SUPERVISOR_RESIZE_BY,     /* ... by `value` workers, which may be negative */
    CQ_SUPERVISOR_MAX_JOBS_DONE, /* ... it ends for having done --max-jobs jobs: it is to be replaced, also in
                                    burst mode */
    CQ_SUPERVISOR_LEAVE, /* from the supervisor: end when the running jobs have, however long that takes */
    CQ_SUPERVISOR_HAVE_SLOTS, /* from the supervisor: have `value` slots */
};

struct cq_supervisor_message {
    int32_t word, value;
};

/* One message, without waiting. False: the other is gone, or does not read. */
bool cq_supervisor_link_send(int fd, enum cq_supervisor_word word, int value);

/* The next message. 1: there is one; 0: none yet; -1: the other is gone. Anything else is passed
 * over. */
int cq_supervisor_link_receive(int fd, struct cq_supervisor_message *ret_message);

/* ---- the worker's side ---- */

/* What the link needs of its worker process, and what it tells it. Borrowed, as all of it. */
struct cq_supervisor_link_owner {
    struct ev_loop *loop;
    const struct cq_logger *logger;
    void *data; /* for the functions */
    void (*have_slots)(void *data, int count);
    void (*leave)(void *data);
};

/* fd: a socket to the supervisor, borrowed; it stays open. owner is copied. */
struct cq_supervisor_link *cq_supervisor_link_new(int fd, const struct cq_supervisor_link_owner *owner);
void cq_supervisor_link_free(struct cq_supervisor_link *link); /* NULL-safe */
void cq_supervisor_link_say(struct cq_supervisor_link *link, enum cq_supervisor_word word, int value);

#endif
