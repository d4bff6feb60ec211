/*
 * The ini file, read by inih: sections, `key = value` lines, comments after # or ; at the start of a line and
 * after a `;` that follows a space. A line is one setting: there are no continuation lines.
 */
#ifndef CQ_CONFIG_INI_H
#define CQ_CONFIG_INI_H

#include "base/error.h"
#include "base/str.h"

enum { CQ_INI_FILE_MAX = 1024 * 1024, CQ_INI_LINE_MAX = 16 * 1024 }; /* bytes */

/* One setting. Not CQ_OK, with err filled, ends the reading. All texts are borrowed for the time of the
 * call. */
typedef enum cq_code cq_ini_fn(const char *section, const char *key, const char *value, int line, void *data,
                               struct cq_error *err);

/*
 * Parse the text of a file; name starts the messages, `NAME:LINE: ...`.
 * Errors: CQ_ERR_CONFIG for a line that is neither a section nor a setting, is too long, or holds a NUL; what
 * fn returned.
 */
CQ_MUST_CHECK enum cq_code cq_ini_parse(struct cq_str text, const char *name, cq_ini_fn *fn, void *data,
                                        struct cq_error *err);

#endif
