/*
 * What a command says: answers on standard output, complaints on standard error.
 *
 * Answers are buffered and checked once at the end (cq_output_end), so that a closed pipe or a full disk is
 * noticed. Text that came out of Redis goes through cq_output_name: on a terminal its control characters are
 * escaped, elsewhere its bytes are kept, as programs that read it want them.
 */
#ifndef CQ_CMD_OUTPUT_H
#define CQ_CMD_OUTPUT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "cmd/line/exit.h"

enum cq_color { CQ_PLAIN, CQ_RED, CQ_GREEN, CQ_YELLOW, CQ_BLUE };

bool cq_output_is_terminal(void); /* standard output */

void cq_print(const char *format, ...) CQ_PRINTF(1, 2);
void cq_print_str(struct cq_str text); /* as it is, every byte */

/* Append text from outside to a line that is being built, or print it: escaped when standard output is a
 * terminal. */
void cq_output_name(struct cq_buf *line, struct cq_str text);
void cq_print_name(struct cq_str text);

/* Append text in a colour; the bare text where colours are off. */
void cq_output_colored(struct cq_buf *line, enum cq_color color, const char *text);

/* Append `"key": "text"` to an object of JSON, after `, ` when it is not the first; no text: null. */
void cq_output_json(struct cq_buf *line, const char *key, struct cq_str text);

/* `cq: ...` or `cq COMMAND: ...` and a newline on standard error; standard output is flushed first. */
void cq_complain(const char *command, const char *format, ...) CQ_PRINTF(2, 3);

void cq_output_flush(void); /* what was printed so far is to be seen now */

/*
 * Flush standard output. When that or an earlier write failed: one line on standard error, and
 * CQ_EXIT_SYSTEM. Else the status given.
 */
enum cq_exit cq_output_end(enum cq_exit status);

#endif
