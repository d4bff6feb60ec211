#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/id.h"
#include "job/job.h"
#include "job/keys.h"
#include "tests/support/case_redis.h"
#include "tests/support/suite.h"

#define WHEN ((cq_time)1795212711 * CQ_SECOND + 123)

/* A field of the hash rq:job:j1; "(none)" when it is not there. */
static const char *field(const char *name)
{
    struct cq_str text = redis_server_text(server, "HGET", "rq:job:j1", name, NULL);
    static char copy[64];
    snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.data ? text.data : "(none)");
    return text.data ? copy : "(none)";
}

/* Save a job's fields as a hash. Returns how many arguments cq_job_write says it added. */
static int save(const struct cq_job *job)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    struct cq_error err = {0};
    cq_command_init(&command);
    redis_server_flush(server);
    cq_command_texts(&command, "HSET", "rq:job:j1", NULL);
    int before = command.argc, added = cq_job_write(job, &command);
    ck_assert_int_eq(command.argc - before, added);
    ck_assert_msg(cq_connection_call(redis_server_connection(server), &command, &reply, &err) == CQ_OK, "%s",
                  err.text);
    cq_reply_free(reply);
    cq_command_release(&command);
    return added;
}

START_TEST(what_is_set_is_written_in_rq_s_words)
{
    static const char *const expected[][2] = {
        {"origin", "default"},
        {"description", "f(1)"},
        {"created_at", "2026-11-20T22:11:51.000123Z"},
        {"started_at", ""},
        {"ended_at", ""},
        {"last_heartbeat", ""},
        {"worker_name", ""},
        {"timeout", "-1"},
        {"result_ttl", "0"},
        {"failure_ttl", "60"},
        {"ttl", "70"},
        {"meta", "meta"},
        {"group_id", "g"},
        {"retries_left", "0"},
        {"retry_intervals", "[1, 2]"},
        {"enqueue_at_front_on_retry", "1"},
        {"enqueue_at_front", "0"},
        {"dependency_ids", "[\"a\", \"b\"]"},
        {"dependency_id", "a"},
        {"success_callback_name", "mod.ok"},
        {"success_callback_timeout", "9"},
        {"failure_callback_name", ""},
        {"failure_callback_timeout", "(none)"},
        {"repeats_left", "(none)"},
        {"webhooks", "(none)"},
        {"status", "(none)"},
    };
    struct cq_job job;
    cq_job_init(&job);
    job.data = cq_str_n("x\0y", 3);
    job.origin = CQ_STR_LIT("default");
    job.description = CQ_STR_LIT("f(1)");
    job.created_at = WHEN;
    job.timeout_s = CQ_TTL_FOREVER;
    job.result_ttl_s = 0;
    job.failure_ttl_s = 60;
    job.ttl_s = 70;
    job.meta = CQ_STR_LIT("meta");
    job.group_id = CQ_STR_LIT("g");
    job.retries_left = 0;
    job.retry_intervals = CQ_STR_LIT("[1, 2]");
    job.enqueue_at_front_on_retry = true;
    job.has_enqueue_at_front = true;
    job.dependency_ids = CQ_STR_LIT("[\"a\", \"b\"]");
    job.success_callback_name = CQ_STR_LIT("mod.ok");
    job.success_callback_timeout_s = 9;
    save(&job);
    for (size_t i = 0; i < CQ_ARRAY_LEN(expected); i++)
        ck_assert_msg(strcmp(field(expected[i][0]), expected[i][1]) == 0, "%s: %s", expected[i][0],
                      field(expected[i][0]));
    struct cq_str data = redis_server_text(server, "HGET", "rq:job:j1", "data", NULL);
    ck_assert(cq_str_eq(data, job.data));
}
END_TEST

START_TEST(a_bare_job_has_rq_s_ten_fields_that_are_always_there)
{
    struct cq_job job;
    cq_job_init(&job);
    job.data = CQ_STR_LIT("x");
    ck_assert_int_eq(save(&job), 20);
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:job:j1", "group_id", NULL), ""));
    ck_assert(cq_str_is(redis_server_text(server, "HGET", "rq:job:j1", "started_at", NULL), ""));
}
END_TEST

