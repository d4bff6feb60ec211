#include <check.h>
#include <stdlib.h>

#include "job/result.h"
#include "serializers/zlib.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

static struct cq_arena arena;
static struct cq_result result;

/* Store one entry, made of field, value ..., and read it back. */
#define read_entry(err, ...) (redis_server_flush(server), store(__VA_ARGS__, NULL), read_newest(err))
#define store(...) cq_reply_free(redis_server_run(server, "XADD", "rq:results:j1", "5-1", __VA_ARGS__))

static enum cq_code read_newest(struct cq_error *err)
{
    cq_arena_release(&arena);
    struct cq_reply *entries = redis_server_run(server, "XREVRANGE", "rq:results:j1", "+", "-", "COUNT", "1",
                                                NULL);
    enum cq_code code = cq_result_read(cq_reply_at(entries, 0), &arena, &result, err);
    cq_reply_free(entries); /* everything lives in the arena */
    return code;
}

START_TEST(values_are_encoded_as_python_s_base64)
{
    static const struct {
        const char *plain, *encoded;
    } cases[] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                 {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        struct cq_buf out = CQ_BUF_INIT(100);
        cq_result_encode_value(cq_str(cases[i].plain), &out);
        ck_assert_str_eq(out.data, cases[i].encoded);
        cq_buf_release(&out);
    }
}
END_TEST

START_TEST(an_entry_is_read_back_with_every_length_of_value)
{
    char plain[64];
    for (size_t len = 0; len < sizeof(plain); len++) {
        struct cq_buf value = CQ_BUF_INIT(200), exc = CQ_BUF_INIT(1000);
        for (size_t i = 0; i < len; i++)
            plain[i] = (char)(i * 37 + len);
        cq_result_encode_value(cq_str_n(plain, len), &value);
        cq_result_encode_exc(cq_str_n(plain, len), &exc);
        ck_assert_int_eq(read_entry(NULL, "type", "2", "worker_name", "w", "exc_string", exc.data,
                                    "return_value", value.data, "execution_id", "e"),
                         CQ_OK);
        ck_assert_int_eq(result.type, CQ_RESULT_FAILED);
        ck_assert(cq_str_eq(result.return_value, cq_str_n(plain, len)));
        ck_assert(cq_str_eq(result.exc_string, cq_str_n(plain, len)));
        ck_assert(cq_str_is(result.stream_id, "5-1"));
        ck_assert(cq_str_is(result.worker_name, "w"));
        ck_assert(cq_str_is(result.execution_id, "e"));
        cq_buf_release(&value);
        cq_buf_release(&exc);
    }
}
END_TEST

START_TEST(absent_fields_are_absent)
{
    ck_assert_int_eq(read_entry(NULL, "type", "1"), CQ_OK);
    ck_assert_int_eq(result.type, CQ_RESULT_SUCCESSFUL);
    ck_assert(!result.return_value.data && !result.exc_string.data && !result.execution_id.data &&
              !result.worker_name.data);
}
END_TEST

START_TEST(an_exception_text_of_rq_is_read)
{
    /* base64(zlib.compress(b'boom')) by Python */
    ck_assert_int_eq(read_entry(NULL, "type", "2", "exc_string", "eJxLys/PBQAEJAGu"), CQ_OK);
    ck_assert(cq_str_is(result.exc_string, "boom"));
}
END_TEST

START_TEST(broken_entries_are_refused)
{
    struct cq_error err = {0};
    ck_assert_int_eq(read_entry(&err, "worker_name", "w"), CQ_ERR_DESERIALIZATION);
    ck_assert_int_eq(read_entry(&err, "type", "9"), CQ_ERR_DESERIALIZATION);
    const char *const values[] = {"Zg", "Zg=", "Z===", "=Zg=", "Zm9\xc3", "Zm 9", "Zg==Zg=="};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++)
        ck_assert_msg(read_entry(&err, "type", "1", "return_value", values[i]) == CQ_ERR_DESERIALIZATION,
                      "%s", values[i]);
    ck_assert_int_eq(read_entry(&err, "type", "2", "exc_string", "Zm9v"), CQ_ERR_DESERIALIZATION);
}
END_TEST

START_TEST(a_bomb_for_an_exception_text_is_refused)
{
    struct cq_error err = {0};
    struct cq_buf exc = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    size_t size = (size_t)CQ_EXC_TEXT_MAX + 1;
    char *zeros = calloc(1, size);
    cq_result_encode_exc(cq_str_n(zeros, size), &exc);
    free(zeros);
    ck_assert_int_eq(read_entry(&err, "type", "2", "exc_string", exc.data), CQ_ERR_LIMIT);
    cq_buf_release(&exc);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_test(tc, values_are_encoded_as_python_s_base64);
    tcase_add_test(tc, an_entry_is_read_back_with_every_length_of_value);
    tcase_add_test(tc, absent_fields_are_absent);
    tcase_add_test(tc, an_exception_text_of_rq_is_read);
    tcase_add_test(tc, broken_entries_are_refused);
    tcase_add_test(tc, a_bomb_for_an_exception_text_is_refused);
    return suite_of("result", tc);
}
