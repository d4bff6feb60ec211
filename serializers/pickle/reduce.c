/*
 * What a pickle calls, as data. Nothing is called: a few functions of Python's own, whose result is plain
 * data, are known by name; all else becomes an OPAQUE that keeps the name of what would have made it.
 */
#include <string.h>

#include "serializers/datetime.h"
#include "serializers/pickle/machine.h"
#include "serializers/pickle/reduce.h"
#include "serializers/pystr.h"

enum {
    NAME_MAX_BYTES = 255
}; /* of a dotted name; the rest is cut, so that chains of names cannot grow without bound */

struct cq_value cq_pickle_named(struct cq_pickle *pickle, int kind, struct cq_str module, struct cq_str name)
{
    char text[NAME_MAX_BYTES];
    size_t len = module.len < sizeof(text) ? module.len : sizeof(text);
    memcpy(text, module.data, len);
    if (len < sizeof(text) && name.len) {
        text[len++] = '.';
        size_t rest = name.len < sizeof(text) - len ? name.len : sizeof(text) - len;
        memcpy(text + len, name.data, rest);
        len += rest;
    }
    len = cq_pystr_check(cq_str_n(text, len)); /* a character that the cut went through goes too */
    return (struct cq_value){.kind = (enum cq_value_kind)kind,
                             .as.text = cq_arena_str(pickle->arena, cq_str_n(text, len))};
}

/* name: a constant, or of a slot, so in the arena already */
static struct cq_value opaque(struct cq_str name)
{
    return (struct cq_value){.kind = CQ_VALUE_OPAQUE, .as.text = name};
}

/* An object of a class: always opaque, by the class's name. */
static enum cq_code make_object(struct cq_pickle *pickle, const struct cq_value *class,
                                struct cq_value *ret_slot)
{
    if ((int)class->kind != CQ_SLOT_GLOBAL && class->kind != CQ_VALUE_OPAQUE)
        return cq_pickle_fault(pickle, "an object whose class is not a class");
    *ret_slot = opaque(class->as.text);
    return CQ_OK;
}

/* A call that may be plain data. args: its positional arguments, count of them. False: it is not. */
struct call {
    struct cq_pickle *pickle;
    struct cq_str function;
    const struct cq_value *args;
    size_t count;
};

static bool text_is(const struct cq_value *slot, const char *text)
{
    return slot->kind == CQ_VALUE_STR && cq_str_is(slot->as.text, text);
}

static struct cq_value bytes_value(struct cq_str bytes)
{
    return (struct cq_value){.kind = CQ_VALUE_BYTES, .as.text = bytes};
}

/*
 * str.encode('latin1'), how protocols 0 to 2 write bytes. Each str is used once, and its UTF-8 is at most
 * twice as long as the pickle that holds it; more than that is a bomb, and stays opaque.
 */
static bool encode_latin1(const struct call *call, struct cq_value *ret_slot)
{
    if (call->count != 2 || call->args[0].kind != CQ_VALUE_STR ||
        (!text_is(&call->args[1], "latin1") && !text_is(&call->args[1], "latin-1")))
        return false;
    struct cq_str text = call->args[0].as.text;
    if (text.len > 2 * call->pickle->bytes.len - call->pickle->expanded)
        return false;
    call->pickle->expanded += text.len;
    char *bytes = cq_arena_alloc(call->pickle->arena, text.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point = 0;
        at += (size_t)cq_pystr_decode(text, at, &point);
        if (point > 0xFF)
            return false;
        bytes[len++] = (char)point;
    }
    bytes[len] = '\0';
    *ret_slot = bytes_value(cq_str_n(bytes, len));
    return true;
}

/* bytes() and bytearray(): of nothing, of bytes, of a str in Latin-1. We have one kind for both. */
static bool make_bytes(const struct call *call, struct cq_value *ret_slot)
{
    if (call->count == 2)
        return encode_latin1(call, ret_slot);
    if (call->count == 1 && call->args[0].kind != CQ_VALUE_BYTES)
        return false;
    *ret_slot = call->count ? call->args[0] : bytes_value(CQ_STR_LIT(""));
    return call->count < 2;
}

