#include "runtime/frame.h"
#include "runtime/frame_marks.h"

enum { MAP_HEAD_SIZE = 3 }; /* 0xde and a 16-bit count */

static void put_number(struct cq_buf *out, unsigned char mark, uint64_t number, int bytes)
{
    unsigned char text[9] = {mark};
    for (int i = 0; i < bytes; i++)
        text[1 + i] = (unsigned char)(number >> (8 * (bytes - 1 - i)));
    cq_buf_append(out, text, (size_t)bytes + 1);
}

/* mark8 is the form with an 8-bit length; the 16- and 32-bit forms follow it in msgpack's table. */
static void put_bytes(struct cq_buf *out, unsigned char mark8, struct cq_str bytes)
{
    if (bytes.len > UINT32_MAX) {
        out->overflow = true;
        return;
    }
    if (bytes.len < 0x100)
        put_number(out, mark8, bytes.len, 1);
    else if (bytes.len < 0x10000)
        put_number(out, mark8 + 1, bytes.len, 2);
    else
        put_number(out, mark8 + 2, bytes.len, 4);
    cq_buf_str(out, bytes);
}

static void put_key(struct cq_frame_writer *writer, struct cq_str key)
{
    if (writer->inner > 0)
        writer->inner--;
    else
        writer->pairs++;
    if (key.len < 32) {
        cq_buf_char(writer->out, (char)(0xa0 | key.len));
        cq_buf_str(writer->out, key);
    } else {
        put_bytes(writer->out, MARK_STR8, key);
    }
}

void cq_frame_start(struct cq_frame_writer *writer, struct cq_buf *out, const char *type)
{
    *writer = (struct cq_frame_writer){.out = out, .start = out->len};
    static const char placeholder[CQ_FRAME_HEADER_SIZE + MAP_HEAD_SIZE] = {0, 0, 0, 0, (char)MARK_MAP16,
                                                                           0, 0};
    cq_buf_append(out, placeholder, sizeof(placeholder));
    cq_frame_add_str(writer, "type", cq_str(type));
}

void cq_frame_add_str(struct cq_frame_writer *writer, const char *key, struct cq_str text)
{
    if (!text.data)
        return;
    put_key(writer, cq_str(key));
    put_bytes(writer->out, MARK_STR8, text);
}

void cq_frame_add_bin(struct cq_frame_writer *writer, const char *key, struct cq_str bytes)
{
    /* Inside a map the count is already written: an absent value has to be there, empty. */
    if (!bytes.data && writer->inner == 0)
        return;
    cq_frame_add_pair(writer, cq_str(key), bytes);
}

void cq_frame_add_pair(struct cq_frame_writer *writer, struct cq_str key, struct cq_str bytes)
{
    put_key(writer, key);
    put_bytes(writer->out, MARK_BIN8, bytes);
}

void cq_frame_add_int(struct cq_frame_writer *writer, const char *key, int64_t value)
{
    put_key(writer, cq_str(key));
    if (value >= 0 && value < 0x80)
        cq_buf_char(writer->out, (char)value);
    else
        put_number(writer->out, MARK_INT64, (uint64_t)value, 8);
}

void cq_frame_add_bool(struct cq_frame_writer *writer, const char *key, bool value)
{
    put_key(writer, cq_str(key));
    cq_buf_char(writer->out, (char)(value ? MARK_TRUE : MARK_FALSE));
}

void cq_frame_add_map(struct cq_frame_writer *writer, const char *key, uint32_t pairs)
{
    put_key(writer, cq_str(key));
    put_number(writer->out, MARK_MAP32, pairs, 4);
    writer->inner = pairs;
}

bool cq_frame_end(struct cq_frame_writer *writer)
{
    struct cq_buf *out = writer->out;
    if (out->overflow || writer->inner > 0 || writer->pairs > UINT16_MAX) {
        if (out->data && out->len > writer->start) {
            out->len = writer->start;
            out->data[out->len] = '\0';
        }
        out->overflow = false;
        return false;
    }
    char *frame = out->data + writer->start;
    size_t len = out->len - writer->start - CQ_FRAME_HEADER_SIZE;
    for (int i = 0; i < CQ_FRAME_HEADER_SIZE; i++)
        frame[i] = (char)(len >> (8 * (CQ_FRAME_HEADER_SIZE - 1 - i)));
    frame[CQ_FRAME_HEADER_SIZE + 1] = (char)(writer->pairs >> 8);
    frame[CQ_FRAME_HEADER_SIZE + 2] = (char)writer->pairs;
    return true;
}
