/*
 * What the command line of `cq worker` gave beside its settings, and how both become the settings to work
 * with.
 */
#ifndef CQ_CMD_WORKER_GIVEN_H
#define CQ_CMD_WORKER_GIVEN_H

#include "cmd/line/session.h"

/* Filled by the parser, after the table in syntax.c. */
struct cq_worker_given {
    bool burst, verbose, quiet;
    int64_t max_jobs, max_idle_s; /* CQ_OPTION_UNSET: no limit */
    const char *log_format, *n, *pid_file;
    struct cq_strv preload, exception_handlers, allow;
};

/* The options of `cq worker`, for other commands that start workers, too: they fill a struct
 * cq_worker_given. */
extern const struct cq_option cq_worker_options_table[];

/*
 * Gather and check the settings of a worker; session needs no initialisation, and is the caller's to close.
 * Errors: CQ_ERR_CONFIG, CQ_ERR_USAGE.
 */
CQ_MUST_CHECK enum cq_code cq_worker_given_configure(struct cq_session *session, const struct cq_run *run,
                                                     struct cq_error *err);

#endif
