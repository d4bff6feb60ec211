/* The overview of queues and workers as JSON. */
#ifndef CQ_CMD_QUEUE_INFO_JSON_H
#define CQ_CMD_QUEUE_INFO_JSON_H

#include "cmd/queue/info.h"

/* One object on one line. The form is documented in docs/CLI.md; members may be added, never changed. */
void cq_info_json(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out);

#endif
