/* cq stop: what send_stop_job_command() does from Python, and then it waits until the jobs have stopped. */
#include "cmd/job/stop.h"

#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "cmd/line/output.h"
#include "job/job.h"
#include "lifecycle/manage/stop.h"

struct stop_options {
    struct cq_selection selection;
    int64_t timeout_s;
    bool no_wait;
};

static const struct cq_option stop_options[] = {
    CQ_SELECTION_ROWS,
    {.kind = CQ_OPTION_DURATION,
     .name = "timeout",
     .argument = "DURATION",
     .field = offsetof(struct stop_options, timeout_s),
     .min = 0,
     .max = INT32_MAX,
     .fallback = "30",
     .help = "How long to wait until the jobs have stopped"},
    {.kind = CQ_OPTION_FLAG,
     .name = "no-wait",
     .field = offsetof(struct stop_options, no_wait),
     .help = "Tell the workers, and do not wait"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "The worker kills the process of the job. The job is not retried. Its status is stopped, it is among the "
    "failed jobs, and 'cq requeue' runs it again. Status 1: a job does not run, its worker does not listen, "
    "or it has not stopped in time.",
    NULL,
};

const struct cq_syntax cq_stop_syntax = {
    .arguments = "[JOB_IDS]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct stop_options),
    .options = stop_options,
    .notes = notes,
};

enum {
    IDS_AT_ONCE = 100,
    WAITED_MOST = 1000, /* jobs of one look; more are running on a large site only */
    LOOK_NS = 50 * 1000 * 1000,
};

/* A job whose worker was told. */
struct told {
    char *id, *queue, *member; /* owned */
};

struct cq_stop_work {
    struct cq_session *session;
    struct told *jobs; /* owned; those that still run, from the first to the last */
    size_t count, cap;
    int64_t stopped, ended, failed; /* failed: said on standard error */
};

static void add(struct cq_stop_work *stop, struct cq_str id, const struct cq_stopping *item)
{
    if (stop->count == stop->cap) {
        stop->cap = stop->cap ? 2 * stop->cap : 16;
        stop->jobs = cq_realloc(stop->jobs, stop->cap * sizeof(*stop->jobs));
    }
    stop->jobs[stop->count++] = (struct told){cq_strndup(id.data, id.len),
                                              cq_strndup(item->queue.data, item->queue.len),
                                              cq_strndup(item->member.data, item->member.len)};
}

static void drop(struct told *job)
{
    free(job->id);
    free(job->queue);
    free(job->member);
}

/* A job that cannot be stopped is named when it was asked for by its id; one that a page had may have ended
 * since. */
static void take(struct cq_stop_work *stop, struct cq_str id, const struct cq_stopping *item, bool named)
{
    const char *command = stop->session->command;
    if (item->verdict == CQ_STOP_TOLD) {
        add(stop, id, item);
        return;
    }
    if (item->verdict != CQ_STOP_UNHEARD && !named)
        return;
    stop->failed++;
    if (item->verdict == CQ_STOP_NO_JOB)
        cq_complain(command, "no such job: '%.*s'", (int)(id.len < 80 ? id.len : 80), id.data);
    else if (item->verdict == CQ_STOP_NOT_RUNNING)
        cq_complain(command, "job '%.*s' is not running, it is %.*s", (int)id.len, id.data,
                    (int)item->status.len, item->status.data);
    else
        cq_complain(command,
                    "job '%.*s' was not stopped: its worker '%.*s' does not listen; if that is dead, other "
                    "workers will find the job abandoned",
                    (int)id.len, id.data, (int)item->worker.len, item->worker.data);
}

static enum cq_code tell(struct cq_stop_work *stop, const struct cq_str *ids, size_t count, bool named,
                         struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    for (size_t from = 0; from < count && code == CQ_OK; from += IDS_AT_ONCE) {
        size_t answers = 0, some = count - from < IDS_AT_ONCE ? count - from : IDS_AT_ONCE;
        struct cq_reply *reply = NULL;
        cq_command_clear(&command);
        cq_stop_build(ids + from, some, &command);
        code = cq_connection_call(stop->session->connection, &command, &reply, err);
        if (code == CQ_OK)
            code = cq_stop_read(reply, &answers, err);
        for (size_t i = 0; code == CQ_OK && i < answers && i < some; i++) {
            struct cq_stopping item;
            cq_stop_item(reply, i, &item);
            take(stop, ids[from + i], &item, named);
        }
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

/* Which of the first `count` have ended: their executions are in rq:wip no more. The others move to the
 * front. */
static enum cq_code look(struct cq_stop_work *stop, size_t count, struct cq_error *err)
{
    struct cq_connection *connection = stop->session->connection;
    struct cq_command command;
    size_t kept = 0;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    for (size_t i = 0; i < count && code == CQ_OK; i++) {
        struct cq_key wip = cq_key_registry("wip", cq_str(stop->jobs[i].queue)),
                      job = cq_key_job(cq_str(stop->jobs[i].id));
        cq_command_clear(&command);
        cq_command_texts(&command, "ZSCORE", wip.text, stop->jobs[i].member, NULL);
        code = cq_connection_send(connection, &command, err);
        cq_command_clear(&command);
        cq_command_texts(&command, "HGET", job.text, "status", NULL);
        if (code == CQ_OK)
            code = cq_connection_send(connection, &command, err);
    }
    cq_command_release(&command);
    if (code != CQ_OK)
        return code;
    for (size_t i = 0; i < stop->count; i++) {
        struct cq_reply *score = NULL, *status = NULL;
        if (i < count && code == CQ_OK)
            code = cq_connection_receive(connection, &score, err);
        if (i < count && code == CQ_OK)
            code = cq_connection_receive(connection, &status, err);
        bool has_ended = i < count && code == CQ_OK && cq_reply_type(score) == CQ_REPLY_NIL;
        if (has_ended) {
            *(cq_str_is(cq_reply_str(status), "stopped") ? &stop->stopped : &stop->ended) += 1;
            drop(&stop->jobs[i]);
        } else {
            stop->jobs[kept++] = stop->jobs[i];
        }
        cq_reply_free(score);
        cq_reply_free(status);
    }
    stop->count = kept;
    return code;
}

static enum cq_code wait_for(struct cq_stop_work *stop, int64_t timeout_s, struct cq_error *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    cq_time deadline = cq_clock_monotonic() + timeout_s * CQ_SECOND;
    enum cq_code code = CQ_OK;
    struct cq_progress progress = cq_progress_start((int64_t)stop->count);
    while (stop->count && code == CQ_OK && !cq_interrupted()) {
        code = look(stop, stop->count < WAITED_MOST ? stop->count : WAITED_MOST, err);
        cq_progress_set(&progress, progress.total - (int64_t)stop->count);
        if (cq_clock_monotonic() >= deadline)
            break;
        if (stop->count && code == CQ_OK)
            nanosleep(&pause, NULL);
    }
    cq_progress_clear(&progress);
    return code;
}

/* Wait, say what became of them, free. status: so far. */
static enum cq_exit finish(struct cq_stop_work *stop, const struct stop_options *options, enum cq_exit status)
{
    struct cq_error err;
    char text[CQ_JOBS_TEXT_SIZE];
    int64_t told = (int64_t)stop->count;
    enum cq_code code = CQ_OK;
    if (status == CQ_EXIT_OK && !options->no_wait)
        code = wait_for(stop, options->timeout_s, &err);
    if (code != CQ_OK) {
        cq_complain(stop->session->command, "%s", err.text);
        status = cq_exit_of(code);
    } else if (status == CQ_EXIT_OK && options->no_wait) {
        cq_print("Told the workers of %s to stop them\n", cq_jobs_text(told, text));
    } else if (status == CQ_EXIT_OK) {
        cq_print("Stopped %s\n", cq_jobs_text(stop->stopped, text));
        if (stop->ended)
            cq_print("%s ended otherwise\n", cq_jobs_text(stop->ended, text));
        if (stop->count)
            cq_complain(stop->session->command, "%s still running %s",
                        cq_jobs_text((int64_t)stop->count, text),
                        cq_interrupted() ? "when you interrupted; their workers were told"
                                         : "at the timeout; their workers were told");
    }
    if (status == CQ_EXIT_OK && (stop->failed || (stop->count && !options->no_wait)))
        status = CQ_EXIT_FAILED;
    for (size_t i = 0; i < stop->count; i++)
        drop(&stop->jobs[i]);
    free(stop->jobs);
    return status;
}

static enum cq_exit stop_ids(struct cq_session *session, const struct cq_run *run)
{
    struct cq_stop_work stop = {.session = session};
    struct cq_str *ids = cq_calloc(run->arg_count, sizeof(*ids));
    struct cq_error err;
    for (size_t i = 0; i < run->arg_count; i++)
        ids[i] = cq_str(run->args[i]);
    cq_interrupt_catch();
    enum cq_code code = tell(&stop, ids, run->arg_count, true, &err);
    if (code != CQ_OK)
        cq_complain(session->command, "%s", err.text);
    free(ids);
    return finish(&stop, run->options, cq_exit_of(code));
}

enum cq_code cq_stop_page(struct cq_stop_work *stop, struct cq_bulk_work *work, const struct cq_str *ids,
                          size_t count, struct cq_error *err)
{
    size_t before = stop->count;
    stop->session = work->session;
    cq_progress_clear(&work->progress);
    enum cq_code code = tell(stop, ids, count, false, err);
    work->done += (int64_t)(stop->count - before);
    return code;
}

enum cq_exit cq_stop_end(struct cq_stop_work *stop, struct cq_session *session, const struct cq_run *run,
                         enum cq_exit status)
{
    stop->session = session;
    return finish(stop, run->options, status);
}

enum cq_exit cq_stop_command(const struct cq_run *run)
{
    struct cq_stop_work stop = {0};
    struct cq_bulk_work work = {
        .verb = "stop",
        .did = "stopped",
        .places = "started",
        .stop = &stop,
    };
    return cq_selection_command(run, &work, stop_ids);
}
