/* Owned lists of texts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "tests/support/suite.h"

/* The list, split at commas, as `[a][b]`. */
static void assert_splits(struct cq_str text, const char *want)
{
    struct cq_strv list;
    struct cq_buf shown = CQ_BUF_INIT(200);
    cq_strv_init(&list);
    cq_strv_split(&list, text, ',');
    cq_buf_text(&shown, "");
    for (size_t i = 0; i < list.len; i++)
        cq_buf_printf(&shown, "[%s]", list.items[i]);
    ck_assert_str_eq(shown.data, want);
    cq_buf_release(&shown);
    cq_strv_release(&list);
}

START_TEST(a_text_is_split_without_empty_parts_and_the_spaces_around)
{
    assert_splits(CQ_STR_LIT("a,b"), "[a][b]");
    assert_splits(CQ_STR_LIT("a"), "[a]");
    assert_splits(CQ_STR_LIT(" a, b c ,,\t d,"), "[a][b c][d]");
    assert_splits(CQ_STR_LIT(",a"), "[a]");
    assert_splits(CQ_STR_LIT(""), "");
    assert_splits(CQ_STR_LIT(", ,\t,"), "");
    assert_splits(CQ_STR_NONE, "");
    assert_splits(cq_str_n("a,b,c", 4), "[a][b]"); /* only what belongs to the text */
}
END_TEST

START_TEST(splitting_adds_to_what_is_there)
{
    struct cq_strv list = CQ_STRV_INIT;
    cq_strv_push(&list, CQ_STR_LIT("first"));
    cq_strv_split(&list, CQ_STR_LIT("b c"), ' ');
    ck_assert_uint_eq(list.len, 3);
    ck_assert_str_eq(list.items[0], "first");
    ck_assert_str_eq(list.items[2], "c");
    cq_strv_release(&list);
}
END_TEST

START_TEST(items_are_copies_however_many_there_are)
{
    struct cq_strv list = CQ_STRV_INIT;
    char text[16];
    for (int i = 0; i < 1000; i++) {
        int len = snprintf(text, sizeof(text), "item-%d", i);
        cq_strv_push(&list, cq_str_n(text, (size_t)len));
    }
    memset(text, 'x', sizeof(text));
    ck_assert_uint_eq(list.len, 1000);
    ck_assert_str_eq(list.items[0], "item-0");
    ck_assert_str_eq(list.items[999], "item-999");
    cq_strv_push(&list, CQ_STR_NONE);
    ck_assert_str_eq(list.items[1000], "");
    cq_strv_release(&list);
}
END_TEST

START_TEST(items_are_joined_with_a_separator_between_them_only)
{
    struct cq_strv list = CQ_STRV_INIT;
    struct cq_buf out = CQ_BUF_INIT(20);
    cq_strv_join(&list, ", ", &out);
    ck_assert_uint_eq(out.len, 0);
    cq_strv_push(&list, CQ_STR_LIT("a"));
    cq_strv_join(&list, ", ", &out);
    ck_assert_str_eq(out.data, "a");
    cq_buf_clear(&out);
    cq_strv_push(&list, CQ_STR_LIT(""));
    cq_strv_push(&list, CQ_STR_LIT("b"));
    cq_strv_join(&list, ", ", &out);
    ck_assert_str_eq(out.data, "a, , b");
    ck_assert(!out.overflow);
    cq_strv_push(&list, CQ_STR_LIT("longer than the room there is"));
    cq_strv_join(&list, ", ", &out);
    ck_assert(out.overflow);
    cq_buf_release(&out);
    cq_strv_release(&list);
}
END_TEST

START_TEST(a_released_list_is_empty_and_usable_again)
{
    struct cq_strv list = CQ_STRV_INIT;
    cq_strv_release(&list);
    cq_strv_push(&list, CQ_STR_LIT("a"));
    cq_strv_release(&list);
    ck_assert(list.len == 0 && !list.items);
    cq_strv_push(&list, CQ_STR_LIT("b"));
    ck_assert_str_eq(list.items[0], "b");
    cq_strv_release(&list);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("strv");
    tcase_add_test(tcase, a_text_is_split_without_empty_parts_and_the_spaces_around);
    tcase_add_test(tcase, splitting_adds_to_what_is_there);
    tcase_add_test(tcase, items_are_copies_however_many_there_are);
    tcase_add_test(tcase, items_are_joined_with_a_separator_between_them_only);
    tcase_add_test(tcase, a_released_list_is_empty_and_usable_again);
    return suite_of("base/strv", tcase);
}
