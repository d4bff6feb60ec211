#include "cmd/job/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/job/chunks.h"
#include "cmd/job/stop.h"
#include "cmd/line/output.h"
#include "queue/queue.h"

const char *cq_jobs_text(int64_t count, char text[CQ_JOBS_TEXT_SIZE])
{
    snprintf(text, CQ_JOBS_TEXT_SIZE, "%lld job%s", (long long)count, count == 1 ? "" : "s");
    return text;
}

/* The place of a command's nth word: words are those of cq_place_word, in the command's own order. */
static enum cq_place place_of(const char *words, int index)
{
    while (index-- > 0)
        words = strchr(words, '|') + 1;
    size_t len = strcspn(words, "|");
    for (int place = 0; place < CQ_PLACE_COUNT_OF; place++)
        if (cq_str_eq(cq_str(cq_place_word((enum cq_place)place)), cq_str_n(words, len)))
            return (enum cq_place)place;
    return CQ_PLACE_FAILED;
}

static const char *needs_all(const struct cq_selection *selection)
{
    if (selection->function)
        return "--function";
    if (selection->older_than_s != CQ_OPTION_UNSET)
        return "--older-than";
    if (selection->error)
        return "--error";
    return selection->dry_run ? "--dry-run" : NULL;
}

/* What is wrong with the selection, in `wrong`; false: nothing. */
static bool is_wrong(const struct cq_run *run, const struct cq_bulk_work *work, char *wrong, size_t size)
{
    const struct cq_selection *selection = run->options;
    struct cq_error err;
    const char *alone = needs_all(selection);
    wrong[0] = '\0';
    for (size_t i = 0; i < selection->queues.len && !wrong[0]; i++)
        if (cq_queue_name_check(cq_str(selection->queues.items[i]), &err) != CQ_OK)
            snprintf(wrong, size, "%s", err.text);
    if (wrong[0])
        return true;
    if (selection->all && run->arg_count)
        snprintf(wrong, size, "give job ids or --all, not both");
    else if (!selection->all && run->arg_count && selection->queues.len > (work->ids_have_queue ? 1 : 0))
        snprintf(wrong, size,
                 work->ids_have_queue ? "give job ids of one --queue only"
                                      : "--queue goes with --all, not with job ids");
    else if (!selection->all && alone)
        snprintf(wrong, size, "%s goes with --all, not with job ids", alone);
    else if (!selection->all && selection->registry >= 0 && strchr(work->places, '|') &&
             !work->ids_have_queue)
        snprintf(wrong, size, "--registry goes with --all, not with job ids");
    else if (!selection->all && selection->queues.len && !run->arg_count && !work->ids_have_queue)
        snprintf(wrong, size, "--queue goes with --all");
    else if (selection->all && strchr(work->places, '|') && selection->registry < 0)
        snprintf(wrong, size, "--all of which registry? give --registry %s", work->places);
    else if (selection->error &&
             place_of(work->places, selection->registry < 0 ? 0 : selection->registry) != CQ_PLACE_FAILED)
        snprintf(wrong, size, "--error goes with --registry failed: other jobs have no failure");
    else if (selection->function && !*selection->function)
        snprintf(wrong, size, "--function needs the name of a function or module");
    else if (selection->error && !*selection->error)
        snprintf(wrong, size, "--error needs a text");
    return wrong[0] != '\0';
}

