#include "lifecycle/worker/birth.h"

#include "base/buf.h"
#include "job/keys.h"

_Static_assert(CQ_BIRTH_NKEYS == 2 && CQ_BIRTH_NARGS == 7, "birth.lua takes other keys or arguments");

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
    cq_key_arg(command, cq_key_workers());
    cq_worker_put_queue_sets(id, command);

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
