#include <check.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "redis/reply.h"
#include "tests/support/suite.h"

static struct cq_reply *parsed(const char *wire)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, wire, strlen(wire));
    ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    ck_assert_ptr_nonnull(reply);
    redisReaderFree(reader);
    return reply;
}

START_TEST(reads_every_type)
{
    struct cq_reply *reply = parsed("*6\r\n$3\r\nabc\r\n:-5\r\n$-1\r\n+OK\r\n-ERR no\r\n$2\r\n42\r\n");
    ck_assert_int_eq(cq_reply_type(reply), CQ_REPLY_ARRAY);
    ck_assert_uint_eq(cq_reply_len(reply), 6);
    ck_assert(cq_str_is(cq_reply_str(cq_reply_at(reply, 0)), "abc"));
    ck_assert_int_eq(cq_reply_int(cq_reply_at(reply, 0)), 0);
    ck_assert_int_eq(cq_reply_int(cq_reply_at(reply, 1)), -5);
    ck_assert_ptr_null(cq_reply_str(cq_reply_at(reply, 1)).data);
    ck_assert_int_eq(cq_reply_type(cq_reply_at(reply, 2)), CQ_REPLY_NIL);
    ck_assert_int_eq(cq_reply_type(cq_reply_at(reply, 3)), CQ_REPLY_STATUS);
    ck_assert_int_eq(cq_reply_type(cq_reply_at(reply, 4)), CQ_REPLY_ERROR);
    ck_assert_int_eq(cq_reply_int(cq_reply_at(reply, 5)), 42);
    ck_assert_ptr_null(cq_reply_at(reply, 6));
    ck_assert_int_eq(cq_reply_type(NULL), CQ_REPLY_NIL);
    ck_assert_uint_eq(cq_reply_len(NULL), 0);
    cq_reply_free(reply);
}
END_TEST

START_TEST(finds_a_field_among_pairs)
{
    struct cq_reply *reply = parsed("*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n");
    ck_assert(cq_str_is(cq_reply_field(reply, "a"), "b"));
    ck_assert(cq_str_is(cq_reply_field(reply, "b"), "c"));
    ck_assert_ptr_null(cq_reply_field(reply, "c").data);
    ck_assert_ptr_null(cq_reply_field(reply, "d").data);
    cq_reply_free(reply);
}
END_TEST

START_TEST(a_time_is_one_that_a_clock_can_show)
{
    static const char *const none[] = {"*2\r\n$1\r\n0\r\n$1\r\n0\r\n",
                                       "*2\r\n:9223372036854775807\r\n:5\r\n",
                                       "*2\r\n:1\r\n:1000000\r\n",
                                       "*2\r\n:-1\r\n:1\r\n",
                                       "*1\r\n:-5\r\n",
                                       ":7\r\n"};
    struct cq_reply *reply = parsed("*3\r\n$10\r\n1800000000\r\n$3\r\n250\r\n:9\r\n");
    ck_assert_int_eq(cq_reply_time(reply), 1800000000 * CQ_SECOND + 250);
    cq_reply_free(reply);
    for (size_t i = 0; i < CQ_ARRAY_LEN(none); i++) {
        reply = parsed(none[i]);
        ck_assert_int_eq(cq_reply_time(reply), 0);
        cq_reply_free(reply);
    }
}
END_TEST

