/* Jobs of one key, api, whose limit is one at a time: as RQ 3.0's RateLimit(key='api', concurrency=1). */
#ifndef CQ_TESTS_LIFECYCLE_LIMITED_H
#define CQ_TESTS_LIFECYCLE_LIMITED_H

#include "lifecycle/maintain/abandon.h"
#include "tests/lifecycle/steps.h"

#define ALLOWED "rq:rl:api:allowed"
#define LIMITED "rq:rl:api:rate_limited"

static CQ_UNUSED struct cq_job limited_job(const char *id)
{
    struct cq_job job = new_job(id, "default");
    job.rate_limit_key = CQ_STR_LIT("api");
    job.rate_limit_concurrency = 1;
    return job;
}

static CQ_UNUSED void enqueue_limited(const char *id)
{
    struct cq_job job = limited_job(id);
    enqueue(&job);
}

static CQ_UNUSED void abandon_at(cq_time now, bool requeue)
{
    struct cq_abandon abandon = {.queue = default_queue[0], .now = now, .requeue = requeue, .limit = 100};
    struct cq_error err = {0};
    size_t count;
    cq_abandon_build(&abandon, &call);
    ck_assert_msg(cq_abandon_read(step(), &count, &err) == CQ_OK, "%s", err.text);
}

/* As RQ 3.0's RateLimitRegistry has it: in one of both sets, and on the list only with a slot. */
static CQ_UNUSED void assert_holds(const char *id)
{
    ck_assert_msg(TEXT("ZSCORE", ALLOWED, id).data != NULL, "%s has no slot", id);
    ck_assert_msg(TEXT("ZSCORE", LIMITED, id).data == NULL, "%s waits for a slot", id);
    assert_text("queued", "HGET", cq_key_job(cq_str(id)).text, "status");
    ck_assert_int_eq(job_places(id), 1);
}

static CQ_UNUSED void assert_waits(const char *id)
{
    ck_assert_msg(TEXT("ZSCORE", ALLOWED, id).data == NULL, "%s has a slot", id);
    ck_assert_msg(TEXT("ZSCORE", LIMITED, id).data != NULL, "%s waits for no slot", id);
    assert_text("rate_limited", "HGET", cq_key_job(cq_str(id)).text, "status");
    ck_assert_int_eq(job_places(id), 0);
}

#endif
