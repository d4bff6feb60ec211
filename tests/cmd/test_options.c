#include "cmd/line/options.h"

#include <check.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "tests/support/suite.h"

struct option_fields {
    bool burst, verbose;
    const char *name, *level;
    int64_t count, ttl;
    double interval;
    int strategy;
    struct cq_strv paths, waits;
};

#define FIELD(member) offsetof(struct option_fields, member)

static const struct cq_option table[] = {
    {.kind = CQ_OPTION_HEADING, .help = "A section"},
    {.kind = CQ_OPTION_FLAG, .name = "burst", .letter = 'b', .field = FIELD(burst), .help = "b"},
    {.kind = CQ_OPTION_FLAG, .name = "verbose", .letter = 'v', .field = FIELD(verbose), .help = "v"},
    {.kind = CQ_OPTION_TEXT,
     .name = "name",
     .letter = 'n',
     .argument = "NAME",
     .field = FIELD(name),
     .help = "n"},
    {.kind = CQ_OPTION_TEXT,
     .name = "logging-level",
     .alias = "logging_level",
     .argument = "LEVEL",
     .field = FIELD(level),
     .fallback = "INFO",
     .help = "l"},
    {.kind = CQ_OPTION_INT,
     .name = "count",
     .letter = 'c',
     .argument = "N",
     .field = FIELD(count),
     .min = 1,
     .max = 10,
     .fallback = "3",
     .help = "c"},
    {.kind = CQ_OPTION_DURATION,
     .name = "ttl",
     .argument = "SECONDS",
     .field = FIELD(ttl),
     .min = -1,
     .max = 86400,
     .help = "t"},
    {.kind = CQ_OPTION_NUMBER,
     .name = "interval",
     .letter = 'i',
     .argument = "SECONDS",
     .field = FIELD(interval),
     .max = 60,
     .help = "i"},
    {.kind = CQ_OPTION_CHOICE,
     .name = "strategy",
     .short_word = "ds",
     .argument = "WORD",
     .field = FIELD(strategy),
     .words = "default|random|round_robin",
     .fallback = "default",
     .help = "s"},
    {.kind = CQ_OPTION_TEXTS,
     .name = "path",
     .letter = 'P',
     .argument = "FOLDER",
     .field = FIELD(paths),
     .help = "p"},
    {.kind = CQ_OPTION_DURATIONS,
     .name = "wait",
     .argument = "SECONDS",
     .field = FIELD(waits),
     .min = 0,
     .max = 100,
     .help = "w"},
    {.kind = CQ_OPTION_SETTING, .name = "results-ttl", .argument = "SECONDS", .key = "worker.results_ttl"},
    {.kind = CQ_OPTION_SETTING, .name = "reuse", .key = "worker.reuse_horses", .value = "true", .help = "r"},
    {.kind = CQ_OPTION_SETTING, .key = "worker.preload"},
    {.kind = CQ_OPTION_MISSING, .name = "with-scheduler", .letter = 's', .help = "use another"},
    {.kind = CQ_OPTION_MISSING, .name = "default-handler", .letter = 'd'},
    {.kind = CQ_OPTION_END},
};

static struct option_fields fields;
static struct cq_options_given given;
static struct cq_option rows[CQ_OPTIONS_MAX];
static const struct cq_option_set set = {rows, &fields, &given};
static struct cq_error err;
static const char *args[16];
static size_t arg_count;

static void fresh(void)
{
    cq_options_expand(table, rows);
    cq_options_defaults(&set);
}

static void done(void)
{
    cq_options_release(&set);
    cq_options_given_release(&given);
}

