/*
 * The positions of a pool and their processes. A pool has one position, whose process holds all of its
 * workers, or with --processes one for each worker. What a position may do is decided in core/pool_state.h;
 * this is the shell, which starts processes and tells them.
 */
#ifndef CQ_CMD_POOL_POSITIONS_H
#define CQ_CMD_POOL_POSITIONS_H

#include "cmd/pool/child.h"
#include "core/pool_state.h"
#include "worker/pool/notify.h"

struct cq_pool_position {
    struct cq_position life;
    struct cq_child *process;   /* of the pool's children; NULL: none now */
    struct cq_child *successor; /* the same; it takes over when it is ready */
};

enum cq_pool_state {
    CQ_POOL_STARTING, /* not all positions were ready yet */
    CQ_POOL_RUNNING,
    CQ_POOL_STOPPING,
};

struct cq_pool {
    const struct cq_session *session; /* borrowed */
    struct cq_log log;
    const char *name;
    bool processes; /* --processes */
    int wanted;     /* workers */
    enum cq_pool_state state;
    struct cq_pool_position *positions; /* owned: room for CQ_SLOTS_MAX */
    int position_count;
    struct cq_child *
        *children; /* owned, as they are: all processes, also those that only finish their jobs */
    int child_count, child_room;
    /* by number, monotonic: a worker that is not the pool's has such a name, maybe one that died; 0: none */
    cq_time *taken_until;
    int *last_pids; /* by number: of the process that had it and died without a word; 0: none */
    int signal_fd;
    enum cq_exit status; /* with which the pool ends */
    cq_time look_at;     /* monotonic: when age and memory are looked at next */
    struct cq_notify notify;
};

enum {
    /* numbers between the processes of a pool without --processes: as many as one may have workers */
    CQ_POOL_BLOCK = 1000,
    CQ_POOL_NUMBER_MAX = 9 * CQ_POOL_BLOCK,
};

/* Its positions, without processes; the fields of the settings are there. */
void cq_pool_init(struct cq_pool *pool);
void cq_pool_release(struct cq_pool *pool);

/*
 * Apply an event to a position, and perform its actions.
 *   facts        of ON_ENDED, else 0
 *   wait_status  of ON_ENDED, as of waitpid; else 0
 * Returns the rule; NULL: it was illegal, which is logged.
 */
const struct cq_rule *cq_pool_apply(struct cq_pool *pool, struct cq_pool_position *position,
                                    enum cq_position_event event, uint32_t facts, int wait_status);

/* Start and renew what is due. Returns when to come again, monotonic; 0: nothing is due. */
cq_time cq_pool_start_due(struct cq_pool *pool);

/* Read what a process has said. */
void cq_pool_read_messages(struct cq_pool *pool, struct cq_child *child);

/* Have so many workers from now on. */
void cq_pool_resize(struct cq_pool *pool, int wanted);

/* SIGTERM or SIGINT, the first or a further one: to all processes. */
void cq_pool_stop(struct cq_pool *pool, int signal_number);

/* Is no process left, and none to come? */
bool cq_pool_is_over(const struct cq_pool *pool);

#endif
