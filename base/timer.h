/*
 * A timer of a libev loop, and the only file of base/ that includes ev.h: a program that includes nothing of
 * it needs no libev. It stands here, not in worker/, because redis/ and cron/ need it, too.
 *
 * The struct is the caller's and must not move while it is armed. One that is all zeros may be cancelled.
 */
#ifndef CQ_BASE_TIMER_H
#define CQ_BASE_TIMER_H

#include <stdbool.h>

#include <ev.h>

struct cq_timer {
    ev_timer watcher;
    struct ev_loop *loop; /* borrowed */
    void (*fn)(void *data);
    void *data;
};

/* Prepare it, unarmed. fn is called from the loop, with data, each time that the timer runs out. */
void cq_timer_init(struct cq_timer *timer, struct ev_loop *loop, void (*fn)(void *data), void *data);

/*
 * Call once, some seconds from the loop's present time (ev_now); one that is armed starts over. At 0, or
 * less, it is called in the next turn of the loop.
 */
void cq_timer_arm(struct cq_timer *timer, double seconds);

/* Call after first_s, then every interval_s, until it is cancelled. */
void cq_timer_arm_every(struct cq_timer *timer, double first_s, double interval_s);

/* Not called any more until it is armed again. */
void cq_timer_cancel(struct cq_timer *timer);

bool cq_timer_is_armed(const struct cq_timer *timer);

#endif
