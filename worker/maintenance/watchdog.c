#include "worker/maintenance/watchdog.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/timer.h"
#include "worker/runtimes/runtimes.h"
#include "worker/slot/slots.h"

struct cq_watchdog {
    struct cq_worker_context *context;
    struct cq_timer timer;
};

static void on_timer(void *data)
{
    const struct cq_watchdog *watchdog = data;
    cq_slots_tick(watchdog->context->slots);
    cq_runtimes_tick(watchdog->context->runtimes);
}

struct cq_watchdog *cq_watchdog_new(struct cq_worker_context *context)
{
    struct cq_watchdog *watchdog = cq_calloc(1, sizeof(*watchdog));
    watchdog->context = context;
    cq_timer_init(&watchdog->timer, context->loop, on_timer, watchdog);
    return watchdog;
}

void cq_watchdog_start(struct cq_watchdog *watchdog)
{
    cq_timer_arm_every(&watchdog->timer, 1., 1.);
}

void cq_watchdog_free(struct cq_watchdog *watchdog)
{
    if (watchdog)
        cq_timer_cancel(&watchdog->timer);
    free(watchdog);
}
