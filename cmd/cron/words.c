#include "cmd/cron/words.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/zone.h"
#include "cmd/enqueue/prepare.h"
#include "serializers/serializer.h"

enum { SHOWN_MAX = 1024 * 1024 };

struct line_options {
    const char *name, *zone;
    int missed; /* enum cq_cron_missed; -1: not given */
    bool no_overlap;
};

#define FIELD(member) offsetof(struct line_options, member)

const struct cq_option cq_cron_line_options[] = {
    {.kind = CQ_OPTION_TEXT,
     .name = "name",
     .argument = "NAME",
     .field = FIELD(name),
     .help = "The name of the cron job (default: that of its function)"},
    {.kind = CQ_OPTION_TEXT,
     .name = "zone",
     .argument = "ZONE",
     .field = FIELD(zone),
     .help = "The time zone of its times, such as Europe/Berlin (default: that of CRON_TZ= above, or the "
             "local one)"},
    {.kind = CQ_OPTION_CHOICE,
     .name = "missed",
     .argument = "skip|once|all",
     .field = FIELD(missed),
     .words = "skip|once|all",
     .help = "What to do about missed times (default: skip; of @every: once)"},
    {.kind = CQ_OPTION_FLAG,
     .name = "no-overlap",
     .field = FIELD(no_overlap),
     .help = "Enqueue nothing while the job of an earlier time waits or runs"},
    {.kind = CQ_OPTION_END},
};

/* One reading of the words, which the job keeps. */
struct words_reading {
    struct line_options own;
    struct cq_enqueue_options enqueue;
    struct cq_option_set sets[2];
    struct cq_enqueue_work work;
    const char **args;
    size_t arg_count;
};

static void reading_release(struct words_reading *reading)
{
    cq_enqueue_work_release(&reading->work);
    for (size_t i = 0; i < CQ_ARRAY_LEN(reading->sets); i++)
        cq_options_release(&reading->sets[i]);
    free(reading->args);
}

/* Options that say when or under which id a job is enqueued, which is cron's to say here. */
static enum cq_code check(const struct words_reading *reading, struct cq_error *err)
{
    const struct cq_enqueue_options *options = &reading->enqueue;
    const char *alien = options->depends_on.len                      ? "--depends-on"
                        : options->allow_failure                     ? "--allow-failure"
                        : options->schedule_at                       ? "--schedule-at"
                        : options->schedule_in_s != CQ_OPTION_UNSET  ? "--schedule-in"
                        : options->job_id                            ? "--job-id"
                        : options->unique                            ? "--unique"
                        : options->wait                              ? "--wait"
                        : options->wait_timeout_s != CQ_OPTION_UNSET ? "--wait-timeout"
                        : options->quiet                             ? "--quiet"
                        : options->print_id                          ? "--print-id"
                                                                     : NULL;
    if (alien)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%s does not fit a schedule, which enqueues a new job each time; leave it out",
                            alien);
    if (!reading->arg_count)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "write the arguments of 'cq enqueue' behind the schedule: [OPTIONS] FUNCTION [ARGUMENTS]");
    return CQ_OK;
}

/* On an error too the reading is to be released. */
static enum cq_code read_words(const struct cq_cron_job *job, enum cq_format format,
                               struct words_reading *reading, struct cq_error *err)
{
    *reading = (struct words_reading){.args = cq_calloc(job->words.len + 1, sizeof(*reading->args))};
    reading->sets[0] = (struct cq_option_set){.options = cq_cron_line_options, .target = &reading->own};
    reading->sets[1] = (struct cq_option_set){.options = cq_enqueue_syntax.options,
                                              .target = &reading->enqueue};
    for (size_t i = 0; i < CQ_ARRAY_LEN(reading->sets); i++)
        cq_options_defaults(&reading->sets[i]);
    cq_enqueue_work_init(&reading->work, &reading->enqueue);
    enum cq_code code = cq_options_parse(reading->sets, CQ_ARRAY_LEN(reading->sets), (int)job->words.len,
                                         job->words.items, reading->args, &reading->arg_count, err);
    if (code == CQ_OK)
        code = check(reading, err);
    struct cq_run run = {.name = "cron", .args = reading->args, .arg_count = reading->arg_count};
    return code == CQ_OK ? cq_enqueue_prepare(&reading->work, &run, format, err) : code;
}

/* --- What RQ shows of the job: CronJob.to_dict of rq/cron.py. */

static void add_key(struct cq_buf *out, const char *key)
{
    cq_buf_printf(out, "%s\"%s\": ", out->len > 1 ? ", " : "", key);
}

