/* The outcome of a job that webhooks are sent for. */
#ifndef CQ_WORKER_WEBHOOKS_EVENT_H
#define CQ_WORKER_WEBHOOKS_EVENT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/str.h"

/* All is borrowed for the call. */
struct cq_webhook_event {
    const char *worker; /* name, for the log */
    struct cq_str job_id;
    struct cq_str fields;   /* the job's hash, as cq_job_fields_keep wrote it */
    bool failed;            /* else finished */
    struct cq_str exc_text; /* of a failed one */
    cq_time ended_at;
};

#endif
