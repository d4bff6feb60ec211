/*
 * msgpack over msgpack-c. Its unpacker allocates what an array's or map's header claims before it has seen
 * the elements, so a scan of our own checks every length, the depth and the number of elements first.
 */
#include <inttypes.h>
#include <msgpack.h>
#include <string.h>

#include "base/utf8.h"
#include "serializers/datetime.h"
#include "serializers/msgpack.h"
#include "serializers/serializer.h"

enum {
    DEPTH_MAX = 32, /* containers inside each other: the unpacker's fixed stack, MSGPACK_EMBED_STACK_SIZE */
};

_Static_assert((int)DEPTH_MAX <= (int)CQ_VALUE_MAX_DEPTH, "what msgpack reads, all of us can walk");

/* --- Scanning --- */

/* What a header byte says: `size` bytes of length or number follow; `fixed` bytes of payload, or elements,
 * beside. */
struct header {
    enum { SCALAR, BYTES, LIST, MAP, NEVER } shape;
    unsigned length_size; /* bytes that hold the length; 0: `fixed` is the length */
    unsigned fixed;       /* length, or for BYTES with a length_size, what comes on top (the ext type) */
};

static struct header header_of(unsigned char c)
{
    static const struct header rest[] = {
        {SCALAR, 0, 0}, {NEVER, 0, 0},  {SCALAR, 0, 0}, {SCALAR, 0, 0}, /* C0 nil, C1, false, true */
        {BYTES, 1, 0},  {BYTES, 2, 0},  {BYTES, 4, 0},                  /* C4 bin 8, 16, 32 */
        {BYTES, 1, 1},  {BYTES, 2, 1},  {BYTES, 4, 1},                  /* C7 ext 8, 16, 32 */
        {SCALAR, 0, 4}, {SCALAR, 0, 8},                                 /* CA float 32, 64 */
        {SCALAR, 0, 1}, {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* CC uint 8 to 64 */
        {SCALAR, 0, 1}, {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* D0 int 8 to 64 */
        {BYTES, 0, 2},  {BYTES, 0, 3},  {BYTES, 0, 5},  {BYTES, 0, 9},
        {BYTES, 0, 17},                                              /* D4 fixext 1 to 16 */
        {BYTES, 1, 0},  {BYTES, 2, 0},  {BYTES, 4, 0},               /* D9 str 8, 16, 32 */
        {LIST, 2, 0},   {LIST, 4, 0},   {MAP, 2, 0},    {MAP, 4, 0}, /* DC array, DE map 16, 32 */
    };
    if (c < 0x80 || c >= 0xE0)
        return (struct header){SCALAR, 0, 0};
    if (c < 0x90)
        return (struct header){MAP, 0, c & 0x0F};
    if (c < 0xA0)
        return (struct header){LIST, 0, c & 0x0F};
    if (c < 0xC0)
        return (struct header){BYTES, 0, c & 0x1F};
    return rest[c - 0xC0];
}

struct scan {
    struct cq_str bytes;
    size_t at;
    uint64_t left[DEPTH_MAX]; /* elements still to come, for each open container */
    int depth;
    uint64_t items;
};

/* Pass over one header, with the payload of a scalar; open a container. */
static enum cq_code scan_one(struct scan *in, struct cq_error *err)
{
    const unsigned char *p = (const unsigned char *)in->bytes.data;
    size_t start = in->at, have = in->bytes.len - in->at - 1;
    struct header header = header_of(p[in->at++]);
    uint64_t length = 0;
    if (header.shape == NEVER)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: the unused byte 0xc1 at byte %zu", start);
    if (have < header.length_size)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: truncated at byte %zu", in->bytes.len);
    for (unsigned i = 0; i < header.length_size; i++)
        length = length << 8 | p[in->at++];
    have -= header.length_size;
    length += header.fixed;
    if (header.shape == SCALAR || header.shape == BYTES) {
        if (length > have)
            return cq_error_set(err, CQ_ERR_DESERIALIZATION,
                                "msgpack: truncated: %" PRIu64 " bytes announced at byte %zu, %zu are left",
                                length, start, have);
        in->at += length;
        return CQ_OK;
    }
    length *= header.shape == MAP ? 2 : 1;
    if (length > have)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION,
                            "msgpack: truncated: %" PRIu64
                            " elements announced at byte %zu, %zu bytes are left",
                            length, start, have);
    in->items += length;
    if (in->items > CQ_VALUE_MAX_ITEMS)
        return cq_error_set(err, CQ_ERR_LIMIT, "msgpack: more than %d elements, at byte %zu",
                            CQ_VALUE_MAX_ITEMS, start);
    if (in->depth == DEPTH_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "msgpack: more than %d levels deep at byte %zu", DEPTH_MAX,
                            start);
    in->left[in->depth++] = length;
    return CQ_OK;
}

static enum cq_code scan_all(struct cq_str bytes, struct cq_error *err)
{
    struct scan in = {.bytes = bytes};
    do {
        if (in.at == bytes.len)
            return cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: truncated at byte %zu", bytes.len);
        if (in.depth)
            in.left[in.depth - 1]--;
        enum cq_code code = scan_one(&in, err);
        if (code)
            return code;
        while (in.depth && !in.left[in.depth - 1])
            in.depth--;
    } while (in.depth);
    if (in.at != bytes.len)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: %zu bytes follow the value, at byte %zu",
                            bytes.len - in.at, in.at);
    return CQ_OK;
}

