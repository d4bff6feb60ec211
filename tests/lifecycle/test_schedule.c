/* The clock of due.lua is that of Redis: what is to be due is given a score in the past, or in the future, of
 * it. */
#include "tests/lifecycle/steps.h"

#include "lifecycle/schedule/due.h"
#include "lifecycle/schedule/scheduler.h"
#include "lifecycle/schedule/scheduler_stop.h"
#include "lifecycle/schedule/unattended.h"

#define LIMIT 200

static struct cq_str queues[] = {{.data = "default", .len = 7}, {.data = "other", .len = 5}};
static struct cq_due due;

static struct cq_scheduler_identity scheduler(const char *name)
{
    return (struct cq_scheduler_identity){.name = name,
                                          .hostname = "host",
                                          .pid = 77,
                                          .created_at = NOW,
                                          .queues = queues,
                                          .queue_count = CQ_ARRAY_LEN(queues)};
}

/* One pass; returns whose the lock of the first queue is. */
static enum cq_lock pass_of(const char *name, int limit)
{
    struct cq_error err = {0};
    struct cq_scheduler_identity id = scheduler(name);
    cq_due_build(&id, NOW, limit, &call);
    const struct cq_reply *reply = step();
    ck_assert_msg(cq_due_read(reply, &due, &err) == CQ_OK, "%s", err.text);
    return cq_due_lock(reply, 0);
}

static void stop(const char *name)
{
    struct cq_scheduler_identity id = scheduler(name);
    cq_scheduler_stop_build(&id, &call);
    step();
}

/* Of Redis; only the seconds. */
static int64_t redis_now(void)
{
    struct cq_reply *reply = redis_server_run(server, "TIME", NULL);
    int64_t seconds = cq_reply_int(cq_reply_at(reply, 0));
    cq_reply_free(reply);
    return seconds;
}

/* A job in rq:scheduled:<queue>, due so many seconds from now. */
static void schedule_in(const char *id, const char *queue, int64_t seconds)
{
    struct cq_job job = new_job(id, queue);
    struct cq_key registry = cq_key_registry("scheduled", cq_str(queue)), list = cq_key_queue(cq_str(queue)),
                  hash = cq_key_job(job.id);
    char score[32];
    enqueue(&job);
    snprintf(score, sizeof(score), "%lld", (long long)(redis_now() + seconds));
    RUN("LREM", list.text, "0", id);
    RUN("HSET", hash.text, "status", "scheduled");
    RUN("HDEL", hash.text, "enqueued_at");
    RUN("ZADD", registry.text, score, id);
}

