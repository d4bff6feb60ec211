#include <stdio.h>

#include "base/clock.h"
#include "cmd/enqueue/prepare.h"
#include "cmd/enqueue/wait.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "lifecycle/enqueue.h"
#include "lifecycle/register.h"

/* Its dependencies that do not exist, which count as finished. */
struct missing {
    int64_t count;
    char first[CQ_NAME_MAX + 1];
};

static void count_missing(const struct cq_reply *reply, struct missing *missing)
{
    struct cq_str first = CQ_STR_NONE;
    int64_t count = cq_enqueue_missing(reply, &first);
    if (count > 0 && missing->count == 0)
        snprintf(missing->first, sizeof(missing->first), "%.*s", (int)first.len, first.data);
    missing->count += count;
}

/* Mostly an id was mistyped, and the job would run at once without a word. */
static void warn_of_missing(const char *command, const struct missing *missing)
{
    if (missing->count == 1)
        cq_complain(command, "--depends-on: there is no job '%s' (any more): it counts as finished",
                    missing->first);
    else if (missing->count > 1)
        cq_complain(
            command,
            "--depends-on: %lld of these jobs do not exist (any more), such as '%s': they count as finished",
            (long long)missing->count, missing->first);
}

/* A part of its dependencies in each call. It is enqueued already: who is lost in between says so. */
static enum cq_code register_all(const struct cq_enqueue_work *work, struct cq_connection *connection,
                                 struct missing *missing, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    bool more = true;
    while (code == CQ_OK && more) {
        struct cq_command command;
        struct cq_reply *reply = NULL;
        struct cq_error why;
        cq_command_init(&command);
        cq_register_build(work->job.id, work->job.origin, cq_clock_now(), &command);
        code = cq_connection_call(connection, &command, &reply, &why);
        if (code == CQ_OK)
            code = cq_register_read(reply, &more, &why);
        if (code == CQ_OK)
            count_missing(reply, missing);
        cq_reply_free(reply);
        cq_command_release(&command);
        if (code != CQ_OK)
            code = cq_error_set(err, code,
                                "job '%.40s' is enqueued, but not registered yet with all of its "
                                "dependencies; a cq worker of its queue will do that: %.120s",
                                work->job.id.data, why.text);
    }
    return code;
}

static enum cq_code send(const struct cq_enqueue_work *work, struct cq_connection *connection,
                         struct missing *missing, struct cq_error *err)
{
    struct cq_enqueue enqueue = {.job = &work->job,
                                 .at_front = work->options->at_front,
                                 .unique = work->options->unique,
                                 .now = cq_clock_now(),
                                 .dependencies = work->dependencies,
                                 .dependency_count = work->ids.len,
                                 .due = work->due};
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_enqueue_build(&enqueue, &command);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_enqueue_read(reply, NULL, err);
    if (code == CQ_OK)
        count_missing(reply, missing);
    bool registers = code == CQ_OK && cq_enqueue_registers(reply);
    cq_reply_free(reply);
    cq_command_release(&command);
    return registers ? register_all(work, connection, missing, err) : code;
}

/* RQ: `Enqueued f('x') with job-id 'ID'.`, the call in blue. Its text is a repr, but for the function's
 * name. */
static void say(const struct cq_enqueue_work *work)
{
    if (work->options->print_id) {
        cq_print("%.*s\n", (int)work->job.id.len, work->job.id.data);
        return;
    }
    struct cq_buf line = CQ_BUF_INIT(work->call_text.len + 256);
    cq_buf_text(&line, "Enqueued ");
    cq_output_colored(&line, CQ_BLUE, work->call_text.data);
    cq_buf_printf(&line, " with job-id '%.*s'.\n", (int)work->job.id.len, work->job.id.data);
    cq_print_str(cq_buf_view(&line));
    cq_buf_release(&line);
}

enum cq_exit cq_enqueue_command(const struct cq_run *run)
{
    struct cq_enqueue_work work;
    struct cq_session session;
    struct cq_wait wait = CQ_WAIT_INIT;
    struct missing missing = {0};
    enum cq_format format;
    struct cq_error err;
    cq_enqueue_work_init(&work, run->options);
    enum cq_code code = cq_session_configure(&session, run, &err);
    if (code == CQ_OK)
        code = cq_session_format(&session, &format, &err);
    if (code == CQ_OK)
        code = cq_enqueue_prepare(&work, run, format, &err);
    if (code == CQ_OK)
        code = cq_session_connect(&session, &err);
    if (code == CQ_OK && work.options->wait)
        code = cq_wait_start(&wait, session.connection, work.job.id, &err);
    if (code == CQ_OK)
        code = send(&work, session.connection, &missing, &err);
    enum cq_exit status = cq_exit_of(code);
    if (code == CQ_OK)
        warn_of_missing(run->name, &missing);
    else
        cq_complain(run->name, "%s", err.text);
    if (code == CQ_OK && !work.options->quiet)
        say(&work);
    if (code == CQ_OK && work.options->wait)
        status = cq_wait_result(&wait, session.connection, work.options->wait_timeout_s);
    cq_wait_release(&wait);
    cq_session_close(&session);
    cq_enqueue_work_release(&work);
    return status;
}
