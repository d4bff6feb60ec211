/* The control socket of a stable: what the stable is told, and what waits for room in it. */
#ifndef CQ_WORKER_RUNTIMES_STABLE_SOCKET_H
#define CQ_WORKER_RUNTIMES_STABLE_SOCKET_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct cq_stable_socket {
    struct ev_loop *loop;     /* borrowed */
    int fd;                   /* owned; -1: closed */
    void (*room)(void *data); /* it was full, and takes forks again */
    void *data;               /* for room; borrowed */
    ev_io writer;
    struct cq_buf out;        /* what the socket did not take yet */
    struct cq_buf fork_frame; /* scratch: a job frame may wait in the process's while a horse is asked for */
};

/* Nothing was sent. fd is owned from now on; the socket must not move. */
void cq_stable_socket_init(struct cq_stable_socket *socket, struct ev_loop *loop, int fd,
                           void (*room)(void *data), void *data);
void cq_stable_socket_close(struct cq_stable_socket *socket);   /* closing twice is allowed */
void cq_stable_socket_release(struct cq_stable_socket *socket); /* closes too */

/*
 * Ask for a horse.
 *   number  the stable's for it
 *   name    for the horse's process title
 *   fds     the horse's socket, then standard output and error when passed; borrowed, the caller closes them
 * False: not now. When it is because the socket is full, room is called as soon as it is not.
 */
bool cq_stable_socket_fork(struct cq_stable_socket *socket, int64_t number, const char *name, const int *fds,
                           int fd_count);

/* Tell the stable to leave. */
void cq_stable_socket_quit(struct cq_stable_socket *socket);

#endif
