/*
 * A file of schedules, as a crontab's user knows it: on each line a schedule and what to enqueue, in the
 * words of `cq enqueue`.
 *
 *   # a comment
 *   CRON_TZ=Europe/Berlin            the zone of the lines below
 *   0 3 * * 1-5  -q reports --timeout 1h reports.nightly :2026
 *   @every 90s   feeds.poll 'https://example.org/a b'
 *
 * Words are split as a shell does: spaces, '...', "...", \ before a character. What they mean is for cmd/ to
 * know.
 */
#ifndef CQ_CRON_CRONTAB_H
#define CQ_CRON_CRONTAB_H

#include "cron/job.h"

enum { CQ_CRONTAB_MAX = 1024 * 1024 }; /* bytes of a file */

/*
 * Add the lines of a text to the table: where, text, schedule, zone and words of each.
 *   file  what messages call it
 * Errors: CQ_ERR_CONFIG `FILE:LINE: ...`
 */
CQ_MUST_CHECK enum cq_code cq_crontab_parse(struct cq_str text, const char *file, struct cq_cron_table *table,
                                            struct cq_error *err);

#endif
