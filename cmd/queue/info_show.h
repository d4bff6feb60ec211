/* The overview of queues and workers in rq info's lines. */
#ifndef CQ_CMD_QUEUE_INFO_SHOW_H
#define CQ_CMD_QUEUE_INFO_SHOW_H

#include "cmd/queue/info.h"

/* As rq info does (rq/cli/helpers.py show_queues, show_workers, show_both). */
void cq_info_text(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out);

#endif
