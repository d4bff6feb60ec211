/*
 * Writing pickles, protocol 5, with the opcodes, batches and frames of Python's C pickler
 * (Modules/_pickle.c), so that plain data without shared references comes out byte by byte the same.
 */
#include <string.h>

#include "serializers/bigint.h"
#include "serializers/datetime.h"
#include "serializers/pickle/write.h"
#include "serializers/pystr.h"
#include "serializers/serializer.h"

enum {
    PROTOCOL = 5,
    BATCH = 1000,             /* elements between MARK and APPENDS; BATCHSIZE there */
    FRAME_HEADER = 9,         /* opcode and length */
    FRAME_MIN = 4,            /* a shorter frame is written without its header; FRAME_SIZE_MIN */
    FRAME_TARGET = 64 * 1024, /* a frame ends after the value that reaches this; FRAME_SIZE_TARGET */
};

enum opcode {
    MARK = '(',
    STOP = '.',
    NONE = 'N',
    TRUE_ = 0x88,
    FALSE_ = 0x89,
    BININT1 = 'K',
    BININT2 = 'M',
    BININT = 'J',
    LONG1 = 0x8A,
    LONG4 = 0x8B,
    BINFLOAT = 'G',
    SHORT_BINUNICODE = 0x8C,
    BINUNICODE = 'X',
    BINUNICODE8 = 0x8D,
    SHORT_BINBYTES = 'C',
    BINBYTES = 'B',
    BINBYTES8 = 0x8E,
    EMPTY_TUPLE = ')',
    TUPLE = 't',
    TUPLE1 = 0x85, /* and TUPLE2, TUPLE3 */
    EMPTY_LIST = ']',
    APPEND = 'a',
    APPENDS = 'e',
    EMPTY_DICT = '}',
    SETITEM = 's',
    SETITEMS = 'u',
    EMPTY_SET = 0x8F,
    ADDITEMS = 0x90,
    FROZENSET = 0x91,
    STACK_GLOBAL = 0x93,
    REDUCE = 'R',
    MEMOIZE = 0x94,
    FRAME = 0x95,
    PROTO = 0x80,
};

struct writer {
    struct cq_buf *out;
    struct cq_error *err;
    bool in_frame;
    bool framing;       /* off around the payload of a long text */
    size_t frame_start; /* of the open frame's header, in out */
};

static void put_raw(struct writer *w, const void *bytes, size_t len)
{
    static const char header[FRAME_HEADER] = {0};
    if (w->framing && !w->in_frame) {
        w->frame_start = w->out->len;
        w->in_frame = cq_buf_append(w->out, header, sizeof(header));
    }
    cq_buf_append(w->out, bytes, len);
}

static void end_frame(struct writer *w)
{
    if (!w->in_frame || w->out->overflow)
        return;
    char *frame = w->out->data + w->frame_start;
    uint64_t len = w->out->len - w->frame_start - FRAME_HEADER;
    if (len >= FRAME_MIN) {
        frame[0] = (char)FRAME;
        for (int i = 0; i < 8; i++)
            frame[1 + i] = (char)(len >> (8 * i));
    } else {
        memmove(frame, frame + FRAME_HEADER, len);
        w->out->len -= FRAME_HEADER;
        w->out->data[w->out->len] = '\0';
    }
    w->in_frame = false;
}

static void put(struct writer *w, enum opcode opcode)
{
    put_raw(w, &(char){(char)opcode}, 1);
}

/* An opcode with a little-endian number of `size` bytes after it. */
static void put_number(struct writer *w, enum opcode opcode, uint64_t number, size_t size)
{
    char bytes[9] = {(char)opcode};
    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (char)(number >> (8 * i));
    put_raw(w, bytes, 1 + size);
}

/* --- Numbers and text --- */

static void write_int(struct writer *w, int64_t number)
{
    if (number >= 0 && number <= UINT8_MAX)
        put_number(w, BININT1, (uint64_t)number, 1);
    else if (number >= 0 && number <= UINT16_MAX)
        put_number(w, BININT2, (uint64_t)number, 2);
    else
        put_number(w, BININT, (uint64_t)number, 4);
}

static enum cq_code write_long(struct writer *w, const struct cq_value *value)
{
    unsigned char bytes[CQ_BIGINT_MAX_BYTES];
    size_t len = cq_bigint_to_bytes(value, bytes);
    if (!len)
        return cq_error_set(w->err, CQ_ERR_SERIALIZATION,
                            "pickle: an int that is not a decimal number, or has more than %d digits",
                            CQ_VALUE_MAX_DIGITS);
    put_number(w, len < 256 ? LONG1 : LONG4, len, len < 256 ? 1 : 4);
    put_raw(w, bytes, len);
    return CQ_OK;
}

