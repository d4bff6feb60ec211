#include "job/result.h"

#include "base/number.h"
#include "serializers/zlib.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cq_result_encode_value(struct cq_str serialized, struct cq_buf *out)
{
    size_t len = (serialized.len + 2) / 3 * 4;
    char *at = cq_buf_reserve(out, len);
    if (!at)
        return;
    const unsigned char *in = (const unsigned char *)serialized.data;
    size_t i = 0;
    for (; i + 3 <= serialized.len; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *at++ = alphabet[bits >> 18];
        *at++ = alphabet[bits >> 12 & 63];
        *at++ = alphabet[bits >> 6 & 63];
        *at++ = alphabet[bits & 63];
    }
    if (i < serialized.len) {
        bool two = i + 1 < serialized.len;
        uint32_t bits = (uint32_t)in[i] << 16 | (two ? (uint32_t)in[i + 1] << 8 : 0);
        *at++ = alphabet[bits >> 18];
        *at++ = alphabet[bits >> 12 & 63];
        *at++ = two ? alphabet[bits >> 6 & 63] : '=';
        *at++ = '=';
    }
    out->len += len;
    out->data[out->len] = '\0';
}

void cq_result_encode_exc(struct cq_str text, struct cq_buf *out)
{
    struct cq_buf packed = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    if (cq_deflate(text, &packed, NULL) == CQ_OK)
        cq_result_encode_value(cq_buf_view(&packed), out);
    else
        out->overflow = true;
    cq_buf_release(&packed);
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Append what base64 text stands for. False: not base64, or out is full. */
static bool decode_base64(struct cq_str text, struct cq_buf *out)
{
    size_t len = text.len;
    while (len > 0 && text.len - len < 2 && text.data[len - 1] == '=')
        len--;
    if (text.len % 4 != 0 || len % 4 == 1)
        return false;
    char *at = cq_buf_reserve(out, len / 4 * 3 + 3);
    if (!at)
        return false;
    char *start = at;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 3) {
            *at++ = (char)(bits >> 16 & 255);
            *at++ = (char)(bits >> 8 & 255);
            *at++ = (char)(bits & 255);
            bits = 0;
        }
    }
    if (len % 4 == 2)
        *at++ = (char)(bits >> 4 & 255);
    if (len % 4 == 3) {
        *at++ = (char)(bits >> 10 & 255);
        *at++ = (char)(bits >> 2 & 255);
    }
    out->len += (size_t)(at - start);
    out->data[out->len] = '\0';
    return true;
}

static enum cq_code read_value(struct cq_str text, struct cq_arena *arena, struct cq_str *ret_value,
                               struct cq_error *err)
{
    struct cq_buf raw = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    enum cq_code code = CQ_OK;
    if (decode_base64(text, &raw))
        *ret_value = cq_arena_str(arena, cq_buf_view(&raw));
    else
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "the return value of a result is not base64");
    cq_buf_release(&raw);
    return code;
}

static enum cq_code read_exc(struct cq_str text, struct cq_arena *arena, struct cq_str *ret_text,
                             struct cq_error *err)
{
    struct cq_buf packed = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_buf plain = CQ_BUF_INIT(CQ_EXC_TEXT_MAX);
    enum cq_code code = CQ_OK;
    if (!decode_base64(text, &packed))
        code = cq_error_set(err, CQ_ERR_DESERIALIZATION, "the exception text of a result is not base64");
    else
        code = cq_inflate(cq_buf_view(&packed), &plain, err);
    if (code == CQ_OK)
        *ret_text = cq_arena_str(arena, cq_buf_view(&plain));
    cq_buf_release(&packed);
    cq_buf_release(&plain);
    return code;
}

static struct cq_str copy_present(struct cq_arena *arena, struct cq_str text)
{
    return text.data ? cq_arena_str(arena, text) : CQ_STR_NONE;
}

enum cq_code cq_result_read(const struct cq_reply *entry, struct cq_arena *arena,
                            struct cq_result *ret_result, struct cq_error *err)
{
    const struct cq_reply *pairs = cq_reply_at(entry, 1);
    struct cq_result result = {.stream_id = cq_arena_str(arena, cq_reply_str(cq_reply_at(entry, 0)))};
    int64_t type;
    if (!cq_number_int(cq_reply_field(pairs, "type"), CQ_RESULT_SUCCESSFUL, CQ_RESULT_MAX_RETRIES, &type))
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "a result has no type that RQ knows");
    result.type = (enum cq_result_type)type;
    result.worker_name = copy_present(arena, cq_reply_field(pairs, "worker_name"));
    result.execution_id = copy_present(arena, cq_reply_field(pairs, "execution_id"));
    enum cq_code code = CQ_OK;
    struct cq_str value = cq_reply_field(pairs, "return_value");
    if (value.data)
        code = read_value(value, arena, &result.return_value, err);
    struct cq_str exc = cq_reply_field(pairs, "exc_string");
    if (code == CQ_OK && exc.len)
        code = read_exc(exc, arena, &result.exc_string, err);
    if (code == CQ_OK)
        *ret_result = result;
    return code;
}
