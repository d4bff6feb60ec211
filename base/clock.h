/*
 * Time: one type, microseconds since the Unix epoch, and the three ways RQ writes it.
 *
 * Only worker/ and cmd/ ask for the date with cq_clock_now; lower layers are given it, so that tests inject
 * it. To measure how long something takes, use cq_clock_monotonic.
 */
#ifndef CQ_BASE_CLOCK_H
#define CQ_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef int64_t cq_time; /* microseconds since 1970-01-01T00:00:00Z */

#define CQ_SECOND ((cq_time)1000000)

cq_time cq_clock_now(void);       /* CLOCK_REALTIME */
cq_time cq_clock_monotonic(void); /* CLOCK_MONOTONIC: for intervals only */

enum { CQ_TIME_ISO_SIZE = 28, CQ_TIME_EPOCH_SIZE = 24 };

/* `2026-11-20T22:11:51.000123Z`, RQ's utcformat (rq/utils.py); years 1 to 9999, any other time is written as
 * 1970's first. */
void cq_time_iso(cq_time when, char ret_text[CQ_TIME_ISO_SIZE]);

/* `1795212711.000123`: a decimal with six digits, as in executions and results. */
void cq_time_epoch(cq_time when, char ret_text[CQ_TIME_EPOCH_SIZE]);

/*
 * RQ's utcparse: with or without a fraction of 1 to 6 digits, with or without the Z. False: not such a time,
 * or of a day that its month does not have.
 */
bool cq_time_parse_iso(struct cq_str text, cq_time *ret_when);

/* Whole seconds, rounded down, as in sorted-set scores. */
static inline int64_t cq_time_seconds(cq_time when)
{
    return when / CQ_SECOND - (when % CQ_SECOND < 0);
}

#endif
