/* A tick becomes a job once, whichever scheduler takes it and however often; a scheduler's heartbeat tells
 * what is known. */
#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"
#include "lifecycle/cron/cron_view.h"
#include "tests/lifecycle/steps.h"

#define STATE "rq:cq:cron:tick:report"
#define TICK ((cq_time)NOW_S * CQ_SECOND)

/* What a scheduler takes when it has seen this much. */
static struct cq_cron_tick tick_seen(const char *id, const char *seen, cq_time when)
{
    return (struct cq_cron_tick){.job = CQ_STR_LIT("report"),
                                 .name = CQ_STR_LIT("report"),
                                 .seen = cq_str(seen),
                                 .tick = when,
                                 .next = when == CQ_TIME_UNSET ? NOW : when + 3600 * CQ_SECOND,
                                 .id = cq_str(id),
                                 .queue = CQ_STR_LIT("default"),
                                 .ttl_s = CQ_TTL_UNSET,
                                 .now = NOW};
}

static void build(const struct cq_cron_tick *tick)
{
    struct cq_job job = new_job("", "default");
    job.id = tick->id;
    cq_command_clear(&call);
    cq_cron_tick_build(tick, &call);
    cq_job_write(&job, &call);
}

static enum cq_cron_verdict take(const struct cq_cron_tick *tick)
{
    enum cq_cron_verdict outcome;
    struct cq_str seen;
    struct cq_error err = {0};
    build(tick);
    ck_assert_msg(cq_cron_tick_read(step(), &outcome, &seen, &err) == CQ_OK, "%s", err.text);
    struct cq_str held_now = TEXT("GET", "rq:cq:cron:tick:report");
    ck_assert(cq_str_eq(seen, held_now.data ? held_now : CQ_STR_LIT("")));
    return outcome;
}

START_TEST(a_tick_becomes_a_job_as_rqs_cron_makes_it)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("queued", "HGET", "rq:job:j1", "status");
    assert_text("default", "HGET", "rq:job:j1", "origin");
    assert_text(NOW_ISO, "HGET", "rq:job:j1", "enqueued_at");
    assert_text("1795212711 j1", "GET", STATE);
    assert_text("1795212711.000123", "ZSCORE", "rq:cron_job:report:jobs", "j1");
    assert_text("1795212711.000123", "ZSCORE", "rq:cron_jobs", "report");
    ck_assert_int_eq(INT("TTL", "rq:cron_job:report:jobs"), 31536000);
    ck_assert_int_eq(INT("SISMEMBER", "rq:queues", "rq:queue:default"), 1);
    ck_assert_int_gt(INT("TTL", STATE), 31536000); /* from the next tick on */
}
END_TEST

START_TEST(only_the_first_of_two_claims_enqueues)
{
    struct cq_cron_tick one = tick_seen("j1", "", TICK), other = tick_seen("j2", "", TICK);
    ck_assert_int_eq(take(&one), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(take(&other), CQ_CRON_TAKEN);
    ck_assert_int_eq(job_places("j2"), 0);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j2"), 0);
    ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    other.seen = CQ_STR_LIT("1795212711 j1");
    other.tick += 60 * CQ_SECOND;
    ck_assert_int_eq(take(&other), CQ_CRON_ENQUEUED);
    assert_text("1795212771 j2", "GET", STATE);
}
END_TEST

START_TEST(a_claim_that_is_sent_twice_enqueues_once)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK),
                        next = tick_seen("j2", "1795212711 j1", TICK + 60 * CQ_SECOND);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(take(&next), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED); /* late, and told the truth */
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("1795212771 j2", "GET", STATE);
    RUN("DEL", "rq:job:j1");
    ck_assert_int_eq(take(&tick), CQ_CRON_TAKEN);
}
END_TEST

START_TEST(a_connection_that_is_cut_leaves_a_tick_claimed_with_its_job_or_not_at_all)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    build(&tick);
    cut_call(false);
    ck_assert_int_eq(job_places("j1"), 0);
    assert_missing("GET", STATE);
    build(&tick);
    cut_call(true);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("1795212711 j1", "GET", STATE);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(job_places("j1"), 1);
}
END_TEST

