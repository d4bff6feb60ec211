#include "runtime/frame.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/suite.h"

enum { LIMIT = 1024 * 1024 };

static struct cq_frame parsed(const struct cq_buf *buf)
{
    struct cq_frame frame;
    struct cq_error err;
    size_t size = 0;
    ck_assert_msg(cq_frame_parse(cq_buf_view(buf), LIMIT, &frame, &size, &err) == CQ_OK, "%s", err.text);
    ck_assert_uint_eq(size, buf->len);
    return frame;
}

static void ck_str(struct cq_str got, const char *want)
{
    ck_assert_msg(cq_str_is(got, want), "got '%.*s', want '%s'", (int)got.len, got.data ? got.data : "(none)",
                  want);
}

static void write_job(struct cq_buf *out)
{
    struct cq_frame_writer writer;
    cq_frame_start(&writer, out, "job");
    cq_frame_add_str(&writer, "id", CQ_STR_LIT("a:b"));
    cq_frame_add_int(&writer, "timeout", -1);
    cq_frame_add_bool(&writer, "reuse", true);
    cq_frame_add_map(&writer, "fields", 3);
    cq_frame_add_bin(&writer, "data", cq_str_n("x\0y", 3));
    cq_frame_add_bin(&writer, "meta", CQ_STR_NONE);
    cq_frame_add_pair(&writer, CQ_STR_LIT("a key of more than thirty-one bytes, by far"), CQ_STR_LIT("v"));
    cq_frame_add_str(&writer, "absent", CQ_STR_NONE);
    cq_frame_add_str(&writer, "last", CQ_STR_LIT("z"));
    ck_assert(cq_frame_end(&writer));
}

