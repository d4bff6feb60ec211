/*
 * Reading pickles, protocols 0 to 5, opcode by opcode. The opcodes are those of Lib/pickletools.py; what an
 * unusual pickle means follows Modules/_pickle.c. Nothing is imported or called: see reduce.c.
 */
#include <string.h>

#include "base/number.h"
#include "serializers/bigint.h"
#include "serializers/pickle/machine.h"
#include "serializers/pickle/read.h"
#include "serializers/pickle/reduce.h"
#include "serializers/pystr.h"
#include "serializers/serializer.h"

enum { HIGHEST_PROTOCOL = 5 };

/* --- Numbers --- */

static enum cq_code push_opaque(struct cq_pickle *p, const char *name)
{
    return cq_pickle_push(p, cq_pickle_named(p, CQ_VALUE_OPAQUE, cq_str(name), CQ_STR_LIT("")));
}

static enum cq_code op_constant(struct cq_pickle *p)
{
    return cq_pickle_push(p, p->opcode == 'N' ? cq_value_none() : cq_value_bool(p->opcode == 0x88));
}

/* BININT1, BININT2, and BININT, which alone has a sign. */
static enum cq_code op_binint(struct cq_pickle *p)
{
    uint64_t number;
    enum cq_code code = cq_pickle_take_number(p, p->opcode == 'K' ? 1 : p->opcode == 'M' ? 2 : 4, &number);
    if (code)
        return code;
    return cq_pickle_push(p, cq_value_int(p->opcode == 'J' ? (int32_t)(uint32_t)number : (int64_t)number));
}

/* INT and LONG: a line of decimal digits; INT's 00 and 01 are False and True, LONG may end with L. */
static enum cq_code op_decimal(struct cq_pickle *p)
{
    struct cq_str line;
    struct cq_value value;
    enum cq_code code = cq_pickle_take_line(p, &line);
    if (code)
        return code;
    if (p->opcode == 'I' && (cq_str_is(line, "00") || cq_str_is(line, "01")))
        return cq_pickle_push(p, cq_value_bool(line.data[1] == '1'));
    if (p->opcode == 'L' && line.len && line.data[line.len - 1] == 'L')
        line.len--;
    bool negative = line.len && line.data[0] == '-';
    struct cq_str digits = negative ? cq_str_n(line.data + 1, line.len - 1) : line;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9')
            digits.len = 0;
    if (!digits.len)
        return cq_pickle_fault(p, "an integer that is not a decimal number");
    if (p->watch || !cq_bigint_parse(digits, 10, negative, p->arena, &value))
        return push_opaque(p, "int");
    return cq_pickle_push(p, value);
}

/* An int beyond Python's limit for showing it is kept by name: its neighbours are readable still. */
static enum cq_code op_long(struct cq_pickle *p)
{
    struct cq_str bytes;
    struct cq_value value;
    enum cq_code code = cq_pickle_take_sized(p, p->opcode == 0x8A ? 1 : 4, &bytes);
    if (code)
        return code;
    if (p->opcode == 0x8B && bytes.len > INT32_MAX)
        return cq_pickle_fault(p, "an integer of negative length");
    if (p->watch || !cq_bigint_from_bytes((const unsigned char *)bytes.data, bytes.len, p->arena, &value))
        return push_opaque(p, "int");
    return cq_pickle_push(p, value);
}

static enum cq_code op_float(struct cq_pickle *p)
{
    struct cq_str line;
    double number;
    enum cq_code code = cq_pickle_take_line(p, &line);
    if (code)
        return code;
    if (!cq_number_double(line, &number))
        return cq_pickle_fault(p, "a float that is not a number");
    return cq_pickle_push(p, cq_value_float(number));
}

static enum cq_code op_binfloat(struct cq_pickle *p)
{
    struct cq_str bytes;
    uint64_t bits = 0;
    double number;
    enum cq_code code = cq_pickle_take(p, 8, &bytes);
    if (code)
        return code;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | (unsigned char)bytes.data[i];
    memcpy(&number, &bits, sizeof(number));
    return cq_pickle_push(p, cq_value_float(number));
}

/* --- Text and bytes --- */

static enum cq_code push_text(struct cq_pickle *p, enum cq_value_kind kind, struct cq_str text)
{
    return cq_pickle_push(
        p, (struct cq_value){.kind = kind, .as.text = p->watch ? text : cq_arena_str(p->arena, text)});
}

