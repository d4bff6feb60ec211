/* The overview of queues and workers as `cq info` prints it: in rq info's lines, or as JSON. */
#ifndef CQ_CMD_INFO_H
#define CQ_CMD_INFO_H

#include <stdbool.h>

#include "base/buf.h"
#include "queue/overview.h"

struct cq_info_form {
    bool raw, only_queues, only_workers, by_queue, json;
    int width; /* columns of the terminal, for the bars */
};

/* As rq info does (rq/cli/helpers.py show_queues, show_workers, show_both). */
void cq_info_text(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out);

/* One object on one line. The form is documented in docs/CLI.md; members may be added, never changed. */
void cq_info_json(const struct cq_overview *overview, const struct cq_info_form *form, struct cq_buf *out);

#endif
