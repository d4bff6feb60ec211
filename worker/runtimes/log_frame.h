/* A `log` frame of a stable or of a horse: a line that its side has for the worker's log. */
#ifndef CQ_WORKER_RUNTIMES_LOG_FRAME_H
#define CQ_WORKER_RUNTIMES_LOG_FRAME_H

#include <stdbool.h>

#include "base/log.h"
#include "runtime/frame.h"

struct cq_log_frame {
    enum cq_log_level level; /* CQ_LOG_INFO when the frame names none that is known */
    struct cq_str text;      /* without newlines at its end; borrowed from the frame */
    bool kept;               /* it belongs to the output that is kept with a failed job */
};

void cq_log_frame_read(const struct cq_frame *frame, struct cq_log_frame *ret_line);

#endif
