/* Jobs and callbacks in C for test_called_back.py. A job's first argument is the file that its callbacks
 * write to. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cq.h"

CQ_JOB add(cq_context *job)
{
    long long a, b;
    if (cq_arg_int(job, 1, &a) || cq_arg_int(job, 2, &b))
        return CQ_FAILED;
    char text[64];
    snprintf(text, sizeof(text), "{\"sum\": %lld}", a + b);
    return cq_return_json(job, text);
}

CQ_JOB fail(cq_context *job)
{
    cq_meta_set_str(job, "from", "the job");
    return cq_fail(job, "no luck");
}

CQ_JOB again(cq_context *job)
{
    return cq_retry(job, 1, 0);
}

CQ_JOB hang(cq_context *job)
{
    for (;;)
        pause();
    return cq_return_none(job);
}

static int write_line(cq_context *job, const char *line)
{
    const char *path;
    if (cq_get_str(job, cq_item(cq_kwarg(job, "args"), 0), &path))
        return CQ_FAILED;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, strlen(line)) < 0)
        return cq_fail(job, "cannot write %s", path);
    close(fd);
    return CQ_DONE;
}

/* `KIND ID TOLD`: what there was to tell, a result as JSON, of a failure the last line. */
CQ_JOB told(cq_context *job)
{
    const char *kind, *id, *text = "-";
    char line[4096];
    if (cq_kwarg_str(job, "callback", &kind) || cq_arg_str(job, 0, &id))
        return CQ_FAILED;
    if (strcmp(id, cq_current_id(job)) != 0)
        return cq_fail(job, "two ids");
    if (strcmp(kind, "failure") == 0 && cq_arg_str(job, 1, &text))
        return CQ_FAILED;
    if (strcmp(kind, "success") == 0 && cq_arg_json(job, 1, &text))
        return CQ_FAILED;
    size_t end = strlen(text);
    while (end && text[end - 1] == '\n')
        end--;
    size_t start = end;
    while (start && text[start - 1] != '\n')
        start--;
    snprintf(line, sizeof(line), "%s %s %.*s\n", kind, id, (int)(end - start), text + start);
    cq_meta_set_str(job, "told", kind);
    return write_line(job, line);
}

CQ_JOB refuse(cq_context *job)
{
    return cq_fail(job, "the callback says no");
}

/* Until somebody makes the file with the name of the job's own and .go behind it. */
CQ_JOB wait(cq_context *job)
{
    char go[1024];
    const char *path;
    if (cq_get_str(job, cq_item(cq_kwarg(job, "args"), 0), &path))
        return CQ_FAILED;
    snprintf(go, sizeof(go), "%s.go", path);
    if (write_line(job, "waits\n"))
        return CQ_FAILED;
    while (access(go, F_OK) != 0)
        usleep(1000);
    return CQ_DONE;
}
