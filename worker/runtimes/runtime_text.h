/* What is said of a runtime, in the log and to jobs that it cannot run. */
#ifndef CQ_WORKER_RUNTIMES_RUNTIME_TEXT_H
#define CQ_WORKER_RUNTIMES_RUNTIME_TEXT_H

#include "worker/runtimes/runtime.h"

enum { CQ_RUNTIME_END_SIZE = 160 }; /* bytes of how a stable ended, with the NUL */

/* Log a traceback, line by line. */
void cq_runtime_log_lines(const struct cq_runtime *runtime, struct cq_str text);

/* Log that it is ready. replaced: the pid of its stable before; 0: there was none. */
void cq_runtime_announce(const struct cq_runtime *runtime, pid_t replaced);

/* How a stable ended: "it was killed by signal 9 (Killed)". */
void cq_runtime_describe_end(const struct cq_stable_end *end, char *text, size_t size);

#endif
