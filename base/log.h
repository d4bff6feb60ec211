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
 * A log and the name that its lines begin with, for short calls: cq_log_info(&process->logger, "idle").
 * The second kind is about a job: cq_log_job_warning(&slot->logger, job_id, "stopped by user").
 */
struct cq_logger {
    struct cq_log *log; /* borrowed; NULL: nothing is written */
    const char *worker; /* borrowed; NULL: lines begin with no name */
};

#define CQ_LOG_BY(logger, level, job_id, ...) \
    cq_log((logger)->log, (level), (logger)->worker, (job_id), __VA_ARGS__)
#define cq_log_debug(logger, ...) CQ_LOG_BY(logger, CQ_LOG_DEBUG, NULL, __VA_ARGS__)
#define cq_log_info(logger, ...) CQ_LOG_BY(logger, CQ_LOG_INFO, NULL, __VA_ARGS__)
#define cq_log_warning(logger, ...) CQ_LOG_BY(logger, CQ_LOG_WARNING, NULL, __VA_ARGS__)
#define cq_log_error(logger, ...) CQ_LOG_BY(logger, CQ_LOG_ERROR, NULL, __VA_ARGS__)
#define cq_log_job_debug(logger, job_id, ...) CQ_LOG_BY(logger, CQ_LOG_DEBUG, job_id, __VA_ARGS__)
#define cq_log_job_info(logger, job_id, ...) CQ_LOG_BY(logger, CQ_LOG_INFO, job_id, __VA_ARGS__)
#define cq_log_job_warning(logger, job_id, ...) CQ_LOG_BY(logger, CQ_LOG_WARNING, job_id, __VA_ARGS__)
#define cq_log_job_error(logger, job_id, ...) CQ_LOG_BY(logger, CQ_LOG_ERROR, job_id, __VA_ARGS__)

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
