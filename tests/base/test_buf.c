/* Buffers that grow up to a limit. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/suite.h"

enum { OUT_OF_MEMORY = 70 };

/* A sanitizer's allocator is to answer NULL, as libc's does, and not to end the process itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(a_buffer_takes_up_to_its_limit_and_remembers_a_refusal)
{
    struct cq_buf buf = CQ_BUF_INIT(5);
    ck_assert(cq_buf_text(&buf, "abc") && cq_buf_char(&buf, 'd'));
    ck_assert(!cq_buf_text(&buf, "ef") && buf.overflow);
    ck_assert_str_eq(buf.data, "abcd");
    ck_assert(!cq_buf_printf(&buf, "%d", 12) && cq_buf_printf(&buf, "%d", 1));
    ck_assert_str_eq(buf.data, "abcd1");
    ck_assert(!cq_buf_char(&buf, 'e') && !cq_buf_str(&buf, CQ_STR_LIT("e")) && !cq_buf_append(&buf, "e", 1));
    ck_assert(cq_buf_text(&buf, "") && buf.overflow); /* a refusal is not forgotten */
    ck_assert_str_eq(buf.data, "abcd1");
    cq_buf_clear(&buf);
    ck_assert(!buf.overflow && buf.len == 0 && buf.data[0] == '\0');
    cq_buf_release(&buf);
}
END_TEST

