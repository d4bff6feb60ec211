/* A job with more dependencies than one call may look at is registered in pieces, also when the caller ends
 * in between. */
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/manage/remove.h"
#include "lifecycle/register.h"
#include "tests/lifecycle/steps.h"

enum { MANY = 1300, CHUNK = 500 };

static struct cq_str ids[MANY];
static char names[MANY][16];

/* p0, p1 ...: from those on with the status, before it queued. */
static void make_parents(int from, const char *status)
{
    static const char lua[] = "for i = 0, ARGV[1] - 1 do\n"
                              "redis.call('HSET', 'rq:job:p' .. i, 'status', i < tonumber(ARGV[2]) and "
                              "'queued' or ARGV[3], 'origin', 'default') end";
    char count[16], first[16];
    snprintf(count, sizeof(count), "%d", MANY);
    snprintf(first, sizeof(first), "%d", from);
    RUN("EVAL", lua, "0", count, first, status);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "p%d", i);
        ids[i] = cq_str(names[i]);
    }
}

static void enqueue_child(bool allow_failures)
{
    struct cq_job job = new_job("child", "default");
    struct cq_error err = {0};
    job.has_allow_dependency_failures = job.allow_dependency_failures = allow_failures;
    struct cq_enqueue with = {.job = &job, .now = NOW, .dependencies = ids, .dependency_count = MANY};
    cq_enqueue_build(&with, &call);
    ck_assert_msg(cq_enqueue_read(step(), NULL, &err) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(enqueue_status(held), CQ_JOB_DEFERRED);
}

/* The same id, later; it waits for three of them. */
static void enqueue_after_some(void)
{
    struct cq_job job = new_job("child", "default");
    struct cq_enqueue with = {.job = &job, .now = NOW + 1, .dependencies = ids, .dependency_count = 3};
    job.created_at = NOW + 1;
    cq_enqueue_build(&with, &call);
    ck_assert_int_eq(cq_enqueue_read(step(), NULL, NULL), CQ_OK);
}

static void remove_child(void)
{
    cq_remove_build(CQ_STR_LIT("child"), NOW, &call);
    ck_assert_int_eq(cq_remove_read(step(), NULL), CQ_OK);
}

static bool go_on(void)
{
    bool more = true;
    cq_register_build(CQ_STR_LIT("child"), default_queue[0], NOW, &call);
    ck_assert_int_eq(cq_register_read(step(), &more, NULL), CQ_OK);
    return more;
}

static void register_all(void)
{
    while (go_on())
        ;
}

/* A worker's maintenance of the queue; true: there is more. */
static bool maintain(void)
{
    struct cq_abandon with = {.queue = default_queue[0], .now = NOW + CQ_SECOND, .limit = 100};
    cq_abandon_build(&with, &call);
    return cq_abandon_more(step());
}

static int dependents_of(int from, int to)
{
    int count = 0;
    for (int i = from; i < to; i++) {
        char key[64];
        snprintf(key, sizeof(key), "rq:job:%.*s:dependents", (int)ids[i].len, ids[i].data);
        count += (int)INT("SISMEMBER", key, "child");
    }
    return count;
}

static void assert_nothing_set_aside(void)
{
    struct cq_reply *keys = redis_server_run(server, "KEYS", "rq:cq:*", NULL);
    ck_assert_uint_eq(cq_reply_len(keys), 0);
    cq_reply_free(keys);
}

static void assert_waits(int open) /* on p0 ... */
{
    assert_text("deferred", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("child"), 1);
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), open);
    ck_assert_int_eq(dependents_of(0, open), open);
    ck_assert_int_eq(dependents_of(open, MANY), 0);
    assert_nothing_set_aside();
}

static void assert_queued_once(void)
{
    assert_text("queued", "HGET", "rq:job:child", "status");
    ck_assert_int_eq(job_places("child"), 1);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    assert_nothing_set_aside();
}

START_TEST(each_call_looks_at_a_part_and_the_job_waits_for_what_is_open)
{
    make_parents(900, "finished");
    enqueue_child(false);
    ck_assert(cq_enqueue_registers(held));
    ck_assert_int_eq(INT("SCARD", "rq:cq:dependencies:child"), MANY);
    ck_assert(go_on());
    ck_assert_int_eq(INT("SCARD", "rq:cq:dependencies:child"), MANY - CHUNK);
    ck_assert(go_on());
    ck_assert(!go_on());
    assert_waits(900);
    ck_assert(!go_on()); /* once more is none too many */
    assert_waits(900);
}
END_TEST

START_TEST(the_last_call_queues_a_job_that_waits_for_nothing)
{
    make_parents(0, "finished");
    enqueue_child(false);
    register_all();
    assert_queued_once();
}
END_TEST

START_TEST(failures_will_do_where_they_are_allowed)
{
    for (int allowed = 0; allowed < 2; allowed++) {
        redis_server_flush(server);
        load_scripts();
        make_parents(0, "failed");
        enqueue_child(allowed);
        register_all();
        if (allowed)
            assert_queued_once();
        else
            assert_waits(MANY);
    }
}
END_TEST

