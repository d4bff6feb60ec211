/* A schedule out of its text, in one of its two readings. */
#ifndef CQ_CRON_SCHEDULE_PARSE_H
#define CQ_CRON_SCHEDULE_PARSE_H

#include "cron/schedule.h"

/* Errors: CQ_ERR_CONFIG says which field is wrong and what it may be; also for a date that never comes, such
 * as 30 February. */
CQ_MUST_CHECK enum cq_code cq_schedule_parse(struct cq_str text, enum cq_schedule_reading reading,
                                             struct cq_schedule *ret_schedule, struct cq_error *err);

#endif
