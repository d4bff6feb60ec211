#include "cron/say.h"

#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"

enum { NAME_SHOWN = 100 };

void cq_cron_say_verdict(struct cq_log *log, const struct cq_cron_job *job, enum cq_cron_verdict verdict,
                         const char *id)
{
    switch (verdict) {
    case CQ_CRON_ENQUEUED:
        cq_log(log, CQ_LOG_INFO, NULL, id, "%s: enqueued %s to queue %s", job->identity, job->function,
               job->queue);
        break;
    case CQ_CRON_PAUSED:
        cq_log(log, CQ_LOG_INFO, NULL, NULL, "%s: is paused; nothing was enqueued", job->identity);
        break;
    case CQ_CRON_OVERLAPS:
        cq_log(log, CQ_LOG_INFO, NULL, NULL,
               "%s: its last job is still to run or running; nothing was enqueued", job->identity);
        break;
    case CQ_CRON_TAKEN:
        cq_log(log, CQ_LOG_DEBUG, NULL, NULL, "%s: another scheduler was first", job->identity);
        break;
    }
}

static int shown(struct cq_str name)
{
    return name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;
}

void cq_cron_say_rival(struct cq_log *log, const struct cq_reply *reply, size_t count)
{
    struct cq_str scheduler, job;
    if (cq_cron_beat_rival(reply, count, &scheduler, &job))
        cq_log(log, CQ_LOG_WARNING, NULL, NULL,
               "%.*s, a scheduler of RQ's, runs %.*s too: each time is enqueued twice; stop one of them",
               shown(scheduler), scheduler.data, shown(job), job.data);
}
