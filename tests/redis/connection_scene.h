/*
 * What the tests of the blocking connection share: a server, a connection and a command per test, and opening
 * it with the outcome that is wanted. Included by one test program each.
 */
#ifndef CQ_TESTS_CONNECTION_SCENE_H
#define CQ_TESTS_CONNECTION_SCENE_H

#include <check.h>
#include <string.h>

#include "tests/support/case_redis.h"

static struct cq_connection *connection;
static struct cq_command command;
static struct cq_error err;

static void setup(void)
{
    connection = NULL;
    memset(&err, 0, sizeof(err));
    cq_command_init(&command);
    redis_server_flush(server);
}

static void teardown(void)
{
    cq_connection_close(connection);
    cq_command_release(&command);
}

static void open_ok(const struct cq_address *address)
{
    ck_assert_msg(cq_connection_open(address, "a name", &connection, &err) == CQ_OK, "%s", err.text);
}

/* The address is refused with this code, in words that hold `says` and never the password. */
static void open_fails(const struct cq_address *address, enum cq_code code, const char *says)
{
    enum cq_code got = cq_connection_open(address, "a name", &connection, &err);
    ck_assert_msg(got == code && err.code == code, "%d: %s", got, err.text);
    ck_assert_msg(strstr(err.text, says) != NULL, "%s", err.text);
    ck_assert_ptr_null(strstr(err.text, "hush"));
    ck_assert_ptr_null(connection);
}

static void put(const char *first, const char *second, const char *third)
{
    cq_command_clear(&command);
    cq_command_texts(&command, first, second, third, NULL);
}

#endif
