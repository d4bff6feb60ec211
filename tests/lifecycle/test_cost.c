/* How many commands a job costs that uses nothing but the queue: whatever is added to the scripts, it pays
 * for none of it. */
#include <stdlib.h>
#include <string.h>

#include "tests/lifecycle/steps.h"

/* Commands since the last call, those inside of scripts and not the scripts themselves. */
static long commands(void)
{
    static const char *const outside[] = {"evalsha", "script", "info", "config", "client"};
    long sum = 0;
    struct cq_reply *stats = redis_server_run(server, "INFO", "commandstats", NULL);
    struct cq_str text = cq_reply_str(stats);
    for (const char *at = text.data; (at = memmem(at, (size_t)(text.data + text.len - at), "cmdstat_", 8));) {
        at += 8;
        bool counts = true;
        for (size_t i = 0; i < CQ_ARRAY_LEN(outside); i++)
            counts = counts && strncmp(at, outside[i], strlen(outside[i])) != 0;
        const char *calls = strstr(at, "calls=");
        if (counts && calls)
            sum += strtol(calls + 6, NULL, 10);
    }
    cq_reply_free(stats);
    RUN("CONFIG", "RESETSTAT");
    return sum;
}

START_TEST(a_job_that_uses_nothing_pays_for_nothing)
{
    ck_assert_int_eq(birth(NOW, true), CQ_OK);
    commands();
    enqueue_plain("a");
    ck_assert_int_eq(commands(), 4); /* EXISTS SADD RPUSH HSET */
    enqueue_plain("b");
    commands();
    start("a", RUN_1);
    commands();
    struct cq_finish outcome = finish_of("a", CQ_OUTCOME_SUCCESS);
    struct cq_fetch next = fetch_of(RUN_2);
    outcome.next = &next;
    ck_assert_int_eq(finish_with(&outcome).next_verdict, CQ_FETCH_STARTED);
    ck_assert_int_eq(commands(), 26); /* 13 for the outcome, 13 for the next job */
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {a_job_that_uses_nothing_pays_for_nothing};
    return lifecycle_suite("cost", tests, CQ_ARRAY_LEN(tests));
}
