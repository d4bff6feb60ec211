/* What a stable is told, over its control socket. */
#ifndef CQ_WORKER_RUNTIMES_STABLE_SEND_H
#define CQ_WORKER_RUNTIMES_STABLE_SEND_H

#include "worker/runtimes/stable.h"

/* Part of cq_stable_start: its socket is there, nothing was sent. */
void cq_stable_send_init(struct cq_stable *stable);

/*
 * Ask for a horse, which is in the table afterwards with the number that it gets.
 *   name  for the horse's process title
 *   fds   the horse's socket, then standard output and error when passed; borrowed, the caller closes them
 * False: not now. When it is because the socket is full, the owner is told as soon as there is room.
 */
bool cq_stable_fork(struct cq_stable *stable, struct cq_horse *horse, const char *name, const int *fds,
                    int fd_count);

/* Tell it to leave; for stable.c, whose cq_stable_quit decides about that. */
void cq_stable_send_quit(struct cq_stable *stable);

#endif