static void write_float(struct writer *w, double number)
{
    uint64_t bits;
    char bytes[9] = {BINFLOAT};
    memcpy(&bits, &number, sizeof(bits));
    for (int i = 0; i < 8; i++)
        bytes[1 + i] = (char)(bits >> (56 - 8 * i));
    put_raw(w, bytes, sizeof(bytes));
}

/* A long text stands outside of frames, so that a reader need not copy it. */
static void write_text(struct writer *w, struct cq_str text, enum opcode small, enum opcode medium,
                       enum opcode large)
{
    bool outside = text.len >= FRAME_TARGET;
    if (outside) {
        end_frame(w);
        w->framing = false;
    }
    if (text.len <= UINT8_MAX)
        put_number(w, small, text.len, 1);
    else if (text.len <= UINT32_MAX)
        put_number(w, medium, text.len, 4);
    else
        put_number(w, large, text.len, 8);
    put_raw(w, text.data, text.len);
    w->framing = true;
    put(w, MEMOIZE);
}

static enum cq_code write_str(struct writer *w, struct cq_str text)
{
    size_t valid = cq_pystr_check(text);
    if (valid != text.len)
        return cq_error_set(w->err, CQ_ERR_SERIALIZATION,
                            "pickle: a str is not UTF-8 at its byte %zu; pass it as bytes", valid);
    write_text(w, text, SHORT_BINUNICODE, BINUNICODE, BINUNICODE8);
    return CQ_OK;
}

static void write_bytes(struct writer *w, struct cq_str bytes)
{
    write_text(w, bytes, SHORT_BINBYTES, BINBYTES, BINBYTES8);
}

/* --- datetime --- */

static void write_tuple_end(struct writer *w, size_t len)
{
    put(w, (enum opcode)(TUPLE1 + len - 1));
    put(w, MEMOIZE);
}

static void write_global(struct writer *w, const char *name)
{
    write_text(w, CQ_STR_LIT("datetime"), SHORT_BINUNICODE, BINUNICODE, BINUNICODE8);
    write_text(w, cq_str(name), SHORT_BINUNICODE, BINUNICODE, BINUNICODE8);
    put(w, STACK_GLOBAL);
    put(w, MEMOIZE);
}

static void write_reduce(struct writer *w)
{
    put(w, REDUCE);
    put(w, MEMOIZE);
}

static void write_delta(struct writer *w, const struct cq_moment_delta *delta)
{
    write_global(w, "timedelta");
    write_int(w, delta->days);
    write_int(w, delta->seconds);
    write_int(w, delta->micros);
    write_tuple_end(w, 3);
    write_reduce(w);
}

static void write_zone(struct writer *w, const struct cq_moment_delta *offset)
{
    write_global(w, "timezone");
    write_delta(w, offset);
    write_tuple_end(w, 1);
    write_reduce(w);
}

static enum cq_code write_datetime(struct writer *w, const struct cq_value *value)
{
    static const char *const names[] = {
        [CQ_MOMENT_DATETIME] = "datetime", [CQ_MOMENT_DATE] = "date", [CQ_MOMENT_TIME] = "time"};
    struct cq_moment moment;
    if (!cq_moment_parse(value->as.text, &moment))
        return cq_error_set(w->err, CQ_ERR_SERIALIZATION,
                            "pickle cannot hold `%.100s` as a time: not as Python's repr shows one",
                            value->as.text.data);
    if (moment.type == CQ_MOMENT_TIMEDELTA) {
        write_delta(w, &moment.delta);
    } else if (moment.type == CQ_MOMENT_TIMEZONE) {
        write_zone(w, &moment.delta);
    } else {
        unsigned char state[10];
        write_global(w, names[moment.type]);
        write_bytes(w, cq_str_n(state, cq_moment_to_state(&moment, state)));
        if (moment.has_zone)
            write_zone(w, &moment.delta);
        write_tuple_end(w, moment.has_zone ? 2 : 1);
        write_reduce(w);
    }
    return CQ_OK;
}

/* --- Containers --- */

static enum cq_code write_value(struct writer *w, const struct cq_value *value, int depth);

/* msgpack has keys that Python has not; a pickle with one would not load. */
static enum cq_code check_hashable(struct writer *w, const struct cq_value *key)
{
    return cq_value_hashable(key)
               ? CQ_OK
               : cq_error_set(w->err, CQ_ERR_SERIALIZATION, "pickle: a %s as a dict's key or in a set",
                              cq_value_type_name(key));
}

/* Elements from `from` to `to`: of a list kind or, as keys and values, of a map. */
static enum cq_code write_range(struct writer *w, const struct cq_value *value, size_t from, size_t to,
                                int depth)
{
    for (size_t i = from; i < to; i++) {
        enum cq_code code = CQ_OK;
        bool is_map = value->kind == CQ_VALUE_MAP,
             is_set = value->kind == CQ_VALUE_SET || value->kind == CQ_VALUE_FROZENSET;
        const struct cq_value *first = is_map ? &value->as.map.pairs[i].key : &value->as.list.items[i];
        if (is_map || is_set)
            code = check_hashable(w, first);
        if (!code)
            code = write_value(w, first, depth);
        if (!code && is_map)
            code = write_value(w, &value->as.map.pairs[i].value, depth);
        if (code || w->out->overflow)
            return code;
    }
    return CQ_OK;
}

