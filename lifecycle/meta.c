#include "lifecycle/meta.h"

#include "job/script_call.h"

void cq_meta_build(struct cq_str job_id, struct cq_str meta, struct cq_command *command)
{
    struct cq_str arg_id = job_id, arg_meta = meta;
    CQ_PUT_CALL(command, META);
}
