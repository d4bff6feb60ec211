#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/redis/connection_scene.h"
#include "tests/support/suite.h"

static void url_fails(const char *url, enum cq_code code, const char *says)
{
    struct cq_address address;
    ck_assert_int_eq(cq_address_parse(url, &address, &err), CQ_OK);
    address.connect_timeout_ms = 300;
    open_fails(&address, code, says);
    cq_address_release(&address);
}

START_TEST(an_error_reply_becomes_an_error)
{
    open_ok(&server->address);
    put("LPUSH", "k", "v");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_OK);
    cq_command_clear(&command);
    cq_command_texts(&command, "GET", "k", NULL);
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_REDIS);
    ck_assert_ptr_nonnull(strstr(err.text, "WRONGTYPE"));
}
END_TEST

static int64_t save_meta(void)
{
    struct cq_reply *reply = NULL;
    cq_command_script(&command, CQ_SCRIPT_META, 0);
    cq_command_texts(&command, "1", "{}", NULL);
    ck_assert_msg(cq_connection_call(connection, &command, &reply, &err) == CQ_OK, "%s", err.text);
    int64_t value = cq_reply_int(reply);
    cq_reply_free(reply);
    return value;
}

START_TEST(loads_a_script_that_the_server_does_not_know)
{
    open_ok(&server->address);
    ck_assert_int_eq(save_meta(), 0);
    cq_reply_free(redis_server_run(server, "HSET", "rq:job:1", "id", "1", NULL));
    cq_reply_free(redis_server_run(server, "SCRIPT", "FLUSH", NULL));
    ck_assert_int_eq(save_meta(), 1);
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:job:1", "meta", NULL), "{}"));
}
END_TEST

START_TEST(a_pipeline_answers_in_order)
{
    enum { COUNT = 5000 };
    open_ok(&server->address);
    ck_assert_int_eq(cq_connection_load(connection, CQ_SCRIPT_META, &err), CQ_OK);
    for (int i = 0; i < COUNT; i++) {
        cq_command_clear(&command);
        cq_command_text(&command, "ECHO");
        cq_command_int(&command, i);
        ck_assert_int_eq(cq_connection_send(connection, &command, &err), CQ_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        struct cq_reply *reply = NULL;
        ck_assert_int_eq(cq_connection_receive(connection, &reply, &err), CQ_OK);
        ck_assert_int_eq(cq_reply_int(reply), i);
        cq_reply_free(reply);
    }
}
END_TEST

START_TEST(a_hundred_megabytes_go_and_come_back)
{
    size_t len = 100 * 1024 * 1024;
    char *big = cq_alloc(len);
    memset(big, 'x', len);
    open_ok(&server->address);
    cq_command_text(&command, "ECHO");
    cq_command_arg(&command, cq_str_n(big, len));
    struct cq_reply *reply = NULL;
    ck_assert_msg(cq_connection_call(connection, &command, &reply, &err) == CQ_OK, "%s", err.text);
    ck_assert(cq_str_eq(cq_reply_str(reply), cq_str_n(big, len)));
    cq_reply_free(reply);
    free(big);
}
END_TEST

START_TEST(a_command_above_the_limit_is_refused_and_the_connection_stays)
{
    open_ok(&server->address);
    cq_command_text(&command, "ECHO");
    cq_command_arg(&command, cq_str_n("", (size_t)CQ_COMMAND_MAX + 1));
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_LIMIT);
    put("SET", "a", "b");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_OK);
}
END_TEST

START_TEST(a_server_that_goes_away_is_an_error_and_comes_back_with_a_new_connection)
{
    signal(SIGPIPE, SIG_DFL); /* nothing may raise it */
    struct redis_server *own = redis_server_start(NULL);
    open_ok(&own->address);
    redis_server_kill(own);
    for (int i = 0; i < 3; i++) {
        put("SET", "a", "b");
        ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_CONNECTION);
        ck_assert_ptr_nonnull(strstr(err.text, "lost"));
    }
    cq_connection_close(connection);
    connection = NULL;
    open_fails(&own->address, CQ_ERR_CONNECTION, "nobody listens");
    redis_server_restart(own);
    open_ok(&own->address);
    redis_server_stop(own);
}
END_TEST

START_TEST(a_command_that_is_not_answered_times_out)
{
    struct redis_server *own = redis_server_start(NULL);
    own->address.command_timeout_ms = 100;
    open_ok(&own->address);
    kill(own->pid, SIGSTOP);
    put("SET", "a", "b");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_CONNECTION);
    ck_assert_ptr_nonnull(strstr(err.text, "did not answer within 0.1 s"));
    redis_server_stop(own);
}
END_TEST

START_TEST(what_cannot_be_reached_is_said_with_the_reason)
{
    char url[128];
    snprintf(url, sizeof(url), "redis://:hush@127.0.0.1:%d/2", redis_server_free_port());
    url_fails(url, CQ_ERR_CONNECTION, "connection refused");
    ck_assert_ptr_nonnull(strstr(err.text, "redis://127.0.0.1:"));
    url_fails("unix:///nowhere/at/all.sock", CQ_ERR_CONNECTION, "no such socket");
    url_fails("redis://:hush@no-such-host.invalid", CQ_ERR_CONNECTION, "no-such-host.invalid");
}
END_TEST

START_TEST(rediss_is_tried_over_tls)
{
    url_fails("rediss://:hush@127.0.0.1:1", CQ_ERR_CONNECTION, "connection refused");
}
END_TEST

START_TEST(a_read_only_replica_is_named_at_the_first_write)
{
    struct redis_server *own = redis_server_start(NULL);
    cq_reply_free(redis_server_run(own, "REPLICAOF", "127.0.0.1", "1", NULL));
    open_ok(&own->address);
    put("SET", "a", "b");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_CONNECTION);
    ck_assert_ptr_nonnull(strstr(err.text, "read-only replica"));
    redis_server_stop(own);
}
END_TEST

START_TEST(a_full_server_is_named)
{
    struct redis_server *own = redis_server_start("--maxmemory", "1", NULL);
    open_ok(&own->address);
    put("SET", "a", "b");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_ERR_CONNECTION);
    ck_assert_ptr_nonnull(strstr(err.text, "out of memory"));
    redis_server_stop(own);
}
END_TEST

static int open_sockets_without_cloexec(void)
{
    int count = 0;
    for (int fd = 3; fd < 256; fd++) {
        struct stat info;
        if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
            count++;
    }
    return count;
}

START_TEST(its_descriptor_is_closed_at_exec)
{
    int before = open_sockets_without_cloexec();
    open_ok(&server->address);
    ck_assert_int_eq(open_sockets_without_cloexec(), before);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_error_reply_becomes_an_error);
    tcase_add_test(tc, loads_a_script_that_the_server_does_not_know);
    tcase_add_test(tc, a_pipeline_answers_in_order);
    tcase_add_test(tc, a_hundred_megabytes_go_and_come_back);
    tcase_add_test(tc, a_command_above_the_limit_is_refused_and_the_connection_stays);
    tcase_add_test(tc, a_server_that_goes_away_is_an_error_and_comes_back_with_a_new_connection);
    tcase_add_test(tc, a_command_that_is_not_answered_times_out);
    tcase_add_test(tc, what_cannot_be_reached_is_said_with_the_reason);
    tcase_add_test(tc, rediss_is_tried_over_tls);
    tcase_add_test(tc, a_read_only_replica_is_named_at_the_first_write);
    tcase_add_test(tc, a_full_server_is_named);
    tcase_add_test(tc, its_descriptor_is_closed_at_exec);
    return suite_of("connection", tc);
}
