#include "worker/exception.h"

#include <string.h>

static struct cq_str trim_end(struct cq_str text)
{
    while (text.len && strchr(" \n\r\t", text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Takes the first line off rest. */
static struct cq_str next_line(struct cq_str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    struct cq_str line = cq_str_n(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    size_t taken = line.len + (end ? 1 : 0);
    *rest = cq_str_n(rest->data + taken, rest->len - taken);
    return line;
}

static struct cq_str last_line(struct cq_str text)
{
    const char *end = text.len ? memrchr(text.data, '\n', text.len) : NULL;
    return end ? cq_str_n(end + 1, (size_t)(text.data + text.len - end - 1)) : text;
}

struct cq_str cq_exception_line(struct cq_str text)
{
    /* Frames and the source under them are indented. Of a chain the last traceback counts, of a group the
     * outermost: the tracebacks in it begin with `  | `, as all its lines do. */
    static const char group[] = "  + Exception Group Traceback (most recent call last):";
    struct cq_str rest = text = trim_end(text), found = CQ_STR_NONE;
    size_t bar = 0; /* what stands before each line of the traceback we are in */
    bool in_frames = false;
    while (rest.len) {
        struct cq_str line = next_line(&rest);
        if (cq_str_is(line, "Traceback (most recent call last):")) {
            in_frames = true;
            bar = 0;
        } else if (cq_str_is(line, group)) {
            in_frames = true;
            bar = strlen("  | ");
        } else if (in_frames && line.len > bar && line.data[bar] != ' ') {
            found = cq_str_n(line.data + bar, line.len - bar);
            in_frames = false;
        }
    }
    return found.data ? trim_end(found) : last_line(text);
}
