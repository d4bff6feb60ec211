/* The worker's connection when all goes well, and how it ends. */
#include "tests/support/async_scene.h"

START_TEST(becomes_ready_named_and_knows_its_address)
{
    start(&server->address);
    ck_assert_str_eq(cq_async_peer_addr(async), "unknown");
    run_until(&readies, 1);
    struct cq_str list = redis_server_text(server, "CLIENT", "LIST", NULL);
    ck_assert_ptr_nonnull(memmem(list.data, list.len, "name=cq_test", 12));
    ck_assert_ptr_nonnull(strstr(cq_async_peer_addr(async), server->socket));
}
END_TEST

START_TEST(nothing_is_called_back_from_inside_a_call)
{
    int counter = 0;
    start(&server->address);
    ck_assert_int_eq(readies + downs, 0);
    call("PING", NULL, NULL, &counter);
    ck_assert_int_eq(counter, 0);
    turn();
    ck_assert_int_eq(counter, 1);
    ck_assert_int_eq(last_code, CQ_ERR_CONNECTION);
    run_until(&readies, 1);
    call("PING", NULL, NULL, &counter);
    ck_assert_int_eq(counter, 1);
    turn();
    ck_assert_int_eq(counter, 2);
    ck_assert_str_eq(last_reply, "PONG");
}
END_TEST

START_TEST(ten_thousand_commands_are_answered_in_order)
{
    enum { COUNT = 10000 };
    static int counters[COUNT];
    start(&server->address);
    run_until(&readies, 1);
    wanted = COUNT;
    for (int i = 0; i < COUNT; i++)
        call("INCR", "n", NULL, &counters[i]);
    turn();
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(counters[i], 1);
    ck_assert_int_eq(last_int, COUNT);
}
END_TEST

START_TEST(an_error_reply_comes_as_a_reply)
{
    start(&server->address);
    run_until(&readies, 1);
    call("NOSUCHCOMMAND", NULL, NULL, NULL);
    turn();
    ck_assert_int_eq(answers, 1);
    ck_assert_ptr_nonnull(strstr(last_reply, "unknown command"));
}
END_TEST

static size_t big_len;

static void on_big(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    (void)data;
    ck_assert_msg(!err, "%s", err ? err->text : "");
    ck_assert_uint_eq(cq_reply_str(reply).len, big_len);
    answers++;
    ev_break(loop, EVBREAK_ALL);
}

START_TEST(a_hundred_megabytes_go_and_come_back)
{
    big_len = 100 * 1024 * 1024;
    char *big = cq_calloc(1, big_len);
    start(&server->address);
    run_until(&readies, 1);
    struct cq_command *command = cq_async_begin(async);
    cq_command_text(command, "ECHO");
    cq_command_arg(command, cq_str_n(big, big_len));
    cq_async_call(async, command, on_big, NULL);
    free(big);
    run_until(&answers, 1);
}
END_TEST

