/*
 * RQ's settings modules: a Python module whose upper-case names are settings (rq worker -c settings).
 *
 * What it says is only known once Python has run it, so the interpreter is started once and told to import
 * the module and to hand over the few names that RQ reads. What the module prints goes to standard error.
 */
#ifndef CQ_CONFIG_PYTHON_MODULE_H
#define CQ_CONFIG_PYTHON_MODULE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

struct cq_settings;

/* How a module is read. */
struct cq_config_python {
    const char *interpreter;     /* name or path; NULL or `none`: there is none, and a module is refused */
    const struct cq_strv *paths; /* -P, after Python's own; NULL or empty: the current folder */
};

/* Does -c name a module rather than a file? No file is there, and the name is one that Python could
 * import. */
bool cq_config_is_module(const char *name);

/*
 * Put what the module says into settings, as an ini file in its place would (source CQ_FROM_FILE).
 *   from  starts the messages: `RQ_CONFIG: ` or ""
 * Errors: CQ_ERR_CONFIG when the interpreter cannot be started, the module cannot be imported, takes too
 * long, or has a value that does not fit, and for SENTINEL and REDIS_SSL_CA_DATA, which cq has not. Blocks
 * while the module is imported, a minute at most.
 */
CQ_MUST_CHECK enum cq_code cq_config_module_load(struct cq_settings *settings, const char *name,
                                                 const char *from, const struct cq_config_python *python,
                                                 struct cq_error *err);

#endif