START_TEST(the_first_scheduler_has_the_lock_and_the_second_stands_by)
{
    schedule_in("j1", "default", -10);
    RUN("SET", "rq:scheduler-lock:default", "2", "EX", "61");
    ck_assert_int_eq(pass_of("1", LIMIT), CQ_LOCK_TAKEN);
    ck_assert_int_eq(due.moved, 0);
    assert_text("1", "GET", "rq:scheduler-lock:other");
    assert_text("scheduled", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(pass_of("2", LIMIT), CQ_LOCK_RENEWED);
    ck_assert_int_eq(due.moved, 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_lock_is_taken_renewed_and_lost_with_its_time)
{
    ck_assert_int_eq(pass_of("1", LIMIT), CQ_LOCK_ACQUIRED);
    RUN("EXPIRE", "rq:scheduler-lock:default", "5");
    ck_assert_int_eq(pass_of("1", LIMIT), CQ_LOCK_RENEWED);
    ck_assert_int_gt(INT("TTL", "rq:scheduler-lock:default"), 55);
    ck_assert_int_gt(INT("TTL", "rq:scheduler:1"), 55);
    RUN("DEL", "rq:scheduler-lock:default"); /* its time was over while it slept */
    ck_assert_int_eq(pass_of("2", LIMIT), CQ_LOCK_ACQUIRED);
    schedule_in("j1", "default", -10);
    ck_assert_int_eq(pass_of("1", LIMIT), CQ_LOCK_TAKEN);
    ck_assert_int_eq(due.moved, 0);
}
END_TEST

START_TEST(its_hash_says_who_it_is_and_goes_when_it_has_no_lock)
{
    pass_of("1", LIMIT);
    assert_text("1", "HGET", "rq:scheduler:1", "name");
    assert_text("host", "HGET", "rq:scheduler:1", "hostname");
    assert_text("77", "HGET", "rq:scheduler:1", "pid");
    assert_text("default,other", "HGET", "rq:scheduler:1", "queues");
    assert_text(NOW_ISO, "HGET", "rq:scheduler:1", "created_at");
    assert_text(NOW_ISO, "HGET", "rq:scheduler:1", "last_heartbeat");
    RUN("SET", "rq:scheduler-lock:default", "2");
    RUN("SET", "rq:scheduler-lock:other", "2");
    pass_of("1", LIMIT);
    ck_assert_int_eq(INT("EXISTS", "rq:scheduler:1"), 0);
}
END_TEST

START_TEST(who_stops_gives_back_what_is_its_own_and_nothing_else)
{
    pass_of("1", LIMIT);
    RUN("SET", "rq:scheduler-lock:other", "2");
    stop("1");
    ck_assert_int_eq(INT("EXISTS", "rq:scheduler-lock:default", "rq:scheduler:1"), 0);
    assert_text("2", "GET", "rq:scheduler-lock:other");
    stop("1");
    assert_text("2", "GET", "rq:scheduler-lock:other");
}
END_TEST

START_TEST(a_name_is_a_number_that_ends_with_the_process_id)
{
    char first[CQ_SCHEDULER_NAME_SIZE], second[CQ_SCHEDULER_NAME_SIZE];
    cq_scheduler_name_generate(4194304, first);
    cq_scheduler_name_generate(4194304, second);
    ck_assert_str_ne(first, second);
    ck_assert_uint_eq(strlen(first), 19);
    ck_assert_uint_eq(strspn(first, "0123456789"), 19);
    ck_assert_str_eq(first + 12, "4194304");
    ck_assert_int_gt(strtoll(first, NULL, 10), 0);
}
END_TEST

START_TEST(what_is_due_is_queued_in_order_and_the_rest_waits)
{
    schedule_in("second", "default", -10);
    schedule_in("first", "default", -20);
    schedule_in("later", "default", 500);
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.moved, 2);
    ck_assert_int_gt(due.wait_ms, 490000);
    ck_assert_int_le(due.wait_ms, 500000);
    assert_text("first", "LINDEX", "rq:queue:default", "0");
    assert_text("second", "LINDEX", "rq:queue:default", "1");
    assert_text("queued", "HGET", "rq:job:first", "status");
    assert_text(NOW_ISO, "HGET", "rq:job:first", "enqueued_at");
    assert_text("scheduled", "HGET", "rq:job:later", "status");
    ck_assert_int_eq(job_places("first") + job_places("second") + job_places("later"), 3);
    start("first", RUN_1);
}
END_TEST

START_TEST(without_scheduled_jobs_there_is_nothing_to_wait_for)
{
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.wait_ms, CQ_DUE_NONE);
    ck_assert_int_eq(due.moved, 0);
}
END_TEST

