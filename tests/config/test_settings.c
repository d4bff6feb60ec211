/* Where settings come from, and which source goes before which. */
#include "tests/config/settings_scene.h"
#include "tests/support/suite.h"

static void address_is(const char *want)
{
    struct cq_address address;
    char text[160];
    ck_assert_msg(cq_settings_address(&settings, &address, &err) == CQ_OK, "%s", err.text);
    cq_address_display(&address, text, sizeof(text));
    snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s:%s",
             address.username ? address.username : "", address.password ? address.password : "");
    ck_assert_str_eq(text, want);
    cq_address_release(&address);
}

START_TEST(without_anything_the_defaults_hold)
{
    load_ok(NULL, nothing);
    ck_assert_int_eq(settings.results_ttl_s, 500);
    ck_assert_int_eq(settings.worker_ttl_s, 420);
    ck_assert_int_eq(settings.job_monitoring_interval_s, 30);
    ck_assert_int_eq(settings.maintenance_interval_s, 600);
    ck_assert_int_eq(settings.num_workers, 1);
    ck_assert_int_eq(settings.max_jobs_per_horse, 1000);
    ck_assert_int_eq(settings.max_rss_per_horse_kb, 262144);
    ck_assert_int_eq(settings.kill_grace_s, 5);
    ck_assert_int_eq(settings.dequeue_strategy, CQ_DEQUEUE_DEFAULT);
    ck_assert_int_eq(settings.job_output, CQ_OUTPUT_LOG);
    ck_assert_int_eq(settings.logging_level, CQ_LOG_INFO);
    ck_assert(settings.log_job_description && !settings.reuse_horses && !settings.requeue_abandoned);
    ck_assert_uint_eq(settings.queues.len, 1);
    ck_assert_str_eq(settings.queues.items[0], "default");
    ck_assert_str_eq(settings.path.items[0], ".");
    ck_assert_str_eq(settings.python, "python3");
    ck_assert(settings.auto_preload && settings.default_exception_handler);
    ck_assert_uint_eq(settings.preload.len + settings.exception_handlers.len + settings.allow.len, 0);
    ck_assert(!settings.serializer.path && !settings.serializer.restricted && !settings.job_class &&
              !settings.connection_class);
    ck_assert_ptr_null(settings.name);
    ck_assert_ptr_null(settings.file);
    address_is("redis://localhost:6379/0 :");
}
END_TEST

static const char full_file[] =
    "# comment\n[redis]\nhost = h\nport=7000\ndb: 2\nusername = ann\npassword = p#w \nconnect_timeout = "
    "0.5\ncommand_timeout = 90\n"
    "\n[worker]\n  queues = high, low\nname = w\nnum_workers = 8\nresults_ttl = -1\nworker_ttl = "
    "5m\njob_monitoring_interval = 10s\n"
    "maintenance_interval = 1h\ndequeue_strategy = Round_Robin\nreuse_horses = yes\nmax_jobs_per_horse = "
    "0\n"
    "max_rss_per_horse_kb = 1\nrequeue_abandoned = on\nkill_grace = 0\njob_output = "
    "discard\nlog_job_description = no\n"
    "logging_level = debug\nlog_format = json\nserializer = json ; a comment\npath = a, b/c\n"
    "python = /v/bin/python\npreload = app.tasks, numpy\nauto_preload = off\nexception_handlers = "
    "app.errors.report\n"
    "default_exception_handler = no\njob_class = app.jobs.Job\nconnection_class = app.Redis\nallow = "
    "app.tasks, z\n"
    "[programs]\nz.last = /bin/z --x='1 2'\na.first = /bin/a\n[runtime.ruby]\ncommand = ruby stable.rb\n"
    "functions = reports, mail.digest\n";

START_TEST(settings_of_redis_and_the_worker_are_read_from_the_file)
{
    load_ok(full_file, nothing);
    address_is("redis://h:7000/2 ann:p#w");
    ck_assert_int_eq(settings.connect_timeout_ms, 500);
    ck_assert_int_eq(settings.command_timeout_ms, 90000);
    ck_assert_uint_eq(settings.queues.len, 2);
    ck_assert_str_eq(settings.queues.items[1], "low");
    ck_assert_str_eq(settings.name, "w");
    ck_assert_int_eq(settings.num_workers, 8);
    ck_assert_int_eq(settings.results_ttl_s, -1);
    ck_assert_int_eq(settings.worker_ttl_s, 300);
    ck_assert_int_eq(settings.job_monitoring_interval_s, 10);
    ck_assert_int_eq(settings.maintenance_interval_s, 3600);
    ck_assert_int_eq(settings.dequeue_strategy, CQ_DEQUEUE_ROUND_ROBIN);
    ck_assert(settings.reuse_horses && settings.requeue_abandoned && !settings.log_job_description);
    ck_assert_int_eq(settings.max_jobs_per_horse, 0);
    ck_assert_int_eq(settings.max_rss_per_horse_kb, 1);
    ck_assert_int_eq(settings.kill_grace_s, 0);
    ck_assert_int_eq(settings.job_output, CQ_OUTPUT_DISCARD);
    ck_assert_int_eq(settings.logging_level, CQ_LOG_DEBUG);
    ck_assert_int_eq(settings.log_format, CQ_LOG_JSON);
    ck_assert(settings.serializer.restricted && settings.serializer.format == CQ_FORMAT_JSON);
    ck_assert_int_eq(cq_settings_source(&settings, "worker.serializer"), CQ_FROM_FILE);
}
END_TEST