START_TEST(a_paused_jobs_tick_is_used_up)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    cq_cron_pause_build(CQ_STR_LIT("report"), true, &call);
    ck_assert_int_eq(cq_reply_int(step()), 1);
    ck_assert_int_eq(take(&tick), CQ_CRON_PAUSED);
    ck_assert_int_eq(INT("EXISTS", "rq:job:j1", "rq:queue:default", "rq:cron_jobs"), 0);
    assert_text("1795212711 ", "GET", STATE);
    ck_assert_int_eq(take(&tick), CQ_CRON_TAKEN);
    cq_cron_pause_build(CQ_STR_LIT("report"), false, &call);
    ck_assert_int_eq(cq_reply_int(step()), 1);
    tick.seen = CQ_STR_LIT("1795212711 ");
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
}
END_TEST

START_TEST(no_overlap_looks_at_the_job_of_the_last_tick)
{
    static const char *const busy[] = {"queued", "started", "scheduled", "deferred"};
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    tick.no_overlap = true;
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    char seen[64];
    for (size_t i = 0; i < CQ_ARRAY_LEN(busy); i++) {
        RUN("HSET", "rq:job:j1", "status", busy[i]);
        snprintf(seen, sizeof(seen), "%lld j1", (long long)(NOW_S + (int64_t)i));
        tick = tick_seen("j2", seen, TICK + ((cq_time)i + 1) * CQ_SECOND);
        tick.no_overlap = true;
        ck_assert_int_eq(take(&tick), CQ_CRON_OVERLAPS);
        ck_assert_int_eq(INT("LLEN", "rq:queue:default"), 1);
    }
    RUN("HSET", "rq:job:j1", "status", "failed");
    tick = tick_seen("j2", "1795212715 j1", TICK + 5 * CQ_SECOND);
    tick.no_overlap = true;
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
}
END_TEST

START_TEST(out_of_turn_uses_up_no_tick_and_heeds_no_pause)
{
    struct cq_cron_tick now = tick_seen("j1", "", CQ_TIME_UNSET), tick = tick_seen("j2", "", TICK);
    RUN("SADD", "rq:cq:cron:paused", "report");
    ck_assert_int_eq(take(&now), CQ_CRON_ENQUEUED);
    assert_missing("GET", STATE);
    ck_assert_int_eq(take(&now), CQ_CRON_ENQUEUED); /* sent twice */
    ck_assert_int_eq(job_places("j1"), 1);
    RUN("DEL", "rq:cq:cron:paused");
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    now = tick_seen("j3", "", CQ_TIME_UNSET);
    ck_assert_int_eq(take(&now), CQ_CRON_ENQUEUED);
    assert_text("1795212711 j3", "GET", STATE); /* what no_overlap looks at */
    ck_assert_int_eq(INT("ZCARD", "rq:cron_job:report:jobs"), 3);
}
END_TEST

START_TEST(group_front_and_ttl_are_the_jobs)
{
    struct cq_cron_tick first = tick_seen("j1", "", TICK),
                        tick = tick_seen("j2", "1795212711 j1", TICK + CQ_SECOND);
    ck_assert_int_eq(take(&first), CQ_CRON_ENQUEUED);
    tick.at_front = true;
    tick.group = CQ_STR_LIT("night");
    tick.ttl_s = 77;
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    assert_text("j2", "LINDEX", "rq:queue:default", "0");
    ck_assert_int_eq(INT("SISMEMBER", "rq:group:night", "j2"), 1);
    ck_assert_int_eq(INT("SISMEMBER", "rq:groups", "night"), 1);
    ck_assert_int_eq(INT("TTL", "rq:job:j2"), 77);
}
END_TEST

START_TEST(the_history_keeps_the_newest_thousand)
{
    char id[32];
    for (int i = 0; i < 1005; i++) {
        snprintf(id, sizeof(id), "old%d", i);
        RUN("ZADD", "rq:cron_job:report:jobs", "1", id);
    }
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(INT("ZCARD", "rq:cron_job:report:jobs"), 1000);
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:cron_job:report:jobs", "j1").data);
}
END_TEST

