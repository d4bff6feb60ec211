#include "cmd/queue/info_show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/line/output.h"

enum { BAR_MAX = 20 };

static void put_count(struct cq_buf *out, int64_t count)
{
    if (count == CQ_OVERVIEW_UNKNOWN)
        cq_buf_char(out, '-');
    else
        cq_buf_printf(out, "%lld", (long long)count);
}

static struct cq_str field(const struct cq_overview_worker *worker, const char *name)
{
    return cq_reply_field(worker->fields, name);
}

/* A field's text, or `-` for one that is missing or empty. */
static void put_field(struct cq_buf *out, const struct cq_overview_worker *worker, const char *name)
{
    struct cq_str text = field(worker, name);
    cq_output_name(out, text.len ? text : CQ_STR_LIT("-"));
}

static bool whole_number(struct cq_str text, int64_t *ret_number)
{
    return text.len && cq_number_int(text, INT64_MIN + 1, INT64_MAX, ret_number);
}

/* A field that is a whole number; `absent` when it is not there, `-` when it is something else. */
static void put_number(struct cq_buf *out, const struct cq_overview_worker *worker, const char *name,
                       const char *absent)
{
    int64_t number;
    if (whole_number(field(worker, name), &number))
        cq_buf_printf(out, "%lld", (long long)number);
    else
        cq_buf_text(out, field(worker, name).len ? "-" : absent);
}

/* RQ: the lowest step that holds x. Source: rq/cli/helpers.py get_scale */
static int64_t scale_of(int64_t x)
{
    static const int scales[] = {20, 50, 100, 200, 400, 600, 800, 1000};
    for (size_t i = 0; i < CQ_ARRAY_LEN(scales); i++)
        if (x <= scales[i])
            return scales[i];
    return x;
}

static void put_bar(struct cq_buf *out, int64_t count, double ratio)
{
    struct cq_buf bar = CQ_BUF_INIT(BAR_MAX * 4 + 1);
    cq_buf_char(&bar, '|');
    for (int i = 0, cells = (int)(ratio * (double)count); i < cells; i++)
        cq_buf_text(&bar, "█");
    cq_output_colored(out, CQ_GREEN, bar.data);
    cq_buf_release(&bar);
}

/* Append text and then spaces up to width characters, as Python's format does: it counts code points. */
static void put_padded(struct cq_buf *out, struct cq_str text, size_t width)
{
    size_t start = out->len, characters = 0;
    cq_output_name(out, text);
    for (size_t i = start; i < out->len; i++)
        characters += ((unsigned char)out->data[i] & 0xC0) != 0x80;
    for (; characters < width; characters++)
        cq_buf_char(out, ' ');
}

/* What RQ's info does not know: only where there is something. */
static void show_what_holds(const struct cq_overview *overview, struct cq_buf *out)
{
    if (overview->rate_limited > 0)
        cq_buf_printf(out, "%lld jobs waiting for a slot of their limit ('cq limit')\n",
                      (long long)overview->rate_limited);
    if (overview->suspended)
        cq_buf_text(out, "suspended: workers start no jobs until 'cq resume'\n");
}

static void show_queues(const struct cq_overview *overview, const struct cq_info_form *form,
                        struct cq_buf *out)
{
    int chart_width = form->width - BAR_MAX < BAR_MAX ? form->width - BAR_MAX : BAR_MAX;
    int64_t most = 0, total = 0;
    for (size_t i = 0; i < overview->queue_count; i++)
        most = overview->queues[i].queued > most ? overview->queues[i].queued : most;
    double ratio = (double)chart_width / (double)scale_of(most);
    for (size_t i = 0; i < overview->queue_count; i++) {
        const struct cq_overview_queue *queue = &overview->queues[i];
        if (form->raw) {
            cq_buf_text(out, "queue ");
            cq_output_name(out, queue->name);
        } else {
            put_padded(out, queue->name, 12);
            cq_buf_char(out, ' ');
            put_bar(out, queue->queued > 0 ? queue->queued : 0, ratio);
        }
        cq_buf_char(out, ' ');
        put_count(out, queue->queued);
        cq_buf_text(out, ", ");
        put_count(out, queue->registries[CQ_REGISTRY_STARTED]);
        cq_buf_text(out, " executing, ");
        put_count(out, queue->registries[CQ_REGISTRY_FINISHED]);
        cq_buf_text(out, " finished, ");
        put_count(out, queue->registries[CQ_REGISTRY_FAILED]);
        cq_buf_text(out, queue->paused && !form->raw
                             ? " failed, paused\n"
                             : " failed\n"); /* raw lines are for programs that know RQ's */
        total += queue->queued > 0 ? queue->queued : 0;
    }
    if (!form->raw) {
        cq_buf_printf(out, "%zu queues, %lld jobs total\n", overview->queue_count, (long long)total);
        show_what_holds(overview, out);
    }
}

static void put_state(struct cq_buf *out, const struct cq_overview_worker *worker, bool symbol)
{
    struct cq_str state = field(worker, "state");
    if (symbol && cq_str_is(state, "busy"))
        cq_output_colored(out, CQ_RED, "busy");
    else if (symbol && cq_str_is(state, "idle"))
        cq_output_colored(out, CQ_GREEN, "idle");
    else if (symbol && cq_str_is(state, "suspended"))
        cq_output_colored(out, CQ_YELLOW, "suspended");
    else
        cq_output_name(out, state.len ? state : CQ_STR_LIT("?")); /* RQ's word for a worker without a state */
}

