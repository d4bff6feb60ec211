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

static enum cq_code requeue_one(struct cq_session *session, const char *id, const void *with,
                                struct cq_error *err)
{
    const struct requeue_options *options = with;
    const struct cq_strv *queues = &options->selection.queues;
    const char *hint = options->selection.registry == 1 ? "" : "; a canceled one needs --registry canceled";
    const char *queue = queues->len ? queues->items[0] : NULL;
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_requeue_build(registry_of(options), cq_str(id), queue ? cq_str(queue) : CQ_STR_NONE, options->at_front,
                     cq_clock_now(), &command);
    enum cq_code code = cq_connection_call(session->connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_requeue_read(reply, err);
    if (code == CQ_ERR_INVALID_OPERATION && queue)
        cq_error_set(err, code, "job '%s' is not among the %s jobs of queue '%s'%s", id, registry_of(options),
                     queue, hint);
    else if (code == CQ_ERR_INVALID_OPERATION)
        cq_error_set(err, code, "job '%s' is not among the %s jobs of its queue%s", id, registry_of(options),
                     hint);
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

/* What is said is what rq says. */
static enum cq_exit requeue_ids(struct cq_session *session, const struct cq_run *run)
{
    const struct requeue_options *options = run->options;
    int64_t failed = 0;
    cq_print("Requeueing %zu jobs from %s queue\n", run->arg_count, registry_of(options));
    enum cq_exit status = cq_each_id(session, run, requeue_one, NULL, &failed);
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
