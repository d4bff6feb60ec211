/* cq suspend and cq resume: all workers, as RQ's commands of these names; or single queues, which is cq's
 * own. */
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "lifecycle/manage/pause.h"
#include "lifecycle/manage/suspend.h"
#include "queue/queue.h"

struct suspend_options {
    int64_t duration_s;
    struct cq_strv queues;
};

#define QUEUE_OPTION(text)                              \
    {.kind = CQ_OPTION_TEXTS,                           \
     .name = "queue",                                   \
     .letter = 'q',                                     \
     .argument = "NAME",                                \
     .field = offsetof(struct suspend_options, queues), \
     .help = text}

static const struct cq_option suspend_options[] = {
    QUEUE_OPTION(
        "Pause only this queue, for workers of cq; may be repeated (default: all workers, RQ's too)"),
    {.kind = CQ_OPTION_DURATION,
     .name = "duration",
     .argument = "SECONDS",
     .field = offsetof(struct suspend_options, duration_s),
     .min = 1,
     .max = INT32_MAX,
     .help = "The length of the pause (default: until 'cq resume')"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {"Running jobs continue to their end. Workers of RQ know nothing of "
                                    "paused queues and run them; without --queue they are suspended as well.",
                                    NULL};

const struct cq_syntax cq_suspend_syntax = {.arguments = "",
                                            .options_size = sizeof(struct suspend_options),
                                            .options = suspend_options,
                                            .notes = notes};

static const struct cq_option resume_options[] = {
    QUEUE_OPTION("Resume only this queue, which was suspended by name; may be repeated (default: all "
                 "workers; paused queues stay paused)"),
    {.kind = CQ_OPTION_END},
};

const struct cq_syntax cq_resume_syntax = {
    .arguments = "", .options_size = sizeof(struct suspend_options), .options = resume_options};

static enum cq_exit check_names(const struct cq_run *run, const struct cq_strv *queues)
{
    for (size_t i = 0; i < queues->len; i++) {
        struct cq_error err;
        if (cq_queue_name_check(cq_str(queues->items[i]), &err) != CQ_OK) {
            cq_complain(run->name, "--queue: %s", err.text);
            return CQ_EXIT_USAGE;
        }
    }
    return CQ_EXIT_OK;
}

/* The reply is to be no error; that of pause.lua is kept in *ret_reply, which may be NULL. */
static enum cq_exit call(const struct cq_run *run, struct cq_command *command, struct cq_reply **ret_reply)
{
    struct cq_session session;
    struct cq_reply *reply = NULL;
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK)
        status = cq_session_call(&session, command, &reply);
    if (status == CQ_EXIT_OK && ret_reply)
        *ret_reply = reply;
    else
        cq_reply_free(reply);
    cq_session_close(&session);
    return status;
}

static void say_paused(const char *queue, int64_t duration_s)
{
    cq_print("Queue ");
    cq_print_name(cq_str(queue));
    if (duration_s > 0) {
        cq_print(" is paused for %lld seconds", (long long)duration_s);
    } else {
        cq_print(" is paused until 'cq resume --queue ");
        cq_print_name(cq_str(queue));
        cq_print("'");
    }
    cq_print(": workers of cq start none of its jobs. Workers of RQ do.\n");
}

static void say_resumed(const char *queue, bool was_paused)
{
    cq_print("Queue ");
    cq_print_name(cq_str(queue));
    cq_print(was_paused ? " is resumed.\n" : " was not paused.\n");
}

/* duration_s below 0: resume. */
static enum cq_exit pause_queues(const struct cq_run *run, const struct cq_strv *queues, int64_t duration_s)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    struct cq_error err;
    enum cq_exit status = check_names(run, queues);
    if (status != CQ_EXIT_OK)
        return status;
    cq_command_init(&command);
    if (duration_s < 0)
        cq_pause_end_build(queues, cq_clock_now(), &command);
    else
        cq_pause_build(queues, duration_s, cq_clock_now(), &command);
    status = call(run, &command, &reply);
    if (status == CQ_EXIT_OK && cq_pause_read(reply, queues->len, &err) != CQ_OK) {
        cq_complain(run->name, "%s", err.text);
        status = cq_exit_of(err.code);
    }
    for (size_t i = 0; i < queues->len && status == CQ_EXIT_OK; i++) {
        if (duration_s < 0)
            say_resumed(queues->items[i], cq_pause_was(reply, i));
        else
            say_paused(queues->items[i], duration_s);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    return status;
}

enum cq_exit cq_suspend_command(const struct cq_run *run)
{
    const struct suspend_options *options = run->options;
    bool forever = options->duration_s == CQ_OPTION_UNSET;
    struct cq_command command;
    if (options->queues.len)
        return pause_queues(run, &options->queues, forever ? 0 : options->duration_s);
    cq_command_init(&command);
    cq_suspend_build(forever ? 0 : options->duration_s, &command);
    enum cq_exit status = call(run, &command, NULL);
    cq_command_release(&command);
    if (status == CQ_EXIT_OK && forever)
        cq_print("Suspending workers.  No new jobs will be started.  But current jobs will be completed\n");
    else if (status == CQ_EXIT_OK)
        cq_print("Suspending workers for %lld seconds. No new jobs will be started during that time, but "
                 "then will "
                 "automatically resume\n",
                 (long long)options->duration_s);
    return status;
}

enum cq_exit cq_resume_command(const struct cq_run *run)
{
    const struct suspend_options *options = run->options;
    struct cq_command command;
    if (options->queues.len)
        return pause_queues(run, &options->queues, -1);
    cq_command_init(&command);
    cq_resume_build(&command);
    enum cq_exit status = call(run, &command, NULL);
    cq_command_release(&command);
    if (status == CQ_EXIT_OK)
        cq_print("Resuming workers.\n");
    return status;
}