START_TEST(a_command_above_the_limit_fails_alone)
{
    start(&server->address);
    run_until(&readies, 1);
    struct cq_command *command = cq_async_begin(async);
    cq_command_text(command, "ECHO");
    cq_command_arg(command, cq_str_n("", (size_t)CQ_COMMAND_MAX + 1));
    cq_async_call(async, command, on_answer, NULL);
    turn();
    ck_assert_int_eq(last_code, CQ_ERR_LIMIT);
    ck_assert(cq_async_is_ready(async));
    ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(commands_are_built_side_by_side)
{
    enum { COUNT = 20 }; /* more than the connection keeps */
    struct cq_command *commands[COUNT];
    int counter = 0;
    start(&server->address);
    run_until(&readies, 1);
    wanted = COUNT - 1;
    for (int round = 0; round < 2; round++) {
        answers = 0;
        for (int i = 0; i < COUNT; i++) {
            commands[i] = cq_async_begin(async);
            ck_assert_int_eq(commands[i]->argc, 0);
            cq_command_texts(commands[i], "RPUSH", "list", NULL);
        }
        cq_async_drop_command(async, commands[COUNT - 1]);
        for (int i = COUNT - 2; i >= 0; i--) {
            cq_command_int(commands[i], i);
            cq_async_call(async, commands[i], on_answer, &counter);
        }
        turn();
    }
    ck_assert_int_eq(counter, 2 * (COUNT - 1));
    ck_assert_int_eq(failures, 0);
    for (int i = 0; i < 2 * (COUNT - 1); i++) {
        char at[16];
        snprintf(at, sizeof(at), "%d", i);
        ck_assert_int_eq(redis_server_int(server, "LINDEX", "list", at, NULL),
                         (2 * COUNT - 3 - i) % (COUNT - 1));
    }
}
END_TEST

static struct cq_str big_text(void)
{
    return cq_str_n("", (size_t)CQ_COMMAND_MAX + 1);
}

static char order[16];

static void note_order(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    strcat(order, data);
    on_answer(reply, err, NULL);
}

static void call_in_order(const char *name, bool too_large)
{
    struct cq_command *command = cq_async_begin(async);
    cq_command_text(command, "ECHO");
    cq_command_arg(command, too_large ? big_text() : cq_str(name));
    cq_async_call(async, command, note_order, (void *)name);
}

START_TEST(refused_calls_are_told_in_the_order_of_the_calls)
{
    start(&server->address);
    run_until(&readies, 1);
    wanted = 7;
    call_in_order("a", true);
    call_in_order("b", false);
    call_in_order("c", true);
    call_in_order("d", true);
    call_in_order("e", false);
    call_in_order("f", false);
    call_in_order("g", true);
    ck_assert_str_eq(order, "");
    turn();
    ck_assert_str_eq(order, "abcdefg");
    ck_assert_int_eq(answers, 3);
    ck_assert_int_eq(failures, 4);
    ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(refused_calls_are_told_too_when_the_connection_is_lost)
{
    start(&server->address);
    run_until(&readies, 1);
    wanted = 4;
    call_in_order("a", false);
    call_in_order("b", true);
    call_in_order("c", false);
    cut();
    run_until(&downs, 1);
    ck_assert_str_eq(order, "abc");
    ck_assert_int_eq(failures, 3);
    run_until(&readies, 2);
    call_in_order("d", false);
    run_until(&answers, 1);
    ck_assert_str_eq(order, "abcd");
}
END_TEST

static void save_meta(int *counter)
{
    struct cq_command *command = cq_async_begin(async);
    cq_command_script(command, CQ_SCRIPT_META, 0);
    cq_command_texts(command, "1", "{}", NULL);
    cq_async_call(async, command, on_answer, counter);
}

START_TEST(all_scripts_are_loaded_before_it_is_ready)
{
    options.load_scripts = true;
    start(&server->address);
    run_until(&readies, 1);
    for (int i = 0; i < CQ_SCRIPT_COUNT; i++) {
        const struct cq_reply *reply = redis_server_run(server, "SCRIPT", "EXISTS", cq_scripts[i].sha, NULL);
        ck_assert_int_eq(cq_reply_int(cq_reply_at(reply, 0)), 1);
        cq_reply_free((struct cq_reply *)reply);
    }
}
END_TEST

START_TEST(forgotten_scripts_are_loaded_again_without_the_caller_noticing)
{
    enum { COUNT = 100 };
    static int counters[2 * COUNT];
    cq_reply_free(redis_server_run(server, "HSET", "rq:job:1", "id", "1", NULL));
    start(&server->address);
    run_until(&readies, 1);
    cq_reply_free(redis_server_run(server, "SCRIPT", "FLUSH", NULL));
    wanted = 2 * COUNT;
    for (int i = 0; i < COUNT; i++) {
        save_meta(&counters[2 * i]);
        call("INCR", "n", NULL, &counters[2 * i + 1]);
    }
    turn();
    for (int i = 0; i < 2 * COUNT; i++)
        ck_assert_int_eq(counters[i], 1);
    ck_assert_int_eq(failures, 0);
    ck_assert_int_eq(redis_server_int(server, "GET", "n", NULL), COUNT);
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:job:1", "meta", NULL), "{}"));
    answers = 0;
    wanted = 1;
    save_meta(NULL);
    turn();
    ck_assert_int_eq(last_int, 1);
}
END_TEST

static void on_answer_free(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    on_answer(reply, err, data);
    cq_async_free(async);
    ev_break(loop, EVBREAK_ALL);
}

START_TEST(it_may_be_freed_inside_any_callback)
{
    static int counters[10];
    start(&server->address);
    run_until(&readies, 1);
    wanted = 100;
    for (int i = 0; i < 10; i++) {
        struct cq_command *command = cq_async_begin(async);
        cq_command_texts(command, "PING", NULL);
        cq_async_call(async, command, i == 4 ? on_answer_free : on_answer, &counters[i]);
    }
    if (_i == 1)
        cut(); /* freed in the callback of a lost connection */
    if (_i == 2)
        cq_async_free(async); /* freed by free */
    else
        turn();
    async = NULL;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(counters[i], 1);
    ck_assert_int_eq(answers, _i == 0 ? 5 : 0);
    ck_assert_int_eq(downs, 0);
    ev_run(loop, EVRUN_NOWAIT);
}
END_TEST

static void on_down_free(struct cq_async *which, const struct cq_error *err, int retry_in_ms, void *data)
{
    on_down(which, err, retry_in_ms, data);
    cq_async_free(which);
}

static void on_ready_free(struct cq_async *which, void *data)
{
    on_ready(which, data);
    cq_async_free(which);
}

START_TEST(it_may_be_freed_inside_on_ready_and_on_down)
{
    options.on_ready = on_ready_free;
    options.on_down = on_down_free;
    start(&server->address);
    run_until(&readies, 1);
    options.on_ready = on_ready;
    start(&server->address);
    run_until(&readies, 2);
    call("PING", NULL, NULL, NULL);
    cut();
    run_until(&downs, 1);
    async = NULL;
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_int_eq(answers + failures, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, becomes_ready_named_and_knows_its_address);
    tcase_add_test(tc, nothing_is_called_back_from_inside_a_call);
    tcase_add_test(tc, ten_thousand_commands_are_answered_in_order);
    tcase_add_test(tc, an_error_reply_comes_as_a_reply);
    tcase_add_test(tc, a_hundred_megabytes_go_and_come_back);
    tcase_add_test(tc, a_command_above_the_limit_fails_alone);
    tcase_add_test(tc, commands_are_built_side_by_side);
    tcase_add_test(tc, refused_calls_are_told_in_the_order_of_the_calls);
    tcase_add_test(tc, refused_calls_are_told_too_when_the_connection_is_lost);
    tcase_add_test(tc, all_scripts_are_loaded_before_it_is_ready);
    tcase_add_test(tc, forgotten_scripts_are_loaded_again_without_the_caller_noticing);
    tcase_add_loop_test(tc, it_may_be_freed_inside_any_callback, 0, 3);
    tcase_add_test(tc, it_may_be_freed_inside_on_ready_and_on_down);
}

Suite *test_suite(void)
{
    return async_suite("async", add_tests);
}
