#include "lifecycle/manage/requeue.h"

#include "job/script_call.h"

void cq_requeue_build(const char *registry, struct cq_str job_id, struct cq_str queue, bool at_front,
                      cq_time now, struct cq_command *command)
{
    struct cq_str arg_id = job_id, arg_queue = queue;
    const char *arg_registry = registry;
    bool arg_at_front = at_front;
    char arg_now_iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, arg_now_iso);
    CQ_PUT_CALL(command, REQUEUE);
}

enum cq_code cq_requeue_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}
