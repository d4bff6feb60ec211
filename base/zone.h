/*
 * Time zones: from a wall clock's time to the instant that it means, and back, by the system's tz database.
 *
 * A zone is a name of that database (`Europe/Berlin`); `UTC` is known without it; NULL and "" are the local
 * zone, which TZ or /etc/localtime says. The C library knows one zone at a time, so each call sets TZ and
 * puts it back: some 20 us, and not for a process with other threads, nor for the worker's loop.
 */
#ifndef CQ_BASE_ZONE_H
#define CQ_BASE_ZONE_H

#include "base/clock.h"
#include "base/error.h"

/* A date and time as a calendar and a clock on the wall show them, without a zone. */
struct cq_civil {
    int year, month, day; /* 1 to 9999, 1 to 12, 1 to 31 */
    int hour, minute, second;
};

enum { CQ_ZONE_NAME_MAX = 100 }; /* bytes */

/* Is there such a zone? Of the local one: does TZ name one that there is? Errors: CQ_ERR_CONFIG, with a line
 * that names it. */
CQ_MUST_CHECK enum cq_code cq_zone_check(const char *zone, struct cq_error *err);

/*
 * The instant at which the zone's clocks show this time. A time that they skip is moved forward by as much as
 * they are (2:30 is 3:30 where 2:00 becomes 3:00); one that they show twice is the first. An unknown zone
 * counts as UTC: check it before.
 */
cq_time cq_zone_instant(const char *zone, const struct cq_civil *civil);

/*
 * What the zone's clocks show at an instant, rounded down to the second.
 *   ret_offset_s  seconds east of Greenwich; may be NULL
 *   ret_weekday   0 is Sunday; may be NULL
 */
void cq_zone_civil(const char *zone, cq_time when, struct cq_civil *ret_civil, int *ret_offset_s,
                   int *ret_weekday);

/* Does the calendar have this day, and the clock this time? */
bool cq_civil_valid(const struct cq_civil *civil);

#endif
