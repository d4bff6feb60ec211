/*
 * What `cq info` shows: a picture of queues and workers, read in two round trips and printed in three forms.
 *
 * Reading changes nothing: where rq info first cleans the registries (and so fails abandoned jobs and runs their
 * callbacks in the viewer), entries of the finished and failed registries that have expired are only not counted.
 * Foreign data, such as a key of the wrong type, is unknown (CQ_INFO_UNKNOWN), never an error.
 */
#ifndef CQ_CMD_INFO_H
#define CQ_CMD_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strv.h"
#include "redis/connection.h"
#include "registry/registry.h"

#define CQ_INFO_UNKNOWN (-1)

struct cq_info_queue {
    struct cq_str name;                         /* borrowed from the picture */
    int64_t queued;                             /* jobs on the list, or CQ_INFO_UNKNOWN; so are the others */
    int64_t registries[CQ_REGISTRY_COUNT_OF];   /* jobs in each, without expired ones where RQ's cleanup removes them */
    int64_t abandoned;                          /* of the started: their worker has not been heard of in time */
    struct cq_strv workers;                     /* names of those who listen to it, sorted */
};

struct cq_info_worker {
    struct cq_str name;             /* borrowed */
    const struct cq_reply *fields;  /* HGETALL, borrowed */
};

struct cq_info {
    cq_time now;                    /* when it was read */
    bool suspended;
    struct cq_info_queue *queues;   /* owned */
    size_t queue_count;
    struct cq_info_worker *workers; /* owned; sorted by name; those of the queues, or all when there is no queue */
    size_t worker_count;
    struct cq_strv names;           /* of the queues, in order */
    struct cq_strv worker_names;    /* sorted */
    struct cq_reply **replies;      /* owned; what the rest borrows from */
    size_t reply_count;
};

/*
 * Read the picture.
 *   queues  the queues asked for, in order; an empty list: all, sorted
 * *ret_info is valid, if empty, after an error too: release it.
 */
CQ_MUST_CHECK enum cq_code cq_info_read(struct cq_connection *connection, const struct cq_strv *queues,
                                        struct cq_info *ret_info, struct cq_error *err);
void cq_info_release(struct cq_info *info);

struct cq_info_form {
    bool raw, only_queues, only_workers, by_queue, json;
    int width; /* columns of the terminal, for the bars */
};

/* Append the picture to out as rq info prints it (rq/cli/helpers.py show_queues, show_workers, show_both), or as JSON. */
void cq_info_text(const struct cq_info *info, const struct cq_info_form *form, struct cq_buf *out);
void cq_info_json(const struct cq_info *info, const struct cq_info_form *form, struct cq_buf *out);

#endif
