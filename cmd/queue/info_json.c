#include "cmd/queue/info_json.h"

#include <math.h>

#include "base/attr.h"
#include "base/number.h"
#include "base/utf8.h"

static void put_json_text(struct cq_buf *out, struct cq_str text)
{
    cq_buf_char(out, '"');
    cq_utf8_escape_json(out, text);
    cq_buf_char(out, '"');
}

static void put_json_key(struct cq_buf *out, const char *key)
{
    cq_buf_printf(out, "\"%s\":", key);
}

static void put_json_count(struct cq_buf *out, const char *key, int64_t count)
{
    put_json_key(out, key);
    if (count == CQ_OVERVIEW_UNKNOWN)
        cq_buf_text(out, "null");
    else
        cq_buf_printf(out, "%lld", (long long)count);
    cq_buf_char(out, ',');
}

static void put_json_names(struct cq_buf *out, const char *key, const struct cq_strv *names)
{
    put_json_key(out, key);
    cq_buf_char(out, '[');
    for (size_t i = 0; i < names->len; i++) {
        cq_buf_text(out, i ? "," : "");
        put_json_text(out, cq_str(names->items[i]));
    }
    cq_buf_char(out, ']');
}

static void put_json_queue(struct cq_buf *out, const struct cq_overview_queue *queue)
{
    put_json_key(out, "name");
    put_json_text(out, queue->name);
    cq_buf_char(out, ',');
    put_json_count(out, "queued", queue->queued);
    for (int kind = 0; kind < CQ_REGISTRY_COUNT_OF; kind++)
        put_json_count(out, cq_registry_name((enum cq_registry_kind)kind), queue->registries[kind]);
    put_json_count(out, "abandoned", queue->abandoned);
    put_json_names(out, "workers", &queue->workers);
    cq_buf_printf(out, ",\"paused\":%s", queue->paused ? "true" : "false");
}

enum form { AS_TEXT, AS_INT, AS_NUMBER };

/* A field of a hash, under its own name. */
struct info_field {
    const char *name;
    enum form form;
};

static const struct info_field scheduler_fields[] = {
    {"hostname", AS_TEXT},
    {"pid", AS_INT},
    {"created_at", AS_TEXT},
    {"last_heartbeat", AS_TEXT},
};

static const struct info_field worker_fields[] = {
    {"state", AS_TEXT},
    {"hostname", AS_TEXT},
    {"ip_address", AS_TEXT},
    {"pid", AS_INT},
    {"version", AS_TEXT},
    {"python_version", AS_TEXT},
    {"birth", AS_TEXT},
    {"last_heartbeat", AS_TEXT},
    {"shutdown_requested_date", AS_TEXT},
    {"death", AS_TEXT},
    {"current_job", AS_TEXT},
    {"current_job_working_time", AS_NUMBER},
    {"successful_job_count", AS_INT},
    {"failed_job_count", AS_INT},
    {"total_working_time", AS_NUMBER},
};

static void put_json_field(struct cq_buf *out, struct cq_str text, enum form form)
{
    int64_t whole;
    double number;
    if (form == AS_TEXT && text.len)
        put_json_text(out, text);
    else if (form == AS_INT && text.len && cq_number_int(text, INT64_MIN + 1, INT64_MAX, &whole))
        cq_buf_printf(out, "%lld", (long long)whole);
    else if (form == AS_NUMBER && text.len && cq_number_double(text, &number) && isfinite(number))
        cq_buf_printf(out, "%.6f", number);
    else
        cq_buf_text(out, "null");
}

/* What a worker or a scheduler says of itself: its name, fields of its hash, its queues. */
static void put_json_hash(struct cq_buf *out, struct cq_str name, const struct cq_reply *hash,
                          const struct info_field *fields, size_t count)
{
    struct cq_strv queues = CQ_STRV_INIT;
    put_json_key(out, "name");
    put_json_text(out, name);
    for (size_t i = 0; i < count; i++) {
        cq_buf_char(out, ',');
        put_json_key(out, fields[i].name);
        put_json_field(out, cq_reply_field(hash, fields[i].name), fields[i].form);
    }
    cq_strv_split(&queues, cq_reply_field(hash, "queues"), ',');
    cq_buf_char(out, ',');
    put_json_names(out, "queues", &queues);
    cq_strv_release(&queues);
}

void cq_info_json(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out)
{
    char when[CQ_TIME_ISO_SIZE];
    cq_time_iso(overview->now, when);
    cq_buf_printf(out, "{\"time\":\"%s\",", when);
    put_json_count(out, "rate_limited", overview->rate_limited);
    cq_buf_printf(out, "\"suspended\":%s", overview->suspended ? "true" : "false");
    if (!form->only_workers || form->only_queues) {
        cq_buf_text(out, ",\"queues\":[");
        for (size_t i = 0; i < overview->queue_count; i++) {
            cq_buf_text(out, i ? ",{" : "{");
            put_json_queue(out, &overview->queues[i]);
            cq_buf_char(out, '}');
        }
        cq_buf_char(out, ']');
    }
    if (!form->only_queues) {
        cq_buf_text(out, ",\"workers\":[");
        for (size_t i = 0; i < overview->worker_count; i++) {
            cq_buf_text(out, i ? ",{" : "{");
            put_json_hash(out, overview->workers[i].name, overview->workers[i].fields, worker_fields,
                          CQ_ARRAY_LEN(worker_fields));
            cq_buf_char(out, '}');
        }
        cq_buf_text(out, "],\"schedulers\":[");
        for (size_t i = 0; i < overview->scheduler_count; i++) {
            cq_buf_text(out, i ? ",{" : "{");
            const struct cq_overview_scheduler *scheduler = &overview->schedulers[i];
            put_json_hash(out, scheduler->name, scheduler->fields, scheduler_fields,
                          CQ_ARRAY_LEN(scheduler_fields));
            cq_buf_char(out, ',');
            put_json_names(out, "locks", &scheduler->locks);
            cq_buf_char(out, '}');
        }
        cq_buf_char(out, ']');
    }
    cq_buf_text(out, "}\n");
}