/* Parse the words of a line, which are separated by one space each. */
static enum cq_code parse(const char *line)
{
    static char text[512];
    char *argv[16];
    int argc = 0;
    ck_assert_uint_lt(strlen(line), sizeof(text));
    strcpy(text, line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return cq_options_parse(&set, 1, argc, argv, args, &arg_count, &err);
}

START_TEST(defaults_are_the_typed_ones)
{
    ck_assert_int_eq(parse(""), CQ_OK);
    ck_assert(!fields.burst);
    ck_assert_ptr_null(fields.name);
    ck_assert_str_eq(fields.level, "INFO");
    ck_assert_int_eq(fields.count, 3);
    ck_assert_int_eq(fields.ttl, CQ_OPTION_UNSET);
    ck_assert(fields.interval == 0);
    ck_assert_int_eq(fields.strategy, 0);
    ck_assert_uint_eq(fields.paths.len, 0);
    ck_assert_uint_eq(given.len, 0);
}
END_TEST

START_TEST(every_way_to_write_a_value_is_taken)
{
    const char *lines[] = {"--count=7", "--count 7", "-c7", "-c 7", "-bvc7", "-bc 7"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(lines); i++) {
        fields.count = 0;
        ck_assert_msg(parse(lines[i]) == CQ_OK, "%s: %s", lines[i], err.text);
        ck_assert_int_eq(fields.count, 7);
    }
    ck_assert(fields.burst && fields.verbose);
}
END_TEST

START_TEST(options_may_follow_arguments_until_two_dashes)
{
    ck_assert_int_eq(parse("high -b low - -- -v --name"), CQ_OK);
    ck_assert(fields.burst);
    ck_assert(!fields.verbose);
    ck_assert_uint_eq(arg_count, 5);
    ck_assert_str_eq(args[0], "high");
    ck_assert_str_eq(args[1], "low");
    ck_assert_str_eq(args[2], "-");
    ck_assert_str_eq(args[3], "-v");
    ck_assert_str_eq(args[4], "--name");
}
END_TEST

START_TEST(a_value_may_begin_with_a_dash_or_be_empty)
{
    ck_assert_int_eq(parse("--ttl -1"), CQ_OK);
    ck_assert_int_eq(fields.ttl, -1);
    ck_assert_int_eq(parse("-n --burst"), CQ_OK);
    ck_assert_str_eq(fields.name, "--burst");
    ck_assert(!fields.burst);
    ck_assert_int_eq(parse("--name="), CQ_OK);
    ck_assert_str_eq(fields.name, "");
}
END_TEST

START_TEST(the_last_of_a_repeated_option_counts_and_lists_keep_all)
{
    ck_assert_int_eq(parse("-n a -n b -P x --path=y --wait 1m --wait=007"), CQ_OK);
    ck_assert_str_eq(fields.name, "b");
    ck_assert_uint_eq(fields.paths.len, 2);
    ck_assert_str_eq(fields.paths.items[1], "y");
    ck_assert_str_eq(fields.waits.items[0], "60");
    ck_assert_str_eq(fields.waits.items[1], "7");
}
END_TEST

START_TEST(rqs_odd_spellings_are_taken)
{
    ck_assert_int_eq(parse("-ds random --logging_level DEBUG"), CQ_OK);
    ck_assert_int_eq(fields.strategy, 1);
    ck_assert_str_eq(fields.level, "DEBUG");
    ck_assert_int_eq(parse("-ds=round_robin"), CQ_OK);
    ck_assert_int_eq(fields.strategy, 2);
}
END_TEST

START_TEST(settings_are_kept_for_later_the_last_one_counts)
{
    ck_assert_int_eq(parse("--results-ttl 5 --reuse --results-ttl=6"), CQ_OK);
    ck_assert_uint_eq(given.len, 2);
    ck_assert_ptr_eq(given.items[0].option->setting, cq_setting_named("worker.results_ttl"));
    ck_assert_str_eq(given.items[0].value, "6");
    ck_assert_str_eq(given.items[1].value, "true");
}
END_TEST

START_TEST(a_list_setting_keeps_all_that_it_is_given)
{
    ck_assert_int_eq(parse("--preload a --preload b,c"), CQ_OK);
    ck_assert_uint_eq(given.len, 2);
    ck_assert_str_eq(given.items[0].value, "a");
    ck_assert_str_eq(given.items[1].value, "b,c");
}
END_TEST

START_TEST(an_option_of_a_setting_is_its_row_but_for_what_the_table_says)
{
    const struct cq_setting *setting = cq_setting_named("worker.kill_grace");
    const struct cq_option own[] = {
        {.kind = CQ_OPTION_SETTING, .key = "worker.kill_grace", .letter = 'k', .help = "kg"},
        {.kind = CQ_OPTION_SETTINGS, .group = CQ_GROUP_HORSES},
        {.kind = CQ_OPTION_END},
    };
    struct cq_option expanded[CQ_OPTIONS_MAX], *option = expanded + 1;
    cq_options_expand(own, expanded);
    ck_assert_str_eq(expanded[0].name, "kill-grace");
    ck_assert_int_eq(expanded[0].letter, 'k');
    ck_assert_str_eq(expanded[0].help, "kg");
    while (option->kind != CQ_OPTION_END && option->setting != setting)
        option++;
    ck_assert_int_eq(option->kind, CQ_OPTION_SETTING);
    ck_assert_str_eq(option->help, setting->help);
    ck_assert_str_eq(option->fallback, "5");
    cq_options_expand(NULL, expanded);
    ck_assert_int_eq(expanded[0].kind, CQ_OPTION_END);
}
END_TEST

START_TEST(a_switch_of_a_setting_takes_no_value)
{
    ck_assert_int_eq(parse("--reuse=no"), CQ_ERR_USAGE);
    ck_assert_str_eq(err.text, "--reuse takes no value");
}
END_TEST

START_TEST(durations_have_units_and_bounds)
{
    ck_assert_int_eq(parse("--ttl 5m"), CQ_OK);
    ck_assert_int_eq(fields.ttl, 300);
    ck_assert_int_eq(parse("--ttl 2d"), CQ_ERR_USAGE);
    ck_assert_str_eq(err.text, "--ttl: 2d is out of range; give -1 to 86400");
    ck_assert_int_eq(fields.ttl, 300);
}
END_TEST

static const struct {
    const char *line;
    const char *text;
} wrong[] = {
    {"--brust", "unknown option '--brust'; did you mean '--burst'?"},
    {"--burts=1", "unknown option '--burts'; did you mean '--burst'?"},
    {"--zzzzzz", "unknown option '--zzzzzz'; --help lists the options"},
    {"-x", "unknown option '-x'; --help lists the options"},
    {"-bx", "unknown option '-x'; --help lists the options"},
    {"-5", "unknown option '-5'; arguments that begin with '-' go after '--'"},
    {"--burst=1", "--burst takes no value"},
    {"--name", "--name needs a value: NAME"},
    {"-n", "--name needs a value: NAME"},
    {"--count 11", "--count: 11 is out of range; give 1 to 10"},
    {"--count x", "--count: 'x' is not a whole number"},
    {"--count=", "--count: '' is not a whole number"},
    {"--count 99999999999999999999", "--count: '99999999999999999999' is not a whole number"},
    {"--ttl soon", "--ttl: 'soon' is not a duration; write seconds, or 90s, 5m, 2h, 1d"},
    {"-i 0", "--interval: '0' is not a number above 0 and up to 60"},
    {"-i nan", "--interval: 'nan' is not a number above 0 and up to 60"},
    {"-i inf", "--interval: 'inf' is not a number above 0 and up to 60"},
    {"--strategy fair", "--strategy: 'fair' is not one of default|random|round_robin"},
    {"--strategy defaul", "--strategy: 'defaul' is not one of default|random|round_robin"},
    {"--wait 101", "--wait: 101 is out of range; give 0 to 100"},
    {"-s", "this version of cq does not have --with-scheduler; use another"},
    {"-d", "this version of cq does not have --default-handler"},
    {"--with-scheduler=1", "this version of cq does not have --with-scheduler; use another"},
};

START_TEST(wrong_lines_are_refused_with_a_line)
{
    ck_assert_msg(parse(wrong[_i].line) == CQ_ERR_USAGE, "%s was taken", wrong[_i].line);
    ck_assert_str_eq(err.text, wrong[_i].text);
}
END_TEST

START_TEST(a_missing_option_is_no_suggestion)
{
    ck_assert_int_eq(parse("--with-schedule"), CQ_ERR_USAGE);
    ck_assert_ptr_null(strstr(err.text, "did you mean"));
}
END_TEST

static const struct {
    const char *url, *masked;
} urls[] = {
    {"redis://user:secret@host:1/2", "redis://xxxxxxxxxxx@host:1/2"},
    {"redis://:p@ss@host", "redis://xxxxx@host"},
    {"unix:///tmp/redis.sock?db=1&password=secret&x=1", "unix:///tmp/redis.sock?db=1&password=xxxxxx&x=1"},
    {"redis://host/0", "redis://host/0"},
    {"bob@example.org", "bob@example.org"},
    {"--url=redis://:pw@host", "--url=redis://xxx@host"},
    {"", ""},
};

START_TEST(a_url_is_masked)
{
    char text[128];
    strcpy(text, urls[_i].url);
    cq_options_mask_url(text);
    ck_assert_str_eq(text, urls[_i].masked);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, fresh, done);
    tcase_add_test(tc, defaults_are_the_typed_ones);
    tcase_add_test(tc, every_way_to_write_a_value_is_taken);
    tcase_add_test(tc, options_may_follow_arguments_until_two_dashes);
    tcase_add_test(tc, a_value_may_begin_with_a_dash_or_be_empty);
    tcase_add_test(tc, the_last_of_a_repeated_option_counts_and_lists_keep_all);
    tcase_add_test(tc, rqs_odd_spellings_are_taken);
    tcase_add_test(tc, settings_are_kept_for_later_the_last_one_counts);
    tcase_add_test(tc, a_list_setting_keeps_all_that_it_is_given);
    tcase_add_test(tc, an_option_of_a_setting_is_its_row_but_for_what_the_table_says);
    tcase_add_test(tc, a_switch_of_a_setting_takes_no_value);
    tcase_add_test(tc, durations_have_units_and_bounds);
    tcase_add_loop_test(tc, wrong_lines_are_refused_with_a_line, 0, (int)CQ_ARRAY_LEN(wrong));
    tcase_add_test(tc, a_missing_option_is_no_suggestion);
    tcase_add_loop_test(tc, a_url_is_masked, 0, (int)CQ_ARRAY_LEN(urls));
    return suite_of("options", tc);
}
