#include "worker/slot/registration.h"

#include <stdio.h>
#include <unistd.h>

#include "job/keys.h"
#include "lifecycle/worker/birth.h"
#include "lifecycle/worker/death.h"
#include "lifecycle/worker/state.h"

static void set_name(struct cq_slot *slot)
{
    const struct cq_settings *settings = slot->context->settings;
    if (!settings->name)
        cq_execution_id_generate(slot->name); /* 32 hex digits, as RQ's uuid4().hex */
    else if (slot->context->setup->first_number || settings->num_workers > 1 || slot->index)
        snprintf(slot->name, sizeof(slot->name), "%s.%d", settings->name,
                 (slot->context->setup->first_number ? slot->context->setup->first_number : 1) + slot->index);
    else
        snprintf(slot->name, sizeof(slot->name), "%s", settings->name);
}

void cq_slot_identify(struct cq_slot *slot, int replaces_pid)
{
    struct cq_worker_context *context = slot->context;
    set_name(slot);
    slot->logger = (struct cq_logger){.log = context->log, .worker = slot->name};
    slot->identity = (struct cq_worker_identity){
        .name = cq_str(slot->name),
        .queues = context->queues,
        .queue_count = context->queue_count,
        .pid = getpid(),
        .hostname = context->hostname,
        .ip_address = "unknown",
        .version = "cq " CQ_VERSION, /* tells cq's workers from RQ's: only ours know the command `reload` */
        .python_version = context->python_version[0] ? context->python_version : "native",
        .worker_ttl_s = context->settings->worker_ttl_s,
        .birth = cq_clock_now(),
        .replaces_pid = replaces_pid,
    };
}

static void on_birth(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    struct cq_slot *slot = data;
    struct cq_error err;
    if (lost)
        return; /* the next connection tries again */
    if (cq_worker_birth_read(reply, &err) == CQ_OK) {
        cq_worker_raise(&slot->worker, CQ_WORKER_REGISTERED);
        return;
    }
    slot->refusal = &err;
    cq_worker_raise(&slot->worker, CQ_WORKER_NAME_TAKEN);
    slot->refusal = NULL;
}

void cq_slot_register(struct cq_slot *slot, bool again)
{
    struct cq_async *redis = slot->context->redis;
    slot->identity.ip_address = cq_async_peer_addr(redis);
    struct cq_command *command = cq_async_begin(redis);
    cq_worker_birth_build(&slot->identity, slot->identity.birth, cq_clock_now(), again, command);
    cq_async_call(redis, command, on_birth, slot);
}

static void on_death(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply, (void)lost; /* when it was lost the hash expires by itself */
    struct cq_slot *slot = data;
    cq_worker_raise(&slot->worker, CQ_WORKER_DEREGISTERED);
}

void cq_slot_deregister(struct cq_slot *slot)
{
    struct cq_async *redis = slot->context->redis;
    if (!cq_async_is_ready(redis)) {
        cq_worker_raise(&slot->worker, CQ_WORKER_DEREGISTERED);
        return;
    }
    struct cq_command *command = cq_async_begin(redis);
    cq_worker_death_build(&slot->identity, cq_clock_now(), command);
    cq_async_call(redis, command, on_death, slot);
}

void cq_slot_show_state(struct cq_slot *slot, const char *state)
{
    struct cq_async *redis = slot->context->redis;
    struct cq_command *command = cq_async_begin(redis);
    cq_worker_state_build(cq_str(slot->name), state, command);
    cq_async_call(redis, command, NULL, NULL);
}

void cq_slot_show_shutdown(struct cq_slot *slot)
{
    struct cq_async *redis = slot->context->redis;
    struct cq_command *command = cq_async_begin(redis);
    cq_worker_shutdown_build(cq_str(slot->name), cq_clock_now(), command);
    cq_async_call(redis, command, NULL, NULL);
}

void cq_slot_show_python(struct cq_slot *slot)
{
    struct cq_worker_context *context = slot->context;
    slot->identity.python_version = context->python_version;
    if (slot->worker.state == CQ_WORKER_UNREGISTERED || cq_worker_has_ended(slot->worker.state) ||
        !cq_async_is_ready(context->redis))
        return; /* its birth, or its next one, says it */
    struct cq_command *command = cq_async_begin(context->redis);
    cq_worker_python_build(cq_str(slot->name), context->python_version, command);
    cq_async_call(context->redis, command, NULL, NULL);
}
