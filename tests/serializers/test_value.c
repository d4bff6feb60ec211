#include <math.h>

#include "tests/serializers/codec.h"
#include "tests/support/value_equal.h"

START_TEST(a_new_list_is_all_none)
{
    struct cq_value list = cq_value_list(&arena, CQ_VALUE_TUPLE, 3);
    ck_assert_str_eq(shown(list), "(None, None, None)");
    ck_assert_str_eq(shown(cq_value_map(&arena, 1)), "{None: None}");
    ck_assert_str_eq(shown(cq_value_map(&arena, 0)), "{}");
}
END_TEST

START_TEST(set_adds_and_replaces_string_keys)
{
    struct cq_value map = cq_value_map(&arena, 0);
    cq_value_set(&arena, &map, "a", cq_value_int(1));
    cq_value_set(&arena, &map, "b", cq_value_int(2));
    cq_value_set(&arena, &map, "a", cq_value_bool(true));
    ck_assert_str_eq(shown(map), "{'a': True, 'b': 2}");
    ck_assert_int_eq(cq_value_get(&map, "b")->as.integer, 2);
    ck_assert_ptr_null(cq_value_get(&map, "c"));
}
END_TEST

START_TEST(get_finds_only_string_keys_of_maps)
{
    struct cq_value map = literal("{1: 2, b'a': 3, 'a': 4}"), list = literal("['a']");
    ck_assert_int_eq(cq_value_get(&map, "a")->as.integer, 4);
    ck_assert_ptr_null(cq_value_get(&map, "1"));
    ck_assert_ptr_null(cq_value_get(&list, "a"));
}
END_TEST

static bool equal(const char *a, const char *b)
{
    struct cq_value left = literal(a), right = literal(b);
    return value_equal(&left, &right);
}

START_TEST(equality_tells_kinds_and_order_apart)
{
    static const char *const values[] = {"None",
                                         "True",
                                         "1",
                                         "1.0",
                                         "'1'",
                                         "b'1'",
                                         "[1]",
                                         "(1,)",
                                         "{1}",
                                         "{1: 1}",
                                         "99999999999999999999",
                                         "-0.0",
                                         "0.0",
                                         "[1, 2]",
                                         "[2, 1]",
                                         "{1: 2, 3: 4}",
                                         "{3: 4, 1: 2}",
                                         "{1: 3}",
                                         "{2: 1}",
                                         "'1\\0'",
                                         "[[], {}]",
                                         "[{}, []]"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++)
        for (size_t j = 0; j < CQ_ARRAY_LEN(values); j++)
            ck_assert_msg(equal(values[i], values[j]) == (i == j), "%s, %s", values[i], values[j]);
}
END_TEST

START_TEST(nan_equals_nan)
{
    struct cq_value a = cq_value_float((double)NAN), b = cq_value_float(-(double)NAN), c = cq_value_float(0);
    ck_assert(value_equal(&a, &b));
    ck_assert(!value_equal(&a, &c));
}
END_TEST

START_TEST(a_loop_of_values_is_not_equal_and_ends)
{
    struct cq_value list = cq_value_list(&arena, CQ_VALUE_LIST, 1);
    list.as.list.items[0] = list;
    ck_assert(!value_equal(&list, &list));
    ck_assert_ptr_nonnull(strstr(shown(list), "[[...]]"));
    assert_not_encoded(CQ_FORMAT_PICKLE, list, 100000, CQ_ERR_LIMIT, "levels deep");
}
END_TEST

START_TEST(types_have_python_s_names)
{
    static const char *const values[][2] = {
        {"None", "NoneType"}, {"True", "bool"}, {"1", "int"},     {"99999999999999999999", "int"},
        {"1.5", "float"},     {"''", "str"},    {"b''", "bytes"}, {"[]", "list"},
        {"()", "tuple"},      {"set()", "set"}, {"{}", "dict"}};
    static const char *const times[][2] = {{"datetime.datetime(2026, 1, 2, 0, 0)", "datetime"},
                                           {"datetime.date(2026, 1, 2)", "date"},
                                           {"datetime.time(0, 0)", "time"},
                                           {"datetime.timedelta(0)", "timedelta"},
                                           {"datetime.timezone.utc", "timezone"}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++) {
        struct cq_value value = literal(values[i][0]);
        ck_assert_str_eq(cq_value_type_name(&value), values[i][1]);
    }
    for (size_t i = 0; i < CQ_ARRAY_LEN(times); i++) {
        struct cq_value value = datetime(times[i][0]);
        ck_assert_str_eq(cq_value_type_name(&value), times[i][1]);
    }
    struct cq_value other = opaque("uuid.UUID"), frozen = cq_value_list(&arena, CQ_VALUE_FROZENSET, 0);
    ck_assert_str_eq(cq_value_type_name(&other), "uuid.UUID");
    ck_assert_str_eq(cq_value_type_name(&frozen), "frozenset");
}
END_TEST

