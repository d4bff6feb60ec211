#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "base/utf8.h"
#include "job/keys.h"
#include "runtime/context.h"
#include "runtime/native_horse.h"
#include "runtime/stable/horse.h"

/* ---- from the frame ---- */

static const char *text_of(struct cq_context *job, struct cq_str text)
{
    return cq_arena_strndup(&job->arena, text.data ? text.data : "", text.len);
}

/*
 * The job's names for whoever looks into the environment. They are part of it for the life of the process: putenv keeps
 * the pointer and, unlike setenv, allocates nothing once the names are there, which the stable sees to.
 */
static void set_environment(const struct cq_context *job)
{
    enum { NAME_SIZE = 16 };
    static char variables[3][NAME_SIZE + CQ_NAME_MAX + 1] = {"RQ_JOB_ID=", "RQ_WORKER_ID=", "CQ_QUEUE="};
    const char *values[] = {job->id, job->worker, job->queue};
    for (size_t i = 0; i < CQ_ARRAY_LEN(values); i++) {
        char *value = strchr(variables[i], '=') + 1;
        size_t len = strnlen(values[i], CQ_NAME_MAX);
        memcpy(value, values[i], len);
        value[len] = '\0';
        putenv(variables[i]);
    }
}

void cq_native_prepare(void)
{
    struct cq_context none;
    cq_context_init(&none, -1);
    set_environment(&none);
    cq_context_release(&none);
}

static void read_job(struct cq_context *job, const struct cq_frame *frame)
{
    int64_t retries = 0;
    job->id = text_of(job, cq_frame_get_str(frame, "id"));
    job->queue = text_of(job, cq_frame_get_str(frame, "queue"));
    job->worker = text_of(job, cq_frame_get_str(frame, "worker"));
    job->meta_text = cq_frame_get_in(frame, "fields", "meta");
    if (cq_number_int(cq_frame_get_in(frame, "fields", "retries_left"), 0, INT32_MAX, &retries))
        job->retries_left = (int)retries;
    set_environment(job);
}

/* Refuse the wrong serializer by the first bytes: what is refused is never decoded. */
static bool check_format(struct cq_context *job, const struct cq_native_options *options, struct cq_str data)
{
    enum cq_format format = cq_format_detect(data);
    if (!options->restrict_format || format == options->format)
        return true;
    cq_context_fail(job, "cq.SerializerRefused", "the job is written in %s, and this worker takes only %s (--serializer)",
                    cq_format_name(format), cq_format_name(options->format));
    return false;
}

static bool read_call(struct cq_context *job, const struct cq_native_options *options, const struct cq_frame *frame)
{
    struct cq_str data = cq_frame_get_in(frame, "fields", "data");
    struct cq_buf inflated = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_error err = {CQ_OK, ""};
    bool read = false;
    if (data.len == 0) {
        cq_context_fail(job, "cq.InvalidJob", "the job's hash has no data, so there is nothing to call; enqueue it again");
        return false;
    }
    if (options->restrict_format && cq_is_zlib(data)) {
        if (cq_inflate(data, &inflated, &err))
            goto out;
        data = cq_buf_view(&inflated);
    }
    if (!check_format(job, options, data))
        goto out;
    read = cq_call_read(data, &job->arena, &job->call, &err) == CQ_OK;
    if (read)
        job->function = text_of(job, job->call.function);
out:
    if (!read) {
        /* Whose call it was is worth a try: the name comes first, the damage may be behind it. */
        struct cq_peek peek;
        struct cq_peeked peeked;
        cq_peek_init(&peek);
        if (cq_call_peek(&peek, data, &peeked) && peeked.function.len)
            job->function = text_of(job, peeked.function);
        cq_peek_release(&peek);
        if (err.code)
            cq_context_fail(job, "cq.DeserializationError", "the job's data cannot be read: %s; enqueue it again", err.text);
    }
    cq_buf_release(&inflated);
    return read;
}

/* ---- the function ---- */

/*
 * Tell the stable, so that later horses are forked with the module. One message; a full socket just loses it. A module
 * that starts threads as it loads is kept to the horses: forked from the stable, they would have it without its threads.
 */
