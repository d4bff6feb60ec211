/* What grows: buffers with a limit, lists of texts, arenas. */
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/strv.h"

START_TEST(a_buffer_takes_up_to_its_limit_and_remembers_a_refusal)
{
    struct cq_buf buf = CQ_BUF_INIT(5);
    ck_assert(cq_buf_text(&buf, "abc") && cq_buf_char(&buf, 'd'));
    ck_assert(!cq_buf_text(&buf, "ef") && buf.overflow);
    ck_assert_str_eq(buf.data, "abcd");
    ck_assert(!cq_buf_printf(&buf, "%d", 12) && cq_buf_printf(&buf, "%d", 1));
    ck_assert_str_eq(buf.data, "abcd1");
    ck_assert_ptr_null(cq_buf_reserve(&buf, SIZE_MAX));
    cq_buf_clear(&buf);
    ck_assert(!buf.overflow && buf.len == 0 && buf.data[0] == '\0');
    cq_buf_release(&buf);
}
END_TEST

START_TEST(what_is_consumed_is_gone_and_what_is_stolen_is_the_callers)
{
    struct cq_buf buf = CQ_BUF_INIT(100);
    char *nothing = cq_buf_steal(&buf);
    ck_assert_str_eq(nothing, "");
    free(nothing);
    cq_buf_consume(&buf, 0);
    cq_buf_append(&buf, "a\0bc", 4);
    cq_buf_consume(&buf, 2);
    ck_assert_str_eq(buf.data, "bc");
    char *text = cq_buf_steal(&buf);
    ck_assert_str_eq(text, "bc");
    ck_assert(buf.len == 0 && buf.limit == 100 && !buf.data);
    free(text);
}
END_TEST

START_TEST(a_list_is_split_without_empty_parts_and_joined_again)
{
    struct cq_strv list = CQ_STRV_INIT;
    struct cq_buf text = CQ_BUF_INIT(100);
    cq_strv_split(&list, CQ_STR_LIT(" a, b c ,,\t d,"), ',');
    ck_assert_uint_eq(list.len, 3);
    cq_strv_join(&list, "|", &text);
    ck_assert_str_eq(text.data, "a|b c|d");
    ck_assert(cq_strv_has(&list, "d") && !cq_strv_has(&list, "b"));
    cq_strv_split(&list, CQ_STR_LIT(""), ',');
    ck_assert_uint_eq(list.len, 3);
    cq_strv_release(&list);
    cq_buf_release(&text);
}
END_TEST

START_TEST(an_arena_gives_aligned_memory_that_stays_where_it_is)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    char *first = cq_arena_strndup(&arena, "first", 5);
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        char *block = cq_arena_alloc(&arena, size);
        ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
        memset(block, 0xFF, size); /* a sanitizer sees what is too short */
    }
    ck_assert_str_eq(first, "first");
    ck_assert_str_eq(cq_arena_printf(&arena, "%s-%d", first, 2), "first-2");
    struct cq_str copy = cq_arena_str(&arena, CQ_STR_LIT("a\0b"));
    ck_assert(copy.len == 3 && copy.data[1] == '\0' && copy.data[3] == '\0');
    cq_arena_release(&arena);
    ck_assert_uint_eq(arena.used, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/buf");
    TCase *tc = tcase_create("buf");
    tcase_add_test(tc, a_buffer_takes_up_to_its_limit_and_remembers_a_refusal);
    tcase_add_test(tc, what_is_consumed_is_gone_and_what_is_stolen_is_the_callers);
    tcase_add_test(tc, a_list_is_split_without_empty_parts_and_joined_again);
    tcase_add_test(tc, an_arena_gives_aligned_memory_that_stays_where_it_is);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
