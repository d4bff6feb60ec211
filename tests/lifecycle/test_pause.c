#include "lifecycle/manage/pause.h"
#include "tests/lifecycle/steps.h"

static struct cq_started started;

static const struct cq_str two_queues[] = {{"high", 4}, {"default", 7}};

static struct cq_fetch fetch_of_two(const char *execution)
{
    struct cq_fetch fetch = fetch_of(execution);
    fetch.queues = two_queues;
    fetch.queue_count = 2;
    return fetch;
}

/* duration_s below 0: resume. Returns whether the first queue was paused. */
static bool pause_queues(int64_t duration_s, const char *first, const char *second)
{
    struct cq_strv queues = CQ_STRV_INIT;
    struct cq_error err = {0};
    cq_strv_push(&queues, cq_str(first));
    if (second)
        cq_strv_push(&queues, cq_str(second));
    if (duration_s < 0)
        cq_pause_end_build(&queues, NOW, &call);
    else
        cq_pause_build(&queues, duration_s, NOW, &call);
    const struct cq_reply *reply = step();
    ck_assert_msg(cq_pause_read(reply, queues.len, &err) == CQ_OK, "%s", err.text);
    cq_strv_release(&queues);
    return cq_pause_was(reply, 0);
}

START_TEST(a_paused_queue_is_passed_over_until_it_is_resumed)
{
    struct cq_job high = new_job("h1", "high");
    enqueue(&high);
    enqueue_plain("d1");
    ck_assert(!pause_queues(0, "high", NULL));
    struct cq_fetch fetch = fetch_of_two(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "d1"));
    ck_assert_uint_eq(started.queue_index, 1);
    fetch = fetch_of_two(RUN_2);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    ck_assert(cq_fetch_is_paused(&started, 0)); /* it has a job: a peek would return at once */
    ck_assert(!cq_fetch_is_paused(&started, 1));
    assert_text("queued", "HGET", "rq:job:h1", "status");
    ck_assert_int_eq(job_places_in("h1", "high"), 1);

    ck_assert(pause_queues(-1, "high", NULL));
    ck_assert(!pause_queues(-1, "high", NULL));
    ck_assert_int_eq(INT("EXISTS", "rq:cq:paused"), 0);
    fetch = fetch_of_two(RUN_2);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert(cq_str_is(started.job_id, "h1"));
}
END_TEST

START_TEST(a_paused_queue_without_jobs_may_be_waited_on)
{
    pause_queues(0, "high", "default");
    struct cq_fetch fetch = fetch_of_two(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    ck_assert(!cq_fetch_is_paused(&started, 0));
    ck_assert(!cq_fetch_is_paused(&started, 1));
}
END_TEST

START_TEST(a_pause_for_a_time_ends_by_itself_and_leaves_nothing)
{
    enqueue_plain("d1");
    pause_queues(10, "default", "high");
    struct cq_fetch fetch = fetch_of_two(RUN_1);
    fetch.now = NOW + 9 * CQ_SECOND;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    ck_assert(cq_fetch_is_paused(&started, 1));
    fetch.now = NOW + 10 * CQ_SECOND;
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_int_eq(INT("EXISTS", "rq:cq:paused"), 0);
}
END_TEST

START_TEST(a_worker_that_is_busy_takes_nothing_of_a_paused_queue_between_two_jobs)
{
    struct cq_job job = new_job("d1", "default");
    enqueue_and_start(&job);
    enqueue_plain("d2");
    pause_queues(0, "default", NULL);
    struct cq_finish outcome = finish_of("d1", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    outcome.next = &next;
    struct cq_finished finished = finish_with(&outcome);
    ck_assert_int_eq(finished.verdict, CQ_VERDICT_FINISHED);
    ck_assert_int_eq(finished.next_verdict, CQ_FETCH_EMPTY);
    ck_assert(cq_fetch_is_paused(&finished.next, 0));
    assert_text("idle", "HGET", worker_key, "state");
    ck_assert_int_eq(job_places("d2"), 1);
}
END_TEST

START_TEST(whoever_pauses_takes_away_pauses_that_are_over)
{
    char past[32];
    snprintf(past, sizeof(past), "%d", NOW_S);
    RUN("HSET", "rq:cq:paused", "gone", past, "stays", "");
    ck_assert(!pause_queues(5, "gone", NULL));
    ck_assert_int_eq(INT("HLEN", "rq:cq:paused"), 2);
    ck_assert_int_eq(INT("HGET", "rq:cq:paused", "gone"), NOW_S + 5);
    ck_assert(pause_queues(0, "gone", "stays"));
    assert_text("", "HGET", "rq:cq:paused", "gone");
}
END_TEST

START_TEST(foreign_data_in_the_hash_stops_nothing_but_its_queue)
{
    enqueue_plain("d1");
    RUN("HSET", "rq:cq:paused", "default", "by hand");
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_EMPTY);
    RUN("DEL", "rq:cq:paused");
    RUN("SET", "rq:cq:paused", "text");
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    struct cq_strv queues = CQ_STRV_INIT;
    cq_strv_push(&queues, CQ_STR_LIT("default"));
    cq_pause_build(&queues, 0, NOW, &call);
    struct cq_error err = {0};
    ck_assert_int_eq(cq_pause_read(step(), 1, &err), CQ_ERR_INVALID_OPERATION);
    cq_strv_release(&queues);
}
END_TEST

START_TEST(a_suspension_counts_before_a_pause)
{
    enqueue_plain("d1");
    pause_queues(0, "default", NULL);
    RUN("SET", "rq:suspended", "1");
    struct cq_fetch fetch = fetch_of(RUN_1);
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_SUSPENDED);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_paused_queue_is_passed_over_until_it_is_resumed,
        a_paused_queue_without_jobs_may_be_waited_on,
        a_pause_for_a_time_ends_by_itself_and_leaves_nothing,
        a_worker_that_is_busy_takes_nothing_of_a_paused_queue_between_two_jobs,
        whoever_pauses_takes_away_pauses_that_are_over,
        foreign_data_in_the_hash_stops_nothing_but_its_queue,
        a_suspension_counts_before_a_pause,
    };
    return lifecycle_suite("pause", tests, CQ_ARRAY_LEN(tests));
}
