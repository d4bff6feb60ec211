#include "runtime/frame.h"

#include <string.h>

#include "runtime/frame_marks.h"

/*
 * Frames are read in place: parsing checks the whole map once, without allocating, and the getters walk it
 * again. Maps are small (a job has some 25 fields), so walking is cheaper than an index would be.
 */

enum item_kind { ITEM_OTHER, ITEM_INT, ITEM_BOOL, ITEM_STR, ITEM_BIN, ITEM_ARRAY, ITEM_MAP };

/* One msgpack object's head: its own bytes are consumed, the children of a container are not. */
struct item {
    enum item_kind kind;
    uint64_t number;    /* INT: the value's 64 bits; BOOL; ARRAY, MAP: elements or pairs */
    bool above_int64;   /* INT: an unsigned value that int64_t cannot hold */
    struct cq_str text; /* STR, BIN */
};

struct frame_reader {
    const unsigned char *at;
    const unsigned char *end;
};

static bool take_number(struct frame_reader *reader, int bytes, uint64_t *ret_number)
{
    if (reader->end - reader->at < bytes)
        return false;
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | reader->at[i];
    reader->at += bytes;
    *ret_number = number;
    return true;
}

static bool take_bytes(struct frame_reader *reader, uint64_t len, struct cq_str *ret_text)
{
    if ((uint64_t)(reader->end - reader->at) < len)
        return false;
    *ret_text = cq_str_n(reader->at, (size_t)len);
    reader->at += len;
    return true;
}

static bool take_int(struct frame_reader *reader, unsigned char mark, struct item *item)
{
    item->kind = ITEM_INT;
    bool is_signed = mark >= MARK_INT8;
    int bytes = 1 << (mark - (is_signed ? MARK_INT8 : MARK_UINT8));
    if (!take_number(reader, bytes, &item->number))
        return false;
    if (is_signed && bytes < 8) {
        uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
        item->number = (item->number ^ sign) - sign;
    }
    item->above_int64 = !is_signed && item->number > INT64_MAX;
    return true;
}

/* What carries a length of 1, 2 or 4 bytes: bin, str, ext, array and map. */
static bool take_sized(struct frame_reader *reader, unsigned char mark, struct item *item)
{
    uint64_t len;
    switch (mark) {
    case MARK_ARRAY16:
    case MARK_ARRAY32:
        item->kind = ITEM_ARRAY;
        return take_number(reader, mark == MARK_ARRAY16 ? 2 : 4, &item->number);
    case MARK_MAP16:
    case MARK_MAP32:
        item->kind = ITEM_MAP;
        return take_number(reader, mark == MARK_MAP16 ? 2 : 4, &item->number);
    }
    if (mark >= MARK_STR8 && mark <= MARK_STR32) {
        item->kind = ITEM_STR;
        return take_number(reader, 1 << (mark - MARK_STR8), &len) && take_bytes(reader, len, &item->text);
    }
    if (mark >= MARK_BIN8 && mark <= MARK_BIN32) {
        item->kind = ITEM_BIN;
        return take_number(reader, 1 << (mark - MARK_BIN8), &len) && take_bytes(reader, len, &item->text);
    }
    /* ext: its type byte comes after the length. */
    return take_number(reader, 1 << (mark - MARK_EXT8), &len) && take_bytes(reader, len + 1, &item->text);
}

static bool take_item(struct frame_reader *reader, struct item *item)
{
    *item = (struct item){ITEM_OTHER, 0, false, CQ_STR_NONE};
    if (reader->at >= reader->end)
        return false;
    unsigned char mark = *reader->at++;
    if (mark < 0x80 || mark >= 0xe0) {
        item->kind = ITEM_INT;
        item->number = (uint64_t)(int64_t)(int8_t)mark;
        return true;
    }
    if (mark < 0x90) {
        item->kind = ITEM_MAP;
        item->number = mark & 0x0f;
        return true;
    }
    if (mark < 0xa0) {
        item->kind = ITEM_ARRAY;
        item->number = mark & 0x0f;
        return true;
    }
    if (mark < 0xc0) {
        item->kind = ITEM_STR;
        return take_bytes(reader, mark & 0x1f, &item->text);
    }
    if (mark == MARK_NIL || mark == MARK_NEVER_USED)
        return mark == MARK_NIL;
    if (mark == MARK_FALSE || mark == MARK_TRUE) {
        item->kind = ITEM_BOOL;
        item->number = mark == MARK_TRUE;
        return true;
    }
    if (mark >= MARK_UINT8 && mark <= MARK_INT64)
        return take_int(reader, mark, item);
    if (mark == MARK_FLOAT32 || mark == MARK_FLOAT64)
        return take_bytes(reader, mark == MARK_FLOAT32 ? 4 : 8, &item->text);
    if (mark >= MARK_FIXEXT1 && mark <= MARK_FIXEXT16)
        return take_bytes(reader, (1u << (mark - MARK_FIXEXT1)) + 1, &item->text);
    return take_sized(reader, mark, item);
}

