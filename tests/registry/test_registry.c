#include <check.h>
#include <stdlib.h>

#include "registry/registry.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

START_TEST(every_registry_has_rq_s_key)
{
    static const char *const keys[CQ_REGISTRY_COUNT_OF] = {
        "rq:wip:q", "rq:finished:q", "rq:failed:q", "rq:deferred:q", "rq:scheduled:q", "rq:canceled:q"};
    struct cq_command command;
    cq_command_init(&command);
    for (int kind = 0; kind < CQ_REGISTRY_COUNT_OF; kind++) {
        struct cq_reply *reply = NULL;
        redis_server_flush(server);
        cq_reply_free(redis_server_run(server, "ZADD", keys[kind], "2", "b", "1", "a", "3", "c", NULL));
        cq_registry_count_build((enum cq_registry_kind)kind, CQ_STR_LIT("q"), &command);
        ck_assert_int_eq(cq_connection_call(redis_server_connection(server), &command, &reply, NULL), CQ_OK);
        ck_assert_int_eq(cq_reply_int(reply), 3);
        cq_reply_free(reply);
    }
    cq_command_release(&command);
}
END_TEST

START_TEST(people_read_started_where_the_key_says_wip)
{
    ck_assert_str_eq(cq_registry_key_word(CQ_REGISTRY_STARTED), "wip");
    ck_assert_str_eq(cq_registry_name(CQ_REGISTRY_STARTED), "started");
    ck_assert_str_eq(cq_registry_name(CQ_REGISTRY_CANCELED), "canceled");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_test(tc, every_registry_has_rq_s_key);
    tcase_add_test(tc, people_read_started_where_the_key_says_wip);
    return suite_of("registry", tc);
}