START_TEST(keys_that_hold_something_else_lose_no_tick)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK);
    RUN("RPUSH", STATE, "a list");
    RUN("SET", "rq:cq:cron:paused", "no set");
    RUN("SET", "rq:cron_jobs", "no zset");
    RUN("SET", "rq:cron_job:report:jobs", "no zset");
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    ck_assert_int_eq(job_places("j1"), 1);
    assert_text("1795212711 j1", "GET", STATE);

    tick = tick_seen("j2", "1795212711 j1", TICK + CQ_SECOND);
    tick.queue = CQ_STR_LIT("odd");
    RUN("SET", "rq:queue:odd", "no list");
    enum cq_cron_verdict outcome;
    struct cq_str seen;
    struct cq_error err = {0};
    build(&tick);
    ck_assert_int_eq(cq_cron_tick_read(step(), &outcome, &seen, &err), CQ_ERR_REDIS);
    assert_text("1795212711 j1", "GET", STATE); /* not taken: it is tried again */
    ck_assert_int_eq(INT("EXISTS", "rq:job:j2"), 0);
}
END_TEST

/* Two jobs: one whose time counts from now on, and an interval. */
static const struct cq_cron_beat_job two[] = {
    {CQ_STR_LIT("report"), CQ_STR_LIT("report"), CQ_STR_LIT("UTC @daily"), true},
    {CQ_STR_LIT("poll#2"), CQ_STR_LIT("poll"), CQ_STR_LIT("UTC @every 5"), false}};
static bool just_read;

static void beat(struct cq_str scheduler, cq_time *ret_now)
{
    struct cq_cron_beat beat = {.scheduler = scheduler,
                                .hostname = CQ_STR_LIT("host"),
                                .config_file = CQ_STR_LIT("a.cron"),
                                .jobs = CQ_STR_LIT("[]"),
                                .pid = 42,
                                .created_at = NOW,
                                .fresh = just_read,
                                .count = 2};
    struct cq_error err = {0};
    cq_command_clear(&call);
    cq_cron_beat_build(&beat, two, &call);
    ck_assert_msg(cq_cron_beat_read(step(), 2, ret_now, &err) == CQ_OK, "%s", err.text);
}

