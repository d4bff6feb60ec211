/* RQ's names of Python classes, told to a worker: what they mean to cq, or why they are refused. */
#ifndef CQ_CMD_WORKER_CLASSES_H
#define CQ_CMD_WORKER_CLASSES_H

#include "base/error.h"
#include "config/settings.h"

/*
 * Turn worker_class into the settings that it stands for, and see that queue_class is RQ's own; take RQ's own
 * job_class and connection_class back to none.
 * Errors: CQ_ERR_USAGE or CQ_ERR_CONFIG, after where the class was named: it means nothing here, or a setting
 * contradicts it.
 */
CQ_MUST_CHECK enum cq_code cq_worker_classes_apply(struct cq_settings *settings, struct cq_error *err);

#endif
