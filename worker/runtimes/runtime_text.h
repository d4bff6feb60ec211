/* What is said of a runtime, in the log and to jobs that it cannot run. */
#ifndef CQ_WORKER_RUNTIMES_RUNTIME_TEXT_H
#define CQ_WORKER_RUNTIMES_RUNTIME_TEXT_H

#include "worker/runtimes/stable.h"

enum { CQ_RUNTIME_END_SIZE = 160 }; /* bytes of how a stable ended, with the NUL */

/* What the line about a runtime that is ready says. All is borrowed. */
struct cq_runtime_ready_text {
    const char *name, *version;
    const char *file;              /* its program */
    const struct cq_strv *preload; /* modules that it has imported; NULL: it imports none */
    pid_t replaced;                /* its stable before; 0: there was none */
    enum cq_log_level level;
};

/* Log a traceback, line by line. runtime: its name. */
void cq_runtime_log_lines(const struct cq_logger *logger, const char *runtime, struct cq_str text);

/* Log that it is ready. */
void cq_runtime_announce(const struct cq_logger *logger, const struct cq_runtime_ready_text *ready);

/* How a stable ended: "it was killed by signal 9 (Killed)". */
void cq_runtime_describe_end(const struct cq_stable_end *end, char *text, size_t size);

#endif
