/* What `cq cron` shows of its jobs: their next times, and what Redis knows of them. */
#ifndef CQ_CMD_CRON_SHOW_H
#define CQ_CMD_CRON_SHOW_H

#include "cron/job.h"
#include "redis/connection.h"

/* --next N: the next times from now on, without Redis. */
void cq_cron_show_next(const struct cq_cron_table *table, int64_t count, cq_time now, bool json);

/* --list: each with its last and next time, after a heartbeat's answer was put into the table. */
void cq_cron_show_list(const struct cq_cron_table *table, cq_time now, bool json);

/*
 * --list without a file: the schedulers that gave a sign of life in the last two minutes, cq's and rq's, as
 * they show themselves. now  the server's time
 */
CQ_MUST_CHECK enum cq_code cq_cron_show_live(struct cq_connection *connection, cq_time now, bool json,
                                             struct cq_error *err);

#endif
