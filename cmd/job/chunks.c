#include "cmd/job/chunks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/job/stop.h"
#include "cmd/line/output.h"
#include "job/id.h"
#include "job/job.h"
#include "lifecycle/manage/bulk.h"

enum {
    CHUNK_FIRST = 50,
    CHUNK_LEAST = 10,
    CHUNK_MOST = 1000,
    RESTARTS_MOST = 100, /* of a list whose last id went away: each reads it from its head again */
    CURSOR_MAX = 64 * 1024,
};
static const cq_time chunk_goal = 2500; /* us of Redis; a busy machine makes it some times as much */

/* Where we are in one queue's place; the texts of replies have to outlive them. */
struct chunk_walk {
    struct cq_str queue;
    struct cq_buf score, member, until_score, until_member;
    int64_t left; /* of a list: entries that it had when we began, and that we have not seen */
    int restarts;
};

static struct cq_place_cursor cursor_of(const struct cq_buf *score, const struct cq_buf *member)
{
    return (struct cq_place_cursor){cq_buf_view(score), cq_buf_view(member)};
}

static void keep(struct cq_buf *score, struct cq_buf *member, struct cq_place_cursor at)
{
    cq_buf_clear(score);
    cq_buf_clear(member);
    cq_buf_str(score, at.score);
    cq_buf_str(member, at.member);
}

/* A call whose time says how many jobs the next one may have. */
static enum cq_code timed_call(struct cq_bulk_work *work, struct cq_command *command,
                               struct cq_reply **ret_reply, struct cq_error *err)
{
    cq_time start = cq_clock_monotonic();
    enum cq_code code = cq_connection_call(work->session->connection, command, ret_reply, err);
    cq_time took = cq_clock_monotonic() - start - work->round_trip;
    if (took > 2 * chunk_goal)
        work->chunk /= 2;
    else if (took > chunk_goal)
        work->chunk -= work->chunk / 4;
    else if (took < chunk_goal / 2)
        work->chunk += work->chunk / 4;
    if (work->chunk < CHUNK_LEAST)
        work->chunk = CHUNK_LEAST;
    if (work->chunk > CHUNK_MOST)
        work->chunk = CHUNK_MOST;
    return code;
}

enum cq_code cq_chunks_begin(struct cq_bulk_work *work, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    struct cq_command command;
    cq_command_init(&command);
    cq_command_text(&command, "PING");
    work->round_trip = INT64_MAX;
    work->chunk = CHUNK_FIRST;
    for (int i = 0; i < 3 && code == CQ_OK; i++) {
        cq_time start = cq_clock_monotonic();
        code = cq_connection_call(work->session->connection, &command, NULL, err);
        cq_time took = cq_clock_monotonic() - start;
        work->round_trip = took < work->round_trip ? took : work->round_trip;
    }
    cq_command_release(&command);
    return code;
}

static void tally(struct cq_bulk_work *work, const struct cq_bulk_done *done)
{
    work->done += done->done;
    work->gone += done->gone;
    work->passed += done->passed;
    work->broken += done->broken;
    if (done->broken)
        snprintf(work->fault, sizeof(work->fault), "%.*s",
                 (int)(done->fault.len < 200 ? done->fault.len : 200), done->fault.data);
}

static struct cq_bulk bulk_of(const struct cq_bulk_work *work, const struct chunk_walk *walk)
{
    struct cq_bulk bulk = work->bulk;
    bulk.place = work->place;
    bulk.queue = walk->queue;
    bulk.limit = work->chunk;
    bulk.now = cq_clock_now();
    bulk.after = cursor_of(&walk->score, &walk->member);
    bulk.until = cursor_of(&walk->until_score, &walk->until_member);
    return bulk;
}

/* Without filters: bulk.lua takes the next ones. A call that has seen none was busy with the dependents of
 * one job. */
