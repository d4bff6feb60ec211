#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/death.h"
#include "lifecycle/worker/heartbeat.h"
#include "lifecycle/worker/identity.h"
#include "lifecycle/worker/state.h"
#include "tests/lifecycle/steps.h"

START_TEST(birth_writes_what_rq_reads)
{
    static const struct cq_str queues[] = {{"high", 4}, {"low", 3}};
    struct cq_worker_identity id = identity();
    id.queues = queues;
    id.queue_count = 2;
    cq_worker_birth_build(&id, NOW, NOW, false, &call);
    ck_assert_int_eq(cq_worker_birth_read(step(), NULL), CQ_OK);
    assert_text(NOW_ISO, "HGET", worker_key, "birth");
    assert_text(NOW_ISO, "HGET", worker_key, "last_heartbeat");
    assert_text("high,low", "HGET", worker_key, "queues");
    assert_text("4711", "HGET", worker_key, "pid");
    assert_text("host", "HGET", worker_key, "hostname");
    assert_text("127.0.0.1:1", "HGET", worker_key, "ip_address");
    assert_text("native", "HGET", worker_key, "python_version");
    ck_assert_int_eq(INT("TTL", worker_key), 480);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers:high", worker_key), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers:low", worker_key), 1);
}
END_TEST

START_TEST(a_live_worker_s_name_is_refused)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    struct cq_worker_identity id = identity();
    struct cq_error err = {0};
    id.pid = 4712;
    cq_worker_birth_build(&id, NOW + 1, NOW + 1, false, &call);
    ck_assert_int_eq(cq_worker_birth_read(step(), &err), CQ_ERR_INVALID_OPERATION);
    ck_assert_str_eq(err.text, "There exists an active worker named 'w1' already");
    assert_text("4711", "HGET", worker_key, "pid");
}
END_TEST

START_TEST(the_name_of_a_process_that_was_seen_to_die_is_free)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    struct cq_worker_identity id = identity();
    id.pid = 4713;
    id.replaces_pid = 4712;
    cq_worker_birth_build(&id, NOW + 1, NOW + 1, false, &call);
    ck_assert_int_eq(cq_worker_birth_read(step(), NULL), CQ_ERR_INVALID_OPERATION);
    id.replaces_pid = 4711;
    id.hostname = "another";
    cq_worker_birth_build(&id, NOW + 1, NOW + 1, false, &call);
    ck_assert_int_eq(cq_worker_birth_read(step(), NULL), CQ_ERR_INVALID_OPERATION);
    RUN("HSET", worker_key, "failed_job_count", "7");
    id.hostname = "host";
    cq_worker_birth_build(&id, NOW + 1, NOW + 1, false, &call);
    ck_assert_int_eq(cq_worker_birth_read(step(), NULL), CQ_OK);
    assert_text("4713", "HGET", worker_key, "pid");
    ck_assert_int_eq(INT("HEXISTS", worker_key, "failed_job_count"), 0);
}
END_TEST

START_TEST(a_birth_sent_again_is_the_same_birth)
{
    struct cq_worker_identity id = identity();
    cq_worker_birth_build(&id, NOW, NOW, false, &call);
    cut_call(false);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
    cut_call(true);
    ck_assert_int_eq(INT("EXISTS", worker_key), 1);
    ck_assert_int_eq(cq_worker_birth_read(step(), NULL), CQ_OK);
}
END_TEST

START_TEST(a_dead_worker_s_name_is_free)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    RUN("HSET", worker_key, "successful_job_count", "7");
    struct cq_worker_identity id = identity();
    cq_worker_death_build(&id, NOW, &call);
    step();
    assert_text(NOW_ISO, "HGET", worker_key, "death");
    ck_assert_int_eq(INT("TTL", worker_key), 60);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 0);
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers:default", worker_key), 0);
    ck_assert_int_eq(birth(NOW + 1, false), CQ_OK);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "death"), 0);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "successful_job_count"), 0);
}
END_TEST

START_TEST(the_end_of_one_that_was_refused_leaves_the_other_alone)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    struct cq_worker_identity id = identity();
    id.pid = 4712;
    cq_worker_death_build(&id, NOW, &call);
    step();
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 1);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "death"), 0);
}
END_TEST