START_TEST(what_runs_functions_is_read_from_the_file)
{
    load_ok(full_file, nothing);
    ck_assert_str_eq(settings.path.items[1], "b/c");
    ck_assert_str_eq(settings.python, "/v/bin/python");
    ck_assert_uint_eq(settings.preload.len, 2);
    ck_assert_str_eq(settings.preload.items[1], "numpy");
    ck_assert(!settings.auto_preload && !settings.default_exception_handler);
    ck_assert_uint_eq(settings.exception_handlers.len, 1);
    ck_assert_str_eq(settings.exception_handlers.items[0], "app.errors.report");
    ck_assert_str_eq(settings.job_class, "app.jobs.Job");
    ck_assert_str_eq(settings.connection_class, "app.Redis");
    ck_assert_uint_eq(settings.allow.len, 2);
    ck_assert_str_eq(settings.allow.items[0], "app.tasks");
    ck_assert_uint_eq(settings.program_count, 2);
    ck_assert_str_eq(settings.programs[0].name, "z.last");
    ck_assert_str_eq(settings.programs[0].command, "/bin/z --x='1 2'");
    ck_assert_str_eq(settings.programs[1].name, "a.first");
    ck_assert_uint_eq(settings.runtime_count, 1);
    ck_assert_str_eq(settings.runtimes[0].name, "ruby");
    ck_assert_str_eq(settings.runtimes[0].command, "ruby stable.rb");
    ck_assert_uint_eq(settings.runtimes[0].functions.len, 2);
    ck_assert_str_eq(settings.runtimes[0].functions.items[1], "mail.digest");
    ck_assert_str_eq(settings.file, path);
    ck_assert_uint_eq(settings.warnings.len, 0);
}
END_TEST

START_TEST(the_command_line_goes_before_the_environment_and_that_before_the_file)
{
    static const char *const env[] = {"CQ_WORKER_TTL=200", "CQ_RESULTS_TTL=201", "CQ_NAME=", NULL};
    load_ok("[worker]\nworker_ttl = 100\nresults_ttl = 101\nkill_grace = 7\nname = file\n", env);
    ck_assert_int_eq(cq_settings_set(&settings, "worker.results_ttl", "301", "--results-ttl", &err), CQ_OK);
    static const char *const queues[] = {"a,b", "c"};
    cq_settings_set_list(&settings, "worker.queues", queues, 2);
    ck_assert_int_eq(settings.kill_grace_s, 7);
    ck_assert_int_eq(settings.worker_ttl_s, 200);
    ck_assert_int_eq(settings.results_ttl_s, 301);
    ck_assert_str_eq(settings.name, "file"); /* an empty variable counts as none */
    ck_assert_str_eq(settings.queues.items[0], "a,b");
    ck_assert_int_eq(cq_settings_source(&settings, "worker.results_ttl"), CQ_FROM_COMMAND_LINE);
    ck_assert_int_eq(cq_settings_source(&settings, "worker.worker_ttl"), CQ_FROM_ENVIRONMENT);
    ck_assert_int_eq(cq_settings_source(&settings, "worker.kill_grace"), CQ_FROM_FILE);
    ck_assert_int_eq(cq_settings_source(&settings, "worker.num_workers"), CQ_FROM_DEFAULT);
}
END_TEST

