#include "tests/serializers/codec.h"

#define PICKLE(text) cq_str_n(text, sizeof(text) - 1)

static const char *read_shown(struct cq_str bytes)
{
    return shown(decoded(CQ_FORMAT_PICKLE, bytes));
}

static void assert_refused(struct cq_str bytes, enum cq_code code, const char *words)
{
    struct cq_value value;
    ck_assert_int_eq(cq_decode(CQ_FORMAT_PICKLE, bytes, &arena, &value, &err), code);
    ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
}

START_TEST(a_list_filled_after_it_was_shared_is_filled_everywhere)
{
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05]\x94(h\x00h\x00h\x00(K\x01K\x02"
                                       "et.")),
                     "([1, 2], [1, 2], [1, 2])");
}
END_TEST

START_TEST(a_shared_container_shares_its_memory)
{
    struct cq_value value = decoded(CQ_FORMAT_PICKLE, PICKLE("\x80\x05](](K\x01K\x02"
                                                             "e\x94h\x00h\x00"
                                                             "e."));
    ck_assert_str_eq(shown(value), "[[1, 2], [1, 2], [1, 2]]");
    ck_assert_ptr_eq(value.as.list.items[0].as.list.items, value.as.list.items[2].as.list.items);
}
END_TEST

/* 2^n elements out of 5 * n bytes: counted before anything is walked. */
START_TEST(a_tower_of_shared_tuples_is_refused_at_once)
{
    struct cq_buf bytes = CQ_BUF_INIT(4096);
    cq_buf_append(&bytes, "\x80\x05)\x94", 4);
    for (unsigned char i = 0; i < 23; i++)
        cq_buf_append(&bytes, (char[]){'h', (char)i, 'h', (char)i, '\x86', '\x94'}, 6);
    cq_buf_char(&bytes, '.');
    struct cq_value value = decoded(CQ_FORMAT_PICKLE, cq_buf_view(&bytes));
    ck_assert_uint_eq(value.as.list.len, 2);
    bytes.len--;
    cq_buf_append(&bytes, "h\x17h\x17\x86\x94.", 7);
    assert_refused(cq_buf_view(&bytes), CQ_ERR_LIMIT, "shared ones counted each time");
    ck_assert_uint_lt(arena.used, 10000);
    cq_buf_release(&bytes);
}
END_TEST

START_TEST(depth_is_counted_through_shared_containers)
{
    struct cq_buf bytes = CQ_BUF_INIT(4096);
    /* 60 levels, memoized; then 40 around the shared one are fine, 41 are not. */
    for (int outer = 40; outer <= 41; outer++) {
        cq_buf_clear(&bytes);
        cq_buf_text(&bytes, "\x80\x05");
        for (int i = 0; i < 60; i++)
            cq_buf_char(&bytes, i ? '\x85' : ')');
        cq_buf_text(&bytes, "\x94"
                            "0");
        for (int i = 0; i < outer; i++)
            cq_buf_append(&bytes, i ? "\x85" : "h\x00\x85", i ? 1 : 3);
        cq_buf_char(&bytes, '.');
        struct cq_value value;
        ck_assert_int_eq(cq_decode(CQ_FORMAT_PICKLE, cq_buf_view(&bytes), &arena, &value, &err),
                         outer == 40 ? CQ_OK : CQ_ERR_LIMIT);
    }
    cq_buf_release(&bytes);
}
END_TEST

START_TEST(a_loop_is_refused_but_not_one_that_is_thrown_away)
{
    assert_refused(PICKLE("\x80\x05]\x94h\x00"
                          "a."),
                   CQ_ERR_DESERIALIZATION, "holds itself");
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05]\x94h\x00"
                                       "a0K\x05.")),
                     "5");
}
END_TEST

START_TEST(nothing_is_called)
{
    ck_assert_str_eq(read_shown(PICKLE("cos\nsystem\n(S'touch /tmp/x'\ntR.")), "<os.system>");
    ck_assert_str_eq(read_shown(PICKLE("\x80\x04\x8c\x08"
                                       "builtins\x8c\x04"
                                       "eval\x93\x8c\x03"
                                       "1+1\x85R.")),
                     "<builtins.eval>");
    ck_assert_str_eq(read_shown(PICKLE("(S'x'\nios\nsystem\n.")), "<os.system>");
    ck_assert_str_eq(read_shown(PICKLE("cbuiltins\ngetattr\n(cm\nC\nS'method'\ntR.")), "<m.C.method>");
    ck_assert_str_eq(
        read_shown(PICKLE("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR(dS'a'\nI1\nsb.")),
        "<m.C>");
}
END_TEST

START_TEST(elements_of_subclasses_are_dropped)
{
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05(cm\nList\n)\x81(K\x01K\x02"
                                       "eK\x03"
                                       "acm\nDict\n)\x81K\x01K\x02scm\nSet\n)\x81(K\x01\x90K\x07t.")),
                     "(<m.List>, <m.Dict>, <m.Set>, 7)");
}
END_TEST

