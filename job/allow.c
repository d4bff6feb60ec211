#include "job/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/function_call.h"
#include "serializers/pickle/globals.h"
#include "serializers/serializer.h"
#include "serializers/zlib.h"

enum { SHOWN = 120, REASON_SHOWN = 130 }; /* bytes of a name, of a reason in a message */

/*
 * Names that any pickle may use: types that hold data and what pickles make them with. The writer of a pickle
 * can make a value with each of them, of any size. None opens a file, imports, calls what it is not given, or
 * gives an attribute away by its name. Not among them, on purpose: getattr (except as globals.h says), type,
 * map, filter, functools.partial, operator.attrgetter and methodcaller, and all exceptions.
 */
static const char *const plain[] = {
    "_codecs.encode", /* of bytes, protocols 0 to 2; looks the codec up among Python's encodings */
    "_operator.or_",  /* of enum flags, by Python 3.11 */
    "builtins.Ellipsis",
    "builtins.NotImplemented",
    "builtins.bool",
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.complex",
    "builtins.dict",
    "builtins.float",
    "builtins.frozenset",
    /* watched by globals.c: only of a class that is named here itself, the attribute is looked at as well */
    "builtins.getattr",
    "builtins.int",
    "builtins.list",
    "builtins.object",
    "builtins.range",
    "builtins.set",
    "builtins.slice",
    "builtins.str",
    "builtins.tuple",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict", /* its factory is a name of its own */
    "collections.deque",
    "copyreg.__newobj__", /* these two make an object of a class that is named too */
    "copyreg._reconstructor",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
    "ipaddress.IPv4Address",
    "ipaddress.IPv4Interface",
    "ipaddress.IPv4Network",
    "ipaddress.IPv6Address",
    "ipaddress.IPv6Interface",
    "ipaddress.IPv6Network",
    /* a path is a text: making one touches no file, and its methods cannot be a job's function */
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.PureWindowsPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath", /* Python 3.13 */
    "pathlib._local.PurePosixPath",
    "pathlib._local.PureWindowsPath",
    "pathlib._local.WindowsPath",
    "uuid.UUID",
    "zoneinfo.ZoneInfo", /* reads a file of the zone database; refuses keys that lead out of it */
    "zoneinfo.ZoneInfo._unpickle",
};

static int compare_plain(const void *key, const void *entry)
{
    const struct cq_str *name = key;
    const char *text = *(const char *const *)entry;
    size_t len = strlen(text);
    int order = memcmp(name->data, text, name->len < len ? name->len : len);
    return order ? order : (name->len > len) - (name->len < len);
}

static bool is_plain(struct cq_str name)
{
    return bsearch(&name, plain, CQ_ARRAY_LEN(plain), sizeof(plain[0]), compare_plain) != NULL;
}

static bool name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80 ||
           (!first && c >= '0' && c <= '9');
}

/* Names with dots between them, none of which begins with `__`. */
static bool dotted(struct cq_str text)
{
    bool first = true;
    for (size_t i = 0; i < text.len; i++) {
        if (first && text.len - i > 1 && text.data[i] == '_' && text.data[i + 1] == '_')
            return false;
        if (!first && text.data[i] == '.')
            first = true;
        else if (name_byte(text.data[i], first))
            first = false;
        else
            return false;
    }
    return !first;
}

/* `__globals__`, `__class__` ... lead from any function to everything: such names are never covered by what
 * is above them. */
static bool covers(const struct cq_strv *prefixes, struct cq_str name)
{
    for (size_t i = 0; i < prefixes->len; i++) {
        size_t len = strlen(prefixes->items[i]);
        if (!len || !cq_str_starts(name, prefixes->items[i]))
            continue;
        if (name.len == len ||
            (name.data[len] == '.' && dotted(cq_str_n(name.data + len + 1, name.len - len - 1))))
            return true;
    }
    return false;
}

static enum cq_code not_covered(const char *what, struct cq_str name, struct cq_error *err)
{
    char shown[SHOWN];
    size_t len = name.len < SHOWN ? name.len : SHOWN;
    for (size_t i = 0; i < len; i++)
        shown[i] = name.data[i] ? name.data[i] : '?'; /* a NUL would make it look like another name */
    return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "cq.NotAllowed: %s %.*s%s, which no --allow covers",
                        what, (int)len, shown, name.len > SHOWN ? "..." : "");
}

static enum cq_code cannot_tell(const char *field, const char *why, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_INVALID_OPERATION,
                        "cq.NotAllowed: the job's %s cannot be checked for --allow: %.*s", field,
                        REASON_SHOWN, why);
}

/* --- Pickles --- */

struct watch {
    struct cq_globals globals; /* first: the walk hands this back */
    const struct cq_strv *prefixes;
    const char *field;
};

static enum cq_code seen(struct cq_globals *globals, struct cq_str name, bool attribute, struct cq_error *err)
{
    const struct watch *watch = (const struct watch *)(void *)globals;
    char what[40];
    (void)attribute;
    if (is_plain(name) || covers(watch->prefixes, name))
        return CQ_OK;
    snprintf(what, sizeof(what), "the pickle in %s names", watch->field);
    return not_covered(what, name, err);
}

