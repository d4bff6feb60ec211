/* Subscriptions on the worker's connection. */
#include "tests/redis/async_scene.h"

static int messages;

static void on_message(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    if (err) {
        failures++;
    } else if (cq_reply_type(reply) == CQ_REPLY_ERROR) {
        answers++;
    } else if (cq_str_is(cq_reply_str(cq_reply_at(reply, 0)), "message")) {
        ck_assert(cq_str_is(cq_reply_str(cq_reply_at(reply, 1)), data));
        messages++;
    } else {
        ck_assert(cq_str_is(cq_reply_str(cq_reply_at(reply, 0)), "subscribe"));
        answers++;
    }
    ev_break(loop, EVBREAK_ALL);
}

static void subscribe(const char *channel)
{
    struct cq_command *command = cq_async_begin(async);
    cq_command_texts(command, "SUBSCRIBE", channel, NULL);
    cq_async_subscribe(async, command, on_message, (void *)channel);
}

START_TEST(each_channel_has_its_own_listener)
{
    options.no_command_timeout = true;
    start(&server->address);
    run_until(&readies, 1);
    subscribe("one");
    subscribe("two");
    run_until(&answers, 2);
    cq_reply_free(redis_server_run(server, "PUBLISH", "two", "b", NULL));
    cq_reply_free(redis_server_run(server, "PUBLISH", "one", "a", NULL));
    cq_reply_free(redis_server_run(server, "PUBLISH", "other", "c", NULL));
    run_until(&messages, 2);
    cq_async_drop(async);
    run_until(&downs, 1);
    ck_assert_int_eq(failures, 2);
    run_until(&readies, 2);
    subscribe("one");
    run_until(&answers, 3);
    cq_reply_free(redis_server_run(server, "PUBLISH", "one", "a", NULL));
    run_until(&messages, 3);
}
END_TEST

START_TEST(a_refused_subscription_is_told)
{
    own = redis_server_start(NULL);
    cq_reply_free(redis_server_run(own, "ACL", "SETUSER", "ann", "on", ">x", "~*", "+@all", "resetchannels",
                                   "&two", NULL));
    own->address.username = cq_strdup("ann");
    own->address.password = cq_strdup("x");
    start(&own->address);
    run_until(&readies, 1);
    subscribe("one");
    subscribe("two");
    run_until(&answers, 2);
    cq_reply_free(redis_server_run(own, "PUBLISH", "two", "x", NULL));
    run_until(&messages, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, each_channel_has_its_own_listener);
    tcase_add_test(tc, a_refused_subscription_is_told);
}

Suite *test_suite(void)
{
    return async_suite("subscriptions", add_tests);
}
