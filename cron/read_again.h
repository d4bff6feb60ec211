/* Read the configuration of a running scheduler again. */
#ifndef CQ_CRON_READ_AGAIN_H
#define CQ_CRON_READ_AGAIN_H

#include <stdbool.h>

#include "base/log.h"
#include "cron/server.h"

/*
 * Replace the table by what options->reload reads now. While it reads, SIGTERM and SIGINT end the process at
 * once: it may ask Python, which may hang.
 *   table  no call for a tick of its jobs may be on its way
 * Returns false when nothing could be read; the table is as it was then, and the log says why.
 */
bool cq_cron_read_again(const struct cq_cron_server_options *options, struct cq_cron_table *table,
                        const struct cq_logger *logger);

#endif
