#include "worker/slot/answer.h"

#include <stddef.h>

#include "lifecycle/meta.h"
#include "worker/slot/horses.h"

enum {
    ENDED_MAX = 2
}; /* `ended` frames that count: of the function, and of a success callback that fails the job */

static struct cq_slot *slot_of(struct cq_horse_owner *owner)
{
    return (struct cq_slot *)((char *)owner - offsetof(struct cq_slot, owner));
}

/* ---- frames that come before the answer ---- */

/* When the call is lost, the outcome takes meta along: it follows on the same connection. */
static void on_meta(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply;
    struct cq_slot *slot = data;
    if (lost && slot->worker.execution != CQ_EXECUTION_NONE)
        slot->run.meta_present = true;
}

/* HSET meta now; a job that was deleted meanwhile is not created anew. */
static void save_meta(struct cq_slot *slot, struct cq_str meta)
{
    struct cq_async *redis = slot->context->redis;
    if (!meta.data)
        return;
    cq_execution_put(&slot->run.meta, meta);
    slot->run.meta_present = !cq_async_is_ready(redis); /* then it goes with the outcome */
    if (slot->run.meta_present)
        return;
    struct cq_command *command = cq_async_begin(redis);
    cq_meta_build(cq_buf_view(&slot->run.job_id), meta, command);
    cq_async_call(redis, command, on_meta, slot);
}

/* The function has ended, and callbacks or handlers run: they have a timeout of their own. */
static void on_ended(struct cq_slot *slot, const struct cq_frame *frame)
{
    int64_t timeout_s = 0;
    if (slot->run.ended_frames == ENDED_MAX) /* or a job could live for ever */
        return;
    slot->run.ended_frames++;
    if (cq_frame_get_int(frame, "timeout", &timeout_s) && !cq_execution_is_dying(slot->worker.execution))
        cq_execution_set_limit(&slot->run, timeout_s);
    bool success = cq_str_is(cq_frame_get_str(frame, "callback"), "success");
    cq_execution_raise(&slot->worker, success ? CQ_EXECUTION_CALLS_SUCCESS : CQ_EXECUTION_CALLS_HANDLERS);
}

/* ---- the answer ---- */

static enum cq_execution_event event_of(const struct cq_frame *frame)
{
    if (cq_str_is(frame->type, "done"))
        return CQ_EXECUTION_ANSWER_DONE;
    if (cq_str_is(frame->type, "failed"))
        return CQ_EXECUTION_ANSWER_FAILED;
    if (cq_str_is(frame->type, "retry"))
        return CQ_EXECUTION_ANSWER_RETRY;
    return CQ_EXECUTION_BAD_FRAME;
}

static void on_last_frame(struct cq_slot *slot, const struct cq_horse *horse, const struct cq_frame *frame)
{
    enum cq_execution_event event = event_of(frame);
    if (event == CQ_EXECUTION_BAD_FRAME && !cq_execution_is_dying(slot->worker.execution))
        cq_log_job_error(&slot->logger, slot->run.job_id.data,
                         "horse %d sent an unknown frame '%.*s'; killing it", (int)horse->pid,
                         (int)frame->type.len, frame->type.data);
    slot->run.frame = frame;
    cq_execution_raise(&slot->worker, event);
    slot->run.frame = NULL;
}

static void on_frame(struct cq_horse_owner *owner, struct cq_horse *horse, const struct cq_frame *frame)
{
    struct cq_slot *slot = slot_of(owner);
    if (horse != slot->horse || !cq_execution_runs(slot->worker.execution))
        cq_log_debug(&slot->logger, "horse %d sent '%.*s' out of turn", (int)horse->pid, (int)frame->type.len,
                     frame->type.data);
    else if (cq_str_is(frame->type, "log"))
        cq_output_frame(&slot->output, frame);
    else if (cq_str_is(frame->type, "meta"))
        save_meta(slot, cq_frame_get_str(frame, "meta"));
    else if (cq_str_is(frame->type, "ended"))
        on_ended(slot, frame);
    else
        on_last_frame(slot, horse, frame);
}

/* ---- it comes, and goes ---- */

static void on_forked(struct cq_horse_owner *owner, struct cq_horse *horse)
{
    struct cq_slot *slot = slot_of(owner);
    if (horse == slot->horse)
        cq_buf_release(&slot->run.unsent);
}

static void on_gone(struct cq_horse_owner *owner, struct cq_horse *horse)
{
    struct cq_slot *slot = slot_of(owner);
    bool at_work = slot->horse == horse && cq_execution_runs(slot->worker.execution);
    bool not_forked = horse->state == CQ_HORSE_NOT_FORKED && !cq_execution_is_dying(slot->worker.execution);
    slot->run.death_status = horse->status;
    cq_horses_forget(slot, horse);
    if (!at_work)
        return;
    if (!not_forked)
        cq_output_drain(&slot->output);
    cq_execution_raise(&slot->worker, not_forked ? CQ_EXECUTION_NOT_FORKED : CQ_EXECUTION_HORSE_GONE);
}

void cq_answer_init(struct cq_slot *slot)
{
    slot->owner = (struct cq_horse_owner){
        .output = &slot->output,
        .answer = on_frame,
        .forked = on_forked,
        .gone = on_gone,
    };
}