/* --- Reading --- */

static struct cq_value read_ext(const msgpack_object *object, struct cq_arena *arena)
{
    msgpack_timestamp stamp;
    struct cq_moment moment;
    if (msgpack_object_to_timestamp(object, &stamp) && stamp.tv_nsec < 1000000000 &&
        stamp.tv_nsec % 1000 == 0 && cq_moment_from_seconds(stamp.tv_sec, stamp.tv_nsec / 1000, &moment))
        return cq_moment_value(&moment, arena);
    const char *name = cq_arena_printf(arena, "msgpack extension %d", object->via.ext.type);
    return (struct cq_value){.kind = CQ_VALUE_OPAQUE, .as.text = cq_str(name)};
}

/* Depth is bounded by the scan. */
static enum cq_code read_object(const msgpack_object *object, struct cq_arena *arena,
                                struct cq_value *ret_value, struct cq_error *err);

static enum cq_code read_container(const msgpack_object *object, struct cq_arena *arena,
                                   struct cq_value *ret_value, struct cq_error *err)
{
    enum cq_code code = CQ_OK;
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        *ret_value = cq_value_list(arena, CQ_VALUE_LIST, object->via.array.size);
        for (size_t i = 0; i < ret_value->as.list.len && !code; i++)
            code = read_object(&object->via.array.ptr[i], arena, &ret_value->as.list.items[i], err);
        return code;
    }
    *ret_value = cq_value_map(arena, object->via.map.size);
    for (size_t i = 0; i < ret_value->as.map.len && !code; i++) {
        code = read_object(&object->via.map.ptr[i].key, arena, &ret_value->as.map.pairs[i].key, err);
        if (!code)
            code = read_object(&object->via.map.ptr[i].val, arena, &ret_value->as.map.pairs[i].value, err);
    }
    if (!code)
        ret_value->as.map.len = cq_value_unique_pairs(ret_value->as.map.pairs, ret_value->as.map.len);
    return code;
}

static enum cq_code read_object(const msgpack_object *object, struct cq_arena *arena,
                                struct cq_value *ret_value, struct cq_error *err)
{
    struct cq_str text;
    switch (object->type) {
    case MSGPACK_OBJECT_NIL: *ret_value = cq_value_none(); return CQ_OK;
    case MSGPACK_OBJECT_BOOLEAN: *ret_value = cq_value_bool(object->via.boolean); return CQ_OK;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        if (object->via.u64 <= INT64_MAX)
            *ret_value = cq_value_int((int64_t)object->via.u64);
        else
            *ret_value = (struct cq_value){
                .kind = CQ_VALUE_BIGINT,
                .as.text = cq_str(cq_arena_printf(arena, "%" PRIu64, object->via.u64))};
        return CQ_OK;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: *ret_value = cq_value_int(object->via.i64); return CQ_OK;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64: *ret_value = cq_value_float(object->via.f64); return CQ_OK;
    case MSGPACK_OBJECT_STR:
        text = cq_str_n(object->via.str.ptr, object->via.str.size);
        if (!cq_utf8_valid(text))
            return cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: a str of %zu bytes is not UTF-8",
                                text.len);
        *ret_value = cq_value_str(cq_arena_str(arena, text));
        return CQ_OK;
    case MSGPACK_OBJECT_BIN:
        text = cq_str_n(object->via.bin.ptr, object->via.bin.size);
        *ret_value = (struct cq_value){.kind = CQ_VALUE_BYTES, .as.text = cq_arena_str(arena, text)};
        return CQ_OK;
    case MSGPACK_OBJECT_EXT: *ret_value = read_ext(object, arena); return CQ_OK;
    default: return read_container(object, arena, ret_value, err);
    }
}

enum cq_code cq_msgpack_read(struct cq_str bytes, struct cq_arena *arena, struct cq_value *ret_value,
                             struct cq_error *err)
{
    enum cq_code code = scan_all(bytes, err);
    if (code)
        return code;
    msgpack_unpacked unpacked;
    size_t at = 0;
    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result = msgpack_unpack_next(&unpacked, bytes.data, bytes.len, &at);
    if (result != MSGPACK_UNPACK_SUCCESS && result != MSGPACK_UNPACK_EXTRA_BYTES)
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "msgpack: not readable after byte %zu", at);
    else
        code = read_object(&unpacked.data, arena, ret_value, err);
    msgpack_unpacked_destroy(&unpacked);
    return code;
}

/* --- Writing --- */

static int append(void *data, const char *bytes, size_t len)
{
    return cq_buf_append(data, bytes, len) ? 0 : -1;
}

