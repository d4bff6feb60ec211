#include "queue/overview.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"
#include "queue/queue.h"

/* The replies of one queue, in the order in which its commands are sent. */
enum {
    AT_LEN,
    AT_REGISTRIES,
    AT_EXPIRED_FINISHED = AT_REGISTRIES + CQ_REGISTRY_COUNT_OF,
    AT_EXPIRED_FAILED,
    AT_ABANDONED,
    AT_WORKERS,
    AT_LOCK,
    PER_QUEUE
};

/* The replies of the first round trip. */
enum { AT_ALL_WORKERS, AT_SUSPENDED, AT_PAUSED, AT_LIMIT_KEYS, AT_NAMES };

/* A pipeline whose replies the overview keeps. */
struct pipeline {
    struct cq_connection *connection;
    struct cq_overview *overview;
    struct cq_command command;
    size_t sent;
    enum cq_code code; /* the first error; nothing is sent after it */
    struct cq_error *err;
};

static void send(struct pipeline *pipeline)
{
    if (pipeline->code == CQ_OK)
        pipeline->code = cq_connection_send(pipeline->connection, &pipeline->command, pipeline->err);
    pipeline->sent++;
    cq_command_clear(&pipeline->command);
}

/* Wait for all replies; they follow those that the overview has already. */
static enum cq_code receive(struct pipeline *pipeline)
{
    struct cq_overview *overview = pipeline->overview;
    overview->replies = cq_realloc(overview->replies,
                                   (overview->reply_count + pipeline->sent + 1) * sizeof(*overview->replies));
    for (; pipeline->sent && pipeline->code == CQ_OK; pipeline->sent--) {
        struct cq_reply *reply = NULL;
        pipeline->code = cq_connection_receive(pipeline->connection, &reply, pipeline->err);
        if (pipeline->code == CQ_OK)
            overview->replies[overview->reply_count++] = reply;
    }
    return pipeline->code;
}

/* Errors that are about the server or our rights, and not about one foreign key: the command ends with
 * them. */
static enum cq_code check(const struct cq_reply *reply, struct cq_error *err)
{
    if (cq_reply_type(reply) == CQ_REPLY_ERROR && cq_str_starts(cq_reply_str(reply), "WRONGTYPE"))
        return CQ_OK;
    return cq_reply_check(reply, err);
}

static int64_t number(const struct cq_reply *reply)
{
    return cq_reply_type(reply) == CQ_REPLY_INT ? cq_reply_int(reply) : CQ_OVERVIEW_UNKNOWN;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct cq_strv *names)
{
    if (names->len)
        qsort(names->items, names->len, sizeof(*names->items), by_text);
}

static bool sorted_has(const struct cq_strv *names, const char *name)
{
    return names->len && bsearch(&name, names->items, names->len, sizeof(*names->items), by_text);
}

/* Names out of a set of rq:worker:<name>; what has another form was not written by a worker. */
static void worker_names(const struct cq_reply *reply, struct cq_strv *names)
{
    for (size_t i = 0; i < cq_reply_len(reply); i++) {
        struct cq_str name = cq_key_worker_name(cq_reply_str(cq_reply_at(reply, i)));
        if (name.len)
            cq_strv_push(names, name);
    }
    sort(names);
}

static void limit_keys(const struct cq_reply *reply, struct cq_strv *keys)
{
    for (size_t i = 0; i < cq_reply_len(reply); i++) {
        struct cq_str key = cq_reply_str(cq_reply_at(reply, i));
        if (key.len && key.len <= CQ_NAME_MAX && !memchr(key.data, '\0', key.len))
            cq_strv_push(keys, key);
    }
}

/* First round trip: who is there. */
static enum cq_code read_names(struct pipeline *pipeline, const struct cq_strv *queues)
{
    struct cq_overview *overview = pipeline->overview;
    cq_command_texts(&pipeline->command, "SMEMBERS", cq_key_workers().text, NULL);
    send(pipeline);
    cq_command_texts(&pipeline->command, "EXISTS", cq_key_suspended().text, NULL);
    send(pipeline);
    cq_command_texts(&pipeline->command, "HGETALL", cq_key_paused().text, NULL);
    send(pipeline);
    cq_command_texts(&pipeline->command, "SMEMBERS", cq_key_rate_limit_keys().text, NULL);
    send(pipeline);
    if (!queues->len) {
        cq_queue_names_build(&pipeline->command);
        send(pipeline);
    }
    enum cq_code code = receive(pipeline);
    for (size_t i = 0; i < overview->reply_count && code == CQ_OK; i++)
        code = check(overview->replies[i], pipeline->err);
    if (code != CQ_OK)
        return code;
    worker_names(overview->replies[AT_ALL_WORKERS], &overview->worker_names);
    limit_keys(overview->replies[AT_LIMIT_KEYS], &overview->limit_keys);
    overview->suspended = cq_reply_int(overview->replies[AT_SUSPENDED]) > 0;
    if (queues->len) {
        for (size_t i = 0; i < queues->len; i++)
            cq_strv_push(&overview->names, cq_str(queues->items[i]));
        return CQ_OK;
    }
    if (cq_reply_type(overview->replies[AT_NAMES]) ==
        CQ_REPLY_ERROR) /* rq:queues is not a set: no queue is known */
        return CQ_OK;
    return cq_queue_names_read(overview->replies[AT_NAMES], &overview->names, pipeline->err);
}

