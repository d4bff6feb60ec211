/* The channels that a connection listens to, and who hears what comes on them. */
#ifndef CQ_REDIS_SUBSCRIPTIONS_H
#define CQ_REDIS_SUBSCRIPTIONS_H

#include "redis/async.h"

struct cq_subscription {
    char *channel; /* owned; a channel or a pattern */
    size_t len;    /* bytes: a channel may hold a NUL */
    cq_async_reply_fn *fn;
    void *data;
    unsigned command; /* number of its SUBSCRIBE on this connection */
    bool confirmed;
};

struct cq_subscriptions {
    struct cq_subscription *items; /* owned */
    size_t len, cap;
    unsigned commands; /* SUBSCRIBEs sent on this connection; 0: replies are of ordinary commands only */
};

void cq_subscriptions_release(struct cq_subscriptions *subscriptions);

/* Note the channels of a SUBSCRIBE or PSUBSCRIBE, given as its wire form; a channel that is there already
 * changes hands. */
void cq_subscriptions_add(struct cq_subscriptions *subscriptions, struct cq_str wire, cq_async_reply_fn *fn,
                          void *data);

/* Is this a message or a confirmation, as a subscribed connection gets them among its replies? */
bool cq_subscriptions_is_push(const struct cq_subscriptions *subscriptions, const struct cq_reply *reply);

/* Whose it is, marked as confirmed. Valid until the next add. NULL: nobody's. */
const struct cq_subscription *cq_subscriptions_find(struct cq_subscriptions *subscriptions,
                                                    const struct cq_reply *reply);

/* Take off one that is of the oldest unconfirmed SUBSCRIBE, whose refusal has come. The caller frees its
 * channel. */
bool cq_subscriptions_take_refused(struct cq_subscriptions *subscriptions, unsigned *command,
                                   struct cq_subscription *ret_item);

/* Take off any. The caller frees its channel. False: there is none left. */
bool cq_subscriptions_take(struct cq_subscriptions *subscriptions, struct cq_subscription *ret_item);

#endif
