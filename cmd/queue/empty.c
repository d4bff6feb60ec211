#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "lifecycle/manage/empty.h"
#include "queue/queue.h"

enum { CHUNK = 500 }; /* jobs a script call removes */

struct empty_options {
    bool all;
};

static const struct cq_option empty_options[] = {
    {.kind = CQ_OPTION_FLAG,
     .name = "all",
     .letter = 'a',
     .field = offsetof(struct empty_options, all),
     .help = "Empty all queues"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Removes the jobs that wait in the queues, with their results and all else that belongs to them. Also "
    "removes the deferred jobs, on any queue, that wait for these. Running, failed and finished jobs stay.",
    NULL,
};

const struct cq_syntax cq_empty_syntax = {
    .arguments = "[QUEUES]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct empty_options),
    .options = empty_options,
    .notes = notes,
};

static enum cq_exit queue_len(struct cq_session *session, struct cq_str queue, int64_t *ret_len)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_queue_len_build(queue, &command);
    enum cq_exit status = cq_session_call(session, &command, &reply);
    *ret_len = cq_reply_int(reply);
    cq_reply_free(reply);
    cq_command_release(&command);
    return status;
}

static enum cq_exit empty_chunk(struct cq_session *session, struct cq_str queue, int64_t *ret_removed,
                                int64_t *ret_left)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    struct cq_error err;
    cq_command_init(&command);
    cq_empty_build(queue, CHUNK, &command);
    enum cq_exit status = cq_session_call(session, &command, &reply);
    if (status == CQ_EXIT_OK) {
        enum cq_code code = cq_empty_read(reply, ret_removed, ret_left, &err);
        if (code != CQ_OK)
            cq_complain(session->command, "%s", err.text);
        status = cq_exit_of(code);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    return status;
}

/* As many jobs as the queue had at the start: a queue that is filled as fast as it is emptied must not hold
 * us for ever. A call that removes none was busy with the dependents of one. */
static enum cq_exit empty_queue(struct cq_session *session, const char *name)
{
    struct cq_str queue = cq_str(name);
    int64_t len = 0, removed = 0, chunk = 0, left = 1;
    session->about = name;
    enum cq_exit status = queue_len(session, queue, &len);
    while (status == CQ_EXIT_OK && left > 0 && removed <= len) {
        status = empty_chunk(session, queue, &chunk, &left);
        removed += status == CQ_EXIT_OK ? chunk : 0;
    }
    if (status == CQ_EXIT_OK || removed) {
        cq_print("%lld jobs removed from ", (long long)removed);
        cq_print_name(queue);
        cq_print(" queue\n");
    }
    return status;
}

enum cq_exit cq_empty_command(const struct cq_run *run)
{
    const struct empty_options *options = run->options;
    struct cq_strv queues = CQ_STRV_INIT;
    struct cq_session session;
    if (options->all && run->arg_count) {
        cq_complain(run->name, "give queues or --all, not both");
        return CQ_EXIT_USAGE;
    }
    if (!options->all && !run->arg_count) {
        cq_print("Nothing to do\n");
        return CQ_EXIT_OK;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK)
        status = cq_session_queues(&session, run, &queues);
    if (status == CQ_EXIT_OK && !queues.len)
        cq_print("Nothing to do\n");
    for (size_t i = 0; status == CQ_EXIT_OK && i < queues.len; i++)
        status = empty_queue(&session, queues.items[i]);
    cq_strv_release(&queues);
    cq_session_close(&session);
    return status;
}
