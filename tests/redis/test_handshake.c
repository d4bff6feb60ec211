/* The handshake, against real servers of all kinds and against some that no package has. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/redis/connection_scene.h"
#include "tests/support/fake_redis.h"
#include "tests/support/suite.h"

START_TEST(names_itself)
{
    open_ok(&server->address);
    ck_assert(cq_str_is(redis_server_text(server, "PING", NULL), "PONG"));
    struct cq_str list = redis_server_text(server, "CLIENT", "LIST", NULL);
    ck_assert_ptr_nonnull(memmem(list.data, list.len, "name=a_name", 11));
}
END_TEST

START_TEST(selects_the_database)
{
    server->address.db = 3;
    open_ok(&server->address);
    put("SET", "k", "v");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_OK);
    server->address.db = 0;
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "k", NULL), 0);
    cq_reply_free(redis_server_run(server, "SELECT", "3", NULL));
    ck_assert_int_eq(redis_server_int(server, "EXISTS", "k", NULL), 1);
}
END_TEST

START_TEST(a_database_that_is_not_there_is_named)
{
    server->address.db = 99;
    open_fails(&server->address, CQ_ERR_REDIS, "no database 99");
}
END_TEST

START_TEST(passwords_are_checked)
{
    struct redis_server *own = redis_server_start("--requirepass", "hush", NULL);
    open_ok(&own->address);
    put("ACL", "SETUSER", "ann");
    cq_command_texts(&command, "on", ">hush2", "~*", "&*", "+@all", "-info", "-client", "-ping", NULL);
    ck_assert_msg(cq_connection_call(connection, &command, NULL, &err) == CQ_OK, "%s", err.text);
    cq_connection_close(connection);
    connection = NULL;
    memcpy(own->address.password, "husk", 4);
    open_fails(&own->address, CQ_ERR_REDIS, "refused the user name or password");
    free(own->address.password);
    own->address.password = NULL;
    open_fails(&own->address, CQ_ERR_REDIS, "wants a password");
    /* An ACL user that may not look around works all the same. */
    own->address.username = cq_strdup("ann");
    own->address.password = cq_strdup("hush2");
    open_ok(&own->address);
    put("SET", "a", "b");
    ck_assert_int_eq(cq_connection_call(connection, &command, NULL, &err), CQ_OK);
    redis_server_stop(own);
}
END_TEST

START_TEST(a_password_that_nobody_asked_for_is_explained)
{
    struct cq_address address = server->address;
    char password[] = "hush";
    address.password = password;
    open_fails(&address, CQ_ERR_REDIS, "leave it out");
}
END_TEST

START_TEST(a_cluster_is_refused)
{
    struct redis_server *own = redis_server_start("--cluster-enabled", "yes", "--port", "0", NULL);
    open_fails(&own->address, CQ_ERR_REDIS, "cluster mode");
    redis_server_stop(own);
}
END_TEST

static const char *too_old(const char *first, const char *second)
{
    return strcmp(second, "server") == 0 ? "$22\r\nredis_version:6.0.16\r\n\r\n"
                                         : fake_redis_healthy(first, second);
}

static const char *valkey(const char *first, const char *second)
{
    return strcmp(second, "server") == 0
               ? "$53\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_v:8\r\n\r\n"
               : fake_redis_healthy(first, second);
}

static const char *loading(const char *first, const char *second)
{
    return strcmp(first, "PING") == 0 ? "-LOADING Redis is loading the dataset in memory\r\n"
                                      : fake_redis_healthy(first, second);
}

static const char *http(const char *first, const char *second)
{
    (void)first;
    (void)second;
    return "HTTP/1.1 400 Bad Request\r\n\r\n";
}

static const char *silent(const char *first, const char *second)
{
    (void)first;
    (void)second;
    return NULL;
}

static void fake_fails(fake_redis_fn *answer, enum cq_code code, const char *says)
{
    struct fake_redis *fake = fake_redis_start(answer);
    if (answer == silent)
        fake->address.connect_timeout_ms = 200;
    open_fails(&fake->address, code, says);
    fake_redis_stop(fake);
}

START_TEST(servers_that_are_not_fit_are_refused_with_the_reason)
{
    fake_fails(too_old, CQ_ERR_REDIS, "version 6.0.16");
    fake_fails(loading, CQ_ERR_CONNECTION, "loading");
    fake_fails(http, CQ_ERR_CONNECTION, "does not speak Redis' protocol");
    fake_fails(silent, CQ_ERR_CONNECTION, "did not answer within 0.2 s");
}
END_TEST

START_TEST(valkey_is_as_good)
{
    struct fake_redis *fake = fake_redis_start(valkey);
    open_ok(&fake->address);
    cq_connection_close(connection);
    connection = NULL;
    fake_redis_stop(fake);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_itself);
    tcase_add_test(tc, selects_the_database);
    tcase_add_test(tc, a_database_that_is_not_there_is_named);
    tcase_add_test(tc, passwords_are_checked);
    tcase_add_test(tc, a_password_that_nobody_asked_for_is_explained);
    tcase_add_test(tc, a_cluster_is_refused);
    tcase_add_test(tc, servers_that_are_not_fit_are_refused_with_the_reason);
    tcase_add_test(tc, valkey_is_as_good);
    return suite_of("handshake", tc);
}