START_TEST(one_with_the_same_process_id_on_a_host_of_the_same_name_is_another_one)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    struct cq_worker_identity id = identity();
    id.birth = NOW + 1;
    cq_worker_death_build(&id, NOW + 2, &call);
    step();
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 1);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "death"), 0);
    id.birth = NOW;
    cq_worker_death_build(&id, NOW + 2, &call);
    step();
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 0);
    ck_assert_int_eq(INT("HEXISTS", worker_key, "death"), 1);
}
END_TEST

START_TEST(death_of_a_worker_that_expired_leaves_nothing)
{
    struct cq_worker_identity id = identity();
    cq_worker_death_build(&id, NOW, &call);
    step();
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
}
END_TEST

START_TEST(reborn_writes_what_is_missing_and_keeps_the_counters)
{
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    RUN("HSET", worker_key, "successful_job_count", "7", "state", "busy");
    RUN("SREM", "rq:workers", worker_key);
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    assert_text("7", "HGET", worker_key, "successful_job_count");
    assert_text("busy", "HGET", worker_key, "state");
    ck_assert_int_eq(INT("SISMEMBER", "rq:workers", worker_key), 1);
    RUN("DEL", worker_key);
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    assert_text(NOW_ISO, "HGET", worker_key, "birth");
    assert_text("idle", "HGET", worker_key, "state");
}
END_TEST

START_TEST(state_and_shutdown_never_make_a_hash)
{
    cq_worker_state_build(CQ_STR_LIT("w1"), "idle", &call);
    step();
    cq_worker_shutdown_build(CQ_STR_LIT("w1"), NOW, &call);
    step();
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    cq_worker_state_build(CQ_STR_LIT("w1"), "suspended", &call);
    step();
    cq_worker_shutdown_build(CQ_STR_LIT("w1"), NOW, &call);
    step();
    assert_text("suspended", "HGET", worker_key, "state");
    assert_text(NOW_ISO, "HGET", worker_key, "shutdown_requested_date");
}
END_TEST

static void beat(struct cq_heartbeat *heartbeat, bool *ours, bool *missing)
{
    struct cq_error err = {0};
    cq_heartbeat_build(heartbeat, &call);
    ck_assert_msg(cq_heartbeat_read(step(), ours, missing, &err) == CQ_OK, "%s", err.text);
}

static struct cq_heartbeat busy_heartbeat(const struct cq_worker_identity *id)
{
    return (struct cq_heartbeat){.id = id,
                                 .now = NOW + 30 * CQ_SECOND,
                                 .job_id = CQ_STR_LIT("j1"),
                                 .queue = default_queue[0],
                                 .execution_id = CQ_STR_LIT(RUN_1),
                                 .monitoring_interval_s = 30,
                                 .timeout_s = 180,
                                 .working_time_s = 30.25};
}

START_TEST(an_idle_heartbeat_renews_the_hash)
{
    struct cq_worker_identity id = identity();
    struct cq_heartbeat heartbeat = {.id = &id, .now = NOW + CQ_SECOND, .monitoring_interval_s = 30};
    bool ours = false, missing = false;
    beat(&heartbeat, &ours, &missing);
    ck_assert(ours && missing);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
    ck_assert_int_eq(birth(NOW, false), CQ_OK);
    RUN("EXPIRE", worker_key, "5");
    beat(&heartbeat, &ours, &missing);
    ck_assert(ours && !missing);
    assert_text("2026-11-20T22:11:52.000123Z", "HGET", worker_key, "last_heartbeat");
    ck_assert_int_eq(INT("TTL", worker_key), 480);
}
END_TEST

