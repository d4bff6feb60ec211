#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "lifecycle/manage.h"

struct suspend_options {
    int64_t duration_s;
};

static const struct cq_option suspend_options[] = {
    {.kind = CQ_OPTION_DURATION,
     .name = "duration",
     .argument = "SECONDS",
     .field = offsetof(struct suspend_options, duration_s),
     .min = 1,
     .max = INT32_MAX,
     .help = "How long the workers are suspended (default: until 'cq resume')"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {"Jobs that run now go on to their end.", NULL};

const struct cq_syntax cq_suspend_syntax = {
    .arguments = "", .options_size = sizeof(struct suspend_options), .options = suspend_options, .notes = notes};

const struct cq_syntax cq_resume_syntax = {.arguments = ""};

/* Both are one command whose reply only has to be no error. */
static enum cq_exit call(const struct cq_run *run, struct cq_command *command)
{
    struct cq_session session;
    struct cq_reply *reply = NULL;
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK)
        status = cq_session_call(&session, command, &reply);
    cq_reply_free(reply);
    cq_session_close(&session);
    return status;
}

enum cq_exit cq_suspend_command(const struct cq_run *run)
{
    const struct suspend_options *options = run->options;
    bool forever = options->duration_s == CQ_OPTION_UNSET;
    struct cq_command command;
    cq_command_init(&command);
    cq_suspend_build(forever ? 0 : options->duration_s, &command);
    enum cq_exit status = call(run, &command);
    cq_command_release(&command);
    if (status == CQ_EXIT_OK && forever)
        cq_print("Suspending workers.  No new jobs will be started.  But current jobs will be completed\n");
    else if (status == CQ_EXIT_OK)
        cq_print("Suspending workers for %lld seconds. No new jobs will be started during that time, but then will "
                 "automatically resume\n",
                 (long long)options->duration_s);
    return status;
}

enum cq_exit cq_resume_command(const struct cq_run *run)
{
    struct cq_command command;
    cq_command_init(&command);
    cq_resume_build(&command);
    enum cq_exit status = call(run, &command);
    cq_command_release(&command);
    if (status == CQ_EXIT_OK)
        cq_print("Resuming workers.\n");
    return status;
}
