/*
 * A stable: one process that horses of one runtime are forked from, and its control socket.
 *
 * Its states are in core/stable_state.h. Its owner, the runtime, is told what happens to it, and decides
 * whether there will be another. It knows its horses by their numbers; they end with it (PR_SET_PDEATHSIG),
 * and it reports their end in its place.
 */
#ifndef CQ_WORKER_RUNTIMES_STABLE_H
#define CQ_WORKER_RUNTIMES_STABLE_H

#include <ev.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/timer.h"
#include "core/stable_state.h"
#include "worker/runtimes/horse_table.h"
#include "worker/runtimes/launch.h"
#include "worker/runtimes/stable_socket.h"

struct cq_horse;
struct cq_stable;

enum { CQ_STABLE_VERSION_MAX = 64 }; /* bytes of the version in its hello, with the NUL */

/* How it died. */
struct cq_stable_end {
    pid_t pid;
    int status;            /* as of waitpid */
    int exec_errno;        /* why its program could not be executed; 0: it was */
    bool expected;         /* it had been told to leave, or was killed by its worker */
    struct cq_str imports; /* the module that it imported just then; empty: none */
};

/* What a stable needs of its owner, and what it tells it. */
struct cq_stable_owner {
    const char *runtime;     /* its name, in log lines; borrowed, as all of it */
    struct cq_logger logger; /* with the name of the process */
    struct ev_loop *loop;
    void *data; /* for the functions */
    /* It takes forks. */
    void (*hello)(void *data, struct cq_stable *stable);
    /* It cannot serve, or did not say hello in time, and was sent SIGKILL. why is borrowed. */
    void (*refused)(void *data, struct cq_stable *stable, struct cq_str why);
    /* There is room for forks again, or horses should be forked anew. */
    void (*room)(void *data, struct cq_stable *stable);
    /* It hangs or broke the protocol, and was sent SIGKILL. */
    void (*given_up)(void *data, struct cq_stable *stable);
    /* It is dead, and freed afterwards. */
    void (*died)(void *data, struct cq_stable *stable, const struct cq_stable_end *end);
};

struct cq_stable {
    const struct cq_stable_owner *owner; /* borrowed */
    struct cq_stable *next;              /* in its owner's list of those that leave */
    enum cq_stable_state state;          /* changed by core/stable_state.c alone */
    pid_t pid;                           /* 0: reaped */
    int exec_fd;                         /* says the errno of an exec that failed */
    char version[CQ_STABLE_VERSION_MAX];
    bool soft_timeout; /* raises in a job whose timeout is over, before we send a signal */
    bool callbacks;    /* its horses take callback frames */
    int64_t next_number;
    int64_t forks_asked;   /* and not answered */
    int64_t learned_from;  /* horses from this number on have what it has learned */
    cq_time forked_at;     /* monotonic: when it last answered, or was first asked */
    cq_time busy_until;    /* monotonic: it said that it does not fork before; 0: it did not */
    struct cq_buf imports; /* the module that it imports, so that horses shall have it; empty: none */
    cq_time idle_at;       /* monotonic: when it was to leave and its last horse was gone; 0: not yet */
    struct cq_horse_table horses;
    struct cq_stable_socket socket;
    ev_io reader;
    ev_child child;
    struct cq_timer hello_timer;
    struct cq_buf in;
};

/*
 * Start one. Its owner, which is borrowed, hears of its hello or its death.
 *   hello_within_s  how long its hello may take
 * Errors: CQ_ERR_SYSTEM when no process can be made.
 */
CQ_MUST_CHECK enum cq_code cq_stable_start(const struct cq_stable_owner *owner,
                                           const struct cq_launch *launch, double hello_within_s,
                                           struct cq_stable **ret_stable, struct cq_error *err);

/* Is it to leave, or dead? */
static inline bool cq_stable_is_leaving(const struct cq_stable *stable)
{
    return stable->state > CQ_STABLE_READY;
}

/*
 * Close the control socket: the stable kills what is left of its horses and exits. Only cq_stable_free may
 * follow, which does it too, and reaps. The horses are freed already.
 */
void cq_stable_hang_up(struct cq_stable *stable);
void cq_stable_free(struct cq_stable *stable); /* NULL-safe */

/*
 * Ask for a horse, which is in the table afterwards with the number that it gets, until it is reaped.
 *   name  for the horse's process title
 *   fds   the horse's socket, then standard output and error when passed; borrowed, the caller closes them
 * False: not now. When it is because the socket is full, the owner is told as soon as there is room.
 */
bool cq_stable_fork(struct cq_stable *stable, struct cq_horse *horse, const char *name, const int *fds,
                    int fd_count);

/* No more forks; it leaves when its last horse is gone. */
void cq_stable_quit(struct cq_stable *stable);

/* SIGKILL: its death is still to come. */
void cq_stable_end(struct cq_stable *stable);

/* Once a second: one that hangs is killed. */
void cq_stable_tick(struct cq_stable *stable);

#endif
