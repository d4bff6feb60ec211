/* A file of schedules: it is taken, and each schedule's next times come one after the other; or refused with
 * a line number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cron/crontab.h"
#include "cron/schedule_parse.h"

enum { TIMES = 3, JOBS_LOOKED_AT = 8 };

#define NOW (INT64_C(1795212711) * CQ_SECOND)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_times(const struct cq_schedule *schedule, const char *zone)
{
    cq_time at = NOW;
    for (int i = 0; i < TIMES && at != CQ_TIME_NEVER; i++) {
        cq_time next = cq_schedule_next(schedule, zone, at);
        if (next <= at || (next != CQ_TIME_NEVER && next % CQ_SECOND != 0))
            abort();
        at = next;
    }
}

/* The same text in the reading of RQ's configurations. */
static void check_other_reading(const char *text)
{
    struct cq_schedule schedule;
    struct cq_error err = {.text = ""};
    if (cq_schedule_parse(cq_str(text), CQ_SCHEDULE_RQ, &schedule, &err) == CQ_OK)
        check_times(&schedule, "UTC");
    else if (err.code != CQ_ERR_CONFIG || !err.text[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_cron_table table = CQ_CRON_TABLE_INIT;
    struct cq_error err = {.text = ""};
    if (cq_crontab_parse(cq_str_n((const char *)data, size), "f", &table, &err) == CQ_OK) {
        for (size_t i = 0; i < table.len && i < JOBS_LOOKED_AT; i++) {
            const struct cq_cron_job *job = table.jobs[i];
            if (!job->where || !job->text)
                abort();
            check_times(&job->schedule, job->zone);
            check_other_reading(job->text);
        }
    } else if (err.code != CQ_ERR_CONFIG || strncmp(err.text, "f:", 2) != 0 || err.text[2] < '1' ||
               err.text[2] > '9') {
        abort();
    }
    cq_cron_table_release(&table);
    return 0;
}