START_TEST(a_busy_heartbeat_renews_job_and_execution)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_worker_identity id = identity();
    struct cq_heartbeat heartbeat = busy_heartbeat(&id);
    bool ours = false, missing = true;
    beat(&heartbeat, &ours, &missing);
    ck_assert(ours && !missing);
    assert_text("2026-11-20T22:12:21.000123Z", "HGET", "rq:job:j1", "last_heartbeat");
    assert_text("1795212741.000123", "HGET", "rq:execution:j1:" RUN_1, "last_heartbeat");
    ck_assert_int_eq(INT("ZSCORE", "rq:wip:default", "j1:" RUN_1), NOW_S + 30 + 90);
    ck_assert_int_eq(INT("ZSCORE", "rq:executions:j1", RUN_1), NOW_S + 30 + 150);
    assert_text("30.250000", "HGET", worker_key, "current_job_working_time");
    ck_assert_int_eq(INT("TTL", worker_key), 90);
    heartbeat.timeout_s = 40; /* 9.75 s are left */
    beat(&heartbeat, &ours, &missing);
    ck_assert_int_eq(INT("ZSCORE", "rq:wip:default", "j1:" RUN_1), NOW_S + 30 + 69);
}
END_TEST

START_TEST(a_heartbeat_brings_back_neither_a_deleted_job_nor_a_lost_execution)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    struct cq_worker_identity id = identity();
    struct cq_heartbeat heartbeat = busy_heartbeat(&id);
    bool ours = false, missing = false;
    RUN("DEL", "rq:job:j1");
    beat(&heartbeat, &ours, &missing);
    ck_assert(ours);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1"), 0);
    RUN("DEL", "rq:wip:default", "rq:executions:j1", "rq:execution:j1:" RUN_1);
    beat(&heartbeat, &ours, &missing);
    ck_assert(!ours);
    ck_assert_int_eq(INT("EXISTS", "rq:wip:default", "rq:executions:j1", "rq:execution:j1:" RUN_1), 0);
}
END_TEST

START_TEST(after_a_rebirth_a_busy_heartbeat_says_what_runs)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("DEL", worker_key, "rq:execution:j1:" RUN_1);
    struct cq_worker_identity id = identity();
    struct cq_heartbeat heartbeat = busy_heartbeat(&id);
    bool ours = false, missing = false;
    beat(&heartbeat, &ours, &missing);
    ck_assert(ours && missing);
    ck_assert_int_eq(INT("EXISTS", worker_key), 0);
    assert_text("w1", "HGET", "rq:execution:j1:" RUN_1, "worker_name");
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    beat(&heartbeat, &ours, &missing);
    assert_text("busy", "HGET", worker_key, "state");
    assert_text("j1", "HGET", worker_key, "current_job");
}
END_TEST

START_TEST(a_full_memory_keeps_no_heartbeat_of_an_execution_back)
{
    struct cq_job job = new_job("j1", "default");
    enqueue_and_start(&job);
    RUN("DEL", worker_key);
    RUN("CONFIG", "SET", "maxmemory", "1");
    struct cq_worker_identity id = identity();
    struct cq_heartbeat heartbeat = busy_heartbeat(&id);
    bool ours = false, missing = false;
    beat(&heartbeat, &ours, &missing);
    RUN("CONFIG", "SET", "maxmemory", "0");
    ck_assert(ours && missing);
    assert_text("1795212831", "ZSCORE", "rq:wip:default", "j1:" RUN_1);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        birth_writes_what_rq_reads,
        a_live_worker_s_name_is_refused,
        the_name_of_a_process_that_was_seen_to_die_is_free,
        a_birth_sent_again_is_the_same_birth,
        a_dead_worker_s_name_is_free,
        the_end_of_one_that_was_refused_leaves_the_other_alone,
        one_with_the_same_process_id_on_a_host_of_the_same_name_is_another_one,
        death_of_a_worker_that_expired_leaves_nothing,
        reborn_writes_what_is_missing_and_keeps_the_counters,
        state_and_shutdown_never_make_a_hash,
        an_idle_heartbeat_renews_the_hash,
        a_busy_heartbeat_renews_job_and_execution,
        a_heartbeat_brings_back_neither_a_deleted_job_nor_a_lost_execution,
        after_a_rebirth_a_busy_heartbeat_says_what_runs,
        a_full_memory_keeps_no_heartbeat_of_an_execution_back,
    };
    return lifecycle_suite("worker", tests, CQ_ARRAY_LEN(tests));
}
