#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "redis/async.h"
#include "tests/support/fake_redis.h"
#include "tests/support/redis_server.h"

enum { PATIENCE_S = 20 }; /* a test that waits longer has failed */

static struct redis_server *server, *own;
static struct ev_loop *loop;
static struct cq_async *async;
static struct cq_command command;
static struct cq_async_options options;

/* What happened so far. */
static int readies, downs, answers, failures, messages, last_retry_ms;
static int64_t last_int;
static bool loop_done;
static char last_error[256], last_reply[256];
static enum cq_code last_code;
static int wanted;

static void stop_when(int have)
{
    if (have >= wanted)
        ev_break(loop, EVBREAK_ALL);
}

static void on_ready(struct cq_async *which, void *data)
{
    ck_assert_ptr_eq(which, async);
    ck_assert_ptr_eq(data, &wanted);
    ck_assert(cq_async_is_ready(which));
    readies++;
    ev_break(loop, EVBREAK_ALL);
}

static void on_down(struct cq_async *which, const struct cq_error *err, int retry_in_ms, void *data)
{
    (void)data;
    ck_assert(!cq_async_is_ready(which));
    downs++;
    last_retry_ms = retry_in_ms;
    last_code = err->code;
    snprintf(last_error, sizeof(last_error), "%s", err->text);
    ev_break(loop, EVBREAK_ALL);
}

static void on_answer(struct cq_async *which, const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    (void)which;
    int *counter = data;
    if (counter)
        (*counter)++;
    if (err) {
        ck_assert_ptr_null(reply);
        failures++;
        last_code = err->code;
        snprintf(last_error, sizeof(last_error), "%s", err->text);
    } else {
        answers++;
        struct cq_str text = cq_reply_str(reply);
        snprintf(last_reply, sizeof(last_reply), "%.*s", text.len > 200 ? 200 : (int)text.len, text.len ? text.data : "");
        last_int = cq_reply_int(reply);
    }
    stop_when(answers + failures);
}

static void give_up(struct ev_loop *which, ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    loop_done = true;
    ev_break(which, EVBREAK_ALL);
}

/* Run the loop until something calls ev_break. */
static void turn(void)
{
    ev_timer patience;
    ev_timer_init(&patience, give_up, PATIENCE_S, 0.);
    ev_now_update(loop);
    ev_timer_start(loop, &patience);
    ev_run(loop, 0);
    ev_timer_stop(loop, &patience);
    ck_assert_msg(!loop_done, "nothing happened; last error: %s", last_error);
}

static void run_until(const int *counter, int at_least)
{
    while (*counter < at_least)
        turn();
}

static void start(const struct cq_address *address)
{
    options.address = address;
    async = cq_async_new(&options);
}

static void setup(void)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    cq_command_init(&command);
    options = (struct cq_async_options){.loop = loop, .client_name = "cq test", .on_ready = on_ready, .on_down = on_down, .data = &wanted};
    wanted = 1;
    own = NULL;
    redis_server_flush(server);
}

static void teardown(void)
{
    cq_async_free(async);
    cq_command_release(&command);
    ev_loop_destroy(loop);
    redis_server_stop(own);
}

static void call(const char *first, const char *second, const char *third, int *counter)
{
    cq_command_clear(&command);
    cq_command_texts(&command, first, second, third, NULL);
    cq_async_call(async, &command, on_answer, counter);
}

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

static void on_big(struct cq_async *which, const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    (void)which;
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
    cq_command_text(&command, "ECHO");
    cq_command_arg(&command, cq_str_n(big, big_len));
    cq_async_call(async, &command, on_big, NULL);
    cq_command_release(&command);
    free(big);
    run_until(&answers, 1);
}
END_TEST

START_TEST(a_command_above_the_limit_fails_alone)
{
    start(&server->address);
    run_until(&readies, 1);
    cq_command_text(&command, "ECHO");
    cq_command_arg(&command, cq_str_n("", (size_t)CQ_COMMAND_MAX + 1));
    cq_async_call(async, &command, on_answer, NULL);
    turn();
    ck_assert_int_eq(last_code, CQ_ERR_LIMIT);
    ck_assert(cq_async_is_ready(async));
    ck_assert_int_eq(downs, 0);
}
END_TEST

