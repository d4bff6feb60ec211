/*
 * The jobs that cancel, stop, delete and requeue are about: ids, or all of a place (a queue's list or a
 * registry) of some or every queue, with filters. The work is done in chunks that hold Redis for some
 * milliseconds each; nothing is loaded but the page at hand. What is there when the command starts is done
 * once, however the place changes meanwhile; jobs that come later may be done or not.
 */
#ifndef CQ_CMD_JOB_SELECTION_H
#define CQ_CMD_JOB_SELECTION_H

#include "cmd/job/filter.h"
#include "cmd/job/progress.h"
#include "cmd/line/command.h"
#include "cmd/line/session.h"
#include "lifecycle/manage/bulk.h"

/* What the options say; the first member of a command's options, so that the rows below fit all of them. */
struct cq_selection {
    struct cq_strv queues;
    bool all;
    int registry; /* its place in the words of the command's row; -1: not given */
    const char *function;
    int64_t older_than_s;
    const char *error;
    bool dry_run;
};

#define CQ_SELECTION_FIELD(member) offsetof(struct cq_selection, member)
#define CQ_SELECTION_ROWS                                                                                   \
    {.kind = CQ_OPTION_FLAG,                                                                                \
     .name = "all",                                                                                         \
     .letter = 'a',                                                                                         \
     .field = CQ_SELECTION_FIELD(all),                                                                      \
     .help = "All jobs of the registry, or those that the filters leave"},                                  \
        {.kind = CQ_OPTION_TEXTS,                                                                           \
         .name = "queue",                                                                                   \
         .letter = 'q',                                                                                     \
         .argument = "NAME",                                                                                \
         .field = CQ_SELECTION_FIELD(queues),                                                               \
         .help = "Only jobs of this queue; may be repeated (default: of every queue)"},                     \
        {.kind = CQ_OPTION_TEXT,                                                                            \
         .name = "function",                                                                                \
         .argument = "PREFIX",                                                                              \
         .field = CQ_SELECTION_FIELD(function),                                                             \
         .help = "With --all: only calls of this function, or of what is below this module"},               \
        {.kind = CQ_OPTION_DURATION,                                                                        \
         .name = "older-than",                                                                              \
         .argument = "DURATION",                                                                            \
         .field = CQ_SELECTION_FIELD(older_than_s),                                                         \
         .min = 0,                                                                                          \
         .max = INT32_MAX,                                                                                  \
         .help = "With --all: only jobs that ended, started, were enqueued, made or canceled so long ago, " \
                 "whichever fits"},                                                                         \
        {.kind = CQ_OPTION_FLAG,                                                                            \
         .name = "dry-run",                                                                                 \
         .field = CQ_SELECTION_FIELD(dry_run),                                                              \
         .help = "Change nothing: print the ids of the jobs that are meant"}
#define CQ_SELECTION_REGISTRY_ROW(places, default_place, text)                                  \
    {.kind = CQ_OPTION_CHOICE,                                                                  \
     .name = "registry",                                                                        \
     .argument = "NAME",                                                                        \
     .field = CQ_SELECTION_FIELD(registry),                                                     \
     .words = places,                                                                           \
     .otherwise = "jobs that wait for a slot of their limit are named by 'cq limit KEY --ids'", \
     .fallback = default_place,                                                                 \
     .help = text}
#define CQ_SELECTION_ERROR_ROW           \
    {.kind = CQ_OPTION_TEXT,             \
     .name = "error",                    \
     .argument = "TEXT",                 \
     .field = CQ_SELECTION_FIELD(error), \
     .help = "With --all of the failed registry: only jobs whose failure has this text in it"}

struct cq_stop_work;

/* What a command does with the jobs of a selection. */
struct cq_bulk_work {
    const char *verb, *did;    /* `delete`, `deleted` */
    const char *places;        /* the words of its --registry */
    struct cq_bulk bulk;       /* verb and flags; the rest is filled in */
    struct cq_stop_work *stop; /* of `cq stop`, which is not a step of bulk.lua; NULL: bulk.lua */
    bool ids_have_queue;       /* ids may have one --queue beside them */

    /* Of the run. */
    struct cq_session *session;
    const struct cq_selection *selection;
    enum cq_place place;
    struct cq_filter filter;
    struct cq_progress progress;
    int64_t total, seen, done, gone, passed, broken;
    cq_time round_trip; /* of an empty call, to be taken off what a chunk took */
    int chunk;          /* jobs: as many as Redis does in a few milliseconds */
    char fault[256];
};

/* The whole command: ids by `ids`, else the selection, with what is to be said about either. */
typedef enum cq_exit cq_ids_fn(struct cq_session *session, const struct cq_run *run);
enum cq_exit cq_selection_command(const struct cq_run *run, struct cq_bulk_work *work, cq_ids_fn *ids);

/* What a command does with one job of those named: a transition. options: of the run. */
struct cq_each_id {
    const char *did; /* `Canceled`: said at the end, with how many; NULL: nothing is */
    void (*build)(const char *id, const void *options, struct cq_command *command);
    /* CQ_ERR_NO_SUCH_JOB or CQ_ERR_INVALID_OPERATION: it cannot be done for this id */
    enum cq_code (*read)(const struct cq_reply *reply, struct cq_error *err);
    bool (*again)(const struct cq_reply *reply); /* one call did not do all of it; NULL: one always does */
    /* says why it cannot be done, in place of the answer's CQ_ERR_INVALID_OPERATION; NULL: the answer says it
     */
    void (*refused)(const char *id, const void *options, struct cq_error *err);
};

/*
 * Each id of run->args. An id that it cannot be done for is named on standard error, and the others are done
 * all the same: then the status is CQ_EXIT_FAILED. An error ends it, with a complaint.
 *   ret_failed  takes for how many it could not be done; may be NULL
 */
enum cq_exit cq_selection_each_id(struct cq_session *session, const struct cq_run *run,
                                  const struct cq_each_id *each, int64_t *ret_failed);

/* `1 job`, `2 jobs` in text, which is returned. */
enum { CQ_JOBS_TEXT_SIZE = 32 };
const char *cq_jobs_text(int64_t count, char text[CQ_JOBS_TEXT_SIZE]);

#endif
