/* Dotted names as Python writes them, `package.module.Class`: of modules, functions and classes in
 * settings. */
#ifndef CQ_CONFIG_DOTTED_H
#define CQ_CONFIG_DOTTED_H

#include "base/error.h"
#include "base/str.h"

enum { CQ_DOTTED_MAX = 512 }; /* bytes of a name */

/*
 * Is it one? Parts of letters, digits, `_`, `-` and characters beyond ASCII, with one dot between two of
 * them; whether anything of that name exists is for Python to say. parts  so many parts it must have at
 * least: 1 for a module, 2 for what is in one where  starts the message Errors: CQ_ERR_CONFIG.
 */
CQ_MUST_CHECK enum cq_code cq_dotted_check(struct cq_str name, int parts, const char *where,
                                           struct cq_error *err);

#endif
