#include "worker/patience.h"

/* Without an answer of Redis: then the heartbeats of others may not have arrived either. */
static const cq_time silence = 30 * CQ_SECOND;
static const cq_time respite =
    35 * CQ_SECOND; /* every worker is connected again by then: CQ_BACKOFF_MAX_MS and some more */
static const cq_time tolerance = 10 * CQ_SECOND;

/* Longer by the wall: the machine slept, or the clock was set forward; shorter: it was set back. */
static bool happened(const struct cq_patience *patience, cq_time now, cq_time monotonic)
{
    cq_time slept = now - patience->heard_at, worked = monotonic - patience->heard_monotonic;
    return patience->heard_at && (worked > silence || slept > silence || slept < worked - silence);
}

static void note(struct cq_patience *patience, cq_time now, cq_time monotonic)
{
    patience->heard_at = now;
    patience->heard_monotonic = monotonic;
}

void cq_patience_heard(struct cq_patience *patience, cq_time now, cq_time monotonic)
{
    if (!happened(patience, now, monotonic))
        note(patience, now, monotonic);
}

enum cq_patience_state cq_patience_ask(struct cq_patience *patience, cq_time now, cq_time monotonic)
{
    if (happened(patience, now, monotonic)) {
        patience->patient_until = monotonic + respite;
        note(patience, now, monotonic);
        return CQ_PATIENCE_BEGINS;
    }
    if (monotonic >= patience->patient_until)
        return CQ_PATIENCE_OVER;
    note(patience, now, monotonic);
    return CQ_PATIENCE_LASTS;
}

bool cq_patience_differ(cq_time now, cq_time redis_now)
{
    return now - redis_now > tolerance || redis_now - now > tolerance;
}