static enum cq_code op_unicode(struct cq_pickle *p)
{
    struct cq_str text;
    enum cq_code code = cq_pickle_take_sized(p, p->opcode == 0x8C ? 1 : p->opcode == 'X' ? 4 : 8, &text);
    if (code)
        return code;
    if (cq_pystr_check(text) != text.len)
        return cq_pickle_fault(p, "a str that is not UTF-8");
    return push_text(p, CQ_VALUE_STR, text);
}

static enum cq_code op_bytes(struct cq_pickle *p)
{
    struct cq_str bytes;
    enum cq_code code = cq_pickle_take_sized(p, p->opcode == 'C' ? 1 : p->opcode == 'B' ? 4 : 8, &bytes);
    return code ? code : push_text(p, CQ_VALUE_BYTES, bytes);
}

/* Python 2's str is a str for Python 3 too, if it is ASCII; else pickle.loads, and so RQ, refuses it. */
static enum cq_code push_old_str(struct cq_pickle *p, struct cq_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return cq_pickle_fault(p, "a str of Python 2 that is not ASCII");
    return push_text(p, CQ_VALUE_STR, text);
}

static enum cq_code op_binstring(struct cq_pickle *p)
{
    struct cq_str text;
    enum cq_code code = cq_pickle_take_sized(p, p->opcode == 'U' ? 1 : 4, &text);
    return code ? code : push_old_str(p, text);
}

