/* Steps of the tests of limits of how many jobs of a key start in a window of time. Their clock is
 * clock_now. */
#ifndef CQ_TESTS_LIFECYCLE_WINDOWS_H
#define CQ_TESTS_LIFECYCLE_WINDOWS_H

#include "job/id.h"
#include "lifecycle/manage/limit.h"
#include "tests/lifecycle/steps.h"

static struct cq_started started;
static cq_time clock_now;
static int runs;

static void set_rate(const char *key, int64_t rate, int64_t window_s)
{
    struct cq_limit limit = {
        .key = cq_str(key), .rate = rate, .window_s = window_s, .concurrency = CQ_LIMIT_KEEP};
    struct cq_error err = {0};
    bool before;
    cq_limit_set_build(&limit, clock_now, &call);
    ck_assert_msg(cq_limit_read(step(), &before, &err) == CQ_OK, "%s", err.text);
}

static struct cq_job keyed_job(const char *id)
{
    struct cq_job job = new_job(id, "default");
    job.rate_limit_key = CQ_STR_LIT("api");
    return job;
}

static void enqueue_keyed(const char *id)
{
    struct cq_job job = keyed_job(id);
    enqueue(&job);
}

static void begin(void)
{
    clock_now = NOW;
    runs = 0;
}

/* Fetch at clock_now, as an execution of its own. */
static enum cq_fetch_verdict fetch_now(void)
{
    char execution[CQ_EXECUTION_ID_SIZE];
    snprintf(execution, sizeof(execution), "%032x", ++runs);
    struct cq_fetch fetch = fetch_of(execution);
    fetch.now = clock_now;
    enum cq_fetch_verdict verdict;
    while ((verdict = fetch_with(&fetch, &started)) == CQ_FETCH_AGAIN)
        continue;
    return verdict;
}

static void expect_start(const char *id)
{
    ck_assert_msg(fetch_now() == CQ_FETCH_STARTED, "%s did not start", id);
    ck_assert_msg(cq_str_is(started.job_id, id), "started %.*s, not %s", (int)started.job_id.len,
                  started.job_id.data, id);
    ck_assert_int_eq(job_places(id), 1);
    ck_assert_ptr_null(TEXT("ZSCORE", "rq:cq:waiting:api", id).data);
}

/* Nothing may start, and the next time to ask is so many milliseconds away. */
static void expect_wait(int64_t wait_ms)
{
    ck_assert_int_eq(fetch_now(), CQ_FETCH_EMPTY);
    ck_assert_int_eq(cq_fetch_wait_ms(&started), wait_ms);
}

static void assert_set_aside(const char *id)
{
    assert_text("scheduled", "HGET", cq_key_job(cq_str(id)).text, "status");
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:scheduled:default", id).data);
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:cq:waiting:api", id).data);
    ck_assert_int_eq(job_places(id), 1);
}

#endif
