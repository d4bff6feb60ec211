#include "lifecycle/worker/state.h"

#include "job/script_call.h"

static void build_field(struct cq_str name, const char *field, const char *value, struct cq_command *command)
{
    struct cq_key key_worker = cq_key_worker(name);
    const char *arg_field = field, *arg_value = value;
    CQ_PUT_CALL(command, STATE);
}

void cq_worker_state_build(struct cq_str worker, const char *state, struct cq_command *command)
{
    build_field(worker, "state", state, command);
}

void cq_worker_python_build(struct cq_str worker, const char *version, struct cq_command *command)
{
    build_field(worker, "python_version", version, command);
}

void cq_worker_shutdown_build(struct cq_str worker, cq_time now, struct cq_command *command)
{
    char iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(now, iso);
    build_field(worker, "shutdown_requested_date", iso, command);
}
