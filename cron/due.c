#include "cron/due.h"

#include <string.h>

#include "job/job.h"

/* A server that takes over from another may be behind it by some seconds; a clock that is set right, by
 * hours. */
enum { BACK_S = 60, BACK_FIXED_S = 3 * 3600, FIRST_WINDOW_S = 3600, WINDOW_GROWTH = 4 };

static cq_time later(cq_time a, cq_time b)
{
    return a > b ? a : b;
}

/* The newest ticks in (from, now], at most `most`, oldest first. An interval's are `every` apart, counted
 * from `from`. */
static size_t newest_of_interval(cq_time every, cq_time from, cq_time now, size_t most, cq_time *ticks)
{
    int64_t all = now > from ? (now - from) / every : 0;
    size_t count = all < (int64_t)most ? (size_t)all : most;
    for (size_t i = 0; i < count; i++)
        ticks[i] = from + (all - (int64_t)(count - 1 - i)) * every;
    return count;
}

/* Looked for backwards, in windows that grow: years of minutes are not walked through. */
static size_t newest(const struct cq_schedule *schedule, const char *zone, cq_time from, cq_time now,
                     size_t most, cq_time *ticks)
{
    if (schedule->every_s > 0)
        return newest_of_interval(schedule->every_s * CQ_SECOND, from, now, most, ticks);
    for (cq_time window = FIRST_WINDOW_S * CQ_SECOND;; window *= WINDOW_GROWTH) {
        cq_time start = later(from, now - window);
        size_t count = 0;
        for (cq_time at = cq_schedule_next(schedule, zone, start); at <= now;
             at = cq_schedule_next(schedule, zone, at)) {
            if (count == most)
                memmove(ticks, ticks + 1, --count * sizeof(*ticks));
            ticks[count++] = at;
        }
        if (count == most || start == from)
            return count;
    }
}

static void add_skipped(const struct cq_schedule *schedule, const char *zone, cq_time last, cq_time now,
                        struct cq_cron_due *due)
{
    cq_time tick;
    if (last < now - CQ_CRON_GRACE_S * CQ_SECOND &&
        newest(schedule, zone, last, now - CQ_CRON_GRACE_S * CQ_SECOND - 1, 1, &tick) == 1)
        due->skipped = tick;
}

static cq_time next_tick(const struct cq_schedule *schedule, const char *zone, cq_time last, cq_time now)
{
    if (schedule->every_s == 0)
        return cq_schedule_next(schedule, zone, later(last, now));
    cq_time every = schedule->every_s * CQ_SECOND;
    return last > now ? last + every : last + ((now - last) / every + 1) * every;
}

void cq_cron_due(const struct cq_schedule *schedule, const char *zone, enum cq_cron_missed missed,
                 cq_time last, cq_time now, struct cq_cron_due *ret_due)
{
    struct cq_cron_due *due = ret_due;
    bool floats = schedule->every_s > 0 || schedule->by_the_clock;
    bool none = last == CQ_TIME_UNSET || last > now + (floats ? BACK_S : BACK_FIXED_S) * CQ_SECOND;
    due->count = 0;
    due->skipped = CQ_TIME_UNSET;
    if (none && schedule->every_s > 0) {
        due->ticks[due->count++] = last = cq_time_seconds(now) * CQ_SECOND;
    } else if (none) {
        last = now;
    } else if (missed == CQ_CRON_ALL) {
        due->count = newest(schedule, zone, last, now, CQ_CRON_CATCH_UP_MAX, due->ticks);
    } else {
        due->count = newest(schedule, zone, last, now, 1, due->ticks);
        if (due->count && missed == CQ_CRON_SKIP && due->ticks[0] < now - CQ_CRON_GRACE_S * CQ_SECOND)
            due->count = 0;
        if (missed == CQ_CRON_SKIP)
            add_skipped(schedule, zone, last, now, due);
    }
    due->next = next_tick(schedule, zone, due->count ? due->ticks[due->count - 1] : last, now);
}
