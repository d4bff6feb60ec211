/* The keys that scripts build are those that C builds: parts/keys.lua beside job/keys.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "job/keys.h"
#include "tests/lifecycle/steps.h"

static struct cq_buf functions = CQ_BUF_INIT(64 * 1024); /* keys.lua */

static void read_functions(void)
{
    FILE *file = fopen("scripts/parts/keys.lua", "re");
    char chunk[4096];
    ck_assert_ptr_nonnull(file);
    cq_buf_clear(&functions);
    for (size_t len; (len = fread(chunk, 1, sizeof(chunk), file)) > 0;)
        cq_buf_str(&functions, cq_str_n(chunk, len));
    fclose(file);
    ck_assert(!functions.overflow);
}

/* In Redis' own Lua. lua: a call of a function of keys.lua */
static void assert_builds(const char *lua, struct cq_str key)
{
    struct cq_buf script = CQ_BUF_INIT(SIZE_MAX / 2);
    cq_buf_str(&script, cq_buf_view(&functions));
    cq_buf_printf(&script, "\nreturn %s", lua);
    struct cq_str built = TEXT("EVAL", script.data, "0");
    ck_assert_msg(cq_str_eq(built, key), "%s is %.*s in Lua and not %.*s", lua, (int)built.len, built.data,
                  (int)key.len, key.data);
    cq_buf_release(&script);
}

static void assert_same(const char *lua, struct cq_key key)
{
    assert_builds(lua, cq_key_str(&key));
}

START_TEST(scripts_build_the_keys_that_c_builds)
{
    const struct cq_str x = CQ_STR_LIT("x: y");
    read_functions();
    assert_same("key_queues()", cq_key_queues());
    assert_same("key_queue('x: y')", cq_key_queue(x));
    assert_same("key_intermediate('x: y')", cq_key_intermediate(x));
    assert_same("key_registry('wip', 'x: y')", cq_key_registry("wip", x));
    assert_same("key_clean_lock('x: y')", cq_key_clean_lock(x));
    assert_same("key_scheduler_lock('x: y')", cq_key_scheduler_lock(x));
    assert_same("key_job('x: y')", cq_key_job(x));
    assert_same("key_dependencies('x: y')", cq_key_dependencies(x));
    assert_same("key_results('x: y')", cq_key_results(x));
    assert_same("key_groups()", cq_key_groups());
    assert_same("key_group('x: y')", cq_key_group(x));
    assert_same("key_worker('x: y')", cq_key_worker(x));
    assert_same("key_worker_executions('x: y')", cq_key_worker_executions(x));
    assert_same("key_pubsub('x: y')", cq_key_pubsub(x));
    assert_same("key_cron_scheduler('x: y')", cq_key_cron_scheduler(x));
    assert_same("key_cron_jobs()", cq_key_cron_jobs());
    assert_same("key_rate_limit_keys()", cq_key_rate_limit_keys());
    assert_same("key_rate_limited('x: y')", cq_key_rate_limited(x));
    assert_same("key_output('x: y')", cq_key_output(x));
    assert_same("key_limits()", cq_key_limits());
    assert_same("key_cron_paused()", cq_key_cron_paused());
    /* These are built in Lua alone. */
    assert_builds("key_dependents('x: y')", CQ_STR_LIT("rq:job:x: y:dependents"));
    assert_builds("key_execution('x: y:e')", CQ_STR_LIT("rq:execution:x: y:e"));
    assert_builds("key_executions('x: y')", CQ_STR_LIT("rq:executions:x: y"));
    cq_buf_release(&functions);
}
END_TEST

/* A setting has to replace one line. */
START_TEST(a_script_says_the_prefix_in_its_first_line_or_not_at_all)
{
    static const char first[] = "local prefix = 'rq:'\n";
    int with = 0;
    for (int i = 0; i < CQ_SCRIPT_COUNT; i++) {
        const char *text = cq_scripts[i].lua;
        bool says = strncmp(text, first, strlen(first)) == 0;
        with += says;
        for (const char *at = says ? text + strlen(first) : text; (at = strstr(at, "rq:")); at++)
            ck_assert_msg(at[-1] != '\'', "%s has %.40s", cq_scripts[i].name, at - 1);
        ck_assert_msg(!strstr(text, "key_queue("), "%s has a key that was not written out",
                      cq_scripts[i].name);
    }
    ck_assert_int_gt(with, CQ_SCRIPT_COUNT / 2);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {scripts_build_the_keys_that_c_builds,
                                  a_script_says_the_prefix_in_its_first_line_or_not_at_all};
    return lifecycle_suite("keys", tests, CQ_ARRAY_LEN(tests));
}
