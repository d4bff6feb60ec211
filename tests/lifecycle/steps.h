/*
 * Steps of a job's life for the tests of lifecycle/, against one private Redis: each builds the call, sends it and reads
 * the reply. Everything happens at NOW unless a test says otherwise.
 */
#ifndef CQ_TESTS_LIFECYCLE_STEPS_H
#define CQ_TESTS_LIFECYCLE_STEPS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "job/job.h"
#include "job/keys.h"
#include "lifecycle/enqueue.h"
#include "lifecycle/fetch.h"
#include "lifecycle/finish.h"
#include "lifecycle/maintain.h"
#include "lifecycle/manage.h"
#include "lifecycle/worker.h"
#include "tests/support/redis_server.h"

#define NOW ((cq_time)1795212711 * CQ_SECOND + 123)
#define NOW_ISO "2026-11-20T22:11:51.000123Z"
#define NOW_S 1795212711

/* 32 hex digits each, as RQ's */
#define RUN_1 "11111111111111111111111111111111"
#define RUN_2 "22222222222222222222222222222222"
#define RUN_3 "33333333333333333333333333333333"

static struct redis_server *server;
static struct cq_reply *held; /* what the last step's result points into */
static struct cq_command call;

#define TEXT(...) redis_server_text(server, __VA_ARGS__, NULL)
#define INT(...) redis_server_int(server, __VA_ARGS__, NULL)
#define RUN(...) cq_reply_free(redis_server_run(server, __VA_ARGS__, NULL))
#define assert_text(expected, ...)                                                                                              \
    do {                                                                                                                        \
        struct cq_str assert_text_ = TEXT(__VA_ARGS__);                                                                         \
        ck_assert_msg(cq_str_is(assert_text_, expected), "%s is \"%.*s\", not \"%s\"", #__VA_ARGS__, (int)assert_text_.len,      \
                      assert_text_.data ? assert_text_.data : "(nil)", expected);                                               \
    } while (0)
#define assert_missing(...) ck_assert_ptr_null(TEXT(__VA_ARGS__).data)

/* Send `call`; error replies come back as replies. */
static struct cq_reply *send_call(void)
{
    struct cq_error err = {0};
    struct cq_reply *reply = NULL;
    ck_assert_msg(cq_connection_send(redis_server_connection(server), &call, &err) == CQ_OK, "%s", err.text);
    ck_assert_msg(cq_connection_receive(redis_server_connection(server), &reply, &err) == CQ_OK, "%s", err.text);
    return reply;
}

static void load_scripts(void)
{
    struct cq_error err = {0};
    for (int script = 0; script < CQ_SCRIPT_COUNT; script++)
        ck_assert_msg(cq_connection_load(redis_server_connection(server), (enum cq_script)script, &err) == CQ_OK, "%s: %s",
                      cq_scripts[script].name, err.text);
}

/* Send `call` and keep its reply until the next step. */
static const struct cq_reply *step(void)
{
    cq_reply_free(held);
    held = send_call();
    return held;
}

static CQ_UNUSED struct cq_job new_job(const char *id, const char *queue)
{
    struct cq_job job;
    cq_job_init(&job);
    job.id = cq_str(id);
    job.origin = cq_str(queue);
    job.data = CQ_STR_LIT("data");
    job.description = CQ_STR_LIT("mod.func()");
    job.created_at = NOW;
    job.timeout_s = 180;
    return job;
}

/* Each at a microsecond of its own: the same id at the same time would be the same call, sent again. */
static CQ_UNUSED void enqueue(const struct cq_job *job)
{
    static cq_time tick;
    struct cq_enqueue enqueue = {.job = job, .now = NOW + tick++};
    struct cq_error err = {0};
    cq_enqueue_build(&enqueue, &call);
    ck_assert_msg(cq_enqueue_read(step(), NULL, &err) == CQ_OK, "%s", err.text);
}

static CQ_UNUSED void enqueue_plain(const char *id)
{
    struct cq_job job = new_job(id, "default");
    enqueue(&job);
}

static const struct cq_str default_queue[] = {{"default", 7}};
static CQ_UNUSED const char worker_key[] = "rq:worker:w1";

static CQ_UNUSED struct cq_worker_identity identity(void)
{
    return (struct cq_worker_identity){.name = CQ_STR_LIT("w1"),
                                       .queues = default_queue,
                                       .queue_count = 1,
                                       .pid = 4711,
                                       .hostname = "host",
                                       .ip_address = "127.0.0.1:1",
                                       .version = "0.1.0",
                                       .python_version = "native",
                                       .worker_ttl_s = 420};
}

static CQ_UNUSED enum cq_code birth(cq_time when, bool reborn)
{
    struct cq_worker_identity id = identity();
    cq_worker_birth_build(&id, when, NOW, reborn, &call);
    return cq_worker_birth_read(step(), NULL);
}

