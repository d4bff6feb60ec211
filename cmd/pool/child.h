/*
 * One worker process of a pool: forked from the supervisor, which is small and has one thread, and told by
 * its link what to do. It gets SIGTERM when the supervisor ends, so none outlives it for longer than its jobs
 * take.
 */
#ifndef CQ_CMD_POOL_CHILD_H
#define CQ_CMD_POOL_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "cmd/line/session.h"

enum { CQ_CHILD_NO_POSITION = -1 };

struct cq_child {
    pid_t pid;
    int fd;         /* our end of its link; -1: its end is closed */
    int number;     /* of its first worker */
    int position;   /* its index in the pool; CQ_CHILD_NO_POSITION: it only finishes its jobs */
    cq_time old_at; /* monotonic; 0: it does not get too old */
};

struct cq_child_setup {
    const struct cq_session *session; /* borrowed, as all of it */
    const char *pool;                 /* name */
    int number;
    int slots;
    bool keep_slots;
    int replaces_pid;
    const int *close_fds; /* what of the supervisor's is not the child's to hold */
    size_t close_count;
};

/* Fork it. *ret_child is the caller's. Errors: CQ_ERR_SYSTEM. In the child it does not return. */
CQ_MUST_CHECK enum cq_code cq_child_start(const struct cq_child_setup *setup, struct cq_child **ret_child,
                                          struct cq_error *err);
void cq_child_close(struct cq_child *child); /* our end of its link */
void cq_child_free(struct cq_child *child);  /* NULL-safe; the process is reaped already */

/*
 * The memory of a worker process, or of the largest of its stables (its children): resident, in KiB. 0: it is
 * not to be known, as in a /proc that shows nothing.
 */
int64_t cq_child_rss_kb(pid_t pid);

#endif
