#include "worker/control.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"
#include "worker/pool/resize.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/job_run.h"
#include "worker/slot/slots.h"

enum { COMMAND_MAX = 64 * 1024 }; /* bytes of one message; RQ's are under 200 */

struct cq_control {
    struct cq_worker_context *context;
    struct cq_resize *resize; /* borrowed */
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
    if (cq_slot_kill_job(slot))
        cq_log_job_info(&slot->logger, slot->run.job_id.data,
                        "received the kill-horse command: killing its horse");
    else
        cq_log_warning(&slot->logger, "kill-horse ignored: not working");
}

static void resize(const struct cq_control *control, const json_t *payload)
{
    const json_t *workers = json_object_get(payload, "workers");
    json_int_t wanted = json_is_integer(workers) ? json_integer_value(workers) : 0;
    cq_resize_asked(control->resize, wanted < 0 || wanted > INT_MAX ? 0 : (int)wanted);
}

/* A command that waits until it is known what its slot works on. */
struct deferred {
    const struct cq_control *control;
    struct cq_slot *slot; /* borrowed: slots live as long as the process */
    size_t len;
    char message[];
};

static void handle(const struct cq_control *control, struct cq_slot *slot, struct cq_str message,
                   bool deferred);

/* Also called with an error: the fetch before it has failed then, too, and nothing runs. */
static void on_caught_up(const struct cq_reply *reply, const struct cq_error *lost, void *data)
{
    (void)reply, (void)lost;
    struct deferred *deferred = data;
    handle(deferred->control, deferred->slot, cq_str_n(deferred->message, deferred->len), true);
    free(deferred);
}

/*
 * The sender saw in Redis that the job has started. The reply of the fetch may still be on its way, on
 * another connection than this command. That connection answers a PING after the reply.
 */
static bool may_be_fetching(const struct cq_slot *slot)
{
    return slot->worker.claim != CQ_CLAIM_NONE && cq_async_is_ready(slot->context->redis);
}

static void defer(const struct cq_control *control, struct cq_slot *slot, struct cq_str message)
{
    struct deferred *deferred = cq_calloc(1, sizeof(*deferred) + message.len);
    deferred->control = control;
    deferred->slot = slot;
    deferred->len = message.len;
    memcpy(deferred->message, message.data, message.len);
    struct cq_command *command = cq_async_begin(slot->context->redis);
    cq_command_text(command, "PING");
    cq_async_call(slot->context->redis, command, on_caught_up, deferred);
}

static bool stop_job(struct cq_slot *slot, struct cq_str job_id, struct cq_str execution_id)
{
    enum cq_execution_state state = slot->worker.execution;
    bool same = (cq_execution_runs(state) || cq_execution_is_calling(state)) && job_id.len &&
                cq_str_eq(job_id, cq_buf_view(&slot->run.job_id)) &&
                (!execution_id.data || cq_str_is(execution_id, slot->run.id));
    if (!same)
        return false;
    if (!cq_slot_stop_job(slot)) {
        cq_log_job_warning(&slot->logger, slot->run.job_id.data,
                           "stop-job ignored: it has ended, its callback runs");
        return true;
    }
    cq_log_job_warning(&slot->logger, slot->run.job_id.data, "stopped by user, killing its horse");
    return true;
}

static void stop_or_defer(const struct cq_control *control, struct cq_slot *slot, struct cq_str message,
                          const json_t *payload, bool deferred)
{
    struct cq_str job_id = field(payload, "job_id");
    if (stop_job(slot, job_id, field(payload, "execution_id")))
        return;
    if (!deferred && may_be_fetching(slot))
        defer(control, slot, message);
    else
        cq_log_warning(&slot->logger, "stop-job ignored: not working on job '%.*s'", (int)job_id.len,
                       job_id.data ? job_id.data : "");
}

static void handle(const struct cq_control *control, struct cq_slot *slot, struct cq_str message,
                   bool deferred)
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
        cq_runtimes_reload(slot->context->runtimes);
    else if (cq_str_is(command, "resize"))
        resize(control, payload);
    else if (cq_str_is(command, "kill-horse"))
        kill_horse(slot);
    else if (cq_str_is(command, "stop-job") || cq_str_is(command, "stop-execution"))
        stop_or_defer(control, slot, message, payload, deferred);
    else
        cq_log_warning(&slot->logger, "unknown command '%.*s' was ignored", (int)command.len,
                       command.data ? command.data : "");
    json_decref(payload);
}

static void on_message(struct cq_str channel, struct cq_str message, void *data)
{
    struct cq_control *control = data;
    struct cq_worker_context *context = control->context;
    for (int i = 0; i < context->slots->count; i++) {
        struct cq_slot *slot = &context->slots->items[i];
        struct cq_key key = cq_key_pubsub(cq_str(slot->name));
        if (cq_str_eq(channel, cq_key_str(&key))) {
            handle(control, slot, message, false);
            return;
        }
    }
}

static void on_ready(struct cq_async *async, void *data)
{
    struct cq_control *control = data;
    struct cq_worker_context *context = control->context;
    (void)async;
    for (int i = 0; i < context->slots->count; i++)
        if (context->slots->items[i].worker.state != CQ_WORKER_GONE)
            cq_control_add(control, &context->slots->items[i]);
}

void cq_control_add(struct cq_control *control, const struct cq_slot *slot)
{
    if (!cq_async_is_ready(control->async))
        return; /* on_ready listens for all */
    struct cq_key key = cq_key_pubsub(cq_str(slot->name));
    struct cq_command *command = cq_async_begin(control->async);
    cq_command_text(command, "SUBSCRIBE");
    cq_command_arg(command, cq_key_str(&key));
    cq_async_call(control->async, command, NULL, NULL);
}

struct cq_control *cq_control_new(struct cq_worker_context *context, struct cq_resize *resize)
{
    struct cq_control *control = cq_calloc(1, sizeof(*control));
    control->context = context;
    control->resize = resize;
    struct cq_async_options options = cq_worker_blocking_connection(context);
    options.on_ready = on_ready;
    options.on_message = on_message;
    options.data = control;
    control->async = cq_async_new(&options);
    return control;
}

void cq_control_free(struct cq_control *control)
{
    if (!control)
        return;
    cq_async_free(control->async);
    free(control);
}
