#include "lifecycle/worker/birth.h"

#include "base/buf.h"
#include "job/script_call.h"

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
    struct cq_key key_worker = cq_key_worker(id->name), key_workers = cq_key_workers();
    struct cq_str arg_name = id->name;
    bool arg_reborn = reborn;
    int arg_worker_ttl = id->worker_ttl_s, arg_pid = id->pid, arg_replaces = id->replaces_pid;
    char arg_birth[CQ_TIME_ISO_SIZE], now_iso[CQ_TIME_ISO_SIZE];
    cq_time_iso(birth, arg_birth);
    cq_time_iso(now, now_iso);
    const char *arg_hostname = id->hostname;
    CQ_PUT_KEYS(command, BIRTH, id->queue_count);
    cq_worker_put_queue_sets(id, command);
    CQ_PUT_ARGS(command, BIRTH);
    put_fields(id, arg_birth, now_iso, command);
}

enum cq_code cq_worker_birth_read(const struct cq_reply *reply, struct cq_error *err)
{
    return cq_reply_check(reply, err);
}
