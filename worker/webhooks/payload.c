#include "worker/webhooks/payload.h"

#include "base/utf8.h"
#include "job/function_call.h"
#include "job/peek.h"
#include "serializers/json.h"
#include "serializers/serializer.h"
#include "worker/job_fields.h"

/* Python's isoformat() of a time in UTC, as RQ's datetimes are: no fraction when it is 0. */
static struct cq_value iso(struct cq_arena *arena, cq_time when)
{
    char text[CQ_TIME_ISO_SIZE];
    cq_time_iso(when, text); /* 2026-11-20T22:11:51.000123Z */
    int len = when % CQ_SECOND ? 26 : 19;
    return cq_value_str(cq_str(cq_arena_printf(arena, "%.*s+00:00", len, text)));
}

/* RQ's readers decode ids and texts as UTF-8; others may have written anything. */
static struct cq_value text_of(struct cq_arena *arena, struct cq_str text)
{
    struct cq_buf valid = CQ_BUF_INIT(3 * text.len + 1);
    cq_utf8_append_valid(&valid, text);
    struct cq_value value = cq_value_str(cq_arena_str(arena, cq_buf_view(&valid)));
    cq_buf_release(&valid);
    return value;
}

static struct cq_value func_name(struct cq_arena *arena, struct cq_str data)
{
    struct cq_value name = cq_value_none();
    struct cq_peek peek;
    struct cq_peeked peeked;
    struct cq_function_call call;
    cq_peek_init(&peek);
    if (cq_peek_look(&peek, data, &peeked) && peeked.function.data)
        name = text_of(arena, peeked.function);
    else if (cq_function_call_read(data, arena, &call, NULL) == CQ_OK)
        name = text_of(arena, call.function);
    cq_peek_release(&peek);
    return name;
}

static struct cq_str end_of(struct cq_str text)
{
    size_t skip = text.len > CQ_WEBHOOK_EXC_MAX ? text.len - CQ_WEBHOOK_EXC_MAX : 0;
    while (skip && skip < text.len && ((unsigned char)text.data[skip] & 0xc0) == 0x80)
        skip++;
    return cq_str_n(text.data + skip, text.len - skip);
}

enum cq_code cq_webhook_payload(const struct cq_webhook_event *event, struct cq_buf *out,
                                struct cq_error *err)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_value payload = cq_value_map(&arena, 0);
    cq_time enqueued_at;
    bool enqueued = cq_time_parse_iso(cq_job_fields_get(event->fields, "enqueued_at"), &enqueued_at);
    cq_value_set(&arena, &payload, "job_id", text_of(&arena, event->job_id));
    cq_value_set(&arena, &payload, "func_name", func_name(&arena, cq_job_fields_get(event->fields, "data")));
    cq_value_set(&arena, &payload, "status",
                 cq_value_str(event->failed ? CQ_STR_LIT("failed") : CQ_STR_LIT("finished")));
    cq_value_set(&arena, &payload, "enqueued_at", enqueued ? iso(&arena, enqueued_at) : cq_value_none());
    cq_value_set(&arena, &payload, "ended_at", iso(&arena, event->ended_at));
    if (event->failed)
        cq_value_set(&arena, &payload, "exc_info", text_of(&arena, end_of(event->exc_text)));
    enum cq_code code = cq_json_write(&payload, out, err);
    cq_arena_release(&arena);
    return code;
}
