#include "serializers/serializer.h"

#include <string.h>

#include "serializers/json.h"
#include "serializers/msgpack.h"
#include "serializers/pickle/read.h"
#include "serializers/pickle/write.h"

static const struct {
    const char *name;
    const char *dotted[2]; /* RQ's classes; NULL: none */
    enum cq_code (*read)(struct cq_str, struct cq_arena *, struct cq_value *, struct cq_error *);
    enum cq_code (*write)(const struct cq_value *, struct cq_buf *, struct cq_error *);
} formats[] = {
    [CQ_FORMAT_PICKLE] = {"pickle",
                          {"rq.serializers.PickleSerializer", "rq.serializers.DefaultSerializer"},
                          cq_pickle_read,
                          cq_pickle_write},
    [CQ_FORMAT_JSON] = {"json", {"rq.serializers.JSONSerializer", NULL}, cq_json_read, cq_json_write},
    [CQ_FORMAT_MSGPACK] = {"msgpack", {NULL, NULL}, cq_msgpack_read, cq_msgpack_write},
};

bool cq_format_parse(const char *name, enum cq_format *ret_format)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(formats); i++) {
        bool match = strcmp(name, formats[i].name) == 0;
        for (size_t j = 0; j < CQ_ARRAY_LEN(formats[i].dotted) && !match; j++)
            match = formats[i].dotted[j] && strcmp(name, formats[i].dotted[j]) == 0;
        if (match) {
            *ret_format = (enum cq_format)i;
            return true;
        }
    }
    return false;
}

const char *cq_format_name(enum cq_format format)
{
    return formats[format].name;
}

enum cq_format cq_format_detect(struct cq_str bytes)
{
    enum { PROTO = 0x80, STOP = '.', HIGHEST_PROTOCOL = 5 };
    if (!bytes.len)
        return CQ_FORMAT_PICKLE;
    unsigned char first = (unsigned char)bytes.data[0];
    /* One byte alone is a digit of JSON, else all of a msgpack value: 0x80 is its empty map, 0xC0 its nil. */
    if (bytes.len == 1)
        return first >= '0' && first <= '9' ? CQ_FORMAT_JSON : CQ_FORMAT_MSGPACK;
    if (first == PROTO)
        return (unsigned char)bytes.data[1] <= HIGHEST_PROTOCOL ? CQ_FORMAT_PICKLE : CQ_FORMAT_MSGPACK;
    if (first > PROTO)
        return CQ_FORMAT_MSGPACK;
    if (first == '[' || first == '{') /* not an opcode of a pickle, with any end */
        return CQ_FORMAT_JSON;
    /* Below 0x80 msgpack has only one-byte integers. Protocols 0 and 1 have no start of their own, but their
     * STOP is a dot, with which no JSON ends. */
    return bytes.data[bytes.len - 1] == STOP ? CQ_FORMAT_PICKLE : CQ_FORMAT_JSON;
}

enum cq_code cq_decode(enum cq_format format, struct cq_str bytes, struct cq_arena *arena,
                       struct cq_value *ret_value, struct cq_error *err)
{
    if (!bytes.len)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "%s: there are no bytes", formats[format].name);
    return formats[format].read(bytes, arena, ret_value, err);
}

enum cq_code cq_encode(enum cq_format format, const struct cq_value *value, struct cq_buf *out,
                       struct cq_error *err)
{
    size_t before = out->len;
    enum cq_code code = formats[format].write(value, out, err);
    if (code && out->data) { /* nothing half-written stays behind */
        out->len = before;
        out->data[before] = '\0';
    }
    return code;
}