static bool make_container(const struct call *call, enum cq_value_kind kind, struct cq_value *ret_slot)
{
    const struct cq_pickle_container *from = call->count == 1 ? cq_pickle_container(&call->args[0]) : NULL;
    if (call->count == 0) {
        *ret_slot = cq_pickle_make(call->pickle, kind, NULL, 0);
        return true;
    }
    /* dict(x) and sets of dicts are not what Python pickles. A copy counts like slots that were pushed. */
    if (!from || kind == CQ_VALUE_MAP || from->kind == CQ_VALUE_MAP ||
        from->len > CQ_VALUE_MAX_ITEMS - call->pickle->pushed)
        return false;
    call->pickle->pushed += from->len;
    *ret_slot = cq_pickle_make(call->pickle, kind, from->items, from->len);
    return true;
}

static bool make_set(const struct call *call, struct cq_value *ret_slot)
{
    return make_container(call, CQ_VALUE_SET, ret_slot);
}

static bool make_frozenset(const struct call *call, struct cq_value *ret_slot)
{
    return make_container(call, CQ_VALUE_FROZENSET, ret_slot);
}

static bool make_list(const struct call *call, struct cq_value *ret_slot)
{
    return make_container(call, CQ_VALUE_LIST, ret_slot);
}

static bool make_tuple(const struct call *call, struct cq_value *ret_slot)
{
    return make_container(call, CQ_VALUE_TUPLE, ret_slot);
}

static bool make_dict(const struct call *call, struct cq_value *ret_slot)
{
    return make_container(call, CQ_VALUE_MAP, ret_slot);
}

/* datetime.datetime, date and time of their packed state, with or without a zone. */
static bool make_moment(const struct call *call, enum cq_moment_type type, struct cq_value *ret_slot)
{
    struct cq_moment moment, zone;
    if (call->count < 1 || call->count > 2 || call->args[0].kind != CQ_VALUE_BYTES ||
        !cq_moment_from_state(type, call->args[0].as.text, &moment))
        return false;
    if (call->count == 2 && call->args[1].kind != CQ_VALUE_NONE) {
        if (type == CQ_MOMENT_DATE || call->args[1].kind != CQ_VALUE_DATETIME ||
            !cq_moment_parse(call->args[1].as.text, &zone) || zone.type != CQ_MOMENT_TIMEZONE)
            return false;
        moment.has_zone = true;
        moment.delta = zone.delta;
    }
    *ret_slot = cq_moment_value(&moment, call->pickle->arena);
    return true;
}

static bool make_datetime(const struct call *call, struct cq_value *ret_slot)
{
    return make_moment(call, CQ_MOMENT_DATETIME, ret_slot);
}

static bool make_date(const struct call *call, struct cq_value *ret_slot)
{
    return make_moment(call, CQ_MOMENT_DATE, ret_slot);
}

static bool make_time(const struct call *call, struct cq_value *ret_slot)
{
    return make_moment(call, CQ_MOMENT_TIME, ret_slot);
}

static bool make_timedelta(const struct call *call, struct cq_value *ret_slot)
{
    struct cq_moment moment = {.type = CQ_MOMENT_TIMEDELTA};
    int64_t *fields[] = {&moment.delta.days, &moment.delta.seconds, &moment.delta.micros};
    if (call->count != CQ_ARRAY_LEN(fields))
        return false;
    for (size_t i = 0; i < call->count; i++) {
        if (call->args[i].kind != CQ_VALUE_INT)
            return false;
        *fields[i] = call->args[i].as.integer;
    }
    if (!cq_moment_valid(&moment))
        return false;
    *ret_slot = cq_moment_value(&moment, call->pickle->arena);
    return true;
}

