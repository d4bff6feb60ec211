/*
 * Error codes and the one error struct that every fallible function fills.
 *
 * A struct cq_error lives on the caller's stack, owns nothing, is never freed, and may be NULL where the
 * caller does not care. Its text is one line, without a trailing newline, that names the thing and the
 * remedy; it never holds a password. Who stops passing an error up logs or prints it, once.
 */
#ifndef CQ_BASE_ERROR_H
#define CQ_BASE_ERROR_H

#include "base/attr.h"

enum cq_code {
    CQ_OK = 0,
    CQ_ERR_NO_SUCH_JOB,       /* rq.exceptions.NoSuchJobError */
    CQ_ERR_DUPLICATE_JOB,     /* rq.exceptions.DuplicateJobError */
    CQ_ERR_INVALID_OPERATION, /* rq.exceptions.InvalidJobOperation */
    CQ_ERR_DESERIALIZATION,   /* rq.exceptions.DeserializationError: bytes that cannot be read */
    CQ_ERR_SERIALIZATION,     /* a value that the wanted serializer cannot hold */
    CQ_ERR_LIMIT,             /* a size above one of our named limits */
    CQ_ERR_REDIS,             /* the server answered with an error; retrying will not help */
    CQ_ERR_CONNECTION,        /* no answer: refused, lost, timed out, loading; retrying may help */
    CQ_ERR_CONFIG,            /* a config file, an environment variable, a URL or an option's value */
    CQ_ERR_USAGE,             /* the command line */
    CQ_ERR_SYSTEM,            /* a system call failed */
};

struct cq_error {
    enum cq_code code;
    char text[256];
};

/*
 * Fill err (when not NULL) with a code and a formatted text, cut to fit at a UTF-8 boundary.
 * Control characters in the result are replaced by '?', so that a name out of Redis cannot break a log line.
 * Returns code, so that callers can write: return cq_error_set(err, CQ_ERR_CONFIG, "...").
 */
enum cq_code cq_error_set(struct cq_error *err, enum cq_code code, const char *format, ...) CQ_PRINTF(3, 4);

/* The same, with ": " and strerror(errno_value) appended and the code CQ_ERR_SYSTEM; a long text is cut
 * before them. */
enum cq_code cq_error_errno(struct cq_error *err, int errno_value, const char *format, ...) CQ_PRINTF(3, 4);

#endif
