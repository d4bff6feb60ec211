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

#endif