/* Jobs whose score lies in the past. RQ's cleanup leaves scores below 0 (kept for ever) alone. */
static void expired_build(enum cq_registry_kind kind, struct cq_str queue, cq_time now,
                          struct cq_command *command)
{
    struct cq_key key = cq_key_registry(cq_registry_key_word(kind), queue);
    cq_command_text(command, "ZCOUNT");
    cq_command_arg(command, cq_key_str(&key));
    cq_command_int(command, 0);
    cq_command_int(command, cq_time_seconds(now));
}

static void send_queue(struct pipeline *pipeline, struct cq_str queue)
{
    struct cq_key workers = cq_key_queue_workers(queue), lock = cq_key_scheduler_lock(queue);
    cq_time now = pipeline->overview->now;
    cq_queue_len_build(queue, &pipeline->command);
    send(pipeline);
    for (int kind = 0; kind < CQ_REGISTRY_COUNT_OF; kind++) {
        cq_registry_count_build((enum cq_registry_kind)kind, queue, &pipeline->command);
        send(pipeline);
    }
    expired_build(CQ_REGISTRY_FINISHED, queue, now, &pipeline->command);
    send(pipeline);
    expired_build(CQ_REGISTRY_FAILED, queue, now, &pipeline->command);
    send(pipeline);
    expired_build(CQ_REGISTRY_STARTED, queue, now, &pipeline->command);
    send(pipeline);
    cq_command_text(&pipeline->command, "SMEMBERS");
    cq_command_arg(&pipeline->command, cq_key_str(&workers));
    send(pipeline);
    cq_command_text(&pipeline->command, "GET");
    cq_command_arg(&pipeline->command, cq_key_str(&lock));
    send(pipeline);
}

static void without(int64_t *count, int64_t expired)
{
    if (*count >= 0 && expired > 0)
        *count = *count > expired ? *count - expired : 0;
}

static enum cq_code read_queue(struct cq_overview_queue *queue, struct cq_reply **replies,
                               struct cq_error *err)
{
    for (int i = 0; i < PER_QUEUE; i++) {
        enum cq_code code = check(replies[i], err);
        if (code != CQ_OK)
            return code;
    }
    queue->queued = number(replies[AT_LEN]);
    for (int kind = 0; kind < CQ_REGISTRY_COUNT_OF; kind++)
        queue->registries[kind] = number(replies[AT_REGISTRIES + kind]);
    without(&queue->registries[CQ_REGISTRY_FINISHED], number(replies[AT_EXPIRED_FINISHED]));
    without(&queue->registries[CQ_REGISTRY_FAILED], number(replies[AT_EXPIRED_FAILED]));
    queue->abandoned = number(replies[AT_ABANDONED]);
    worker_names(replies[AT_WORKERS], &queue->workers);
    return CQ_OK;
}

static void send_worker(struct pipeline *pipeline, const char *name)
{
    struct cq_key key = cq_key_worker(cq_str(name));
    cq_command_texts(&pipeline->command, "HGETALL", key.text, NULL);
    send(pipeline);
}

static void send_limit(struct pipeline *pipeline, const char *name)
{
    struct cq_key key = cq_key_rate_limited(cq_str(name));
    cq_command_texts(&pipeline->command, "ZCARD", key.text, NULL);
    send(pipeline);
}

static void count_rate_limited(struct cq_overview *overview, struct cq_reply **replies)
{
    for (size_t i = 0; i < overview->limit_keys.len; i++) {
        int64_t count = number(replies[i]);
        overview->rate_limited = count < 0 || overview->rate_limited < 0 ? CQ_OVERVIEW_UNKNOWN
                                                                         : overview->rate_limited + count;
    }
}

static bool listens(const struct cq_overview *overview, const char *name)
{
    for (size_t i = 0; i < overview->queue_count; i++)
        if (sorted_has(&overview->queues[i].workers, name))
            return true;
    return overview->queue_count == 0;
}

/* A worker whose hash is gone is dead, its name only not yet removed from the sets: RQ leaves it out, too. */
static void keep_workers(struct cq_overview *overview, struct cq_reply **replies)
{
    overview->workers = cq_calloc(overview->worker_names.len, sizeof(*overview->workers));
    for (size_t i = 0; i < overview->worker_names.len; i++) {
        const struct cq_reply *fields = replies[i];
        bool gone = cq_reply_type(fields) == CQ_REPLY_ARRAY && cq_reply_len(fields) == 0;
        if (!gone && listens(overview, overview->worker_names.items[i]))
            overview->workers[overview->worker_count++] = (struct cq_overview_worker){
                cq_str(overview->worker_names.items[i]), fields};
    }
}

