#include "cmd/line/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

enum { NAME_LIMIT = 64 * 1024 }; /* bytes of one name on a terminal, escaped */

bool cq_output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

/* Colour is for a terminal only, and not when NO_COLOR is set and not empty (no-color.org) or TERM is
 * `dumb`. */
static bool has_color(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return cq_output_is_terminal() && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

/* stdio remembers that a write failed, but not why: the errno of the first that did, for cq_output_end. */
static int write_errno;

static void note_write(bool good)
{
    if (!good && !write_errno)
        write_errno = errno;
}

void cq_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note_write(vprintf(format, args) >= 0);
    va_end(args);
}

void cq_print_str(struct cq_str text)
{
    if (text.len)
        note_write(fwrite(text.data, 1, text.len, stdout) == text.len);
}

void cq_output_name(struct cq_buf *line, struct cq_str text)
{
    if (cq_output_is_terminal())
        cq_utf8_escape_line(line, text);
    else
        cq_buf_str(line, text);
}

void cq_print_name(struct cq_str text)
{
    struct cq_buf line = CQ_BUF_INIT(NAME_LIMIT);
    if (cq_output_is_terminal()) {
        cq_utf8_escape_line(&line, text);
        cq_print_str(cq_buf_view(&line));
    } else {
        cq_print_str(text);
    }
    cq_buf_release(&line);
}

void cq_output_colored(struct cq_buf *line, enum cq_color color, const char *text)
{
    static const char *const codes[] = {
        [CQ_PLAIN] = "",          [CQ_RED] = "\033[31m",     [CQ_GREEN] = "\033[32m",
        [CQ_YELLOW] = "\033[33m", [CQ_BLUE] = "\033[34;01m",
    };
    bool colored = color != CQ_PLAIN && has_color();
    if (colored)
        cq_buf_text(line, codes[color]);
    cq_buf_text(line, text);
    if (colored)
        cq_buf_text(line, "\033[0m");
}

void cq_output_flush(void)
{
    note_write(fflush(stdout) == 0);
}

void cq_output_json(struct cq_buf *line, const char *key, struct cq_str text)
{
    cq_buf_printf(line, "%s\"%s\": ", line->len > 1 ? ", " : "", key);
    if (!text.data) {
        cq_buf_text(line, "null");
        return;
    }
    cq_buf_char(line, '"');
    cq_utf8_escape_json(line, text);
    cq_buf_char(line, '"');
}

void cq_complain(const char *command, const char *format, ...)
{
    cq_output_flush();
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        return;
    struct cq_buf line = CQ_BUF_INIT(NAME_LIMIT);
    cq_utf8_escape_line(&line, cq_str_n(text, len < NAME_LIMIT / 8 ? (size_t)len : NAME_LIMIT / 8));
    fprintf(stderr, command ? "cq %s: %s\n" : "cq%s: %s\n", command ? command : "",
            line.data ? line.data : "");
    cq_buf_release(&line);
    free(text);
}

enum cq_exit cq_output_end(enum cq_exit status)
{
    cq_output_flush();
    if (!write_errno)
        return status;
    fprintf(stderr, "cq: cannot write to standard output: %s\n", strerror(write_errno));
    write_errno = 0;
    clearerr(stdout);
    return CQ_EXIT_SYSTEM;
}
