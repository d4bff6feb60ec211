/* Memory that is freed all at once. */
#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/support/suite.h"

enum { BLOCK_BYTES = 4096, OUT_OF_MEMORY = 70 };

/* A sanitizer's allocator is to answer NULL, as libc's does, and not to end the process itself. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(memory_is_aligned_for_any_type_and_stays_where_it_is)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    char *first = cq_arena_strndup(&arena, "first", 5);
    size_t handed_out = 6;
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        char *block = cq_arena_alloc(&arena, size);
        ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
        memset(block, 0xFF, size); /* a sanitizer sees what is too short */
        handed_out += size;
    }
    ck_assert_str_eq(first, "first");
    ck_assert_uint_eq(arena.used, handed_out);
    cq_arena_release(&arena);
}
END_TEST

START_TEST(no_two_requests_share_a_byte)
{
    enum { COUNT = 600 };
    static unsigned char *blocks[COUNT];
    static const size_t sizes[] = {1,
                                   15,
                                   16,
                                   17,
                                   100,
                                   BLOCK_BYTES / 2,
                                   BLOCK_BYTES / 2 + 1,
                                   BLOCK_BYTES - 1,
                                   BLOCK_BYTES,
                                   BLOCK_BYTES + 1,
                                   3 * BLOCK_BYTES};
    const size_t kinds = sizeof(sizes) / sizeof(sizes[0]);
    struct cq_arena arena;
    cq_arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = cq_arena_alloc(&arena, sizes[i % kinds]);
        memset(blocks[i], (int)(i % 251), sizes[i % kinds]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t at = 0; at < sizes[i % kinds]; at++)
            if (blocks[i][at] != i % 251)
                ck_abort_msg("byte %zu of request %zu was written over", at, i);
    cq_arena_release(&arena);
}
END_TEST

START_TEST(a_big_request_leaves_the_rest_of_a_small_block_in_use)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    char *small = cq_arena_alloc(&arena, 16);
    char *big = cq_arena_alloc(&arena, 10 * BLOCK_BYTES);
    ck_assert_ptr_nonnull(big);
    ck_assert_ptr_eq(cq_arena_alloc(&arena, 16), small + 16);
    cq_arena_release(&arena);
}
END_TEST

START_TEST(a_request_for_nothing_is_granted)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    ck_assert_ptr_nonnull(cq_arena_alloc(&arena, 0));
    ck_assert_str_eq(cq_arena_strndup(&arena, NULL, 0), "");
    struct cq_str none = cq_arena_str(&arena, CQ_STR_NONE);
    ck_assert(none.data && none.len == 0 && none.data[0] == '\0');
    cq_arena_release(&arena);
}
END_TEST

START_TEST(texts_are_copied_whole_and_end_in_nul)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_str copy = cq_arena_str(&arena, CQ_STR_LIT("a\0b"));
    ck_assert(copy.len == 3 && memcmp(copy.data, "a\0b", 4) == 0);
    ck_assert_str_eq(cq_arena_strndup(&arena, "abcdef", 3), "abc");
    ck_assert_str_eq(cq_arena_printf(&arena, "%s-%d", "first", 2), "first-2");
    char *empty = cq_arena_printf(&arena, "%s", "");
    ck_assert_str_eq(empty, "");
    char *wide = cq_arena_printf(&arena, "%*d", 3 * BLOCK_BYTES, 7);
    ck_assert_uint_eq(strlen(wide), 3 * BLOCK_BYTES);
    ck_assert_int_eq(wide[3 * BLOCK_BYTES - 1], '7');
    cq_arena_release(&arena);
}
END_TEST

START_TEST(a_released_arena_is_empty_and_usable_again)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    cq_arena_release(&arena); /* nothing was allocated */
    cq_arena_alloc(&arena, 100);
    cq_arena_release(&arena);
    ck_assert_uint_eq(arena.used, 0);
    ck_assert_ptr_null(arena.blocks);
    ck_assert_str_eq(cq_arena_strndup(&arena, "again", 5), "again");
    cq_arena_release(&arena);
}
END_TEST

/* Rounded up, or with the head of a block added, these would wrap around to a few bytes. */
static const size_t impossible[] = {SIZE_MAX,      SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX - 31,
                                    SIZE_MAX - 40, SIZE_MAX - 64, SIZE_MAX / 2};

START_TEST(a_size_that_no_memory_has_ends_the_process)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    cq_arena_alloc(&arena, impossible[_i]);
}
END_TEST

START_TEST(a_text_of_a_size_that_no_memory_has_ends_the_process)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    cq_arena_strndup(&arena, "", impossible[_i]);
}
END_TEST

Suite *test_suite(void)
{
    const int count = sizeof(impossible) / sizeof(impossible[0]);
    TCase *tcase = tcase_create("arena");
    tcase_add_test(tcase, memory_is_aligned_for_any_type_and_stays_where_it_is);
    tcase_add_test(tcase, no_two_requests_share_a_byte);
    tcase_add_test(tcase, a_big_request_leaves_the_rest_of_a_small_block_in_use);
    tcase_add_test(tcase, a_request_for_nothing_is_granted);
    tcase_add_test(tcase, texts_are_copied_whole_and_end_in_nul);
    tcase_add_test(tcase, a_released_arena_is_empty_and_usable_again);
    tcase_add_loop_exit_test(tcase, a_size_that_no_memory_has_ends_the_process, OUT_OF_MEMORY, 0, count);
    tcase_add_loop_exit_test(tcase, a_text_of_a_size_that_no_memory_has_ends_the_process, OUT_OF_MEMORY, 0,
                             count);
    return suite_of("base/arena", tcase);
}
