#include "cmd/worker/process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/number.h"
#include "base/process/proc.h"

enum { TEXT_MAX = 4096 };

/* A cq worker names itself so once it runs; its stables and horses have other names (worker/worker.c). */
static bool is_worker(int pid)
{
    char name[64];
    return cq_proc_read(pid, "comm", name, sizeof(name)) &&
           strncmp(name, "cq: worker", strlen("cq: worker")) == 0;
}

/* Does it catch SIGHUP? One that starts just now does not yet, nor does a version of cq before there was a
 * reload. */
static bool catches_hang_up(int pid)
{
    static const char field[] = "\nSigCgt:";
    char text[TEXT_MAX];
    if (!cq_proc_read(pid, "status", text, sizeof(text)))
        return false;
    const char *caught = strstr(text, field);
    return caught && (strtoull(caught + strlen(field), NULL, 16) >> (SIGHUP - 1) & 1);
}

enum cq_code cq_process_hang_up(int pid, struct cq_error *err)
{
    /* The descriptor is taken first: should the process end and its number be given away, the signal goes
     * nowhere. */
    int process = pidfd_open(pid, 0);
    if (process < 0)
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "there is no process %d", pid);
    enum cq_code code = CQ_OK;
    if (!is_worker(pid))
        code = cq_error_set(err, CQ_ERR_INVALID_OPERATION, "process %d is not a cq worker; it was left alone",
                            pid);
    else if (!catches_hang_up(pid))
        code = cq_error_set(err, CQ_ERR_INVALID_OPERATION,
                            "process %d is a cq worker that cannot reload, or starts just now; it was left "
                            "alone",
                            pid);
    else if (pidfd_send_signal(process, SIGHUP, NULL, 0) != 0)
        code = errno == ESRCH
                   ? cq_error_set(err, CQ_ERR_INVALID_OPERATION, "there is no process %d any more", pid)
                   : cq_error_errno(err, errno, "cannot signal process %d", pid);
    close(process);
    return code;
}

enum cq_code cq_process_read_pid(const char *path, int *ret_pid, struct cq_error *err)
{
    char text[64];
    int64_t pid;
    if (!cq_proc_read_file(path, text, sizeof(text)))
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "cannot read the pid file %.120s: %s", path,
                            strerror(errno));
    text[strcspn(text, " \t\r\n")] = '\0';
    if (!cq_number_int(cq_str(text), 1, INT_MAX, &pid))
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION, "the pid file %.120s holds no process id", path);
    *ret_pid = (int)pid;
    return CQ_OK;
}
