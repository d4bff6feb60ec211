#include "tests/support/rig.h"

const char *build_folder(const char *below)
{
    static char path[1024];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    ck_assert_int_gt(n, 0);
    path[n] = '\0';
    for (int i = 0; i < 3; i++) /* the build folder is three above: tests/runtime/test_x */
        *strrchr(path, '/') = '\0';
    ck_assert_uint_lt(strlen(path) + strlen(below) + 2, sizeof(path));
    return strcat(strcat(path, "/"), below);
}

const char *module_folder(void)
{
    return build_folder("tests/runtime/modules");
}

bool next_frame(struct link *link, struct cq_frame *ret_frame)
{
    struct cq_error err;
    size_t size;
    cq_buf_consume(&link->in, link->taken);
    link->taken = 0;
    for (;;) {
        ck_assert_msg(!cq_frame_parse(cq_buf_view(&link->in), CQ_FRAME_JOB_MAX, ret_frame, &size, &err), "%s",
                      err.text);
        if (size > 0) {
            link->taken = size;
            return true;
        }
        struct pollfd ready = {.fd = link->fd, .events = POLLIN};
        ck_assert_msg(poll(&ready, 1, patience_s() * 1000) == 1, "no frame came");
        ssize_t n = cq_frame_receive(link->fd, &link->in, NULL, NULL);
        if (n <= 0)
            return false;
    }
}

struct cq_frame expect(struct link *link, const char *type)
{
    struct cq_frame frame;
    ck_assert_msg(next_frame(link, &frame), "end of file instead of %s", type);
    struct cq_str exc = cq_frame_get_str(&frame, "exc");
    ck_assert_msg(cq_str_is(frame.type, type), "%.*s instead of %s: %.*s", (int)frame.type.len,
                  frame.type.data, type, (int)exc.len, exc.data ? exc.data : "");
    return frame;
}

int64_t int_of(const struct cq_frame *frame, const char *key)
{
    int64_t value = INT64_MIN;
    ck_assert_msg(cq_frame_get_int(frame, key, &value), "no %s in the frame", key);
    return value;
}

void ck_contains(struct cq_str text, const char *part)
{
    ck_assert_msg(text.data && memmem(text.data, text.len, part, strlen(part)), "'%s' is not in: %.*s", part,
                  (int)text.len, text.data ? text.data : "(none)");
}

void ck_text(struct cq_str text, const char *want)
{
    ck_assert_msg(cq_str_is(text, want), "'%.*s' instead of '%s'", (int)text.len,
                  text.data ? text.data : "(none)", want);
}

void send_bytes(int fd, const struct cq_buf *bytes, const int *fds, int fd_count)
{
    struct cq_error err;
    ck_assert_msg(!cq_frame_send(fd, cq_buf_view(bytes), fds, fd_count, &err), "%s", err.text);
}

void send_plain(int fd, const char *type)
{
    struct cq_buf out = CQ_BUF_INIT(1024);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &out, type);
    ck_assert(cq_frame_end(&writer));
    send_bytes(fd, &out, NULL, 0);
    cq_buf_release(&out);
}

void end_link(struct link *link)
{
    close(link->fd);
    cq_buf_release(&link->in);
}

void write_job(struct cq_buf *out, const struct job_text *job)
{
    struct cq_frame_writer writer;
    cq_frame_start(&writer, out, "job");
    cq_frame_add_str(&writer, "id", CQ_STR_LIT("job-1"));
    cq_frame_add_str(&writer, "execution", CQ_STR_LIT("e1"));
    cq_frame_add_str(&writer, "queue", CQ_STR_LIT("high:er"));
    cq_frame_add_str(&writer, "worker", CQ_STR_LIT("w1"));
    cq_frame_add_int(&writer, "timeout", 180);
    cq_frame_add_bool(&writer, "reuse", job->reuse);
    cq_frame_add_map(&writer, "fields", 1 + !!job->call + !!job->meta + !!job->retries_left);
    cq_frame_add_bin(&writer, "origin", CQ_STR_LIT("high:er"));
    if (job->call)
        cq_frame_add_bin(&writer, "data",
                         job->call_len ? cq_str_n(job->call, job->call_len) : cq_str(job->call));
    if (job->meta)
        cq_frame_add_bin(&writer, "meta", cq_str(job->meta));
    if (job->retries_left)
        cq_frame_add_bin(&writer, "retries_left", cq_str(job->retries_left));
    ck_assert(cq_frame_end(&writer));
}