static enum cq_code write_tuple(struct writer *w, const struct cq_value *tuple, int depth)
{
    size_t len = tuple->as.list.len;
    if (!len) {
        put(w, EMPTY_TUPLE);
        return CQ_OK;
    }
    if (len > 3)
        put(w, MARK);
    enum cq_code code = write_range(w, tuple, 0, len, depth);
    if (code)
        return code;
    if (len <= 3) {
        write_tuple_end(w, len);
    } else {
        put(w, TUPLE);
        put(w, MEMOIZE);
    }
    return CQ_OK;
}

/* A list, dict or set: empty first, then filled in batches. After a last full batch of a dict or set Python
 * writes an empty one. */
static enum cq_code write_filled(struct writer *w, const struct cq_value *value, int depth)
{
    bool is_map = value->kind == CQ_VALUE_MAP, is_list = value->kind == CQ_VALUE_LIST;
    size_t len = is_map ? value->as.map.len : value->as.list.len, at = 0, batch;
    put(w, is_map ? EMPTY_DICT : is_list ? EMPTY_LIST : EMPTY_SET);
    put(w, MEMOIZE);
    if (!len)
        return CQ_OK;
    if (len == 1 && value->kind != CQ_VALUE_SET) {
        enum cq_code code = write_range(w, value, 0, 1, depth);
        put(w, is_map ? SETITEM : APPEND);
        return code;
    }
    do {
        batch = len - at < BATCH ? len - at : BATCH;
        put(w, MARK);
        enum cq_code code = write_range(w, value, at, at + batch, depth);
        if (code || w->out->overflow)
            return code;
        put(w, is_map ? SETITEMS : is_list ? APPENDS : ADDITEMS);
        at += batch;
    } while (at < len || (!is_list && batch == BATCH));
    return CQ_OK;
}

static enum cq_code write_container(struct writer *w, const struct cq_value *value, int depth)
{
    if (depth >= CQ_VALUE_MAX_DEPTH)
        return cq_error_set(w->err, CQ_ERR_LIMIT, "pickle: more than %d levels deep", CQ_VALUE_MAX_DEPTH);
    if (value->kind == CQ_VALUE_TUPLE)
        return write_tuple(w, value, depth + 1);
    if (value->kind != CQ_VALUE_FROZENSET)
        return write_filled(w, value, depth + 1);
    put(w, MARK);
    enum cq_code code = write_range(w, value, 0, value->as.list.len, depth + 1);
    put(w, FROZENSET);
    put(w, MEMOIZE);
    return code;
}

static enum cq_code write_value(struct writer *w, const struct cq_value *value, int depth)
{
    if (w->in_frame && w->out->len - w->frame_start - FRAME_HEADER >= FRAME_TARGET)
        end_frame(w);
    switch (value->kind) {
    case CQ_VALUE_NONE: put(w, NONE); return CQ_OK;
    case CQ_VALUE_BOOL: put(w, value->as.boolean ? TRUE_ : FALSE_); return CQ_OK;
    case CQ_VALUE_INT:
        if (value->as.integer < INT32_MIN || value->as.integer > INT32_MAX)
            return write_long(w, value);
        write_int(w, value->as.integer);
        return CQ_OK;
    case CQ_VALUE_BIGINT: return write_long(w, value);
    case CQ_VALUE_FLOAT: write_float(w, value->as.number); return CQ_OK;
    case CQ_VALUE_STR: return write_str(w, value->as.text);
    case CQ_VALUE_BYTES: write_bytes(w, value->as.text); return CQ_OK;
    case CQ_VALUE_DATETIME: return write_datetime(w, value);
    case CQ_VALUE_OPAQUE:
        return cq_error_set(w->err, CQ_ERR_SERIALIZATION,
                            "pickle: a value of type %s is not plain data; only Python can write it",
                            cq_value_type_name(value));
    default: return write_container(w, value, depth);
    }
}

enum cq_code cq_pickle_write(const struct cq_value *value, struct cq_buf *out, struct cq_error *err)
{
    struct writer w = {.out = out, .err = err};
    put_number(&w, PROTO, PROTOCOL, 1);
    w.framing = true;
    enum cq_code code = write_value(&w, value, 0);
    put(&w, STOP);
    end_frame(&w);
    if (!code && out->overflow)
        code = cq_error_set(err, CQ_ERR_LIMIT, "pickle: the value is larger than the limit of %zu bytes",
                            out->limit);
    return code;
}
