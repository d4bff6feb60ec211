/* UTF-8: what it is, what it is not, and how either is shown. */
#include <check.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/utf8.h"

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

START_TEST(overlong_lone_and_too_large_sequences_are_none)
{
    static const char *const wrong[] = {"\x80",
                                        "\xc0\xaf",
                                        "\xc1\xbf",
                                        "\xe0\x80\xaf",
                                        "\xf0\x80\x80\xaf",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xe2\x28\xa1",
                                        "ok\xe2\x82",
                                        "a\xc3"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_msg(!cq_utf8_valid(cq_str(wrong[i])), "%zu", i);
    ck_assert(cq_utf8_valid(CQ_STR_LIT("")));
    ck_assert(cq_utf8_valid(CQ_STR_LIT("a\0\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80")));
}
END_TEST

START_TEST(an_escaped_line_is_one_printable_line)
{
    struct cq_buf out = CQ_BUF_INIT(200);
    cq_utf8_escape_line(&out, CQ_STR_LIT("a\n\t\r\0\x1b[31m\x7f\xc2\x9b\xff\xc3\xa9"));
    ck_assert_str_eq(out.data, "a\\n\\t\\r\\x00\\x1b[31m\\x7f\\xc2\\x9b\\xff\xc3\xa9");
    cq_buf_release(&out);
}
END_TEST

START_TEST(an_escaped_json_text_is_valid_whatever_the_bytes)
{
    struct cq_buf out = CQ_BUF_INIT(200);
    cq_utf8_escape_json(&out, CQ_STR_LIT("\"\\\n\0\x1f\x7f\xff\xc3\xa9"));
    ck_assert_str_eq(out.data, "\\\"\\\\\\n\\u0000\\u001f\\u007f\\ufffd\xc3\xa9");
    cq_buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/utf8");
    TCase *tc = tcase_create("utf8");
    tcase_add_test(tc, every_code_point_is_written_and_read_back);
    tcase_add_test(tc, overlong_lone_and_too_large_sequences_are_none);
    tcase_add_test(tc, an_escaped_line_is_one_printable_line);
    tcase_add_test(tc, an_escaped_json_text_is_valid_whatever_the_bytes);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