/* Consume one whole object. Every element takes a byte at least, so a lying count ends with the bytes. */
static bool skip_item(struct frame_reader *reader, int depth)
{
    struct item item;
    if (depth > CQ_FRAME_DEPTH_MAX || !take_item(reader, &item))
        return false;
    if (item.kind != ITEM_ARRAY && item.kind != ITEM_MAP)
        return true;
    for (uint64_t i = item.kind == ITEM_MAP ? 2 * item.number : item.number; i > 0; i--)
        if (!skip_item(reader, depth + 1))
            return false;
    return true;
}

static enum cq_code check_body(struct cq_str body, struct cq_str *ret_type, struct cq_error *err)
{
    struct frame_reader reader = {(const unsigned char *)body.data,
                                  (const unsigned char *)body.data + body.len};
    struct item map, key, value;
    *ret_type = CQ_STR_NONE;
    if (!take_item(&reader, &map) || map.kind != ITEM_MAP)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "frame of %zu bytes is not a msgpack map", body.len);
    for (uint64_t i = 0; i < map.number; i++) {
        if (!take_item(&reader, &key) || key.kind != ITEM_STR)
            return cq_error_set(err, CQ_ERR_DESERIALIZATION, "frame of %zu bytes: key %llu is not a string",
                                body.len, (unsigned long long)i);
        struct frame_reader before = reader;
        if (!skip_item(&reader, 2))
            return cq_error_set(err, CQ_ERR_DESERIALIZATION, "frame of %zu bytes: broken value of key '%.*s'",
                                body.len, (int)(key.text.len < 64 ? key.text.len : 64), key.text.data);
        if (!ret_type->data && cq_str_is(key.text, "type") && take_item(&before, &value) &&
            value.kind == ITEM_STR)
            *ret_type = value.text;
    }
    if (reader.at != reader.end)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "frame of %zu bytes: %td bytes after its map",
                            body.len, reader.end - reader.at);
    if (!ret_type->data)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "frame of %zu bytes has no type", body.len);
    return CQ_OK;
}

enum cq_code cq_frame_parse(struct cq_str bytes, size_t limit, struct cq_frame *ret_frame, size_t *ret_size,
                            struct cq_error *err)
{
    *ret_size = 0;
    struct frame_reader reader = {(const unsigned char *)bytes.data,
                                  (const unsigned char *)bytes.data + bytes.len};
    uint64_t len;
    if (bytes.len < CQ_FRAME_HEADER_SIZE || !take_number(&reader, CQ_FRAME_HEADER_SIZE, &len))
        return CQ_OK;
    if (len > limit)
        return cq_error_set(err, CQ_ERR_LIMIT, "frame of %llu bytes is above the limit of %zu",
                            (unsigned long long)len, limit);
    if (bytes.len - CQ_FRAME_HEADER_SIZE < len)
        return CQ_OK;
    struct cq_str body = cq_str_n(bytes.data + CQ_FRAME_HEADER_SIZE, (size_t)len);
    struct cq_str type;
    enum cq_code code = check_body(body, &type, err);
    if (code)
        return code;
    *ret_frame = (struct cq_frame){type, body};
    *ret_size = CQ_FRAME_HEADER_SIZE + (size_t)len;
    return CQ_OK;
}

/* Stand before the value of the first pair with this key. */
static bool find(const struct cq_frame *frame, const char *key, struct frame_reader *ret_reader)
{
    struct frame_reader reader = {(const unsigned char *)frame->body.data,
                                  (const unsigned char *)frame->body.data + frame->body.len};
    struct item map, name;
    if (!take_item(&reader, &map) || map.kind != ITEM_MAP)
        return false;
    for (uint64_t i = 0; i < map.number; i++) {
        if (!take_item(&reader, &name))
            return false;
        if (name.kind == ITEM_STR && cq_str_is(name.text, key)) {
            *ret_reader = reader;
            return true;
        }
        if (!skip_item(&reader, 2))
            return false;
    }
    return false;
}

