/* `cq cron --list` without a file: the schedulers that live, with the jobs that they show of themselves. */
#ifndef CQ_CMD_CRON_LIVE_H
#define CQ_CMD_CRON_LIVE_H

#include "base/clock.h"
#include "redis/connection.h"

/*
 * --list without a file: the schedulers that gave a sign of life in the last two minutes, cq's and rq's, as
 * they show themselves. now  the server's time
 */
CQ_MUST_CHECK enum cq_code cq_cron_show_live(struct cq_connection *connection, cq_time now, bool json,
                                             struct cq_error *err);

#endif