START_TEST(statuses_are_rq_s_words)
{
    for (int status = CQ_JOB_CREATED; status <= CQ_JOB_READY_TO_ENQUEUE; status++)
        ck_assert_int_eq(cq_job_status_parse(cq_str(cq_job_status_name((enum cq_job_status)status))), status);
    ck_assert_int_eq(cq_job_status_parse(CQ_STR_LIT("unknown")), CQ_JOB_UNKNOWN);
    ck_assert_int_eq(cq_job_status_parse(CQ_STR_NONE), CQ_JOB_UNKNOWN);
}
END_TEST

START_TEST(ids_are_checked_as_rq_does)
{
    char longest[CQ_NAME_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    ck_assert(cq_job_id_valid(CQ_STR_LIT("Az09_-")));
    ck_assert(cq_job_id_valid(cq_str_n(longest, CQ_NAME_MAX)));
    ck_assert(!cq_job_id_valid(cq_str_n(longest, CQ_NAME_MAX + 1)));
    const char *const refused[] = {"", "a:b", "a b", "\xc3\xa4", "a\n", "a.b"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(refused); i++)
        ck_assert(!cq_job_id_valid(cq_str(refused[i])));
    ck_assert(!cq_job_id_valid(cq_str_n("a\0b", 3)));
}
END_TEST

START_TEST(generated_ids_are_uuids_of_version_4)
{
    char id[CQ_UUID_SIZE], other[CQ_UUID_SIZE], execution[CQ_EXECUTION_ID_SIZE];
    cq_job_id_generate(id);
    cq_job_id_generate(other);
    cq_execution_id_generate(execution);
    ck_assert_str_ne(id, other);
    ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 36);
    ck_assert(id[8] == '-' && id[13] == '-' && id[14] == '4' && id[18] == '-' && id[23] == '-');
    ck_assert_uint_eq(strspn(execution, "0123456789abcdef"), 32);
    ck_assert_uint_eq(strlen(execution), 32);
    ck_assert_int_eq(execution[12], '4');
}
END_TEST

START_TEST(members_of_wip_are_split_at_the_last_colon)
{
    struct cq_str job, execution;
    cq_execution_split(CQ_STR_LIT("site::j1:e1"), &job, &execution);
    ck_assert(cq_str_is(job, "site::j1") && cq_str_is(execution, "e1"));
    cq_execution_split(CQ_STR_LIT("j1"), &job, &execution);
    ck_assert(cq_str_is(job, "j1") && !execution.data);
    cq_execution_split(CQ_STR_LIT("j1:"), &job, &execution);
    ck_assert(cq_str_is(job, "j1") && execution.data && !execution.len);
    cq_execution_split(CQ_STR_LIT(""), &job, &execution);
    ck_assert(!job.len && !execution.data);
}
END_TEST

START_TEST(keys_are_rq_s)
{
    const struct cq_str name = CQ_STR_LIT("a: b");
    ck_assert_str_eq(cq_key_queue(name).text, "rq:queue:a: b");
    ck_assert_str_eq(cq_key_intermediate(name).text, "rq:queue:a: b:intermediate");
    ck_assert_str_eq(cq_key_job(name).text, "rq:job:a: b");
    ck_assert_str_eq(cq_key_dependencies(name).text, "rq:job::a: b:dependencies");
    ck_assert_str_eq(cq_key_results(name).text, "rq:results:a: b");
    ck_assert_str_eq(cq_key_registry("wip", name).text, "rq:wip:a: b");
    ck_assert_str_eq(cq_key_worker(name).text, "rq:worker:a: b");
    ck_assert_str_eq(cq_key_worker_executions(name).text, "rq:worker:a: b:executions");
    ck_assert_str_eq(cq_key_queue_workers(name).text, "rq:workers:a: b");
    ck_assert_str_eq(cq_key_pubsub(name).text, "rq:pubsub:a: b");
    ck_assert_str_eq(cq_key_clean_lock(name).text, "rq:clean_registries:a: b");
    ck_assert_str_eq(cq_key_cron_history(name).text, "rq:cron_job:a: b:jobs");
    ck_assert_str_eq(cq_key_rate_limited(name).text, "rq:rl:a: b:rate_limited");
    ck_assert_str_eq(cq_key_queues().text, "rq:queues");
    ck_assert_uint_eq(cq_key_queues().len, strlen("rq:queues"));
    char longest[CQ_NAME_MAX];
    memset(longest, 'a', sizeof(longest));
    ck_assert_uint_eq(cq_key_intermediate(cq_str_n(longest, sizeof(longest))).len,
                      strlen("rq:queue::intermediate") + CQ_NAME_MAX);
}
END_TEST

