#include "worker/runtimes/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/allow.h"
#include "job/function_call.h"
#include "job/peek.h"
#include "runtime/module.h"

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
    const struct cq_runtimes *runtimes;
    bool only_one; /* nothing to choose and nothing to refuse */
    struct cq_peek peek;
    struct remembered remembered[REMEMBERED];
};

struct cq_router *cq_router_new(const struct cq_runtimes *runtimes)
{
    const struct cq_settings *settings = runtimes->host.settings;
    struct cq_router *router = cq_calloc(1, sizeof(*router));
    router->runtimes = runtimes;
    router->only_one = runtimes->count == 1 && !settings->serializer.restricted && !settings->allow.len;
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

/* What runs a function that no other runtime has, and data that only its own serializer can read. */
static struct cq_runtime *rest_of(const struct cq_runtimes *runtimes)
{
    return runtimes->python ? runtimes->python : runtimes->native;
}

/* A method's job names it without a dot, and so may a program be called; an instance is Python's. */
static bool is_method(struct cq_str data)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_function_call call;
    bool method = cq_function_call_read(data, &arena, &call, NULL) == CQ_OK &&
                  call.instance.kind != CQ_VALUE_NONE;
    cq_arena_release(&arena);
    return method;
}

static bool is_program(const struct cq_runtimes *runtimes, struct cq_str name, struct cq_str data)
{
    const struct cq_settings *settings = runtimes->host.settings;
    for (size_t i = 0; i < settings->program_count; i++)
        if (cq_str_is(name, settings->programs[i].name))
            return memchr(name.data, '.', name.len) || !runtimes->python || !is_method(data);
    return false;
}

/* `app` covers app and what is below it, app.jobs.send, not application. */
static bool covers(const char *prefix, struct cq_str name)
{
    size_t len = strlen(prefix);
    return name.len >= len && memcmp(name.data, prefix, len) == 0 &&
           (name.len == len || name.data[len] == '.');
}

static struct cq_runtime *by_prefix(const struct cq_runtimes *runtimes, struct cq_str name)
{
    struct cq_runtime *found = NULL;
    size_t longest = 0;
    for (int i = 0; i < runtimes->count; i++) {
        const struct cq_settings_runtime *command = runtimes->items[i].command;
        for (size_t k = 0; command && k < command->functions.len; k++) {
            const char *prefix = command->functions.items[k];
            if (!covers(prefix, name) || strlen(prefix) < longest)
                continue;
            longest = strlen(prefix);
            found = &runtimes->items[i];
        }
    }
    return found;
}

static struct cq_runtime *look_up(const struct cq_runtimes *runtimes, struct cq_str name)
{
    if (cq_module_exists(&runtimes->host.settings->path, name))
        return runtimes->native;
    struct cq_runtime *found = by_prefix(runtimes, name);
    return found ? found : rest_of(runtimes);
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
        return look_up(router->runtimes, name);
    struct remembered *slot = &router->remembered[hash_of(name) & (REMEMBERED - 1)];
    cq_time now = cq_clock_monotonic();
    if (slot->len == name.len && now < slot->until && memcmp(slot->name, name.data, name.len) == 0)
        return slot->runtime;
    slot->runtime = look_up(router->runtimes, name);
    slot->until = now + REMEMBERED_MS * (CQ_SECOND / 1000);
    slot->len = (uint32_t)name.len;
    memcpy(slot->name, name.data, name.len);
    return slot->runtime;
}

struct cq_runtime *cq_router_find(struct cq_router *router, const struct cq_reply *fields,
                                  struct cq_buf *refusal)
{
    const struct cq_runtimes *runtimes = router->runtimes;
    const struct cq_settings *settings = runtimes->host.settings;
    struct cq_str data = cq_reply_field(fields, "data");
    struct cq_peeked peeked = {.function = CQ_STR_NONE};
    struct cq_error err;
    if (router->only_one)
        return runtimes->native;
    bool seen = cq_peek_look(&router->peek, data, &peeked);
    cq_buf_clear(refusal);
    if (seen && settings->serializer.restricted && peeked.format != settings->serializer.format) {
        cq_buf_printf(
            refusal,
            "cq.SerializerRefused: the job is written in %s, and this worker takes only %s (--serializer)\n",
            cq_format_name(peeked.format), cq_format_name(settings->serializer.format));
        return NULL;
    }
    if (settings->allow.len && cq_allow_check(&settings->allow, fields, &err) != CQ_OK) {
        cq_buf_printf(refusal, "%s\n", err.text);
        return NULL;
    }
    if (!seen || !peeked.function.data)
        return rest_of(runtimes);
    if (is_program(runtimes, peeked.function, data))
        return runtimes->native;
    return look_up_or_remember(router, peeked.function);
}

struct cq_runtime *cq_router_find_name(struct cq_router *router, struct cq_str name)
{
    const struct cq_runtimes *runtimes = router->runtimes;
    for (size_t i = 0; i < runtimes->host.settings->program_count; i++)
        if (cq_str_is(name, runtimes->host.settings->programs[i].name))
            return runtimes->native;
    return runtimes->count == 1 ? runtimes->native : look_up_or_remember(router, name);
}
