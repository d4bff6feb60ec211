/*
 * The stable: the process that horses are forked from. The worker starts it, and starts another when it dies, with
 * backoff; while there is none, fetched jobs wait in their slots.
 */
#ifndef CQ_WORKER_STABLE_H
#define CQ_WORKER_STABLE_H

#include "worker/process.h"

/* Start it. Errors: CQ_ERR_SYSTEM when no process can be made. Free with cq_stable_free. */
struct cq_stable *cq_stable_new(struct cq_process *process, struct cq_error *err);

/* Close the control socket (the stable kills what is left of its horses and exits) and reap it. NULL-safe. */
void cq_stable_free(struct cq_stable *stable);

/* True: it said hello and takes forks. */
bool cq_stable_is_ready(const struct cq_stable *stable);

/*
 * Ask for a horse.
 *   fds  the horse's socket, then standard output and error when passed; borrowed, the caller closes them
 * Returns the horse's number, or -1 when there is no stable now.
 */
int64_t cq_stable_fork(struct cq_stable *stable, struct cq_slot *slot, const int *fds, int fd_count);

/* Once a second: a stable that hangs is killed, and another started. */
void cq_stable_tick(struct cq_stable *stable);

#endif
