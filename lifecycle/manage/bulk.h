/*
 * Cancel, delete or requeue many jobs of one place: the next ones in order, or those that are named. One call
 * is a chunk whose work is bounded; the caller continues where it ended, so that a million jobs neither
 * block Redis nor are loaded at once. Redis: bulk.lua. Source: rq/job.py Job.cancel, Job.delete;
 * rq/registry.py BaseRegistry.requeue; rq/cli/cli.py requeue.
 */
#ifndef CQ_LIFECYCLE_MANAGE_BULK_H
#define CQ_LIFECYCLE_MANAGE_BULK_H

#include "base/clock.h"
#include "registry/page.h"

enum cq_bulk_verb { CQ_BULK_CANCEL, CQ_BULK_DELETE, CQ_BULK_REQUEUE };

struct cq_bulk {
    enum cq_bulk_verb verb;
    enum cq_place place;
    struct cq_str queue;
    int limit;          /* most jobs of this call */
    bool dependents;    /* cancel: enqueue those that wait for nothing else; delete: delete them, too */
    bool detach;        /* cancel: leave the dependents sets of what it waits for */
    bool at_front;      /* requeue */
    cq_time since, now; /* since: of the whole undertaking; a requeue passes over what was enqueued later */
    struct cq_place_cursor after,
        until; /* of sorted sets; of a list with ids: score is the rank of the first of them */
    const struct cq_str
        *ids; /* none: the next ones; of CQ_PLACE_STARTED they have to be named. Without execution ids */
    size_t id_count;
};
void cq_bulk_build(const struct cq_bulk *bulk, struct cq_command *command);

struct cq_bulk_done {
    int64_t done;
    int64_t gone;   /* entries of jobs that are gone, or elsewhere: taken out */
    int64_t passed; /* not there any more, or enqueued since */
    int64_t broken; /* their keys hold something else: left alone */
    /* all of these; of the ids given the first so bulk. May be 0: a job's many dependents were worked on;
     * call again */
    int64_t seen;
    bool ended;
    struct cq_place_cursor at; /* where it ended; borrowed from the reply */
    struct cq_str fault;       /* what was wrong with a broken one; borrowed */
};
CQ_MUST_CHECK enum cq_code cq_bulk_read(const struct cq_reply *reply, struct cq_bulk_done *ret_done,
                                        struct cq_error *err);

#endif
