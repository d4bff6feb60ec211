#include "queue/overview.h"

#include <check.h>
#include <stdlib.h>

#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

#define NOW ((cq_time)1800000000 * CQ_SECOND)

static struct cq_overview overview;
static struct cq_strv queues;
static struct cq_error err;

static void fresh(void)
{
    redis_server_flush(server);
    cq_strv_init(&queues);
    overview = (struct cq_overview){0};
}

static void done(void)
{
    cq_overview_release(&overview);
    cq_strv_release(&queues);
}

#define RUN(...) cq_reply_free(redis_server_run(server, __VA_ARGS__, NULL))

static void read_overview(void)
{
    ck_assert_msg(cq_overview_read(redis_server_connection(server), &queues, NOW, &overview, &err) == CQ_OK,
                  "%s", err.text);
}

START_TEST(an_empty_redis_is_an_empty_overview)
{
    read_overview();
    ck_assert_uint_eq(overview.queue_count, 0);
    ck_assert_uint_eq(overview.worker_count, 0);
    ck_assert(!overview.suspended);
}
END_TEST

START_TEST(queues_are_counted_and_sorted)
{
    RUN("SADD", "rq:queues", "rq:queue:low", "rq:queue:high", "other");
    RUN("RPUSH", "rq:queue:high", "a", "b");
    RUN("ZADD", "rq:deferred:low", "1", "a");
    RUN("ZADD", "rq:scheduled:low", "1", "a", "2", "b");
    RUN("ZADD", "rq:canceled:low", "1", "a", "2", "b", "3", "c");
    read_overview();
    ck_assert_uint_eq(overview.queue_count, 2);
    ck_assert(cq_str_is(overview.queues[0].name, "high"));
    ck_assert_int_eq(overview.queues[0].queued, 2);
    ck_assert_int_eq(overview.queues[1].queued, 0);
    ck_assert_int_eq(overview.queues[1].registries[CQ_REGISTRY_DEFERRED], 1);
    ck_assert_int_eq(overview.queues[1].registries[CQ_REGISTRY_SCHEDULED], 2);
    ck_assert_int_eq(overview.queues[1].registries[CQ_REGISTRY_CANCELED], 3);
}
END_TEST

START_TEST(what_has_expired_is_not_counted_and_not_removed)
{
    RUN("ZADD", "rq:finished:q", "+inf", "forever", "1800000000", "just", "1800000001", "kept");
    RUN("ZADD", "rq:failed:q", "-1", "forever", "5", "expired");
    RUN("ZADD", "rq:wip:q", "1799999999", "a:1", "1800000100", "b:2");
    cq_strv_push(&queues, CQ_STR_LIT("q"));
    read_overview();
    ck_assert_int_eq(overview.queues[0].registries[CQ_REGISTRY_FINISHED], 2);
    ck_assert_int_eq(overview.queues[0].registries[CQ_REGISTRY_FAILED], 1);
    ck_assert_int_eq(overview.queues[0].registries[CQ_REGISTRY_STARTED], 2);
    ck_assert_int_eq(overview.queues[0].abandoned, 1);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:finished:q", NULL), 3);
    ck_assert_int_eq(redis_server_int(server, "ZCARD", "rq:wip:q", NULL), 2);
}
END_TEST

START_TEST(workers_are_those_of_the_queues_asked_for_and_alive)
{
    RUN("SADD", "rq:workers", "rq:worker:w2", "rq:worker:w1", "rq:worker:w3", "rq:worker:dead", "nonsense");
    RUN("SADD", "rq:workers:q", "rq:worker:w2", "rq:worker:w1", "rq:worker:dead");
    RUN("HSET", "rq:worker:w1", "state", "idle");
    RUN("HSET", "rq:worker:w2", "state", "busy");
    RUN("HSET", "rq:worker:w3", "state", "idle");
    cq_strv_push(&queues, CQ_STR_LIT("q"));
    read_overview();
    ck_assert_uint_eq(overview.worker_count, 2);
    ck_assert(cq_str_is(overview.workers[0].name, "w1"));
    ck_assert(cq_str_is(cq_reply_field(overview.workers[1].fields, "state"), "busy"));
    ck_assert_uint_eq(overview.queues[0].workers.len, 3);
}
END_TEST

START_TEST(without_any_queue_all_workers_are_there)
{
    RUN("SADD", "rq:workers", "rq:worker:w1");
    RUN("HSET", "rq:worker:w1", "state", "idle");
    read_overview();
    ck_assert_uint_eq(overview.worker_count, 1);
}
END_TEST

START_TEST(keys_of_another_type_are_unknown_and_no_error)
{
    RUN("SET", "rq:queue:q", "x");
    RUN("SET", "rq:failed:q", "x");
    RUN("SET", "rq:workers:q", "x");
    RUN("SADD", "rq:workers", "rq:worker:w");
    RUN("SET", "rq:worker:w", "x");
    cq_strv_push(&queues, CQ_STR_LIT("q"));
    read_overview();
    ck_assert_int_eq(overview.queues[0].queued, CQ_OVERVIEW_UNKNOWN);
    ck_assert_int_eq(overview.queues[0].registries[CQ_REGISTRY_FAILED], CQ_OVERVIEW_UNKNOWN);
    ck_assert_int_eq(overview.queues[0].registries[CQ_REGISTRY_FINISHED], 0);
    ck_assert_uint_eq(overview.worker_count, 0);
}
END_TEST

START_TEST(sets_of_another_type_are_empty)
{
    RUN("SET", "rq:queues", "x");
    RUN("SET", "rq:workers", "x");
    RUN("SET", "rq:suspended", "1");
    read_overview();
    ck_assert_uint_eq(overview.queue_count, 0);
    ck_assert(overview.suspended);
}
END_TEST

START_TEST(a_refusal_is_an_error)
{
    struct cq_connection *connection = redis_server_connect(server);
    RUN("ACL", "SETUSER", "default", "-zcard");
    cq_strv_push(&queues, CQ_STR_LIT("q"));
    enum cq_code code = cq_overview_read(connection, &queues, NOW, &overview, &err);
    RUN("ACL", "SETUSER", "default", "+@all");
    ck_assert_int_eq(code, CQ_ERR_REDIS);
    cq_connection_close(connection);
}
END_TEST

START_TEST(a_lost_connection_is_an_error)
{
    struct cq_connection *connection = redis_server_connect(server);
    RUN("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    ck_assert_int_eq(cq_overview_read(connection, &queues, NOW, &overview, &err), CQ_ERR_CONNECTION);
    cq_connection_close(connection);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, fresh, done);
    tcase_add_test(tc, an_empty_redis_is_an_empty_overview);
    tcase_add_test(tc, queues_are_counted_and_sorted);
    tcase_add_test(tc, what_has_expired_is_not_counted_and_not_removed);
    tcase_add_test(tc, workers_are_those_of_the_queues_asked_for_and_alive);
    tcase_add_test(tc, without_any_queue_all_workers_are_there);
    tcase_add_test(tc, keys_of_another_type_are_unknown_and_no_error);
    tcase_add_test(tc, sets_of_another_type_are_empty);
    tcase_add_test(tc, a_refusal_is_an_error);
    tcase_add_test(tc, a_lost_connection_is_an_error);
    return suite_of("overview", tc);
}