START_TEST(equal_keys_become_one_as_in_python)
{
    ck_assert_str_eq(shown(literal("{1: 'a', True: 'b', 1.0: 'c', 2: 'd'}")), "{1: 'c', 2: 'd'}");
    ck_assert_str_eq(shown(literal("{'x': 1, b'x': 2, 'y': 3, 'x': 4}")), "{'x': 4, b'x': 2, 'y': 3}");
    ck_assert_str_eq(shown(literal("{(1, 2): 1, (1.0, 2): 2, (1, 3): 3}")), "{(1, 2): 2, (1, 3): 3}");
    ck_assert_str_eq(shown(literal("{9007199254740993, 9007199254740992.0, 9007199254740992}")),
                     "{9007199254740993, 9007199254740992.0}");
    ck_assert_str_eq(shown(literal("{None, None, 'a', 'a', 3, 3.5, 3}")), "{None, 'a', 3, 3.5}");
}
END_TEST

START_TEST(nan_and_opaque_keys_are_never_equal)
{
    struct cq_value items[] = {cq_value_float((double)NAN),
                               opaque("m.C"),
                               cq_value_float((double)NAN),
                               opaque("m.C"),
                               cq_value_int(1),
                               cq_value_int(1)};
    ck_assert_uint_eq(cq_value_unique_items(items, CQ_ARRAY_LEN(items)), 5);
}
END_TEST

START_TEST(many_keys_are_made_unique_in_order)
{
    enum { COUNT = 3000 };
    struct cq_value map = cq_value_map(&arena, COUNT);
    for (int i = 0; i < COUNT; i++)
        map.as.map.pairs[i] = (struct cq_pair){cq_value_int(i * 7919 % 1000), cq_value_int(i)};
    size_t len = cq_value_unique_pairs(map.as.map.pairs, COUNT);
    ck_assert_uint_eq(len, 1000);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(map.as.map.pairs[i].key.as.integer, i * 7919 % 1000);
        ck_assert_int_eq(map.as.map.pairs[i].value.as.integer, i + 2000);
    }
}
END_TEST

START_TEST(lists_sets_and_dicts_are_no_keys)
{
    static const char *const hashable[] = {"None", "1", "'a'", "b''", "()", "(1, ('a', None))"};
    static const char *const not_hashable[] = {"[]", "{}", "set()", "([],)", "(1, (2, {}))"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(hashable); i++) {
        struct cq_value value = literal(hashable[i]);
        ck_assert_msg(cq_value_hashable(&value), "%s", hashable[i]);
    }
    for (size_t i = 0; i < CQ_ARRAY_LEN(not_hashable); i++) {
        struct cq_value value = literal(not_hashable[i]);
        ck_assert_msg(!cq_value_hashable(&value), "%s", not_hashable[i]);
    }
}
END_TEST

START_TEST(a_builder_takes_what_is_above_the_mark)
{
    struct cq_builder builder;
    cq_builder_init(&builder);
    for (int i = 0; i < 500; i++)
        ck_assert(cq_builder_push(&builder, cq_value_int(i)));
    struct cq_value list = cq_builder_take(&builder, 498, &arena, CQ_VALUE_LIST);
    ck_assert_str_eq(shown(list), "[498, 499]");
    ck_assert_str_eq(shown(cq_builder_take(&builder, 498, &arena, CQ_VALUE_MAP)), "{}");
    list = cq_builder_take(&builder, 0, &arena, CQ_VALUE_LIST);
    ck_assert_uint_eq(list.as.list.len, 498);
    ck_assert_int_eq(list.as.list.items[497].as.integer, 497);
    cq_builder_release(&builder);
}
END_TEST

START_TEST(a_builder_refuses_more_than_the_limit)
{
    struct cq_builder builder;
    cq_builder_init(&builder);
    builder.total = CQ_VALUE_MAX_ITEMS - 1;
    ck_assert(cq_builder_push(&builder, cq_value_none()));
    ck_assert(!cq_builder_push(&builder, cq_value_none()));
    ck_assert_uint_eq(builder.len, 1);
    cq_builder_release(&builder);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_test(tc, a_new_list_is_all_none);
    tcase_add_test(tc, set_adds_and_replaces_string_keys);
    tcase_add_test(tc, get_finds_only_string_keys_of_maps);
    tcase_add_test(tc, equality_tells_kinds_and_order_apart);
    tcase_add_test(tc, nan_equals_nan);
    tcase_add_test(tc, a_loop_of_values_is_not_equal_and_ends);
    tcase_add_test(tc, types_have_python_s_names);
    tcase_add_test(tc, equal_keys_become_one_as_in_python);
    tcase_add_test(tc, nan_and_opaque_keys_are_never_equal);
    tcase_add_test(tc, many_keys_are_made_unique_in_order);
    tcase_add_test(tc, lists_sets_and_dicts_are_no_keys);
    tcase_add_test(tc, a_builder_takes_what_is_above_the_mark);
    tcase_add_test(tc, a_builder_refuses_more_than_the_limit);
    return suite_of("value", tc);
}
