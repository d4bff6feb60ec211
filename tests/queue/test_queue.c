#include <check.h>
#include <stdlib.h>

#include "job/keys.h"
#include "queue/queue.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

static struct cq_command command;

static struct cq_reply *send_command(void)
{
    struct cq_reply *reply = NULL;
    struct cq_error err = {0};
    ck_assert_msg(cq_connection_call(redis_server_connection(server), &command, &reply, &err) == CQ_OK, "%s",
                  err.text);
    return reply;
}

START_TEST(names_are_checked)
{
    struct cq_error err = {0};
    char longest[CQ_NAME_MAX + 1];
    memset(longest, 'q', sizeof(longest));
    const char *const good[] = {"default", "bench:default", "with space", "n\xc3\xa4me", "\xf0\x9f\x8e\x89"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(good); i++)
        ck_assert_msg(cq_queue_name_check(cq_str(good[i]), &err) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(cq_queue_name_check(cq_str_n(longest, CQ_NAME_MAX), &err), CQ_OK);
    ck_assert_int_eq(cq_queue_name_check(cq_str_n(longest, CQ_NAME_MAX + 1), &err), CQ_ERR_USAGE);
    ck_assert_msg(strstr(err.text, "513 bytes"), "%s", err.text);
    const char *const bad[] = {"", "a\nb", "\x7f", "a\xc2\x85", "\xff", "\xc3"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(bad); i++)
        ck_assert_msg(cq_queue_name_check(cq_str(bad[i]), &err) == CQ_ERR_USAGE, "case %zu", i);
    ck_assert_int_eq(cq_queue_name_check(cq_str_n("a\0b", 3), &err), CQ_ERR_USAGE);
}
END_TEST

START_TEST(names_come_sorted_and_without_what_is_no_queue)
{
    struct cq_strv names = CQ_STRV_INIT;
    char longest[sizeof("rq:queue:") + CQ_NAME_MAX + 1] = "rq:queue:";
    memset(longest + strlen("rq:queue:"), 'q', CQ_NAME_MAX + 1);
    redis_server_flush(server);
    cq_reply_free(redis_server_run(server, "SADD", "rq:queues", "rq:queue:low", "rq:queue:a:b",
                                   "rq:queue:", "other", longest, NULL));
    cq_queue_names_build(&command);
    struct cq_reply *reply = send_command();
    ck_assert_int_eq(cq_queue_names_read(reply, &names, NULL), CQ_OK);
    ck_assert_uint_eq(names.len, 2);
    ck_assert_str_eq(names.items[0], "a:b");
    ck_assert_str_eq(names.items[1], "low");
    cq_reply_free(reply);
    cq_strv_release(&names);
}
END_TEST

START_TEST(length_of_a_list)
{
    redis_server_flush(server);
    cq_reply_free(redis_server_run(server, "RPUSH", "rq:queue:q", "a", "b", "c", NULL));
    cq_queue_len_build(CQ_STR_LIT("q"), &command);
    struct cq_reply *reply = send_command();
    ck_assert_int_eq(cq_reply_int(reply), 3);
    cq_reply_free(reply);
}
END_TEST

START_TEST(waiting_sees_a_job_and_leaves_the_list_as_it_was)
{
    redis_server_flush(server);
    cq_reply_free(redis_server_run(server, "RPUSH", "rq:queue:q", "a", "b", NULL));
    cq_queue_wait_build(CQ_STR_LIT("q"), 5, &command);
    struct cq_reply *reply = send_command();
    ck_assert(cq_str_is(cq_reply_str(reply), "a"));
    cq_reply_free(reply);
    ck_assert_int_eq(redis_server_int(server, "LLEN", "rq:queue:q", NULL), 2);
    ck_assert(cq_str_is(redis_server_text(server, "LINDEX", "rq:queue:q", "0", NULL), "a"));
    cq_queue_wait_build(CQ_STR_LIT("empty"), 0.01, &command);
    reply = send_command();
    ck_assert_int_eq(cq_reply_type(reply), CQ_REPLY_NIL);
    cq_reply_free(reply);
}
END_TEST

static void setup(void)
{
    cq_command_init(&command);
}

static void teardown(void)
{
    cq_command_release(&command);
}

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_are_checked);
    tcase_add_test(tc, names_come_sorted_and_without_what_is_no_queue);
    tcase_add_test(tc, length_of_a_list);
    tcase_add_test(tc, waiting_sees_a_job_and_leaves_the_list_as_it_was);
    return suite_of("queue", tc);
}
