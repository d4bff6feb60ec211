/*
 * The arguments of a job as they are written on the command line of `rq enqueue`:
 *
 *   text       a text                    key=text       a keyword argument
 *   :JSON      a JSON value              key:=JSON      the same as a keyword argument
 *   %LITERAL   a Python literal          key%=LITERAL   the same as a keyword argument
 *
 * A value that begins with @ names a file that holds it. Source: rq/cli/helpers.py parse_function_arg.
 */
#ifndef CQ_CMD_ARGUMENTS_H
#define CQ_CMD_ARGUMENTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "job/function_call.h"

enum cq_argument_mode { CQ_ARGUMENT_TEXT, CQ_ARGUMENT_JSON, CQ_ARGUMENT_LITERAL };

/* One argument taken apart, before its value is read. Views into the text. */
struct cq_argument {
    enum cq_argument_mode mode;
    struct cq_str keyword; /* CQ_STR_NONE: positional */
    struct cq_str value;
};

void cq_argument_split(const char *text, struct cq_argument *ret_argument);

/*
 * Read all arguments into call->args (a LIST, as rq enqueue makes) and call->kwargs. Values live in arena,
 * texts of arguments may be borrowed from argv. Errors: CQ_ERR_USAGE with RQ's words (not JSON, not a
 * literal, a keyword twice), CQ_ERR_LIMIT and CQ_ERR_INVALID_OPERATION for a file that is too large or cannot
 * be read.
 */
CQ_MUST_CHECK enum cq_code cq_arguments_read(const char *const *texts, size_t count, struct cq_arena *arena,
                                             struct cq_function_call *call, struct cq_error *err);

/*
 * Append the call as `rq enqueue` prints and describes it: as cq_function_call_describe, but no argument is
 * cut. When that takes more than out's limit, out is left with the cut form. Source: rq/utils.py
 * get_call_string without max_length.
 */
void cq_arguments_describe(const struct cq_function_call *call, struct cq_buf *out);

#endif