struct cq_str cq_frame_get_str(const struct cq_frame *frame, const char *key)
{
    struct frame_reader reader;
    struct item item;
    if (!find(frame, key, &reader) || !take_item(&reader, &item) ||
        (item.kind != ITEM_STR && item.kind != ITEM_BIN))
        return CQ_STR_NONE;
    return item.text;
}

bool cq_frame_get_int(const struct cq_frame *frame, const char *key, int64_t *ret_value)
{
    struct frame_reader reader;
    struct item item;
    if (!find(frame, key, &reader) || !take_item(&reader, &item) || item.kind != ITEM_INT || item.above_int64)
        return false;
    *ret_value = (int64_t)item.number;
    return true;
}

bool cq_frame_get_bool(const struct cq_frame *frame, const char *key, bool absent)
{
    struct frame_reader reader;
    struct item item;
    if (!find(frame, key, &reader) || !take_item(&reader, &item) || item.kind != ITEM_BOOL)
        return absent;
    return item.number != 0;
}

static bool is_text(const struct item *item)
{
    return item->kind == ITEM_STR || item->kind == ITEM_BIN;
}

static bool take_text(struct frame_reader *reader, struct cq_str *ret_text)
{
    struct frame_reader before = *reader;
    struct item item;
    if (!take_item(reader, &item))
        return false;
    *ret_text = is_text(&item) ? item.text : CQ_STR_NONE;
    *reader = before;
    return skip_item(reader, 3);
}

struct cq_str cq_frame_get_in(const struct cq_frame *frame, const char *key, const char *name)
{
    struct frame_reader reader;
    struct item map;
    struct cq_str got, value;
    if (!find(frame, key, &reader) || !take_item(&reader, &map) || map.kind != ITEM_MAP)
        return CQ_STR_NONE;
    for (uint64_t i = 0; i < map.number; i++) {
        if (!take_text(&reader, &got) || !take_text(&reader, &value))
            break;
        if (got.data && cq_str_is(got, name))
            return value;
    }
    return CQ_STR_NONE;
}

/* ---- walking ---- */

void cq_frame_walk(struct cq_frame_cursor *cursor, struct cq_str map)
{
    struct frame_reader reader = {(const unsigned char *)map.data, (const unsigned char *)map.data + map.len};
    struct item head;
    *cursor = (struct cq_frame_cursor){NULL, NULL, 0};
    if (take_item(&reader, &head) && head.kind == ITEM_MAP)
        *cursor = (struct cq_frame_cursor){reader.at, reader.end, head.number};
}

static enum cq_frame_kind public_kind(const struct item *item)
{
    switch (item->kind) {
    case ITEM_INT: return item->above_int64 ? CQ_FRAME_OTHER : CQ_FRAME_INT;
    case ITEM_BOOL: return CQ_FRAME_BOOL;
    case ITEM_STR: return CQ_FRAME_STR;
    case ITEM_BIN: return CQ_FRAME_BIN;
    case ITEM_MAP: return CQ_FRAME_MAP;
    case ITEM_ARRAY:
    case ITEM_OTHER: break;
    }
    return CQ_FRAME_OTHER;
}

bool cq_frame_next(struct cq_frame_cursor *cursor, struct cq_frame_pair *ret_pair)
{
    struct frame_reader reader = {cursor->at, cursor->end};
    struct item value;
    *ret_pair = (struct cq_frame_pair){CQ_STR_NONE, CQ_FRAME_OTHER, 0, CQ_STR_NONE};
    if (cursor->left == 0 || !take_text(&reader, &ret_pair->key))
        return false;
    struct frame_reader before = reader;
    if (!take_item(&before, &value))
        return false;
    ret_pair->kind = public_kind(&value);
    ret_pair->number = (int64_t)value.number;
    ret_pair->text = value.text;
    const unsigned char *start = reader.at;
    if (!skip_item(&reader, 2))
        return false;
    if (ret_pair->kind == CQ_FRAME_MAP)
        ret_pair->text = cq_str_n(start, (size_t)(reader.at - start));
    cursor->at = reader.at;
    cursor->left--;
    return true;
}
