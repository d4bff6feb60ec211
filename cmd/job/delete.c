/* cq delete: what Job.delete() does from Python. */
#include "cmd/job/selection.h"
#include "cmd/line/output.h"
#include "lifecycle/manage/bulk.h"
#include "lifecycle/manage/remove.h"

struct delete_options {
    struct cq_selection selection;
    bool dependents;
};

#define PLACES "queued|deferred|scheduled|started|failed|finished|canceled"

static const struct cq_option delete_options[] = {
    CQ_SELECTION_ROWS,
    CQ_SELECTION_REGISTRY_ROW(
        PLACES, NULL,
        "With --all: where the jobs are: queued, deferred, scheduled, started, failed, finished or canceled"),
    CQ_SELECTION_ERROR_ROW,
    {.kind = CQ_OPTION_FLAG,
     .name = "dependents",
     .field = offsetof(struct delete_options, dependents),
     .help = "Also delete the jobs that wait for it; without this option RQ's workers never run them, and "
             "cq's run them after the next maintenance"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Deletes a job with its results, executions and all else that belongs to it. A running job continues, "
    "and its outcome is dropped; 'cq stop' ends it. Ids of jobs that do not exist are printed on standard "
    "error. The others are deleted, and the status is 1.",
    NULL,
};

const struct cq_syntax cq_delete_syntax = {
    .arguments = "[JOB_IDS]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct delete_options),
    .options = delete_options,
    .notes = notes,
};

static void delete_one(const char *id, const void *with, struct cq_command *command)
{
    const struct delete_options *options = with;
    if (options->dependents)
        cq_remove_family_build(cq_str(id), cq_clock_now(), command);
    else
        cq_remove_build(cq_str(id), cq_clock_now(), command);
}

static enum cq_exit delete_ids(struct cq_session *session, const struct cq_run *run)
{
    static const struct cq_each_id each = {
        .did = "Deleted", .build = delete_one, .read = cq_remove_read, .again = cq_remove_again};
    return cq_selection_each_id(session, run, &each, NULL);
}

enum cq_exit cq_delete_command(const struct cq_run *run)
{
    const struct delete_options *options = run->options;
    struct cq_bulk_work work = {
        .verb = "delete",
        .did = "deleted",
        .places = PLACES,
        .bulk = {.verb = CQ_BULK_DELETE, .dependents = options->dependents},
    };
    return cq_selection_command(run, &work, delete_ids);
}
