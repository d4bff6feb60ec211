/*
 * Callbacks in C, and programs as callbacks. They are called as any function is, with the job's id and what
 * there is to tell:
 *
 *     success   (id, result)     failure   (id, text)     stopped   (id)
 *
 * and the keyword arguments callback (the kind), function, queue, args and kwargs (the job's own call; None
 * when it cannot be read). What they return is not kept. Source: rq/job.py execute_success_callback and its
 * siblings.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "runtime/native_horse.h"
#include "runtime/native_job.h"

enum { TIMEOUT_S = 60 }; /* rq/defaults.py CALLBACK_TIMEOUT */

/* What Python puts between an exception and the one that came while it was handled; viewers look for the
 * last. */
static const char meanwhile[] = "\nDuring handling of the above exception, another exception occurred:\n\n";

struct cq_str cq_native_callback_name(const struct cq_native_job *run, const char *kind)
{
    char field[32];
    snprintf(field, sizeof(field), "%s_callback_name", kind);
    return cq_frame_get_in(run->frame, "fields", field);
}

/* Tell the worker that the function is over, and how long this may take. Should it be gone, the end of the
 * job will tell. */
static void send_ended(const struct cq_native_job *run, const char *kind)
{
    char field[32];
    int64_t seconds;
    struct cq_buf out = CQ_BUF_INIT(CQ_FRAME_CONTROL_MAX);
    struct cq_frame_writer writer;
    struct cq_error err;
    snprintf(field, sizeof(field), "%s_callback_timeout", kind);
    struct cq_str text = cq_frame_get_in(run->frame, "fields", field);
    if (!text.len || !cq_number_duration(text, &seconds))
        seconds = TIMEOUT_S;
    cq_frame_start(&writer, &out, "ended");
    cq_frame_add_int(&writer, "timeout", seconds > 0 ? seconds : -1);
    cq_frame_add_str(&writer, "callback", cq_str(kind));
    if (cq_frame_end(&writer) && cq_frame_send(run->context.fd, cq_buf_view(&out), NULL, 0, &err) != CQ_OK)
        cq_context_fail((struct cq_context *)&run->context, "cq.WorkerGone", "%s", err.text);
    cq_buf_release(&out);
}

static struct cq_value text_of(struct cq_arena *arena, struct cq_str text)
{
    return cq_value_str(cq_arena_str(arena, cq_str_n(text.data ? text.data : "", text.len)));
}

/* The call of a callback, out of the job's own. */
static struct cq_function_call make_call(struct cq_context *job, const char *kind, struct cq_str name,
                                         const struct cq_value *told)
{
    struct cq_function_call call = {.format = job->call.format, .function = cq_arena_str(&job->arena, name)};
    call.args = cq_value_list(&job->arena, CQ_VALUE_LIST, told ? 2 : 1);
    call.args.as.list.items[0] = text_of(&job->arena, cq_str(job->id));
    if (told)
        call.args.as.list.items[1] = *told;
    call.kwargs = cq_value_map(&job->arena, 0);
    cq_value_set(&job->arena, &call.kwargs, "callback", text_of(&job->arena, cq_str(kind)));
    cq_value_set(&job->arena, &call.kwargs, "function", text_of(&job->arena, cq_str(job->function)));
    cq_value_set(&job->arena, &call.kwargs, "queue", text_of(&job->arena, cq_str(job->queue)));
    cq_value_set(&job->arena, &call.kwargs, "args", job->call.args);
    cq_value_set(&job->arena, &call.kwargs, "kwargs", job->call.kwargs);
    return call;
}

