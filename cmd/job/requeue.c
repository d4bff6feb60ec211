#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "lifecycle/manage.h"
#include "queue/queue.h"
#include "registry/registry.h"

enum {
    CHUNK = 500,    /* jobs a script call requeues */
    BAR_WIDTH = 36, /* as rq's */
};

struct requeue_options {
    bool all;
    const char *queue;
};

#define FIELD(member) offsetof(struct requeue_options, member)

static const struct cq_option requeue_options[] = {
    {.kind = CQ_OPTION_FLAG, .name = "all", .letter = 'a', .field = FIELD(all), .help = "Requeue all failed jobs"},
    {.kind = CQ_OPTION_TEXT,
     .name = "queue",
     .letter = 'q',
     .argument = "NAME",
     .field = FIELD(queue),
     .help = "Only failed jobs of this queue (default: of every queue)"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Failed jobs whose data is gone are skipped and counted. A job id that is not there, or whose job has not failed, is named "
    "on standard error; the others are requeued, and the status is 1.",
    NULL,
};

const struct cq_syntax cq_requeue_syntax = {
    .arguments = "[JOB_IDS]...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct requeue_options),
    .options = requeue_options,
    .notes = notes,
};

/* A progress bar on standard error: drawn only when that is a terminal, at most ten times a second, removed at the end. */
struct progress {
    int64_t total;      /* above 0 */
    bool shown;         /* standard error is a terminal */
    bool drawn;         /* something is on the line now */
    cq_time last_drawn; /* monotonic */
};

static struct progress progress_start(int64_t total)
{
    return (struct progress){.total = total, .shown = isatty(STDERR_FILENO) == 1};
}

static void progress_set(struct progress *progress, int64_t done)
{
    cq_time now = cq_clock_monotonic();
    char bar[BAR_WIDTH + 1];
    if (!progress->shown || (progress->drawn && done < progress->total && now - progress->last_drawn < CQ_SECOND / 10))
        return;
    double share = (double)done / (double)progress->total;
    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)(share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r  [%s]  %3d%%  %lld/%lld\033[K", bar, (int)(share * 100), (long long)done, (long long)progress->total);
    fflush(stderr);
    progress->drawn = true;
    progress->last_drawn = now;
}

static void progress_end(struct progress *progress)
{
    if (progress->drawn)
        fprintf(stderr, "\r\033[K");
    progress->drawn = false;
}

/* Failed jobs of each queue, in one round trip. */
static enum cq_code count_failed(struct cq_connection *connection, const struct cq_strv *queues, int64_t *counts,
                                 struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    for (size_t i = 0; i < queues->len && code == CQ_OK; i++) {
        cq_command_clear(&command);
        cq_registry_count_build(CQ_REGISTRY_FAILED, cq_str(queues->items[i]), &command);
        code = cq_connection_send(connection, &command, err);
    }
    for (size_t i = 0; i < queues->len && code == CQ_OK; i++) {
        struct cq_reply *reply = NULL;
        code = cq_connection_receive(connection, &reply, err);
        if (code == CQ_OK)
            code = cq_reply_check(reply, err);
        counts[i] = cq_reply_int(reply);
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

/* What was done so far, over all queues. */
struct tally {
    int64_t requeued, gone;
    struct progress progress;
};

/*
 * The failed jobs that a queue had when we looked, and no more: the script takes the oldest first, so jobs that are
 * requeued and fail again while we work come after them.
 */
static enum cq_code requeue_queue(struct cq_connection *connection, struct cq_str queue, int64_t count, struct tally *tally,
                                  struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    for (int64_t seen = 0; seen < count && code == CQ_OK;) {
        int64_t requeued = 0, gone = 0, left = 0;
        struct cq_reply *reply = NULL;
        cq_command_clear(&command);
        cq_requeue_all_build(queue, count - seen < CHUNK ? (int)(count - seen) : CHUNK, cq_clock_now(), &command);
        code = cq_connection_call(connection, &command, &reply, err);
        if (code == CQ_OK)
            code = cq_requeue_all_read(reply, &requeued, &gone, &left, err);
        cq_reply_free(reply);
        tally->requeued += requeued;
        tally->gone += gone;
        progress_set(&tally->progress, tally->requeued + tally->gone);
        seen += requeued + gone;
        if (left <= 0 || requeued + gone == 0)
            break;
    }
    cq_command_release(&command);
    return code;
}

static enum cq_exit requeue_all(struct cq_session *session, const struct cq_strv *queues)
{
    int64_t *counts = cq_calloc(queues->len, sizeof(*counts)), total = 0;
    struct tally tally = {0};
    struct cq_error err;
    enum cq_code code = count_failed(session->connection, queues, counts, &err);
    for (size_t i = 0; i < queues->len; i++)
        total += counts[i];
    if (code == CQ_OK && total == 0)
        cq_print("Nothing to do\n");
    else if (code == CQ_OK)
        cq_print("Requeueing %lld jobs from failed queue\n", (long long)total);
    tally.progress = progress_start(total);
    for (size_t i = 0; i < queues->len && code == CQ_OK; i++)
        code = requeue_queue(session->connection, cq_str(queues->items[i]), counts[i], &tally, &err);
    progress_end(&tally.progress);
    if (tally.gone)
        cq_print("%lld jobs were gone and were skipped\n", (long long)tally.gone);
    if (code != CQ_OK)
        cq_complain(session->command, "%s (%lld of %lld jobs were requeued)", err.text, (long long)tally.requeued,
                    (long long)total);
    free(counts);
    return cq_exit_of(code);
}

/* One job named on the command line. An id that cannot be requeued is said and counted, and is no error. */
static enum cq_code requeue_one(struct cq_session *session, const char *id, const char *queue, int64_t *failed,
                                struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    if (!*id || strlen(id) > CQ_NAME_MAX) {
        cq_complain(session->command, "no such job: '%.80s'", id);
        ++*failed;
        return CQ_OK;
    }
    cq_command_init(&command);
    cq_requeue_build(cq_str(id), cq_str(queue), cq_clock_now(), &command);
    enum cq_code code = cq_connection_call(session->connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_requeue_read(reply, err);
    if (code == CQ_ERR_NO_SUCH_JOB || code == CQ_ERR_INVALID_OPERATION) {
        if (code == CQ_ERR_NO_SUCH_JOB)
            cq_complain(session->command, "no such job: '%s'", id);
        else if (queue)
            cq_complain(session->command, "job '%s' is not among the failed jobs of queue '%s'", id, queue);
        else
            cq_complain(session->command, "job '%s' is not among the failed jobs of its queue", id);
        ++*failed;
        code = CQ_OK;
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

static enum cq_exit requeue_ids(struct cq_session *session, const struct cq_run *run, const char *queue)
{
    struct progress progress = progress_start((int64_t)run->arg_count);
    struct cq_error err;
    enum cq_code code = CQ_OK;
    int64_t failed = 0;
    cq_print("Requeueing %zu jobs from failed queue\n", run->arg_count);
    for (size_t i = 0; i < run->arg_count && code == CQ_OK; i++) {
        code = requeue_one(session, run->args[i], queue, &failed, &err);
        progress_set(&progress, (int64_t)i + 1);
    }
    progress_end(&progress);
    if (code != CQ_OK) {
        cq_complain(session->command, "%s", err.text);
        return cq_exit_of(code);
    }
    if (failed)
        cq_print("Unable to requeue %lld jobs from failed job registry\n", (long long)failed);
    return failed ? CQ_EXIT_FAILED : CQ_EXIT_OK;
}

enum cq_exit cq_requeue_command(const struct cq_run *run)
{
    const struct requeue_options *options = run->options;
    struct cq_strv queues = CQ_STRV_INIT;
    struct cq_session session;
    struct cq_error err;
    if (options->queue && cq_queue_name_check(cq_str(options->queue), &err) != CQ_OK) {
        cq_complain(run->name, "%s", err.text);
        return CQ_EXIT_USAGE;
    }
    if (options->all && run->arg_count) {
        cq_complain(run->name, "give job ids or --all, not both");
        return CQ_EXIT_USAGE;
    }
    if (!options->all && !run->arg_count) {
        cq_print("Nothing to do\n");
        return CQ_EXIT_OK;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK && !options->all) {
        status = requeue_ids(&session, run, options->queue);
    } else if (status == CQ_EXIT_OK) {
        if (options->queue)
            cq_strv_push(&queues, cq_str(options->queue));
        else
            status = cq_session_queues(&session, run, &queues);
        if (status == CQ_EXIT_OK)
            status = requeue_all(&session, &queues);
    }
    cq_strv_release(&queues);
    cq_session_close(&session);
    return status;
}
