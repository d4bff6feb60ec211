#include "core/resize_state.h"

#include "base/attr.h"

enum {
    STARTING = CQ_RESIZE_STARTING,
    STEADY = CQ_RESIZE_STEADY,
    STARTING_SHORT = CQ_RESIZE_STARTING_SHORT,
    SHORT = CQ_RESIZE_SHORT,
    SAME = CQ_SAME_STATE,
};

enum {
    REGISTERED = CQ_RESIZE_ON_REGISTERED,
    SLOT_ENDED = CQ_RESIZE_ON_SLOT_ENDED,
    DUE = CQ_RESIZE_ON_DUE,
    NOT_ADDED = CQ_RESIZE_ON_NOT_ADDED,
};

enum {
    ALL = CQ_RESIZE_ALL_REGISTERED,
    REPLACES = CQ_RESIZE_REPLACES,
    STOPPING = CQ_RESIZE_STOPPING,
    MAX_JOBS = CQ_RESIZE_MAX_JOBS,
    BURST = CQ_RESIZE_BURST,
    WANTED = CQ_RESIZE_WANTED,
    WAS_REGISTERED = CQ_RESIZE_REGISTERED,
};

/* Any state, in the order of the enum. */
#define ANY CQ_STATES(STARTING, SHORT)

static const struct cq_rule rules[] = {
    {STARTING, REGISTERED, ALL, 0, STEADY, {CQ_RESIZE_TELL_READY}},
    {STARTING_SHORT, REGISTERED, ALL, 0, SHORT, {CQ_RESIZE_TELL_READY}},
    {ANY, REGISTERED, 0, 0, SAME, {0}},

    {ANY, SLOT_ENDED, MAX_JOBS, REPLACES, SAME, {CQ_RESIZE_TELL_MAX_JOBS}},
    {ANY, SLOT_ENDED, 0, REPLACES, SAME, {0}},
    {ANY, SLOT_ENDED, STOPPING, 0, SAME, {0}},
    {ANY, SLOT_ENDED, BURST, MAX_JOBS, SAME, {0}},
    {ANY, SLOT_ENDED, 0, WANTED, SAME, {0}},
    {STARTING, SLOT_ENDED, WAS_REGISTERED, 0, STARTING_SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_NOW}},
    {STARTING, SLOT_ENDED, 0, 0, STARTING_SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_LATER}},
    {STEADY, SLOT_ENDED, WAS_REGISTERED, 0, SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_NOW}},
    {STEADY, SLOT_ENDED, 0, 0, SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_LATER}},
    {CQ_STATES(STARTING_SHORT, SHORT), SLOT_ENDED, 0, 0, SAME, {CQ_RESIZE_COUNT}},

    {STARTING_SHORT, DUE, 0, 0, STARTING, {CQ_RESIZE_ADD}},
    {SHORT, DUE, 0, 0, STEADY, {CQ_RESIZE_ADD}},
    {STARTING, NOT_ADDED, 0, 0, STARTING_SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_LATER}},
    {STEADY, NOT_ADDED, 0, 0, SHORT, {CQ_RESIZE_COUNT, CQ_RESIZE_ARM_LATER}},
};

static const char *const states[] = {"STARTING", "STEADY", "STARTING_SHORT", "SHORT"};
static const char *const events[] = {"REGISTERED", "SLOT_ENDED", "DUE", "NOT_ADDED"};

const struct cq_machine cq_resize_machine = {
    "resize", rules, CQ_ARRAY_LEN(rules), states, events, CQ_ARRAY_LEN(states), CQ_ARRAY_LEN(events),
};

static bool is_starting(const struct cq_resize_count *count)
{
    return count->state == CQ_RESIZE_STARTING || count->state == CQ_RESIZE_STARTING_SHORT;
}

const struct cq_rule *cq_resize_count_apply(struct cq_resize_count *count, enum cq_resize_event event,
                                            uint32_t facts)
{
    if (event == CQ_RESIZE_ON_REGISTERED && is_starting(count) && ++count->registered >= count->wanted)
        facts |= ALL;
    const struct cq_rule *rule = cq_machine_rule(&cq_resize_machine, (int)count->state, (int)event, facts);
    if (!rule)
        return NULL;
    count->missing += rule->actions[0] == CQ_RESIZE_COUNT;
    if (rule->next != CQ_SAME_STATE)
        count->state = rule->next;
    return rule;
}

bool cq_resize_count_adds(struct cq_resize_count *count, int active, bool stopping)
{
    if (!count->missing || stopping || active >= count->wanted) {
        count->missing = 0;
        return false;
    }
    count->missing--;
    return true;
}

int cq_resize_count_to(struct cq_resize_count *count, int wanted, int active)
{
    count->wanted = wanted;
    return wanted - active;
}
