#include "lifecycle/meta.h"

#include "job/keys.h"

_Static_assert((int)CQ_META_NKEYS == 1 && (int)CQ_META_NARGS == 1, "meta.lua and cq_meta_build differ");

void cq_meta_build(struct cq_str job_id, struct cq_str meta, struct cq_command *command)
{
    struct cq_key key = cq_key_job(job_id);
    cq_command_script(command, CQ_SCRIPT_META, CQ_META_NKEYS);
    cq_command_arg(command, cq_key_str(&key));
    cq_command_arg(command, meta);
}