START_TEST(workers_go_on_where_the_enqueuer_died)
{
    make_parents(900, "finished");
    enqueue_child(false);
    go_on();
    while (maintain())
        ;
    assert_waits(900);
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    make_parents(0, "finished");
    enqueue_child(false); /* the same call, sent again */
    ck_assert(!cq_enqueue_registers(held));
    RUN("DEL", "rq:job:child");
    enqueue_child(false);
    struct cq_fetch fetch = fetch_of(RUN_1);
    struct cq_started started = {0};
    int calls = 0;
    while (fetch_with(&fetch, &started) != CQ_FETCH_STARTED) /* a worker that finds no job */
        ck_assert_int_lt(++calls, 10);
    ck_assert(cq_str_is(started.job_id, "child"));
    assert_nothing_set_aside();
}
END_TEST

/* From p<first> on; they run as RUN_1. */
static void finish_every_other(int first)
{
    char member[sizeof(names[0]) + sizeof(RUN_1) + 1];
    for (int i = first; i < MANY; i += 2) {
        snprintf(member, sizeof(member), "p%d:" RUN_1, i);
        RUN("ZADD", "rq:wip:default", "1795213000", member);
        assert_text("deferred", "HGET", "rq:job:child", "status");
        ck_assert_int_eq(finish(names[i], CQ_OUTCOME_SUCCESS), CQ_VERDICT_FINISHED);
    }
}

/* Some end when it is registered with them, some before: nobody lets it go too early, nobody forgets it. */
START_TEST(what_finishes_meanwhile_is_not_waited_for)
{
    make_parents(MANY, "");
    enqueue_child(false);
    go_on();
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    finish_every_other(0);
    assert_text("deferred", "HGET", "rq:job:child", "status");
    register_all();
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), MANY / 2);
    finish_every_other(1);
    assert_queued_once();
}
END_TEST

START_TEST(a_call_sent_twice_begins_once)
{
    make_parents(900, "finished");
    enqueue_child(false);
    go_on();
    enqueue_child(false);
    ck_assert(cq_enqueue_registers(held)); /* a second caller continues */
    ck_assert_int_eq(INT("LLEN", "rq:cq:releasing:default"), 1);
    register_all();
    assert_waits(900);
}
END_TEST

START_TEST(an_id_that_is_canceled_deleted_or_enqueued_anew_meanwhile_leaves_nothing)
{
    for (int way = 0; way < 3; way++) {
        redis_server_flush(server);
        load_scripts();
        make_parents(MANY, "");
        enqueue_child(false);
        go_on();
        if (way == 0)
            RUN("HSET", "rq:job:child", "status", "canceled");
        else if (way == 1)
            remove_child();
        else
            enqueue_plain("child");
        if (way)
            ck_assert_int_eq(INT("EXISTS", "rq:job::child:dependencies"), 0);
        register_all();
        assert_nothing_set_aside();
        ck_assert_int_eq(dependents_of(0, MANY),
                         way == 0 ? CHUNK : 0); /* canceled, it stays where it is, as in RQ */
        ck_assert_int_eq(INT("LLEN", "rq:queue:default"), way == 2);
    }
}
END_TEST

/* Each of these lets go of what it waited for, in pieces: by workers, if nobody else does. */
START_TEST(a_job_that_waits_for_many_is_deleted_or_enqueued_anew_in_pieces)
{
    for (int way = 0; way < 2; way++) {
        redis_server_flush(server);
        load_scripts();
        make_parents(MANY, "");
        enqueue_child(false);
        register_all();
        assert_waits(MANY);
        if (way)
            enqueue_after_some();
        else
            remove_child();
        ck_assert_int_eq(dependents_of(0, MANY), MANY);
        while (maintain())
            ;
        assert_nothing_set_aside();
        ck_assert_int_eq(dependents_of(0, 3), way ? 3 : 0);
        ck_assert_int_eq(dependents_of(3, MANY), 0);
        ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), way ? 3 : 0);
        ck_assert_int_eq(job_places("child"), way);
    }
}
END_TEST

START_TEST(keys_of_another_type_keep_nobody_from_the_rest)
{
    make_parents(MANY, "");
    RUN("SET", "rq:job:p7", "no hash");
    RUN("SET", "rq:job:p8:dependents", "no set");
    enqueue_child(false);
    register_all();
    ck_assert_int_eq(INT("SCARD", "rq:job::child:dependencies"), MANY - 1);
    ck_assert_int_eq(dependents_of(9, MANY), MANY - 9);
    assert_nothing_set_aside();
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        each_call_looks_at_a_part_and_the_job_waits_for_what_is_open,
        the_last_call_queues_a_job_that_waits_for_nothing,
        failures_will_do_where_they_are_allowed,
        workers_go_on_where_the_enqueuer_died,
        what_finishes_meanwhile_is_not_waited_for,
        a_call_sent_twice_begins_once,
        a_job_that_waits_for_many_is_deleted_or_enqueued_anew_in_pieces,
        an_id_that_is_canceled_deleted_or_enqueued_anew_meanwhile_leaves_nothing,
        keys_of_another_type_keep_nobody_from_the_rest,
    };
    return lifecycle_suite("register", tests, CQ_ARRAY_LEN(tests));
}
