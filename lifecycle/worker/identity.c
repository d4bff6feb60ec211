#include "lifecycle/worker/identity.h"

#include "job/keys.h"

void cq_worker_put_queue_sets(const struct cq_worker_identity *id, struct cq_command *command)
{
    for (size_t i = 0; i < id->queue_count; i++) {
        struct cq_key key = cq_key_queue_workers(id->queues[i]);
        cq_command_arg(command, cq_key_str(&key));
    }
}
