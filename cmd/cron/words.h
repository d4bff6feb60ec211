/* A line's words behind its schedule: options of cron's own and of `cq enqueue`, the function, its
 * arguments. */
#ifndef CQ_CMD_CRON_WORDS_H
#define CQ_CMD_CRON_WORDS_H

#include "cmd/line/options.h"
#include "cron/job.h"
#include "serializers/serializer.h"

/*
 * Read the words of one line into the job: its name, queue, function, what RQ shows of it; everything that
 * can be wrong is found here and not when it is due. The format must outlive the job's last write. Errors:
 * CQ_ERR_CONFIG, without the place.
 */
CQ_MUST_CHECK enum cq_code cq_cron_words_read(struct cq_cron_job *job, enum cq_format format,
                                              struct cq_error *err);

/* The options that are cron's own, for the documentation in --help. */
extern const struct cq_option cq_cron_line_options[];

#endif