START_TEST(a_frame_is_read_back_as_written)
{
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    write_job(&buf);
    struct cq_frame frame = parsed(&buf);
    ck_str(frame.type, "job");
    ck_str(cq_frame_get_str(&frame, "id"), "a:b");
    int64_t timeout = 0;
    ck_assert(cq_frame_get_int(&frame, "timeout", &timeout));
    ck_assert_int_eq(timeout, -1);
    ck_assert(cq_frame_get_bool(&frame, "reuse", false));
    ck_assert(cq_frame_get_bool(&frame, "not there", true));
    ck_assert_ptr_null(cq_frame_get_str(&frame, "absent").data);
    ck_str(cq_frame_get_str(&frame, "last"), "z");

    ck_assert(cq_str_eq(cq_frame_get_in(&frame, "fields", "data"), cq_str_n("x\0y", 3)));
    ck_str(cq_frame_get_in(&frame, "fields", "meta"), "");
    ck_str(cq_frame_get_in(&frame, "fields", "a key of more than thirty-one bytes, by far"), "v");
    ck_assert_ptr_null(cq_frame_get_in(&frame, "fields", "last").data);
    ck_assert_ptr_null(cq_frame_get_in(&frame, "last", "data").data);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(walking_gives_every_pair_with_its_kind)
{
    static const char kinds[] = "\x86\xa4"
                                "type\xa1t\xa1"
                                "f\xcb\0\0\0\0\0\0\0\0\xa1n\xc0\xa1"
                                "b\xc4\x01x\xa1i\xfe\xa1m\x82\xc4\x01k\xa1v\x07\xc3";
    static const enum cq_frame_kind want[] = {CQ_FRAME_STR, CQ_FRAME_OTHER, CQ_FRAME_OTHER,
                                              CQ_FRAME_BIN, CQ_FRAME_INT,   CQ_FRAME_MAP};
    struct cq_frame_cursor cursor, inner;
    struct cq_frame_pair pair = {CQ_STR_NONE, CQ_FRAME_OTHER, 0, CQ_STR_NONE};
    cq_frame_walk(&cursor, cq_str_n(kinds, sizeof(kinds) - 1));
    for (size_t i = 0; i < CQ_ARRAY_LEN(want); i++) {
        ck_assert(cq_frame_next(&cursor, &pair));
        ck_assert_int_eq(pair.kind, want[i]);
        if (pair.kind == CQ_FRAME_BIN)
            ck_str(pair.text, "x");
        if (pair.kind == CQ_FRAME_INT)
            ck_assert_int_eq(pair.number, -2);
    }
    cq_frame_walk(&inner, pair.text);
    ck_assert(!cq_frame_next(&cursor, &pair));
    ck_assert(cq_frame_next(&inner, &pair));
    ck_str(pair.key, "k");
    ck_str(pair.text, "v");
    ck_assert(cq_frame_next(&inner, &pair)); /* a key that is not a text has none */
    ck_assert_ptr_null(pair.key.data);
    ck_assert_int_eq(pair.kind, CQ_FRAME_BOOL);
    ck_assert_int_eq(pair.number, 1);
    ck_assert(!cq_frame_next(&inner, &pair));
}
END_TEST

START_TEST(what_is_no_map_has_no_pairs)
{
    struct cq_frame_cursor cursor;
    struct cq_frame_pair pair;
    const struct cq_str broken[] = {CQ_STR_NONE, CQ_STR_LIT("\x93\x01\x02\x03"), CQ_STR_LIT("\x82\xa1"),
                                    CQ_STR_LIT("\x81\xa1k\xc4\x05x")};
    for (size_t i = 0; i < CQ_ARRAY_LEN(broken); i++) {
        cq_frame_walk(&cursor, broken[i]);
        ck_assert(!cq_frame_next(&cursor, &pair));
    }
}
END_TEST

START_TEST(integers_of_every_width_are_read_back)
{
    static const int64_t numbers[] = {0,         1,  127, 128, 255,  256,      65536,
                                      INT64_MAX, -1, -32, -33, -129, INT64_MIN};
    for (size_t i = 0; i < CQ_ARRAY_LEN(numbers); i++) {
        struct cq_buf buf = CQ_BUF_INIT(LIMIT);
        struct cq_frame_writer writer;
        cq_frame_start(&writer, &buf, "n");
        cq_frame_add_int(&writer, "n", numbers[i]);
        ck_assert(cq_frame_end(&writer));
        struct cq_frame frame = parsed(&buf);
        int64_t got = 42;
        ck_assert(cq_frame_get_int(&frame, "n", &got));
        ck_assert_int_eq(got, numbers[i]);
        cq_buf_release(&buf);
    }
}
END_TEST

/* Frames of other writers: a map under 16 pairs with {"type": "x", "v": <bytes>}. */
static enum cq_code parse_value(const void *value, size_t len, struct cq_frame *ret_frame, struct cq_buf *buf)
{
    size_t size;
    cq_buf_clear(buf);
    cq_buf_append(buf, "\0\0\0", 3);
    cq_buf_char(buf, (char)(1 + 5 + 2 + 2 + len));
    cq_buf_append(buf, "\x82\xa4type\xa1x\xa1v", 10);
    cq_buf_append(buf, value, len);
    return cq_frame_parse(cq_buf_view(buf), LIMIT, ret_frame, &size, NULL);
}

START_TEST(every_integer_form_of_msgpack_is_understood)
{
    static const struct {
        const char *bytes;
        size_t len;
        int64_t want;
    } cases[] = {
        {"\x7f", 1, 127},
        {"\xe0", 1, -32},
        {"\xcc\xff", 2, 255},
        {"\xcd\xff\xff", 3, 65535},
        {"\xce\xff\xff\xff\xff", 5, 4294967295},
        {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MAX},
        {"\xd0\x80", 2, -128},
        {"\xd1\x80\x00", 3, -32768},
        {"\xd2\x80\x00\x00\x00", 5, INT32_MIN},
        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, INT64_MIN},
    };
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    struct cq_frame frame;
    int64_t got;
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(parse_value(cases[i].bytes, cases[i].len, &frame, &buf), CQ_OK);
        ck_assert(cq_frame_get_int(&frame, "v", &got));
        ck_assert_int_eq(got, cases[i].want);
    }
    ck_assert_int_eq(parse_value("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, &frame, &buf), CQ_OK);
    ck_assert(!cq_frame_get_int(&frame, "v", &got));
    cq_buf_release(&buf);
}
END_TEST

START_TEST(values_of_unknown_kinds_are_passed_over)
{
    static const struct cq_str values[] = {
        {"\xc0", 1},           {"\xca\0\0\0\0", 5}, {"\xcb\0\0\0\0\0\0\0\0", 9}, {"\xd4\x01\x02", 3},
        {"\xc7\x02\x01zz", 5}, {"\x92\x01\x02", 3}, {"\x81\xa1k\x91\xa1v", 6},   {"\xdc\x00\x01\xc0", 4},
        {"\xdd\0\0\0\0", 5},   {"\xdf\0\0\0\0", 5},
    };
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    struct cq_frame frame;
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++) {
        ck_assert_int_eq(parse_value(values[i].data, values[i].len, &frame, &buf), CQ_OK);
        ck_assert_ptr_null(cq_frame_get_str(&frame, "v").data);
    }
    cq_buf_release(&buf);
}
END_TEST

