#include "lifecycle/schedule/due.h"

#include "base/buf.h"
#include "job/script_call.h"

enum { FIRST_STATE = 4 }; /* in the reply of due.lua, after its counts */

/* Field, value ... of its hash. Source: rq/scheduler.py to_dict. */
static void put_fields(const struct cq_scheduler_identity *id, const char *now, struct cq_command *command)
{
    char created_at[CQ_TIME_ISO_SIZE];
    struct cq_buf queues = CQ_BUF_INIT(SIZE_MAX / 2);
    cq_time_iso(id->created_at, created_at);
    for (size_t i = 0; i < id->queue_count; i++) {
        if (i)
            cq_buf_char(&queues, ',');
        cq_buf_str(&queues, id->queues[i]);
    }
    cq_command_texts(command, "name", id->name, "hostname", id->hostname, "pid", NULL);
    cq_command_int(command, id->pid);
    cq_command_text(command, "queues");
    cq_command_arg(command, cq_buf_view(&queues));
    cq_command_texts(command, "created_at", created_at, "last_heartbeat", now, NULL);
    cq_buf_release(&queues);
}

void cq_due_build(const struct cq_scheduler_identity *id, cq_time now, int limit, struct cq_command *command)
{
    struct cq_key key_scheduler = cq_key_scheduler(cq_str(id->name));
    const char *arg_name = id->name;
    int arg_lock_ttl = CQ_SCHEDULER_LOCK_TTL_S, arg_limit = limit;
    char arg_now_iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, arg_now_iso);
    CQ_PUT_KEYS(command, DUE, id->queue_count);
    cq_scheduler_put_locks(id, command);
    CQ_PUT_ARGS(command, DUE);
    put_fields(id, arg_now_iso, command);
}

enum cq_code cq_due_read(const struct cq_reply *reply, struct cq_due *ret_due, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_due = (struct cq_due){
        .wait_ms = cq_reply_int(cq_reply_at(reply, 0)),
        .moved = cq_reply_int(cq_reply_at(reply, 1)),
        .dropped = cq_reply_int(cq_reply_at(reply, 2)),
        .put_off = cq_reply_int(cq_reply_at(reply, 3)),
    };
    return CQ_OK;
}

enum cq_lock cq_due_lock(const struct cq_reply *reply, size_t queue_index)
{
    return (enum cq_lock)cq_reply_int(cq_reply_at(reply, FIRST_STATE + queue_index));
}