static enum cq_code check_pickle(const struct cq_strv *prefixes, const char *field, struct cq_str bytes,
                                 struct cq_arena *arena, struct cq_pickled_call *ret_call,
                                 struct cq_error *err)
{
    struct watch watch = {.globals = {.seen = seen}, .prefixes = prefixes, .field = field};
    struct cq_error why;
    enum cq_code code = cq_pickle_globals(bytes, &watch.globals, arena, ret_call, &why);
    if (code == CQ_OK)
        return CQ_OK;
    if (code == CQ_ERR_INVALID_OPERATION)
        return cq_error_set(err, code, "%s", why.text);
    return cannot_tell(field, why.text, err);
}

/* --- The call --- */

/* Of a plain function the whole name counts, of a method the class: the name is only the method's then. */
static enum cq_code check_function(const struct cq_strv *prefixes, const struct cq_pickled_call *call,
                                   struct cq_error *err)
{
    if (!call->function.len)
        return cannot_tell("data", "it is not a call: (function, instance, arguments, keyword arguments)",
                           err);
    if (call->owner == CQ_OWNER_NONE)
        return covers(prefixes, call->function) ? CQ_OK : not_covered("the job calls", call->function, err);
    bool method = cq_str_is(call->function, "__call__") || dotted(call->function);
    if (call->owner == CQ_OWNER_DATA || !method)
        return not_covered(method ? "the job calls a method of plain data," : "the job calls the method",
                           call->function, err);
    return covers(prefixes, call->owner_name)
               ? CQ_OK
               : not_covered("the job calls a method of", call->owner_name, err);
}

/* JSON and msgpack: of the call only the name can do anything. */
static enum cq_code check_plain_call(const struct cq_strv *prefixes, struct cq_str bytes,
                                     struct cq_arena *arena, struct cq_error *err)
{
    struct cq_function_call call;
    struct cq_error why;
    if (cq_function_call_read(bytes, arena, &call, &why) != CQ_OK)
        return cannot_tell("data", why.text, err);
    struct cq_pickled_call pickled = {
        call.function, call.instance.kind == CQ_VALUE_NONE ? CQ_OWNER_NONE : CQ_OWNER_DATA, CQ_STR_NONE};
    return check_function(prefixes, &pickled, err);
}

static enum cq_code check_data(const struct cq_strv *prefixes, struct cq_str data, struct cq_arena *arena,
                               enum cq_format *ret_format, struct cq_error *err)
{
    struct cq_buf plain_data = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_error why;
    enum cq_code code = CQ_OK;
    if (cq_is_zlib(data)) {
        code = cq_inflate(data, &plain_data, &why);
        if (code)
            code = cannot_tell("data", why.text, err);
        data = cq_buf_view(&plain_data);
    }
    /* No pickle begins like the other two do: `[` is not an opcode, 0x94 needs something on the stack. All
     * else may be one. */
    unsigned char first = data.len ? (unsigned char)data.data[0] : 0;
    struct cq_pickled_call call;
    *ret_format = first == '[' ? CQ_FORMAT_JSON : first == 0x94 ? CQ_FORMAT_MSGPACK : CQ_FORMAT_PICKLE;
    if (!code && !data.len)
        code = cannot_tell("data", "there is none", err);
    else if (!code && *ret_format == CQ_FORMAT_PICKLE) {
        code = check_pickle(prefixes, "data", data, arena, &call, err);
        if (!code)
            code = check_function(prefixes, &call, err);
    } else if (!code)
        code = check_plain_call(prefixes, data, arena, err);
    cq_buf_release(&plain_data);
    return code;
}

/* --- The rest of the hash --- */

/* Meta or a result of RQ 1.x is in the serializer of data, and must not be what another one would take for a
 * pickle. */
static enum cq_code check_value(const struct cq_strv *prefixes, enum cq_format format, const char *field,
                                struct cq_str bytes, struct cq_arena *arena, struct cq_error *err)
{
    struct cq_value value;
    struct cq_error why;
    if (!bytes.len)
        return CQ_OK;
    if (format == CQ_FORMAT_PICKLE)
        return check_pickle(prefixes, field, bytes, arena, NULL, err);
    if (cq_decode(format, bytes, arena, &value, &why) != CQ_OK)
        return cannot_tell(field, why.text, err);
    /* Of msgpack only a map begins with a byte that settles it for readers who look at no more than that. */
    if (format == CQ_FORMAT_MSGPACK && value.kind != CQ_VALUE_MAP)
        return cannot_tell(field, "it is msgpack, and no map", err);
    return CQ_OK;
}

enum cq_code cq_allow_check(const struct cq_strv *prefixes, const struct cq_reply *fields,
                            struct cq_error *err)
{
    static const char *const callbacks[][2] = {
        {"success_callback_name", "the success callback is"},
        {"failure_callback_name", "the failure callback is"},
        {"stopped_callback_name", "the stopped callback is"},
    };
    if (!prefixes->len)
        return CQ_OK;
    for (size_t i = 0; i < CQ_ARRAY_LEN(callbacks); i++) {
        struct cq_str name = cq_reply_field(fields, callbacks[i][0]);
        if (name.len && !covers(prefixes, name))
            return not_covered(callbacks[i][1], name, err);
    }
    struct cq_arena arena = CQ_ARENA_INIT;
    enum cq_format format;
    enum cq_code code = check_data(prefixes, cq_reply_field(fields, "data"), &arena, &format, err);
    if (!code)
        code = check_value(prefixes, format, "meta", cq_reply_field(fields, "meta"), &arena, err);
    if (!code)
        code = check_value(prefixes, format, "result", cq_reply_field(fields, "result"), &arena, err);
    cq_arena_release(&arena);
    return code;
}
