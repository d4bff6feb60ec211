/*
 * Random steps by several workers, some of them sent twice or cut off, against a simple rule: a job that
 * exists is in exactly one place, and a place holds no job that does not exist. The seed is fixed; a failure
 * names seed and step.
 */
#include "job/id.h"
#include "lifecycle/maintain/abandon.h"
#include "lifecycle/maintain/clean.h"
#include "lifecycle/manage/empty.h"
#include "lifecycle/manage/bulk.h"
#include "lifecycle/manage/remove.h"
#include "lifecycle/manage/requeue.h"
#include "tests/lifecycle/steps.h"

enum { JOBS = 12, WORKERS = 3, STEPS = 800 };

struct model_worker {
    struct cq_str name;
    char execution[CQ_EXECUTION_ID_SIZE]; /* of the job that runs */
    char job[32];                         /* "": idle */
};

static struct model_worker workers[WORKERS];
static unsigned random_state;
static unsigned executions;
static cq_time now;

static unsigned pick(unsigned below)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 16) % below;
}

static void new_execution(char execution[CQ_EXECUTION_ID_SIZE])
{
    snprintf(execution, CQ_EXECUTION_ID_SIZE, "%032x", ++executions);
}

/* Send `call`: as it should be, or after an attempt that was cut off before or after the script ran. */
static const struct cq_reply *send_somehow(void)
{
    unsigned luck = pick(6);
    if (luck < 2)
        cut_call(luck == 1);
    return step();
}

static void take(struct model_worker *worker, enum cq_fetch_verdict verdict, const struct cq_started *started)
{
    worker->job[0] = '\0';
    if (verdict == CQ_FETCH_STARTED)
        snprintf(worker->job, sizeof(worker->job), "%.*s", (int)started->job_id.len, started->job_id.data);
}

static void fetch_step(struct model_worker *worker)
{
    struct cq_fetch fetch = fetch_of("");
    enum cq_fetch_verdict verdict = CQ_FETCH_EMPTY;
    struct cq_started started;
    new_execution(worker->execution);
    fetch.worker = worker->name;
    fetch.execution_id = cq_str(worker->execution);
    fetch.now = now;
    fetch.resume = true;
    cq_fetch_build(&fetch, &call);
    ck_assert_int_eq(cq_fetch_read(send_somehow(), &verdict, &started, NULL), CQ_OK);
    take(worker, verdict, &started);
}

static void finish_step(struct model_worker *worker)
{
    struct cq_finish finish = finish_of(worker->job, (enum cq_outcome)pick(4));
    struct cq_finished finished;
    char next_execution[CQ_EXECUTION_ID_SIZE];
    new_execution(next_execution);
    struct cq_fetch next = fetch_of(next_execution);
    next.worker = worker->name;
    next.now = now;
    next.resume = true;
    finish.worker = worker->name;
    finish.execution_id = cq_str(worker->execution);
    finish.ended_at = now;
    finish.retry_max = 2;
    finish.retry_intervals = pick(2) ? CQ_STR_LIT("[0]") : CQ_STR_LIT("[30]");
    finish.next = pick(3) ? &next : NULL;
    ck_assert_int_eq(cq_finish_build(&finish, &call, NULL), CQ_OK);
    ck_assert_int_eq(cq_finish_read(send_somehow(), &finished, NULL), CQ_OK);
    memcpy(worker->execution, next_execution, sizeof(next_execution));
    take(worker, finished.next_verdict, &finished.next);
}

static void enqueue_step(void)
{
    char id[16];
    static const int64_t ttls[] = {CQ_TTL_FOREVER, 0,
                                   1000000000}; /* the clock of the model runs ahead of Redis' own */
    snprintf(id, sizeof(id), "j%u", pick(JOBS));
    struct cq_job job = new_job(id, "default");
    job.result_ttl_s = ttls[pick(3)];
    job.failure_ttl_s = ttls[pick(3)];
    if (pick(2))
        job.retries_left = pick(3);
    struct cq_enqueue with = {.job = &job, .at_front = pick(2), .unique = true, .now = now};
    cq_enqueue_build(&with, &call);
    enum cq_code code = cq_enqueue_read(send_somehow(), NULL, NULL);
    ck_assert(code == CQ_OK || code == CQ_ERR_DUPLICATE_JOB);
}

/* What a scheduler does with what is due. */
static void schedule_step(void)
{
    struct cq_reply *due = redis_server_run(server, "ZRANGE", "rq:scheduled:default", "0", "0", NULL);
    if (cq_reply_len(due)) {
        char id[32], key[64];
        struct cq_str text = cq_reply_str(cq_reply_at(due, 0));
        snprintf(id, sizeof(id), "%.*s", (int)text.len, text.data);
        snprintf(key, sizeof(key), "rq:job:%s", id);
        RUN("ZREM", "rq:scheduled:default", id);
        RUN("HSET", key, "status", "queued");
        RUN("RPUSH", "rq:queue:default", id);
    }
    cq_reply_free(due);
}

