/* UTF-8: what it is, what it is not, and how either is shown. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/utf8.h"
#include "tests/support/suite.h"

START_TEST(every_code_point_is_written_and_read_back)
{
    struct cq_buf text = CQ_BUF_INIT(8);
    for (uint32_t point = 0, read = 0; point < 0x110000; point++) {
        cq_buf_clear(&text);
        cq_utf8_append(&text, point);
        bool surrogate = point >= 0xD800 && point < 0xE000;
        int len = cq_utf8_decode(cq_buf_view(&text), 0, &read);
        if (surrogate ? len != 0 : len != (int)text.len || read != point)
            ck_abort_msg("U+%04X", (unsigned)point);
        if (!surrogate && cq_utf8_decode(cq_str_n(text.data, text.len - 1), 0, &read) != 0)
            ck_abort_msg("U+%04X cut short", (unsigned)point);
    }
    cq_buf_release(&text);
}
END_TEST

/* Each is invalid at its first byte. */
static const struct {
    const char *what, *bytes;
} wrong[] = {
    {"lone continuation", "\x80"},
    {"last lone continuation", "\xbf"},
    {"overlong NUL", "\xc0\x80"},
    {"overlong /", "\xc0\xaf"},
    {"overlong DEL", "\xc1\xbf"},
    {"overlong in three", "\xe0\x80\xaf"},
    {"largest overlong in three", "\xe0\x9f\xbf"},
    {"overlong in four", "\xf0\x80\x80\xaf"},
    {"largest overlong in four", "\xf0\x8f\xbf\xbf"},
    {"overlong in five", "\xf8\x88\x80\x80\x80"},
    {"overlong in six", "\xfc\x84\x80\x80\x80\x80"},
    {"first surrogate", "\xed\xa0\x80"},
    {"last surrogate", "\xed\xbf\xbf"},
    {"a pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80"},
    {"above U+10FFFF", "\xf4\x90\x80\x80"},
    {"far above U+10FFFF", "\xf5\x80\x80\x80"},
    {"0xFE", "\xfe"},
    {"0xFF", "\xff"},
    {"cut after 1 of 2", "\xc3"},
    {"cut after 1 of 3", "\xe2"},
    {"cut after 2 of 3", "\xe2\x82"},
    {"cut after 1 of 4", "\xf0"},
    {"cut after 2 of 4", "\xf0\x9f"},
    {"cut after 3 of 4", "\xf0\x9f\x98"},
    {"ASCII in place of 2 of 2", "\xc3("},
    {"ASCII in place of 2 of 3", "\xe2(\xa1"},
    {"ASCII in place of 3 of 3", "\xe2\x82("},
    {"ASCII in place of 2 of 4", "\xf0(\x98\x80"},
    {"ASCII in place of 4 of 4", "\xf0\x9f\x98("},
    {"a lead in place of 2 of 2", "\xc3\xc3\xa9"},
    {"a lead in place of 4 of 4", "\xf0\x9f\x98\xc3\xa9"},
};

START_TEST(every_sequence_that_is_no_utf8_is_refused)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++) {
        char after[16];
        uint32_t point = 7;
        int len = snprintf(after, sizeof(after), "ok%s", wrong[i].bytes);
        ck_assert_msg(cq_utf8_decode(cq_str(wrong[i].bytes), 0, &point) == 0 && point == 7, "%s",
                      wrong[i].what);
        ck_assert_msg(cq_utf8_decode(cq_str_n(after, (size_t)len), 2, &point) == 0 && point == 7, "%s",
                      wrong[i].what);
        ck_assert_msg(!cq_utf8_valid(cq_str(wrong[i].bytes)) && !cq_utf8_valid(cq_str_n(after, (size_t)len)),
                      "%s", wrong[i].what);
    }
}
END_TEST

START_TEST(what_follows_the_text_is_not_read)
{
    uint32_t point = 7;
    struct cq_str text = CQ_STR_LIT("\xf0\x9f\x98\x80\xc3\xa9");
    ck_assert_int_eq(cq_utf8_decode(text, 0, &point), 4);
    ck_assert_uint_eq(point, 0x1F600);
    ck_assert_int_eq(cq_utf8_decode(text, 4, &point), 2);
    ck_assert_uint_eq(point, 0xE9);
    for (size_t len = 0; len < 4; len++)
        ck_assert_int_eq(cq_utf8_decode(cq_str_n(text.data, len), 0, &point), 0);
    ck_assert_int_eq(cq_utf8_decode(text, text.len, &point), 0);
}
END_TEST

START_TEST(valid_text_may_hold_nul_and_be_empty)
{
    ck_assert(cq_utf8_valid(CQ_STR_LIT("")) && cq_utf8_valid(CQ_STR_NONE));
    ck_assert(cq_utf8_valid(CQ_STR_LIT("a\0\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80")));
    ck_assert(!cq_utf8_valid(CQ_STR_LIT("a\0\xc3")));
}
END_TEST

