/*
 * A horse as its worker sees it: a number, a pid once the stable says it, and a socket.
 *
 * The worker makes the socket pair and sends the job into it without waiting for the fork: the bytes wait in
 * the socket until the horse reads them. A horse is gone when the stable reported its exit and everything
 * that it had written was read, whichever comes last.
 */
#ifndef CQ_WORKER_RUNTIMES_HORSE_H
#define CQ_WORKER_RUNTIMES_HORSE_H

#include <ev.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/horse_state.h"
#include "runtime/frame.h"

struct cq_output;
struct cq_runtime;
struct cq_stable;
struct cq_horse;

/* Whom a horse runs for, and who hears what it says: a slot, or a callback. */
struct cq_horse_owner {
    struct cq_output *output; /* where its standard output and error go; has the worker's name */
    void (*answer)(struct cq_horse_owner *owner, struct cq_horse *horse, const struct cq_frame *frame);
    /* Its stable says that it is there; NULL: no matter. */
    void (*forked)(struct cq_horse_owner *owner, struct cq_horse *horse);
    /* For good: reaped, and all that it wrote was read. */
    void (*gone)(struct cq_horse_owner *owner, struct cq_horse *horse);
};

struct cq_horse {
    struct cq_horse_owner *owner; /* NULL: it was freed while its frames were being handled */
    struct cq_runtime *runtime;
    struct cq_stable *stable; /* it was forked from; NULL: reaped */
    /* Take it out of its stable's table: it is reaped, or forgotten. Set with stable. */
    void (*forget)(struct cq_stable *stable, struct cq_horse *horse);
    struct ev_loop *loop;        /* borrowed: its owner's, kept for when that is NULL */
    struct cq_horse *table_next; /* in its stable's table */
    struct cq_horse *next;       /* in a list of its owner's */
    int64_t number;              /* its stable's for it */
    enum cq_horse_state state;   /* changed in horse.c alone, as core/horse_state.h says */
    pid_t pid;                   /* 0 until the stable said it */
    int fd;                      /* our end of its socket; -1: closed */
    ev_io reader, writer;
    struct cq_buf in;   /* an answer that has not come whole yet */
    struct cq_buf out;  /* what the socket did not take yet */
    int64_t jobs;       /* given to it so far */
    int64_t answers;    /* of them, how many it has answered: its owner counts them */
    int64_t rss_kb;     /* as of its last answer */
    int status;         /* as of waitpid, when it is gone */
    int kill_signal;    /* to be sent as soon as the pid is known; 0: none */
    cq_time forked_at;  /* monotonic: when the stable said so; 0: not yet */
    cq_time retired_at; /* monotonic; 0: not retired */
    int holds;          /* horse.c is working on it; freeing waits */
};

/*
 * Part of cq_horse_fork: a horse that no stable was asked for yet.
 *   owner  borrowed
 *   fd     our end of its socket: the horse owns it from now on
 */
struct cq_horse *cq_horse_new(struct cq_horse_owner *owner, int fd);

/* Queue a job frame to it. False: it is dead and has not seen a whole frame; nothing was done. */
bool cq_horse_send(struct cq_horse *horse, struct cq_str frame);

/* Close our end of its socket: a horse that waits leaves. NULL is not allowed; closing twice is. */
void cq_horse_close(struct cq_horse *horse);

/* Signal its process group. Does nothing once it was reaped. */
void cq_horse_kill(struct cq_horse *horse, int signal_number);

/*
 * A timer of so many seconds, set when it was given its job, has run out: how much of them is left in truth,
 * because the horse was not there at first. A stable may be busy with an import, and its jobs cannot help it.
 * 0 or less: nothing.
 */
double cq_horse_time_left(const struct cq_horse *horse, double seconds);

/* From stable.c. */
void cq_horse_forked(struct cq_horse *horse, pid_t pid);
void cq_horse_not_forked(struct cq_horse *horse);
void cq_horse_exited(struct cq_horse *horse, int status);

/* Close its socket and forget it. The process, if it still lives, ends by the end of file or by the
 * stable. */
void cq_horse_free(struct cq_horse *horse);

#endif
