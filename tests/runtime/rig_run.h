/* One job run in this process by the native runtime: its answer, and what it sent meanwhile. */
#ifndef CQ_TESTS_RUNTIME_RIG_RUN_H
#define CQ_TESTS_RUNTIME_RIG_RUN_H

#include "runtime/context.h"
#include "runtime/native_horse.h"
#include "tests/support/rig.h"

static struct cq_strv paths;
static struct cq_programs programs;
static struct cq_modules modules;
static struct cq_native_options options;
static struct cq_buf answer, frame_bytes;
static struct link meanwhile;
static int job_fd;

static void set_up(void)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    job_fd = pair[1];
    meanwhile = (struct link){.fd = pair[0], .in = CQ_BUF_INIT(LINK_MAX)};
    cq_buf_init(&answer, LINK_MAX);
    cq_buf_init(&frame_bytes, LINK_MAX);
    cq_strv_init(&paths);
    cq_strv_push(&paths, CQ_STR_LIT("/nonexistent"));
    cq_strv_push(&paths, cq_str(module_folder()));
    programs = CQ_PROGRAMS_INIT;
    options = (struct cq_native_options){.paths = &paths, .programs = &programs};
    cq_modules_init(&modules, &paths, "");
}

static void tear_down(void)
{
    close(job_fd);
    end_link(&meanwhile);
    cq_modules_release(&modules);
    cq_programs_release(&programs);
    cq_strv_release(&paths);
    cq_buf_release(&answer);
    cq_buf_release(&frame_bytes);
}

static struct cq_frame run(const struct job_text *job)
{
    struct cq_frame frame;
    struct cq_error err;
    size_t size;
    int learn_fd = -1;
    cq_buf_clear(&frame_bytes);
    cq_buf_clear(&answer);
    write_job(&frame_bytes, job);
    ck_assert_int_eq(cq_frame_parse(cq_buf_view(&frame_bytes), CQ_FRAME_JOB_MAX, &frame, &size, NULL), CQ_OK);
    cq_native_run(&options, &modules, &frame, job_fd, &learn_fd, &answer);
    ck_assert_msg(!cq_frame_parse(cq_buf_view(&answer), CQ_FRAME_JOB_MAX, &frame, &size, &err), "%s",
                  err.text);
    ck_assert_uint_eq(size, answer.len);
    return frame;
}

static CQ_UNUSED struct cq_frame run_call(const char *call)
{
    return run(&(struct job_text){.call = call});
}

static CQ_UNUSED void ck_returns(const char *call, const char *value)
{
    struct cq_frame frame = run_call(call);
    struct cq_str exc = cq_frame_get_str(&frame, "exc");
    ck_assert_msg(cq_str_is(frame.type, "done"), "%s: %.*s", call, (int)exc.len, exc.data ? exc.data : "");
    if (value)
        ck_text(cq_frame_get_str(&frame, "value"), value);
    else
        ck_assert_ptr_null(cq_frame_get_str(&frame, "value").data);
}

/* The last line of the failure text, which viewers show. */
static CQ_UNUSED void ck_fails(const char *call, const char *last_line)
{
    struct cq_frame frame = run_call(call);
    ck_text(frame.type, "failed");
    struct cq_str exc = cq_frame_get_str(&frame, "exc");
    const char *newline = memrchr(exc.data, '\n', exc.len);
    size_t start = newline ? (size_t)(newline - exc.data) + 1 : 0;
    struct cq_str last = cq_str_n(exc.data + start, exc.len - start);
    ck_assert_msg(cq_str_starts(last, last_line), "%s: '%.*s' instead of '%s'", call, (int)exc.len, exc.data,
                  last_line);
}

#endif
