/*
 * The function's name out of a job's `data`, from its first bytes. The name is the first thing in all three formats, so
 * neither the arguments nor the end of the payload need to be looked at.
 */
#include <string.h>
#include <zlib.h>

#include "base/utf8.h"
#include "job/call.h"
#include "serializers/zlib.h"

enum { HEAD_MAX = 4096 }; /* bytes that are inflated: a name and what precedes it */

/* Inflate the first HEAD_MAX bytes at most. Returns how many came out, 0 for nothing. */
static size_t inflate_head(struct cq_str data, char head[HEAD_MAX])
{
    z_stream stream = {0};
    if (inflateInit(&stream) != Z_OK)
        return 0;
    stream.next_in = (Bytef *)data.data;
    stream.avail_in = data.len > 2 * HEAD_MAX ? 2 * HEAD_MAX : (uInt)data.len; /* an incompressible head fits */
    stream.next_out = (Bytef *)head;
    stream.avail_out = HEAD_MAX;
    int result = inflate(&stream, Z_SYNC_FLUSH);
    size_t len = HEAD_MAX - stream.avail_out;
    inflateEnd(&stream);
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR ? len : 0;
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
    if (in.len < 2)
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

bool cq_call_peek(struct cq_str data, char *buf, size_t size)
{
    char head[HEAD_MAX];
    struct cq_str start = data;
    if (!data.len)
        return false;
    if (cq_is_zlib(data))
        start = cq_str_n(head, inflate_head(data, head));
    else if (start.len > HEAD_MAX)
        start.len = HEAD_MAX;
    if (!start.len)
        return false;
    struct cq_str name;
    switch ((unsigned char)start.data[0]) {
    case '[': name = json_name(start); break;
    case 0x94: name = msgpack_name(start); break;
    default: name = pickle_name(start); break;
    }
    if (!name.len || name.len >= size || memchr(name.data, '\0', name.len) || !cq_utf8_valid(name))
        return false;
    memcpy(buf, name.data, name.len);
    buf[name.len] = '\0';
    return true;
}
