#include "tests/support/suite.h"
#include "tests/worker/harness.h"

#define LOCK "rq:scheduler-lock:default"

/* A job in rq:scheduled, due at an epoch. */
static void schedule_at(const char *id, const char *score, const struct job_spec *spec)
{
    char key[128];
    snprintf(key, sizeof(key), "rq:job:%s", id);
    enqueue(id, spec);
    cq_reply_free(redis_server_run(server, "MULTI", NULL));
    cq_reply_free(redis_server_run(server, "LREM", "rq:queue:default", "0", id, NULL));
    cq_reply_free(redis_server_run(server, "HSET", key, "status", "scheduled", NULL));
    cq_reply_free(redis_server_run(server, "ZADD", "rq:scheduled:default", score, id, NULL));
    cq_reply_free(redis_server_run(server, "EXEC", NULL));
}

static const struct job_spec quick = {.function = "jobs.whoami"};

static void wait_text(const char *text, const char *command, const char *key)
{
    struct cq_str last = CQ_STR_NONE;
    for (int64_t end = patience_end_ms(); wait_a_moment(end);) {
        last = redis_server_text(server, command, key, NULL);
        if (text ? cq_str_is(last, text) : last.data != NULL)
            return;
    }
    ck_abort_msg("%s %s is %.*s, not %s", command, key, (int)last.len, last.data ? last.data : "",
                 text ? text : "there");
}

/* The name of the scheduler that has the lock, and its process. */
static pid_t owner(void)
{
    char key[64];
    wait_text(NULL, "GET", LOCK);
    struct cq_str name = redis_server_text(server, "GET", LOCK, NULL);
    snprintf(key, sizeof(key), "rq:scheduler:%.*s", (int)name.len, name.data);
    return (pid_t)redis_server_int(server, "HGET", key, "pid", NULL);
}

static void wait_owner(pid_t pid)
{
    wait_until(owner() == pid);
}

START_TEST(what_is_due_runs_and_what_is_not_waits)
{
    schedule_at("due", "1000", &quick);
    schedule_at("later", "99999999999", &quick);
    use_clock();
    pid_t worker = start_worker("--with-scheduler", NULL);
    wait_status("due", "finished");
    /* Also what comes to be due while it waits. */
    cq_reply_free(redis_server_run(server, "ZADD", "rq:scheduled:default", "1000", "later", NULL));
    pass_time(worker, 1);
    wait_status("later", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "EXISTS", LOCK, "rq:scheduled:default", NULL), 0);
}
END_TEST

START_TEST(a_retry_with_an_interval_comes_back_by_itself)
{
    enqueue("j1", &(struct job_spec){.function = "jobs.crash", .retries = 1});
    cq_reply_free(redis_server_run(server, "HSET", "rq:job:j1", "retry_intervals", "[1]", NULL));
    pid_t worker = start_worker("-s", NULL);
    wait_status("j1", "failed");
    ck_assert(cq_str_is(job_field("j1", "retries_left"), "0"));
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_burst_queues_what_is_due_before_it_begins_and_keeps_no_lock)
{
    schedule_at("due", "1000", &quick);
    schedule_at("later", "99999999999", &quick);
    ck_assert_int_eq(wait_worker(start_worker("-sb", NULL)), 0);
    wait_status("due", "finished");
    wait_status("later", "scheduled");
    ck_assert_int_eq(redis_server_int(server, "EXISTS", LOCK, NULL), 0);
}
END_TEST

START_TEST(a_burst_leaves_alone_what_another_schedules)
{
    schedule_at("due", "1000", &quick);
    cq_reply_free(redis_server_run(server, "SET", LOCK, "another", NULL));
    ck_assert_int_eq(wait_worker(start_worker("-b", "-s", NULL)), 0);
    wait_status("due", "scheduled");
    ck_assert(cq_str_is(redis_server_text(server, "GET", LOCK, NULL), "another"));
}
END_TEST

START_TEST(a_worker_that_is_told_to_stop_hands_over_before_its_job_ends)
{
    pid_t first = start_worker("-s", NULL);
    wait_owner(first);
    enqueue("runs", &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000});
    wait_status("runs", "started");
    kill(first, SIGTERM);
    wait_count(0, "EXISTS", LOCK);
    pid_t second = start_worker("-s", NULL);
    wait_owner(second);
    ck_assert_int_eq(stop_worker(second), 0);
    kill(first, SIGKILL);
    wait_worker(first);
}
END_TEST

START_TEST(a_worker_that_has_done_enough_gives_its_lock_back)
{
    schedule_at("due", "1000", &quick);
    ck_assert_int_eq(wait_worker(start_worker("-s", "--max-jobs", "1", NULL)), 0);
    wait_status("due", "finished");
    ck_assert_int_eq(redis_server_int(server, "EXISTS", LOCK, NULL), 0);
}
END_TEST

