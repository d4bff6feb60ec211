/* What the loop of `cq cron` writes into its log about jobs. */
#ifndef CQ_CRON_SAY_H
#define CQ_CRON_SAY_H

#include "base/log.h"
#include "cron/job.h"
#include "lifecycle/cron/cron_tick.h"

/* What became of a tick. id: of the job that was to be enqueued. */
void cq_cron_say_verdict(const struct cq_logger *logger, const struct cq_cron_job *job,
                         enum cq_cron_verdict verdict, const char *id);

/* Warn of a scheduler of RQ's that has one of the count jobs too, when a fresh heartbeat's answer names
 * one. */
void cq_cron_say_rival(const struct cq_logger *logger, const struct cq_reply *reply, size_t count);

#endif
