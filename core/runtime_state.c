#include "core/runtime_state.h"

#include "base/attr.h"

/* Starts in a row that come to nothing before jobs fail, of one that was ready or was killed. */
enum { STARTS_BEFORE_BROKEN = 5 };

static const double retry_first_s = 0.1, retry_most_s = 5.0, refusal_first_s = 1.0, refusal_most_s = 30.0;
static const cq_time steady = 10 * CQ_SECOND; /* one that served so long did not die of its start */

enum fact {
    FATAL = 1,     /* it was to start with the worker, and was never ready */
    AGAIN = 2,     /* another start may succeed */
    MAY_START = 4, /* the pause of BROKEN is over */
};

enum {
    ABSENT = CQ_RUNTIME_ABSENT,
    STARTING = CQ_RUNTIME_STARTING,
    READY = CQ_RUNTIME_READY,
    RELOADING = CQ_RUNTIME_RELOADING,
    ENDING = CQ_RUNTIME_ENDING,
    ENDING_RELOADING = CQ_RUNTIME_ENDING_RELOADING,
    PAUSED = CQ_RUNTIME_PAUSED,
    BROKEN = CQ_RUNTIME_BROKEN,
    STOPPED = CQ_RUNTIME_STOPPED,
    SAME = CQ_SAME_STATE,
};

enum {
    WANTED = CQ_RUNTIME_ON_WANTED,
    STARTED = CQ_RUNTIME_ON_STARTED,
    HELLO = CQ_RUNTIME_ON_HELLO,
    START_FAILED = CQ_RUNTIME_ON_START_FAILED,
    GIVEN_UP = CQ_RUNTIME_ON_GIVEN_UP,
    DIED = CQ_RUNTIME_ON_DIED,
    KILLED = CQ_RUNTIME_ON_KILLED,
    RETRY_DUE = CQ_RUNTIME_ON_RETRY_DUE,
    RELOAD = CQ_RUNTIME_ON_RELOAD,
    SUCCESSOR_HELLO = CQ_RUNTIME_ON_SUCCESSOR_HELLO,
    SUCCESSOR_FAILED = CQ_RUNTIME_ON_SUCCESSOR_FAILED,
    STOP = CQ_RUNTIME_ON_STOP,
};

enum {
    START = CQ_RUNTIME_START,
    START_SUCCESSOR = CQ_RUNTIME_START_SUCCESSOR,
    KILL = CQ_RUNTIME_KILL,
    KILL_SUCCESSOR = CQ_RUNTIME_KILL_SUCCESSOR,
    QUIT = CQ_RUNTIME_QUIT,
    PROMOTE = CQ_RUNTIME_PROMOTE,
    ARM_RETRY = CQ_RUNTIME_ARM_RETRY,
    ARM_REPLACEMENT = CQ_RUNTIME_ARM_REPLACEMENT,
    CANCEL_RETRY = CQ_RUNTIME_CANCEL_RETRY,
    TELL_READY = CQ_RUNTIME_TELL_READY,
    TELL_FAILED = CQ_RUNTIME_TELL_FAILED,
    TELL_FATAL = CQ_RUNTIME_TELL_FATAL,
};

/* A start that failed, by any of these events. */
#define FAILURE(event)                                          \
    {STARTING, event, FATAL, 0, STOPPED, {KILL, TELL_FATAL}},   \
        {STARTING, event, AGAIN, 0, PAUSED, {KILL, ARM_RETRY}}, \
    {                                                           \
        STARTING, event, 0, 0, BROKEN,                          \
        {                                                       \
            KILL, TELL_FAILED                                   \
        }                                                       \
    }

/* The stable that horses were forked from is dead. */
#define LOSS(event)                                                                                    \
    {READY, event, 0, 0, PAUSED, {ARM_REPLACEMENT}}, {ENDING, event, 0, 0, PAUSED, {ARM_REPLACEMENT}}, \
        {RELOADING, event, 0, 0, STARTING, {PROMOTE}},                                                 \
    {                                                                                                  \
        ENDING_RELOADING, event, 0, 0, STARTING,                                                       \
        {                                                                                              \
            PROMOTE                                                                                    \
        }                                                                                              \
    }

