/* The time of `--schedule-at`, as people write it. */
#ifndef CQ_CMD_ENQUEUE_WHEN_H
#define CQ_CMD_ENQUEUE_WHEN_H

#include "base/clock.h"
#include "base/error.h"

/*
 * Read a time: `2026-11-21T10:00:00` (a space for the T will do, and seconds may be left out), or `10:00`,
 * which is today or tomorrow, whichever comes next. It is local, unless `Z`, an offset (`+02:00`) or the name
 * of a zone follows. A time that the clocks skip is later by as much; one that they show twice is the first.
 *   now  for a time without a date
 * Errors: CQ_ERR_USAGE, which begins with the option's name.
 */
CQ_MUST_CHECK enum cq_code cq_when_parse(const char *text, cq_time now, cq_time *ret_when,
                                         struct cq_error *err);

#endif
