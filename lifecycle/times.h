/* One moment in the three forms that scripts take: iso for hashes, epoch for executions and results, whole
 * seconds for scores. */
#ifndef CQ_LIFECYCLE_TIMES_H
#define CQ_LIFECYCLE_TIMES_H

#include "base/clock.h"

struct cq_times {
    char iso[CQ_TIME_ISO_SIZE], epoch[CQ_TIME_EPOCH_SIZE];
    int64_t seconds;
};

static inline struct cq_times cq_times_of(cq_time when)
{
    struct cq_times times = {.seconds = cq_time_seconds(when)};
    cq_time_iso(when, times.iso);
    cq_time_epoch(when, times.epoch);
    return times;
}

/* Declare the locals arg_now_iso, arg_now and arg_now_s (job/script_call.h). */
#define CQ_NOW_ARGS(when)                                                      \
    struct cq_times forms_of_now = cq_times_of(when);                          \
    const char *arg_now_iso = forms_of_now.iso, *arg_now = forms_of_now.epoch; \
    int64_t arg_now_s = forms_of_now.seconds

#endif
