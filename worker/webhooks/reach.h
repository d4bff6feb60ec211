/* Which addresses webhooks reach: `--webhook-private refuse` keeps them from everything that is not on the
 * internet. */
#ifndef CQ_WORKER_WEBHOOKS_REACH_H
#define CQ_WORKER_WEBHOOKS_REACH_H

#include <stdbool.h>
#include <sys/socket.h>

/* Neither this machine nor a private network, link-local, multicast, reserved, nor an IPv6 form of any of
 * these. */
bool cq_address_is_public(const struct sockaddr *address);

#endif
