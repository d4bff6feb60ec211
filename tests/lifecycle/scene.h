/*
 * What the tests of lifecycle/ stand on: one private Redis, empty at the start of each test, one call that is
 * built and sent at a time, and a clock that stands at NOW.
 */
#ifndef CQ_TESTS_LIFECYCLE_SCENE_H
#define CQ_TESTS_LIFECYCLE_SCENE_H

#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

#define NOW ((cq_time)1795212711 * CQ_SECOND + 123)
#define NOW_ISO "2026-11-20T22:11:51.000123Z"
#define NOW_S 1795212711

/* 32 hex digits each, as RQ's */
#define RUN_1 "11111111111111111111111111111111"
#define RUN_2 "22222222222222222222222222222222"
#define RUN_3 "33333333333333333333333333333333"

static struct cq_reply *held; /* what the last step's result points into */
static struct cq_command call;

#define TEXT(...) redis_server_text(server, __VA_ARGS__, NULL)
#define INT(...) redis_server_int(server, __VA_ARGS__, NULL)
#define RUN(...) cq_reply_free(redis_server_run(server, __VA_ARGS__, NULL))
#define assert_text(expected, ...)                                                                       \
    do {                                                                                                 \
        struct cq_str assert_text_ = TEXT(__VA_ARGS__);                                                  \
        ck_assert_msg(cq_str_is(assert_text_, expected), "%s is \"%.*s\", not \"%s\"", #__VA_ARGS__,     \
                      (int)assert_text_.len, assert_text_.data ? assert_text_.data : "(nil)", expected); \
    } while (0)
#define assert_missing(...) ck_assert_ptr_null(TEXT(__VA_ARGS__).data)

/* Send `call`; error replies come back as replies. */
static struct cq_reply *send_call(void)
{
    struct cq_error err = {0};
    struct cq_reply *reply = NULL;
    ck_assert_msg(cq_connection_send(redis_server_connection(server), &call, &err) == CQ_OK, "%s", err.text);
    ck_assert_msg(cq_connection_receive(redis_server_connection(server), &reply, &err) == CQ_OK, "%s",
                  err.text);
    return reply;
}

static void load_scripts(void)
{
    struct cq_error err = {0};
    for (int script = 0; script < CQ_SCRIPT_COUNT; script++)
        ck_assert_msg(cq_connection_load(redis_server_connection(server), (enum cq_script)script, &err) ==
                          CQ_OK,
                      "%s: %s", cq_scripts[script].name, err.text);
}

/* Send `call` and keep its reply until the next step. */
static const struct cq_reply *step(void)
{
    cq_reply_free(held);
    held = send_call();
    return held;
}

/* Each test starts with an empty Redis that knows the scripts. */
static void fresh(void)
{
    cq_command_init(&call);
    redis_server_flush(server);
    load_scripts();
}

static void done(void)
{
    cq_reply_free(held);
    held = NULL;
    cq_command_release(&call);
}

/* The suite of a test program of this folder: one case of these tests. */
static Suite *lifecycle_suite(const char *name, const TTest *const *tests, size_t count)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, fresh, done);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tc, tests[i]);
    return suite_of(name, tc);
}

#endif
