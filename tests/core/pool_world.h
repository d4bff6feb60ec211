/* A pool as its shell has it, without processes: for tests of core/pool_state.c. */
#ifndef CQ_TESTS_CORE_POOL_WORLD_H
#define CQ_TESTS_CORE_POOL_WORLD_H

#include <check.h>
#include <stdbool.h>

#include "core/pool_state.h"
#include "tests/core/random_events.h"

enum { MOST = 8 };

enum pool_process { NONE, STARTING, READY };

struct pool_position {
    struct cq_position life;
    enum pool_process process, successor;
};

/* A pool as the shell has it: positions, processes that only finish their jobs, and how many are wanted. */
struct pool_world {
    struct pool_position positions[MOST];
    int count, wanted;
    int leaving; /* told to leave, or to end, without a position */
    cq_time now;
    bool burst, ready, stopping;
    bool spawn_fails; /* the next process cannot be made */
    bool failed;      /* the pool's status */
    long events;      /* applied so far */
};

static void apply(struct pool_world *world, struct pool_position *position, enum cq_position_event event,
                  uint32_t facts);

static void stop(struct pool_world *world)
{
    world->stopping = true;
    for (int i = 0; i < world->count; i++)
        apply(world, &world->positions[i], CQ_POSITION_ON_STOP, 0);
}

static void check_pause(const struct pool_position *position)
{
    double pause_s = position->life.pause_s;
    REQUIRE(pause_s >= 0.25 && pause_s <= 30, "a pause of %f s", pause_s);
}

static void release(struct pool_world *world, enum pool_process *at)
{
    REQUIRE(*at != NONE, "nothing to release");
    *at = NONE;
    world->leaving++;
}

static void perform(struct pool_world *world, struct pool_position *position, int action)
{
    switch (action) {
    case CQ_POSITION_START:
        REQUIRE(position->process == NONE && !world->stopping, "two processes in a position");
        if (world->spawn_fails)
            apply(world, position, CQ_POSITION_ON_NOT_STARTED, 0);
        else
            position->process = STARTING;
        break;
    case CQ_POSITION_START_SUCCESSOR:
        REQUIRE(position->successor == NONE && !world->stopping, "two successors");
        if (world->spawn_fails)
            apply(world, position, CQ_POSITION_ON_SUCCESSOR_FAILED, 0);
        else
            position->successor = STARTING;
        break;
    case CQ_POSITION_START_NOW:
        REQUIRE(position->life.start_at == world->now, "it does not start now");
        break;
    case CQ_POSITION_PAUSE:
    case CQ_POSITION_RENEW_LATER: check_pause(position); break;
    case CQ_POSITION_PROMOTE:
        REQUIRE(position->process == NONE && position->successor != NONE, "promoted without need");
        position->process = position->successor;
        position->successor = NONE;
        break;
    case CQ_POSITION_RELEASE: release(world, &position->process); break;
    case CQ_POSITION_RELEASE_SUCCESSOR:
    case CQ_POSITION_DETACH_SUCCESSOR: release(world, &position->successor); break;
    case CQ_POSITION_NOTE_FAILURE: world->failed = true; break;
    case CQ_POSITION_END_POOL:
        REQUIRE(!world->ready, "a pool that was ready ends");
        stop(world);
        break;
    default: random_fail("action %d", action);
    }
}

static void apply(struct pool_world *world, struct pool_position *position, enum cq_position_event event,
                  uint32_t facts)
{
    int before = (int)position->life.state;
    double random = random_below(1001) / 1000.0;
    const struct cq_rule *rule = cq_position_apply(&position->life, event, facts, world->now, random);
    REQUIRE(rule, "%s is illegal in %s", cq_position_machine.events[event],
            cq_position_machine.states[before]);
    world->events++;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(world, position, rule->actions[i]);
}

#endif
