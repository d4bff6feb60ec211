/*
 * Groups: sets of job ids by a name, read a page at a time, so that a group of a million is never loaded at
 * once. Reading changes nothing: ids whose job is gone, which RQ takes out on the way, are told apart.
 * Source: rq/group.py.
 */
#ifndef CQ_REGISTRY_GROUP_H
#define CQ_REGISTRY_GROUP_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strv.h"
#include "job/job.h"
#include "redis/connection.h"

/* All names, sorted by bytes; those longer than CQ_NAME_MAX are left out. Redis: SMEMBERS rq:groups. */
CQ_MUST_CHECK enum cq_code cq_group_names(struct cq_connection *connection, struct cq_strv *names,
                                          struct cq_error *err);

/* A walk through a group. Borrows the name and the connection; what it shows is valid until the next page. */
struct cq_group_walk {
    struct cq_connection *connection;
    struct cq_str name; /* at most CQ_NAME_MAX bytes */
    char cursor[24];
    bool ended;
    struct cq_reply *page;  /* owned: of SSCAN */
    struct cq_reply **jobs; /* owned: of each member */
    size_t count;
};

struct cq_group_job {
    struct cq_str id;
    bool gone; /* its hash has expired or was deleted; nothing else is known */
    enum cq_job_status status;
    struct cq_str status_text, queue, description; /* CQ_STR_NONE when unset */
};

void cq_group_walk_init(struct cq_group_walk *walk, struct cq_connection *connection, struct cq_str name);
void cq_group_walk_release(struct cq_group_walk *walk);

/*
 * Read the next page; ended: it was the last. A page may be empty, and a job that is there all the time is in
 * at least one. Redis: SSCAN, and HMGET for each. Errors: CQ_ERR_CONNECTION, CQ_ERR_REDIS.
 */
CQ_MUST_CHECK enum cq_code cq_group_walk_next(struct cq_group_walk *walk, struct cq_error *err);
void cq_group_walk_job(const struct cq_group_walk *walk, size_t index, struct cq_group_job *ret_job);

#endif
