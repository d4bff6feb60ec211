#include <stdio.h>

#include "tests/serializers/codec.h"

#define DATA "tests/serializers/data/"

enum { CASE_MAX = 256 * 1024 };

/* Free its data. */
static struct cq_str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing; tests run from the top folder", path);
    char *data = malloc(CASE_MAX);
    size_t len = fread(data, 1, CASE_MAX, file);
    fclose(file);
    ck_assert_uint_lt(len, CASE_MAX);
    /* Of its exact size, so that AddressSanitizer sees a read past the end. */
    char *exact = malloc(len ? len : 1);
    memcpy(exact, data, len);
    free(data);
    return cq_str_n(exact, len);
}

static enum cq_code read_case(const char *name, struct cq_str bytes, struct cq_value *ret_value)
{
    const char *suffix = strrchr(name, '.') + 1;
    enum cq_format format;
    if (strcmp(suffix, "literal") == 0)
        return cq_literal_parse(bytes, &arena, ret_value, &err);
    ck_assert(cq_format_parse(suffix, &format));
    return cq_decode(format, bytes, &arena, ret_value, &err);
}

/* Call check(name, expected, bytes) for every line of the list. Returns how many there were. */
static int each_case(const char *folder, void (*check)(const char *, const char *, struct cq_str))
{
    char path[128], *line = NULL;
    size_t size = 0;
    int count = 0;
    snprintf(path, sizeof(path), DATA "%s.txt", folder);
    FILE *list = fopen(path, "r");
    ck_assert_msg(list != NULL, "%s is missing; tests run from the top folder", path);
    while (getline(&line, &size, list) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *expected = strchr(line, ' ');
        ck_assert_ptr_nonnull(expected);
        *expected++ = '\0';
        snprintf(path, sizeof(path), DATA "%s/%s", folder, line);
        struct cq_str bytes = read_file(path);
        check(line, expected, bytes);
        free((void *)(uintptr_t)bytes.data);
        count++;
    }
    free(line);
    fclose(list);
    return count;
}

static void check_valid(const char *name, const char *expected, struct cq_str bytes)
{
    struct cq_value value;
    ck_assert_msg(read_case(name, bytes, &value) == CQ_OK, "%s: %s", name, err.text);
    ck_assert_msg(strcmp(shown(value), expected) == 0, "%s: %s\nexpected %s", name, shown(value), expected);
}

START_TEST(valid_data_reads_as_python_shows_it)
{
    ck_assert_int_gt(each_case("valid", check_valid), 100);
}
END_TEST

static void check_invalid(const char *name, const char *expected, struct cq_str bytes)
{
    struct cq_value value = cq_value_int(7);
    enum cq_code code = read_case(name, bytes, &value);
    ck_assert_msg(code == CQ_ERR_DESERIALIZATION || code == CQ_ERR_LIMIT, "%s: %d", name, code);
    ck_assert_msg(strstr(err.text, expected) != NULL, "%s: %s", name, err.text);
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(value.kind == CQ_VALUE_INT && value.as.integer == 7, "%s: the value was touched", name);
    ck_assert_msg(arena.used < 16 * 1024 * 1024, "%s: %zu bytes", name, arena.used);
    ck_assert_int_eq(read_case(name, bytes, &value), code);
}

START_TEST(invalid_data_is_refused_with_a_reason_and_without_much_memory)
{
    ck_assert_int_gt(each_case("invalid", check_invalid), 80);
}
END_TEST

static void check_prefixes(const char *name, const char *expected, struct cq_str bytes)
{
    (void)expected;
    struct cq_value value;
    if (strstr(name, ".literal") || bytes.len > 600 || strstr(name, "trailing") || strstr(name, "space"))
        return;
    for (size_t len = 0; len < bytes.len; len++) {
        char *cut = malloc(len ? len : 1);
        memcpy(cut, bytes.data, len);
        enum cq_code code = read_case(name, cq_str_n(cut, len), &value);
        free(cut);
        ck_assert_msg(code == CQ_ERR_DESERIALIZATION || strstr(name, ".json"), "%s cut to %zu bytes: %d",
                      name, len, code);
    }
}

START_TEST(truncated_data_is_refused_at_every_length)
{
    ck_assert_int_gt(each_case("valid", check_prefixes), 100);
}
END_TEST

START_TEST(no_bytes_are_no_value)
{
    struct cq_value value;
    for (enum cq_format format = CQ_FORMAT_PICKLE; format <= CQ_FORMAT_MSGPACK; format++) {
        ck_assert_int_eq(cq_decode(format, CQ_STR_LIT(""), &arena, &value, &err), CQ_ERR_DESERIALIZATION);
        ck_assert_int_eq(cq_decode(format, CQ_STR_NONE, &arena, &value, NULL), CQ_ERR_DESERIALIZATION);
    }
}
END_TEST

