/*
 * The name is the first thing in all three formats, so neither the arguments nor the end of the payload need
 * to be looked at.
 */
#include "job/peek.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "serializers/zlib.h"

void cq_peek_init(struct cq_peek *peek)
{
    peek->stream = NULL;
}

void cq_peek_release(struct cq_peek *peek)
{
    if (peek->stream)
        inflateEnd(peek->stream);
    free(peek->stream);
    peek->stream = NULL;
}

/* zlib's state is made once: it is 7 KB, and 32 KB more after the first payload that is longer than our
 * head. */
static z_stream *fresh_stream(struct cq_peek *peek)
{
    z_stream *stream = peek->stream;
    if (stream)
        return inflateReset(stream) == Z_OK ? stream : NULL;
    stream = cq_calloc(1, sizeof(*stream));
    if (inflateInit(stream) != Z_OK) {
        free(stream);
        return NULL;
    }
    peek->stream = stream;
    return stream;
}

/* Inflate the first bytes into peek->head: CQ_STR_NONE when they are damaged. *ret_whole: that is all there
 * is. */
static struct cq_str inflate_head(struct cq_peek *peek, struct cq_str data, bool *ret_whole)
{
    z_stream *stream = fresh_stream(peek);
    if (!stream)
        return CQ_STR_NONE;
    stream->next_in = (z_const Bytef *)(uintptr_t)data.data;
    stream->avail_in = data.len > 2 * CQ_PEEK_HEAD ? 2 * CQ_PEEK_HEAD
                                                   : (uInt)data.len; /* an incompressible head fits */
    stream->next_out = (Bytef *)peek->head;
    stream->avail_out = CQ_PEEK_HEAD;
    int result = inflate(stream, Z_FINISH); /* of a small payload it then keeps no window */
    *ret_whole = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return CQ_STR_NONE;
    return cq_str_n(peek->head, CQ_PEEK_HEAD - stream->avail_out);
}

static struct cq_str from(struct cq_str text, size_t at)
{
    return at <= text.len ? cq_str_n(text.data + at, text.len - at) : CQ_STR_NONE;
}

/* A text with a length of `width` bytes before it, at the start of `in`. */
static struct cq_str counted(struct cq_str in, size_t width, bool big_endian)
{
    if (!in.data || in.len < width)
        return CQ_STR_NONE;
    uint64_t len = 0;
    for (size_t i = 0; i < width; i++) {
        unsigned char byte = (unsigned char)in.data[big_endian ? i : width - 1 - i];
        len = len << 8 | byte;
    }
    return len <= in.len - width ? cq_str_n(in.data + width, (size_t)len) : CQ_STR_NONE;
}

/* Protocol 0: the text up to the end of line, when it needs no unescaping. */
static struct cq_str line_text(struct cq_str in)
{
    const char *end = in.len ? memchr(in.data, '\n', in.len) : NULL;
    if (!end || memchr(in.data, '\\', (size_t)(end - in.data)))
        return CQ_STR_NONE;
    return cq_str_n(in.data, (size_t)(end - in.data));
}

/* [PROTO n] [FRAME length] MARK, then the name in one of pickle's text opcodes. */
static struct cq_str pickle_name(struct cq_str in)
{
    if (in.len > 2 && (unsigned char)in.data[0] == 0x80)
        in = from(in, 2);
    if (in.len > 9 && (unsigned char)in.data[0] == 0x95)
        in = from(in, 9);
    if (in.len < 2 || in.data[0] != '(')
        return CQ_STR_NONE;
    struct cq_str rest = from(in, 2);
    switch ((unsigned char)in.data[1]) {
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U': /* SHORT_BINSTRING, of Python 2 */ return counted(rest, 1, false);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */ return counted(rest, 4, false);
    case 0x8d: /* BINUNICODE8 */ return counted(rest, 8, false);
    case 'V': /* UNICODE, of protocol 0 */ return line_text(rest);
    default: return CQ_STR_NONE;
    }
}

static struct cq_str json_name(struct cq_str in)
{
    size_t at = 1;
    if (in.data[0] != '[')
        return CQ_STR_NONE;
    while (at < in.len && memchr(" \t\r\n", in.data[at], 4))
        at++;
    if (at >= in.len || in.data[at] != '"')
        return CQ_STR_NONE;
    in = from(in, at + 1);
    const char *end = memchr(in.data, '"', in.len);
    if (!end || memchr(in.data, '\\', (size_t)(end - in.data)))
        return CQ_STR_NONE;
    return cq_str_n(in.data, (size_t)(end - in.data));
}

static struct cq_str msgpack_name(struct cq_str in)
{
    if (in.len < 2 || (unsigned char)in.data[0] != 0x94)
        return CQ_STR_NONE;
    unsigned char type = (unsigned char)in.data[1];
    if ((type & 0xe0) == 0xa0) { /* fixstr */
        size_t len = type & 0x1f;
        return len <= in.len - 2 ? cq_str_n(in.data + 2, len) : CQ_STR_NONE;
    }
    if (type == 0xd9) /* str 8 */
        return counted(from(in, 2), 1, true);
    if (type == 0xda) /* str 16 */
        return counted(from(in, 2), 2, true);
    return CQ_STR_NONE;
}

/* As cq_format_detect; a payload that is cut cannot show its end, but a payload that begins with a MARK is
 * not JSON. */
static enum cq_format head_format(struct cq_str head, bool whole)
{
    if (whole || head.len < 2 || (unsigned char)head.data[0] >= 0x80)
        return cq_format_detect(head);
    return head.data[0] == '(' ? CQ_FORMAT_PICKLE : CQ_FORMAT_JSON;
}

bool cq_peek_look(struct cq_peek *peek, struct cq_str data, struct cq_peeked *ret_peeked)
{
    struct cq_str head = data, name = CQ_STR_NONE;
    bool whole = true;
    if (cq_is_zlib(data))
        head = inflate_head(peek, data, &whole);
    if (!head.len)
        return false;
    ret_peeked->format = head_format(head, whole);
    if (head.len > CQ_PEEK_HEAD)
        head.len = CQ_PEEK_HEAD;
    switch (ret_peeked->format) {
    case CQ_FORMAT_JSON: name = json_name(head); break;
    case CQ_FORMAT_MSGPACK: name = msgpack_name(head); break;
    case CQ_FORMAT_PICKLE: name = pickle_name(head); break;
    }
    bool seen = name.len && !memchr(name.data, '\0', name.len) && cq_utf8_valid(name);
    ret_peeked->function = seen ? name : CQ_STR_NONE;
    return true;
}