START_TEST(every_truncation_waits_for_more_bytes)
{
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    write_job(&buf);
    for (size_t len = 0; len < buf.len; len++) {
        char *cut = malloc(len ? len : 1); /* its own block, so that a sanitizer sees a read past it */
        memcpy(cut, buf.data, len);
        struct cq_frame frame;
        size_t size = 1;
        ck_assert_int_eq(cq_frame_parse(cq_str_n(cut, len), LIMIT, &frame, &size, NULL), CQ_OK);
        ck_assert_uint_eq(size, 0);
        free(cut);
    }
    cq_buf_release(&buf);
}
END_TEST

START_TEST(every_truncation_of_the_map_is_an_error)
{
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    write_job(&buf);
    for (size_t len = 4; len < buf.len; len++) {
        char *cut = malloc(len);
        memcpy(cut, buf.data, len);
        cut[2] = (char)((len - 4) >> 8);
        cut[3] = (char)(len - 4);
        struct cq_frame frame;
        size_t size = 1;
        ck_assert_int_eq(cq_frame_parse(cq_str_n(cut, len), LIMIT, &frame, &size, NULL),
                         CQ_ERR_DESERIALIZATION);
        free(cut);
    }
    cq_buf_release(&buf);
}
END_TEST

START_TEST(two_frames_in_one_buffer_are_taken_one_by_one)
{
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &buf, "first");
    ck_assert(cq_frame_end(&writer));
    size_t first_len = buf.len;
    cq_frame_start(&writer, &buf, "second");
    ck_assert(cq_frame_end(&writer));
    struct cq_frame frame;
    size_t size;
    ck_assert_int_eq(cq_frame_parse(cq_buf_view(&buf), LIMIT, &frame, &size, NULL), CQ_OK);
    ck_assert_uint_eq(size, first_len);
    ck_str(frame.type, "first");
    cq_buf_consume(&buf, size);
    frame = parsed(&buf);
    ck_str(frame.type, "second");
    cq_buf_release(&buf);
}
END_TEST

START_TEST(a_length_above_the_limit_is_refused_from_its_header)
{
    struct cq_frame frame;
    struct cq_error err;
    size_t size;
    ck_assert_int_eq(cq_frame_parse(CQ_STR_LIT("\xff\xff\xff\xff"), CQ_FRAME_JOB_MAX, &frame, &size, &err),
                     CQ_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.text, "4294967295"));
    ck_assert_int_eq(cq_frame_parse(cq_str_n("\0\0\0\x05", 4), 4, &frame, &size, &err), CQ_ERR_LIMIT);
}
END_TEST

START_TEST(hostile_maps_are_refused)
{
    static const struct {
        struct cq_str body;
        const char *text;
    } cases[] = {
        {CQ_STR_LIT(""), "not a msgpack map"},
        {CQ_STR_LIT("\x91\x01"), "not a msgpack map"},
        {CQ_STR_LIT("\xc1"), "not a msgpack map"},
        {CQ_STR_LIT("\x80"), "no type"},
        {CQ_STR_LIT("\x81\xa4type\x01"), "no type"},
        {CQ_STR_LIT("\x81\x01\x01"), "not a string"},
        {CQ_STR_LIT("\xdf\xff\xff\xff\xff\xa4type\xa1x"), "not a string"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\xdd\xff\xff\xff\xff"), "value of key 'v'"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\xdf\xff\xff\xff\xff"), "value of key 'v'"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\xc6\xff\xff\xff\xff"), "value of key 'v'"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\xc9\xff\xff\xff\xff"), "value of key 'v'"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\xc1"), "value of key 'v'"},
        {CQ_STR_LIT("\x82\xa4type\xa1x\xa1v\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01"),
         "value of key 'v'"},
        {CQ_STR_LIT("\x81\xa4type\xa1x\xc0"), "after its map"},
    };
    for (size_t i = 0; i < CQ_ARRAY_LEN(cases); i++) {
        size_t len = 4 + cases[i].body.len, size;
        char *bytes = calloc(1, len);
        bytes[3] = (char)cases[i].body.len;
        memcpy(bytes + 4, cases[i].body.data, cases[i].body.len);
        struct cq_frame frame;
        struct cq_error err;
        ck_assert_int_eq(cq_frame_parse(cq_str_n(bytes, len), LIMIT, &frame, &size, &err),
                         CQ_ERR_DESERIALIZATION);
        ck_assert_msg(strstr(err.text, cases[i].text) != NULL, "case %zu: %s", i, err.text);
        free(bytes);
    }
}
END_TEST