/* The hash has `a,b`; shown is `a, b`. */
static void put_queue_names(struct cq_buf *out, struct cq_str names)
{
    while (names.len) {
        const char *comma = memchr(names.data, ',', names.len);
        size_t len = comma ? (size_t)(comma - names.data) : names.len;
        cq_output_name(out, cq_str_n(names.data, len));
        if (!comma)
            break;
        cq_buf_text(out, ", ");
        names = cq_str_n(names.data + len + 1, names.len - len - 1);
    }
}

static void show_worker(const struct cq_overview_worker *worker, const struct cq_info_form *form,
                        struct cq_buf *out)
{
    cq_buf_text(out, form->raw ? "worker " : "");
    cq_output_name(out, worker->name);
    cq_buf_text(out, " (");
    put_field(out, worker, "hostname");
    cq_buf_char(out, ' ');
    put_field(out, worker, "ip_address");
    cq_buf_char(out, ' ');
    put_number(out, worker, "pid", "-");
    cq_buf_text(out, form->raw ? ") " : "): ");
    put_state(out, worker, !form->raw);
    cq_buf_char(out, ' ');
    put_queue_names(out, field(worker, "queues"));
    cq_buf_text(out, ". jobs: ");
    put_number(out, worker, "successful_job_count", "0");
    cq_buf_text(out, " finished, ");
    put_number(out, worker, "failed_job_count", "0");
    cq_buf_text(out, " failed\n");
}

static const struct cq_overview_worker *worker_named(const struct cq_overview *overview, const char *name)
{
    for (size_t i = 0; i < overview->worker_count; i++)
        if (cq_str_is(overview->workers[i].name, name))
            return &overview->workers[i];
    return NULL;
}

static size_t characters(struct cq_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static void show_by_queue(const struct cq_overview *overview, struct cq_buf *out)
{
    size_t longest = 0;
    for (size_t i = 0; i < overview->queue_count; i++) {
        size_t len = characters(overview->queues[i].name);
        longest = len > longest ? len : longest;
    }
    for (size_t i = 0; i < overview->queue_count; i++) {
        const struct cq_overview_queue *queue = &overview->queues[i];
        struct cq_buf label = CQ_BUF_INIT(queue->name.len + 1);
        size_t shown = 0;
        cq_buf_str(&label, queue->name);
        cq_buf_char(&label, ':');
        put_padded(out, cq_buf_view(&label), longest + 1);
        cq_buf_char(out, ' ');
        cq_buf_release(&label);
        for (size_t j = 0; j < queue->workers.len; j++) {
            const struct cq_overview_worker *worker = worker_named(overview, queue->workers.items[j]);
            if (!worker)
                continue;
            cq_buf_text(out, shown++ ? ", " : "");
            cq_output_name(out, worker->name);
            cq_buf_text(out, " (");
            put_state(out, worker, true);
            cq_buf_char(out, ')');
        }
        cq_buf_text(out, shown ? "\n" : "–\n");
    }
}

/* RQ's info does not know them: only where there are some. */
static void show_schedulers(const struct cq_overview *overview, const struct cq_info_form *form,
                            struct cq_buf *out)
{
    for (size_t i = 0; i < overview->scheduler_count; i++) {
        const struct cq_overview_scheduler *scheduler = &overview->schedulers[i];
        struct cq_str hostname = cq_reply_field(scheduler->fields, "hostname"),
                      pid = cq_reply_field(scheduler->fields, "pid");
        cq_buf_text(out, "scheduler ");
        cq_output_name(out, scheduler->name);
        cq_buf_text(out, " (");
        cq_output_name(out, hostname.len ? hostname : CQ_STR_LIT("-"));
        cq_buf_char(out, ' ');
        cq_output_name(out, pid.len ? pid : CQ_STR_LIT("-"));
        cq_buf_text(out, form->raw ? ") " : "): ");
        for (size_t j = 0; j < scheduler->locks.len; j++) {
            cq_buf_text(out, j ? ", " : "");
            cq_output_name(out, cq_str(scheduler->locks.items[j]));
        }
        cq_buf_char(out, '\n');
    }
}

static void show_workers(const struct cq_overview *overview, const struct cq_info_form *form,
                         struct cq_buf *out)
{
    if (form->by_queue)
        show_by_queue(overview, out);
    for (size_t i = 0; i < overview->worker_count && !form->by_queue; i++)
        show_worker(&overview->workers[i], form, out);
    show_schedulers(overview, form, out);
    if (!form->raw)
        cq_buf_printf(out, "%zu workers, %zu queues\n", overview->worker_count, overview->queue_count);
}

/* Python's str(datetime.now()): local time, without the fraction when that is 0. */
static void show_updated(cq_time now, struct cq_buf *out)
{
    time_t seconds = (time_t)cq_time_seconds(now);
    int microseconds = (int)(now % CQ_SECOND);
    struct tm parts;
    char text[32];
    localtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
    cq_buf_printf(out, microseconds ? "\nUpdated: %s.%06d\n" : "\nUpdated: %s\n", text, microseconds);
}

void cq_info_text(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out)
{
    if (form->only_queues) {
        show_queues(overview, form, out);
        return;
    }
    if (form->only_workers) {
        show_workers(overview, form, out);
        return;
    }
    show_queues(overview, form, out);
    if (!form->raw)
        cq_buf_char(out, '\n');
    show_workers(overview, form, out);
    if (!form->raw)
        show_updated(overview->now, out);
}