static struct cq_overview_scheduler *scheduler_named(struct cq_overview *overview, struct cq_str name)
{
    for (size_t i = 0; i < overview->scheduler_count; i++)
        if (cq_str_eq(overview->schedulers[i].name, name))
            return &overview->schedulers[i];
    struct cq_overview_scheduler *added = &overview->schedulers[overview->scheduler_count++];
    *added = (struct cq_overview_scheduler){.name = name, .locks = CQ_STRV_INIT};
    return added;
}

/* Third round trip, when there are schedulers: who they are. locks: the replies of the first queue. */
static enum cq_code read_schedulers(struct pipeline *pipeline, size_t first)
{
    struct cq_overview *overview = pipeline->overview;
    overview->schedulers = cq_calloc(overview->queue_count, sizeof(*overview->schedulers));
    for (size_t i = 0; i < overview->queue_count; i++) {
        const struct cq_reply *lock = overview->replies[first + i * PER_QUEUE + AT_LOCK];
        struct cq_str name = cq_reply_type(lock) == CQ_REPLY_STR ? cq_reply_str(lock) : CQ_STR_NONE;
        if (name.len && name.len <= CQ_NAME_MAX)
            cq_strv_push(&scheduler_named(overview, name)->locks, overview->queues[i].name);
    }
    size_t hashes = overview->reply_count;
    for (size_t i = 0; i < overview->scheduler_count; i++) {
        struct cq_key key = cq_key_scheduler(overview->schedulers[i].name);
        cq_command_text(&pipeline->command, "HGETALL");
        cq_command_arg(&pipeline->command, cq_key_str(&key));
        send(pipeline);
    }
    enum cq_code code = receive(pipeline);
    for (size_t i = 0; i < overview->scheduler_count && code == CQ_OK; i++) {
        overview->schedulers[i].fields = overview->replies[hashes + i];
        code = check(overview->replies[hashes + i], pipeline->err);
    }
    return code;
}

/* Second round trip: all there is to know about them. */
static enum cq_code read_all(struct pipeline *pipeline)
{
    struct cq_overview *overview = pipeline->overview;
    size_t first = overview->reply_count;
    overview->queue_count = overview->names.len;
    overview->queues = cq_calloc(overview->names.len, sizeof(*overview->queues));
    for (size_t i = 0; i < overview->names.len; i++) {
        overview->queues[i].name = cq_str(overview->names.items[i]);
        overview->queues[i].paused = cq_queue_pause_holds(
            cq_reply_field(overview->replies[AT_PAUSED], overview->names.items[i]), overview->now);
        send_queue(pipeline, overview->queues[i].name);
    }
    for (size_t i = 0; i < overview->worker_names.len; i++)
        send_worker(pipeline, overview->worker_names.items[i]);
    for (size_t i = 0; i < overview->limit_keys.len; i++)
        send_limit(pipeline, overview->limit_keys.items[i]);
    enum cq_code code = receive(pipeline);
    for (size_t i = 0; i < overview->queue_count && code == CQ_OK; i++)
        code = read_queue(&overview->queues[i], overview->replies + first + i * PER_QUEUE, pipeline->err);
    for (size_t i = first + overview->queue_count * PER_QUEUE; i < overview->reply_count && code == CQ_OK;
         i++)
        code = check(overview->replies[i], pipeline->err);
    if (code != CQ_OK)
        return code;
    struct cq_reply **workers = overview->replies + first + overview->queue_count * PER_QUEUE;
    keep_workers(overview, workers);
    count_rate_limited(overview, workers + overview->worker_names.len);
    return read_schedulers(pipeline, first);
}

enum cq_code cq_overview_read(struct cq_connection *connection, const struct cq_strv *queues, cq_time now,
                              struct cq_overview *ret_overview, struct cq_error *err)
{
    *ret_overview = (struct cq_overview){.now = now};
    struct pipeline pipeline = {
        .connection = connection, .overview = ret_overview, .code = CQ_OK, .err = err};
    cq_command_init(&pipeline.command);
    enum cq_code code = read_names(&pipeline, queues);
    if (code == CQ_OK)
        code = read_all(&pipeline);
    cq_command_release(&pipeline.command);
    return code;
}

void cq_overview_release(struct cq_overview *overview)
{
    for (size_t i = 0; i < overview->queue_count; i++)
        cq_strv_release(&overview->queues[i].workers);
    for (size_t i = 0; i < overview->scheduler_count; i++)
        cq_strv_release(&overview->schedulers[i].locks);
    for (size_t i = 0; i < overview->reply_count; i++)
        cq_reply_free(overview->replies[i]);
    cq_strv_release(&overview->names);
    cq_strv_release(&overview->worker_names);
    cq_strv_release(&overview->limit_keys);
    free(overview->queues);
    free(overview->workers);
    free(overview->schedulers);
    free(overview->replies);
    *overview = (struct cq_overview){0};
}
