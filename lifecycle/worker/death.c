#include "lifecycle/worker/death.h"

#include "job/script_call.h"

void cq_worker_death_build(const struct cq_worker_identity *id, cq_time now, struct cq_command *command)
{
    struct cq_key key_worker = cq_key_worker(id->name), key_workers = cq_key_workers();
    struct cq_key key_worker_executions = cq_key_worker_executions(id->name);
    char arg_now_iso[CQ_TIME_ISO_SIZE], arg_birth[CQ_TIME_ISO_SIZE] = "";
    cq_time_iso(now, arg_now_iso);
    if (id->birth)
        cq_time_iso(id->birth, arg_birth);
    int arg_pid = id->pid;
    const char *arg_hostname = id->hostname;
    CQ_PUT_KEYS(command, DEATH, id->queue_count);
    cq_worker_put_queue_sets(id, command);
    CQ_PUT_ARGS(command, DEATH);
}
