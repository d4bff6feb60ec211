#include "serializers/pickle/globals.h"

#include <string.h>

#include "serializers/pickle/machine.h"
#include "serializers/pickle/read.h"
#include "serializers/pickle/reduce.h"
#include "serializers/pickle/renamed.h"

enum { FIRST_PROTOCOL_OF_PYTHON_3 = 3, CALL_LEN = 4 };

/* Append part to a name. False: it gets too long. */
static bool join(char *text, size_t *len, struct cq_str part)
{
    if (*len + part.len > CQ_GLOBAL_NAME_MAX)
        return false;
    if (part.len)
        memcpy(text + *len, part.data, part.len);
    *len += part.len;
    return true;
}

static enum cq_code report(struct cq_pickle *pickle, struct cq_str owner, struct cq_str name, bool attribute,
                           struct cq_str *ret_kept)
{
    char text[CQ_GLOBAL_NAME_MAX];
    size_t len = 0;
    if (pickle->watch->count == CQ_GLOBALS_MAX)
        return cq_error_set(pickle->err, CQ_ERR_LIMIT, "pickle: more than %d classes and functions",
                            CQ_GLOBALS_MAX);
    pickle->watch->count++;
    if (!join(text, &len, owner) || !join(text, &len, CQ_STR_LIT(".")) || !join(text, &len, name))
        return cq_pickle_fault(pickle, "the name of a class or function that is too long");
    struct cq_str joined = cq_str_n(text, len);
    enum cq_code code = pickle->watch->seen(pickle->watch, joined, attribute, pickle->err);
    if (!code && ret_kept)
        *ret_kept = cq_arena_str(pickle->arena, joined);
    return code;
}

enum cq_code cq_pickle_watch_global(struct cq_pickle *pickle, struct cq_str module, struct cq_str name,
                                    struct cq_value *ret_slot)
{
    struct cq_str joined;
    if (pickle->protocol < FIRST_PROTOCOL_OF_PYTHON_3)
        cq_pickle_renamed(&module, &name);
    enum cq_code code = report(pickle, module, name, false, &joined);
    if (code)
        return code;
    int kind = cq_str_is(module, "builtins") && cq_str_is(name, "getattr") ? CQ_SLOT_GETATTR : CQ_SLOT_GLOBAL;
    *ret_slot = (struct cq_value){.kind = (enum cq_value_kind)kind, .as.text = joined};
    return CQ_OK;
}

/*
 * getattr(class, 'name'). On the stack it stays the class by its name: who calls it or takes its attribute is
 * judged by that, and a name below a name would have to be kept for each.
 */
static enum cq_code take_attribute(struct cq_pickle *pickle, const struct cq_pickle_container *args,
                                   struct cq_value *ret_slot)
{
    if (args->len != 2 || (int)args->items[0].kind != CQ_SLOT_GLOBAL || args->items[1].kind != CQ_VALUE_STR)
        return cq_pickle_fault(pickle, "builtins.getattr of something else than a class by its name");
    *ret_slot = args->items[0];
    return report(pickle, args->items[0].as.text, args->items[1].as.text, true, NULL);
}

/* copyreg's helpers make an object of the class that is their first argument. */
static bool makes_instance(struct cq_str function)
{
    return cq_str_is(function, "copyreg._reconstructor") || cq_str_is(function, "copyreg.__newobj__") ||
           cq_str_is(function, "copyreg.__newobj_ex__");
}

enum cq_code cq_pickle_watch_call(struct cq_pickle *pickle, const struct cq_value *callable,
                                  const struct cq_pickle_container *args, struct cq_value *ret_slot)
{
    if ((int)callable->kind == CQ_SLOT_GETATTR)
        return take_attribute(pickle, args, ret_slot);
    struct cq_str maker = callable->as.text;
    if (makes_instance(maker) && args->len && (int)args->items[0].kind == CQ_SLOT_GLOBAL)
        maker = args->items[0].as.text;
    *ret_slot = (struct cq_value){.kind = CQ_VALUE_OPAQUE, .as.text = maker};
    return CQ_OK;
}

/* Only a tuple cannot have changed since it was made. */
static struct cq_pickled_call call_of(const struct cq_value *slot)
{
    const struct cq_pickle_container *tuple = cq_pickle_container(slot);
    struct cq_pickled_call call = {CQ_STR_NONE, CQ_OWNER_NONE, CQ_STR_NONE};
    if (!tuple || tuple->kind != CQ_VALUE_TUPLE || tuple->len != CALL_LEN ||
        tuple->items[0].kind != CQ_VALUE_STR)
        return call;
    const struct cq_value *instance = &tuple->items[1];
    call.function = tuple->items[0].as.text;
    call.owner = (int)instance->kind == CQ_SLOT_GLOBAL ? CQ_OWNER_GLOBAL
                 : instance->kind == CQ_VALUE_OPAQUE   ? CQ_OWNER_OBJECT
                 : instance->kind == CQ_VALUE_NONE     ? CQ_OWNER_NONE
                                                       : CQ_OWNER_DATA;
    if (call.owner == CQ_OWNER_GLOBAL || call.owner == CQ_OWNER_OBJECT)
        call.owner_name = instance->as.text;
    return call;
}

enum cq_code cq_pickle_globals(struct cq_str bytes, struct cq_globals *globals, struct cq_arena *arena,
                               struct cq_pickled_call *ret_call, struct cq_error *err)
{
    struct cq_pickle pickle;
    struct cq_value slot;
    cq_pickle_init(&pickle, bytes, arena, err);
    pickle.watch = globals;
    enum cq_code code = cq_pickle_run(&pickle, &slot);
    if (!code && ret_call)
        *ret_call = call_of(&slot);
    cq_pickle_release(&pickle);
    return code;
}
