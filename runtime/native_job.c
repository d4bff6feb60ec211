#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "base/utf8.h"
#include "job/keys.h"
#include "job/peek.h"
#include "runtime/native_horse.h"
#include "runtime/native_job.h"
#include "runtime/stable/horse_self.h"

/* ---- from the frame ---- */

static const char *text_of(struct cq_context *job, struct cq_str text)
{
    return cq_arena_strndup(&job->arena, text.data ? text.data : "", text.len);
}

/*
 * The job's names, for programs that look into the environment. They are part of it for the life of the
 * process: putenv keeps the pointer and, unlike setenv, allocates nothing once the names are there, which the
 * stable sees to.
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
    cq_context_fail(job, "cq.SerializerRefused",
                    "the job is written in %s, and this worker takes only %s (--serializer)",
                    cq_format_name(format), cq_format_name(options->format));
    return false;
}

bool cq_native_job_read_call(struct cq_native_job *run)
{
    struct cq_context *job = &run->context;
    const struct cq_native_options *options = run->options;
    struct cq_str data = cq_frame_get_in(run->frame, "fields", "data");
    struct cq_buf inflated = CQ_BUF_INIT(CQ_PAYLOAD_MAX);
    struct cq_error err = {CQ_OK, ""};
    bool read = false;
    if (data.len == 0) {
        cq_context_fail(job, "cq.InvalidJob",
                        "the job's hash has no data, so there is nothing to call; enqueue it again");
        return false;
    }
    if (options->restrict_format && cq_is_zlib(data)) {
        if (cq_inflate(data, &inflated, &err))
            goto out;
        data = cq_buf_view(&inflated);
    }
    if (!check_format(job, options, data))
        goto out;
    read = cq_function_call_read(data, &job->arena, &job->call, &err) == CQ_OK;
    if (read)
        job->function = text_of(job, job->call.function);
out:
    if (!read) {
        /* Whose call it was is worth a try: the name comes first, the damage may be behind it. */
        struct cq_peek peek;
        struct cq_peeked peeked;
        cq_peek_init(&peek);
        if (cq_peek_look(&peek, data, &peeked) && peeked.function.len)
            job->function = text_of(job, peeked.function);
        cq_peek_release(&peek);
        if (err.code)
            cq_context_fail(job, "cq.DeserializationError",
                            "the job's data cannot be read: %s; enqueue it again", err.text);
    }
    cq_buf_release(&inflated);
    return read;
}

/* ---- the function ---- */

/*
 * Tell the stable, so that later horses are forked with the module. One message; a full socket just loses it.
 * A module that starts threads as it loads is kept to the horses: forked from the stable, they would have it
 * without its threads.
 */
static void report_loaded(int learn_fd, struct cq_str function)
{
    if (cq_horse_self_threads() > 1)
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
        return cq_context_fail(job, "cq.JobFailed",
                               "the function returned %d, which is neither CQ_DONE (0) nor CQ_FAILED (-1)",
                               returned);
    if (job->failure.len == 0)
        return cq_context_fail(job, "cq.JobFailed",
                               "the function returned CQ_FAILED and gave no reason; set one with cq_fail");
    return CQ_FAILED;
}

/* A success callback that this horse will have to load: the next one should be forked with it, too. */
static void learn_callback(struct cq_native_job *run)
{
    struct cq_str name = cq_native_callback_name(run, "success");
    struct cq_buf ignored = CQ_BUF_INIT(CQ_FAILURE_TEXT_MAX);
    cq_function *function;
    bool was_known = true;
    if (name.len && !cq_programs_find(run->options->programs, name) &&
        cq_modules_find(run->modules, name, &function, &was_known, &ignored) && !was_known)
        report_loaded(*run->learn_fd, name);
    cq_buf_release(&ignored);
}

int cq_native_job_call(struct cq_native_job *run)
{
    struct cq_context *job = &run->context;
    const struct cq_program_entry *program = cq_programs_find(run->options->programs, job->call.function);
    cq_function *function = NULL;
    bool was_known = true;
    if (job->call.instance.kind != CQ_VALUE_NONE)
        return cq_context_fail(job, "cq.FunctionNotFound",
                               "%s is a method of an object, which only the Python runtime can run",
                               job->function);
    if (!program &&
        !cq_modules_find(run->modules, job->call.function, &function, &was_known, &run->found_failure))
        return CQ_FAILED;
    if (*run->learn_fd >= 0) {
        if (!was_known)
            report_loaded(*run->learn_fd, job->call.function);
        learn_callback(run);
        close(*run->learn_fd);
        *run->learn_fd = -1;
    }
    return check_returned(job, program ? cq_program_run(program, job) : function(job));
}

