#include "worker/commands.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"
#include "worker/pool/resize.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/execution.h"

enum { COMMAND_MAX = 64 * 1024 }; /* bytes of one message; RQ's are under 200 */

struct cq_commands {
    struct cq_process *process;
    struct cq_async *async;
};

static struct cq_str field(const json_t *payload, const char *key)
{
    const json_t *value = json_object_get(payload, key);
    return json_is_string(value) ? cq_str_n(json_string_value(value), json_string_length(value))
                                 : CQ_STR_NONE;
}

static void shut_down(struct cq_slot *slot)
{
    cq_log_info(&slot->logger, "received the shutdown command: warm shut down requested");
    cq_slot_stop(slot);
}

static void kill_horse(struct cq_slot *slot)
{
    if (cq_execution_kill(slot, CQ_KILL_COMMAND))
        cq_log_job_info(&slot->logger, slot->run.job_id.data,
                        "received the kill-horse command: killing its horse");
    else
        cq_log_warning(&slot->logger, "kill-horse ignored: not working");
}

static void resize(struct cq_slot *slot, const json_t *payload)
{
    const json_t *workers = json_object_get(payload, "workers");
    json_int_t wanted = json_is_integer(workers) ? json_integer_value(workers) : 0;
    cq_resize_asked(slot->process, wanted < 0 || wanted > INT_MAX ? 0 : (int)wanted);
}

/* A command that waits until it is known what its slot works on. */
struct deferred {
    struct cq_slot *slot; /* borrowed: slots live as long as the process */
    size_t len;
    char message[];
};

static void handle(struct cq_slot *slot, struct cq_str message, bool deferred);

/* With an error, too: then the fetch before it has been told of the loss, and nothing runs. */
static void on_caught_up(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply, (void)lost;
    struct deferred *deferred = data;
    handle(deferred->slot, cq_str_n(deferred->message, deferred->len), true);
    free(deferred);
}

/*
 * The job may have started in Redis, which is all that the sender could see, while the fetch's reply is still
 * on its way on another connection than this command. What that connection answers to a PING comes after the
 * reply.
 */
static bool may_be_fetching(const struct cq_slot *slot)
{
    return (slot->state == CQ_SLOT_FETCHING || slot->state == CQ_SLOT_COMMITTING) &&
           cq_async_is_ready(slot->process->redis);
}

static void defer(struct cq_slot *slot, struct cq_str message)
{
    struct deferred *deferred = cq_calloc(1, sizeof(*deferred) + message.len);
    deferred->slot = slot;
    deferred->len = message.len;
    memcpy(deferred->message, message.data, message.len);
    struct cq_command *command = cq_async_begin(slot->process->redis);
    cq_command_text(command, "PING");
    cq_async_call(slot->process->redis, command, on_caught_up, deferred);
}

static bool stop_job(struct cq_slot *slot, struct cq_str job_id, struct cq_str execution_id)
{
    bool same = slot->state == CQ_SLOT_RUNNING && job_id.len &&
                cq_str_eq(job_id, cq_buf_view(&slot->run.job_id)) &&
                (!execution_id.data || cq_str_is(execution_id, slot->run.execution_id));
    if (!same)
        return false;
    if (!cq_execution_kill(slot, CQ_KILL_STOPPED)) {
        cq_log_job_warning(&slot->logger, slot->run.job_id.data,
                           "stop-job ignored: it has ended, its callback runs");
        return true;
    }
    cq_log_job_warning(&slot->logger, slot->run.job_id.data, "stopped by user, killing its horse");
    return true;
}

static void stop_or_defer(struct cq_slot *slot, struct cq_str message, const json_t *payload, bool deferred)
{
    struct cq_str job_id = field(payload, "job_id");
    if (stop_job(slot, job_id, field(payload, "execution_id")))
        return;
    if (!deferred && may_be_fetching(slot))
        defer(slot, message);
    else
        cq_log_warning(&slot->logger, "stop-job ignored: not working on job '%.*s'", (int)job_id.len,
                       job_id.data ? job_id.data : "");
}

static void handle(struct cq_slot *slot, struct cq_str message, bool deferred)
{
    if (!deferred)
        cq_log_debug(&slot->logger, "received message: %.*s", (int)(message.len < 500 ? message.len : 500),
                     message.data);
    if (message.len > COMMAND_MAX) {
        cq_log_warning(&slot->logger, "a command of %zu bytes was ignored", message.len);
        return;
    }
    json_error_t fault;
    json_t *payload = json_loadb(message.data, message.len, 0, &fault);
    struct cq_str command = field(payload, "command");
    if (!json_is_object(payload))
        cq_log_warning(&slot->logger, "a command that is not a JSON object was ignored");
    else if (cq_str_is(command, "shutdown"))
        shut_down(slot);
    else if (cq_str_is(command, "reload"))
        cq_runtimes_reload(slot->process->runtimes);
    else if (cq_str_is(command, "resize"))
        resize(slot, payload);
    else if (cq_str_is(command, "kill-horse"))
        kill_horse(slot);
    else if (cq_str_is(command, "stop-job") || cq_str_is(command, "stop-execution"))
        stop_or_defer(slot, message, payload, deferred);
    else
        cq_log_warning(&slot->logger, "unknown command '%.*s' was ignored", (int)command.len,
                       command.data ? command.data : "");
    json_decref(payload);
}

static void on_message(struct cq_str channel, struct cq_str message, void *data)
{
    struct cq_commands *commands = data;
    struct cq_process *process = commands->process;
    for (int i = 0; i < process->slot_count; i++) {
        struct cq_slot *slot = &process->slots[i];
        struct cq_key key = cq_key_pubsub(cq_str(slot->name));
        if (cq_str_eq(channel, cq_key_str(&key))) {
            handle(slot, message, false);
            return;
        }
    }
}

static void on_ready(struct cq_async *async, void *data)
{
    struct cq_commands *commands = data;
    struct cq_process *process = commands->process;
    (void)async;
    for (int i = 0; i < process->slot_count; i++)
        if (process->slots[i].state != CQ_SLOT_DEAD)
            cq_commands_add(commands, &process->slots[i]);
}

void cq_commands_add(struct cq_commands *commands, const struct cq_slot *slot)
{
    if (!cq_async_is_ready(commands->async))
        return; /* on_ready listens for all */
    struct cq_key key = cq_key_pubsub(cq_str(slot->name));
    struct cq_command *command = cq_async_begin(commands->async);
    cq_command_text(command, "SUBSCRIBE");
    cq_command_arg(command, cq_key_str(&key));
    cq_async_call(commands->async, command, NULL, NULL);
}

struct cq_commands *cq_commands_new(struct cq_process *process)
{
    struct cq_commands *commands = cq_calloc(1, sizeof(*commands));
    commands->process = process;
    struct cq_async_options options = cq_process_blocking_connection(process);
    options.on_ready = on_ready;
    options.on_message = on_message;
    options.data = commands;
    commands->async = cq_async_new(&options);
    return commands;
}

void cq_commands_free(struct cq_commands *commands)
{
    if (!commands)
        return;
    cq_async_free(commands->async);
    free(commands);
}
