/* cq cancel: what Job.cancel() does from Python. */
#include "cmd/job/selection.h"
#include "cmd/line/output.h"
#include "lifecycle/manage/cancel.h"
#include "lifecycle/manage/bulk.h"

struct cancel_options {
    struct cq_selection selection;
    bool enqueue_dependents;
    bool remove_from_dependencies;
};

#define PLACES "queued|deferred|scheduled|started|failed|finished"

static const struct cq_option cancel_options[] = {
    CQ_SELECTION_ROWS,
    CQ_SELECTION_REGISTRY_ROW(
        PLACES, NULL,
        "With --all: where the jobs are: queued, deferred, scheduled, started, failed or finished"),
    CQ_SELECTION_ERROR_ROW,
    {.kind = CQ_OPTION_FLAG,
     .name = "enqueue-dependents",
     .field = offsetof(struct cancel_options, enqueue_dependents),
     .help = "Enqueue the dependents that wait for no other job"},
    {.kind = CQ_OPTION_FLAG,
     .name = "remove-from-dependencies",
     .field = offsetof(struct cancel_options, remove_from_dependencies),
     .help = "Remove the job from the dependents of the jobs that it waits for"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "A canceled job does not run. 'cq requeue --registry canceled' takes that back. A running job continues, "
    "and stays canceled if its worker is cq's; 'cq stop' ends it. Ids of jobs that do not exist or are "
    "canceled already are printed on standard error. The others are canceled, and the status is 1.",
    NULL,
};

const struct cq_syntax cq_cancel_syntax = {
    .arguments = "[JOB_IDS]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct cancel_options),
    .options = cancel_options,
    .notes = notes,
};

static void cancel_one(const char *id, const void *with, struct cq_command *command)
{
    const struct cancel_options *options = with;
    struct cq_cancel cancel = {cq_str(id), options->enqueue_dependents, options->remove_from_dependencies,
                               cq_clock_now()};
    cq_cancel_build(&cancel, command);
}

static void say_canceled(const char *id, const void *options, struct cq_error *err)
{
    (void)options;
    cq_error_set(err, CQ_ERR_INVALID_OPERATION, "job '%s' is canceled already", id);
}

static enum cq_exit cancel_ids(struct cq_session *session, const struct cq_run *run)
{
    static const struct cq_each_id each = {
        .did = "Canceled", .build = cancel_one, .read = cq_cancel_read, .refused = say_canceled};
    return cq_selection_each_id(session, run, &each, NULL);
}

enum cq_exit cq_cancel_command(const struct cq_run *run)
{
    const struct cancel_options *options = run->options;
    struct cq_bulk_work work = {
        .verb = "cancel",
        .did = "canceled",
        .places = PLACES,
        .bulk = {.verb = CQ_BULK_CANCEL,
                 .dependents = options->enqueue_dependents,
                 .detach = options->remove_from_dependencies},
    };
    return cq_selection_command(run, &work, cancel_ids);
}