START_TEST(a_call_with_odd_arguments_is_opaque)
{
    ck_assert_str_eq(read_shown(PICKLE("cdatetime\ndatetime\n(S'x'\ntR.")), "<datetime.datetime>");
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05"
                                       "cdatetime\ndate\nC\x04\x00\x00\x00\x00\x85R.")),
                     "<datetime.date>");
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05"
                                       "cbuiltins\nset\nK\x01\x85R.")),
                     "<builtins.set>");
    ck_assert_str_eq(read_shown(PICKLE("\x80\x05"
                                       "cbuiltins\nbytes\nK\x01K\x02K\x03\x87R.")),
                     "<builtins.bytes>");
    ck_assert_str_eq(read_shown(PICKLE("c_codecs\nencode\n(V\\u0100\nS'latin1'\ntR.")), "<_codecs.encode>");
}
END_TEST

START_TEST(a_chain_of_names_stays_short)
{
    struct cq_buf bytes = CQ_BUF_INIT(100000);
    cq_buf_text(&bytes, "cm\nC\n");
    for (int i = 0; i < 1000; i++)
        cq_buf_text(&bytes, "p0\n0cbuiltins\ngetattr\n(g0\nVattribut\xe9\ntR");
    cq_buf_char(&bytes, '.');
    struct cq_value value = decoded(CQ_FORMAT_PICKLE, cq_buf_view(&bytes));
    ck_assert_int_eq(value.kind, CQ_VALUE_OPAQUE);
    ck_assert_uint_le(value.as.text.len, 255);
    ck_assert_uint_gt(value.as.text.len, 240);
    cq_buf_release(&bytes);
}
END_TEST

START_TEST(more_elements_than_the_limit_are_refused)
{
    size_t size = CQ_VALUE_MAX_ITEMS + 4;
    char *bytes = malloc(size);
    memset(bytes, 'N', size);
    memcpy(bytes, "\x80\x05", 2);
    assert_refused(cq_str_n(bytes, size), CQ_ERR_LIMIT, "elements, at byte");
    memset(bytes + 2, '(', size - 2);
    assert_refused(cq_str_n(bytes, size), CQ_ERR_LIMIT, "elements, at byte");
    free(bytes);
}
END_TEST

START_TEST(sparse_memo_indexes_are_bounded)
{
    ck_assert_str_eq(read_shown(PICKLE("\x80\x02Nr\x00\x80\x00\x00"
                                       "0j\x00\x80\x00\x00.")),
                     "None");
    assert_refused(PICKLE("\x80\x02Nr\x00\x00\x01\x00."), CQ_ERR_DESERIALIZATION, "memo index");
    assert_refused(PICKLE("Np4294967296\n."), CQ_ERR_DESERIALIZATION, "not a number");
    assert_refused(PICKLE("Np-1\n."), CQ_ERR_DESERIALIZATION, "not a number");
}
END_TEST

START_TEST(messages_name_the_offset)
{
    assert_refused(PICKLE("\x80\x05K\x01K\x02\xfe."), CQ_ERR_DESERIALIZATION,
                   "pickle: unknown opcode 0xfe at byte 6");
    assert_refused(PICKLE("\x80\x05K\x01X\x05\x00\x00\x00"
                          "abc"),
                   CQ_ERR_DESERIALIZATION, "opcode 0x58 at byte 4");
    assert_refused(PICKLE("\x80\x05]K\x01\x90."), CQ_ERR_DESERIALIZATION,
                   "MARK, but there is none, at byte 5");
}
END_TEST

START_TEST(what_was_read_does_not_refer_to_the_bytes)
{
    char bytes[] = "(S'text'\nX\x02\x00\x00\x00xycm\nf\n\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09t.";
    struct cq_value value = decoded(CQ_FORMAT_PICKLE, cq_str_n(bytes, sizeof(bytes) - 1));
    memset(bytes, '#', sizeof(bytes));
    ck_assert_str_eq(shown(value), "('text', 'xy', <m.f>, 166599134359138271745)");
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_test(tc, a_list_filled_after_it_was_shared_is_filled_everywhere);
    tcase_add_test(tc, a_shared_container_shares_its_memory);
    tcase_add_test(tc, a_tower_of_shared_tuples_is_refused_at_once);
    tcase_add_test(tc, depth_is_counted_through_shared_containers);
    tcase_add_test(tc, a_loop_is_refused_but_not_one_that_is_thrown_away);
    tcase_add_test(tc, nothing_is_called);
    tcase_add_test(tc, elements_of_subclasses_are_dropped);
    tcase_add_test(tc, a_call_with_odd_arguments_is_opaque);
    tcase_add_test(tc, a_chain_of_names_stays_short);
    tcase_add_test(tc, more_elements_than_the_limit_are_refused);
    tcase_add_test(tc, sparse_memo_indexes_are_bounded);
    tcase_add_test(tc, messages_name_the_offset);
    tcase_add_test(tc, what_was_read_does_not_refer_to_the_bytes);
    return suite_of("pickle_read", tc);
}
