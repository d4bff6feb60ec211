/* What is about many jobs, keys or queues: bulk forms, limits, pauses, ticks of cron. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lifecycle/cron/cron_tick.h"
#include "lifecycle/cron/cron_view.h"
#include "lifecycle/manage/limit.h"
#include "lifecycle/manage/bulk.h"
#include "lifecycle/manage/pause.h"
#include "lifecycle/manage/stop.h"
#include "tests/model/driver.h"

enum { CURSOR_MAX = 256 };

static int word_index(const char *name, const char *const words[], int count)
{
    for (int i = 0; i < count; i++)
        if (cq_str_is(given(name), words[i]))
            return i;
    return 0;
}

/* A cursor that outlives the reply that it came from. */
static void keep_cursor(struct cq_place_cursor *cursor, const struct cq_place_cursor *at,
                        char text[2][CURSOR_MAX])
{
    snprintf(text[0], CURSOR_MAX, "%.*s", (int)at->score.len, at->score.data ? at->score.data : "");
    snprintf(text[1], CURSOR_MAX, "%.*s", (int)at->member.len, at->member.data ? at->member.data : "");
    *cursor = (struct cq_place_cursor){.score = cq_str(text[0]), .member = cq_str(text[1])};
}

/* Chunk by chunk: of what is named until all of it was seen, else to the end of the place. */
static void bulk(void)
{
    static const char *const verbs[] = {"cancel", "delete", "requeue"};
    static const char *const places[] = {"queued",   "started", "deferred", "scheduled",
                                         "finished", "failed",  "canceled"};
    struct cq_str ids[LIST_MAX];
    char text[2][CURSOR_MAX];
    struct cq_error err = {0};
    struct cq_bulk with = {.verb = (enum cq_bulk_verb)word_index("what", verbs, CQ_ARRAY_LEN(verbs)),
                           .place = (enum cq_place)word_index("place", places, CQ_ARRAY_LEN(places)),
                           .queue = given("queue"),
                           .limit = 2,
                           .dependents = flag("dependents"),
                           .detach = flag("detach"),
                           .at_front = flag("front"),
                           .since = now(),
                           .now = now()};
    size_t count = list("ids", ids), seen = 0;
    enum cq_code code = CQ_OK;
    struct cq_bulk_done done = {0};
    while (code == CQ_OK && (count > 0 ? seen < count : !done.ended)) {
        with.ids = count > 0 ? ids + seen : NULL;
        with.id_count = count > 0 ? count - seen : 0;
        if (count > 0)
            with.after.score = given("rank");
        cq_bulk_build(&with, &call);
        struct cq_reply *reply = sent();
        if (!reply)
            return;
        code = cq_bulk_read(reply, &done, &err);
        if (code == CQ_OK && count == 0)
            keep_cursor(&with.after, &done.at, text);
        seen += (size_t)done.seen;
        cq_reply_free(reply);
    }
    answer(code, &err, "");
}

static void stop(void)
{
    static const char *const verdicts[] = {[CQ_STOP_TOLD] = "told",
                                           [CQ_STOP_UNHEARD] = "unheard",
                                           [CQ_STOP_NOT_RUNNING] = "not_running",
                                           [CQ_STOP_NO_JOB] = "no_job"};
    struct cq_str id = given("id");
    struct cq_error err = {0};
    struct cq_stopping item = {.verdict = CQ_STOP_NO_JOB};
    size_t count = 0;
    cq_stop_build(&id, 1, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    enum cq_code code = cq_stop_read(reply, &count, &err);
    if (code == CQ_OK && count == 1)
        cq_stop_item(reply, 0, &item);
    answer(code, &err, verdicts[item.verdict]);
    cq_reply_free(reply);
}

static void limit(void)
{
    struct cq_limit with = {.key = given("key"),
                            .rate = number("rate", CQ_LIMIT_KEEP),
                            .window_s = number("window", 0),
                            .concurrency = number("concurrency", CQ_LIMIT_KEEP)};
    struct cq_error err = {0};
    bool before;
    if (flag("remove"))
        cq_limit_remove_build(with.key, now(), &call);
    else
        cq_limit_set_build(&with, now(), &call);
    struct cq_reply *reply = run();
    if (reply)
        answer(cq_limit_read(reply, &before, &err), &err, "");
    cq_reply_free(reply);
}

static void pause_queue(void)
{
    struct cq_strv queues;
    struct cq_error err = {0};
    cq_strv_init(&queues);
    cq_strv_push(&queues, given("queue"));
    if (flag("resume"))
        cq_pause_end_build(&queues, now(), &call);
    else
        cq_pause_build(&queues, number("seconds", 0), now(), &call);
    struct cq_reply *reply = run();
    if (reply)
        answer(cq_pause_read(reply, 1, &err), &err, "");
    cq_reply_free(reply);
    cq_strv_release(&queues);
}

/* seen= holds `_` where the key holds a space. */
static void cron_tick(void)
{
    static const char *const verdicts[] = {[CQ_CRON_ENQUEUED] = "enqueued",
                                           [CQ_CRON_TAKEN] = "taken",
                                           [CQ_CRON_PAUSED] = "paused",
                                           [CQ_CRON_OVERLAPS] = "overlaps"};
    struct cq_job job;
    cq_job_init(&job);
    job.id = given("id");
    job.origin = given("queue");
    job.data = bytes("data");
    job.description = CQ_STR_LIT("jobs.run()");
    job.timeout_s = 180;
    job.group_id = given("group");
    job.rate_limit_key = given("key");
    job.rate_limit_concurrency = number("concurrency", -1);
    struct cq_str seen = given("seen");
    for (size_t i = 0; i < seen.len; i++)
        if (seen.data[i] == '_')
            ((char *)seen.data)[i] = ' ';
    struct cq_cron_tick with = {.job = given("name"),
                                .name = given("name"),
                                .seen = seen.data ? seen : CQ_STR_LIT(""),
                                .tick = number("tick", 0) ? number("tick", 0) * CQ_SECOND : CQ_TIME_UNSET,
                                .next = CQ_TIME_UNSET,
                                .no_overlap = flag("no_overlap"),
                                .id = job.id,
                                .queue = job.origin,
                                .group = job.group_id,
                                .at_front = flag("front"),
                                .ttl_s = CQ_TTL_UNSET,
                                .now = now()};
    struct cq_error err = {0};
    enum cq_cron_verdict verdict = CQ_CRON_TAKEN;
    struct cq_str held;
    cq_cron_tick_build(&with, &call);
    cq_job_write(&job, &call);
    struct cq_reply *reply = run();
    if (!reply)
        return;
    enum cq_code code = cq_cron_tick_read(reply, &verdict, &held, &err);
    answer(code, &err, verdicts[verdict]);
    cq_reply_free(reply);
}

static void cron_pause(void)
{
    cq_cron_pause_build(given("name"), flag("paused"), &call);
    run_plain(cq_reply_check);
}

const struct verb more_verbs[] = {
    {"bulk", bulk},         {"stop", stop},           {"limit", limit},
    {"pause", pause_queue}, {"cron_tick", cron_tick}, {"cron_pause", cron_pause},
    {NULL, NULL},
};
