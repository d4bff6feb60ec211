#include "lifecycle/maintain/abandon.h"

#include <stdio.h>
#include <string.h>

#include "job/result.h"
#include "job/script_call.h"
#include "lifecycle/times.h"

enum { ITEM_LEN = 4 };

/* RQ's text, with the time as Python's str() of an aware datetime shows it. Source: rq/registry.py
 * StartedJobRegistry. */
void cq_abandon_text(cq_time now, char text[CQ_ABANDON_TEXT_SIZE])
{
    char iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, iso);
    int digits = now % CQ_SECOND ? 26 : 19; /* Python leaves a fraction of zero out */
    snprintf(text, CQ_ABANDON_TEXT_SIZE,
             "Moved to FailedJobRegistry, due to AbandonedJobError, at %.10s %.*s+00:00", iso, digits - 11,
             iso + 11);
}

void cq_abandon_build(const struct cq_abandon *abandon, struct cq_command *command)
{
    struct cq_key key_wip = cq_key_registry("wip", abandon->queue), key_list = cq_key_queue(abandon->queue);
    struct cq_key key_intermediate = cq_key_intermediate(abandon->queue);
    char text[CQ_ABANDON_TEXT_SIZE];
    struct cq_buf exc = CQ_BUF_INIT(4 * CQ_ABANDON_TEXT_SIZE);
    cq_abandon_text(abandon->now, text);
    cq_result_encode_exc(cq_str(text), &exc);
    struct cq_str arg_queue = abandon->queue, arg_exc = cq_buf_view(&exc);
    bool arg_requeue = abandon->requeue;
    int arg_limit = abandon->limit;
    CQ_NOW_ARGS(abandon->now);
    CQ_PUT_CALL(command, ABANDON);
    cq_buf_release(&exc);
}

enum cq_code cq_abandon_read(const struct cq_reply *reply, size_t *ret_count, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code == CQ_OK)
        *ret_count = cq_reply_len(cq_reply_at(reply, 0)) / ITEM_LEN;
    return code;
}

bool cq_abandon_more(const struct cq_reply *reply)
{
    return cq_reply_int(cq_reply_at(reply, 1)) == 1;
}

void cq_abandon_item(const struct cq_reply *reply, size_t index, struct cq_abandoned *ret_item)
{
    static const char *const verdicts[] = {"retried", "failed", "requeued", "dropped"};
    const struct cq_reply *items = cq_reply_at(reply, 0);
    struct cq_str verdict = cq_reply_str(cq_reply_at(items, index * ITEM_LEN + 2));
    ret_item->job_id = cq_reply_str(cq_reply_at(items, index * ITEM_LEN));
    ret_item->execution_id = cq_reply_str(cq_reply_at(items, index * ITEM_LEN + 1));
    ret_item->has_failure_callback = cq_reply_int(cq_reply_at(items, index * ITEM_LEN + 3)) == 1;
    ret_item->verdict = "unknown";
    for (size_t i = 0; i < CQ_ARRAY_LEN(verdicts); i++)
        if (cq_str_is(verdict, verdicts[i]))
            ret_item->verdict = verdicts[i];
}
