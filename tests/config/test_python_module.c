/* RQ's settings modules, read by a real interpreter. */
#include "tests/config/settings_scene.h"

#include "config/python_module.h"
#include "tests/support/suite.h"

static struct cq_strv paths;
static struct cq_config_python python;

static void make_module(const char *text)
{
    setup();
    snprintf(path, sizeof(path), "%s/conf.py", folder);
    write_file(text, strlen(text), 0600);
    cq_strv_init(&paths);
    cq_strv_push(&paths, cq_str(folder));
    python = (struct cq_config_python){"python3", &paths};
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
}

static void remove_module(void)
{
    cq_strv_release(&paths);
    teardown();
}

static enum cq_code read_module(const char *text, const char *const *env)
{
    make_module(text);
    return cq_settings_load(&settings, "conf", &python, lookup, (void *)env, &err);
}

START_TEST(the_names_that_rq_reads_become_settings)
{
    enum cq_code code = read_module(
        "import os.path\nREDIS_HOST = 'h'\nREDIS_PORT = 7000\nREDIS_DB = '2'\nREDIS_PASSWORD = 'p#w'\n"
        "REDIS_SSL = True\nREDIS_SSL_CERT_REQS = 'none'\nQUEUES = ['high', 'lo,w']\nNAME = 'w'\n"
        "OTHER = 5\nREDIS_SSL_CA_CERTS = None\nprint('said on standard error')\n",
        nothing);
    ck_assert_msg(code == CQ_OK, "%s", err.text);
    ck_assert_str_eq(settings.host, "h");
    ck_assert_int_eq(settings.port, 7000);
    ck_assert_int_eq(settings.db, 2);
    ck_assert_str_eq(settings.password, "p#w");
    ck_assert(settings.tls);
    ck_assert_int_eq(settings.tls_cert_reqs, 0);
    ck_assert_ptr_null(settings.tls_ca_certs);
    ck_assert_uint_eq(settings.queues.len, 2);
    ck_assert_str_eq(settings.queues.items[1], "lo,w");
    ck_assert_str_eq(settings.name, "w");
    ck_assert_str_eq(settings.file, "conf");
    ck_assert_int_eq(cq_settings_source(&settings, "redis.host"), CQ_FROM_FILE);
    ck_assert_int_eq(cq_settings_source(&settings, "worker.queues"), CQ_FROM_FILE);
    ck_assert_int_eq(cq_settings_source(&settings, "redis.tls_ca_certs"), CQ_FROM_DEFAULT);
    remove_module();
}
END_TEST

/* Source: rq/cli/helpers.py get_redis_from_config: the URL alone; CliConfig.connection: -u and RQ_REDIS_URL
 * before the module. */