static void add_text(struct cq_buf *out, const char *key, struct cq_str text)
{
    add_key(out, key);
    struct cq_value value = cq_value_str(text);
    struct cq_error ignored;
    if (!text.data || cq_encode(CQ_FORMAT_JSON, &value, out, &ignored) != CQ_OK)
        cq_buf_text(out, "null");
}

static void add_number(struct cq_buf *out, const char *key, int64_t number, int64_t unset)
{
    if (number == unset)
        return;
    add_key(out, key);
    cq_buf_printf(out, "%lld", (long long)number);
}

/* RQ writes the JSON of a value into a text, and null for an empty one. */
static void add_json(struct cq_buf *out, const char *key, const struct cq_value *value, size_t len)
{
    struct cq_buf json = CQ_BUF_INIT(SHOWN_MAX);
    struct cq_error ignored;
    if (!len)
        add_text(out, key, CQ_STR_NONE);
    else if (cq_encode(CQ_FORMAT_JSON, value, &json, &ignored) != CQ_OK)
        add_text(out, key, CQ_STR_LIT("<not JSON serializable>"));
    else
        add_text(out, key, cq_buf_view(&json));
    cq_buf_release(&json);
}

static char *shown(const struct cq_cron_job *job, const struct words_reading *reading)
{
    struct cq_buf out = CQ_BUF_INIT(4 * SHOWN_MAX);
    const struct cq_function_call *call = &reading->work.call;
    const struct cq_job *fields = &reading->work.job;
    cq_buf_char(&out, '{');
    add_text(&out, "func_name", cq_str(job->function));
    add_text(&out, "name", cq_str(job->name));
    add_text(&out, "queue_name", cq_str(job->queue));
    add_json(&out, "args", &call->args, call->args.as.list.len);
    add_json(&out, "kwargs", &call->kwargs, call->kwargs.as.map.len);
    add_key(&out, "interval");
    if (job->schedule.every_s > 0)
        cq_buf_printf(&out, "%lld", (long long)job->schedule.every_s);
    else
        cq_buf_text(&out, "null");
    add_text(&out, "cron", job->schedule.every_s > 0 ? CQ_STR_NONE : cq_str(job->text));
    add_number(&out, "job_timeout", reading->enqueue.timeout_s, CQ_OPTION_UNSET);
    add_number(&out, "result_ttl", fields->result_ttl_s, CQ_TTL_UNSET);
    add_number(&out, "ttl", fields->ttl_s, CQ_TTL_UNSET);
    add_number(&out, "failure_ttl", fields->failure_ttl_s, CQ_TTL_UNSET);
    if (fields->webhooks.data)
        add_text(&out, "webhooks", fields->webhooks);
    cq_buf_char(&out, '}');
    return cq_buf_steal(&out);
}

/* --- */

/* The serializer is one for the process: a session's. */
static enum cq_format written_as;

static enum cq_code write_words(const struct cq_cron_job *job, struct cq_str id, cq_time now,
                                struct cq_command *command, struct cq_error *err)
{
    struct words_reading reading;
    enum cq_code code = read_words(job, written_as, &reading, err);
    if (code == CQ_OK) {
        reading.work.job.id = id;
        reading.work.job.created_at = now;
        cq_job_write(&reading.work.job, command);
    }
    reading_release(&reading);
    return code;
}

static enum cq_code fill(struct cq_cron_job *job, const struct words_reading *reading, struct cq_error *err)
{
    if (cq_zone_check(reading->own.zone ? reading->own.zone : job->zone, err) != CQ_OK)
        return CQ_ERR_CONFIG;
    job->function = cq_strdup(reading->args[0]);
    job->named = reading->own.name != NULL;
    job->name = cq_strdup(job->named ? reading->own.name : job->function);
    job->queue = cq_strdup(reading->enqueue.queue);
    job->group = cq_strdup(reading->enqueue.group);
    job->at_front = reading->enqueue.at_front;
    job->ttl_s = reading->work.job.ttl_s;
    job->no_overlap = reading->own.no_overlap;
    if (reading->own.missed >= 0)
        job->missed = (enum cq_cron_missed)reading->own.missed;
    if (reading->own.zone) {
        free(job->zone);
        job->zone = cq_strdup(reading->own.zone);
    }
    job->shown = shown(job, reading);
    job->write = write_words;
    return CQ_OK;
}

enum cq_code cq_cron_words_read(struct cq_cron_job *job, enum cq_format format, struct cq_error *err)
{
    struct words_reading reading;
    enum cq_code code = read_words(job, format, &reading, err);
    written_as = format;
    if (code == CQ_OK)
        code = fill(job, &reading, err);
    reading_release(&reading);
    return code == CQ_OK ? CQ_OK : CQ_ERR_CONFIG;
}
