/* What workers and schedulers do. */
#include <stdio.h>

#include "lifecycle/finish.h"
#include "lifecycle/give_back.h"
#include "lifecycle/schedule/due.h"
#include "lifecycle/schedule/scheduler.h"
#include "lifecycle/schedule/scheduler_stop.h"
#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/death.h"
#include "lifecycle/worker/heartbeat.h"
#include "lifecycle/worker/identity.h"
#include "tests/model/driver.h"

static struct cq_fetch fetching(struct cq_str queues[LIST_MAX], bool resume)
{
    return (struct cq_fetch){.queues = queues,
                             .queue_count = list("queues", queues),
                             .worker = given("worker"),
                             .execution_id = given("next"),
                             .now = now(),
                             .monitoring_interval_s = 30,
                             .worker_ttl_s = 420,
                             .resume = resume};
}

static void tell_fetched(const char *finished, enum cq_fetch_verdict verdict,
                         const struct cq_started *started)
{
    static const char *const words[] = {[CQ_FETCH_EMPTY] = "empty",
                                        [CQ_FETCH_STARTED] = "started",
                                        [CQ_FETCH_SUSPENDED] = "suspended",
                                        [CQ_FETCH_AGAIN] = "again"};
    struct cq_str id = verdict == CQ_FETCH_STARTED ? started->job_id : CQ_STR_LIT("-");
    printf("ok %s %s %.*s\n", finished, words[verdict], (int)id.len, id.data);
    fflush(stdout);
}

static void fetch(void)
{
    struct cq_str queues[LIST_MAX];
    struct cq_fetch with = fetching(queues, false);
    struct cq_error err = {0};
    enum cq_fetch_verdict verdict;
    struct cq_started started;
    cq_fetch_build(&with, &call);
    struct cq_reply *reply = sent();
    if (reply && flag("twice")) {
        cq_reply_free(reply);
        with.resume = true;
        cq_fetch_build(&with, &call);
        reply = sent();
    }
    if (!reply)
        return;
    enum cq_code code = cq_fetch_read(reply, &verdict, &started, &err);
    if (code == CQ_OK)
        tell_fetched("-", verdict, &started);
    else
        answer(code, &err, "");
    cq_reply_free(reply);
}

static struct cq_finish finishing(enum cq_outcome outcome)
{
    return (struct cq_finish){.outcome = outcome,
                              .job_id = given("id"),
                              .queue = given("queue"),
                              .execution_id = given("execution"),
                              .worker = given("worker"),
                              .started_at = now() - CQ_SECOND,
                              .ended_at = now(),
                              .exc_text = outcome == CQ_OUTCOME_SUCCESS || outcome == CQ_OUTCOME_RETRY
                                              ? CQ_STR_NONE
                                              : CQ_STR_LIT("boom"),
                              .output = given("output"),
                              .default_result_ttl_s = 500,
                              .retry_max = number("retry_max", 0),
                              .retry_intervals = given("retry_intervals"),
                              .worker_ttl_s = 420};
}

static void finish(void)
{
    static const char *const names[] = {"success", "failed", "stopped", "retry"};
    static const char *const verdicts[] = {
        [CQ_VERDICT_FENCED] = "fenced",     [CQ_VERDICT_FINISHED] = "finished",
        [CQ_VERDICT_FAILED] = "failed",     [CQ_VERDICT_STOPPED] = "stopped",
        [CQ_VERDICT_REQUEUED] = "requeued", [CQ_VERDICT_SCHEDULED] = "scheduled",
        [CQ_VERDICT_CANCELED] = "canceled", [CQ_VERDICT_DELETED] = "deleted",
    };
    struct cq_str queues[LIST_MAX], word = given("outcome");
    struct cq_error err = {0};
    int outcome = 0;
    while (outcome < 3 && !cq_str_is(word, names[outcome]))
        outcome++;
    struct cq_finish with = finishing((enum cq_outcome)outcome);
    struct cq_fetch next = fetching(queues, false);
    with.next = next.execution_id.data ? &next : NULL;
    enum cq_code code = cq_finish_build(&with, &call, &err);
    struct cq_reply *reply = code == CQ_OK ? sent() : NULL;
    if (reply && flag("twice")) {
        cq_reply_free(reply);
        next.resume = true;
        code = cq_finish_build(&with, &call, &err);
        reply = code == CQ_OK ? sent() : NULL;
    }
    struct cq_finished finished;
    if (reply)
        code = cq_finish_read(reply, &finished, &err);
    if (reply && code == CQ_OK)
        tell_fetched(verdicts[finished.verdict], finished.next_verdict, &finished.next);
    else if (code != CQ_OK)
        answer(code, &err, "");
    cq_reply_free(reply);
}

