#include "serializers/zlib.h"

#include <stdint.h>
#include <zlib.h>

enum {
    LEVEL = 6,         /* Python's zlib.compress default */
    CHUNK = 16 * 1024, /* bytes of output asked for at a time, at first */
    CHUNK_MAX = 1024 * 1024,
};

static enum cq_code too_large(struct cq_error *err, const struct cq_buf *out, const char *what)
{
    return cq_error_set(err, CQ_ERR_LIMIT, "zlib: %s is larger than the limit of %zu bytes", what,
                        out->limit);
}

/* Room for a bit more output; less than CHUNK near out's limit. NULL: the limit is reached. */
static char *output_room(struct cq_buf *out, size_t *ret_size)
{
    size_t size = out->len < CHUNK ? CHUNK : out->len < CHUNK_MAX ? out->len : CHUNK_MAX;
    if (size > out->limit - out->len)
        size = out->limit - out->len;
    *ret_size = size;
    return size ? cq_buf_reserve(out, size) : NULL;
}

enum cq_code cq_deflate(struct cq_str bytes, struct cq_buf *out, struct cq_error *err)
{
    if (bytes.len > CQ_PAYLOAD_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "zlib: a payload of %zu bytes is larger than the limit of %d",
                            bytes.len, CQ_PAYLOAD_MAX);
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.len};
    if (deflateInit(&stream, LEVEL) != Z_OK)
        return cq_error_set(err, CQ_ERR_LIMIT, "zlib: no memory to compress with");
    enum cq_code code = CQ_OK;
    int result;
    do {
        size_t size;
        char *room = output_room(out, &size);
        if (!room) {
            code = too_large(err, out, "the compressed payload");
            break;
        }
        stream.next_out = (Bytef *)room;
        stream.avail_out = (uInt)size;
        result = deflate(&stream, Z_FINISH);
        out->len += size - stream.avail_out;
        out->data[out->len] = '\0';
    } while (result != Z_STREAM_END);
    deflateEnd(&stream);
    return code;
}

/* Inflate until the stream's end into out; *ret_more: out's limit came first. Returns zlib's last answer. */
static int inflate_all(z_stream *stream, struct cq_buf *out, bool *ret_more)
{
    int result;
    do {
        size_t size;
        char *room = output_room(out, &size);
        char spare; /* with out full to the byte, the stream's end may still follow */
        stream->next_out = room ? (Bytef *)room : (Bytef *)&spare;
        stream->avail_out = room ? (uInt)size : 1;
        result = inflate(stream, Z_NO_FLUSH);
        if (room) {
            out->len += size - stream->avail_out;
            out->data[out->len] = '\0';
        } else if (!stream->avail_out) {
            *ret_more = true;
            return result;
        }
        /* No input left and no output made: the stream is cut short, inflate says Z_BUF_ERROR. */
    } while (result == Z_OK);
    return result;
}

enum cq_code cq_inflate(struct cq_str bytes, struct cq_buf *out, struct cq_error *err)
{
    if (bytes.len > CQ_PAYLOAD_MAX)
        return cq_error_set(err, CQ_ERR_LIMIT, "zlib: a payload of %zu bytes is larger than the limit of %d",
                            bytes.len, CQ_PAYLOAD_MAX);
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.len};
    if (inflateInit(&stream) != Z_OK)
        return cq_error_set(err, CQ_ERR_LIMIT, "zlib: no memory to decompress with");
    bool more = false;
    int result = inflate_all(&stream, out, &more);
    enum cq_code code = CQ_OK;
    if (more)
        code = too_large(err, out, "the decompressed payload");
    else if (result == Z_BUF_ERROR)
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "zlib: the stream is truncated after %zu bytes",
                            bytes.len);
    else if (result == Z_NEED_DICT)
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "zlib: the stream needs a preset dictionary");
    else if (result == Z_MEM_ERROR)
        code = cq_error_set(err, CQ_ERR_LIMIT, "zlib: no memory to decompress with");
    else if (result != Z_STREAM_END)
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "zlib: corrupt at byte %lu: %s", stream.total_in,
                            stream.msg ? stream.msg : "bad data");
    inflateEnd(&stream);
    return code;
}

bool cq_is_zlib(struct cq_str bytes)
{
    if (bytes.len < 2)
        return false;
    unsigned method = (unsigned char)bytes.data[0], flags = (unsigned char)bytes.data[1];
    return (method & 0x0F) == 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 == 0;
}
