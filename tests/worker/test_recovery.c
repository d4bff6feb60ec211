#include "tests/support/suite.h"
#include "tests/worker/harness.h"

enum { MANY = 200, PIECE = 34 }; /* the pauses before the next connection double */

static char record_path[128];

static void enqueue_many(void)
{
    snprintf(record_path, sizeof(record_path), "%s/record", server->folder);
    unlink(record_path);
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "job-%d", i);
        enqueue(id, &(struct job_spec){.function = "jobs.record", .arg = record_path});
    }
}

/* Each job ran exactly once. */
static void assert_each_once(void)
{
    char seen[MANY] = {0};
    char line[64];
    FILE *file = fopen(record_path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        int number = atoi(line + strlen("job-"));
        ck_assert_msg(!seen[number], "job-%d ran twice", number);
        seen[number] = 1;
    }
    fclose(file);
    for (int i = 0; i < MANY; i++)
        ck_assert_msg(seen[i], "job-%d did not run", i);
}

/* Cut every connection of a worker, as a network does. */
static void cut_connections(void)
{
    cq_reply_free(redis_server_run(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
}

START_TEST(connections_cut_again_and_again_lose_no_job_and_run_none_twice)
{
    enqueue_many();
    pid_t worker = start_worker("-q", "--num-workers", "3", NULL);
    for (int64_t done = 0; done < MANY - PIECE; done += PIECE) {
        wait_until(redis_server_int(server, "ZCARD", "rq:finished:default", NULL) >= done);
        cut_connections();
    }
    wait_count(MANY, "ZCARD", "rq:finished:default");
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:wip:default", NULL), 0);
    assert_each_once();
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_job_runs_on_while_redis_is_out_of_reach_and_its_outcome_is_committed_later)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue_held("runs");
    wait_status("runs", "started");
    pid_t horse = child_of(child_of(worker));
    /* Out of reach for longer than the job takes: the socket is elsewhere. */
    char away[128];
    snprintf(away, sizeof(away), "%s.away", server->socket);
    ck_assert_int_eq(rename(server->socket, away), 0);
    cut_connections();
    let_go();
    wait_gone(horse);
    wait_until(log_count("retrying in") >= 2); /* it has tried to connect again */
    ck_assert(cq_str_is(job_field("runs", "status"), "started"));
    ck_assert_int_eq(rename(away, server->socket), 0);
    wait_status("runs", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(a_killed_stable_fails_its_job_and_is_replaced)
{
    pid_t worker = start_worker("--name", "w", NULL);
    enqueue("runs", &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1000});
    wait_status("runs", "started");
    pid_t stable = child_of(worker);
    child_of(stable); /* the stable is ready only then */
    kill(stable, SIGKILL);
    wait_status("runs", "failed");
    assert_failure_says("runs", "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ");
    enqueue("next", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("next", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(the_horses_of_a_killed_worker_die_with_it_and_its_job_is_found)
{
    enqueue("runs",
            &(struct job_spec){.function = "jobs.doze_s", .number = 600, .timeout_s = 1, .retries = 1});
    /* The heartbeat ttl is too long to wait for: the score is moved into the past instead. */
    pid_t worker = start_worker("--name", "w", "--job-monitoring-interval", "600", NULL);
    wait_status("runs", "started");
    pid_t stable = child_of(worker);
    pid_t horse = child_of(stable);
    kill(worker, SIGKILL);
    wait_worker(worker);
    wait_gone(horse);
    struct cq_reply *reply = redis_server_run(server, "ZRANGE", "rq:wip:default", "0", "-1", NULL);
    struct cq_str member = cq_reply_str(cq_reply_at(reply, 0));
    redis_server_int(server, "ZADD", "rq:wip:default", "1", member.data, NULL);
    cq_reply_free(reply);
    /* The next worker retries it, and the second timeout is its end. */
    pid_t other = start_worker("--name", "other", NULL);
    wait_status("runs", "failed");
    assert_failure_says("runs", "JobTimeoutException");
    ck_assert_int_eq(stop_worker(other), 0);
}
END_TEST

START_TEST(a_worker_waits_for_a_redis_that_is_not_there_yet)
{
    redis_server_kill(server);
    pid_t worker = start_worker(NULL);
    wait_log("retrying in");
    redis_server_restart(server);
    enqueue("late", &(struct job_spec){.function = "jobs.whoami"});
    wait_status("late", "finished");
    ck_assert_int_eq(stop_worker(worker), 0);
}
END_TEST

START_TEST(an_outcome_that_was_given_away_is_refused)
{
    pid_t worker = start_worker("--name", "w", "--max-jobs", "1", NULL);
    enqueue_held("runs");
    wait_status("runs", "started");
    redis_server_int(server, "DEL", "rq:wip:default", NULL);
    let_go();
    ck_assert_int_eq(wait_worker(worker), 0);
    ck_assert(cq_str_is(job_field("runs", "status"), "started"));
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "rq:results:runs", NULL), 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = worker_case("recovery");
    tcase_add_test(tcase, connections_cut_again_and_again_lose_no_job_and_run_none_twice);
    tcase_add_test(tcase, a_job_runs_on_while_redis_is_out_of_reach_and_its_outcome_is_committed_later);
    tcase_add_test(tcase, a_killed_stable_fails_its_job_and_is_replaced);
    tcase_add_test(tcase, the_horses_of_a_killed_worker_die_with_it_and_its_job_is_found);
    tcase_add_test(tcase, an_outcome_that_was_given_away_is_refused);
    /* The last one: the server that it starts again dies with its process. */
    tcase_add_test(tcase, a_worker_waits_for_a_redis_that_is_not_there_yet);
    return suite_of("worker/recovery", tcase);
}
