/*
 * A stable: one process that horses of one runtime are forked from, and its control socket.
 *
 * STARTING -> READY -> LEAVING -> dead, or dead from any of them. Its runtime (runtime.h) owns it, is told
 * what happens to it, and decides whether there will be another. It knows its horses by their numbers; when
 * it dies they die with it (PR_SET_PDEATHSIG), and it says so to whoever they ran for, since nobody else
 * would report their end.
 */
#ifndef CQ_WORKER_RUNTIMES_STABLE_H
#define CQ_WORKER_RUNTIMES_STABLE_H

#include <ev.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "worker/runtimes/launch.h"
#include "worker/runtimes/team.h"

struct cq_horse;
struct cq_runtime;

enum cq_stable_state {
    CQ_STABLE_STARTING, /* no hello yet */
    CQ_STABLE_READY,    /* takes forks */
    CQ_STABLE_LEAVING,  /* was told to quit, or is being killed */
};

enum { CQ_STABLE_VERSION_MAX = 64 }; /* bytes of the version in its hello, with the NUL */

/* How it died. */
struct cq_stable_end {
    pid_t pid;
    int status;            /* as of waitpid */
    int exec_errno;        /* why its program could not be executed; 0: it was */
    bool expected;         /* it had been told to leave, or was killed by us */
    struct cq_str imports; /* the module that it imported just then; empty: none */
};

struct cq_stable {
    struct cq_runtime *runtime;
    struct cq_stable *next; /* in the runtime's list of those that leave */
    enum cq_stable_state state;
    bool hello;  /* it said hello */
    pid_t pid;   /* 0: reaped */
    int fd;      /* control socket; -1: closed */
    int exec_fd; /* says the errno of an exec that failed */
    char version[CQ_STABLE_VERSION_MAX];
    bool soft_timeout; /* raises in a job whose timeout is over, before we send a signal */
    bool callbacks;    /* its horses take callback frames */
    int64_t next_number;
    int64_t forks_asked;   /* and not answered */
    int64_t learned_from;  /* horses from this number on have what it has learned */
    cq_time forked_at;     /* monotonic: when it last answered, or was first asked */
    cq_time busy_until;    /* monotonic: it said that it does not fork before; 0: it did not */
    struct cq_buf imports; /* the module that it imports, so that horses shall have it; empty: none */
    cq_time idle_at;       /* monotonic: LEAVING, and its last horse was gone; 0: not yet */
    struct cq_team team;
    ev_io reader, writer;
    ev_child child;
    ev_timer hello_timer;
    struct cq_buf in, out;
    struct cq_buf
        fork_frame; /* scratch of its own: a job frame may wait in the process's while a horse is asked for */
};

/*
 * Start one. The runtime hears of its hello or its death through runtime.h.
 *   hello_within_s  how long its hello may take
 * Errors: CQ_ERR_SYSTEM when no process can be made.
 */
CQ_MUST_CHECK enum cq_code cq_stable_start(struct cq_runtime *runtime, const struct cq_launch *launch,
                                           double hello_within_s, struct cq_stable **ret_stable,
                                           struct cq_error *err);

/*
 * Close the control socket: the stable kills what is left of its horses and exits. Only cq_stable_free may
 * follow, which does it too, and reaps. The horses are freed already.
 */
void cq_stable_hang_up(struct cq_stable *stable);
void cq_stable_free(struct cq_stable *stable); /* NULL-safe */

/*
 * Ask for a horse, which is in the team afterwards with the number that it gets.
 *   name  for the horse's process title
 *   fds   the horse's socket, then standard output and error when passed; borrowed, the caller closes them
 * False: not now. When it is because the socket is full, the runtime is told as soon as there is room.
 */
bool cq_stable_fork(struct cq_stable *stable, struct cq_horse *horse, const char *name, const int *fds,
                    int fd_count);

/* From horse.c: it is reaped, or forgotten. */
void cq_stable_forget(struct cq_stable *stable, struct cq_horse *horse);

/* No more forks; it leaves when its last horse is gone. */
void cq_stable_quit(struct cq_stable *stable);

/* SIGKILL; what becomes of it comes through its death. With a reason it is logged. */
void cq_stable_end(struct cq_stable *stable);
void cq_stable_kill(struct cq_stable *stable, const char *why);

/* Once a second: one that hangs is killed. */
void cq_stable_tick(struct cq_stable *stable);

#endif