static const struct {
    const char *file;
    const char *env[4];
    const char *url; /* of the command line */
    const char *address;
} places[] = {
    {NULL, {"REDIS_HOST=h", "REDIS_PORT=7", "REDIS_DB=3", "REDIS_PASSWORD=pw"}, NULL, "redis://h:7/3 :pw"},
    {NULL, {"REDIS_URL=redis://u:1/1"}, NULL, "redis://u:1/1 :"},
    {NULL, {"REDIS_URL=redis://u:1/1", "RQ_REDIS_URL=redis://r:2/2"}, NULL, "redis://r:2/2 :"},
    {NULL, {"REDIS_URL=redis://u:1/1", "REDIS_HOST=h", "REDIS_PORT=7"}, NULL, "redis://u:1/1 :"},
    {NULL, {"REDIS_URL=redis://u:1/1", "REDIS_PASSWORD=pw"}, "redis://c:3/3", "redis://c:3/3 :"},
    {NULL, {"REDIS_PORT=tcp://10.0.0.1:6379"}, NULL, "redis://localhost:6379/0 :"},
    {NULL, {"REDIS_SSL=True", "REDIS_HOST=h"}, NULL, "rediss://h:6379/0 :"},
    {NULL, {"REDIS_URL=", "REDIS_HOST=h"}, NULL, "redis://h:6379/0 :"},
    {"[redis]\nurl = redis://f:9/9\n", {NULL}, NULL, "redis://f:9/9 :"},
    {"[redis]\nurl = redis://f:9/9\n", {"REDIS_PASSWORD=pw", "REDIS_DB=4"}, NULL, "redis://f:9/4 :pw"},
    {"[redis]\nurl = redis://:fp@f:9/9\n", {"REDIS_HOST=h"}, NULL, "redis://h:6379/0 :"},
    {"[redis]\nhost = f\nport = 9\npassword = fp\n", {"REDIS_URL=redis://u:1/1"}, NULL, "redis://u:1/1 :"},
    {"[redis]\nhost = f\nport = 9\npassword = fp\n", {"REDIS_HOST=h"}, NULL, "redis://h:9/0 :fp"},
    {"[redis]\nsocket = /s\ndb = 2\n", {NULL}, NULL, "unix:///s?db=2 :"},
    {"[redis]\nsocket = /s\n", {"REDIS_HOST=h"}, NULL, "redis://h:6379/0 :"},
    {"[redis]\nhost = f\n", {NULL}, "unix:///c", "unix:///c :"},
};

START_TEST(where_redis_is_follows_from_the_heaviest_source)
{
    load_ok(places[_i].file, places[_i].env);
    if (places[_i].url)
        ck_assert_int_eq(cq_settings_set(&settings, "redis.url", places[_i].url, "--url", &err), CQ_OK);
    address_is(places[_i].address);
}
END_TEST

/* What TLS takes of each place: authorities, certificate, key, and whether the server's certificate is looked
 * at. */
static const struct {
    const char *file;
    const char *env[4];
    const char *url;
    const char *tls;
} tls_places[] = {
    {"[redis]\nurl = rediss://h\ntls_ca_certs = /f\n", {NULL}, NULL, "/f - - checked"},
    {"[redis]\ntls_ca_certs = /f\n", {"REDIS_URL=rediss://h"}, NULL, "/f - - checked"},
    {"[redis]\ntls_ca_certs = /f\n", {"REDIS_URL=rediss://h?ssl_ca_certs=/u"}, NULL, "/u - - checked"},
    {"[redis]\nurl = rediss://h?ssl_ca_certs=/u\n", {"REDIS_SSL_CA_CERTS=/e"}, NULL, "/e - - checked"},
    {NULL, {"REDIS_SSL_CA_CERTS=/e"}, "rediss://h", "/e - - checked"},
    {NULL, {"REDIS_SSL_CERTFILE=/c", "REDIS_SSL_KEYFILE=/k"}, "rediss://h", "- /c /k checked"},
    {NULL,
     {"REDIS_SSL_CERTFILE=/c", "REDIS_SSL_KEYFILE=/k"},
     "rediss://h?ssl_certfile=/uc&ssl_keyfile=/uk",
     "- /uc /uk checked"},
    {"[redis]\nurl = rediss://h\ntls_cert_reqs = none\n", {NULL}, NULL, "- - - any"},
    {NULL, {"REDIS_SSL_CERT_REQS=none"}, "rediss://h?ssl_cert_reqs=required", "- - - checked"},
    {NULL, {NULL}, "rediss://h?ssl_cert_reqs=none", "- - - any"},
};

START_TEST(a_url_leaves_the_files_of_tls_to_the_other_settings)
{
    struct cq_address address;
    char text[64];
    load_ok(tls_places[_i].file, tls_places[_i].env);
    if (tls_places[_i].url)
        ck_assert_int_eq(cq_settings_set(&settings, "redis.url", tls_places[_i].url, "--url", &err), CQ_OK);
    ck_assert_int_eq(cq_settings_address(&settings, &address, &err), CQ_OK);
    snprintf(text, sizeof(text), "%s %s %s %s", address.tls_ca_file ? address.tls_ca_file : "-",
             address.tls_cert_file ? address.tls_cert_file : "-",
             address.tls_key_file ? address.tls_key_file : "-", address.tls_no_verify ? "any" : "checked");
    ck_assert_str_eq(text, tls_places[_i].tls);
    cq_address_release(&address);
}
END_TEST

