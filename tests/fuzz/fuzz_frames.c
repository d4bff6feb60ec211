/*
 * Frames from anybody. The bytes are parsed as frames that follow each other; every getter runs over each,
 * and what a frame gave is written and parsed again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1024 * 1024 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void inside(struct cq_str part, const struct cq_frame *frame)
{
    if (part.data && part.len > 0)
        must(part.data >= frame->body.data && part.data + part.len <= frame->body.data + frame->body.len);
}

static void write_again(const struct cq_frame *frame, struct cq_str id, int64_t number, bool has_number)
{
    struct cq_buf out = CQ_BUF_INIT(4 * LIMIT);
    struct cq_frame_writer writer;
    struct cq_frame copy;
    size_t size;
    struct cq_str data = cq_frame_get_in(frame, "fields", "data");
    cq_frame_start(&writer, &out, "copy");
    cq_frame_add_bin(&writer, "id", id);
    if (has_number)
        cq_frame_add_int(&writer, "horse", number);
    cq_frame_add_map(&writer, "fields", 2);
    cq_frame_add_pair(&writer, frame->type, CQ_STR_LIT("the type may be any text"));
    cq_frame_add_bin(&writer, "data", data);
    must(cq_frame_end(&writer));
    must(cq_frame_parse(cq_buf_view(&out), 4 * LIMIT, &copy, &size, NULL) == CQ_OK && size == out.len);
    must(cq_str_is(copy.type, "copy"));
    must(cq_str_eq(cq_frame_get_str(&copy, "id"), id));
    int64_t again;
    must(cq_frame_get_int(&copy, "horse", &again) == has_number && (!has_number || again == number));
    if (!cq_str_is(frame->type, "data"))
        must(cq_str_eq(cq_frame_get_in(&copy, "fields", "data"), data));
    cq_buf_release(&out);
}

/* What walking gives is what the getters give: the first pair of a key counts. */
static void walk(const struct cq_frame *frame)
{
    struct cq_frame_cursor cursor, inner;
    struct cq_frame_pair pair, field;
    bool seen = false;
    cq_frame_walk(&cursor, frame->body);
    while (cq_frame_next(&cursor, &pair)) {
        inside(pair.key, frame);
        inside(pair.text, frame);
        if (pair.kind == CQ_FRAME_MAP)
            for (cq_frame_walk(&inner, pair.text); cq_frame_next(&inner, &field);) {
                inside(field.key, frame);
                inside(field.text, frame);
            }
        if (!seen && cq_str_is(pair.key, "id")) {
            seen = true;
            if (pair.kind == CQ_FRAME_STR || pair.kind == CQ_FRAME_BIN)
                must(cq_str_eq(pair.text, cq_frame_get_str(frame, "id")));
        }
    }
    must(cursor.left == 0); /* what was parsed is whole */
}

static void read_all(const struct cq_frame *frame)
{
    int64_t number = 0;
    struct cq_str id = cq_frame_get_str(frame, "id");
    bool has_number = cq_frame_get_int(frame, "horse", &number);
    inside(frame->type, frame);
    inside(id, frame);
    cq_frame_get_bool(frame, "reuse", true);
    inside(cq_frame_get_in(frame, "fields", "data"), frame);
    walk(frame);
    write_again(frame, id, number, has_number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_str rest = cq_str_n(data, size);
    struct cq_frame frame;
    struct cq_error err;
    size_t taken;
    while (cq_frame_parse(rest, LIMIT, &frame, &taken, &err) == CQ_OK && taken > 0) {
        must(taken <= rest.len);
        read_all(&frame);
        rest.data += taken;
        rest.len -= taken;
    }
    return 0;
}