START_TEST(another_takes_over_when_the_lock_of_a_killed_one_expires)
{
    pid_t first = start_worker("-s", NULL);
    wait_owner(first);
    use_clock();
    pid_t second = start_worker("-s", NULL);
    wait_count(2, "SCARD", "rq:workers");
    kill(first, SIGKILL);
    wait_worker(first);
    ck_assert_int_gt(redis_server_int(server, "TTL", LOCK, NULL), 50);
    cq_reply_free(redis_server_run(server, "PEXPIRE", LOCK, "10", NULL)); /* a minute later */
    wait_count(0, "EXISTS", LOCK);
    pass_time(second, 1);
    wait_owner(second);
    schedule_at("due", "1000", &quick);
    pass_time(second, 1);
    wait_status("due", "finished");
    ck_assert_int_eq(stop_worker(second), 0);
}
END_TEST

START_TEST(one_that_was_frozen_for_long_moves_nothing_when_it_goes_on)
{
    use_clock();
    pid_t worker = start_worker("-s", NULL);
    wait_owner(worker);
    kill(worker, SIGSTOP);
    cq_reply_free(redis_server_run(server, "SET", LOCK, "another", NULL));
    schedule_at("due", "1000", &quick);
    kill(worker, SIGCONT);
    pass_time(worker, 3600);
    wait_log("was taken over by another one");
    ck_assert(cq_str_is(job_field("due", "status"), "scheduled"));
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert(cq_str_is(redis_server_text(server, "GET", LOCK, NULL), "another"));
}
END_TEST

START_TEST(a_lost_connection_costs_neither_lock_nor_job)
{
    pid_t worker = start_worker("-s", NULL);
    wait_owner(worker);
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof(id), "due%d", i);
        cq_reply_free(redis_server_run(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
        schedule_at(id, "1000", &quick);
        wait_status(id, "finished");
    }
    ck_assert_int_eq(owner(), worker);
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "EXISTS", LOCK, NULL), 0);
}
END_TEST

START_TEST(it_works_on_while_the_workers_are_suspended)
{
    use_clock();
    pid_t worker = start_worker("-s", NULL);
    wait_owner(worker);
    cq_reply_free(redis_server_run(server, "SET", "rq:suspended", "1", NULL));
    schedule_at("due", "1000", &quick);
    pass_time(worker, 1);
    wait_status("due", "queued");
    cq_reply_free(redis_server_run(server, "DEL", "rq:suspended", NULL));
    pass_time(worker, 1);
    wait_status("due", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(what_redis_refuses_is_tried_again)
{
    use_clock();
    pid_t worker = start_worker("-s", NULL);
    wait_owner(worker);
    cq_reply_free(redis_server_run(server, "CONFIG", "SET", "min-replicas-to-write", "1", NULL));
    pass_time(worker, 1);
    wait_log("trying again every second");
    cq_reply_free(redis_server_run(server, "CONFIG", "SET", "min-replicas-to-write", "0", NULL));
    schedule_at("due", "1000", &quick);
    pass_time(worker, 1);
    wait_status("due", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_full_redis_is_scheduled_for_all_the_same)
{
    schedule_at("due", "1000", &quick);
    cq_reply_free(redis_server_run(server, "CONFIG", "SET", "maxmemory", "1", NULL));
    ck_assert_int_eq(wait_worker(start_worker("-s", "-b", NULL)), 0);
    cq_reply_free(redis_server_run(server, "CONFIG", "SET", "maxmemory", "0", NULL));
    wait_status("due", "finished");
}
END_TEST

START_TEST(a_worker_without_one_says_that_scheduled_jobs_have_none)
{
    schedule_at("due", "1000", &quick);
    use_clock();
    pid_t worker = start_worker("--maintenance-interval", "1", NULL);
    wait_count(1, "SCARD", "rq:workers");
    pass_time(worker, 1);
    wait_log("1 scheduled job of queue default would wait for ever: no scheduler runs; start a worker with "
             "--with-scheduler");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("scheduler");
    tcase_add_test(tcase, what_is_due_runs_and_what_is_not_waits);
    tcase_add_test(tcase, a_retry_with_an_interval_comes_back_by_itself);
    tcase_add_test(tcase, a_burst_queues_what_is_due_before_it_begins_and_keeps_no_lock);
    tcase_add_test(tcase, a_burst_leaves_alone_what_another_schedules);
    tcase_add_test(tcase, a_worker_that_is_told_to_stop_hands_over_before_its_job_ends);
    tcase_add_test(tcase, a_worker_that_has_done_enough_gives_its_lock_back);
    tcase_add_test(tcase, another_takes_over_when_the_lock_of_a_killed_one_expires);
    tcase_add_test(tcase, one_that_was_frozen_for_long_moves_nothing_when_it_goes_on);
    tcase_add_test(tcase, a_lost_connection_costs_neither_lock_nor_job);
    tcase_add_test(tcase, it_works_on_while_the_workers_are_suspended);
    tcase_add_test(tcase, what_redis_refuses_is_tried_again);
    tcase_add_test(tcase, a_full_redis_is_scheduled_for_all_the_same);
    tcase_add_test(tcase, a_worker_without_one_says_that_scheduled_jobs_have_none);
    return suite_of("scheduler", tcase);
}