START_TEST(cq_s_own_keys_are_below_rq_s_prefix)
{
    const struct cq_str name = CQ_STR_LIT("a: b");
    ck_assert_str_eq(cq_key_paused().text, "rq:cq:paused");
    ck_assert_str_eq(cq_key_limits().text, "rq:cq:limits");
    ck_assert_str_eq(cq_key_output(name).text, "rq:cq:output:a: b");
    ck_assert_str_eq(cq_key_given_back(name).text, "rq:cq:given_back:a: b");
    ck_assert_str_eq(cq_key_sweep(name).text, "rq:cq:sweep:a: b");
    ck_assert_str_eq(cq_key_sweep_gone(name).text, "rq:cq:sweep_gone:a: b");
    ck_assert_str_eq(cq_key_cron_tick(name).text, "rq:cq:cron:tick:a: b");
    ck_assert_str_eq(cq_key_cron_paused().text, "rq:cq:cron:paused");
}
END_TEST

START_TEST(names_are_read_out_of_keys_of_their_kind_only)
{
    char longest[sizeof("rq:queue:") + CQ_NAME_MAX] = "rq:queue:";
    size_t before = strlen(longest);
    memset(longest + before, 'q', CQ_NAME_MAX + 1);
    ck_assert(cq_str_is(cq_key_queue_name(CQ_STR_LIT("rq:queue:a: b")), "a: b"));
    ck_assert(cq_str_is(cq_key_worker_name(CQ_STR_LIT("rq:worker:rq:worker:")), "rq:worker:"));
    ck_assert_uint_eq(cq_key_queue_name(cq_str_n(longest, before + CQ_NAME_MAX)).len, CQ_NAME_MAX);
    ck_assert_ptr_null(cq_key_queue_name(cq_str_n(longest, before + CQ_NAME_MAX + 1)).data);
    const struct cq_str others[] = {CQ_STR_NONE,
                                    CQ_STR_LIT(""),
                                    CQ_STR_LIT("rq:que"),
                                    CQ_STR_LIT("rq:queue:"),
                                    CQ_STR_LIT("rq:worker:a"),
                                    CQ_STR_LIT("qr:queue:a"),
                                    CQ_STR_LIT("rq:cq:queue:a"),
                                    CQ_STR_LIT("rq:queue:a\0b")};
    for (size_t i = 0; i < CQ_ARRAY_LEN(others); i++)
        ck_assert_msg(!cq_key_queue_name(others[i]).data, "case %zu", i);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("all");
    with_redis(tc);
    tcase_add_test(tc, what_is_set_is_written_in_rq_s_words);
    tcase_add_test(tc, a_bare_job_has_rq_s_ten_fields_that_are_always_there);
    tcase_add_test(tc, statuses_are_rq_s_words);
    tcase_add_test(tc, ids_are_checked_as_rq_does);
    tcase_add_test(tc, generated_ids_are_uuids_of_version_4);
    tcase_add_test(tc, members_of_wip_are_split_at_the_last_colon);
    tcase_add_test(tc, keys_are_rq_s);
    tcase_add_test(tc, cq_s_own_keys_are_below_rq_s_prefix);
    tcase_add_test(tc, names_are_read_out_of_keys_of_their_kind_only);
    return suite_of("job", tc);
}