START_TEST(formats_have_rq_s_names)
{
    static const struct {
        const char *name;
        enum cq_format format;
    } names[] = {
        {"pickle", CQ_FORMAT_PICKLE},
        {"json", CQ_FORMAT_JSON},
        {"msgpack", CQ_FORMAT_MSGPACK},
        {"rq.serializers.DefaultSerializer", CQ_FORMAT_PICKLE},
        {"rq.serializers.PickleSerializer", CQ_FORMAT_PICKLE},
        {"rq.serializers.JSONSerializer", CQ_FORMAT_JSON},
    };
    enum cq_format format;
    for (size_t i = 0; i < CQ_ARRAY_LEN(names); i++) {
        ck_assert(cq_format_parse(names[i].name, &format));
        ck_assert_int_eq(format, names[i].format);
    }
    ck_assert(!cq_format_parse("JSON", &format));
    ck_assert(!cq_format_parse("", &format));
    ck_assert_str_eq(cq_format_name(CQ_FORMAT_PICKLE), "pickle");
    ck_assert_str_eq(cq_format_name(CQ_FORMAT_JSON), "json");
    ck_assert_str_eq(cq_format_name(CQ_FORMAT_MSGPACK), "msgpack");
}
END_TEST

START_TEST(what_each_serializer_writes_is_detected)
{
    static const char *const values[] = {"('m.f', None, (1,), {'k': 2})",
                                         "{}",
                                         "{'a': 1}",
                                         "[]",
                                         "'text'",
                                         "None",
                                         "True",
                                         "1.5",
                                         "-1",
                                         "300",
                                         "5"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++)
        for (enum cq_format format = CQ_FORMAT_PICKLE; format <= CQ_FORMAT_MSGPACK; format++) {
            struct cq_str bytes = encoded(format, literal(values[i]));
            ck_assert_msg(cq_format_detect(bytes) == format, "%s in %s", values[i], cq_format_name(format));
        }
}
END_TEST

static void check_detected(const char *name, const char *expected, struct cq_str bytes)
{
    (void)expected;
    if (strstr(name, ".literal") || strstr(name, "trailing"))
        return;
    ck_assert_msg(strcmp(cq_format_name(cq_format_detect(bytes)), strrchr(name, '.') + 1) == 0, "%s", name);
}

START_TEST(data_of_every_protocol_is_detected)
{
    ck_assert_int_gt(each_case("valid", check_detected), 100);
    ck_assert_int_eq(cq_format_detect(CQ_STR_LIT("")), CQ_FORMAT_PICKLE);
    ck_assert_int_eq(cq_format_detect(CQ_STR_LIT("7")), CQ_FORMAT_JSON);
    ck_assert_int_eq(cq_format_detect(CQ_STR_LIT("\x80")), CQ_FORMAT_MSGPACK);
}
END_TEST

START_TEST(a_value_above_the_limit_leaves_the_buffer_as_it_was)
{
    for (enum cq_format format = CQ_FORMAT_PICKLE; format <= CQ_FORMAT_MSGPACK; format++) {
        assert_not_encoded(format, literal("['some longer text', 'some longer text']"), 20, CQ_ERR_LIMIT,
                           "larger than the limit of 20 bytes");
        assert_not_encoded(format, nested(CQ_VALUE_MAX_DEPTH + 1), 10000, CQ_ERR_LIMIT, "levels deep");
        assert_not_encoded(format, opaque("decimal.Decimal"), 10000, CQ_ERR_SERIALIZATION, "decimal.Decimal");
        assert_not_encoded(format, cq_value_str(CQ_STR_LIT("\xff")), 10000, CQ_ERR_SERIALIZATION, "UTF-8");
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = new_case();
    tcase_add_test(tc, valid_data_reads_as_python_shows_it);
    tcase_add_test(tc, invalid_data_is_refused_with_a_reason_and_without_much_memory);
    tcase_add_test(tc, truncated_data_is_refused_at_every_length);
    tcase_add_test(tc, no_bytes_are_no_value);
    tcase_add_test(tc, formats_have_rq_s_names);
    tcase_add_test(tc, what_each_serializer_writes_is_detected);
    tcase_add_test(tc, data_of_every_protocol_is_detected);
    tcase_add_test(tc, a_value_above_the_limit_leaves_the_buffer_as_it_was);
    return suite_of("serializer", tc);
}
