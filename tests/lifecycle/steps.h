/* Steps of a job's life for the tests of lifecycle/: each builds the call, sends it and reads the reply. */
#ifndef CQ_TESTS_LIFECYCLE_STEPS_H
#define CQ_TESTS_LIFECYCLE_STEPS_H

#include "lifecycle/enqueue.h"
#include "lifecycle/finish.h"
#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/identity.h"
#include "tests/lifecycle/places.h"

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

static CQ_UNUSED enum cq_job_status enqueue_status(const struct cq_reply *reply)
{
    struct cq_str word = cq_reply_str(cq_reply_type(reply) == CQ_REPLY_ARRAY ? cq_reply_at(reply, 0) : reply);
    bool registering = cq_str_is(word, "registering");
    return registering ? CQ_JOB_DEFERRED : word.len ? cq_job_status_parse(word) : CQ_JOB_QUEUED;
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
                             .monitoring_interval_s = 30,
                             .worker_ttl_s = 420};
}

static CQ_UNUSED enum cq_fetch_verdict fetch_with(const struct cq_fetch *fetch, struct cq_started *started)
{
    enum cq_fetch_verdict verdict = CQ_FETCH_EMPTY;
    struct cq_error err = {0};
    cq_fetch_build(fetch, &call);
    ck_assert_msg(cq_fetch_read(step(), &verdict, started, &err) == CQ_OK, "%s", err.text);
    return verdict;
}

/* It waits, or waited, for parent0, parent1 ... */
static CQ_UNUSED void put_dependencies(const char *id, int count)
{
    cq_command_clear(&call);
    cq_command_text(&call, "SADD");
    cq_command_argf(&call, "rq:job::%s:dependencies", id);
    for (int i = 0; i < count; i++)
        cq_command_argf(&call, "parent%d", i);
    ck_assert_int_eq(cq_reply_int(step()), count);
}

/* The next job must be this one. */
static CQ_UNUSED void start(const char *id, const char *execution)
{
    struct cq_fetch fetch = fetch_of(execution);
    struct cq_started started = {0};
    ck_assert_int_eq(fetch_with(&fetch, &started), CQ_FETCH_STARTED);
    ck_assert_msg(cq_str_is(started.job_id, id), "another job than %s was started", id);
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

static CQ_UNUSED enum cq_finish_verdict finish(const char *id, enum cq_outcome outcome)
{
    struct cq_finish finish = finish_of(id, outcome);
    return finish_with(&finish).verdict;
}

#endif
