#include "lifecycle/schedule/scheduler_stop.h"

#include "job/script_call.h"

void cq_scheduler_stop_build(const struct cq_scheduler_identity *id, struct cq_command *command)
{
    struct cq_key key_scheduler = cq_key_scheduler(cq_str(id->name));
    const char *arg_name = id->name;
    CQ_PUT_KEYS(command, SCHEDULER_STOP, id->queue_count);
    cq_scheduler_put_locks(id, command);
    CQ_PUT_ARGS(command, SCHEDULER_STOP);
}