static CQ_UNUSED struct cq_fetch fetch_of(const char *execution)
{
    return (struct cq_fetch){.queues = default_queue,
                             .queue_count = 1,
                             .worker = CQ_STR_LIT("w1"),
                             .execution_id = cq_str(execution),
                             .now = NOW,
                             .monitoring_interval_s = 30};
}

static CQ_UNUSED enum cq_fetch_outcome fetch_with(const struct cq_fetch *fetch, struct cq_started *started)
{
    enum cq_fetch_outcome outcome = CQ_FETCH_EMPTY;
    struct cq_error err = {0};
    cq_fetch_build(fetch, &call);
    ck_assert_msg(cq_fetch_read(step(), &outcome, started, &err) == CQ_OK, "%s", err.text);
    return outcome;
}

/* The next job must be this one. */
static CQ_UNUSED void start(const char *id, const char *execution)
{
    struct cq_fetch fetch = fetch_of(execution);
    struct cq_started started = {0};
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_msg(cq_str_is(started.job_id, id), "started %.*s, not %s", (int)started.job_id.len, started.job_id.data, id);
}

/* A worker of the name w1, and a job that it runs as RUN_1. */
static CQ_UNUSED void enqueue_and_start(const struct cq_job *job)
{
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    enqueue(job);
    struct cq_fetch fetch = fetch_of(RUN_1);
    fetch.queues = &job->origin;
    struct cq_started started = {0};
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
}

static CQ_UNUSED struct cq_finish finish_of(const char *id, enum cq_outcome outcome)
{
    return (struct cq_finish){.outcome = outcome,
                              .job_id = cq_str(id),
                              .queue = default_queue[0],
                              .execution_id = CQ_STR_LIT(RUN_1),
                              .worker = CQ_STR_LIT("w1"),
                              .started_at = NOW,
                              .ended_at = NOW + 1500000,
                              .default_result_ttl_s = 500,
                              .exc_text = CQ_STR_LIT("Traceback: boom"),
                              .worker_ttl_s = 420};
}

static CQ_UNUSED struct cq_finished finish_with(const struct cq_finish *finish)
{
    struct cq_finished finished;
    struct cq_error err = {0};
    ck_assert_msg(cq_finish_build(finish, &call, &err) == CQ_OK, "%s", err.text);
    ck_assert_msg(cq_finish_read(step(), &finished, &err) == CQ_OK, "%s", err.text);
    return finished;
}

static CQ_UNUSED enum cq_finish_fate finish(const char *id, enum cq_outcome outcome)
{
    struct cq_finish finish = finish_of(id, outcome);
    return finish_with(&finish).fate;
}

/* In how many places of one queue a job is: its list, its intermediate list, rq:wip, the other registries. */
static CQ_UNUSED int job_places_in(const char *id, const char *queue)
{
    static const char *const registries[] = {"finished", "failed", "deferred", "scheduled", "canceled"};
    int places = 0;
    struct cq_key lists[] = {cq_key_queue(cq_str(queue)), cq_key_intermediate(cq_str(queue))};
    for (size_t i = 0; i < CQ_ARRAY_LEN(lists); i++) {
        struct cq_reply *found = redis_server_run(server, "LPOS", lists[i].text, id, "COUNT", "0", NULL);
        places += (int)cq_reply_len(found);
        cq_reply_free(found);
    }
    for (size_t i = 0; i < CQ_ARRAY_LEN(registries); i++)
        places += TEXT("ZSCORE", cq_key_registry(registries[i], cq_str(queue)).text, id).data != NULL;
    struct cq_reply *members = redis_server_run(server, "ZRANGE", cq_key_registry("wip", cq_str(queue)).text, "0", "-1", NULL);
    for (size_t i = 0; i < cq_reply_len(members); i++) {
        struct cq_str job, execution;
        cq_execution_split(cq_reply_str(cq_reply_at(members, i)), &job, &execution);
        places += cq_str_is(job, id);
    }
    cq_reply_free(members);
    return places;
}

static CQ_UNUSED int job_places(const char *id)
{
    return job_places_in(id, "default");
}

/*
 * Send `call` over a connection that is cut: before it is complete (the server never sees a command), or after the script
 * ran (the answer is thrown away).
 */
static CQ_UNUSED void cut_call(bool after)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", server->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    struct cq_str wire = cq_command_wire(&call);
    size_t len = after ? wire.len : wire.len - 3;
    ck_assert_int_eq(write(fd, wire.data, len), (ssize_t)len);
    shutdown(fd, SHUT_WR);
    char answer[4096];
    while (read(fd, answer, sizeof(answer)) > 0) /* until the server is done with us */
        ;
    close(fd);
}

/* Each test starts with an empty Redis that knows the scripts. */
static void fresh(void)
{
    cq_command_init(&call);
    redis_server_flush(server);
    load_scripts();
}

static void done(void)
{
    cq_reply_free(held);
    held = NULL;
    cq_command_release(&call);
}

static int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    server = redis_server_start(NULL);
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, fresh, done);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    redis_server_stop(server);
    return failed;
}

#endif
