#include "lifecycle/schedule/scheduler_stop.h"

_Static_assert(CQ_SCHEDULER_STOP_NKEYS == 1 && CQ_SCHEDULER_STOP_NARGS == 1,
               "scheduler_stop.lua takes other keys or arguments");

void cq_scheduler_stop_build(const struct cq_scheduler_identity *id, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_SCHEDULER_STOP, CQ_SCHEDULER_STOP_NKEYS + (int)id->queue_count);
    cq_scheduler_put_keys(id, command);
    cq_command_text(command, id->name);
}
