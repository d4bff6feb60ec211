/* What a failure's text says in one line, for the log. */
#ifndef CQ_WORKER_EXCEPTION_H
#define CQ_WORKER_EXCEPTION_H

#include "base/str.h"

/*
 * The line of a failure's text that names the exception: of a traceback of Python's the first line after its
 * last frame, because a message may go on for lines, and notes follow it; of any other text its last line.
 * Borrowed from text.
 */
struct cq_str cq_exception_line(struct cq_str text);

#endif
