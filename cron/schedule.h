/*
 * A schedule: the five fields of a crontab, or a fixed interval, and the next time at which it is due.
 *
 *   minute hour day-of-month month day-of-week    each `*`, a value, a range a-b, a list of them, with /step
 * behind `*`, a range or a value (from there on); JAN and MON; 7 is Sunday too; `?` is `*` day-of-month: L is
 * the last day, 15W the weekday nearest to the 15th; day-of-week: mon#2 the second Monday, L5 the last Friday
 *   @hourly @daily @midnight @weekly @monthly @yearly @annually; @every 90s (5m, 2h, 1d)
 *
 * Two readings: a crontab's, as Vixie's cron has it, and RQ's, as the package croniter has it, by which RQ
 * reads the `cron=` of its Python configuration. They differ in three things that are said at enum
 * cq_schedule_reading.
 *
 * Where the zone's clocks change: a schedule whose minute or hour begins with `*` goes by the clock as it
 * runs; what the clock skips is not due, what it shows twice is due twice. Any other names fixed times of the
 * day, each due once a day: a skipped one is due later by as much as is skipped, one that is shown twice the
 * first time. Times that fall together are one.
 */
#ifndef CQ_CRON_SCHEDULE_H
#define CQ_CRON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

enum cq_schedule_reading {
    /* Day-of-month and day-of-week both count (OR) unless one of them begins with `*`, then both must fit.
       a-a is a. */
    CQ_SCHEDULE_CRONTAB,
    /* OR unless one of them is exactly `*` (or `?`). a-a is the whole range. A sixth field is seconds. */
    CQ_SCHEDULE_RQ,
};

/* Plain data: may be copied, owns nothing. Bit n of a set stands for the value n. */
struct cq_schedule {
    int64_t every_s; /* above 0: an interval, and nothing below counts */
    uint64_t seconds, minutes;
    uint32_t hours, days, months;
    bool last_day;     /* L */
    uint32_t nearest;  /* days of the month with W */
    uint8_t weekdays;  /* 0 is Sunday */
    uint8_t nth[7];    /* for each weekday, bits 1 to 5: the how-manieth of the month; bit 0: the last */
    bool either_day;   /* one of the two kinds of day is enough */
    bool by_the_clock; /* minute or hour begins with `*` */
};

/*
 * The first time after `after`.
 *   zone  as in base/zone.h, checked
 * For an interval: `after` and the interval. CQ_TIME_NEVER when the calendar ends before.
 */
#define CQ_TIME_NEVER INT64_MAX
cq_time cq_schedule_next(const struct cq_schedule *schedule, const char *zone, cq_time after);

#endif