START_TEST(a_heartbeat_shows_the_scheduler_and_asks_for_its_jobs)
{
    cq_time now;
    struct cq_str seen;
    bool paused;
    RUN("SADD", "rq:cq:cron:paused", "poll");
    beat(CQ_STR_LIT("host:42:abc"), &now);
    ck_assert_int_gt(now, NOW - 366 * 86400 * CQ_SECOND);
    cq_cron_beat_job_at(held, 2, 0, &seen, &paused);
    ck_assert_int_eq(cq_cron_seen_tick(seen), cq_time_seconds(now) * CQ_SECOND);
    ck_assert(!paused);
    cq_cron_beat_job_at(held, 2, 1, &seen, &paused);
    ck_assert_int_eq(cq_cron_seen_tick(seen), CQ_TIME_UNSET);
    ck_assert(paused);
    ck_assert_int_eq(INT("EXISTS", STATE), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:cq:cron:tick:poll#2"), 0);
    assert_text("42", "HGET", "rq:cron_scheduler:host:42:abc", "pid");
    assert_text("host:42:abc", "HGET", "rq:cron_scheduler:host:42:abc", "name");
    assert_text(NOW_ISO, "HGET", "rq:cron_scheduler:host:42:abc", "created_at");
    assert_text("a.cron", "HGET", "rq:cron_scheduler:host:42:abc", "config_file");
    assert_text("[]", "HGET", "rq:cron_scheduler:host:42:abc", "cron_jobs");
    ck_assert_int_eq(INT("TTL", "rq:cron_scheduler:host:42:abc"), 120);
    ck_assert_ptr_nonnull(TEXT("ZSCORE", "rq:cron_schedulers", "host:42:abc").data);
    RUN("SET", STATE, "5 j");
    char long_ago[32];
    snprintf(long_ago, sizeof(long_ago), "%lld", (long long)cq_time_seconds(now) - 3700);
    RUN("ZADD", "rq:cron_schedulers", long_ago, "killed");
    RUN("ZADD", "rq:cron_jobs", "1500000000", "forgotten", long_ago, "report");
    beat(CQ_STR_LIT("host:42:abc"), &now); /* what is known stays */
    assert_text("5 j", "GET", STATE);
    ck_assert_int_eq(INT("ZCARD", "rq:cron_schedulers"), 1);
    assert_text(long_ago, "ZSCORE", "rq:cron_jobs", "report");
    ck_assert_int_eq(INT("ZCARD", "rq:cron_jobs"), 1);
    cq_cron_death_build(CQ_STR_LIT("host:42:abc"), &call);
    ck_assert_int_eq(cq_reply_int(step()), 1);
    ck_assert_int_eq(INT("EXISTS", "rq:cron_schedulers"), 0);
}
END_TEST

START_TEST(a_schedule_that_was_changed_counts_from_when_it_is_read)
{
    cq_time now;
    char held_now[64];
    just_read = true;
    RUN("SET", STATE, "5 j UTC @hourly");
    RUN("SET", "rq:cq:cron:tick:poll#2", "7 k UTC @every 5");
    beat(CQ_STR_LIT("host:42:abc"), &now);
    snprintf(held_now, sizeof(held_now), "%lld j UTC @daily", (long long)cq_time_seconds(now));
    assert_text(held_now, "GET", STATE); /* its last job is still known */
    assert_text("7 k UTC @every 5", "GET", "rq:cq:cron:tick:poll#2");
    RUN("SET", STATE, "5 j UTC @daily"); /* the same: what was missed since then is missed */
    beat(CQ_STR_LIT("host:42:abc"), &now);
    assert_text("5 j UTC @daily", "GET", STATE);
    just_read = false;
    RUN("SET", STATE, "5 j UTC @hourly"); /* another scheduler, with other files, keeps its own */
    beat(CQ_STR_LIT("host:42:abc"), &now);
    assert_text("5 j UTC @hourly", "GET", STATE);
}
END_TEST

START_TEST(a_scheduler_without_claims_is_named_when_it_has_a_job_of_ours)
{
    static const char *const others[] = {"[{\"name\": \"other\"}]", "no json", "7",
                                         "[7, {\"name\": 7}, null]", "{\"name\": \"report\"}"};
    cq_time now;
    char soon[32];
    struct cq_str scheduler, job;
    just_read = true;
    beat(CQ_STR_LIT("host:42:abc"), &now);
    ck_assert(!cq_cron_beat_rival(held, 2, &scheduler, &job));
    snprintf(soon, sizeof(soon), "%lld", (long long)cq_time_seconds(now));
    RUN("ZADD", "rq:cron_schedulers", soon, "rqs", soon, "gone", soon, "text");
    RUN("SET", "rq:cron_scheduler:text", "no hash");
    for (size_t i = 0; i < CQ_ARRAY_LEN(others); i++) {
        RUN("HSET", "rq:cron_scheduler:rqs", "cron_jobs", others[i]);
        beat(CQ_STR_LIT("host:42:abc"), &now);
        ck_assert_msg(!cq_cron_beat_rival(held, 2, &scheduler, &job), "%s", others[i]);
    }
    RUN("HSET", "rq:cron_scheduler:rqs", "cron_jobs",
        "[{\"func_name\": \"other\"}, {\"func_name\": \"poll\"}]"); /* RQ before 2.9 */
    beat(CQ_STR_LIT("host:42:abc"), &now);
    ck_assert(cq_cron_beat_rival(held, 2, &scheduler, &job));
    ck_assert(cq_str_is(scheduler, "rqs") && cq_str_is(job, "poll"));
    just_read = false;
    beat(CQ_STR_LIT("host:42:abc"), &now);
    ck_assert(!cq_cron_beat_rival(held, 2, &scheduler, &job));
    just_read = true;
    RUN("HSET", "rq:cron_scheduler:rqs", "version", "cq 0.1.0");
    beat(CQ_STR_LIT("host:42:abc"), &now);
    ck_assert(!cq_cron_beat_rival(held, 2, &scheduler, &job));
}
END_TEST

START_TEST(a_claim_keeps_the_schedule_and_one_out_of_turn_leaves_it)
{
    struct cq_cron_tick tick = tick_seen("j1", "", TICK), now = tick_seen("j2", "", CQ_TIME_UNSET);
    tick.schedule = CQ_STR_LIT("Europe/Berlin 0 3 * * *");
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED);
    assert_text("1795212711 j1 Europe/Berlin 0 3 * * *", "GET", STATE);
    ck_assert_int_eq(take(&tick), CQ_CRON_ENQUEUED); /* sent twice */
    ck_assert_int_eq(job_places("j1"), 1);
    ck_assert_int_eq(take(&now), CQ_CRON_ENQUEUED);
    assert_text("1795212711 j2 Europe/Berlin 0 3 * * *", "GET", STATE);
    RUN("SADD", "rq:cq:cron:paused", "report");
    tick = tick_seen("j3", "1795212711 j2 Europe/Berlin 0 3 * * *", TICK + CQ_SECOND);
    tick.schedule = CQ_STR_LIT("UTC @daily");
    ck_assert_int_eq(take(&tick), CQ_CRON_PAUSED);
    assert_text("1795212712 j2 UTC @daily", "GET", STATE);
}
END_TEST