/* STRING and UNICODE: a line with escapes; STRING's in quotes. */
static enum cq_code op_escaped(struct cq_pickle *p)
{
    struct cq_str line;
    size_t len, at;
    enum cq_code code = cq_pickle_take_line(p, &line);
    if (code)
        return code;
    if (p->opcode == 'S') {
        while (line.len && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\r'))
            line.len--;
        char quote = line.len > 1 ? line.data[0] : '\0';
        if ((quote != '\'' && quote != '"') || line.data[line.len - 1] != quote)
            return cq_pickle_fault(p, "a str of protocol 0 without quotes");
        line = cq_str_n(line.data + 1, line.len - 2);
    }
    char *text = cq_arena_alloc(p->arena, 2 * line.len + 1);
    const char *wrong = cq_pystr_unescape(line, p->opcode == 'S' ? CQ_ESCAPES_BYTES : CQ_ESCAPES_RAW, text,
                                          &len, &at);
    if (wrong)
        return cq_pickle_fault(p, wrong);
    text[len] = '\0';
    if (p->opcode == 'S')
        return push_old_str(p, cq_str_n(text, len));
    return cq_pickle_push(p, cq_value_str(cq_str_n(text, len)));
}

/* --- Containers --- */

static enum cq_code op_empty(struct cq_pickle *p)
{
    enum cq_value_kind kind = p->opcode == ']'   ? CQ_VALUE_LIST
                              : p->opcode == '}' ? CQ_VALUE_MAP
                              : p->opcode == ')' ? CQ_VALUE_TUPLE
                                                 : CQ_VALUE_SET;
    return cq_pickle_push(p, cq_pickle_make(p, kind, NULL, 0));
}

/* TUPLE, LIST, DICT, FROZENSET: of all slots above the MARK. */
static enum cq_code op_marked(struct cq_pickle *p)
{
    enum cq_value_kind kind = p->opcode == 't'   ? CQ_VALUE_TUPLE
                              : p->opcode == 'l' ? CQ_VALUE_LIST
                              : p->opcode == 'd' ? CQ_VALUE_MAP
                                                 : CQ_VALUE_FROZENSET;
    struct cq_value *slots;
    size_t len;
    enum cq_code code = cq_pickle_pop_mark(p, &slots, &len);
    if (code)
        return code;
    if (kind == CQ_VALUE_MAP && len % 2)
        return cq_pickle_fault(p, "a dict with a key that has no value");
    return cq_pickle_push(p, cq_pickle_make(p, kind, slots, len));
}

/* TUPLE1 to TUPLE3 */
static enum cq_code op_tuple_n(struct cq_pickle *p)
{
    struct cq_value slots[3];
    size_t len = p->opcode - 0x84u;
    for (size_t i = len; i-- > 0;) {
        enum cq_code code = cq_pickle_pop(p, &slots[i]);
        if (code)
            return code;
    }
    return cq_pickle_push(p, cq_pickle_make(p, CQ_VALUE_TUPLE, slots, len));
}

/* Add slots to the container on top of the stack. To an opaque (a subclass of list, dict or set) they are
 * lost. */
static enum cq_code add(struct cq_pickle *p, enum cq_value_kind kind, const struct cq_value *slots,
                        size_t len)
{
    struct cq_value target;
    enum cq_code code = cq_pickle_top(p, &target);
    if (code || target.kind == CQ_VALUE_OPAQUE)
        return code;
    struct cq_pickle_container *container = cq_pickle_container(&target);
    if (!container || container->kind != kind)
        return cq_pickle_fault(p, "an element for something that is not the right container");
    if (kind == CQ_VALUE_MAP && len % 2)
        return cq_pickle_fault(p, "a dict with a key that has no value");
    cq_pickle_extend(p, container, slots, len);
    return CQ_OK;
}

/* APPEND and SETITEM */
static enum cq_code op_add_one(struct cq_pickle *p)
{
    struct cq_value slots[2];
    size_t len = p->opcode == 's' ? 2 : 1;
    for (size_t i = len; i-- > 0;) {
        enum cq_code code = cq_pickle_pop(p, &slots[i]);
        if (code)
            return code;
    }
    return add(p, p->opcode == 's' ? CQ_VALUE_MAP : CQ_VALUE_LIST, slots, len);
}

/* APPENDS, SETITEMS, ADDITEMS */
static enum cq_code op_add_many(struct cq_pickle *p)
{
    struct cq_value *slots;
    size_t len;
    enum cq_code code = cq_pickle_pop_mark(p, &slots, &len);
    enum cq_value_kind kind = p->opcode == 'e'   ? CQ_VALUE_LIST
                              : p->opcode == 'u' ? CQ_VALUE_MAP
                                                 : CQ_VALUE_SET;
    return code ? code : add(p, kind, slots, len);
}

/* --- Stack and memo --- */

static enum cq_code op_mark(struct cq_pickle *p)
{
    return cq_pickle_mark(p);
}

/* POP takes a MARK off when that is what lies on top. */
static enum cq_code op_pop(struct cq_pickle *p)
{
    struct cq_value slot;
    if (p->marks_len && p->marks[p->marks_len - 1] == p->stack_len) {
        p->marks_len--;
        return CQ_OK;
    }
    return cq_pickle_pop(p, &slot);
}

static enum cq_code op_pop_mark(struct cq_pickle *p)
{
    struct cq_value *slots;
    size_t len;
    return cq_pickle_pop_mark(p, &slots, &len);
}

static enum cq_code op_dup(struct cq_pickle *p)
{
    struct cq_value slot;
    enum cq_code code = cq_pickle_top(p, &slot);
    return code ? code : cq_pickle_push(p, slot);
}

/* The index of PUT, GET (a line), BINPUT, BINGET (1 byte), LONG_BINPUT, LONG_BINGET (4). */
static enum cq_code take_index(struct cq_pickle *p, uint64_t *ret_index)
{
    struct cq_str line;
    int64_t index;
    if (p->opcode == 'q' || p->opcode == 'h')
        return cq_pickle_take_number(p, 1, ret_index);
    if (p->opcode == 'r' || p->opcode == 'j')
        return cq_pickle_take_number(p, 4, ret_index);
    enum cq_code code = cq_pickle_take_line(p, &line);
    if (code)
        return code;
    if (!cq_number_int(line, 0, UINT32_MAX, &index))
        return cq_pickle_fault(p, "a memo index that is not a number");
    *ret_index = (uint64_t)index;
    return CQ_OK;
}

static enum cq_code op_put(struct cq_pickle *p)
{
    struct cq_value slot;
    uint64_t index = p->memo_used; /* MEMOIZE */
    enum cq_code code = p->opcode == 0x94 ? CQ_OK : take_index(p, &index);
    if (!code)
        code = cq_pickle_top(p, &slot);
    return code ? code : cq_pickle_put(p, index, slot);
}

static enum cq_code op_get(struct cq_pickle *p)
{
    struct cq_value slot;
    uint64_t index;
    enum cq_code code = take_index(p, &index);
    if (!code)
        code = cq_pickle_get(p, index, &slot);
    return code ? code : cq_pickle_push(p, slot);
}

/* --- The machine --- */

static enum cq_code op_proto(struct cq_pickle *p)
{
    uint64_t version;
    enum cq_code code = cq_pickle_take_number(p, 1, &version);
    if (!code && version > HIGHEST_PROTOCOL)
        code = cq_pickle_fault(p, "a protocol above 5, the newest that is known,");
    p->protocol = (unsigned)version;
    return code;
}

/* Frames only help who reads from a file; what counts is that all of this one is there. */
static enum cq_code op_frame(struct cq_pickle *p)
{
    uint64_t len;
    enum cq_code code = cq_pickle_take_number(p, 8, &len);
    if (!code && len > p->bytes.len - p->at)
        code = cq_pickle_fault(p, "truncated: a frame that is longer than the rest,");
    return code;
}

/* A line for each would hide the rest of the file. */
/* clang-format off */
static enum cq_code (*const opcodes[256])(struct cq_pickle *) = {
    ['('] = op_mark, ['0'] = op_pop, ['1'] = op_pop_mark, ['2'] = op_dup, ['F'] = op_float,
    ['G'] = op_binfloat, ['I'] = op_decimal, ['L'] = op_decimal, ['J'] = op_binint, ['K'] = op_binint,
    ['M'] = op_binint, ['N'] = op_constant, [0x88] = op_constant, [0x89] = op_constant, [0x8A] = op_long,
    [0x8B] = op_long, ['S'] = op_escaped, ['V'] = op_escaped, ['T'] = op_binstring, ['U'] = op_binstring,
    ['X'] = op_unicode, [0x8C] = op_unicode, [0x8D] = op_unicode, ['B'] = op_bytes, ['C'] = op_bytes,
    [0x8E] = op_bytes, [0x96] = op_bytes, ['}'] = op_empty, [')'] = op_empty, [0x8F] = op_empty,
    ['t'] = op_marked, ['l'] = op_marked, ['d'] = op_marked, [0x91] = op_marked, [0x85] = op_tuple_n,
    [0x86] = op_tuple_n, [0x87] = op_tuple_n, ['a'] = op_add_one, ['s'] = op_add_one, ['e'] = op_add_many,
    ['u'] = op_add_many, [0x90] = op_add_many, ['p'] = op_put, ['q'] = op_put, ['r'] = op_put,
    [0x94] = op_put, ['g'] = op_get, ['h'] = op_get, ['j'] = op_get, [0x80] = op_proto, [0x95] = op_frame,
    [']'] = op_empty, ['P'] = cq_pickle_op_elsewhere, ['Q'] = cq_pickle_op_elsewhere,
    [0x82] = cq_pickle_op_elsewhere, [0x83] = cq_pickle_op_elsewhere, [0x84] = cq_pickle_op_elsewhere,
    [0x97] = cq_pickle_op_elsewhere, [0x98] = cq_pickle_op_readonly, ['c'] = cq_pickle_op_global,
    [0x93] = cq_pickle_op_stack_global, ['R'] = cq_pickle_op_reduce, ['b'] = cq_pickle_op_build,
    [0x81] = cq_pickle_op_newobj, [0x92] = cq_pickle_op_newobj, ['i'] = cq_pickle_op_inst,
    ['o'] = cq_pickle_op_inst,
};
/* clang-format on */

enum cq_code cq_pickle_run(struct cq_pickle *p, struct cq_value *ret_slot)
{
    while (p->at < p->bytes.len) {
        p->opcode_at = p->at;
        p->opcode = (unsigned char)p->bytes.data[p->at++];
        if (p->opcode == '.') /* what follows STOP is ignored, as pickle.loads does */
            return cq_pickle_pop(p, ret_slot);
        if (!opcodes[p->opcode])
            return cq_error_set(p->err, CQ_ERR_DESERIALIZATION, "pickle: unknown opcode 0x%02x at byte %zu",
                                p->opcode, p->opcode_at);
        enum cq_code code = opcodes[p->opcode](p);
        if (code)
            return code;
    }
    return cq_error_set(p->err, CQ_ERR_DESERIALIZATION,
                        "pickle: truncated: it ends at byte %zu without a STOP", p->bytes.len);
}

enum cq_code cq_pickle_read(struct cq_str bytes, struct cq_arena *arena, struct cq_value *ret_value,
                            struct cq_error *err)
{
    struct cq_pickle pickle;
    struct cq_value slot;
    cq_pickle_init(&pickle, bytes, arena, err);
    enum cq_code code = cq_pickle_run(&pickle, &slot);
    if (!code)
        code = cq_pickle_resolve(&pickle, slot, ret_value);
    cq_pickle_release(&pickle);
    return code;
}