static void save_meta(int *counter)
{
    cq_command_script(&command, CQ_SCRIPT_META, 1);
    cq_command_texts(&command, "rq:job:1", "{}", NULL);
    cq_async_call(async, &command, on_answer, counter);
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

START_TEST(every_callback_runs_once_when_the_connection_is_dropped_and_before_on_down)
{
    enum { COUNT = 1000 };
    static int counters[COUNT];
    start(&server->address);
    run_until(&readies, 1);
    wanted = COUNT + 1000;
    for (int i = 0; i < COUNT; i++)
        call("INCR", "n", NULL, &counters[i]);
    cq_async_drop(async);
    ck_assert_int_eq(answers + failures, 0);
    run_until(&downs, 1);
    ck_assert_int_eq(answers + failures, COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(counters[i], 1);
    ck_assert_int_ge(last_retry_ms, 50);
    ck_assert_int_le(last_retry_ms, 100);
    run_until(&readies, 2);
}
END_TEST

START_TEST(it_comes_back_when_the_server_does)
{
    own = redis_server_start(NULL);
    start(&own->address);
    run_until(&readies, 1);
    redis_server_kill(own);
    run_until(&downs, 3);
    ck_assert_ptr_nonnull(strstr(last_error, "nobody listens"));
    redis_server_restart(own);
    run_until(&readies, 2);
    call("PING", NULL, NULL, NULL);
    turn();
    ck_assert_str_eq(last_reply, "PONG");
}
END_TEST

START_TEST(it_waits_for_a_server_that_is_not_there_yet_ever_longer)
{
    own = redis_server_start(NULL);
    redis_server_kill(own);
    start(&own->address);
    run_until(&downs, 1);
    int first = last_retry_ms;
    ck_assert_int_eq(last_code, CQ_ERR_CONNECTION);
    run_until(&downs, 3);
    ck_assert_int_gt(last_retry_ms, first);
    redis_server_restart(own);
    run_until(&readies, 1);
}
END_TEST

START_TEST(a_server_that_stops_answering_is_given_up)
{
    own = redis_server_start(NULL);
    own->address.command_timeout_ms = 150;
    start(&own->address);
    run_until(&readies, 1);
    kill(own->pid, SIGSTOP);
    int counter = 0;
    wanted = 10;
    call("PING", NULL, NULL, &counter);
    run_until(&downs, 1);
    ck_assert_int_eq(counter, 1);
    ck_assert_int_eq(failures, 1);
    ck_assert_ptr_nonnull(strstr(last_error, "did not answer within 0.15 s"));
    kill(own->pid, SIGCONT);
    run_until(&readies, 2);
}
END_TEST

START_TEST(a_blocking_command_outlives_the_command_timeout)
{
    own = redis_server_start(NULL);
    own->address.command_timeout_ms = 50;
    options.no_command_timeout = true;
    start(&own->address);
    run_until(&readies, 1);
    call("BLPOP", "q", "0.3", NULL);
    turn();
    ck_assert_int_eq(answers, 1);
    ck_assert_int_eq(downs, 0);
}
END_TEST

START_TEST(a_wrong_password_at_the_start_is_for_the_owner_to_decide)
{
    own = redis_server_start("--requirepass", "hush", NULL);
    memcpy(own->address.password, "husk", 4);
    start(&own->address);
    run_until(&downs, 1);
    ck_assert_int_eq(last_retry_ms, -1);
    ck_assert_int_eq(last_code, CQ_ERR_REDIS);
    ck_assert_ptr_nonnull(strstr(last_error, "password"));
    ck_assert_ptr_null(strstr(last_error, "husk"));
    /* What is sent afterwards still fails in order. */
    int counter = 0;
    call("PING", NULL, NULL, &counter);
    turn();
    ck_assert_int_eq(counter, 1);
    memcpy(own->address.password, "hush", 4); /* for the helper's own connection */
}
END_TEST

START_TEST(a_password_that_changes_later_is_retried)
{
    own = redis_server_start(NULL);
    start(&own->address);
    run_until(&readies, 1);
    cq_reply_free(redis_server_run(own, "CONFIG", "SET", "requirepass", "hush", NULL));
    cq_async_drop(async);
    run_until(&downs, 2);
    ck_assert_int_gt(last_retry_ms, 0);
    ck_assert_ptr_nonnull(strstr(last_error, "password"));
}
END_TEST

static const char *too_old(const char *first, const char *second)
{
    return strcmp(second, "server") == 0 ? "$22\r\nredis_version:6.0.16\r\n\r\n" : fake_redis_healthy(first, second);
}

static const char *loading(const char *first, const char *second)
{
    return strcmp(first, "PING") == 0 ? "-LOADING Redis is loading the dataset in memory\r\n" : fake_redis_healthy(first, second);
}

static const char *silent(const char *first, const char *second)
{
    (void)first;
    (void)second;
    return NULL;
}

static const char *garbage_later(const char *first, const char *second)
{
    return strcmp(first, "GET") == 0 ? "@what?\r\n" : fake_redis_healthy(first, second);
}

static const char *too_much(const char *first, const char *second)
{
    return strcmp(first, "GET") == 0 ? "+one\r\n+two\r\n" : fake_redis_healthy(first, second);
}

static const struct {
    fake_redis_fn *answer;
    bool retried;
    const char *says;
} unfit[] = {
    {too_old, false, "version 6.0.16"},
    {loading, true, "loading"},
    {silent, true, "did not answer"},
};

START_TEST(an_unfit_server_is_retried_only_when_that_may_help)
{
    struct fake_redis *fake = fake_redis_start(unfit[_i].answer);
    fake->address.connect_timeout_ms = 200;
    start(&fake->address);
    run_until(&downs, 1);
    ck_assert_msg(strstr(last_error, unfit[_i].says) != NULL, "%s", last_error);
    ck_assert_int_eq(last_retry_ms > 0, unfit[_i].retried);
    cq_async_free(async);
    async = NULL;
    fake_redis_stop(fake);
}
END_TEST

static fake_redis_fn *const odd[] = {garbage_later, too_much};

START_TEST(an_answer_out_of_line_ends_the_connection_only)
{
    struct fake_redis *fake = fake_redis_start(odd[_i]);
    start(&fake->address);
    run_until(&readies, 1);
    int counter = 0;
    wanted = 10;
    call("GET", "a", NULL, &counter);
    run_until(&downs, 1);
    ck_assert_int_eq(counter, 1);
    ck_assert_int_eq(last_code, CQ_ERR_CONNECTION);
    run_until(&readies, 2);
    cq_async_free(async);
    async = NULL;
    fake_redis_stop(fake);
}
END_TEST

START_TEST(a_host_name_is_looked_up_beside_the_loop)
{
    char port[16];
    snprintf(port, sizeof(port), "%d", redis_server_free_port());
    own = redis_server_start("--port", port, NULL);
    struct cq_address address;
    cq_address_init(&address); /* localhost */
    address.port = own->port;
    start(&address);
    run_until(&readies, 1);
    ck_assert_ptr_nonnull(strchr(cq_async_peer_addr(async), ':'));
    cq_async_free(async);
    free(address.host);
    address.host = cq_strdup("no-such-host.invalid");
    start(&address);
    run_until(&downs, 1);
    ck_assert_ptr_nonnull(strstr(last_error, "no-such-host.invalid"));
    ck_assert_int_gt(last_retry_ms, 0);
    cq_async_free(async);
    start(&address); /* freed while its name is looked up */
    ev_run(loop, EVRUN_NOWAIT);
    cq_async_free(async);
    async = NULL;
    cq_address_release(&address);
}
END_TEST

static void on_message(struct cq_async *which, const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    (void)which;
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
    cq_command_clear(&command);
    cq_command_texts(&command, "SUBSCRIBE", channel, NULL);
    cq_async_subscribe(async, &command, on_message, (void *)channel);
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
    cq_reply_free(redis_server_run(own, "ACL", "SETUSER", "ann", "on", ">x", "~*", "+@all", "resetchannels", "&two", NULL));
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

static void on_answer_free(struct cq_async *which, const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    on_answer(which, reply, err, data);
    cq_async_free(which);
    ev_break(loop, EVBREAK_ALL);
}

START_TEST(it_may_be_freed_inside_any_callback)
{
    static int counters[10];
    start(&server->address);
    run_until(&readies, 1);
    wanted = 100;
    for (int i = 0; i < 10; i++) {
        cq_command_clear(&command);
        cq_command_texts(&command, "PING", NULL);
        cq_async_call(async, &command, i == 4 ? on_answer_free : on_answer, &counters[i]);
    }
    if (_i == 1)
        cq_async_drop(async); /* freed in the callback of a lost connection */
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
    cq_async_drop(async);
    run_until(&downs, 1);
    async = NULL;
    ev_run(loop, EVRUN_NOWAIT);
    ck_assert_int_eq(answers + failures, 1);
}
END_TEST

static void on_answer_again(struct cq_async *which, const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    on_answer(which, reply, err, data);
    cq_command_clear(&command);
    cq_command_text(&command, "PING");
    cq_async_call(which, &command, on_answer_again, data);
}

START_TEST(who_tries_again_at_once_does_not_stop_the_loop)
{
    own = redis_server_start(NULL);
    redis_server_kill(own);
    start(&own->address);
    wanted = 1 << 30;
    cq_command_text(&command, "PING");
    cq_async_call(async, &command, on_answer_again, NULL);
    run_until(&downs, 2);
    ck_assert_int_gt(failures, 1);
}
END_TEST

int main(void)
{
    server = redis_server_start(NULL);
    Suite *suite = suite_create("async");
    TCase *tc = tcase_create("all");
    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, becomes_ready_named_and_knows_its_address);
    tcase_add_test(tc, nothing_is_called_back_from_inside_a_call);
    tcase_add_test(tc, ten_thousand_commands_are_answered_in_order);
    tcase_add_test(tc, an_error_reply_comes_as_a_reply);
    tcase_add_test(tc, a_hundred_megabytes_go_and_come_back);
    tcase_add_test(tc, a_command_above_the_limit_fails_alone);
    tcase_add_test(tc, all_scripts_are_loaded_before_it_is_ready);
    tcase_add_test(tc, forgotten_scripts_are_loaded_again_without_the_caller_noticing);
    tcase_add_test(tc, every_callback_runs_once_when_the_connection_is_dropped_and_before_on_down);
    tcase_add_test(tc, it_comes_back_when_the_server_does);
    tcase_add_test(tc, it_waits_for_a_server_that_is_not_there_yet_ever_longer);
    tcase_add_test(tc, a_server_that_stops_answering_is_given_up);
    tcase_add_test(tc, a_blocking_command_outlives_the_command_timeout);
    tcase_add_test(tc, a_wrong_password_at_the_start_is_for_the_owner_to_decide);
    tcase_add_test(tc, a_password_that_changes_later_is_retried);
    tcase_add_loop_test(tc, an_unfit_server_is_retried_only_when_that_may_help, 0, (int)CQ_ARRAY_LEN(unfit));
    tcase_add_loop_test(tc, an_answer_out_of_line_ends_the_connection_only, 0, (int)CQ_ARRAY_LEN(odd));
    tcase_add_test(tc, a_host_name_is_looked_up_beside_the_loop);
    tcase_add_test(tc, each_channel_has_its_own_listener);
    tcase_add_test(tc, a_refused_subscription_is_told);
    tcase_add_loop_test(tc, it_may_be_freed_inside_any_callback, 0, 3);
    tcase_add_test(tc, it_may_be_freed_inside_on_ready_and_on_down);
    tcase_add_test(tc, who_tries_again_at_once_does_not_stop_the_loop);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    redis_server_stop(server);
    return failed != 0;
}