static void operator_step(void)
{
    char id[16];
    snprintf(id, sizeof(id), "j%u", pick(JOBS));
    struct cq_abandon abandon = {.queue = default_queue[0], .now = now, .requeue = pick(2), .limit = 100};
    struct cq_bulk requeue = {.verb = CQ_BULK_REQUEUE,
                              .place = CQ_PLACE_FAILED,
                              .queue = default_queue[0],
                              .limit = 3,
                              .since = now + 1,
                              .now = now};
    struct cq_clean clean = {.queue = default_queue[0], .now = now, .limit = 100};
    switch (pick(10)) {
    case 0:
    case 7:
    case 8: cq_remove_build(cq_str(id), now, &call); break;
    case 1:
        cq_requeue_build("failed", cq_str(id), pick(2) ? default_queue[0] : CQ_STR_NONE, false, now, &call);
        break;
    case 2: cq_bulk_build(&requeue, &call); break;
    case 3:
        now += 100 * CQ_SECOND; /* every heartbeat is overdue */
        abandon.now = now;
        /* fall through */
    case 4: cq_abandon_build(&abandon, &call); break;
    case 5: cq_clean_build(&clean, &call); break;
    case 6:
        if (pick(10)) {
            schedule_step();
            return;
        }
        cq_empty_build(default_queue[0], 2, &call);
        break;
    default: schedule_step(); return;
    }
    send_somehow();
}

/* A job that no worker knows of would wait until it is judged abandoned. */
static void check_executions(unsigned seed, int at)
{
    struct cq_reply *members = redis_server_run(server, "ZRANGE", "rq:wip:default", "0", "-1", NULL);
    for (size_t i = 0; i < cq_reply_len(members); i++) {
        struct cq_str id, execution;
        bool known = false;
        cq_execution_split(cq_reply_str(cq_reply_at(members, i)), &id, &execution);
        for (int w = 0; w < WORKERS; w++)
            known = known || (cq_str_is(id, workers[w].job) && cq_str_is(execution, workers[w].execution));
        ck_assert_msg(known, "seed %u, step %d: nobody runs %.*s", seed, at, (int)id.len, id.data);
    }
    cq_reply_free(members);
}

static void check_rule(unsigned seed, int at)
{
    check_executions(seed, at);
    for (unsigned i = 0; i < JOBS; i++) {
        char id[16], key[32], pattern[32];
        snprintf(id, sizeof(id), "j%u", i);
        snprintf(key, sizeof(key), "rq:job:j%u", i);
        snprintf(pattern, sizeof(pattern), "rq:execution:j%u:*", i);
        int64_t exists = INT("EXISTS", key);
        int places = job_places(id);
        ck_assert_msg(places == exists, "seed %u, step %d: %s exists %lld times and is in %d places", seed,
                      at, id, (long long)exists, places);
        struct cq_reply *runs = redis_server_run(server, "KEYS", pattern, NULL);
        ck_assert_msg(cq_reply_len(runs) <= 1, "seed %u, step %d: %s has %zu executions", seed, at, id,
                      cq_reply_len(runs));
        if (cq_reply_len(runs))
            assert_text("started", "HGET", key, "status");
        cq_reply_free(runs);
    }
}

static void run_model(unsigned seed)
{
    static const char *const names[WORKERS] = {"w1", "w2", "w3"};
    random_state = seed;
    now = NOW;
    redis_server_flush(server);
    for (int i = 0; i < WORKERS; i++) {
        char key[32];
        workers[i] = (struct model_worker){.name = cq_str(names[i])};
        snprintf(key, sizeof(key), "rq:worker:%s", names[i]);
        RUN("HSET", key, "birth", NOW_ISO);
    }
    for (int at = 0; at < STEPS; at++) {
        struct model_worker *worker = &workers[pick(WORKERS)];
        now += CQ_SECOND;
        switch (pick(4)) {
        case 0: enqueue_step(); break;
        case 1: operator_step(); break;
        default:
            if (worker->job[0])
                finish_step(worker);
            else
                fetch_step(worker);
        }
        check_rule(seed, at);
    }
    int64_t succeeded = INT("HGET", "rq:worker:w1", "successful_job_count") +
                        INT("HGET", "rq:worker:w2", "successful_job_count") +
                        INT("HGET", "rq:worker:w3", "successful_job_count");
    ck_assert_int_gt(succeeded, 10); /* it did run jobs */
}

START_TEST(a_job_is_always_in_one_place)
{
    const char *seed = getenv("CQ_TEST_SEED"); /* to look for more */
    run_model(seed ? (unsigned)atoi(seed) : 1);
    run_model(20261120);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {a_job_is_always_in_one_place};
    return lifecycle_suite("model", tests, CQ_ARRAY_LEN(tests));
}
