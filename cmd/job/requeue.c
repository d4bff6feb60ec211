#include "cmd/job/selection.h"
#include "cmd/line/output.h"
#include "lifecycle/manage/bulk.h"
#include "lifecycle/manage/requeue.h"

struct requeue_options {
    struct cq_selection selection;
    bool at_front;
};

#define PLACES "failed|canceled"

static const struct cq_option requeue_options[] = {
    CQ_SELECTION_ROWS,
    CQ_SELECTION_REGISTRY_ROW(PLACES, "failed", "Where the jobs are: failed or canceled"),
    CQ_SELECTION_ERROR_ROW,
    {.kind = CQ_OPTION_FLAG,
     .name = "at-front",
     .field = offsetof(struct requeue_options, at_front),
     .help = "Put the jobs at the front of their queues"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Failed jobs whose data is gone are skipped and counted. Ids of jobs that do not exist or have not "
    "failed are printed on standard error. The others are requeued, and the status is 1. A canceled job that "
    "waited for others runs without them.",
    NULL,
};

const struct cq_syntax cq_requeue_syntax = {
    .arguments = "[JOB_IDS]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct requeue_options),
    .options = requeue_options,
    .notes = notes,
};

static const char *registry_of(const struct requeue_options *options)
{
    return options->selection.registry == 1 ? "canceled" : "failed";
}

static const char *queue_of(const struct requeue_options *options)
{
    return options->selection.queues.len ? options->selection.queues.items[0] : NULL;
}

static void requeue_one(const char *id, const void *with, struct cq_command *command)
{
    const struct requeue_options *options = with;
    cq_requeue_build(registry_of(options), cq_str(id), cq_str(queue_of(options)), options->at_front,
                     cq_clock_now(), command);
}

static void say_where_it_is_not(const char *id, const void *with, struct cq_error *err)
{
    const struct requeue_options *options = with;
    const char *hint = options->selection.registry == 1 ? "" : "; a canceled one needs --registry canceled";
    if (queue_of(options))
        cq_error_set(err, CQ_ERR_INVALID_OPERATION, "job '%s' is not among the %s jobs of queue '%s'%s", id,
                     registry_of(options), queue_of(options), hint);
    else
        cq_error_set(err, CQ_ERR_INVALID_OPERATION, "job '%s' is not among the %s jobs of its queue%s", id,
                     registry_of(options), hint);
}

/* What is said is what rq says. */
static enum cq_exit requeue_ids(struct cq_session *session, const struct cq_run *run)
{
    static const struct cq_each_id each = {
        .build = requeue_one, .read = cq_requeue_read, .refused = say_where_it_is_not};
    const struct requeue_options *options = run->options;
    int64_t failed = 0;
    cq_print("Requeueing %zu jobs from %s queue\n", run->arg_count, registry_of(options));
    enum cq_exit status = cq_selection_each_id(session, run, &each, &failed);
    if (failed)
        cq_print("Unable to requeue %lld jobs from %s job registry\n", (long long)failed,
                 registry_of(options));
    return status;
}

enum cq_exit cq_requeue_command(const struct cq_run *run)
{
    const struct requeue_options *options = run->options;
    struct cq_bulk_work work = {
        .verb = "requeue",
        .did = "requeued",
        .places = PLACES,
        .bulk = {.verb = CQ_BULK_REQUEUE, .at_front = options->at_front},
        .ids_have_queue = true,
    };
    return cq_selection_command(run, &work, requeue_ids);
}
