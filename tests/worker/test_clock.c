/* Workers whose wall clock is set, by tests/worker/modules/clock.c. */
#include "tests/support/suite.h"
#include "tests/worker/harness.h"

/* Another worker, with a log of its own and a clock that the test sets. */
static void next_worker(const char *name)
{
    snprintf(worker_log, sizeof(worker_log), "%s/%s.log", server->folder, name);
    unlink(worker_log);
    use_clock();
}

static void back_to_normal(void)
{
    unsetenv("LD_PRELOAD");
}

/* When the only execution counts as abandoned. */
static int64_t abandoned_at(void)
{
    struct cq_reply *reply = redis_server_run(server, "ZRANGE", "rq:wip:default", "0", "-1", "WITHSCORES",
                                              NULL);
    int64_t score = cq_reply_len(reply) == 2 ? cq_reply_int(cq_reply_at(reply, 1)) : 0;
    cq_reply_free(reply);
    return score;
}

/* Until the worker has asked Redis for its time so often: then it has read all answers but perhaps the
 * last. */
static void wait_asked(int times)
{
    static const char name[] = "cmdstat_time:calls=";
    for (int64_t end = patience_end_ms(); wait_a_moment(end);) {
        struct cq_str stats = redis_server_text(server, "INFO", "commandstats", NULL);
        const char *calls = stats.data ? strstr(stats.data, name) : NULL;
        if (calls && atoi(calls + strlen(name)) >= times)
            return;
    }
    ck_abort_msg("no worker asked for the time");
}

static const struct job_spec lasting = {.function = "jobs.doze_s", .number = 600, .timeout_s = 1000};

START_TEST(a_clock_that_is_set_forward_makes_who_runs_jobs_say_so_at_once)
{
    next_worker("forward");
    cq_reply_free(redis_server_run(server, "CONFIG", "RESETSTAT", NULL));
    enqueue("runs", &lasting);
    pid_t worker = start_worker("--job-monitoring-interval", "600",
                                NULL); /* the next heartbeat is minutes away */
    wait_status("runs", "started");
    int64_t before = abandoned_at();
    wait_asked(1);
    pass_time(worker, 4); /* its next look is due */
    wait_asked(2);        /* it has heard of Redis by the old clock */
    set_clock(36000, 0);
    pass_time(worker, 4);
    wait_until(abandoned_at() >= before + 35000);
    ck_assert(cq_str_is(job_field("runs", "status"), "started"));
    kill(worker, SIGKILL);
    wait_worker(worker);
    back_to_normal();
}
END_TEST

START_TEST(one_whose_clock_is_ahead_takes_nobodys_job_away)
{
    enqueue("runs", &lasting);
    pid_t worker = start_worker(NULL);
    wait_status("runs", "started");
    next_worker("ahead");
    set_clock(36000, 0);
    pid_t ahead = start_worker(NULL);
    wait_log("s ahead of that of Redis: set them by NTP");
    wait_log("started with PID");
    /* It has been asked about by now: its round follows the question for the time. */
    enqueue("next", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("next", "finished");
    ck_assert(cq_str_is(job_field("runs", "status"), "started"));
    ck_assert_int_gt(abandoned_at(), 0);
    ck_assert_int_eq(stop_worker(ahead), 0);
    kill(worker, SIGKILL);
    wait_worker(worker);
    back_to_normal();
}
END_TEST

START_TEST(a_scheduler_whose_clock_is_ahead_queues_nothing_early)
{
    next_worker("early");
    set_clock(36000, 0);
    struct cq_reply *reply = redis_server_run(server, "TIME", NULL);
    char score[32];
    snprintf(score, sizeof(score), "%lld", (long long)cq_reply_int(cq_reply_at(reply, 0)) + 18000);
    cq_reply_free(reply);
    enqueue("later", &(struct job_spec){.function = "jobs.whoami", .queue = "elsewhere"});
    cq_reply_free(redis_server_run(server, "HSET", "rq:job:later", "status", "scheduled", NULL));
    cq_reply_free(redis_server_run(server, "DEL", "rq:queue:elsewhere", NULL));
    cq_reply_free(redis_server_run(server, "ZADD", "rq:scheduled:default", score, "later", NULL));
    ck_assert_int_eq(wait_worker(start_worker("--with-scheduler", "--burst", NULL)), 0);
    ck_assert(cq_str_is(job_field("later", "status"), "scheduled"));
    cq_reply_free(redis_server_run(server, "ZADD", "rq:scheduled:default", "1000", "later", NULL));
    ck_assert_int_eq(wait_worker(start_worker("--with-scheduler", "--burst", NULL)), 0);
    ck_assert(cq_str_is(job_field("later", "status"), "finished"));
    back_to_normal();
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("clock");
    tcase_add_test(tcase, a_clock_that_is_set_forward_makes_who_runs_jobs_say_so_at_once);
    tcase_add_test(tcase, one_whose_clock_is_ahead_takes_nobodys_job_away);
    tcase_add_test(tcase, a_scheduler_whose_clock_is_ahead_queues_nothing_early);
    return suite_of("worker/clock", tcase);
}