static enum cq_code cannot_hold(const struct cq_value *value, struct cq_error *err)
{
    return cq_error_set(err, CQ_ERR_SERIALIZATION, "msgpack cannot hold a value of type %s; use pickle",
                        cq_value_type_name(value));
}

/* Beyond int64_t msgpack has only the upper half of uint64_t. */
static enum cq_code write_bigint(const struct cq_value *value, msgpack_packer *packer, struct cq_error *err)
{
    uint64_t number = 0;
    for (size_t i = 0; i < value->as.text.len; i++) {
        char c = value->as.text.data[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
            return cq_error_set(err, CQ_ERR_SERIALIZATION,
                                "msgpack cannot hold an int of more than 64 bits; use pickle or json");
    }
    msgpack_pack_uint64(packer, number);
    return CQ_OK;
}

/* A timestamp, as Python's msgpack writes with datetime=True: only for times that have a zone. */
static enum cq_code write_datetime(const struct cq_value *value, msgpack_packer *packer, struct cq_error *err)
{
    struct cq_moment moment;
    if (!cq_moment_parse(value->as.text, &moment) || moment.type != CQ_MOMENT_DATETIME || !moment.has_zone ||
        moment.delta.micros)
        return cannot_hold(value, err);
    int64_t seconds = cq_moment_seconds(&moment) - moment.delta.days * 86400 - moment.delta.seconds;
    msgpack_pack_timestamp(
        packer, &(msgpack_timestamp){.tv_sec = seconds, .tv_nsec = (uint32_t)moment.micros * 1000});
    return CQ_OK;
}

static enum cq_code write_text(const struct cq_value *value, msgpack_packer *packer, struct cq_error *err)
{
    struct cq_str text = value->as.text;
    if (text.len > UINT32_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "msgpack cannot hold %zu bytes in one value", text.len);
    if (value->kind == CQ_VALUE_BYTES) {
        msgpack_pack_bin(packer, text.len);
        msgpack_pack_bin_body(packer, text.data, text.len);
        return CQ_OK;
    }
    if (!cq_utf8_valid(text))
        return cq_error_set(err, CQ_ERR_SERIALIZATION, "msgpack: a str is not UTF-8; pass it as bytes");
    msgpack_pack_str(packer, text.len);
    msgpack_pack_str_body(packer, text.data, text.len);
    return CQ_OK;
}

static enum cq_code write_value(const struct cq_value *value, msgpack_packer *packer, int depth,
                                struct cq_error *err);

static enum cq_code write_container(const struct cq_value *value, msgpack_packer *packer, int depth,
                                    struct cq_error *err)
{
    const struct cq_buf *out = packer->data;
    bool is_map = value->kind == CQ_VALUE_MAP;
    size_t len = is_map ? value->as.map.len : value->as.list.len;
    enum cq_code code = CQ_OK;
    if (depth >= DEPTH_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "msgpack: more than %d levels deep", DEPTH_MAX);
    if (len > CQ_VALUE_MAX_ITEMS)
        return cq_error_set(err, CQ_ERR_LIMIT, "msgpack: more than %d elements", CQ_VALUE_MAX_ITEMS);
    if (is_map)
        msgpack_pack_map(packer, len);
    else
        msgpack_pack_array(packer, len);
    for (size_t i = 0; i < len && !code && !out->overflow; i++) {
        if (is_map)
            code = write_value(&value->as.map.pairs[i].key, packer, depth + 1, err);
        if (!code)
            code = write_value(is_map ? &value->as.map.pairs[i].value : &value->as.list.items[i], packer,
                               depth + 1, err);
    }
    return code;
}

static enum cq_code write_value(const struct cq_value *value, msgpack_packer *packer, int depth,
                                struct cq_error *err)
{
    switch (value->kind) {
    case CQ_VALUE_NONE: msgpack_pack_nil(packer); return CQ_OK;
    case CQ_VALUE_BOOL:
        if (value->as.boolean)
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        return CQ_OK;
    case CQ_VALUE_INT: msgpack_pack_int64(packer, value->as.integer); return CQ_OK;
    case CQ_VALUE_BIGINT: return write_bigint(value, packer, err);
    case CQ_VALUE_FLOAT: msgpack_pack_double(packer, value->as.number); return CQ_OK;
    case CQ_VALUE_STR:
    case CQ_VALUE_BYTES: return write_text(value, packer, err);
    case CQ_VALUE_DATETIME: return write_datetime(value, packer, err);
    case CQ_VALUE_LIST:
    case CQ_VALUE_TUPLE:
    case CQ_VALUE_MAP: return write_container(value, packer, depth, err);
    default: return cannot_hold(value, err);
    }
}

enum cq_code cq_msgpack_write(const struct cq_value *value, struct cq_buf *out, struct cq_error *err)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, append);
    enum cq_code code = write_value(value, &packer, 0, err);
    if (!code && out->overflow)
        code = cq_error_set(err, CQ_ERR_LIMIT, "msgpack: the value is larger than the limit of %zu bytes",
                            out->limit);
    return code;
}