static const struct cq_rule rules[] = {
    {ABSENT, WANTED, 0, 0, STARTING, {START}},
    {CQ_STATES(STARTING, PAUSED), WANTED, 0, 0, SAME, {0}},
    {BROKEN, WANTED, MAY_START, 0, STARTING, {START}},
    {BROKEN, WANTED, 0, 0, BROKEN, {0}},
    {STOPPED, WANTED, 0, 0, STOPPED, {0}},

    {ABSENT, STARTED, 0, 0, STARTING, {0}},

    {STARTING, HELLO, 0, 0, READY, {TELL_READY}},
    FAILURE(START_FAILED),
    FAILURE(DIED),
    FAILURE(KILLED),
    LOSS(DIED),
    LOSS(KILLED),

    {STARTING, GIVEN_UP, 0, 0, STARTING, {0}}, /* its death is a start that failed */
    {READY, GIVEN_UP, 0, 0, ENDING, {0}},
    {RELOADING, GIVEN_UP, 0, 0, ENDING_RELOADING, {0}},
    {CQ_STATES(ENDING, ENDING_RELOADING), GIVEN_UP, 0, 0, SAME, {0}},

    {PAUSED, RETRY_DUE, 0, 0, STARTING, {START}},

    {ABSENT, RELOAD, 0, 0, ABSENT, {0}},
    {STARTING, RELOAD, 0, 0, STARTING, {KILL, START}}, /* it may have read what has changed since */
    {READY, RELOAD, 0, 0, RELOADING, {START_SUCCESSOR}},
    {RELOADING, RELOAD, 0, 0, RELOADING, {KILL_SUCCESSOR, START_SUCCESSOR}},
    {ENDING, RELOAD, 0, 0, ENDING_RELOADING, {START_SUCCESSOR}},
    {ENDING_RELOADING, RELOAD, 0, 0, ENDING_RELOADING, {KILL_SUCCESSOR, START_SUCCESSOR}},
    {PAUSED, RELOAD, 0, 0, STARTING, {CANCEL_RETRY, START}},
    {BROKEN, RELOAD, 0, 0, ABSENT, {0}}, /* what was wrong may be mended: the next job finds out */
    {STOPPED, RELOAD, 0, 0, STOPPED, {0}},

    {RELOADING, SUCCESSOR_HELLO, 0, 0, READY, {QUIT, PROMOTE, TELL_READY}},
    {ENDING_RELOADING, SUCCESSOR_HELLO, 0, 0, READY, {QUIT, PROMOTE, TELL_READY}},
    {RELOADING, SUCCESSOR_FAILED, 0, 0, READY, {KILL_SUCCESSOR}},
    {ENDING_RELOADING, SUCCESSOR_FAILED, 0, 0, ENDING, {KILL_SUCCESSOR}},

    {PAUSED, STOP, 0, 0, STOPPED, {CANCEL_RETRY}},
    {CQ_STATES(ABSENT, STOPPED), STOP, 0, 0, STOPPED, {0}},
};

static const char *const states[] = {"ABSENT",           "STARTING", "READY",  "RELOADING", "ENDING",
                                     "ENDING_RELOADING", "PAUSED",   "BROKEN", "STOPPED"};
static const char *const events[] = {
    "WANTED", "STARTED",   "HELLO",  "START_FAILED",    "GIVEN_UP",         "DIED",
    "KILLED", "RETRY_DUE", "RELOAD", "SUCCESSOR_HELLO", "SUCCESSOR_FAILED", "STOP"};

const struct cq_machine cq_runtime_machine = {
    "runtime", rules, CQ_ARRAY_LEN(rules), states, events, CQ_ARRAY_LEN(states), CQ_ARRAY_LEN(events),
};

void cq_runtime_life_init(struct cq_runtime_life *life, enum cq_runtime_start start)
{
    *life = (struct cq_runtime_life){
        .state = CQ_RUNTIME_ABSENT,
        .start = start,
        .retry = CQ_BACKOFF_INIT(retry_first_s, retry_most_s, 0),
        .refusal = CQ_BACKOFF_INIT(refusal_first_s, refusal_most_s, 0),
    };
}

/* After so many failures, with the one that is being judged. */
static bool is_worth_a_retry(const struct cq_runtime_life *life, bool killed, int failures)
{
    if (life->ready_at && life->start == CQ_RUNTIME_WITH_WORKER)
        return true;
    return (life->ready_at || killed) && failures < STARTS_BEFORE_BROKEN;
}

static uint32_t facts_of(const struct cq_runtime_life *life, enum cq_runtime_event event, cq_time now)
{
    uint32_t facts = 0;
    if (life->start == CQ_RUNTIME_WITH_WORKER && !life->ready_at)
        facts |= FATAL;
    if (is_worth_a_retry(life, event == CQ_RUNTIME_ON_KILLED, life->failures + 1))
        facts |= AGAIN;
    if (now >= life->broken_until)
        facts |= MAY_START;
    return facts;
}

static void note_hello(struct cq_runtime_life *life, cq_time now)
{
    if (life->failures) /* else the last one that died had said hello, too: the pauses grow on */
        cq_backoff_reset(&life->retry);
    cq_backoff_reset(&life->refusal);
    life->failures = 0;
    life->ready_at = now;
}

static void note_action(struct cq_runtime_life *life, int action, cq_time now)
{
    switch (action) {
    case ARM_REPLACEMENT:
        if (now - life->ready_at > steady)
            cq_backoff_reset(&life->retry);
        life->pause_s = cq_backoff_next(&life->retry, 0);
        break;
    case ARM_RETRY: life->pause_s = cq_backoff_next(&life->retry, 0); break;
    case TELL_FAILED:
        life->pause_s = cq_backoff_next(&life->refusal, 0);
        life->broken_until = now + (cq_time)(life->pause_s * CQ_SECOND);
        break;
    default: break;
    }
}

const struct cq_rule *cq_runtime_life_apply(struct cq_runtime_life *life, enum cq_runtime_event event,
                                            cq_time now)
{
    const struct cq_rule *rule = cq_machine_rule(&cq_runtime_machine, (int)life->state, (int)event,
                                                 facts_of(life, event, now));
    if (!rule)
        return NULL;
    if (event == CQ_RUNTIME_ON_HELLO || event == CQ_RUNTIME_ON_SUCCESSOR_HELLO)
        note_hello(life, now);
    else if (event == CQ_RUNTIME_ON_RELOAD)
        cq_backoff_reset(&life->refusal);
    else if (life->state == CQ_RUNTIME_STARTING && rule->next != STARTING)
        life->failures++;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        note_action(life, rule->actions[i], now);
    if (rule->next != CQ_SAME_STATE)
        life->state = rule->next;
    return rule;
}
