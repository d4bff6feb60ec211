#include "core/pool_state.h"

#include "base/attr.h"

static const double pause_first_s = 0.5, pause_most_s = 30.0;
static const double jitter = 0.5;             /* processes that ended together do not come back together */
static const cq_time steady = 60 * CQ_SECOND; /* one that has worked so long did not end for its start */
/* A limit below what a fresh process takes must not keep the pool busy. */
static const cq_time renewals_apart = 30 * CQ_SECOND;

enum {
    WAITING = CQ_POSITION_WAITING,
    STARTING = CQ_POSITION_STARTING,
    READY = CQ_POSITION_READY,
    RETIRING = CQ_POSITION_RETIRING,
    RENEWING = CQ_POSITION_RENEWING,
    STOPPING = CQ_POSITION_STOPPING,
    OVER = CQ_POSITION_OVER,
    SAME = CQ_SAME_STATE,
};

enum {
    DUE = CQ_POSITION_ON_DUE,
    NOT_STARTED = CQ_POSITION_ON_NOT_STARTED,
    IS_READY = CQ_POSITION_ON_READY,
    MAX_JOBS = CQ_POSITION_ON_MAX_JOBS,
    ENDED = CQ_POSITION_ON_ENDED,
    RENEW = CQ_POSITION_ON_RENEW,
    SUCCESSOR_READY = CQ_POSITION_ON_SUCCESSOR_READY,
    SUCCESSOR_FAILED = CQ_POSITION_ON_SUCCESSOR_FAILED,
    REMOVE = CQ_POSITION_ON_REMOVE,
    STOP = CQ_POSITION_ON_STOP,
};

enum {
    WELL = CQ_POSITION_WELL,
    HOPELESS = CQ_POSITION_HOPELESS,
    REFUSED = CQ_POSITION_REFUSED,
    BURST = CQ_POSITION_BURST,
};

enum {
    START = CQ_POSITION_START,
    START_SUCCESSOR = CQ_POSITION_START_SUCCESSOR,
    START_NOW = CQ_POSITION_START_NOW,
    PAUSE = CQ_POSITION_PAUSE,
    PROMOTE = CQ_POSITION_PROMOTE,
    RELEASE = CQ_POSITION_RELEASE,
    RELEASE_SUCCESSOR = CQ_POSITION_RELEASE_SUCCESSOR,
    DETACH_SUCCESSOR = CQ_POSITION_DETACH_SUCCESSOR,
    RENEW_LATER = CQ_POSITION_RENEW_LATER,
    NOTE_FAILURE = CQ_POSITION_NOTE_FAILURE,
    END_POOL = CQ_POSITION_END_POOL,
};