static enum cq_code walk_straight(struct cq_bulk_work *work, struct chunk_walk *walk, struct cq_error *err)
{
    struct cq_bulk_done done = {0};
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    while (code == CQ_OK && !done.ended && walk->left > 0 && !cq_interrupted()) {
        struct cq_reply *reply = NULL;
        struct cq_bulk bulk = bulk_of(work, walk);
        if (work->place == CQ_PLACE_QUEUED && bulk.limit > walk->left)
            bulk.limit = (int)walk->left;
        cq_command_clear(&command);
        cq_bulk_build(&bulk, &command);
        code = timed_call(work, &command, &reply, err);
        if (code == CQ_OK)
            code = cq_bulk_read(reply, &done, err);
        if (code == CQ_OK) {
            tally(work, &done);
            keep(&walk->score, &walk->member, done.at);
            if (work->place == CQ_PLACE_QUEUED)
                walk->left -= done.seen;
            work->seen += done.seen;
            cq_progress_set(&work->progress, work->seen);
        }
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

/*
 * Do it for the jobs of a page that match.
 *   ids, ranks  which, and where in a list they were
 */
static enum cq_code do_named(struct cq_bulk_work *work, const struct chunk_walk *walk,
                             const struct cq_str *ids, const int64_t *ranks, size_t count,
                             struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code = CQ_OK;
    int64_t taken = 0;
    if (work->stop)
        return cq_stop_page(work->stop, work, ids, count, err);
    cq_command_init(&command);
    for (size_t at = 0; at < count && code == CQ_OK;) {
        struct cq_reply *reply = NULL;
        struct cq_bulk_done done = {0};
        struct cq_bulk bulk = bulk_of(work, walk);
        char rank[24];
        snprintf(rank, sizeof(rank), "%lld", (long long)(ranks[at] > taken ? ranks[at] - taken : 0));
        bulk.after = (struct cq_place_cursor){cq_str(rank), CQ_STR_NONE};
        bulk.ids = ids + at;
        bulk.id_count = count - at < (size_t)bulk.limit ? count - at : (size_t)bulk.limit;
        cq_command_clear(&command);
        cq_bulk_build(&bulk, &command);
        code = timed_call(work, &command, &reply, err);
        if (code == CQ_OK)
            code = cq_bulk_read(reply, &done, err);
        if (code == CQ_OK)
            tally(work, &done);
        at += (size_t)done.seen;
        taken += done.done + done.gone;
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

static void print_ids(struct cq_bulk_work *work, const struct cq_str *ids, size_t count)
{
    cq_progress_clear(&work->progress);
    for (size_t i = 0; i < count; i++) {
        cq_print_name(ids[i]);
        cq_print("\n");
    }
    work->done += (int64_t)count;
}

/* A list is read behind the last job that stays in it, whose rank is less by those before it that go. */
static void keep_rank(struct chunk_walk *walk, int64_t rank, struct cq_str id)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)rank);
    keep(&walk->score, &walk->member, (struct cq_place_cursor){cq_str(text), id});
}

/* One page that was read: what matches, and where the next one begins. */
static enum cq_code do_page(struct cq_bulk_work *work, struct chunk_walk *walk, const struct cq_reply *reply,
                            const struct cq_page_read *page, struct cq_error *err)
{
    struct cq_str *ids = cq_calloc(page->count ? page->count : 1, sizeof(*ids));
    int64_t *ranks = cq_calloc(page->count ? page->count : 1, sizeof(*ranks));
    size_t count = 0;
    bool goes = !work->selection->dry_run;
    enum cq_code code = CQ_OK;
    if (work->place != CQ_PLACE_QUEUED)
        keep(&walk->score, &walk->member, page->at);
    else if (page->again) /* the rank of nothing yet */
        keep_rank(walk, 0, CQ_STR_NONE);
    for (size_t i = 0; i < page->count; i++) {
        struct cq_page_job job;
        struct cq_str execution;
        cq_page_job(reply, i, &job);
        int64_t rank = page->first + (int64_t)i;
        if (cq_filter_matches(&work->filter, &job)) {
            ids[count] = job.member;
            if (work->place == CQ_PLACE_STARTED)
                cq_execution_split(job.member, &ids[count], &execution);
            ranks[count++] = rank;
        } else if (work->place == CQ_PLACE_QUEUED && goes) {
            keep_rank(walk, rank - (int64_t)count, job.member);
        }
        if (work->place == CQ_PLACE_QUEUED && !goes)
            keep_rank(walk, rank, job.member);
    }
    if (goes && count)
        code = do_named(work, walk, ids, ranks, count, err);
    else
        print_ids(work, ids, count);
    free(ids);
    free(ranks);
    return code;
}

static enum cq_code read_page(struct cq_bulk_work *work, const struct chunk_walk *walk,
                              struct cq_command *command, struct cq_reply **ret_reply,
                              struct cq_page_read *ret_page, struct cq_error *err)
{
    struct cq_page page = {
        .place = work->place,
        .queue = walk->queue,
        .limit = work->chunk,
        .after = cursor_of(&walk->score, &walk->member),
        .until = cursor_of(&walk->until_score, &walk->until_member),
        .data_most = cq_filter_data_most(&work->filter),
        .errors = work->filter.error != NULL,
    };
    if (work->place == CQ_PLACE_QUEUED && page.limit > walk->left)
        page.limit = (int)walk->left;
    cq_command_clear(command);
    cq_page_build(&page, command);
    enum cq_code code = timed_call(work, command, ret_reply, err);
    return code == CQ_OK ? cq_page_read(*ret_reply, ret_page, err) : code;
}

/* After a restart the list counts anew: what was seen of it and stays is seen again. */
static enum cq_code recount(struct cq_bulk_work *work, struct chunk_walk *walk, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_place_count_build(work->place, walk->queue, &command);
    enum cq_code code = cq_connection_call(work->session->connection, &command, &reply, err);
    if (code == CQ_OK && walk->restarts++ < RESTARTS_MOST)
        walk->left = cq_reply_int(reply);
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

static enum cq_code walk_pages(struct cq_bulk_work *work, struct chunk_walk *walk, struct cq_error *err)
{
    struct cq_page_read page = {0};
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    while (code == CQ_OK && !page.ended && walk->left > 0 && !cq_interrupted()) {
        struct cq_reply *reply = NULL;
        code = read_page(work, walk, &command, &reply, &page, err);
        if (code == CQ_OK && page.again)
            code = recount(work, walk, err);
        if (code == CQ_OK) {
            if (work->place == CQ_PLACE_QUEUED)
                walk->left -= (int64_t)page.count;
            work->seen += (int64_t)page.count;
            code = do_page(work, walk, reply, &page, err);
            cq_progress_set(&work->progress, work->seen);
        }
        cq_reply_free(reply);
    }
    cq_command_release(&command);
    return code;
}

/* The last entry of a sorted set: what comes behind it came later. */
static enum cq_code find_end(struct cq_bulk_work *work, struct chunk_walk *walk, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_place_last_build(work->place, walk->queue, &command);
    enum cq_code code = cq_connection_call(work->session->connection, &command, &reply, err);
    if (code == CQ_OK)
        keep(&walk->until_score, &walk->until_member,
             (struct cq_place_cursor){cq_reply_str(cq_reply_at(reply, 1)),
                                      cq_reply_str(cq_reply_at(reply, 0))});
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

enum cq_code cq_chunks_of(struct cq_bulk_work *work, struct cq_str queue, int64_t count, struct cq_error *err)
{
    struct chunk_walk walk = {.queue = queue,
                              .score = CQ_BUF_INIT(CURSOR_MAX),
                              .member = CQ_BUF_INIT(CURSOR_MAX),
                              .until_score = CQ_BUF_INIT(CURSOR_MAX),
                              .until_member = CQ_BUF_INIT(CURSOR_MAX),
                              .left = count};
    enum cq_code code = CQ_OK;
    /* Dependents that are released onto the head of a list are not what was there: the others are named. */
    bool named = work->stop || work->place == CQ_PLACE_STARTED ||
                 (work->place == CQ_PLACE_QUEUED && work->bulk.dependents);
    bool straight = !named && cq_filter_is_any(&work->filter) && !work->selection->dry_run;
    if (work->place != CQ_PLACE_QUEUED && work->place != CQ_PLACE_STARTED)
        code = find_end(work, &walk, err);
    if (code == CQ_OK)
        code = straight ? walk_straight(work, &walk, err) : walk_pages(work, &walk, err);
    cq_buf_release(&walk.score);
    cq_buf_release(&walk.member);
    cq_buf_release(&walk.until_score);
    cq_buf_release(&walk.until_member);
    return code;
}
