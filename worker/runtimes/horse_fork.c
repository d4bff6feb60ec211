#include "worker/runtimes/horse_fork.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/job_output.h"

struct cq_horse *cq_horse_fork(struct cq_runtime *runtime, struct cq_horse_owner *owner)
{
    const struct cq_output *output = owner->output;
    int ends[2];
    if (!cq_runtime_is_ready(runtime))
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        cq_log(runtime->host->logger.log, CQ_LOG_ERROR, output->worker, NULL,
               "cannot make a horse's socket: %s", strerror(errno));
        return NULL;
    }
    int fds[CQ_FRAME_FDS_MAX] = {ends[1], output->pipes[0], output->pipes[1]};
    struct cq_horse *horse = cq_horse_new(owner, ends[0]);
    horse->runtime = runtime;
    bool asked = cq_stable_fork(runtime->stable, horse, output->worker, fds, output->pipes[0] >= 0 ? 3 : 1);
    close(ends[1]);
    if (!asked) {
        cq_horse_free(horse);
        return NULL;
    }
    return horse;
}