/* A fixed offset; one with a name stays opaque. */
static bool make_timezone(const struct call *call, struct cq_value *ret_slot)
{
    struct cq_moment moment;
    if (call->count != 1 || call->args[0].kind != CQ_VALUE_DATETIME ||
        !cq_moment_parse(call->args[0].as.text, &moment) || moment.type != CQ_MOMENT_TIMEDELTA)
        return false;
    moment.type = CQ_MOMENT_TIMEZONE;
    if (!cq_moment_valid(&moment))
        return false;
    *ret_slot = cq_moment_value(&moment, call->pickle->arena);
    return true;
}

/* getattr(object, 'name'): how a bound method or a nested class is pickled. */
static bool make_attribute(const struct call *call, struct cq_value *ret_slot)
{
    if (call->count != 2 || call->args[1].kind != CQ_VALUE_STR ||
        ((int)call->args[0].kind != CQ_SLOT_GLOBAL && call->args[0].kind != CQ_VALUE_OPAQUE))
        return false;
    *ret_slot = cq_pickle_named(call->pickle, (int)call->args[0].kind, call->args[0].as.text,
                                call->args[1].as.text);
    return true;
}

/* copyreg's helpers make an object of the class that is their first argument. */
static bool make_instance(const struct call *call, struct cq_value *ret_slot)
{
    return call->count && make_object(call->pickle, &call->args[0], ret_slot) == CQ_OK;
}

static const struct {
    const char *module, *name;
    bool (*make)(const struct call *, struct cq_value *);
} known[] = {
    {"_codecs", "encode", encode_latin1},
    {"builtins", "bytearray", make_bytes},
    {"builtins", "bytes", make_bytes},
    {"builtins", "dict", make_dict},
    {"builtins", "frozenset", make_frozenset},
    {"builtins", "getattr", make_attribute},
    {"builtins", "list", make_list},
    {"builtins", "set", make_set},
    {"builtins", "tuple", make_tuple},
    {"copyreg", "__newobj__", make_instance},
    {"copyreg", "__newobj_ex__", make_instance},
    {"copyreg", "_reconstructor", make_instance},
    {"datetime", "date", make_date},
    {"datetime", "datetime", make_datetime},
    {"datetime", "time", make_time},
    {"datetime", "timedelta", make_timedelta},
    {"datetime", "timezone", make_timezone},
};

/* Is function "module.name"? */
static bool is_function(struct cq_str function, const char *module, const char *name)
{
    size_t len = strlen(module);
    return function.len > len + 1 && memcmp(function.data, module, len) == 0 && function.data[len] == '.' &&
           cq_str_is(cq_str_n(function.data + len + 1, function.len - len - 1), name);
}

/* What calling `callable` with the arguments would make, as far as it is plain data; else an opaque by its
 * name. */
static enum cq_code reduce(struct cq_pickle *pickle, const struct cq_value *callable,
                           const struct cq_value *args, struct cq_value *ret_slot)
{
    const struct cq_pickle_container *tuple = cq_pickle_container(args);
    if (!tuple || tuple->kind != CQ_VALUE_TUPLE)
        return cq_pickle_fault(pickle, "a call whose arguments are not a tuple");
    if ((int)callable->kind != CQ_SLOT_GLOBAL && (int)callable->kind != CQ_SLOT_GETATTR &&
        callable->kind != CQ_VALUE_OPAQUE)
        return cq_pickle_fault(pickle, "a call of something that is not a function");
    if (pickle->watch)
        return cq_pickle_watch_call(pickle, callable, tuple, ret_slot);
    struct call call = {pickle, callable->as.text, tuple->items, tuple->len};
    for (size_t i = 0; i < CQ_ARRAY_LEN(known) && (int)callable->kind == CQ_SLOT_GLOBAL; i++)
        if (is_function(call.function, known[i].module, known[i].name) && known[i].make(&call, ret_slot))
            return CQ_OK;
    *ret_slot = opaque(call.function);
    return CQ_OK;
}

/* --- Their opcodes --- */

/* A class or function. Protocols 0 to 2 name Python 2's modules; these three are the ones that moved and
 * matter. */
