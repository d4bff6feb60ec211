/* Telling systemd (Type=notify) how it goes: a datagram to $NOTIFY_SOCKET, as sd_notify(3) describes it;
 * nothing elsewhere. */
#ifndef CQ_WORKER_POOL_NOTIFY_H
#define CQ_WORKER_POOL_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

struct cq_notify {
    struct sockaddr_un address;
    socklen_t len; /* 0: nobody wants to know */
};

/* Take the socket out of the environment, so that no child speaks in our place. */
void cq_notify_take(struct cq_notify *notify);

/* "READY=1", "STOPPING=1". Never waits; what cannot be sent is left out. */
void cq_notify_send(const struct cq_notify *notify, const char *state);

/* A reload, begun and over: horses are served all along. */
void cq_notify_reloaded(const struct cq_notify *notify);

#endif
