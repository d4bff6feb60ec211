#include "lifecycle/worker/state.h"

#include "job/keys.h"

_Static_assert(CQ_STATE_NKEYS == 1 && CQ_STATE_NARGS == 2, "state.lua takes other keys or arguments");

static void build_field(struct cq_str name, const char *field, const char *value, struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(name);
    cq_command_script(command, CQ_SCRIPT_STATE, CQ_STATE_NKEYS);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_texts(command, field, value, NULL);
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