START_TEST(a_frame_that_does_not_fit_leaves_the_buffer_as_it_was)
{
    struct cq_buf buf = CQ_BUF_INIT(64);
    struct cq_frame_writer writer;
    char large[100] = {0};
    cq_buf_text(&buf, "before");
    cq_frame_start(&writer, &buf, "x");
    cq_frame_add_bin(&writer, "data", cq_str_n(large, sizeof(large)));
    ck_assert(!cq_frame_end(&writer));
    ck_assert_str_eq(buf.data, "before");
    ck_assert(!buf.overflow);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(a_map_with_missing_pairs_is_not_sent)
{
    struct cq_buf buf = CQ_BUF_INIT(LIMIT);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &buf, "x");
    cq_frame_add_map(&writer, "fields", 2);
    cq_frame_add_bin(&writer, "one", CQ_STR_LIT("1"));
    ck_assert(!cq_frame_end(&writer));
    ck_assert_uint_eq(buf.len, 0);
    cq_buf_release(&buf);
}
END_TEST

START_TEST(descriptors_travel_with_their_frame_and_surplus_ones_are_closed)
{
    int pair[2], pipes[2], null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(pipe(pipes), 0);
    struct cq_buf out = CQ_BUF_INIT(LIMIT), in = CQ_BUF_INIT(LIMIT);
    write_job(&out);
    int fds[CQ_FRAME_FDS_MAX] = {null_fd, pipes[1], pipes[1]};
    ck_assert_int_eq(cq_frame_send(pair[0], cq_buf_view(&out), fds, 3, NULL), CQ_OK);
    int got[2], count = 2;
    ck_assert_int_eq(cq_frame_receive(pair[1], &in, got, &count), (ssize_t)out.len);
    ck_assert_int_eq(count, 2);
    ck_assert_int_ne(fcntl(got[0], F_GETFD) & FD_CLOEXEC, 0);
    ck_str(parsed(&in).type, "job");
    /* The third copy of the pipe's write end must be gone: the read end sees end of file. */
    close(got[0]);
    close(got[1]);
    close(pipes[1]);
    char c;
    ck_assert_int_eq(read(pipes[0], &c, 1), 0);
    close(pair[0]);
    ck_assert_int_eq(cq_frame_receive(pair[1], &in, NULL, NULL), 0);
    ck_assert_int_eq(cq_frame_send(pair[1], cq_buf_view(&out), NULL, 0, NULL), CQ_ERR_CONNECTION);
    close(pair[1]);
    close(pipes[0]);
    close(null_fd);
    cq_buf_release(&in);
    cq_buf_release(&out);
}
END_TEST

START_TEST(receiving_stops_at_the_limit_of_the_buffer)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(write(pair[0], "0123456789", 10), 10);
    struct cq_buf in = CQ_BUF_INIT(8);
    ck_assert_int_eq(cq_frame_receive(pair[1], &in, NULL, NULL), 8);
    ck_assert_int_eq(cq_frame_receive(pair[1], &in, NULL, NULL), -1);
    ck_assert_int_eq(errno, EMSGSIZE);
    close(pair[0]);
    close(pair[1]);
    cq_buf_release(&in);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("frame");
    tcase_add_test(tcase, a_frame_is_read_back_as_written);
    tcase_add_test(tcase, walking_gives_every_pair_with_its_kind);
    tcase_add_test(tcase, what_is_no_map_has_no_pairs);
    tcase_add_test(tcase, integers_of_every_width_are_read_back);
    tcase_add_test(tcase, every_integer_form_of_msgpack_is_understood);
    tcase_add_test(tcase, values_of_unknown_kinds_are_passed_over);
    tcase_add_test(tcase, every_truncation_waits_for_more_bytes);
    tcase_add_test(tcase, every_truncation_of_the_map_is_an_error);
    tcase_add_test(tcase, two_frames_in_one_buffer_are_taken_one_by_one);
    tcase_add_test(tcase, a_length_above_the_limit_is_refused_from_its_header);
    tcase_add_test(tcase, hostile_maps_are_refused);
    tcase_add_test(tcase, a_frame_that_does_not_fit_leaves_the_buffer_as_it_was);
    tcase_add_test(tcase, a_map_with_missing_pairs_is_not_sent);
    tcase_add_test(tcase, descriptors_travel_with_their_frame_and_surplus_ones_are_closed);
    tcase_add_test(tcase, receiving_stops_at_the_limit_of_the_buffer);
    return suite_of("runtime/frame", tcase);
}
