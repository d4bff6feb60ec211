/*
 * A page of the jobs in one place, a queue's list or one of its registries, with what a choice among them
 * needs: read in one call that changes nothing, so that a million jobs are never loaded at once. Pages stay
 * right while others add and remove: what is there from the first page to the last one is seen, once in a
 * sorted set, at least once in a list or rq:wip.
 */
#ifndef CQ_REGISTRY_PAGE_H
#define CQ_REGISTRY_PAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "job/keys.h"
#include "redis/command.h"
#include "redis/reply.h"

enum cq_place {
    CQ_PLACE_QUEUED, /* the list; the others are registries */
    CQ_PLACE_STARTED,
    CQ_PLACE_DEFERRED,
    CQ_PLACE_SCHEDULED,
    CQ_PLACE_FINISHED,
    CQ_PLACE_FAILED,
    CQ_PLACE_CANCELED,
    CQ_PLACE_COUNT_OF
};
#define CQ_PLACE_WORDS                                                                  \
    "queued|started|deferred|scheduled|finished|failed|canceled" /* in the enum's order \
                                                                  */

const char *cq_place_word(enum cq_place place);
struct cq_key cq_place_key(enum cq_place place, struct cq_str queue);

void cq_place_count_build(enum cq_place place, struct cq_str queue,
                          struct cq_command *command); /* LLEN or ZCARD */
/* The last entry of a sorted set, with its score: how far pages are to go. Not for CQ_PLACE_QUEUED. */
void cq_place_last_build(enum cq_place place, struct cq_str queue, struct cq_command *command);

/* Where in a place reading is: of a sorted set behind an entry, of a list behind an id. Texts are the
 * caller's. */
struct cq_place_cursor {
    struct cq_str score;  /* a list: the rank of member; rq:wip: ZSCAN's cursor; CQ_STR_NONE: the start */
    struct cq_str member; /* a list: the last one that is to stay there */
};

struct cq_page {
    enum cq_place place;
    struct cq_str queue;
    int limit;                           /* most jobs; rq:wip may give more */
    struct cq_place_cursor after, until; /* until: of sorted sets only */
    int data_most;                       /* bytes of `data` to have; 0: none */
    bool errors;                         /* with exc_info and the latest result */
};
void cq_page_build(const struct cq_page *page, struct cq_command *command);

/* Borrowed from the reply; CQ_STR_NONE: not there. */
struct cq_page_job {
    struct cq_str member; /* the id; of rq:wip with its execution */
    struct cq_str status, origin, created_at, enqueued_at, started_at, ended_at, score, data, exc_info;
    const struct cq_reply *result; /* the latest, for cq_result_read; NULL: none was asked for, or is there */
};

struct cq_page_read {
    bool ended;                /* the end was reached, or `until` */
    bool again;                /* a list: the last id was gone, this page begins at the head */
    int64_t first;             /* a list: rank of the first job */
    struct cq_place_cursor at; /* where this page ends; not of lists. Borrowed */
    size_t count;
};
CQ_MUST_CHECK enum cq_code cq_page_read(const struct cq_reply *reply, struct cq_page_read *ret_page,
                                        struct cq_error *err);
void cq_page_job(const struct cq_reply *reply, size_t index, struct cq_page_job *ret_job);

#endif