START_TEST(who_only_asks_is_no_scheduler)
{
    cq_time now;
    beat(CQ_STR_NONE, &now);
    ck_assert_int_eq(INT("EXISTS", "rq:cron_schedulers", "rq:cron_scheduler:"), 0);
}
END_TEST

START_TEST(what_is_known_is_read_with_care)
{
    ck_assert_int_eq(cq_cron_seen_tick(CQ_STR_LIT("1795212711 j1")), TICK);
    ck_assert_int_eq(cq_cron_seen_tick(CQ_STR_LIT("1795212711 ")), TICK);
    static const char *const wrong[] = {"", " ", "x j1", "1795212711", "-5 j", "99999999999999999999 j"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(wrong); i++)
        ck_assert_int_eq(cq_cron_seen_tick(cq_str(wrong[i])), CQ_TIME_UNSET);
    ck_assert(cq_str_is(cq_cron_seen_job(CQ_STR_LIT("1795212711 j1 UTC 0 3 * * *")), "j1"));
    ck_assert(cq_str_is(cq_cron_seen_job(CQ_STR_LIT("1795212711 j1")), "j1"));
    static const char *const none[] = {"", " ", "1795212711 ", "1795212711", "1795212711  UTC 0 3 * * *"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(none); i++)
        ck_assert_uint_eq(cq_cron_seen_job(cq_str(none[i])).len, 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {
        a_tick_becomes_a_job_as_rqs_cron_makes_it,
        only_the_first_of_two_claims_enqueues,
        a_claim_that_is_sent_twice_enqueues_once,
        a_connection_that_is_cut_leaves_a_tick_claimed_with_its_job_or_not_at_all,
        a_paused_jobs_tick_is_used_up,
        no_overlap_looks_at_the_job_of_the_last_tick,
        out_of_turn_uses_up_no_tick_and_heeds_no_pause,
        group_front_and_ttl_are_the_jobs,
        the_history_keeps_the_newest_thousand,
        keys_that_hold_something_else_lose_no_tick,
        a_heartbeat_shows_the_scheduler_and_asks_for_its_jobs,
        a_schedule_that_was_changed_counts_from_when_it_is_read,
        a_scheduler_without_claims_is_named_when_it_has_a_job_of_ours,
        a_claim_keeps_the_schedule_and_one_out_of_turn_leaves_it,
        who_only_asks_is_no_scheduler,
        what_is_known_is_read_with_care,
    };
    return lifecycle_suite("cron", tests, CQ_ARRAY_LEN(tests));
}
