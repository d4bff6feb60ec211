/* The worker's connection when the server or the network does not do its part. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/async_scene.h"

static time_t set_back_s; /* how far the clock of this process has been set back */
static time_t slept_s;    /* how long it was stopped, by all clocks */

/* In place of libc's, for libev, which takes the one or the other as it was built. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME)
        now->tv_sec -= set_back_s;
    now->tv_sec += slept_s;
    return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int rc = (int)syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += slept_s - set_back_s;
    return rc;
}

/* Connected under the usual limits, of which a busy machine needs some, and impatient only from here on. */
static void start_impatient(int command_timeout_ms)
{
    own = redis_server_start(NULL);
    start(&own->address);
    run_until(&readies, 1);
    own->address.command_timeout_ms = command_timeout_ms;
}

START_TEST(every_callback_runs_once_when_the_connection_is_dropped_and_before_on_down)
{
    enum { COUNT = 1000 };
    static int counters[COUNT];
    start(&server->address);
    run_until(&readies, 1);
    wanted = COUNT + 1000;
    for (int i = 0; i < COUNT; i++)
        call("INCR", "n", NULL, &counters[i]);
    cut();
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
    start_impatient(150);
    kill(own->pid, SIGSTOP);
    int counter = 0;
    wanted = 10;
    call("PING", NULL, NULL, &counter);
    run_until(&downs, 1);
    ck_assert_int_eq(counter, 1);
    ck_assert_int_eq(failures, 1);
    ck_assert_ptr_nonnull(strstr(last_error, "did not answer within 0.15 s"));
    own->address.command_timeout_ms = 60000;
    kill(own->pid, SIGCONT);
    run_until(&readies, 2);
}
END_TEST

START_TEST(a_server_that_stops_answering_is_given_up_when_the_clock_is_set_back)
{
    start_impatient(700); /* libev looks at the clock every half a second */
    kill(own->pid, SIGSTOP);
    wanted = 10;
    call("PING", NULL, NULL, NULL);
    set_back_s = 3600;
    run_until(&downs, 1);
    set_back_s = 0;
    ck_assert_int_eq(failures, 1);
    kill(own->pid, SIGCONT);
}
END_TEST

static int blocked_clients(void)
{
    static const char name[] = "blocked_clients:";
    struct cq_str clients = redis_server_text(own, "INFO", "clients", NULL);
    const char *found = strstr(clients.data, name);
    return found ? atoi(found + strlen(name)) : -1;
}

static void fall_asleep(struct ev_loop *which, ev_timer *timer, int events)
{
    (void)which, (void)timer, (void)events;
    wait_until(blocked_clients() == 0); /* the answer is on its way */
    wait_until(blocked_clients() == 0); /* and has left before this one */
    slept_s = patience_s() / 2;
}

START_TEST(an_answer_that_came_while_the_process_was_stopped_counts)
{
    start_impatient(patience_s() * 1000 / 4);
    call("BLPOP", "q", "0.1", NULL);
    ev_timer asleep;
    ev_timer_init(&asleep, fall_asleep, 0.02, 0.);
    ev_timer_start(loop, &asleep);
    turn();
    ck_assert_int_eq(downs, 0);
    ck_assert_int_eq(answers, 1);
}
END_TEST

START_TEST(a_blocking_command_outlives_the_command_timeout)
{
    options.no_command_timeout = true;
    start_impatient(50);
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
    cut();
    run_until(&downs, 2);
    ck_assert_int_gt(last_retry_ms, 0);
    ck_assert_ptr_nonnull(strstr(last_error, "password"));
}
END_TEST

static const char *too_old(const char *first, const char *second)
{
    return strcmp(second, "server") == 0 ? "$22\r\nredis_version:6.0.16\r\n\r\n"
                                         : fake_redis_healthy(first, second);
}

static const char *loading(const char *first, const char *second)
{
    return strcmp(first, "PING") == 0 ? "-LOADING Redis is loading the dataset in memory\r\n"
                                      : fake_redis_healthy(first, second);
}

static const char *silent(const char *first, const char *second)
{
    (void)first;
    (void)second;
    return NULL;
}

static const char *http(const char *first, const char *second)
{
    (void)first;
    (void)second;
    return "HTTP/1.1 400 Bad Request\r\n\r\n";
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
    {http, false, "does not speak Redis' protocol"},
};

START_TEST(an_unfit_server_is_retried_only_when_that_may_help)
{
    struct fake_redis *fake = fake_redis_start(unfit[_i].answer);
    if (unfit[_i].answer == silent)
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

static void on_answer_again(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    on_answer(reply, err, data);
    struct cq_command *command = cq_async_begin(async);
    cq_command_text(command, "PING");
    cq_async_call(async, command, on_answer_again, data);
}

START_TEST(who_tries_again_at_once_does_not_stop_the_loop)
{
    own = redis_server_start(NULL);
    redis_server_kill(own);
    start(&own->address);
    wanted = 1 << 30;
    struct cq_command *command = cq_async_begin(async);
    cq_command_text(command, "PING");
    cq_async_call(async, command, on_answer_again, NULL);
    run_until(&downs, 2);
    ck_assert_int_gt(failures, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, every_callback_runs_once_when_the_connection_is_dropped_and_before_on_down);
    tcase_add_test(tc, it_comes_back_when_the_server_does);
    tcase_add_test(tc, it_waits_for_a_server_that_is_not_there_yet_ever_longer);
    tcase_add_test(tc, a_server_that_stops_answering_is_given_up);
    tcase_add_test(tc, a_server_that_stops_answering_is_given_up_when_the_clock_is_set_back);
    tcase_add_test(tc, an_answer_that_came_while_the_process_was_stopped_counts);
    tcase_add_test(tc, a_blocking_command_outlives_the_command_timeout);
    tcase_add_test(tc, a_wrong_password_at_the_start_is_for_the_owner_to_decide);
    tcase_add_test(tc, a_password_that_changes_later_is_retried);
    tcase_add_loop_test(tc, an_unfit_server_is_retried_only_when_that_may_help, 0, (int)CQ_ARRAY_LEN(unfit));
    tcase_add_loop_test(tc, an_answer_out_of_line_ends_the_connection_only, 0, (int)CQ_ARRAY_LEN(odd));
    tcase_add_test(tc, a_host_name_is_looked_up_beside_the_loop);
    tcase_add_test(tc, who_tries_again_at_once_does_not_stop_the_loop);
}

Suite *test_suite(void)
{
    return async_suite("async_loss", add_tests);
}