START_TEST(a_call_moves_so_many_and_says_that_there_are_more)
{
    char id[16];
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof(id), "j%02d", i);
        schedule_in(id, "default", -100 + i);
    }
    schedule_in("small", "other", -1);
    pass_of("1", 10);
    ck_assert_int_eq(due.wait_ms, 0);
    assert_text("small", "LINDEX", "rq:queue:other",
                "0"); /* the backlog of the one does not hold up the other */
    int64_t moved = due.moved;
    for (int calls = 0; due.wait_ms == 0 && calls < 10; calls++) {
        pass_of("1", 10);
        moved += due.moved;
    }
    ck_assert_int_eq(moved, 26);
    ck_assert_int_eq(due.wait_ms, CQ_DUE_NONE);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 25);
    assert_text("j00", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(a_pass_that_is_cut_or_sent_twice_queues_once)
{
    schedule_in("j1", "default", -10);
    struct cq_scheduler_identity id = scheduler("1");
    cq_due_build(&id, NOW, LIMIT, &call);
    cut_call(false);
    assert_text("scheduled", "HGET", "rq:job:j1", "status");
    cut_call(true);
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("j1", "LINDEX", "rq:queue:default", "0");
}
END_TEST

START_TEST(the_front_is_for_those_that_ask_for_it_and_for_retries_that_do)
{
    schedule_in("front", "default", -10);
    schedule_in("retry", "default", -9);
    schedule_in("untried", "default", -8);
    RUN("HSET", "rq:job:front", "enqueue_at_front", "1");
    RUN("HSET", "rq:job:retry", "enqueue_at_front_on_retry", "1", "ended_at", NOW_ISO);
    RUN("HSET", "rq:job:untried", "enqueue_at_front_on_retry", "1", "ended_at", "");
    pass_of("1", LIMIT);
    assert_text("retry", "LINDEX", "rq:queue:default", "0");
    assert_text("front", "LINDEX", "rq:queue:default", "1");
    assert_text("untried", "LINDEX", "rq:queue:default", "2");
}
END_TEST

START_TEST(a_ttl_begins_when_the_job_is_queued)
{
    schedule_in("short", "default", -10);
    schedule_in("lasting", "default", -10);
    RUN("HSET", "rq:job:short", "ttl", "300");
    RUN("EXPIRE", "rq:job:lasting", "300");
    pass_of("1", LIMIT);
    ck_assert_int_gt(INT("TTL", "rq:job:short"), 290);
    ck_assert_int_eq(INT("TTL", "rq:job:lasting"), -1);
}
END_TEST

START_TEST(an_entry_without_a_job_gets_a_second_look_and_is_dropped_then)
{
    RUN("ZADD", "rq:scheduled:default", "1000", "gone");
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.dropped, 0);
    ck_assert_int_eq(due.put_off, 1);
    ck_assert_int_gt(due.wait_ms, 1000);
    assert_missing("HGET", "rq:job:gone", "status");
    /* Its job came a moment later, as with RQ's schedule: it is not lost. */
    schedule_in("late", "default", 100);
    RUN("ZADD", "rq:scheduled:default", "1000.5", "late");
    RUN("ZADD", "rq:scheduled:default", "1000.5", "gone");
    RUN("XADD", "rq:results:gone", "*", "type", "4");
    RUN("SET", "rq:cq:output:gone", "text");
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.dropped, 1);
    ck_assert_int_eq(due.moved, 1);
    ck_assert_int_eq(job_places("late"), 1);
    ck_assert_int_eq(job_places("gone"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:gone", "rq:results:gone", "rq:cq:output:gone"), 0);
}
END_TEST

START_TEST(canceled_and_queued_jobs_are_not_queued_again_and_running_ones_not_yet)
{
    schedule_in("canceled", "default", -10);
    RUN("HSET", "rq:job:canceled", "status", "canceled");
    schedule_in("queued", "default", -10);
    RUN("HSET", "rq:job:queued", "status", "queued");
    RUN("RPUSH", "rq:queue:default", "queued");
    schedule_in("runs", "default", -10);
    RUN("HSET", "rq:job:runs", "status", "started");
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.moved, 0);
    ck_assert_int_eq(due.dropped, 2);
    ck_assert_int_eq(due.put_off, 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    ck_assert_int_eq(INT("ZCARD", "rq:scheduled:default"), 1);
    ck_assert_int_le(due.wait_ms, 1000);
}
END_TEST

START_TEST(a_job_that_ended_and_was_scheduled_again_leaves_its_registry)
{
    schedule_in("j1", "default", -10);
    RUN("HSET", "rq:job:j1", "status", "finished");
    RUN("ZADD", "rq:finished:default", "99999999999", "j1");
    RUN("EXPIRE", "rq:job:j1", "500");
    pass_of("1", LIMIT);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    ck_assert_int_eq(INT("TTL", "rq:job:j1"), -1);
}
END_TEST

START_TEST(foreign_keys_stop_nothing_but_themselves)
{
    RUN("SET", "rq:job:odd", "no hash");
    RUN("ZADD", "rq:scheduled:default", "1000.5", "odd");
    RUN("ZADD", "rq:scheduled:default", "-5", "never");
    RUN("SET", "rq:scheduled:other", "no sorted set");
    schedule_in("j1", "default", -10);
    pass_of("1", LIMIT);
    ck_assert_int_eq(cq_due_lock(held, 1), CQ_LOCK_BROKEN);
    ck_assert_int_eq(due.moved, 1);
    ck_assert_int_eq(due.dropped, 1);
    ck_assert_int_eq(INT("ZCARD", "rq:scheduled:default"), 1);
    RUN("DEL", "rq:scheduler-lock:default", "rq:scheduled:other");
    RUN("HSET", "rq:scheduler-lock:default", "no", "text");
    ck_assert_int_eq(pass_of("1", LIMIT), CQ_LOCK_BROKEN);
    ck_assert_int_eq(cq_due_lock(held, 1), CQ_LOCK_RENEWED);
}
END_TEST

START_TEST(a_job_that_cannot_be_queued_waits_for_a_repair)
{
    RUN("SET", "rq:queue:default", "no list");
    struct cq_job job = new_job("j1", "other");
    enqueue(&job);
    RUN("LREM", "rq:queue:other", "0", "j1");
    RUN("HSET", "rq:job:j1", "status", "scheduled");
    RUN("ZADD", "rq:scheduled:default", "1000", "j1");
    schedule_in("j2", "other", -10);
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.moved, 1);
    ck_assert_int_eq(due.put_off, 1);
    ck_assert_int_gt(due.wait_ms, 50000);
    assert_text("scheduled", "HGET", "rq:job:j1", "status");
    RUN("DEL", "rq:queue:default");
    RUN("ZADD", "rq:scheduled:default", "1000", "j1");
    pass_of("1", LIMIT);
    ck_assert_int_eq(due.moved, 1);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(jobs_without_a_scheduler_are_counted)
{
    schedule_in("j1", "default", 1000);
    schedule_in("j2", "default", -1000);
    schedule_in("j3", "other", 1000);
    RUN("SET", "rq:scheduler-lock:other", "2");
    cq_unattended_build(queues, CQ_ARRAY_LEN(queues), &call);
    const struct cq_reply *reply = step();
    ck_assert_int_eq(cq_unattended_count(reply, 0), 2);
    ck_assert_int_eq(cq_unattended_count(reply, 1), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        the_first_scheduler_has_the_lock_and_the_second_stands_by,
        a_lock_is_taken_renewed_and_lost_with_its_time,
        its_hash_says_who_it_is_and_goes_when_it_has_no_lock,
        who_stops_gives_back_what_is_its_own_and_nothing_else,
        a_name_is_a_number_that_ends_with_the_process_id,
        what_is_due_is_queued_in_order_and_the_rest_waits,
        without_scheduled_jobs_there_is_nothing_to_wait_for,
        a_call_moves_so_many_and_says_that_there_are_more,
        a_pass_that_is_cut_or_sent_twice_queues_once,
        the_front_is_for_those_that_ask_for_it_and_for_retries_that_do,
        a_ttl_begins_when_the_job_is_queued,
        an_entry_without_a_job_gets_a_second_look_and_is_dropped_then,
        canceled_and_queued_jobs_are_not_queued_again_and_running_ones_not_yet,
        a_job_that_ended_and_was_scheduled_again_leaves_its_registry,
        foreign_keys_stop_nothing_but_themselves,
        a_job_that_cannot_be_queued_waits_for_a_repair,
        jobs_without_a_scheduler_are_counted,
    };
    return lifecycle_suite("schedule", tests, CQ_ARRAY_LEN(tests));
}