/* ---- the answer ---- */

/* RQ's viewers take the last line for the exception: `class: text`. */
void cq_native_job_failure(struct cq_native_job *run, const char *what, const char *name, struct cq_buf *out)
{
    struct cq_context *job = &run->context;
    struct cq_buf raw = CQ_BUF_INIT(3 * CQ_FAILURE_TEXT_MAX);
    if (name[0])
        cq_buf_printf(&raw, "%s %s failed:\n", what, name);
    if (run->found_failure.len > 0) {
        cq_buf_str(&raw, cq_buf_view(&run->found_failure));
    } else {
        cq_buf_str(&raw, cq_buf_view(&job->detail));
        cq_buf_printf(&raw, "%s: ", job->failure_class);
        cq_buf_str(&raw, cq_buf_view(&job->failure));
    }
    cq_utf8_append_valid(out,
                         cq_buf_view(&raw)); /* RQ's readers decode it as UTF-8 and fail on anything else */
    cq_buf_release(&raw);
}

void cq_native_write_failed(struct cq_frame_writer *writer, struct cq_buf *out, struct cq_str text)
{
    cq_frame_start(writer, out, "failed");
    cq_frame_add_str(writer, "exc", text);
}

static void write_retry(struct cq_frame_writer *writer, struct cq_buf *out, const struct cq_context *job)
{
    char intervals[32];
    snprintf(intervals, sizeof(intervals), "[%d]", job->retry_interval_s);
    cq_frame_start(writer, out, "retry");
    cq_frame_add_int(writer, "max", job->retry_max);
    cq_frame_add_str(writer, "intervals", cq_str(intervals));
}

bool cq_native_end_answer(struct cq_frame_writer *writer, struct cq_str meta, bool with_rss)
{
    cq_frame_add_bin(writer, "meta", meta);
    if (with_rss)
        cq_frame_add_int(writer, "rss_kb", cq_horse_self_rss_kb());
    return cq_frame_end(writer);
}

/* Encode the result; what cannot be stored makes the job fail, rather than lose it silently. */
static int encode_result(struct cq_context *job, int returned, struct cq_buf *value)
{
    struct cq_error err;
    if (returned != CQ_DONE || job->wants_retry || job->result.kind == CQ_VALUE_NONE ||
        cq_encode(job->call.format, &job->result, value, &err) == CQ_OK)
        return returned;
    return cq_context_fail(job, "cq.ResultError", "the result cannot be stored: %s", err.text);
}

/* In RQ's order: what a success callback raises is the job's failure, and what a failure callback raises
 * takes its place. */
static int call_back(struct cq_native_job *run, int returned, struct cq_buf *failure)
{
    struct cq_context *job = &run->context;
    if (returned == CQ_DONE && !job->wants_retry)
        returned = cq_native_callback(run, "success", &job->result, failure);
    else if (returned != CQ_DONE)
        cq_native_job_failure(run, "Job function", job->function, failure);
    if (returned != CQ_DONE) {
        struct cq_value text = cq_value_str(cq_arena_str(&job->arena, cq_buf_view(failure)));
        cq_native_callback(run, "failure", &text, failure);
    }
    return returned;
}

/* value, failure: of which the outcome has one. */
static bool write_answer(struct cq_context *job, struct cq_str value, struct cq_str failure,
                         struct cq_str meta, bool with_rss, struct cq_buf *out)
{
    struct cq_frame_writer writer;
    if (failure.len) {
        cq_native_write_failed(&writer, out, failure);
    } else if (job->wants_retry) {
        write_retry(&writer, out, job);
    } else {
        cq_frame_start(&writer, out, "done");
        cq_frame_add_bin(&writer, "value", value.len ? value : CQ_STR_NONE);
    }
    return cq_native_end_answer(&writer, meta, with_rss);
}

/* Meta cannot be stored, or not with the result. */
static void fail_answer(struct cq_native_job *run, struct cq_buf *failure, const char *failure_class,
                        const char *text)
{
    cq_buf_clear(failure);
    cq_buf_clear(&run->found_failure);
    cq_buf_clear(&run->context.detail);
    cq_context_fail(&run->context, failure_class, "%s", text);
    cq_native_job_failure(run, "Job function", run->context.function, failure);
}