static enum cq_code push_global(struct cq_pickle *p, struct cq_str module, struct cq_str name)
{
    if (p->watch) {
        struct cq_value slot;
        enum cq_code code = cq_pickle_watch_global(p, module, name, &slot);
        return code ? code : cq_pickle_push(p, slot);
    }
    static const char *const moved[][2] = {
        {"__builtin__", "builtins"}, {"exceptions", "builtins"}, {"copy_reg", "copyreg"}};
    for (size_t i = 0; i < CQ_ARRAY_LEN(moved); i++)
        if (cq_str_is(module, moved[i][0]))
            module = cq_str(moved[i][1]);
    return cq_pickle_push(p, cq_pickle_named(p, CQ_SLOT_GLOBAL, module, name));
}

enum cq_code cq_pickle_op_global(struct cq_pickle *p)
{
    struct cq_str module, name;
    enum cq_code code = cq_pickle_take_line(p, &module);
    if (!code)
        code = cq_pickle_take_line(p, &name);
    if (code)
        return code;
    if (cq_pystr_check(module) != module.len || cq_pystr_check(name) != name.len)
        return cq_pickle_fault(p, "a name that is not UTF-8");
    return push_global(p, module, name);
}

enum cq_code cq_pickle_op_stack_global(struct cq_pickle *p)
{
    struct cq_value module, name;
    enum cq_code code = cq_pickle_pop(p, &name);
    if (!code)
        code = cq_pickle_pop(p, &module);
    if (code)
        return code;
    if (module.kind != CQ_VALUE_STR || name.kind != CQ_VALUE_STR)
        return cq_pickle_fault(p, "a global whose name is not a str");
    return push_global(p, module.as.text, name.as.text);
}

enum cq_code cq_pickle_op_reduce(struct cq_pickle *p)
{
    struct cq_value args, callable, result;
    enum cq_code code = cq_pickle_pop(p, &args);
    if (!code)
        code = cq_pickle_pop(p, &callable);
    if (!code)
        code = reduce(p, &callable, &args, &result);
    return code ? code : cq_pickle_push(p, result);
}

/* NEWOBJ (class, args) and NEWOBJ_EX (class, args, kwargs) */
enum cq_code cq_pickle_op_newobj(struct cq_pickle *p)
{
    struct cq_value ignored, class, result;
    enum cq_code code = cq_pickle_pop(p, &ignored);
    if (!code && p->opcode == 0x92)
        code = cq_pickle_pop(p, &ignored);
    if (!code)
        code = cq_pickle_pop(p, &class);
    if (!code)
        code = make_object(p, &class, &result);
    return code ? code : cq_pickle_push(p, result);
}

/* INST (MARK args, the class in two lines) and OBJ (MARK class args) */
enum cq_code cq_pickle_op_inst(struct cq_pickle *p)
{
    struct cq_value *slots, class, result;
    size_t len;
    if (p->opcode == 'i') {
        enum cq_code code = cq_pickle_op_global(p);
        if (!code)
            code = cq_pickle_pop(p, &class);
        if (!code)
            code = cq_pickle_pop_mark(p, &slots, &len);
        if (!code)
            code = make_object(p, &class, &result);
        return code ? code : cq_pickle_push(p, result);
    }
    enum cq_code code = cq_pickle_pop_mark(p, &slots, &len);
    if (code)
        return code;
    if (!len)
        return cq_pickle_fault(p, "an object without a class");
    code = make_object(p, &slots[0], &result);
    return code ? code : cq_pickle_push(p, result);
}

/* The state of an object: only an opaque has one. Watched, a class has none either: it would be changed for
 * everybody. */
enum cq_code cq_pickle_op_build(struct cq_pickle *p)
{
    struct cq_value state, object;
    enum cq_code code = cq_pickle_pop(p, &state);
    if (!code)
        code = cq_pickle_top(p, &object);
    if (!code && object.kind != CQ_VALUE_OPAQUE && ((int)object.kind != CQ_SLOT_GLOBAL || p->watch))
        code = cq_pickle_fault(p, "a state for something that has none");
    return code;
}