static void report_loaded(int learn_fd, struct cq_str function)
{
    if (cq_horse_threads() > 1)
        return;
    struct cq_buf message = CQ_BUF_INIT(CQ_FUNCTION_NAME_MAX + 64);
    struct cq_frame_writer writer;
    cq_frame_start(&writer, &message, "preload");
    cq_frame_add_str(&writer, "function", function);
    if (cq_frame_end(&writer)) {
        ssize_t ignored = write(learn_fd, message.data, message.len);
        (void)ignored;
    }
    cq_buf_release(&message);
}

static int check_returned(struct cq_context *job, int returned)
{
    if (returned == CQ_DONE)
        return CQ_DONE;
    if (returned != CQ_FAILED)
        return cq_context_fail(job, "cq.JobFailed", "the function returned %d, which is neither CQ_DONE (0) nor CQ_FAILED (-1)",
                               returned);
    if (job->failure.len == 0)
        return cq_context_fail(job, "cq.JobFailed", "the function returned CQ_FAILED and gave no reason; set one with cq_fail");
    return CQ_FAILED;
}

/* Find and run. found_failure: the whole failure text when there is nothing to run. */
static int call_function(struct cq_context *job, const struct cq_native_options *options, struct cq_modules *modules,
                         int *learn_fd, struct cq_buf *found_failure)
{
    const struct cq_program_entry *program = cq_programs_find(options->programs, job->call.function);
    cq_function *function = NULL;
    bool was_known = true;
    if (job->call.instance.kind != CQ_VALUE_NONE)
        return cq_context_fail(job, "cq.FunctionNotFound", "%s is a method of an object, which only the Python runtime can run",
                               job->function);
    if (!program && !cq_modules_find(modules, job->call.function, &function, &was_known, found_failure))
        return CQ_FAILED;
    if (*learn_fd >= 0) {
        if (!was_known)
            report_loaded(*learn_fd, job->call.function);
        close(*learn_fd);
        *learn_fd = -1;
    }
    return check_returned(job, program ? cq_program_run(program, job) : function(job));
}

/* ---- the answer ---- */

/* RQ's viewers take the last line for the exception: `class: text`. */
static void write_failed(struct cq_frame_writer *writer, struct cq_buf *out, struct cq_context *job, struct cq_buf *found_failure)
{
    struct cq_buf raw = CQ_BUF_INIT(3 * CQ_FAILURE_TEXT_MAX), text = CQ_BUF_INIT(9 * CQ_FAILURE_TEXT_MAX);
    if (job->function[0])
        cq_buf_printf(&raw, "Job function %s failed:\n", job->function);
    if (found_failure->len > 0) {
        cq_buf_str(&raw, cq_buf_view(found_failure));
    } else {
        cq_buf_str(&raw, cq_buf_view(&job->detail));
        cq_buf_printf(&raw, "%s: ", job->failure_class);
        cq_buf_str(&raw, cq_buf_view(&job->failure));
    }
    cq_utf8_append_valid(&text, cq_buf_view(&raw)); /* RQ's readers decode it as UTF-8 and fail on anything else */
    cq_frame_start(writer, out, "failed");
    cq_frame_add_str(writer, "exc", cq_buf_view(&text));
    cq_buf_release(&raw);
    cq_buf_release(&text);
}

static void write_retry(struct cq_frame_writer *writer, struct cq_buf *out, const struct cq_context *job)
{
    char intervals[32];
    snprintf(intervals, sizeof(intervals), "[%d]", job->retry_interval_s);
    cq_frame_start(writer, out, "retry");
    cq_frame_add_int(writer, "max", job->retry_max);
    cq_frame_add_str(writer, "intervals", cq_str(intervals));
}

/* Encode the result and meta; what cannot be stored makes the job fail, rather than lose it silently. */
static int encode_outcome(struct cq_context *job, int returned, struct cq_buf *value, struct cq_buf *meta, bool *ret_has_meta)
{
    struct cq_error err;
    enum cq_code code = CQ_OK;
    *ret_has_meta = false;
    if (returned == CQ_DONE && !job->wants_retry && job->result.kind != CQ_VALUE_NONE)
        code = cq_encode(job->call.format, &job->result, value, &err);
    if (code)
        returned = cq_context_fail(job, "cq.ResultError", "the result cannot be stored: %s", err.text);
    code = cq_context_take_meta(job, meta, ret_has_meta, &err);
    if (code && returned == CQ_DONE)
        returned = cq_context_fail(job, "cq.MetaError", "the job's meta cannot be stored: %s", err.text);
    if (code)
        *ret_has_meta = false;
    return returned;
}