/* Run it in the job's context, which is as before afterwards but for meta. */
static int run_callback(struct cq_native_job *run, const char *kind, struct cq_str name,
                        const struct cq_value *told, struct cq_buf *out)
{
    struct cq_context *job = &run->context;
    struct cq_function_call own = job->call;
    struct cq_value result = job->result;
    char what[32];
    cq_buf_clear(&run->found_failure);
    cq_buf_clear(&job->failure);
    cq_buf_clear(&job->detail);
    job->call = make_call(job, kind, name, told);
    int returned = cq_native_job_call(run);
    if (returned != CQ_DONE) {
        snprintf(what, sizeof(what), "%c%s callback", kind[0] - 'a' + 'A', kind + 1);
        cq_native_job_failure(run, what, job->call.function.data, out);
    }
    job->call = own;
    job->result = result;
    job->wants_retry = false;
    return returned;
}

int cq_native_callback(struct cq_native_job *run, const char *kind, const struct cq_value *told,
                       struct cq_buf *out)
{
    struct cq_str name = cq_native_callback_name(run, kind);
    struct cq_buf more = CQ_BUF_INIT(CQ_NATIVE_FAILURE_MAX);
    if (!name.len)
        return CQ_DONE;
    send_ended(run, kind);
    int returned = run_callback(run, kind, name, told, &more);
    if (returned != CQ_DONE && out->len)
        cq_buf_text(out, meanwhile);
    cq_buf_str(out, cq_buf_view(&more));
    cq_buf_release(&more);
    return returned;
}

/* ---- of a job that has run elsewhere, or whose horse is gone ---- */

/* What there is to tell. False: the result cannot be read. */
static bool read_told(struct cq_native_job *run, const char *kind, struct cq_value *told)
{
    struct cq_context *job = &run->context;
    struct cq_str value = cq_frame_get_str(run->frame, "value");
    struct cq_error err;
    *told = cq_value_none();
    if (strcmp(kind, "failure") == 0) {
        *told = text_of(&job->arena, cq_frame_get_str(run->frame, "exc"));
    } else if (value.len && cq_decode(job->call.format, value, &job->arena, told, &err) != CQ_OK) {
        cq_context_fail(job, "cq.DeserializationError", "the job's result cannot be read: %s", err.text);
        return false;
    }
    return true;
}

static int call_back(struct cq_native_job *run, const char *kind, struct cq_buf *failure)
{
    struct cq_str name = cq_native_callback_name(run, kind);
    struct cq_value told;
    if (!cq_native_job_read_call(run)) /* it is the job that failed of this, if anything did */
        run->context.call.format = cq_format_detect(cq_frame_get_str(run->frame, "value"));
    if (!read_told(run, kind, &told)) {
        cq_native_job_failure(run, "Callback", cq_arena_str(&run->context.arena, name).data, failure);
        return CQ_FAILED;
    }
    return run_callback(run, kind, name, strcmp(kind, "stopped") == 0 ? NULL : &told, failure);
}

void cq_native_call_back(const struct cq_native_options *options, struct cq_modules *modules,
                         const struct cq_frame *frame, int fd, int *learn_fd, struct cq_buf *out)
{
    struct cq_native_job run;
    struct cq_buf failure = CQ_BUF_INIT(CQ_NATIVE_FAILURE_MAX), meta = CQ_BUF_INIT(CQ_META_MAX);
    struct cq_frame_writer writer;
    struct cq_error err;
    bool has_meta = false;
    cq_native_job_init(&run, options, modules, frame, fd, learn_fd);
    const char *kind = cq_arena_str(&run.context.arena, cq_frame_get_str(frame, "kind")).data;
    int returned = call_back(&run, kind, &failure);
    if (cq_context_take_meta(&run.context, &meta, &has_meta, &err) != CQ_OK)
        has_meta = false;
    if (returned == CQ_DONE)
        cq_frame_start(&writer, out, "done");
    else
        cq_native_write_failed(&writer, out, cq_buf_view(&failure));
    if (!cq_native_end_answer(&writer, has_meta ? cq_buf_view(&meta) : CQ_STR_NONE, false))
        abort(); /* both are within its limit */
    cq_buf_release(&failure);
    cq_buf_release(&meta);
    cq_native_job_release(&run);
}
