/* Subscriptions on the worker's connection. */
#include "tests/support/async_scene.h"

static int messages;
static char last_message[64];

static void on_message(struct cq_str channel, struct cq_str message, void *data)
{
    ck_assert_ptr_eq(data, &wanted);
    snprintf(last_message, sizeof(last_message), "%.*s: %.*s", (int)channel.len, channel.data,
             (int)message.len, message.data);
    messages++;
    ev_break(loop, EVBREAK_ALL);
}

static void listen_at(const struct cq_address *address)
{
    options.no_command_timeout = true;
    options.on_message = on_message;
    start(address);
    run_until(&readies, 1);
}

START_TEST(messages_come_of_the_channels_that_were_subscribed_to)
{
    listen_at(&server->address);
    call("SUBSCRIBE", "one", NULL, NULL);
    call("SUBSCRIBE", "two", NULL, NULL);
    run_until(&answers, 2);
    cq_reply_free(redis_server_run(server, "PUBLISH", "other", "c", NULL));
    cq_reply_free(redis_server_run(server, "PUBLISH", "two", "b", NULL));
    run_until(&messages, 1);
    ck_assert_str_eq(last_message, "two: b");
    cq_reply_free(redis_server_run(server, "PUBLISH", "one", "a", NULL));
    run_until(&messages, 2);
    ck_assert_str_eq(last_message, "one: a");
    cut();
    run_until(&readies, 2);
    call("SUBSCRIBE", "one", NULL, NULL);
    run_until(&answers, 3);
    cq_reply_free(redis_server_run(server, "PUBLISH", "two", "b", NULL));
    cq_reply_free(redis_server_run(server, "PUBLISH", "one", "d", NULL));
    run_until(&messages, 3);
    ck_assert_str_eq(last_message, "one: d");
    ck_assert_int_eq(failures, 0);
}
END_TEST

START_TEST(a_subscription_that_is_lost_before_its_answer_is_told)
{
    listen_at(&server->address);
    call("SUBSCRIBE", "one", NULL, NULL);
    cut();
    run_until(&downs, 1);
    ck_assert_int_eq(failures, 1);
}
END_TEST

START_TEST(a_refused_subscription_is_told_and_the_others_hold)
{
    own = redis_server_start(NULL);
    cq_reply_free(redis_server_run(own, "ACL", "SETUSER", "ann", "on", ">x", "~*", "+@all", "resetchannels",
                                   "&two", NULL));
    own->address.username = cq_strdup("ann");
    own->address.password = cq_strdup("x");
    listen_at(&own->address);
    int refused = 0, confirmed = 0;
    call("SUBSCRIBE", "one", NULL, &refused);
    run_until(&refused, 1);
    ck_assert_ptr_nonnull(strstr(last_reply, "NOPERM"));
    call("SUBSCRIBE", "one", NULL, &refused);
    call("SUBSCRIBE", "two", NULL, &confirmed);
    run_until(&confirmed, 1);
    ck_assert_int_eq(refused, 2);
    cq_reply_free(redis_server_run(own, "PUBLISH", "two", "x", NULL));
    run_until(&messages, 1);
    ck_assert_str_eq(last_message, "two: x");
}
END_TEST

START_TEST(a_list_that_looks_like_a_message_is_an_answer_where_nobody_listens)
{
    start(&server->address);
    run_until(&readies, 1);
    cq_reply_free(redis_server_run(server, "RPUSH", "list", "message", "one", "a", NULL));
    int counter = 0;
    struct cq_command *command = cq_async_begin(async);
    cq_command_texts(command, "LRANGE", "list", "0", "-1", NULL);
    cq_async_call(async, command, on_answer, &counter);
    turn();
    ck_assert_int_eq(counter, 1);
    ck_assert_int_eq(messages, 0);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, messages_come_of_the_channels_that_were_subscribed_to);
    tcase_add_test(tc, a_subscription_that_is_lost_before_its_answer_is_told);
    tcase_add_test(tc, a_refused_subscription_is_told_and_the_others_hold);
    tcase_add_test(tc, a_list_that_looks_like_a_message_is_an_answer_where_nobody_listens);
}

Suite *test_suite(void)
{
    return async_suite("subscriptions", add_tests);
}
