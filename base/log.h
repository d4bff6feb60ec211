/*
 * The log: one line per event on standard error, as text or as JSON, never blocking the loop.
 *
 * A struct cq_log is made by cmd/ and handed down; library folders log at debug at most. When standard error
 * cannot take a line at once (a full pipe), the line or what is left of it is dropped and counted, and the
 * count is written when there is room.
 */
#ifndef CQ_BASE_LOG_H
#define CQ_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

enum cq_log_level { CQ_LOG_DEBUG, CQ_LOG_INFO, CQ_LOG_WARNING, CQ_LOG_ERROR, CQ_LOG_CRITICAL };
enum cq_log_format { CQ_LOG_TEXT, CQ_LOG_JSON };

struct cq_log {
    int fd;                  /* where lines go; not owned */
    enum cq_log_level level; /* lines below it are not written */
    enum cq_log_format format;
    bool color;            /* text only */
    const char *name;      /* borrowed: the "logger" of JSON lines, such as `cq.worker` */
    unsigned long dropped; /* lines lost since the last one written */
    bool cut;              /* the last line was cut short: its newline is still to be written */
    bool holding;          /* between cq_log_hold and cq_log_release */
    struct cq_buf held;    /* lines not yet written */
};

void cq_log_init(struct cq_log *log, int fd, enum cq_log_level level, enum cq_log_format format);

/* Python's level names (any case): DEBUG INFO WARNING WARN ERROR CRITICAL, and their numbers 10 to 50. */
bool cq_log_parse_level(const char *text, enum cq_log_level *ret_level);

/*
 * Hold lines back, to be written together by cq_log_flush: a loop that calls it before it waits writes once a
 * turn, and not once a line. cq_log_release flushes and goes back to writing each line at once.
 */
void cq_log_hold(struct cq_log *log);
void cq_log_flush(struct cq_log *log);
void cq_log_release(struct cq_log *log);

static inline bool cq_log_enabled(const struct cq_log *log, enum cq_log_level level)
{
    return log && level >= log->level;
}

/*
 * Write one line.
 *   worker, job_id  context, may be NULL: a prefix of text lines (`worker: job: `), fields of JSON lines
 * Control characters in all of them are escaped, so that one event is one line. A message is cut at 64 KiB, a
 * name or id at 4 KiB.
 */
void cq_log(struct cq_log *log, enum cq_log_level level, const char *worker, const char *job_id,
            const char *format, ...) CQ_PRINTF(5, 6);

/*
 * Write a text that may have several lines, such as a traceback: as JSON it is one event, as text each of its
 * lines is one, with the same prefix. Newlines at its end are left out; it is cut at 64 KiB.
 */
void cq_log_lines(struct cq_log *log, enum cq_log_level level, const char *worker, const char *job_id,
                  struct cq_str text);

/* One line of a job's own output; stream is "stdout" or "stderr". Bytes that are not UTF-8 are escaped. */
void cq_log_output(struct cq_log *log, const char *worker, const char *job_id, const char *stream,
                   struct cq_str line);

#endif
