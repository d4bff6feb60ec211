/* The settings of a worker, out of file, environment and command line. */
#ifndef CQ_CMD_WORKER_SETTINGS_H
#define CQ_CMD_WORKER_SETTINGS_H

#include "cmd/line/session.h"

/* What the command line of `cq worker` says beside settings. The parser fills it, after the table in
 * syntax.c. */
struct cq_worker_options {
    bool verbose, quiet;
    const char *n; /* -n: a number of workers, or a name; NULL: not there */
};

/* The options of `cq worker`, for other commands that start workers, too: they fill a struct
 * cq_worker_options. */
extern const struct cq_option cq_worker_options_table[];

/*
 * Read the settings of a worker and check them, each and together.
 *   session  needs no initialisation, and is the caller's to close
 *   run      its options begin with a struct cq_worker_options
 * Errors: CQ_ERR_CONFIG, CQ_ERR_USAGE; CQ_ERR_SYSTEM when the interpreter cannot be started.
 */
CQ_MUST_CHECK enum cq_code cq_worker_read_settings(struct cq_session *session, const struct cq_run *run,
                                                   struct cq_error *err);

#endif
