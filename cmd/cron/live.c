#include "cmd/cron/live.h"

#include <string.h>

#include "base/arena.h"
#include "base/number.h"
#include "cmd/line/output.h"
#include "job/keys.h"
#include "lifecycle/cron/cron_view.h"
#include "serializers/serializer.h"

enum { SHOWN_LIMIT = 64 * 1024 * 1024 };

/* One scheduler, borrowed from replies. */
struct scheduler {
    struct cq_str name;
    int64_t seen_s_ago;
    const struct cq_reply *hash;
    struct cq_value jobs;          /* a list; empty: it shows none that can be read */
    const struct cq_reply *paused; /* names */
};

static struct cq_str text_of(const struct cq_value *map, const char *key)
{
    const struct cq_value *value = cq_value_get(map, key);
    return value && value->kind == CQ_VALUE_STR ? value->as.text : CQ_STR_NONE;
}

static bool is_paused(const struct scheduler *scheduler, struct cq_str name)
{
    for (size_t i = 0; i < cq_reply_len(scheduler->paused); i++)
        if (cq_str_eq(cq_reply_str(cq_reply_at(scheduler->paused, i)), name))
            return true;
    return false;
}

/* --- As text. */

static void show_text(struct cq_str text)
{
    cq_print_name(text.len ? text : CQ_STR_LIT("-"));
}

static void show_job(const struct scheduler *scheduler, const struct cq_value *job)
{
    const struct cq_value *interval = cq_value_get(job, "interval");
    struct cq_str name = text_of(job, "name");
    cq_print("  ");
    show_text(name.len ? name : text_of(job, "func_name")); /* RQ before 2.9 shows no name */
    cq_print("  ");
    if (interval && interval->kind == CQ_VALUE_INT)
        cq_print("@every %llds", (long long)interval->as.integer);
    else
        show_text(text_of(job, "cron"));
    cq_print("  ");
    show_text(text_of(job, "queue_name"));
    cq_print("  ");
    show_text(text_of(job, "func_name"));
    cq_print("\n      last ");
    show_text(text_of(job, "latest_enqueue_time"));
    cq_print(", next ");
    show_text(text_of(job, "next_enqueue_time"));
    cq_print("%s\n", is_paused(scheduler, name) ? ", paused" : "");
}

static void show(const struct scheduler *scheduler)
{
    cq_print_name(scheduler->name);
    cq_print("  %lld s ago  ", (long long)scheduler->seen_s_ago);
    show_text(cq_reply_field(scheduler->hash, "config_file"));
    cq_print("\n");
    for (size_t i = 0; i < scheduler->jobs.as.list.len; i++)
        if (scheduler->jobs.as.list.items[i].kind == CQ_VALUE_MAP)
            show_job(scheduler, &scheduler->jobs.as.list.items[i]);
}

/* --- As JSON. */

static void show_json(const struct scheduler *scheduler)
{
    static const char *const fields[] = {"hostname", "pid", "created_at", "config_file"};
    struct cq_buf line = CQ_BUF_INIT(SHOWN_LIMIT);
    struct cq_error ignored;
    cq_buf_char(&line, '{');
    cq_output_json(&line, "scheduler", scheduler->name);
    cq_buf_printf(&line, ", \"seen_s_ago\": %lld", (long long)scheduler->seen_s_ago);
    for (size_t i = 0; i < CQ_ARRAY_LEN(fields); i++)
        cq_output_json(&line, fields[i], cq_reply_field(scheduler->hash, fields[i]));
    cq_buf_text(&line, ", \"jobs\": ");
    if (cq_encode(CQ_FORMAT_JSON, &scheduler->jobs, &line, &ignored) != CQ_OK)
        cq_buf_text(&line, "[]");
    cq_print_str(cq_buf_view(&line));
    cq_print("}\n");
    cq_buf_release(&line);
}

/* --- Asking. */

/* A sorted set's score, in whole seconds. */
static int64_t seconds_of(struct cq_str score)
{
    const char *point = score.len ? memchr(score.data, '.', score.len) : NULL;
    int64_t seconds = 0;
    if (!cq_number_int(cq_str_n(score.data, point ? (size_t)(point - score.data) : score.len), 0, INT64_MAX,
                       &seconds))
        return 0;
    return seconds;
}

/* A key that holds something else is somebody else's. */
static enum cq_code or_nothing(enum cq_code code)
{
    return code == CQ_ERR_REDIS ? CQ_OK : code;
}

static enum cq_code show_one(struct cq_connection *connection, struct scheduler *scheduler, bool json,
                             struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    struct cq_arena arena;
    struct cq_error ignored;
    cq_arena_init(&arena);
    cq_command_init(&command);
    cq_cron_scheduler_build(scheduler->name, &command);
    enum cq_code code = or_nothing(cq_connection_call(connection, &command, &reply, err));
    if (code == CQ_OK && cq_reply_len(reply)) { /* else it has gone since */
        struct cq_str text = cq_reply_field(reply, "cron_jobs");
        scheduler->hash = reply;
        if (!text.len || cq_decode(CQ_FORMAT_JSON, text, &arena, &scheduler->jobs, &ignored) != CQ_OK ||
            scheduler->jobs.kind != CQ_VALUE_LIST)
            scheduler->jobs = cq_value_list(&arena, CQ_VALUE_LIST, 0);
        if (json)
            show_json(scheduler);
        else
            show(scheduler);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    cq_arena_release(&arena);
    return code;
}

enum cq_code cq_cron_show_live(struct cq_connection *connection, cq_time now, bool json, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *names = NULL, *paused = NULL;
    struct scheduler scheduler = {.seen_s_ago = 0};
    cq_command_init(&command);
    cq_cron_schedulers_build(now, &command);
    enum cq_code code = cq_connection_call(connection, &command, &names, err);
    if (code == CQ_OK) {
        cq_cron_paused_build(&command);
        code = or_nothing(cq_connection_call(connection, &command, &paused, err));
    }
    scheduler.paused = paused;
    for (size_t i = 0; code == CQ_OK && i + 1 < cq_reply_len(names); i += 2) {
        int64_t ago = cq_time_seconds(now) - seconds_of(cq_reply_str(cq_reply_at(names, i + 1)));
        scheduler.name = cq_reply_str(cq_reply_at(names, i));
        if (scheduler.name.len > CQ_NAME_MAX)
            continue;
        scheduler.seen_s_ago = ago > 0 ? ago : 0;
        code = show_one(connection, &scheduler, json, err);
    }
    cq_reply_free(names);
    cq_reply_free(paused);
    cq_command_release(&command);
    return code;
}
