/* Read the ini file, or a settings module of RQ's, and the environment into the settings. */
#ifndef CQ_CONFIG_LOAD_H
#define CQ_CONFIG_LOAD_H

#include "config/python_module.h"
#include "config/settings.h"

/* The value of an environment variable, or NULL; borrowed until the next call. */
typedef const char *cq_settings_env_fn(const char *name, void *data);

/*
 * Read the file, then the environment, into initialised settings.
 *   path    the file (-c); NULL: the one that CQ_CONFIG or RQ_CONFIG names, or none. A name that is not a
 * file but that of a Python module is read as RQ does: then the environment's REDIS_... variables do not
 * count. python how a module is read: what the command line says; NULL, or an interpreter of NULL: CQ_PYTHON,
 * or python3 env     looks a variable up; NULL: getenv. A variable that is set and empty counts as not set.
 * Errors: CQ_ERR_CONFIG `FILE:LINE: ...` for a broken line, an unknown section or key (with the nearest right
 * one), a value that does not fit, a key given twice, a file or module that cannot be read.
 */
CQ_MUST_CHECK enum cq_code cq_settings_load(struct cq_settings *settings, const char *path,
                                            const struct cq_config_python *python, cq_settings_env_fn *env,
                                            void *env_data, struct cq_error *err);

/* The file alone, as a text in memory; name is what messages call it. For initialised settings. */
CQ_MUST_CHECK enum cq_code cq_settings_load_text(struct cq_settings *settings, struct cq_str text,
                                                 const char *name, struct cq_error *err);

#endif
