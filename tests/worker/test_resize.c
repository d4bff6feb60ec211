#include "tests/support/suite.h"
#include "tests/worker/harness.h"

/* More and fewer slots while the worker runs. */

enum { DOZE_S = 600 };

static void doze(const char *id)
{
    enqueue(id, &(struct job_spec){.function = "jobs.doze_s", .number = DOZE_S, .timeout_s = 900});
}

static void publish(const char *worker, const char *message)
{
    char channel[64];
    snprintf(channel, sizeof(channel), "rq:pubsub:%s", worker);
    ck_assert_int_eq(redis_server_int(server, "PUBLISH", channel, message, NULL), 1);
}

static void resize(const char *worker, int workers)
{
    char message[64];
    snprintf(message, sizeof(message), "{\"command\": \"resize\", \"workers\": %d}", workers);
    publish(worker, message);
}

static void end_cold(pid_t worker)
{
    kill(worker, SIGKILL);
    wait_worker(worker);
}

START_TEST(a_signal_adds_a_worker_and_another_takes_one_away)
{
    pid_t worker = start_worker("--name", "w", NULL);
    wait_count(1, "SCARD", "rq:workers");
    kill(worker, SIGTTIN);
    wait_count(2, "SCARD", "rq:workers");
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "rq:worker:w", "rq:worker:w.2", NULL), 2);
    kill(worker, SIGTTOU);
    wait_count(1, "SCARD", "rq:workers");
    ck_assert_int_eq(redis_server_int(server, "HEXISTS", "rq:worker:w.2", "death", NULL), 1);
    kill(worker, SIGTTIN);
    wait_count(2, "SCARD", "rq:workers");
    ck_assert_int_eq(redis_server_int(server, "HEXISTS", "rq:worker:w.2", "death", NULL), 0);
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 0);
}
END_TEST

START_TEST(a_command_says_how_many_and_new_ones_take_jobs_at_once)
{
    pid_t worker = start_worker("--name", "w", "-n", "2", NULL);
    wait_count(2, "SCARD", "rq:workers");
    for (int i = 0; i < 12; i++) {
        char id[8];
        snprintf(id, sizeof(id), "j%d", i);
        doze(id);
    }
    wait_count(2, "ZCARD", "rq:wip:default");
    resize("w.2", 12);
    wait_count(12, "ZCARD", "rq:wip:default");
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:worker:w.12", "state", NULL), "busy"));
    publish("w.12", "{\"command\": \"kill-horse\"}"); /* it hears, too */
    wait_count(1, "ZCARD", "rq:failed:default");
    end_cold(worker);
}
END_TEST

START_TEST(a_worker_that_is_not_wanted_finishes_its_job_first)
{
    doze("long");
    enqueue_held("short");
    pid_t worker = start_worker("--name", "w", "-n", "3", NULL);
    wait_count(2, "ZCARD", "rq:wip:default");
    resize("w.1", 1);
    wait_count(2, "SCARD", "rq:workers"); /* the idle one leaves at once */
    ck_assert(cq_str_is(job_field("short", "status"), "started"));
    doze("waits");
    wait_turn("w.1");
    let_go();
    wait_count(1, "SCARD", "rq:workers");
    ck_assert(cq_str_is(job_field("short", "status"), "finished"));
    ck_assert(cq_str_is(job_field("long", "status"), "started"));
    ck_assert(cq_str_is(job_field("waits", "status"), "queued"));
    resize("w.1", 2);
    wait_status("waits", "started");
    end_cold(worker);
}
END_TEST

START_TEST(none_or_too_many_are_refused)
{
    pid_t worker = start_worker("--name", "w", NULL);
    wait_count(1, "SCARD", "rq:workers");
    resize("w", 0);
    resize("w", -3);
    resize("w", 1001);
    publish("w", "{\"command\": \"resize\", \"workers\": \"many\"}");
    publish("w", "{\"command\": \"resize\"}");
    publish("w", "{\"command\": \"resize\", \"workers\": 99999999999}");
    kill(worker, SIGTTOU);
    enqueue("after", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("after", "finished");
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 1);
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_hundred_times_back_and_forth_loses_nothing)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/record", server->folder);
    pid_t worker = start_worker("--name", "w", "-q", NULL);
    wait_count(1, "SCARD", "rq:workers");
    for (int i = 0; i < 200; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n%d", i);
        enqueue(id, &(struct job_spec){.function = "jobs.record", .arg = path, .result_ttl_s = 600});
        if (i % 2 == 0)
            resize("w", 1 + i / 2 % 7);
    }
    wait_count(200, "ZCARD", "rq:finished:default");
    resize("w", 1);
    wait_count(1, "SCARD", "rq:workers");
    ck_assert_int_eq(stop_worker(worker), 0);
    ck_assert_int_eq(redis_server_int(server, "SCARD", "rq:workers", NULL), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("resize");
    tcase_add_test(tcase, a_signal_adds_a_worker_and_another_takes_one_away);
    tcase_add_test(tcase, a_command_says_how_many_and_new_ones_take_jobs_at_once);
    tcase_add_test(tcase, a_worker_that_is_not_wanted_finishes_its_job_first);
    tcase_add_test(tcase, none_or_too_many_are_refused);
    tcase_add_test(tcase, a_hundred_times_back_and_forth_loses_nothing);
    return suite_of("resize", tcase);
}
