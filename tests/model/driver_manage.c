/* What clients and operators do, and maintenance. */
#include "lifecycle/enqueue.h"
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/maintain/clean.h"
#include "lifecycle/maintain/sweep.h"
#include "lifecycle/manage/cancel.h"
#include "lifecycle/manage/empty.h"
#include "lifecycle/manage/remove.h"
#include "lifecycle/manage/requeue.h"
#include "tests/model/driver.h"

static void enqueue(void)
{
    struct cq_job job;
    cq_job_init(&job);
    job.id = given("id");
    job.origin = given("queue");
    job.data = bytes("data");
    job.description = CQ_STR_LIT("jobs.run()");
    job.created_at = now();
    job.timeout_s = number("timeout", 180);
    job.result_ttl_s = number("result_ttl", CQ_TTL_UNSET);
    job.failure_ttl_s = number("failure_ttl", CQ_TTL_UNSET);
    job.ttl_s = number("ttl", CQ_TTL_UNSET);
    job.retries_left = number("retries", -1);
    job.retry_intervals = given("intervals");
    job.enqueue_at_front_on_retry = flag("front_on_retry");
    job.repeats_left = number("repeats", -1);
    job.repeat_intervals = given("repeat_intervals");
    job.group_id = given("group");
    job.has_enqueue_at_front = given("front_later").data != NULL;
    job.enqueue_at_front = flag("front_later");
    job.has_allow_dependency_failures = given("failures_allowed").data != NULL;
    job.allow_dependency_failures = flag("failures_allowed");
    job.rate_limit_key = given("key");
    job.rate_limit_concurrency = number("concurrency", -1);
    struct cq_str dependencies[LIST_MAX];
    struct cq_enqueue with = {.job = &job, .at_front = flag("front"), .unique = flag("unique"), .now = now()};
    with.dependency_count = list("dependencies", dependencies);
    with.dependencies = dependencies;
    with.due = number("due", 0) * CQ_SECOND;
    struct cq_error err = {0};
    cq_enqueue_build(&with, &call);
    struct cq_reply *reply = run();
    if (reply)
        answer(cq_enqueue_read(reply, NULL, &err), &err, "");
    cq_reply_free(reply);
}

static void abandon(void)
{
    struct cq_abandon with = {
        .queue = given("queue"), .now = now(), .requeue = flag("requeue"), .limit = 100};
    struct cq_error err = {0};
    size_t count = 0;
    cq_abandon_build(&with, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    answer(cq_abandon_read(reply, &count, &err), &err, "");
    cq_reply_free(reply);
}

static void clean(void)
{
    struct cq_clean with = {.queue = given("queue"), .now = now(), .limit = 100};
    struct cq_error err = {0};
    int64_t cleaned;
    bool more = true;
    while (more) {
        cq_clean_build(&with, &call);
        struct cq_reply *reply = run();
        if (!reply)
            return;
        enum cq_code code = cq_clean_read(reply, &cleaned, &more, &err);
        cq_reply_free(reply);
        if (code != CQ_OK || !more)
            answer(code, &err, "");
        if (code != CQ_OK)
            return;
    }
}

static void remove_job(void)
{
    struct cq_error err = {0};
    bool again = true;
    while (again) {
        if (flag("dependents"))
            cq_remove_family_build(given("id"), now(), &call);
        else
            cq_remove_build(given("id"), now(), &call);
        struct cq_reply *reply = run();
        if (!reply)
            return;
        enum cq_code code = cq_remove_read(reply, &err);
        again = code == CQ_OK && cq_remove_again(reply);
        if (!again)
            answer(code, &err, "");
        cq_reply_free(reply);
    }
}

static void cancel(void)
{
    struct cq_cancel with = {
        .job_id = given("id"), .dependents = flag("dependents"), .detach = flag("detach"), .now = now()};
    cq_cancel_build(&with, &call);
    run_plain(cq_cancel_read);
}

static void requeue(void)
{
    if (given("registry").data)
        cq_requeue_build(given("registry").data, given("id"), given("queue"), flag("front"), now(), &call);
    else
        cq_requeue_build("failed", given("id"), given("queue"), false, now(), &call);
    run_plain(cq_requeue_read);
}

static void empty(void)
{
    int64_t removed, left = 1;
    struct cq_error err = {0};
    enum cq_code code = CQ_OK;
    while (left > 0 && code == CQ_OK) {
        cq_empty_build(given("queue"), 2, &call);
        struct cq_reply *reply = run();
        if (!reply)
            return;
        code = cq_empty_read(reply, &removed, &left, &err);
        cq_reply_free(reply);
    }
    answer(code, &err, "");
}

static void sweep(void)
{
    struct cq_sweep with = {.queue = given("queue"), .now = now(), .limit = 200, .interval_s = 600};
    struct cq_error err = {0};
    int64_t taken, deleted;
    bool more = true;
    while (more) {
        cq_sweep_build(&with, &call);
        struct cq_reply *reply = run();
        if (!reply)
            return;
        enum cq_code code = cq_sweep_read(reply, &taken, &deleted, &more, &err);
        cq_reply_free(reply);
        more = more && code == CQ_OK;
        if (!more)
            answer(code, &err, "");
    }
}

const struct verb manage_verbs[] = {
    {"enqueue", enqueue}, {"abandon", abandon}, {"clean", clean}, {"remove", remove_job}, {"cancel", cancel},
    {"requeue", requeue}, {"empty", empty},     {"sweep", sweep}, {NULL, NULL},
};
