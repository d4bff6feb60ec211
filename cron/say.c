#include "cron/say.h"

#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"

enum { NAME_SHOWN = 100 };

void cq_cron_say_verdict(const struct cq_logger *logger, const struct cq_cron_job *job,
                         enum cq_cron_verdict verdict, const char *id)
{
    switch (verdict) {
    case CQ_CRON_ENQUEUED:
        cq_log_job_info(logger, id, "%s: enqueued %s to queue %s", job->identity, job->function, job->queue);
        break;
    case CQ_CRON_PAUSED: cq_log_info(logger, "%s: is paused; nothing was enqueued", job->identity); break;
    case CQ_CRON_OVERLAPS:
        cq_log_info(logger, "%s: its last job is still to run or running; nothing was enqueued",
                    job->identity);
        break;
    case CQ_CRON_TAKEN: cq_log_debug(logger, "%s: another scheduler was first", job->identity); break;
    }
}

static int shown(struct cq_str name)
{
    return name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;
}

void cq_cron_say_rival(const struct cq_logger *logger, const struct cq_reply *reply, size_t count)
{
    struct cq_str scheduler, job;
    if (cq_cron_beat_rival(reply, count, &scheduler, &job))
        cq_log_warning(
            logger, "%.*s, a scheduler of RQ's, runs %.*s too: each time is enqueued twice; stop one of them",
            shown(scheduler), scheduler.data, shown(job), job.data);
}