static void answer(struct cq_native_job *run, struct cq_str value, struct cq_buf *failure, struct cq_buf *out)
{
    struct cq_context *job = &run->context;
    struct cq_buf meta = CQ_BUF_INIT(CQ_META_MAX);
    struct cq_error err;
    char text[sizeof(err.text) + 64];
    bool has_meta = false, with_rss = cq_frame_get_bool(run->frame, "reuse", false);
    if (cq_context_take_meta(job, &meta, &has_meta, &err) != CQ_OK && !failure->len) {
        snprintf(text, sizeof(text), "the job's meta cannot be stored: %s", err.text);
        fail_answer(run, failure, "cq.MetaError", text);
    }
    if (!write_answer(job, value, cq_buf_view(failure), has_meta ? cq_buf_view(&meta) : CQ_STR_NONE, with_rss,
                      out)) {
        /* Result and meta together are above what a frame takes: answer without them. */
        snprintf(text, sizeof(text), "result and meta are above the limit of %d bytes", CQ_FRAME_JOB_MAX);
        fail_answer(run, failure, "cq.ResultError", text);
        if (!write_answer(job, CQ_STR_NONE, cq_buf_view(failure), CQ_STR_NONE, with_rss, out))
            abort(); /* a failure text always fits */
    }
    cq_buf_release(&meta);
}

void cq_native_job_init(struct cq_native_job *run, const struct cq_native_options *options,
                        struct cq_modules *modules, const struct cq_frame *frame, int fd, int *learn_fd)
{
    run->options = options;
    run->modules = modules;
    run->frame = frame;
    run->learn_fd = learn_fd;
    cq_buf_init(&run->found_failure, CQ_FAILURE_TEXT_MAX);
    cq_context_init(&run->context, fd);
    read_job(&run->context, frame);
}

void cq_native_job_release(struct cq_native_job *run)
{
    cq_buf_release(&run->found_failure);
    cq_context_release(&run->context);
}

void cq_native_run(const struct cq_native_options *options, struct cq_modules *modules,
                   const struct cq_frame *frame, int fd, int *learn_fd, struct cq_buf *out)
{
    struct cq_native_job run;
    struct cq_buf value = CQ_BUF_INIT(CQ_RESULT_MAX), failure = CQ_BUF_INIT(CQ_NATIVE_FAILURE_MAX);
    int returned = CQ_FAILED;
    cq_native_job_init(&run, options, modules, frame, fd, learn_fd);
    if (cq_native_job_read_call(&run))
        returned = cq_native_job_call(&run);
    returned = encode_result(&run.context, returned, &value);
    call_back(&run, returned, &failure);
    answer(&run, cq_buf_view(&value), &failure, out);
    cq_buf_release(&value);
    cq_buf_release(&failure);
    cq_native_job_release(&run);
}

/* zlib of the pickle of ("a.b", None, (1, "x"), {"k": 2.5}), as RQ writes it. */
static const char rehearsed_call[] =
    "\x78\x9c\x6b\x60\x9d\xaa\xcc\x00\x01\x1a\x3d\xcc\x89\x7a\x49\x53\xfc\xbc\x19\x7b\x18\x2b\xa6\xb4"
    "\x4d\xa9\x9d\xd2\xc3\x98\x3d\xc5\xdd\x81\x05\x22\x5d\x5c\x32\x45\x0f\x00\x01\x0a\x0b\x98";

void cq_native_rehearse(const struct cq_native_options *options)
{
    struct cq_frame_writer writer;
    struct cq_frame frame;
    struct cq_native_job run;
    struct cq_buf in = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX), out = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX),
                  nothing = CQ_BUF_INIT(1);
    size_t size;
    int learn_fd = -1;
    cq_frame_start(&writer, &in, "job");
    cq_frame_add_str(&writer, "id", CQ_STR_LIT(""));
    cq_frame_add_map(&writer, "fields", 1);
    cq_frame_add_bin(&writer, "data", cq_str_n(rehearsed_call, sizeof(rehearsed_call) - 1));
    if (cq_frame_end(&writer) &&
        cq_frame_parse(cq_buf_view(&in), CQ_FRAME_CONTROL_MAX, &frame, &size, NULL) == CQ_OK) {
        cq_native_job_init(&run, options, NULL, &frame, -1, &learn_fd);
        if (cq_native_job_read_call(&run))
            answer(&run, CQ_STR_NONE, &nothing, &out);
        cq_native_job_release(&run);
    }
    cq_buf_release(&in);
    cq_buf_release(&out);
    cq_buf_release(&nothing);
}