START_TEST(a_limit_of_nothing_refuses_everything_but_nothing)
{
    struct cq_buf buf = CQ_BUF_INIT(0);
    ck_assert(cq_buf_append(&buf, NULL, 0) && cq_buf_str(&buf, CQ_STR_NONE) &&
              cq_buf_printf(&buf, "%s", "") && !buf.overflow);
    ck_assert(!cq_buf_char(&buf, 'a') && buf.overflow);
    ck_assert_uint_eq(buf.len, 0);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(each_refusal_alone_is_remembered)
{
    for (int how = 0; how < 6; how++) {
        struct cq_buf buf = CQ_BUF_INIT(2);
        bool taken = how == 0   ? cq_buf_append(&buf, "abc", 3)
                     : how == 1 ? cq_buf_str(&buf, CQ_STR_LIT("abc"))
                     : how == 2 ? cq_buf_text(&buf, "abc")
                     : how == 3 ? cq_buf_printf(&buf, "%s", "abc")
                     : how == 4 ? cq_buf_reserve(&buf, 3) != NULL
                                : cq_buf_reserve(&buf, SIZE_MAX) != NULL;
        ck_assert_msg(!taken && buf.overflow && buf.len == 0, "%d", how);
        cq_buf_release(&buf);
        ck_assert(!buf.overflow && buf.limit == 2);
    }
}
END_TEST

START_TEST(any_bytes_are_taken_and_a_nul_follows_at_every_length)
{
    struct cq_buf buf;
    cq_buf_init(&buf, 5000);
    for (size_t i = 0; i < 5000; i++) {
        ck_assert(cq_buf_char(&buf, (char)i));
        ck_assert_int_eq(buf.data[buf.len], '\0');
        ck_assert_uint_lt(buf.len, buf.cap);
    }
    ck_assert(!cq_buf_char(&buf, 'x'));
    for (size_t i = 0; i < 5000; i++)
        ck_assert_int_eq(buf.data[i], (char)i);
    struct cq_str view = cq_buf_view(&buf);
    ck_assert(view.data == buf.data && view.len == 5000);
    cq_buf_release(&buf);
    view = cq_buf_view(&buf);
    ck_assert(view.data && view.len == 0);
}
END_TEST

START_TEST(a_formatted_text_of_any_length_is_whole)
{
    struct cq_buf buf = CQ_BUF_INIT(10000);
    for (int width = 1; width < 130; width++) {
        cq_buf_clear(&buf);
        ck_assert(cq_buf_printf(&buf, "%*d|%s", width, 7, "end"));
        ck_assert_uint_eq(buf.len, (size_t)width + 4);
        ck_assert_str_eq(buf.data + width - 1, "7|end");
    }
    ck_assert(cq_buf_printf(&buf, "%*d", 9000, 1));
    ck_assert(!cq_buf_printf(&buf, "%*d", 9000, 1) && buf.overflow);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(reserved_room_may_be_written_in_whole_and_counts_when_it_is_added)
{
    struct cq_buf buf = CQ_BUF_INIT(300);
    char *room = cq_buf_reserve(&buf, 300);
    ck_assert_ptr_nonnull(room);
    ck_assert_str_eq(buf.data, ""); /* a text also while nothing is written */
    memset(room, 'x', 300);
    room[300] = '\0';
    ck_assert_uint_eq(buf.len, 0);
    buf.len += 300;
    ck_assert_ptr_null(cq_buf_reserve(&buf, 1));
    ck_assert_ptr_eq(cq_buf_reserve(&buf, 0), buf.data + 300);
    ck_assert_uint_eq(strlen(buf.data), 300);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(what_is_consumed_is_gone_and_makes_room)
{
    struct cq_buf buf = CQ_BUF_INIT(4);
    cq_buf_consume(&buf, 0);
    cq_buf_append(&buf, "a\0bc", 4);
    cq_buf_consume(&buf, 0);
    ck_assert_uint_eq(buf.len, 4);
    cq_buf_consume(&buf, 2);
    ck_assert_str_eq(buf.data, "bc");
    ck_assert(cq_buf_text(&buf, "de"));
    ck_assert_str_eq(buf.data, "bcde");
    cq_buf_consume(&buf, 4);
    ck_assert(buf.len == 0 && buf.data[0] == '\0');
    cq_buf_release(&buf);
}
END_TEST

START_TEST(what_is_stolen_is_the_callers)
{
    struct cq_buf buf = CQ_BUF_INIT(3);
    char *text = cq_buf_steal(&buf);
    ck_assert_str_eq(text, "");
    free(text);
    cq_buf_text(&buf, "abc");
    cq_buf_text(&buf, "d");
    text = cq_buf_steal(&buf);
    ck_assert_str_eq(text, "abc");
    ck_assert(buf.len == 0 && buf.cap == 0 && buf.limit == 3 && !buf.data && !buf.overflow);
    ck_assert(cq_buf_text(&buf, "xyz"));
    ck_assert_str_eq(text, "abc");
    free(text);
    cq_buf_release(&buf);
}
END_TEST

/* A doubled capacity, or the NUL, would wrap around; without a limit the process ends. */
static const size_t impossible[] = {SIZE_MAX,         SIZE_MAX - 1, SIZE_MAX - 8,
                                    SIZE_MAX / 2 + 2, SIZE_MAX / 2, SIZE_MAX / 2 - 1};

START_TEST(without_a_limit_a_size_that_no_memory_has_ends_the_process)
{
    struct cq_buf buf = CQ_BUF_INIT(SIZE_MAX);
    if (cq_buf_text(&buf, "before"))
        cq_buf_reserve(&buf, impossible[_i] - 6);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("buf");
    tcase_add_test(tcase, a_buffer_takes_up_to_its_limit_and_remembers_a_refusal);
    tcase_add_test(tcase, a_limit_of_nothing_refuses_everything_but_nothing);
    tcase_add_test(tcase, each_refusal_alone_is_remembered);
    tcase_add_test(tcase, any_bytes_are_taken_and_a_nul_follows_at_every_length);
    tcase_add_test(tcase, a_formatted_text_of_any_length_is_whole);
    tcase_add_test(tcase, reserved_room_may_be_written_in_whole_and_counts_when_it_is_added);
    tcase_add_test(tcase, what_is_consumed_is_gone_and_makes_room);
    tcase_add_test(tcase, what_is_stolen_is_the_callers);
    tcase_add_loop_exit_test(tcase, without_a_limit_a_size_that_no_memory_has_ends_the_process, OUT_OF_MEMORY,
                             0, sizeof(impossible) / sizeof(impossible[0]));
    return suite_of("base/buf", tcase);
}