static bool write_answer(struct cq_context *job, int returned, struct cq_buf *found_failure, bool with_rss, struct cq_buf *out)
{
    struct cq_buf value = CQ_BUF_INIT(CQ_RESULT_MAX), meta = CQ_BUF_INIT(CQ_META_MAX);
    struct cq_frame_writer writer;
    bool has_meta;
    returned = encode_outcome(job, returned, &value, &meta, &has_meta);
    if (returned != CQ_DONE) {
        write_failed(&writer, out, job, found_failure);
    } else if (job->wants_retry) {
        write_retry(&writer, out, job);
    } else {
        cq_frame_start(&writer, out, "done");
        if (value.len > 0)
            cq_frame_add_bin(&writer, "value", cq_buf_view(&value));
    }
    if (has_meta)
        cq_frame_add_bin(&writer, "meta", cq_buf_view(&meta));
    if (with_rss)
        cq_frame_add_int(&writer, "rss_kb", cq_horse_rss_kb());
    cq_buf_release(&value);
    cq_buf_release(&meta);
    return cq_frame_end(&writer);
}

void cq_native_run(const struct cq_native_options *options, struct cq_modules *modules, const struct cq_frame *frame, int fd,
                   int *learn_fd, struct cq_buf *out)
{
    struct cq_context job;
    struct cq_buf found_failure = CQ_BUF_INIT(CQ_FAILURE_TEXT_MAX);
    bool reuse = cq_frame_get_bool(frame, "reuse", false);
    int returned = CQ_FAILED;
    cq_context_init(&job, fd);
    read_job(&job, frame);
    if (read_call(&job, options, frame))
        returned = call_function(&job, options, modules, learn_fd, &found_failure);
    if (!write_answer(&job, returned, &found_failure, reuse, out)) {
        /* Result and meta together are above what a frame takes: answer without them. */
        cq_context_fail(&job, "cq.ResultError", "result and meta are above the limit of %d bytes", CQ_FRAME_JOB_MAX);
        job.meta_changed = false;
        if (!write_answer(&job, CQ_FAILED, &found_failure, reuse, out))
            abort(); /* a failure text always fits */
    }
    cq_buf_release(&found_failure);
    cq_context_release(&job);
}

/* zlib of the pickle of ("a.b", None, (1, "x"), {"k": 2.5}), as RQ writes it. */
static const char rehearsed_call[] = "\x78\x9c\x6b\x60\x9d\xaa\xcc\x00\x01\x1a\x3d\xcc\x89\x7a\x49\x53\xfc\xbc\x19\x7b\x18\x2b\xa6\xb4"
                                     "\x4d\xa9\x9d\xd2\xc3\x98\x3d\xc5\xdd\x81\x05\x22\x5d\x5c\x32\x45\x0f\x00\x01\x0a\x0b\x98";

void cq_native_rehearse(const struct cq_native_options *options)
{
    struct cq_frame_writer writer;
    struct cq_frame frame;
    struct cq_context job;
    struct cq_buf in = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX), out = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX), nothing = CQ_BUF_INIT(1);
    size_t size;
    cq_frame_start(&writer, &in, "job");
    cq_frame_add_str(&writer, "id", CQ_STR_LIT(""));
    cq_frame_add_map(&writer, "fields", 1);
    cq_frame_add_bin(&writer, "data", cq_str_n(rehearsed_call, sizeof(rehearsed_call) - 1));
    if (cq_frame_end(&writer) && cq_frame_parse(cq_buf_view(&in), CQ_FRAME_CONTROL_MAX, &frame, &size, NULL) == CQ_OK) {
        cq_context_init(&job, -1);
        read_job(&job, &frame);
        if (read_call(&job, options, &frame))
            write_answer(&job, CQ_DONE, &nothing, false, &out);
        cq_context_release(&job);
    }
    cq_buf_release(&in);
    cq_buf_release(&out);
    cq_buf_release(&nothing);
}
