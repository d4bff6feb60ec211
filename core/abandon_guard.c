#include "core/abandon_guard.h"

#include "base/attr.h"

/* Without an answer of Redis: then the heartbeats of others may not have arrived either. */
static const cq_time silence = 30 * CQ_SECOND;
static const cq_time respite =
    35 * CQ_SECOND; /* every worker is connected again by then: CQ_BACKOFF_MAX_MS and some more */
static const cq_time tolerance = 10 * CQ_SECOND;

enum { OPEN = CQ_ABANDON_GUARD_OPEN, CLOSED = CQ_ABANDON_GUARD_CLOSED, ROUND = CQ_ABANDON_GUARD_ROUND };
enum { GAP = CQ_ABANDON_GUARD_GAP, WAITED = CQ_ABANDON_GUARD_WAITED };

static const struct cq_rule rules[] = {
    {OPEN, ROUND, GAP, 0, CLOSED, {CQ_ABANDON_GUARD_HEARTBEAT}},
    {OPEN, ROUND, 0, 0, OPEN, {CQ_ABANDON_GUARD_JUDGE}},
    {CLOSED, ROUND, GAP, 0, CLOSED, {CQ_ABANDON_GUARD_HEARTBEAT}},
    {CLOSED, ROUND, WAITED, 0, OPEN, {CQ_ABANDON_GUARD_JUDGE}},
    {CLOSED, ROUND, 0, 0, CLOSED, {CQ_ABANDON_GUARD_WAIT}},
};

static const char *const states[] = {"OPEN", "CLOSED"}, *const events[] = {"ROUND"};

const struct cq_machine cq_abandon_guard_machine = {
    "abandon guard", rules, CQ_ARRAY_LEN(rules), states, events, CQ_ARRAY_LEN(states), CQ_ARRAY_LEN(events),
};

/* Longer by the wall: the machine slept, or the clock was set forward; shorter: it was set back. */
static bool is_gap(const struct cq_abandon_guard *guard, cq_time now, cq_time monotonic)
{
    cq_time by_wall = now - guard->heard_at, by_monotonic = monotonic - guard->heard_monotonic;
    return guard->heard_at &&
           (by_monotonic > silence || by_wall > silence || by_wall < by_monotonic - silence);
}

static void note(struct cq_abandon_guard *guard, cq_time now, cq_time monotonic)
{
    guard->heard_at = now;
    guard->heard_monotonic = monotonic;
}

void cq_abandon_guard_heard(struct cq_abandon_guard *guard, cq_time now, cq_time monotonic)
{
    if (!is_gap(guard, now, monotonic))
        note(guard, now, monotonic);
}

enum cq_abandon_guard_action cq_abandon_guard_round(struct cq_abandon_guard *guard, cq_time now,
                                                    cq_time monotonic)
{
    uint32_t facts = (is_gap(guard, now, monotonic) ? GAP : 0) |
                     (monotonic >= guard->wait_until ? WAITED : 0);
    const struct cq_rule *rule = cq_machine_rule(&cq_abandon_guard_machine, (int)guard->state, ROUND, facts);
    if (facts & GAP)
        guard->wait_until = monotonic + respite;
    if (rule->actions[0] != CQ_ABANDON_GUARD_JUDGE)
        note(guard, now, monotonic);
    guard->state = rule->next;
    return rule->actions[0];
}

bool cq_abandon_guard_clocks_differ(cq_time now, cq_time redis_now)
{
    return now - redis_now > tolerance || redis_now - now > tolerance;
}
