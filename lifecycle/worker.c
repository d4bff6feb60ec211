#include "lifecycle/worker.h"

#include "base/buf.h"
#include "job/keys.h"

_Static_assert(CQ_BIRTH_NKEYS == 2 && CQ_BIRTH_NARGS == 7, "birth.lua takes other keys or arguments");
_Static_assert(CQ_STATE_NKEYS == 1 && CQ_STATE_NARGS == 2, "state.lua takes other keys or arguments");
_Static_assert(CQ_DEATH_NKEYS == 3 && CQ_DEATH_NARGS == 4, "death.lua takes other keys or arguments");

static void put_queue_sets(const struct cq_worker_identity *id, struct cq_command *command)
{
    for (size_t i = 0; i < id->queue_count; i++) {
        struct cq_key key = cq_key_queue_workers(id->queues[i]);
        cq_command_arg(command, cq_key_str(&key));
    }
}

/* Field, value ... of the hash. Source: rq/worker/base.py serialize. */
static void put_fields(const struct cq_worker_identity *id, const char *birth, const char *now,
                       struct cq_command *command)
{
    struct cq_buf queues = CQ_BUF_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < id->queue_count; i++) {
        if (i)
            cq_buf_char(&queues, ',');
        cq_buf_str(&queues, id->queues[i]);
    }
    cq_command_texts(command, "birth", birth, "last_heartbeat", now, "queues", NULL);
    cq_command_arg(command, cq_buf_view(&queues));
    cq_command_text(command, "pid");
    cq_command_int(command, id->pid);
    cq_command_texts(command, "hostname", id->hostname, "ip_address", id->ip_address, "version", id->version,
                     "python_version", id->python_version, NULL);
    cq_buf_release(&queues);
}

void cq_worker_birth_build(const struct cq_worker_identity *id, cq_time birth, cq_time now, bool reborn,
                           struct cq_command *command)
{
    struct cq_key worker = cq_key_worker(id->name);
    char birth_iso[CQ_TIME_ISO_SIZE], now_iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(birth, birth_iso);
    cq_time_iso(now, now_iso);
    cq_command_script(command, CQ_SCRIPT_BIRTH, CQ_BIRTH_NKEYS + (int)id->queue_count);
    cq_command_arg(command, cq_key_str(&worker));
    cq_command_text(command, CQ_KEY_WORKERS);
    put_queue_sets(id, command);

    cq_command_arg(command, id->name);
    cq_command_int(command, reborn);
    cq_command_int(command, id->worker_ttl_s);
    cq_command_text(command, birth_iso);
    cq_command_int(command, id->pid);
    cq_command_text(command, id->hostname);
    cq_command_int(command, id->replaces_pid);
    put_fields(id, birth_iso, now_iso, command);
}

enum cq_code cq_worker_birth_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}

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
    cq_command_text(command, CQ_KEY_WORKERS);
    put_queue_sets(id, command);
    cq_command_text(command, iso);
    cq_command_int(command, id->pid);
    cq_command_text(command, id->hostname);
    cq_command_text(command, birth_iso);
}
