/* What `cq cron` shows of its jobs: their next times, and what Redis knows of them. */
#ifndef CQ_CMD_CRON_SHOW_H
#define CQ_CMD_CRON_SHOW_H

#include "cron/job.h"
#include "redis/connection.h"

/* --next N: the next times from now on, without Redis. */
void cq_cron_show_next(const struct cq_cron_table *table, int64_t count, cq_time now, bool json);

/* --list: each with its last and next time, after a heartbeat's answer was put into the table. */
void cq_cron_show_list(const struct cq_cron_table *table, cq_time now, bool json);

#endif
