#include "lifecycle/meta.h"

_Static_assert((int)CQ_META_NKEYS == 0 && (int)CQ_META_NARGS == 2, "meta.lua and cq_meta_build differ");

void cq_meta_build(struct cq_str job_id, struct cq_str meta, struct cq_command *command)
{
    cq_command_script(command, CQ_SCRIPT_META, CQ_META_NKEYS);
    cq_command_arg(command, job_id);
    cq_command_arg(command, meta);
}
