/*
 * RQ's own configuration of cron: a Python file or module that calls rq.cron.register(). The user's
 * interpreter runs it once, with the rq that is installed there, and hands each job over as RQ would enqueue
 * it: its hash, arguments pickled by Python itself. Source: rq/cron.py CronScheduler.load_config_from_file,
 * CronJob.
 */
#ifndef CQ_CRON_CONFIGURATION_H
#define CQ_CRON_CONFIGURATION_H

#include "config/python_module.h"
#include "cron/job.h"

/* Is this a Python configuration rather than a file of schedules? It ends with .py, or no such file is there
 * and it could be a module. */
bool cq_cron_is_python(const char *name);

/*
 * Add the jobs of a Python configuration to the table; their times are those of UTC, as RQ's.
 *   serializer  what their calls are written with, pickle, json or the path of a class of Python's
 * Errors: CQ_ERR_CONFIG when the interpreter or rq's cron is not there, when the configuration cannot be
 * imported or registers what cannot run. Blocks while Python runs, a minute at most.
 */
CQ_MUST_CHECK enum cq_code cq_cron_python_load(const char *name, const struct cq_config_python *python,
                                               const char *serializer, struct cq_cron_table *table,
                                               struct cq_error *err);

#endif