START_TEST(a_url_counts_alone_and_the_environment_only_by_rqs_own_variable)
{
    static const char *const env[] = {"REDIS_URL=redis://env:1/1", "REDIS_PASSWORD=secret", NULL};
    static const char *const own[] = {"RQ_REDIS_URL=redis://own:1/1", NULL};
    const char *text = "REDIS_URL = 'redis://m:2/2'\nREDIS_HOST = 'no'\nSENTINEL = {'INSTANCES': []}\n";
    struct cq_address address;
    ck_assert_msg(read_module(text, env) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(cq_settings_address(&settings, &address, &err), CQ_OK);
    ck_assert_str_eq(address.host, "m");
    ck_assert_ptr_null(address.password);
    cq_address_release(&address);
    remove_module();
    ck_assert_msg(read_module(text, own) == CQ_OK, "%s", err.text);
    ck_assert_int_eq(cq_settings_address(&settings, &address, &err), CQ_OK);
    ck_assert_str_eq(address.host, "own");
    cq_address_release(&address);
    remove_module();
}
END_TEST

START_TEST(what_only_a_worker_would_use_is_warned_of)
{
    ck_assert_msg(read_module("DICT_CONFIG = {'version': 1}\nSENTRY_DSN = 'https://x@y/1'\n", nothing) ==
                      CQ_OK,
                  "%s", err.text);
    ck_assert_uint_eq(settings.worker_warnings.len, 2);
    ck_assert_ptr_nonnull(strstr(settings.worker_warnings.items[0],
                                 "conf.DICT_CONFIG is not used: call logging.config.dictConfig"));
    ck_assert_ptr_nonnull(
        strstr(settings.worker_warnings.items[1], "conf.SENTRY_DSN is not used: call sentry_sdk.init"));
    ck_assert_uint_eq(settings.warnings.len, 0);
    remove_module();
}
END_TEST

static const struct {
    const char *text, *says;
} wrong[] = {
    {"raise RuntimeError('no\\nluck')\n", "python3 cannot import it: RuntimeError: no luck (/tmp/cq-conf-"},
    {"import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module' (/tmp/cq-conf-"},
    {"x = (\n", "SyntaxError: "},
    {"raise SystemExit('bye')\n", "SystemExit: bye"},
    {"import os\nos._exit(3)\n", "python3 ended with status 3 while it imported the module"},
    {"import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "python3 ended with signal 9"},
    {"REDIS_PORT = 1.5\n", "conf: REDIS_PORT is a float; write a str or an int"},
    {"REDIS_PORT = 65536\n", "conf.REDIS_PORT: `65536` is not a whole number between 1 and 65535"},
    {"REDIS_URL = 'nonsense'\n", "conf.REDIS_URL: "},
    {"NAME = 'a\\0b'\n", "conf: NAME holds a NUL"},
    {"QUEUES = 'high'\n", "conf: QUEUES is a str; write a list"},
    {"SENTINEL = {'INSTANCES': []}\n", "conf.SENTINEL: cq has no Sentinel"},
    {"REDIS_SSL_CA_DATA = 'x'\n", "conf.REDIS_SSL_CA_DATA: "},
    {"NAME = 'x' * 300000\n", "larger than 256 KiB"},
};

START_TEST(a_module_that_cannot_be_read_is_told_in_one_line)
{
    ck_assert_int_eq(read_module(wrong[_i].text, nothing), CQ_ERR_CONFIG);
    ck_assert_msg(strncmp(err.text, "conf", 4) == 0 && strstr(err.text, wrong[_i].says), "%s", err.text);
    remove_module();
}
END_TEST

START_TEST(an_interpreter_that_is_none_is_named)
{
    static const char *const variable[] = {"CQ_PYTHON=/no/python", NULL};
    make_module("");
    python.interpreter = "/no/such/python";
    ck_assert_int_eq(cq_settings_load(&settings, "conf", &python, lookup, (void *)nothing, &err),
                     CQ_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "cannot start /no/such/python: No such file"), "%s", err.text);
    python.interpreter = NULL;
    ck_assert_int_eq(cq_settings_load(&settings, "conf", &python, lookup, (void *)variable, &err),
                     CQ_ERR_CONFIG);
    ck_assert_msg(strstr(err.text, "cannot start /no/python"), "%s", err.text);
    remove_module();
}
END_TEST

START_TEST(a_file_goes_before_a_module_of_its_name)
{
    make_module("raise RuntimeError\n");
    char here[256];
    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert(cq_config_is_module("conf") && cq_config_is_module("my.settings"));
    ck_assert(!cq_config_is_module("conf.py") && !cq_config_is_module("no.ini") &&
              !cq_config_is_module("a/b") && !cq_config_is_module("a..b") && !cq_config_is_module(".a") &&
              !cq_config_is_module("a.") && !cq_config_is_module("1a"));
    snprintf(path, sizeof(path), "%s/conf", folder);
    write_file("[worker]\nname = file\n", 21, 0600);
    ck_assert_msg(cq_settings_load(&settings, "conf", &python, lookup, (void *)nothing, &err) == CQ_OK, "%s",
                  err.text);
    ck_assert_str_eq(settings.name, "file");
    unlink("conf.py");
    ck_assert_int_eq(chdir(here), 0);
    remove_module();
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, the_names_that_rq_reads_become_settings);
    tcase_add_test(tc, a_url_counts_alone_and_the_environment_only_by_rqs_own_variable);
    tcase_add_test(tc, what_only_a_worker_would_use_is_warned_of);
    tcase_add_loop_test(tc, a_module_that_cannot_be_read_is_told_in_one_line, 0, (int)CQ_ARRAY_LEN(wrong));
    tcase_add_test(tc, an_interpreter_that_is_none_is_named);
    tcase_add_test(tc, a_file_goes_before_a_module_of_its_name);
    return suite_of("python_module", tc);
}
