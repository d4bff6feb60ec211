/* What a failure's text says in one line, for the log. */
#ifndef CQ_WORKER_EXCEPTION_H
#define CQ_WORKER_EXCEPTION_H

#include "base/str.h"

/*
 * The line of a failure's text that names the exception. In a traceback of Python's that is the first line
 * after its last frame, because a message may have several lines, and notes follow it. In any other text it
 * is the last line. Borrowed from text.
 */
struct cq_str cq_exception_line(struct cq_str text);

#endif
