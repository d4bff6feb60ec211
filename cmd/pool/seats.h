/*
 * The seats of a pool: each is to have one worker process at any time. A pool has one, whose process holds
 * all of its workers, or with --processes one for each.
 *
 * A process that dies is replaced: at once when it ended well (--max-jobs, a shutdown command), else after a
 * pause that doubles from 0.5 s to 30 s while it goes on dying, with jitter, and starts anew when one has
 * lived for a minute. One that got too old or too large goes on until its successor is ready, and leaves
 * then, when its jobs have ended: no seat is ever empty for that.
 */
#ifndef CQ_CMD_POOL_SEATS_H
#define CQ_CMD_POOL_SEATS_H

#include "cmd/pool/child.h"
#include "worker/pool/notify.h"

struct cq_seat {
    struct cq_child *child;     /* at work, or starting; NULL: none now */
    struct cq_child *successor; /* starting; NULL: none */
    int failures;               /* in a row, of its processes */
    int lost_successors;        /* in a row */
    cq_time start_at;           /* monotonic: when an empty seat gets a process; 0: never (burst mode) */
    cq_time retry_at;           /* monotonic: a successor has failed; not before then is another one tried */
    cq_time renew_at;           /* monotonic: not before then is it renewed for its memory */
};

struct cq_pool {
    const struct cq_session *session; /* borrowed */
    struct cq_log log;
    const char *name;
    bool processes;
    int wanted;            /* workers */
    struct cq_seat *seats; /* room for CQ_SLOTS_MAX */
    int seat_count;
    struct cq_child *leaving; /* a list: without a seat, they finish their jobs */
    /* by number, monotonic: a worker that is not the pool's has such a name, maybe one that died; 0: none */
    cq_time *taken_until;
    int *last_pids; /* by number: of the process that had it and died without a word; 0: none */
    int signal_fd;
    bool ready; /* all seats were, once */
    bool stopping;
    enum cq_exit status; /* with which the pool ends */
    cq_time look_at;     /* monotonic: when age and memory are looked at next */
    struct cq_notify notify;
};

enum {
    /* numbers between the processes of a pool without --processes: as many as one may have workers */
    CQ_POOL_BLOCK = 1000,
    CQ_POOL_NUMBER_MAX = 9 * CQ_POOL_BLOCK,
};

/* How long to wait after so many failures, and one failure more. Half of it is drawn: what died together does
 * not come back together. */
double cq_seat_pause(int *failures);

void cq_pool_init(struct cq_pool *pool); /* its seats, empty; the fields of the settings are there */
void cq_pool_release(struct cq_pool *pool);

/* Start and renew what is due. Returns when to come again, monotonic; 0: nothing is due. */
cq_time cq_pool_tend(struct cq_pool *pool);

/* A process was reaped. */
void cq_pool_reaped(struct cq_pool *pool, pid_t pid, int wait_status);

/* A process has said something. */
void cq_pool_hear(struct cq_pool *pool, struct cq_child *child);

/* So many workers from now on. */
void cq_pool_resize(struct cq_pool *pool, int wanted);

/* SIGTERM or SIGINT, the first or a further one: to all of them. */
void cq_pool_stop(struct cq_pool *pool, int signal_number);

/* Is no process left, and none to come? */
bool cq_pool_is_over(const struct cq_pool *pool);

/* Call fn for each process. */
void cq_pool_each(struct cq_pool *pool, void (*fn)(struct cq_child *child, void *data), void *data);

#endif