static const struct cq_rule rules[] = {
    {WAITING, DUE, 0, 0, STARTING, {START}},
    {STARTING, NOT_STARTED, 0, 0, WAITING, {PAUSE}},

    {STARTING, IS_READY, 0, 0, READY, {0}},
    {CQ_STATES(READY, STOPPING), IS_READY, 0, 0, SAME, {0}},

    {READY, MAX_JOBS, 0, 0, RETIRING, {0}},
    {STARTING, MAX_JOBS, 0, 0, RETIRING, {0}},
    {CQ_STATES(RETIRING, STOPPING), MAX_JOBS, 0, 0, SAME, {0}}, /* RENEWING: what follows has started */

    {STARTING, ENDED, HOPELESS, 0, OVER, {END_POOL}},
    {STARTING, ENDED, BURST | WELL, REFUSED, OVER, {0}},
    {STARTING, ENDED, BURST, REFUSED, OVER, {NOTE_FAILURE}},
    {STARTING, ENDED, 0, 0, WAITING, {PAUSE}},
    {READY, ENDED, HOPELESS, 0, OVER, {END_POOL}},
    {READY, ENDED, BURST | WELL, 0, OVER, {0}},
    {READY, ENDED, BURST, 0, OVER, {NOTE_FAILURE}},
    {READY, ENDED, WELL, 0, WAITING, {START_NOW}},
    {READY, ENDED, 0, 0, WAITING, {PAUSE}},
    {RETIRING, ENDED, HOPELESS, 0, OVER, {END_POOL}},
    {RETIRING, ENDED, WELL, 0, WAITING, {START_NOW}},
    {RETIRING, ENDED, BURST, 0, OVER, {NOTE_FAILURE}},
    {RETIRING, ENDED, 0, 0, WAITING, {PAUSE}},
    {RENEWING, ENDED, 0, 0, STARTING, {PROMOTE}},
    {STOPPING, ENDED, 0, 0, OVER, {0}},

    {READY, RENEW, 0, 0, RENEWING, {START_SUCCESSOR}},
    {RENEWING, SUCCESSOR_READY, 0, 0, READY, {RELEASE, PROMOTE}},
    {RENEWING, SUCCESSOR_FAILED, 0, 0, READY, {RENEW_LATER}},

    {CQ_STATES(STARTING, RETIRING), REMOVE, 0, 0, OVER, {RELEASE}},
    {RENEWING, REMOVE, 0, 0, OVER, {RELEASE, RELEASE_SUCCESSOR}},
    {WAITING, REMOVE, 0, 0, OVER, {0}},
    {OVER, REMOVE, 0, 0, OVER, {0}},

    {CQ_STATES(STARTING, RETIRING), STOP, 0, 0, STOPPING, {0}},
    {RENEWING, STOP, 0, 0, STOPPING, {DETACH_SUCCESSOR}},
    {STOPPING, STOP, 0, 0, STOPPING, {0}},
    {WAITING, STOP, 0, 0, OVER, {0}},
    {OVER, STOP, 0, 0, OVER, {0}},
};

static const char *const states[] = {"WAITING",  "STARTING", "READY", "RETIRING",
                                     "RENEWING", "STOPPING", "OVER"};
static const char *const events[] = {"DUE",    "NOT_STARTED", "READY",           "MAX_JOBS",
                                     "ENDED",  "RENEW",       "SUCCESSOR_READY", "SUCCESSOR_FAILED",
                                     "REMOVE", "STOP"};

const struct cq_machine cq_position_machine = {
    "position", rules, CQ_ARRAY_LEN(rules), states, events, CQ_ARRAY_LEN(states), CQ_ARRAY_LEN(events),
};

void cq_position_init(struct cq_position *position, cq_time now)
{
    *position = (struct cq_position){
        .state = CQ_POSITION_WAITING,
        .start_at = now,
        .starts = CQ_BACKOFF_INIT(pause_first_s, pause_most_s, jitter),
        .renewals = CQ_BACKOFF_INIT(pause_first_s, pause_most_s, jitter),
    };
}

static cq_time after(cq_time now, double seconds)
{
    return now + (cq_time)(seconds * CQ_SECOND);
}

static void note_action(struct cq_position *position, int action, cq_time now, double random)
{
    switch (action) {
    case START: position->started_at = now; break;
    case START_SUCCESSOR:
        position->successor_started_at = now;
        position->renew_for_memory_at = now + renewals_apart;
        break;
    case START_NOW: position->start_at = now; break;
    case PAUSE:
        position->pause_s = cq_backoff_next(&position->starts, random);
        position->start_at = after(now, position->pause_s);
        break;
    case PROMOTE: position->started_at = position->successor_started_at; break;
    case RENEW_LATER:
        position->pause_s = cq_backoff_next(&position->renewals, random);
        position->renew_at = after(now, position->pause_s);
        break;
    default: break;
    }
}

const struct cq_rule *cq_position_apply(struct cq_position *position, enum cq_position_event event,
                                        uint32_t facts, cq_time now, double random)
{
    const struct cq_rule *rule = cq_machine_rule(&cq_position_machine, (int)position->state, (int)event,
                                                 facts);
    if (!rule)
        return NULL;
    if (event == CQ_POSITION_ON_ENDED && now - position->started_at > steady)
        cq_backoff_reset(&position->starts);
    if (event == CQ_POSITION_ON_SUCCESSOR_READY)
        cq_backoff_reset(&position->renewals);
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        note_action(position, rule->actions[i], now, random);
    if (rule->next != CQ_SAME_STATE)
        position->state = rule->next;
    return rule;
}