static const struct {
    const char *wire;
    enum cq_code code;
    const char *says;
} errors[] = {
    {"-NOSUCHJOB no such job: 17\r\n", CQ_ERR_NO_SUCH_JOB, "no such job: 17"},
    {"-DUPLICATEJOB job 17 exists\r\n", CQ_ERR_DUPLICATE_JOB, "job 17 exists"},
    {"-INVALIDOPERATION job 17 is not failed\r\n", CQ_ERR_INVALID_OPERATION, "job 17 is not failed"},
    {"-WORKEREXISTS a worker has that name\r\n", CQ_ERR_INVALID_OPERATION, "a worker has that name"},
    {"-NOSUCHJOB\r\n", CQ_ERR_NO_SUCH_JOB, "NOSUCHJOB"},
    {"-NOAUTH Authentication required.\r\n", CQ_ERR_REDIS, "REDIS_PASSWORD"},
    {"-WRONGPASS invalid username-password pair\r\n", CQ_ERR_REDIS, "refused the user name or password"},
    {"-NOPERM this user has no permissions\r\n", CQ_ERR_REDIS, "ACL SETUSER"},
    {"-LOADING Redis is loading the dataset in memory\r\n", CQ_ERR_CONNECTION, "loading"},
    {"-READONLY You can't write against a read only replica.\r\n", CQ_ERR_CONNECTION, "read-only replica"},
    {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", CQ_ERR_CONNECTION, "maxmemory"},
    {"-MISCONF Redis is configured to save RDB snapshots\r\n", CQ_ERR_CONNECTION, "save to disk"},
    {"-BUSY Redis is busy running a script.\r\n", CQ_ERR_CONNECTION, "SCRIPT KILL"},
    {"-MASTERDOWN Link with MASTER is down\r\n", CQ_ERR_CONNECTION, "primary"},
    {"-NOREPLICAS Not enough good replicas to write.\r\n", CQ_ERR_CONNECTION, "min-replicas-to-write"},
    {"-MOVED 3999 127.0.0.1:6381\r\n", CQ_ERR_REDIS, "Cluster"},
    {"-CLUSTERDOWN Hash slot not served\r\n", CQ_ERR_REDIS, "Cluster"},
    {"-CROSSSLOT Keys in request don't hash to the same slot\r\n", CQ_ERR_REDIS, "Cluster"},
    {"-WRONGTYPE Operation against a key\r\n", CQ_ERR_REDIS, "another type"},
    {"-ERR unknown command 'BLMOVE', with args\r\n", CQ_ERR_REDIS, "6.2"},
    {"-ERR max number of clients reached\r\n", CQ_ERR_CONNECTION, "maxclients"},
    {"-ERR value is not an integer\r\n", CQ_ERR_REDIS, "value is not an integer"},
    {"-ERR Error running script (call to f_1): @user_script:3: @user_script: 3: -OOM command not allowed\r\n",
     CQ_ERR_CONNECTION, "maxmemory"},
    {"-ERR Error running script (call to f_1): @user_script:3: attempt to index a nil value\r\n",
     CQ_ERR_REDIS, "nil value"},
    {"-\r\n", CQ_ERR_REDIS, "Redis"},
};

START_TEST(says_what_an_error_means)
{
    struct cq_reply *reply = parsed(errors[_i].wire);
    struct cq_error err = {0};
    ck_assert_msg(cq_reply_check(reply, &err) == errors[_i].code, "%s gave %d: %s", errors[_i].wire, err.code,
                  err.text);
    ck_assert_msg(strstr(err.text, errors[_i].says) != NULL, "%s", err.text);
    ck_assert_int_eq(err.code, errors[_i].code);
    cq_reply_free(reply);
}
END_TEST

START_TEST(other_replies_are_no_errors)
{
    struct cq_reply *reply = parsed("+OK\r\n");
    ck_assert_int_eq(cq_reply_check(reply, NULL), CQ_OK);
    ck_assert_int_eq(cq_reply_check(NULL, NULL), CQ_OK);
    cq_reply_free(reply);
    cq_reply_free(NULL);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, reads_every_type);
    tcase_add_test(tc, finds_a_field_among_pairs);
    tcase_add_test(tc, a_time_is_one_that_a_clock_can_show);
    tcase_add_loop_test(tc, says_what_an_error_means, 0, (int)(sizeof(errors) / sizeof(*errors)));
    tcase_add_test(tc, other_replies_are_no_errors);
    return suite_of("reply", tc);
}
