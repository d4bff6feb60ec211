#include "lifecycle/worker/death.h"

#include "job/keys.h"

_Static_assert(CQ_DEATH_NKEYS == 3 && CQ_DEATH_NARGS == 4, "death.lua takes other keys or arguments");

void cq_worker_death_build(const struct cq_worker_identity *id, cq_time now, struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(id->name), executions = cq_key_worker_executions(id->name);
    char iso[CQ_TIME_ISO_SIZE], birth_iso[CQ_TIME_ISO_SIZE] = "";
    cq_time_iso(now, iso);
    if (id->birth)
        cq_time_iso(id->birth, birth_iso);
    cq_command_script(command, CQ_SCRIPT_DEATH, CQ_DEATH_NKEYS + (int)id->queue_count);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_arg(command, cq_key_str(&executions));
    cq_key_arg(command, cq_key_workers());
    cq_worker_put_queue_sets(id, command);
    cq_command_text(command, iso);
    cq_command_int(command, id->pid);
    cq_command_text(command, id->hostname);
    cq_command_text(command, birth_iso);
}
