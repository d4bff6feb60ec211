#include "lifecycle/meta.h"
#include "lifecycle/worker/heartbeat.h"
#include "lifecycle/worker/identity.h"
#include "tests/lifecycle/steps.h"

START_TEST(meta_is_saved_on_a_job_that_is_there)
{
    enqueue_plain("j1");
    cq_meta_build(CQ_STR_LIT("j1"), cq_str_n("m\0m", 3), &call);
    ck_assert_int_eq(cq_reply_int(step()), 1);
    ck_assert(cq_str_eq(TEXT("HGET", "rq:job:j1", "meta"), cq_str_n("m\0m", 3)));
}
END_TEST

START_TEST(a_job_that_is_gone_is_not_created_anew)
{
    static char id[2000];
    memset(id, 'a', sizeof(id) - 1);
    cq_meta_build(cq_str(id), CQ_STR_LIT("m"), &call);
    ck_assert_int_eq(cq_reply_int(step()), 0);
    ck_assert_int_eq(INT("DBSIZE"), 0);
}
END_TEST

START_TEST(a_job_with_an_endless_id_runs_from_start_to_end)
{
    static char id[2000], key[2100];
    memset(id, 'a', sizeof(id) - 1);
    snprintf(key, sizeof(key), "rq:job:%s", id);
    RUN("HSET", key, "status", "queued", "origin", "default", "data", "x");
    RUN("RPUSH", "rq:queue:default", id);
    start(id, RUN_1);
    struct cq_worker_identity who = identity();
    struct cq_heartbeat heartbeat = {.id = &who,
                                     .now = NOW,
                                     .job_id = cq_str(id),
                                     .queue = default_queue[0],
                                     .execution_id = CQ_STR_LIT(RUN_1),
                                     .monitoring_interval_s = 30,
                                     .timeout_s = 180};
    bool ours = false, missing = false;
    cq_heartbeat_build(&heartbeat, &call);
    ck_assert_int_eq(cq_heartbeat_read(step(), &ours, &missing, NULL), CQ_OK);
    ck_assert(ours);
    ck_assert_int_eq(finish(id, CQ_OUTCOME_FAILED), CQ_VERDICT_FAILED);
    ck_assert_int_eq(job_places(id), 1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        meta_is_saved_on_a_job_that_is_there,
        a_job_that_is_gone_is_not_created_anew,
        a_job_with_an_endless_id_runs_from_start_to_end,
    };
    return lifecycle_suite("meta", tests, CQ_ARRAY_LEN(tests));
}