static enum cq_code queues_of(struct cq_session *session, const struct cq_selection *selection,
                              struct cq_strv *queues, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    for (size_t i = 0; i < selection->queues.len; i++)
        cq_strv_push(queues, cq_str(selection->queues.items[i]));
    if (queues->len)
        return CQ_OK;
    cq_command_init(&command);
    cq_queue_names_build(&command);
    enum cq_code code = cq_connection_call(session->connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_queue_names_read(reply, queues, err);
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

/* A key that holds something else is to be found, and the other queues can be named one by one. */
static enum cq_code say_where(const struct cq_bulk_work *work, const char *queue, enum cq_code code,
                              struct cq_error *err)
{
    if (code != CQ_ERR_REDIS)
        return code;
    struct cq_error why = *err;
    return cq_error_set(err, code, "%s jobs of queue '%.60s': %.180s", cq_place_word(work->place), queue,
                        why.text);
}

/* How many there are in each queue, in one round trip. */
static enum cq_code count_all(struct cq_bulk_work *work, const struct cq_strv *queues, int64_t *counts,
                              struct cq_error *err)
{
    struct cq_connection *connection = work->session->connection;
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    for (size_t i = 0; i < queues->len && code == CQ_OK; i++) {
        cq_place_count_build(work->place, cq_str(queues->items[i]), &command);
        code = cq_connection_send(connection, &command, err);
    }
    for (size_t i = 0; i < queues->len && code == CQ_OK; i++) {
        struct cq_reply *reply = NULL;
        code = cq_connection_receive(connection, &reply, err);
        if (code == CQ_OK)
            code = say_where(work, queues->items[i], cq_reply_check(reply, err), err);
        counts[i] = cq_reply_int(reply);
        work->total += counts[i];
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

static void say_rest(struct cq_bulk_work *work)
{
    char text[CQ_JOBS_TEXT_SIZE];
    if (work->gone)
        cq_print("%lld jobs were gone and were skipped\n", (long long)work->gone);
    if (work->broken)
        cq_complain(work->session->command, "%s left alone, their keys hold something else: %s",
                    cq_jobs_text(work->broken, text), work->fault);
    if (cq_interrupted())
        cq_complain(work->session->command,
                    "interrupted: %lld of %lld jobs were %s; the others are as they were",
                    (long long)work->done, (long long)work->total, work->did);
}

/* `Deleted 3 of 5 jobs`; a requeue of all says at its start what it is about, as rq's does. A dry run's
 * answer is the ids and nothing else, for other commands to read. */
static void say_done(struct cq_bulk_work *work)
{
    char text[CQ_JOBS_TEXT_SIZE];
    if (work->selection->dry_run)
        cq_complain(work->session->command, "would %s %lld of %s", work->verb, (long long)work->done,
                    cq_jobs_text(work->total, text));
    else if (!cq_filter_is_any(&work->filter))
        cq_print("%c%s %lld of %s\n", work->did[0] - 'a' + 'A', work->did + 1, (long long)work->done,
                 cq_jobs_text(work->total, text));
    else if (work->bulk.verb != CQ_BULK_REQUEUE)
        cq_print("%c%s %s\n", work->did[0] - 'a' + 'A', work->did + 1, cq_jobs_text(work->done, text));
}

static enum cq_code run_queues(struct cq_bulk_work *work, const struct cq_strv *queues, struct cq_error *err)
{
    int64_t *counts = cq_calloc(queues->len ? queues->len : 1, sizeof(*counts));
    enum cq_code code = count_all(work, queues, counts, err);
    bool requeues = !work->stop && work->bulk.verb == CQ_BULK_REQUEUE;
    if (code == CQ_OK && work->total == 0 && work->selection->dry_run)
        cq_complain(work->session->command, "nothing to do");
    else if (code == CQ_OK && work->total == 0)
        cq_print("Nothing to do\n");
    else if (code == CQ_OK && requeues && !work->selection->dry_run && cq_filter_is_any(&work->filter))
        cq_print("Requeueing %lld jobs from %s queue\n", (long long)work->total, cq_place_word(work->place));
    if (code == CQ_OK && work->total) {
        work->progress = cq_progress_start(work->total);
        cq_interrupt_catch();
        code = cq_chunks_begin(work, err);
        for (size_t i = 0; i < queues->len && code == CQ_OK && !cq_interrupted(); i++)
            if (counts[i])
                code = say_where(work, queues->items[i],
                                 cq_chunks_of(work, cq_str(queues->items[i]), counts[i], err), err);
        cq_progress_clear(&work->progress);
    }
    free(counts);
    return code;
}

static enum cq_exit run_all(struct cq_session *session, const struct cq_run *run, struct cq_bulk_work *work)
{
    struct cq_strv queues = CQ_STRV_INIT;
    struct cq_error err;
    const struct cq_selection *selection = run->options;
    work->session = session;
    work->selection = selection;
    work->place = place_of(work->places, selection->registry < 0 ? 0 : selection->registry);
    cq_filter_init(&work->filter, work->place);
    work->filter.function = selection->function;
    work->filter.error = selection->error;
    work->bulk.since = cq_clock_now();
    if (selection->older_than_s != CQ_OPTION_UNSET)
        work->filter.older_than = work->bulk.since - selection->older_than_s * CQ_SECOND;
    enum cq_code code = queues_of(session, selection, &queues, &err);
    if (code == CQ_OK)
        code = run_queues(work, &queues, &err);
    if (code != CQ_OK)
        cq_complain(session->command, "%s (%lld of %lld jobs were %s)", err.text, (long long)work->done,
                    (long long)work->total, work->did);
    else if (work->total && (!work->stop || selection->dry_run))
        say_done(work);
    if (!work->stop)
        say_rest(work);
    cq_filter_release(&work->filter);
    cq_strv_release(&queues);
    enum cq_exit status = code == CQ_OK && !work->stop && (work->broken || cq_interrupted())
                              ? CQ_EXIT_FAILED
                              : cq_exit_of(code);
    return work->stop && work->total && !selection->dry_run ? cq_stop_end(work->stop, session, run, status)
                                                            : status;
}

enum cq_exit cq_selection_command(const struct cq_run *run, struct cq_bulk_work *work, cq_ids_fn *ids)
{
    const struct cq_selection *selection = run->options;
    struct cq_session session;
    char wrong[320];
    if (is_wrong(run, work, wrong, sizeof(wrong))) {
        cq_complain(run->name, "%s", wrong);
        return CQ_EXIT_USAGE;
    }
    if (!selection->all && !run->arg_count) {
        cq_print("Nothing to do\n");
        return CQ_EXIT_OK;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK)
        status = selection->all ? run_all(&session, run, work) : ids(&session, run);
    cq_session_close(&session);
    return status;
}

static enum cq_code do_one(struct cq_session *session, const char *id, const void *options,
                           const struct cq_each_id *each, struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code;
    bool again;
    cq_command_init(&command);
    do {
        struct cq_reply *reply = NULL;
        cq_command_clear(&command);
        each->build(id, options, &command);
        code = cq_connection_call(session->connection, &command, &reply, err);
        if (code == CQ_OK)
            code = each->read(reply, err);
        again = code == CQ_OK && each->again && each->again(reply) && !cq_interrupted();
        cq_reply_free(reply);
    } while (again);
    cq_command_release(&command);
    if (code == CQ_ERR_INVALID_OPERATION && each->refused)
        each->refused(id, options, err);
    return code;
}

enum cq_exit cq_selection_each_id(struct cq_session *session, const struct cq_run *run,
                                  const struct cq_each_id *each, int64_t *ret_failed)
{
    struct cq_progress progress = cq_progress_start((int64_t)run->arg_count);
    struct cq_error err;
    enum cq_code code = CQ_OK;
    char text[CQ_JOBS_TEXT_SIZE];
    int64_t failed = 0;
    cq_interrupt_catch();
    size_t i;
    for (i = 0; i < run->arg_count && code == CQ_OK && !cq_interrupted(); i++) {
        const char *id = run->args[i];
        code = !*id || strlen(id) > CQ_NAME_MAX ? CQ_ERR_NO_SUCH_JOB
                                                : do_one(session, id, run->options, each, &err);
        if (code == CQ_ERR_NO_SUCH_JOB || code == CQ_ERR_INVALID_OPERATION) {
            cq_progress_clear(&progress);
            if (code == CQ_ERR_NO_SUCH_JOB)
                cq_complain(session->command, "no such job: '%.80s'", id);
            else
                cq_complain(session->command, "%s", err.text);
            failed++;
            code = CQ_OK;
        }
        cq_progress_set(&progress, (int64_t)i + 1);
    }
    cq_progress_clear(&progress);
    if (code != CQ_OK)
        cq_complain(session->command, "%s", err.text);
    else if (i < run->arg_count)
        cq_complain(session->command, "interrupted after %zu of %zu jobs; the others are as they were", i,
                    run->arg_count);
    else if (each->did)
        cq_print("%s %s\n", each->did, cq_jobs_text((int64_t)i - failed, text));
    if (ret_failed)
        *ret_failed = failed;
    return code == CQ_OK && (failed || i < run->arg_count) ? CQ_EXIT_FAILED : cq_exit_of(code);
}
