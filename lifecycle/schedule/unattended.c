#include "lifecycle/schedule/unattended.h"

#include "job/keys.h"

void cq_unattended_build(const struct cq_str *queues, size_t queue_count, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_UNATTENDED, 2 * (int)queue_count);
    for (size_t i = 0; i < queue_count; i++) {
        cq_key_arg(command, cq_key_scheduler_lock(queues[i]));
        cq_key_arg(command, cq_key_registry("scheduled", queues[i]));
    }
}

int64_t cq_unattended_count(const struct cq_reply *reply, size_t queue_index)
{
    return cq_reply_int(cq_reply_at(reply, queue_index));
}
