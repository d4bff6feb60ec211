#include "cmd/cron/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "cmd/line/output.h"
#include "lifecycle/cron/cron_tick.h"

enum { TIME_SIZE = 64, LINE_LIMIT = 1024 * 1024 };

/* As the zone's clocks show it: `2026-11-22 03:00:00+01:00`; `-` when there is none. */
static const char *show_time(const struct cq_cron_job *job, cq_time when, char text[TIME_SIZE])
{
    struct cq_civil civil;
    int offset;
    if (when == CQ_TIME_UNSET || when == CQ_TIME_NEVER)
        return "-";
    cq_zone_civil(job->zone, when, &civil, &offset, NULL);
    int minutes = abs(offset) / 60;
    snprintf(text, TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d%c%02d:%02d", civil.year, civil.month, civil.day,
             civil.hour, civil.minute, civil.second, offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return text;
}

static void add_text(struct cq_buf *line, const char *key, const char *text)
{
    cq_output_json(line, key, cq_str(text));
}

static void add_iso(struct cq_buf *line, const char *key, cq_time when)
{
    char iso[CQ_TIME_ISO_SIZE];
    if (when == CQ_TIME_UNSET || when == CQ_TIME_NEVER) {
        add_text(line, key, NULL);
        return;
    }
    cq_time_iso(when, iso);
    add_text(line, key, iso);
}

static void start_json(struct cq_buf *line, const struct cq_cron_job *job)
{
    cq_buf_clear(line);
    cq_buf_char(line, '{');
    add_text(line, "job", job->identity);
    add_text(line, "name", job->name);
    add_text(line, "schedule", job->text);
    add_text(line, "zone", job->zone);
    add_text(line, "queue", job->queue);
    add_text(line, "function", job->function);
    add_text(line, "where", job->where);
}

static void end_json(struct cq_buf *line)
{
    cq_buf_text(line, "}\n");
    cq_print_str(cq_buf_view(line));
}

static void start_line(const struct cq_cron_job *job)
{
    cq_print_name(cq_str(job->identity));
    cq_print("  %s  ", job->text);
    cq_print_name(cq_str(job->queue));
    cq_print("  ");
    cq_print_name(cq_str(job->function));
    cq_print("\n");
}

void cq_cron_show_next(const struct cq_cron_table *table, int64_t count, cq_time now, bool json)
{
    struct cq_buf line = CQ_BUF_INIT(LINE_LIMIT);
    char text[TIME_SIZE];
    for (size_t i = 0; i < table->len; i++) {
        const struct cq_cron_job *job = table->jobs[i];
        cq_time at = now;
        if (json) {
            start_json(&line, job);
            cq_buf_text(&line, ", \"next\": [");
        } else {
            start_line(job);
        }
        for (int64_t n = 0; n < count; n++) {
            at = cq_schedule_next(&job->schedule, job->zone, at);
            if (at == CQ_TIME_NEVER)
                break;
            if (json) {
                char iso[CQ_TIME_ISO_SIZE];
                cq_time_iso(at, iso);
                cq_buf_printf(&line, "%s\"%s\"", n ? ", " : "", iso);
            } else {
                cq_print("    %s\n", show_time(job, at, text));
            }
        }
        if (json) {
            cq_buf_char(&line, ']');
            end_json(&line);
        }
    }
    cq_buf_release(&line);
}

void cq_cron_show_list(const struct cq_cron_table *table, cq_time now, bool json)
{
    static const char *const missed[] = {
        [CQ_CRON_SKIP] = "skip", [CQ_CRON_ONCE] = "once", [CQ_CRON_ALL] = "all"};
    struct cq_buf line = CQ_BUF_INIT(LINE_LIMIT);
    char last_text[TIME_SIZE], next_text[TIME_SIZE];
    for (size_t i = 0; i < table->len; i++) {
        struct cq_cron_job *job = table->jobs[i];
        struct cq_str id = cq_cron_seen_job(cq_str(job->seen));
        cq_time seen = cq_cron_seen_tick(cq_str(job->seen)), last = id.len ? seen : CQ_TIME_UNSET;
        cq_cron_due(&job->schedule, job->zone, job->missed, seen, now, &job->due);
        cq_time next = job->due.count ? job->due.ticks[0] : job->due.next;
        if (json) {
            start_json(&line, job);
            add_text(&line, "missed", missed[job->missed]);
            cq_buf_printf(&line, ", \"paused\": %s", job->paused ? "true" : "false");
            add_iso(&line, "last", last);
            cq_output_json(&line, "last_job", id.len ? id : CQ_STR_NONE);
            add_iso(&line, "next", next);
            end_json(&line);
            continue;
        }
        start_line(job);
        cq_print("    last %s, next %s%s\n", show_time(job, last, last_text), show_time(job, next, next_text),
                 job->paused ? ", paused" : "");
    }
    cq_buf_release(&line);
}
