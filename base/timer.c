#include "base/timer.h"

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    (void)loop, (void)events;
    struct cq_timer *timer = watcher->data;
    timer->fn(timer->data);
}

void cq_timer_init(struct cq_timer *timer, struct ev_loop *loop, void (*fn)(void *data), void *data)
{
    *timer = (struct cq_timer){.loop = loop, .fn = fn, .data = data};
    ev_init(&timer->watcher, on_timer);
    timer->watcher.data = timer;
}

void cq_timer_arm(struct cq_timer *timer, double seconds)
{
    cq_timer_arm_every(timer, seconds, 0.);
}

void cq_timer_arm_every(struct cq_timer *timer, double first_s, double interval_s)
{
    ev_timer_stop(timer->loop, &timer->watcher); /* its times may not change while it runs */
    ev_timer_set(&timer->watcher, first_s > 0. ? first_s : 0., interval_s);
    ev_timer_start(timer->loop, &timer->watcher);
}

void cq_timer_cancel(struct cq_timer *timer)
{
    if (timer->loop)
        ev_timer_stop(timer->loop, &timer->watcher);
}

bool cq_timer_is_armed(const struct cq_timer *timer)
{
    return ev_is_active(&timer->watcher);
}
