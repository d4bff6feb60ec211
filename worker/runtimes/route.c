#include "worker/runtimes/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/allow.h"
#include "job/call.h"
#include "runtime/module.h"
#include "worker/runtimes/runtime.h"

enum {
    REMEMBERED = 256,    /* names; a power of two */
    NAME_MAX_BYTES = 96, /* of a name that is remembered; longer ones are looked up anew */
    REMEMBERED_MS = 1000,
};

struct remembered {
    cq_time until; /* monotonic; 0: empty */
    struct cq_runtime *runtime;
    uint32_t len;
    char name[NAME_MAX_BYTES];
};

struct cq_router {
    struct cq_process *process;
    bool only_one; /* nothing to choose and nothing to refuse */
    struct cq_peek peek;
    struct remembered remembered[REMEMBERED];
};

struct cq_router *cq_router_new(struct cq_process *process)
{
    const struct cq_worker_options *options = process->options;
    struct cq_router *router = cq_calloc(1, sizeof(*router));
    router->process = process;
    router->only_one = process->runtime_count == 1 && !options->restrict_format &&
                       !(options->allow && options->allow->len);
    cq_peek_init(&router->peek);
    return router;
}

void cq_router_free(struct cq_router *router)
{
    if (!router)
        return;
    cq_peek_release(&router->peek);
    free(router);
}

/* What runs a function that nothing else claims, and data that only its own serializer can read. */
static struct cq_runtime *rest_of(const struct cq_process *process)
{
    return process->python ? process->python : process->native;
}

/* A method's job names it without a dot, and so may a program be called; an instance is Python's. */
static bool is_method(struct cq_str data)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_call call;
    bool method = cq_call_read(data, &arena, &call, NULL) == CQ_OK && call.instance.kind != CQ_VALUE_NONE;
    cq_arena_release(&arena);
    return method;
}

static bool is_program(const struct cq_process *process, struct cq_str name, struct cq_str data)
{
    const struct cq_worker_options *options = process->options;
    for (size_t i = 0; i < options->program_count; i++)
        if (cq_str_is(name, options->programs[i].name))
            return memchr(name.data, '.', name.len) || !process->python || !is_method(data);
    return false;
}

/* `app` covers app and what is below it, app.jobs.send, not application. */
static bool covers(const char *prefix, struct cq_str name)
{
    size_t len = strlen(prefix);
    return name.len >= len && memcmp(name.data, prefix, len) == 0 &&
           (name.len == len || name.data[len] == '.');
}

static struct cq_runtime *by_prefix(const struct cq_process *process, struct cq_str name)
{
    struct cq_runtime *found = NULL;
    size_t longest = 0;
    for (int i = 0; i < process->runtime_count; i++) {
        const struct cq_runtime_command *command = process->runtimes[i].command;
        for (size_t k = 0; command && command->functions && k < command->functions->len; k++) {
            const char *prefix = command->functions->items[k];
            if (!covers(prefix, name) || strlen(prefix) < longest)
                continue;
            longest = strlen(prefix);
            found = &process->runtimes[i];
        }
    }
    return found;
}

static struct cq_runtime *look_up(const struct cq_process *process, struct cq_str name)
{
    if (cq_module_exists(process->options->paths, name))
        return process->native;
    struct cq_runtime *found = by_prefix(process, name);
    return found ? found : rest_of(process);
}

static uint32_t hash_of(struct cq_str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return hash ^ hash >> 16;
}

static struct cq_runtime *look_up_or_remember(struct cq_router *router, struct cq_str name)
{
    if (name.len > NAME_MAX_BYTES)
        return look_up(router->process, name);
    struct remembered *slot = &router->remembered[hash_of(name) & (REMEMBERED - 1)];
    cq_time now = cq_clock_monotonic();
    if (slot->len == name.len && now < slot->until && memcmp(slot->name, name.data, name.len) == 0)
        return slot->runtime;
    slot->runtime = look_up(router->process, name);
    slot->until = now + REMEMBERED_MS * (CQ_SECOND / 1000);
    slot->len = (uint32_t)name.len;
    memcpy(slot->name, name.data, name.len);
    return slot->runtime;
}

struct cq_runtime *cq_router_find(struct cq_router *router, const struct cq_reply *fields,
                                  struct cq_buf *refusal)
{
    struct cq_process *process = router->process;
    const struct cq_worker_options *options = process->options;
    struct cq_str data = cq_reply_field(fields, "data");
    struct cq_peeked peeked = {.function = CQ_STR_NONE};
    struct cq_error err;
    if (router->only_one)
        return process->native;
    bool seen = cq_call_peek(&router->peek, data, &peeked);
    cq_buf_clear(refusal);
    if (seen && options->restrict_format && peeked.format != options->format) {
        cq_buf_printf(
            refusal,
            "cq.SerializerRefused: the job is written in %s, and this worker takes only %s (--serializer)\n",
            cq_format_name(peeked.format), cq_format_name(options->format));
        return NULL;
    }
    if (options->allow && options->allow->len && cq_allow_check(options->allow, fields, &err) != CQ_OK) {
        cq_buf_printf(refusal, "%s\n", err.text);
        return NULL;
    }
    if (!seen || !peeked.function.data)
        return rest_of(process);
    if (is_program(process, peeked.function, data))
        return process->native;
    return look_up_or_remember(router, peeked.function);
}

struct cq_runtime *cq_router_find_name(struct cq_router *router, struct cq_str name)
{
    const struct cq_process *process = router->process;
    for (size_t i = 0; i < process->options->program_count; i++)
        if (cq_str_is(name, process->options->programs[i].name))
            return process->native;
    return process->runtime_count == 1 ? process->native : look_up_or_remember(router, name);
}