START_TEST(an_escaped_line_is_one_printable_line)
{
    struct cq_buf out = CQ_BUF_INIT(200);
    cq_utf8_escape_line(&out, CQ_STR_LIT("a\n\t\r\0\x1b[31m\x7f\xc2\x9b\xff\xc3\xa9"));
    ck_assert_str_eq(out.data, "a\\n\\t\\r\\x00\\x1b[31m\\x7f\\xc2\\x9b\\xff\xc3\xa9");
    cq_buf_clear(&out);
    cq_utf8_escape_line(&out, CQ_STR_LIT("\xe2\x82"
                                         "a\xed\xa0\x80\"\\\xc2\xa0"));
    ck_assert_str_eq(out.data, "\\xe2\\x82"
                               "a\\xed\\xa0\\x80\"\\\xc2\xa0");
    cq_buf_clear(&out);
    cq_utf8_escape_line(&out, CQ_STR_NONE);
    ck_assert_uint_eq(out.len, 0);
    cq_buf_release(&out);
}
END_TEST

START_TEST(an_escaped_json_text_is_valid_whatever_the_bytes)
{
    struct cq_buf out = CQ_BUF_INIT(200);
    cq_utf8_escape_json(&out, CQ_STR_LIT("\"\\\n\t\r\0\x1f\x7f\xc2\x85\xff\xc3\xa9/"));
    ck_assert_str_eq(out.data, "\\\"\\\\\\n\\u0009\\u000d\\u0000\\u001f\\u007f\\u0085\\ufffd\xc3\xa9/");
    cq_buf_clear(&out);
    cq_utf8_escape_json(&out, CQ_STR_LIT("\xe2\x82"
                                         "a\xc0\"\xf0\x9f\x98\x80"));
    ck_assert_str_eq(out.data, "\\ufffd\\ufffd"
                               "a\\ufffd\\\"\xf0\x9f\x98\x80");
    cq_buf_release(&out);
}
END_TEST

/* Both escapes of every pair of bytes are valid UTF-8 without a control character, and the JSON one ends no
 * string. */
START_TEST(no_pair_of_bytes_gets_through_an_escape)
{
    struct cq_buf line = CQ_BUF_INIT(16), json = CQ_BUF_INIT(16);
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        const char bytes[] = {(char)(pair >> 8), (char)pair};
        cq_buf_clear(&line);
        cq_buf_clear(&json);
        cq_utf8_escape_line(&line, cq_str_n(bytes, 2));
        cq_utf8_escape_json(&json, cq_str_n(bytes, 2));
        bool good = !line.overflow && !json.overflow && line.len && json.len;
        const struct cq_buf *both[] = {&line, &json};
        for (int i = 0; i < 2; i++) {
            uint32_t point;
            int len = 1;
            for (size_t at = 0; at < both[i]->len && len; at += (size_t)len) {
                len = cq_utf8_decode(cq_buf_view(both[i]), at, &point);
                good = good && len && point >= 0x20 && (point < 0x7F || point >= 0xA0);
            }
        }
        for (size_t at = 0; at < json.len; at++) {
            good = good && json.data[at] != '"';
            at += json.data[at] == '\\'; /* an escaped character does not end it */
        }
        if (!good)
            ck_abort_msg("bytes %04x", pair);
    }
    cq_buf_release(&line);
    cq_buf_release(&json);
}
END_TEST

START_TEST(an_escape_that_does_not_fit_is_remembered_by_the_buffer)
{
    struct cq_buf out = CQ_BUF_INIT(3);
    cq_utf8_escape_line(&out, CQ_STR_LIT("\xff"));
    ck_assert(out.overflow && out.len == 0);
    cq_buf_clear(&out);
    cq_utf8_escape_json(&out, CQ_STR_LIT("\xff"));
    ck_assert(out.overflow && out.len == 0);
    cq_buf_release(&out);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("utf8");
    tcase_add_test(tc, every_code_point_is_written_and_read_back);
    tcase_add_test(tc, every_sequence_that_is_no_utf8_is_refused);
    tcase_add_test(tc, what_follows_the_text_is_not_read);
    tcase_add_test(tc, valid_text_may_hold_nul_and_be_empty);
    tcase_add_test(tc, an_escaped_line_is_one_printable_line);
    tcase_add_test(tc, an_escaped_json_text_is_valid_whatever_the_bytes);
    tcase_add_test(tc, no_pair_of_bytes_gets_through_an_escape);
    tcase_add_test(tc, an_escape_that_does_not_fit_is_remembered_by_the_buffer);
    return suite_of("base/utf8", tc);
}
