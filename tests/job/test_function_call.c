#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/function_call.h"
#include "job/peek.h"
#include "serializers/zlib.h"
#include "tests/support/suite.h"

#define BYTES(literal) ((struct cq_str){literal, sizeof(literal) - 1})

/* ('pkg.mod.func', None, (1, 'x'), {'key': 2}) as Python's pickle writes it, protocols 0 to 5. */
static const struct cq_str pickles[] = {
    BYTES("(Vpkg.mod.func\np0\nN(I1\nVx\np1\ntp2\n(dp3\nVkey\np4\nI2\nstp5\n."),
    BYTES("(X\x0c\0\0\0pkg.mod.funcq\0N(K\x01X\x01\0\0\0xq\x01tq\x02}q\x03X\x03\0\0\0keyq\x04K\x02stq\x05."),
    BYTES("\x80\x02(X\x0c\0\0\0pkg.mod.funcq\0NK\x01X\x01\0\0\0xq\x01\x86q\x02}"
          "q\x03X\x03\0\0\0keyq\x04K\x02stq\x05."),
    BYTES("\x80\x03(X\x0c\0\0\0pkg.mod.funcq\0NK\x01X\x01\0\0\0xq\x01\x86q\x02}"
          "q\x03X\x03\0\0\0keyq\x04K\x02stq\x05."),
    BYTES("\x80\x04\x95'\0\0\0\0\0\0\0(\x8c\x0cpkg.mod.func\x94NK\x01\x8c\x01x\x94\x86\x94}"
          "\x94\x8c\x03key\x94K\x02st\x94."),
    BYTES("\x80\x05\x95'\0\0\0\0\0\0\0(\x8c\x0cpkg.mod.func\x94NK\x01\x8c\x01x\x94\x86\x94}"
          "\x94\x8c\x03key\x94K\x02st\x94."),
};
static const struct cq_str json = BYTES("[\"pkg.mod.func\", null, [1, \"x\"], {\"key\": 2}]");
static const struct cq_str msgpack = BYTES("\x94\xacpkg.mod.func\xc0\x92\x01\xa1x\x81\xa3key\x02");

static struct cq_arena arena;
static struct cq_buf packed;
static struct cq_peek peek;

static void setup(void)
{
    cq_arena_init(&arena);
    cq_buf_init(&packed, CQ_PAYLOAD_MAX);
    cq_peek_init(&peek);
}

static void teardown(void)
{
    cq_arena_release(&arena);
    cq_buf_release(&packed);
    cq_peek_release(&peek);
}

static struct cq_str zipped(struct cq_str bytes)
{
    cq_buf_clear(&packed);
    ck_assert_int_eq(cq_deflate(bytes, &packed, NULL), CQ_OK);
    return cq_buf_view(&packed);
}

static const char *description(struct cq_str data)
{
    static struct cq_buf text;
    struct cq_function_call call;
    struct cq_error err = {0};
    ck_assert_msg(cq_function_call_read(data, &arena, &call, &err) == CQ_OK, "%s", err.text);
    cq_buf_release(&text);
    cq_buf_init(&text, 1 << 20);
    cq_function_call_describe(&call, &text);
    return text.data;
}

static void check_call(struct cq_str data, enum cq_format format)
{
    struct cq_peeked peeked;
    ck_assert_str_eq(description(data), "pkg.mod.func(1, 'x', key=2)");
    ck_assert(cq_peek_look(&peek, data, &peeked));
    ck_assert_int_eq(peeked.format, format);
    ck_assert(cq_str_is(peeked.function, "pkg.mod.func"));
}

START_TEST(calls_are_read_in_every_format_zipped_or_not)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(pickles); i++) {
        check_call(pickles[i], CQ_FORMAT_PICKLE);
        check_call(zipped(pickles[i]), CQ_FORMAT_PICKLE);
    }
    check_call(json, CQ_FORMAT_JSON);
    check_call(zipped(json), CQ_FORMAT_JSON);
    check_call(msgpack, CQ_FORMAT_MSGPACK);
    check_call(zipped(msgpack), CQ_FORMAT_MSGPACK);
}
END_TEST

START_TEST(a_call_written_is_read_back)
{
    const enum cq_format formats[] = {CQ_FORMAT_PICKLE, CQ_FORMAT_JSON, CQ_FORMAT_MSGPACK};
    for (size_t i = 0; i < CQ_ARRAY_LEN(formats); i++) {
        struct cq_function_call call = {.format = formats[i], .function = CQ_STR_LIT("mod.f")}, again;
        call.args = cq_value_list(&arena, CQ_VALUE_TUPLE, 1);
        call.args.as.list.items[0] = cq_value_int(7);
        call.kwargs = cq_value_map(&arena, 0);
        cq_buf_clear(&packed);
        ck_assert_int_eq(cq_function_call_write(&call, &packed, NULL), CQ_OK);
        ck_assert(cq_is_zlib(cq_buf_view(&packed)));
        ck_assert_int_eq(cq_function_call_read(cq_buf_view(&packed), &arena, &again, NULL), CQ_OK);
        ck_assert_int_eq(again.format, formats[i]);
        ck_assert(cq_str_is(again.function, "mod.f"));
        ck_assert_uint_eq(again.args.as.list.len, 1);
    }
}
END_TEST

