/*
 * Which ticks of a schedule are to be run now, by what is known of the last one. Pure: no clock, no I/O.
 *
 * A tick is missed when it is noticed more than CQ_CRON_GRACE_S after its time: no scheduler lived then, or
 * Redis did not.
 */
#ifndef CQ_CRON_DUE_H
#define CQ_CRON_DUE_H

#include "cron/schedule.h"

enum cq_cron_missed {
    CQ_CRON_SKIP, /* missed ticks are not made up for */
    CQ_CRON_ONCE, /* however many were missed, the newest is run */
    CQ_CRON_ALL,  /* each is run, oldest first, the newest CQ_CRON_CATCH_UP_MAX of them */
};

enum { CQ_CRON_GRACE_S = 60, CQ_CRON_CATCH_UP_MAX = 100 };

struct cq_cron_due {
    size_t count;
    cq_time ticks[CQ_CRON_CATCH_UP_MAX]; /* oldest first */
    cq_time skipped; /* the newest tick that was missed and is not made up for; CQ_TIME_UNSET: none */
    cq_time next;    /* the first tick after now; CQ_TIME_NEVER */
};

/*
 *   last  the last tick; CQ_TIME_UNSET: none yet, and an interval's first one is now. In the future, the
 * server's clock was set back: fixed times of up to three hours are not run again, others continue by the new
 * time.
 */
void cq_cron_due(const struct cq_schedule *schedule, const char *zone, enum cq_cron_missed missed,
                 cq_time last, cq_time now, struct cq_cron_due *ret_due);

#endif
