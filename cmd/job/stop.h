/* `cq stop` of all jobs that run: what it does with each page of them, and at the end. */
#ifndef CQ_CMD_JOB_STOP_H
#define CQ_CMD_JOB_STOP_H

#include "cmd/job/selection.h"

/* Tell the workers of a page's jobs to stop them; work->done counts those that were told. */
CQ_MUST_CHECK enum cq_code cq_stop_page(struct cq_stop_work *stop, struct cq_bulk_work *work,
                                        const struct cq_str *ids, size_t count, struct cq_error *err);

/*
 * After all pages: wait until the jobs have stopped, say what became of them, and free what was kept.
 *   status  so far
 * Returns what the command ends with.
 */
enum cq_exit cq_stop_end(struct cq_stop_work *stop, struct cq_session *session, const struct cq_run *run,
                         enum cq_exit status);

#endif
