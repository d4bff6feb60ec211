/*
 * The FILEs of `cq cron`: plain ones, whose words are those of `cq enqueue` and a few of cron's own, and RQ's
 * Python configurations.
 */
#ifndef CQ_CMD_CRON_FILES_H
#define CQ_CMD_CRON_FILES_H

#include "cmd/line/session.h"
#include "cron/job.h"

/* What the words of a line are read with. */
struct cq_cron_files {
    const char *const *names; /* borrowed */
    size_t count;
    int missed; /* enum cq_cron_missed of jobs that do not say; -1: as their schedules have it */
    const struct cq_session *session;
};

/* Read all files into an empty table. `-` is standard input, which can be read once. Errors: CQ_ERR_CONFIG,
 * with FILE:LINE. */
CQ_MUST_CHECK enum cq_code cq_cron_files_read(const struct cq_cron_files *files, struct cq_cron_table *table,
                                              struct cq_error *err);

#endif