START_TEST(timeouts_go_into_the_address)
{
    static const char *const env[] = {"REDIS_URL=redis://h?socket_timeout=7", NULL};
    struct cq_address address;
    load_ok("[redis]\nconnect_timeout = 2\ncommand_timeout = 3\n", env);
    ck_assert_int_eq(cq_settings_address(&settings, &address, &err), CQ_OK);
    ck_assert_int_eq(address.connect_timeout_ms, 2000);
    ck_assert_int_eq(address.command_timeout_ms, 7000);
    cq_address_release(&address);
}
END_TEST

START_TEST(a_wrong_variable_or_option_is_told_by_its_name)
{
    static const char *const port[] = {"REDIS_PORT=x", NULL}, *const url[] = {"REDIS_URL=SECRET", NULL};
    ck_assert_int_eq(load(NULL, port), CQ_ERR_CONFIG);
    ck_assert_ptr_eq(strstr(err.text, "REDIS_PORT: `x`"), err.text);
    ck_assert_int_eq(load(NULL, url), CQ_ERR_CONFIG);
    ck_assert_ptr_eq(strstr(err.text, "REDIS_URL: "), err.text);
    ck_assert_ptr_null(strstr(err.text, "SECRET"));
    ck_assert_int_eq(cq_settings_set(&settings, "worker.num_workers", "many", "-n", &err), CQ_ERR_CONFIG);
    ck_assert_ptr_eq(strstr(err.text, "-n: `many`"), err.text);
    ck_assert_int_eq(settings.num_workers, 1);
}
END_TEST

START_TEST(the_file_may_be_named_by_the_environment)
{
    char cq[96], rq[] = "RQ_CONFIG=python_settings";
    write_file("[worker]\nname = w\n", 18, 0600);
    snprintf(cq, sizeof(cq), "CQ_CONFIG=%s", path);
    const char *both[] = {rq, cq, NULL}, *python[] = {rq, "CQ_PYTHON=none", NULL};
    ck_assert_msg(cq_settings_load(&settings, NULL, NULL, lookup, both, &err) == CQ_OK, "%s", err.text);
    ck_assert_str_eq(settings.name, "w");
    ck_assert_int_eq(cq_settings_load(&settings, NULL, NULL, lookup, python, &err), CQ_ERR_CONFIG);
    ck_assert_ptr_eq(
        strstr(err.text, "RQ_CONFIG: python_settings: there is no such ini file, and without Python"),
        err.text);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    ck_assert_int_eq(cq_settings_load(&settings, "/no/settings.py", NULL, lookup, (void *)nothing, &err),
                     CQ_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "without .py"));
    ck_assert_int_eq(cq_settings_load(&settings, "/no/cq.ini", NULL, lookup, (void *)nothing, &err),
                     CQ_ERR_CONFIG);
    ck_assert_ptr_eq(strstr(err.text, "/no/cq.ini: cannot read the configuration: No such file"), err.text);
    ck_assert_int_eq(cq_settings_load(&settings, folder, NULL, lookup, (void *)nothing, &err), CQ_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "directory"));
}
END_TEST

START_TEST(a_password_that_others_may_read_is_warned_of)
{
    static const char *const texts[] = {"[redis]\npassword = hush\n", "[redis]\nurl = redis://:hush@h\n",
                                        "[redis]\nurl = redis://h\n"};
    for (size_t i = 0; i < 3; i++) {
        cq_settings_release(&settings);
        cq_settings_init(&settings);
        write_file(texts[i], strlen(texts[i]), 0644);
        ck_assert_int_eq(cq_settings_load(&settings, path, NULL, lookup, (void *)nothing, &err), CQ_OK);
        ck_assert_uint_eq(settings.warnings.len, i < 2 ? 1 : 0);
        if (i < 2)
            ck_assert_ptr_nonnull(strstr(settings.warnings.items[0], "chmod 600"));
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, without_anything_the_defaults_hold);
    tcase_add_test(tc, settings_of_redis_and_the_worker_are_read_from_the_file);
    tcase_add_test(tc, what_runs_functions_is_read_from_the_file);
    tcase_add_test(tc, the_command_line_goes_before_the_environment_and_that_before_the_file);
    tcase_add_loop_test(tc, where_redis_is_follows_from_the_heaviest_source, 0, (int)CQ_ARRAY_LEN(places));
    tcase_add_loop_test(tc, a_url_leaves_the_files_of_tls_to_the_other_settings, 0,
                        (int)CQ_ARRAY_LEN(tls_places));
    tcase_add_test(tc, timeouts_go_into_the_address);
    tcase_add_test(tc, a_wrong_variable_or_option_is_told_by_its_name);
    tcase_add_test(tc, the_file_may_be_named_by_the_environment);
    tcase_add_test(tc, a_file_that_cannot_be_read_is_named);
    tcase_add_test(tc, a_password_that_others_may_read_is_warned_of);
    return suite_of("settings", tc);
}
