/*
 * Ask the user's Python once: start it, let it write its answer to standard output, wait for its end.
 */
#ifndef CQ_CONFIG_INTERPRETER_H
#define CQ_CONFIG_INTERPRETER_H

#include "base/buf.h"
#include "base/error.h"

enum { CQ_INTERPRETER_TIME_S = 60 }; /* a module that takes longer to import hangs */

/*
 * Run argv, standard input empty, standard output into answer, standard error as ours. An interpreter that
 * does not start has answered `#`, NUL, why, NUL. who   starts the messages: what is asked for what  what
 * answer's limit is for: `its settings` Errors: CQ_ERR_SYSTEM; CQ_ERR_CONFIG when the answer is too large,
 * takes too long, or the interpreter ends with another status than 0 without having answered.
 */
CQ_MUST_CHECK enum cq_code cq_interpreter_ask(char *const *argv, const char *who, const char *what,
                                              struct cq_buf *answer, struct cq_error *err);

/*
 * Is this program CPython 3.9 or later, as the python runtime needs? It takes some 10 ms; nothing of the
 * user's is imported. who   starts the messages: `--python` Errors: CQ_ERR_CONFIG: it is not, in one line;
 * CQ_ERR_SYSTEM.
 */
CQ_MUST_CHECK enum cq_code cq_interpreter_prove(const char *file, const char *who, struct cq_error *err);

/* Has it answered with this sign and a text? Returns the text, or NULL. */
const char *cq_interpreter_said(const struct cq_buf *answer, char sign);

#endif