static struct cq_worker_identity identity(struct cq_str queues[LIST_MAX])
{
    return (struct cq_worker_identity){.name = given("worker"),
                                       .queues = queues,
                                       .queue_count = list("queues", queues),
                                       .pid = 4711,
                                       .hostname = "host",
                                       .ip_address = "unknown",
                                       .version = "cq model",
                                       .python_version = "native",
                                       .worker_ttl_s = 420};
}

static void birth(void)
{
    struct cq_str queues[LIST_MAX];
    struct cq_worker_identity id = identity(queues);
    cq_worker_birth_build(&id, now(), now(), flag("reborn"), &call);
    run_plain(cq_worker_birth_read);
}

static void death(void)
{
    struct cq_str queues[LIST_MAX];
    struct cq_worker_identity id = identity(queues);
    cq_worker_death_build(&id, now(), &call);
    run_plain(cq_reply_check);
}

static void heartbeat(void)
{
    struct cq_str queues[LIST_MAX];
    struct cq_worker_identity id = identity(queues);
    struct cq_heartbeat beat = {.id = &id,
                                .now = now(),
                                .job_id = given("id"),
                                .queue = given("queue"),
                                .execution_id = given("execution"),
                                .monitoring_interval_s = 30,
                                .timeout_s = number("timeout", 180)};
    bool ours = false, missing = false;
    struct cq_error err = {0};
    cq_heartbeat_build(&beat, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    enum cq_code code = cq_heartbeat_read(reply, &ours, &missing, &err);
    answer(code, &err, ours ? missing ? "ours missing" : "ours" : missing ? "lost missing" : "lost");
    cq_reply_free(reply);
}

static void give_back(void)
{
    struct cq_give_back with = {.job_id = given("id"),
                                .queue = given("queue"),
                                .execution_id = given("execution"),
                                .worker = given("worker"),
                                .now = now(),
                                .worker_ttl_s = 420};
    static const char *const verdicts[] = {[CQ_GIVE_BACK_REQUEUED] = "requeued",
                                           [CQ_GIVE_BACK_FENCED] = "fenced",
                                           [CQ_GIVE_BACK_CANCELED] = "canceled",
                                           [CQ_GIVE_BACK_DELETED] = "deleted"};
    enum cq_give_back_verdict verdict = CQ_GIVE_BACK_FENCED;
    struct cq_error err = {0};
    cq_give_back_build(&with, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    enum cq_code code = cq_give_back_read(reply, &verdict, &err);
    answer(code, &err, verdicts[verdict]);
    cq_reply_free(reply);
}

/* A pass of a scheduler, and its end when `stop` says so. */
static void due(void)
{
    struct cq_str queues[LIST_MAX];
    struct cq_scheduler_identity id = {
        .name = given("name").data, .hostname = "host", .pid = 4711, .created_at = now(), .queues = queues};
    struct cq_error err = {0};
    struct cq_due done = {0};
    id.queue_count = list("queues", queues);
    cq_due_build(&id, now(), 1000, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    enum cq_code code = cq_due_read(reply, &done, &err);
    cq_reply_free(reply);
    if (code == CQ_OK && flag("stop")) {
        cq_scheduler_stop_build(&id, &call);
        run_plain(cq_reply_check);
    } else {
        answer(code, &err, "");
    }
}

const struct verb work_verbs[] = {
    {"fetch", fetch},         {"finish", finish},       {"birth", birth}, {"death", death},
    {"heartbeat", heartbeat}, {"give_back", give_back}, {"due", due},     {NULL, NULL},
};