START_TEST(pickle_is_written_as_python_writes_it)
{
    struct cq_function_call call = {.format = CQ_FORMAT_PICKLE, .function = CQ_STR_LIT("pkg.mod.func")};
    call.args = cq_value_list(&arena, CQ_VALUE_TUPLE, 2);
    call.args.as.list.items[0] = cq_value_int(1);
    call.args.as.list.items[1] = cq_value_str(CQ_STR_LIT("x"));
    call.kwargs = cq_value_map(&arena, 0);
    cq_value_set(&arena, &call.kwargs, "key", cq_value_int(2));
    ck_assert_int_eq(cq_function_call_write(&call, &packed, NULL), CQ_OK);
    struct cq_buf plain = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    ck_assert_int_eq(cq_inflate(cq_buf_view(&packed), &plain, NULL), CQ_OK);
    ck_assert(cq_str_eq(cq_buf_view(&plain), pickles[5]));
    cq_buf_release(&plain);
}
END_TEST

START_TEST(what_is_not_a_call_is_refused_with_a_reason)
{
    static const struct {
        struct cq_str data;
        const char *reason;
    } cases[] = {
        {BYTES(""), "no data"},
        {BYTES("[1, 2]"), "not a call"},
        {BYTES("[\"f\", null, [], {}, 5]"), "not a call"},
        {BYTES("[5, null, [], {}]"), "names its function by something of type int"},
        {BYTES("[\"\", null, [], {}]"), "names its function"},
        {BYTES("[\"f\", null, 3, {}]"), "arguments in the job's data (json) are a int"},
        {BYTES("[\"f\", null, [], []]"), "keyword arguments"},
        {BYTES("\x94\xa1"
               "f\xc0\x90\x81\x01\x02"),
         "string keys"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        struct cq_function_call call;
        struct cq_error err = {0};
        ck_assert_int_eq(cq_function_call_read(cases[i].data, &arena, &call, &err), CQ_ERR_DESERIALIZATION);
        ck_assert_msg(strstr(err.text, cases[i].reason), "%s: %s", cases[i].data.data, err.text);
    }
}
END_TEST

START_TEST(truncated_zlib_is_refused)
{
    struct cq_function_call call;
    struct cq_str whole = zipped(pickles[5]);
    for (size_t len = 2; len < whole.len; len++)
        ck_assert_int_eq(cq_function_call_read(cq_str_n(whole.data, len), &arena, &call, NULL),
                         CQ_ERR_DESERIALIZATION);
}
END_TEST

/* start, then a long text that deflate cannot shrink much, then end; the first half of its zlib stream. */
static struct cq_str first_half(const char *start, const char *end)
{
    struct cq_buf large = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    cq_buf_text(&large, start);
    unsigned seed = 1;
    for (int i = 0; i < 300000; i++) {
        seed = seed * 1103515245 + 12345;
        cq_buf_char(&large, (char)('a' + (seed >> 16) % 26));
    }
    cq_buf_text(&large, end);
    struct cq_str data = zipped(cq_buf_view(&large));
    cq_buf_release(&large);
    return cq_str_n(data.data, data.len / 2);
}

START_TEST(peek_needs_the_start_of_a_payload_only)
{
    struct cq_peeked peeked;
    ck_assert(cq_peek_look(&peek, first_half("[\"pkg.func\", null, [\"", "\"], {}]"), &peeked));
    ck_assert_int_eq(peeked.format, CQ_FORMAT_JSON);
    ck_assert(cq_str_is(peeked.function, "pkg.func"));
    ck_assert(cq_peek_look(&peek, first_half("(Vpkg.old\np0\nN(V", "\np1\ntp2\n(dp3\ntp5\n."), &peeked));
    ck_assert_int_eq(peeked.format, CQ_FORMAT_PICKLE);
    ck_assert(cq_str_is(peeked.function, "pkg.old"));
}
END_TEST

START_TEST(a_look_leaves_nothing_behind_for_the_next)
{
    struct cq_peeked peeked;
    ck_assert(!cq_peek_look(&peek, BYTES("x\x9cgarbage"), &peeked));
    ck_assert(cq_peek_look(&peek, first_half("[\"pkg.func\", null, [\"", "\"], {}]"), &peeked));
    check_call(zipped(json), CQ_FORMAT_JSON);
    ck_assert(!cq_peek_look(&peek, BYTES("x\x9cgarbage"), &peeked));
    check_call(zipped(pickles[5]), CQ_FORMAT_PICKLE);
}
END_TEST

START_TEST(peek_says_no_to_what_it_cannot_see)
{
    static const struct cq_str cases[] = {
        BYTES(""),
        BYTES("["),
        BYTES("[\""),
        BYTES("[\"a\\u0062\", null, [], {}]"),
        BYTES(" \"a\""),
        BYTES("\x94"),
        BYTES("\x94\xac"
              "short"),
        BYTES("\x93\xa1"
              "f"),
        BYTES("\x80\x05"),
        BYTES("\x80\x05\x95"),
        BYTES("\x80\x05(\x8c\xff"
              "f"),
        BYTES("(V\\u0061\nN"),
        BYTES("(X\xff\xff\xff\xff"
              "f"),
        BYTES("\x80\x05]\x94(\x8c\x01"
              "f"),
        BYTES("\x80\x05(\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
              "f"),
        BYTES("x\x9c"),
        BYTES("x\x9cgarbage"),
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        void *exact = cq_memdup(cases[i].data, cases[i].len); /* so that reading past the end is seen */
        struct cq_peeked peeked;
        bool told = cq_peek_look(&peek, cq_str_n(exact, cases[i].len), &peeked);
        ck_assert_msg(!told || !peeked.function.data, "case %zu", i);
        free(exact);
    }
}
END_TEST

/* The expected texts are what rq.utils.get_call_string gives for them. */
START_TEST(descriptions_are_rq_s_character_by_character)
{
    ck_assert_str_eq(description(BYTES("[\"f\", null, [], {}]")), "f()");
    ck_assert_str_eq(
        description(BYTES("[\"f\", null, [1.0, true, null, [1, \"it's\"], {\"a\": \"\\\"\"}], {}]")),
        "f(1.0, True, None, [1, \"it's\"], {'a': '\"'})");
    ck_assert_str_eq(description(BYTES("[\"f\", null, [], {\"b\": 1, \"a\": 2, \"a1\": 3, \"B\": 4}]")),
                     "f(B=4, a1=3, a=2, b=1)");
}
END_TEST

START_TEST(long_arguments_are_cut_at_75_characters)
{
    struct cq_buf data = CQ_BUF_INIT(1 << 22);
    struct cq_buf expected = CQ_BUF_INIT(1 << 10);
    const size_t lengths[] = {73, 74, 450, 451, 1000000}; /* 73 and two quotes fit */
    for (size_t i = 0; i < CQ_ARRAY_LEN(lengths); i++) {
        cq_buf_clear(&data);
        cq_buf_clear(&expected);
        cq_buf_text(&data, "[\"f\", null, [\"");
        for (size_t n = 0; n < lengths[i]; n++)
            cq_buf_text(&data, "\xc3\xa4");
        cq_buf_text(&data, "\"], {}]");
        cq_buf_text(&expected, "f('");
        for (size_t n = 0; n < (lengths[i] < 74 ? lengths[i] : 74); n++)
            cq_buf_text(&expected, "\xc3\xa4");
        cq_buf_text(&expected, lengths[i] <= 73 ? "')" : "...)");
        ck_assert_str_eq(description(cq_buf_view(&data)), expected.data);
    }
    cq_buf_release(&data);
    cq_buf_release(&expected);
}
END_TEST

START_TEST(a_quote_far_behind_still_decides_which_quotes_are_shown)
{
    struct cq_buf data = CQ_BUF_INIT(1 << 20);
    cq_buf_text(&data, "[\"f\", null, [\"");
    for (int i = 0; i < 2000; i++)
        cq_buf_char(&data, 'a');
    cq_buf_text(&data, "it's\"], {}]");
    ck_assert_int_eq(description(cq_buf_view(&data))[2], '"');
    data.len -= strlen("\"], {}]");
    cq_buf_text(&data, "\\\"\"], {}]");
    ck_assert_int_eq(description(cq_buf_view(&data))[2], '\'');
    cq_buf_release(&data);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, calls_are_read_in_every_format_zipped_or_not);
    tcase_add_test(tc, a_call_written_is_read_back);
    tcase_add_test(tc, pickle_is_written_as_python_writes_it);
    tcase_add_test(tc, what_is_not_a_call_is_refused_with_a_reason);
    tcase_add_test(tc, truncated_zlib_is_refused);
    tcase_add_test(tc, peek_needs_the_start_of_a_payload_only);
    tcase_add_test(tc, a_look_leaves_nothing_behind_for_the_next);
    tcase_add_test(tc, peek_says_no_to_what_it_cannot_see);
    tcase_add_test(tc, descriptions_are_rq_s_character_by_character);
    tcase_add_test(tc, long_arguments_are_cut_at_75_characters);
    tcase_add_test(tc, a_quote_far_behind_still_decides_which_quotes_are_shown);
    return suite_of("call", tc);
}
