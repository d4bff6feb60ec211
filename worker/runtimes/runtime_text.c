#include "worker/runtimes/runtime_text.h"

#include <stdio.h>
#include <string.h>

#include "base/process/exit_text.h"

enum { MORE_MAX = 4096 }; /* bytes of what else the line about a ready runtime says */

void cq_runtime_log_lines(const struct cq_logger *logger, const char *runtime, struct cq_str text)
{
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        cq_log_error(logger, "%s: %.*s", runtime, (int)len, text.data + at);
        at += len + 1;
    }
}

void cq_runtime_announce(const struct cq_logger *logger, const struct cq_runtime_ready_text *ready)
{
    struct cq_buf more = CQ_BUF_INIT(MORE_MAX);
    if (ready->preload && ready->preload->len) {
        cq_buf_text(&more, ", preloaded ");
        cq_strv_join(ready->preload, ", ", &more);
    }
    if (ready->replaced)
        cq_buf_printf(&more, ", in place of stable %d", (int)ready->replaced);
    CQ_LOG_BY(logger, ready->level, NULL, "%s %s (%s) ready%s", ready->name, ready->version, ready->file,
              more.len ? more.data : "");
    cq_buf_release(&more);
}

void cq_runtime_describe_end(const struct cq_stable_end *end, char *text, size_t size)
{
    char how[CQ_EXIT_TEXT_SIZE];
    if (end->exec_errno)
        snprintf(text, size, "it cannot be executed: %s", strerror(end->exec_errno));
    else {
        cq_exit_text(end->status, how, sizeof(how));
        snprintf(text, size, "it %s", how);
    }
}
