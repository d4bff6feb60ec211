#include "cron/schedule.h"

#include <string.h>
#include <time.h>

#include "base/zone.h"

/*
 * A leap day that is also to be a certain weekday comes every 28 years, or after 40 where a century has none;
 * as the fifth of its kind too.
 */
enum { DAY_S = 86400, SEARCH_DAYS = 100 * 366 };

/* One day of the calendar. */
struct day {
    int64_t wall;                    /* its midnight, were the clocks those of Greenwich */
    int month, day, weekday, length; /* length of the month, in days */
};

/* How the clocks of the zone run on that day. */
struct clocks {
    int before, after; /* seconds east of Greenwich */
    int64_t change;    /* the instant from which `after` counts; INT64_MIN: all day */
};

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return lengths[month - 1] + (month == 2 && leap);
}

static bool day_at(int64_t wall, struct day *ret_day)
{
    struct tm parts;
    time_t seconds = (time_t)wall;
    if (!gmtime_r(&seconds, &parts) || parts.tm_year > 9999 - 1900)
        return false;
    *ret_day = (struct day){wall, parts.tm_mon + 1, parts.tm_mday, parts.tm_wday,
                            month_length(parts.tm_year + 1900, parts.tm_mon + 1)};
    return true;
}

/* 15W: the working day that is nearest in the same month. */
static bool is_nearest(const struct day *day, int wanted)
{
    if (wanted > day->length)
        wanted = day->length;
    int weekday = ((day->weekday + wanted - day->day) % 7 + 7) % 7;
    if (weekday == 6)
        wanted += wanted > 1 ? -1 : 2;
    else if (weekday == 0)
        wanted += wanted < day->length ? 1 : -2;
    return day->day == wanted;
}

static bool day_of_month_fits(const struct cq_schedule *schedule, const struct day *day)
{
    if ((schedule->days >> day->day & 1) || (schedule->last_day && day->day == day->length))
        return true;
    for (int wanted = 1; schedule->nearest && wanted <= 31; wanted++)
        if ((schedule->nearest >> wanted & 1) && is_nearest(day, wanted))
            return true;
    return false;
}

static bool weekday_fits(const struct cq_schedule *schedule, const struct day *day)
{
    uint8_t nth = schedule->nth[day->weekday];
    return (schedule->weekdays >> day->weekday & 1) || (nth >> ((day->day - 1) / 7 + 1) & 1) ||
           ((nth & 1) && day->day + 7 > day->length);
}

static bool day_fits(const struct cq_schedule *schedule, const struct day *day)
{
    if (!(schedule->months >> day->month & 1))
        return false;
    bool of_month = day_of_month_fits(schedule, day), of_week = weekday_fits(schedule, day);
    return schedule->either_day ? of_month || of_week : of_month && of_week;
}

static int offset_at(const char *zone, int64_t when)
{
    struct cq_civil civil;
    int offset;
    cq_zone_civil(zone, when * CQ_SECOND, &civil, &offset, NULL);
    return offset;
}

/* No zone is a day away from Greenwich, and none changes its clocks twice in three days. */
static struct clocks clocks_on(const char *zone, const struct day *day)
{
    int64_t from = day->wall - DAY_S, to = day->wall + 2 * DAY_S;
    struct clocks clocks = {offset_at(zone, from), offset_at(zone, to), INT64_MIN};
    if (clocks.before == clocks.after)
        return clocks;
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (offset_at(zone, middle) == clocks.before)
            from = middle;
        else
            to = middle;
    }
    clocks.change = to;
    return clocks;
}

/* The earlier of *best and an instant, if that is after `after`. */
static void offer(int64_t when, int64_t after, int64_t *best)
{
    if (when > after && when < *best)
        *best = when;
}

/* When do the clocks show this time? */
static void offer_time(const struct clocks *clocks, bool by_the_clock, int64_t wall, int64_t after,
                       int64_t *best)
{
    int64_t early = wall - clocks->before, late = wall - clocks->after;
    bool has_early = early < clocks->change, has_late = late >= clocks->change;
    if (has_early ||
        (!has_late && !by_the_clock)) /* skipped: the old offset gives the time that is later by the gap */
        offer(early, after, best);
    if (has_late && (by_the_clock || !has_early))
        offer(late, after, best);
}

/* The first time of this day after `after`, or *best when that is earlier. */
static void search_day(const struct cq_schedule *schedule, const struct day *day, const struct clocks *clocks,
                       int64_t after, int64_t *best)
{
    bool steady = clocks->change ==
                  INT64_MIN; /* then times come in their order, and those that are over can be passed by */
    for (int hour = 0; hour < 24; hour++) {
        int64_t hour_wall = day->wall + hour * 3600;
        if (!(schedule->hours >> hour & 1) || (steady && hour_wall + 3599 - clocks->after <= after))
            continue;
        for (int minute = 0; minute < 60; minute++) {
            int64_t minute_wall = hour_wall + minute * 60;
            if (!(schedule->minutes >> minute & 1) || (steady && minute_wall + 59 - clocks->after <= after))
                continue;
            for (int second = 0; second < 60; second++)
                if (schedule->seconds >> second & 1)
                    offer_time(clocks, schedule->by_the_clock, minute_wall + second, after, best);
            if (steady && *best != INT64_MAX)
                return;
        }
    }
}

cq_time cq_schedule_next(const struct cq_schedule *schedule, const char *zone, cq_time after)
{
    if (schedule->every_s > 0)
        return after > CQ_TIME_NEVER - schedule->every_s * CQ_SECOND ? CQ_TIME_NEVER
                                                                     : after + schedule->every_s * CQ_SECOND;
    int64_t after_s = cq_time_seconds(after), best = INT64_MAX;
    int64_t wall = after_s + offset_at(zone, after_s);
    wall -= (wall % DAY_S + DAY_S) % DAY_S;
    /* From the day before: where the clocks skip up to a whole day, its times are due later. */
    int64_t end = wall + (int64_t)SEARCH_DAYS * DAY_S;
    struct day day;
    for (wall -= DAY_S; wall < end && day_at(wall, &day); wall += DAY_S) {
        if (!day_fits(schedule, &day))
            continue;
        struct clocks clocks = clocks_on(zone, &day);
        search_day(schedule, &day, &clocks, after_s, &best);
        if (best == INT64_MAX)
            continue;
        /* A time that was moved out of this day may come after the first ones of the next. */
        if (clocks.change != INT64_MIN && day_at(wall + DAY_S, &day) && day_fits(schedule, &day)) {
            clocks = clocks_on(zone, &day);
            search_day(schedule, &day, &clocks, after_s, &best);
        }
        return best * CQ_SECOND;
    }
    return CQ_TIME_NEVER;
}
