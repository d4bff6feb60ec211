/* The machine of a runtime, in a world of processes that start, die, hang and are late. */
#include "core/runtime_state.h"

#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "tests/core/random_events.h"
#include "tests/support/suite.h"

/* What the shell would have: processes and a timer. */
enum stable_process { NONE, STARTING, SERVING, DYING };

struct runtime_world {
    struct cq_runtime_life life;
    cq_time now;
    enum stable_process stable, successor;
    cq_time retry_at; /* 0: not armed */
    bool told_ready, told_failed, told_fatal;
    bool spawn_fails; /* the next process cannot be made */
    long events;      /* applied so far */
};

static void apply(struct runtime_world *world, enum cq_runtime_event event);

static enum stable_process spawn(struct runtime_world *world, enum cq_runtime_event failed)
{
    if (!world->spawn_fails)
        return STARTING;
    apply(world, failed);
    return NONE;
}

static void perform(struct runtime_world *world, int action)
{
    enum stable_process made;
    switch (action) {
    case CQ_RUNTIME_START:
        REQUIRE(world->stable == NONE, "two stables");
        made = spawn(world, CQ_RUNTIME_ON_START_FAILED);
        if (made)
            world->stable = made;
        break;
    case CQ_RUNTIME_START_SUCCESSOR:
        REQUIRE(world->successor == NONE, "two successors");
        made = spawn(world, CQ_RUNTIME_ON_SUCCESSOR_FAILED);
        if (made)
            world->successor = made;
        break;
    case CQ_RUNTIME_KILL: world->stable = NONE; break;
    case CQ_RUNTIME_KILL_SUCCESSOR: world->successor = NONE; break;
    case CQ_RUNTIME_QUIT:
        REQUIRE(world->stable != NONE && world->successor != NONE, "quit without a successor");
        world->stable = NONE;
        break;
    case CQ_RUNTIME_PROMOTE:
        REQUIRE(world->stable == NONE && world->successor != NONE, "promoted");
        world->stable = world->successor;
        world->successor = NONE;
        break;
    case CQ_RUNTIME_ARM_RETRY:
    case CQ_RUNTIME_ARM_REPLACEMENT:
        REQUIRE(!world->retry_at, "armed twice");
        REQUIRE(world->life.pause_s >= 0.1 && world->life.pause_s <= 5, "a pause of %f s",
                world->life.pause_s);
        world->retry_at = world->now + (cq_time)(world->life.pause_s * CQ_SECOND);
        break;
    case CQ_RUNTIME_CANCEL_RETRY: world->retry_at = 0; break;
    case CQ_RUNTIME_TELL_READY: world->told_ready = true; break;
    case CQ_RUNTIME_TELL_FAILED:
        REQUIRE(world->life.pause_s >= 1 && world->life.pause_s <= 30, "broken for %f s",
                world->life.pause_s);
        world->told_failed = true;
        break;
    case CQ_RUNTIME_TELL_FATAL: world->told_fatal = true; break;
    default: random_fail("action %d", action);
    }
}

static void apply(struct runtime_world *world, enum cq_runtime_event event)
{
    int before = (int)world->life.state;
    world->events++;
    const struct cq_rule *rule = cq_runtime_life_apply(&world->life, event, world->now);
    REQUIRE(rule, "%s is illegal in %s", cq_runtime_machine.events[event], cq_runtime_machine.states[before]);
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(world, rule->actions[i]);
}

/* What the shell believes is what the machine believes, and something will happen wherever one waits. */
static void check_invariants(const struct runtime_world *world)
{
    enum cq_runtime_state state = world->life.state;
    const char *name = cq_runtime_machine.states[state];
    bool stable = false, successor = false, timer = false;
    switch (state) {
    case CQ_RUNTIME_ABSENT:
    case CQ_RUNTIME_BROKEN:
    case CQ_RUNTIME_STOPPED: break;
    case CQ_RUNTIME_STARTING:
    case CQ_RUNTIME_READY:
    case CQ_RUNTIME_ENDING: stable = true; break;
    case CQ_RUNTIME_RELOADING:
    case CQ_RUNTIME_ENDING_RELOADING: stable = successor = true; break;
    case CQ_RUNTIME_PAUSED: timer = true; break;
    }
    if (state == CQ_RUNTIME_STOPPED)
        stable = world->stable != NONE, successor = world->successor != NONE;
    REQUIRE((world->stable != NONE) == stable, "%s: a stable: %d", name, world->stable);
    REQUIRE((world->successor != NONE) == successor, "%s: a successor: %d", name, world->successor);
    REQUIRE((world->retry_at != 0) == timer, "%s: a timer", name);
    REQUIRE(!cq_runtime_life_is_ready(&world->life) || world->stable == SERVING,
            "%s: it is ready without a stable that serves", name);
    REQUIRE(world->life.broken_until - world->now <= 30 * CQ_SECOND, "%s: broken for too long", name);
}

/* A job comes: it runs, fails, or waits for something that will happen. */
static void want(struct runtime_world *world)
{
    apply(world, CQ_RUNTIME_ON_WANTED);
    bool waits = !cq_runtime_life_refuses(&world->life) && !cq_runtime_life_is_ready(&world->life);
    REQUIRE(!waits || world->stable != NONE || world->retry_at, "a job waits for a runtime that is %s",
            cq_runtime_machine.states[world->life.state]);
    REQUIRE(world->life.state != CQ_RUNTIME_ABSENT, "a job did not start it");
}

static void stable_event(struct runtime_world *world, unsigned which)
{
    enum stable_process was = world->stable;
    switch (which) {
    case 0:
        if (was == STARTING) {
            world->stable = SERVING;
            apply(world, CQ_RUNTIME_ON_HELLO);
        }
        break;
    case 1: /* it refuses or is late */
        if (was == STARTING)
            apply(world, CQ_RUNTIME_ON_START_FAILED);
        break;
    case 2: /* it hangs */
        if (was == SERVING || was == STARTING) {
            world->stable = DYING;
            apply(world, CQ_RUNTIME_ON_GIVEN_UP);
        }
        break;
    default: /* it dies */
        if (was == NONE)
            break;
        world->stable = NONE;
        apply(world, was != DYING && random_below(2) ? CQ_RUNTIME_ON_KILLED : CQ_RUNTIME_ON_DIED);
        break;
    }
}

static void successor_event(struct runtime_world *world, unsigned which)
{
    if (world->successor == NONE)
        return;
    bool served = world->stable == SERVING;
    if (which == 0) {
        world->successor = SERVING;
        apply(world, CQ_RUNTIME_ON_SUCCESSOR_HELLO);
        REQUIRE(world->stable == SERVING, "after a reload nothing serves");
    } else {
        if (which == 1)
            world->successor = NONE; /* it died; else it refuses */
        apply(world, CQ_RUNTIME_ON_SUCCESSOR_FAILED);
        REQUIRE(!served || world->stable == SERVING, "a failed reload ended what served");
    }
}

static void reload(struct runtime_world *world)
{
    bool ready = cq_runtime_life_is_ready(&world->life);
    apply(world, CQ_RUNTIME_ON_RELOAD);
    REQUIRE(!ready || cq_runtime_life_is_ready(&world->life), "a reload interrupts service");
}

static void random_event(struct runtime_world *world)
{
    world->spawn_fails = random_below(10) == 0;
    switch (random_below(12)) {
    case 0:
    case 1: want(world); break;
    case 2:
    case 3:
    case 4:
    case 5: stable_event(world, random_below(4)); break;
    case 6:
    case 7: successor_event(world, random_below(3)); break;
    case 8: reload(world); break;
    case 9:
        if (world->retry_at) {
            world->now = world->now > world->retry_at ? world->now : world->retry_at;
            world->retry_at = 0;
            apply(world, CQ_RUNTIME_ON_RETRY_DUE);
        }
        break;
    default: world->now += (cq_time)random_below(20) * CQ_SECOND / 2; break;
    }
}

static void open_world(struct runtime_world *world, enum cq_runtime_start start)
{
    memset(world, 0, sizeof(*world));
    cq_runtime_life_init(&world->life, start);
    world->now = 1000 * CQ_SECOND;
    if (start == CQ_RUNTIME_WITH_WORKER) {
        world->stable = STARTING;
        apply(world, CQ_RUNTIME_ON_STARTED);
    }
}

/* Once everything works, whatever came before, a job is served within a minute. */
static void recover(struct runtime_world *world)
{
    world->spawn_fails = false;
    for (int i = 0; i < 100 && !cq_runtime_life_is_ready(&world->life); i++) {
        want(world);
        if (world->stable == STARTING)
            stable_event(world, 0);
        else if (world->stable == DYING)
            stable_event(world, 3);
        else if (world->retry_at) {
            world->now = world->retry_at;
            world->retry_at = 0;
            apply(world, CQ_RUNTIME_ON_RETRY_DUE);
        } else
            world->now += CQ_SECOND;
    }
    REQUIRE(cq_runtime_life_is_ready(&world->life), "it does not recover from %s",
            cq_runtime_machine.states[world->life.state]);
}

static void stop(struct runtime_world *world)
{
    apply(world, CQ_RUNTIME_ON_STOP);
    ck_assert_int_eq(world->life.state, CQ_RUNTIME_STOPPED);
    REQUIRE(!world->retry_at, "a timer is left");
    world->stable = world->successor = NONE; /* hung up */
    want(world);
    reload(world);
    apply(world, CQ_RUNTIME_ON_STOP);
    REQUIRE(world->stable == NONE && world->life.state == CQ_RUNTIME_STOPPED, "it starts again");
}

START_TEST(in_random_orders_nobody_waits_for_what_cannot_come)
{
    enum { EVENTS = 400000, LIFE = 200 };
    struct runtime_world world;
    random_begin("runtime");
    for (long events = 0; events < EVENTS; events += world.events) {
        open_world(&world, random_below(2) ? CQ_RUNTIME_WITH_WORKER : CQ_RUNTIME_ON_DEMAND);
        for (int i = 0; i < LIFE && world.life.state != CQ_RUNTIME_STOPPED; i++) {
            random_event(&world);
            check_invariants(&world);
        }
        REQUIRE(!world.told_fatal || (world.life.start == CQ_RUNTIME_WITH_WORKER && !world.told_ready),
                "the worker ends for a runtime that it had, or that nobody asked for");
        if (world.life.state != CQ_RUNTIME_STOPPED)
            recover(&world);
        stop(&world);
    }
}
END_TEST

static void assert_well_formed(const struct cq_machine *machine)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(machine, &at);
    ck_assert_msg(!fault, "%s: rule %zu: %s", machine->name, at, fault);
}

START_TEST(its_table_is_well_formed_and_decides_what_may_come_at_any_time)
{
    static const enum cq_runtime_event any_time[] = {CQ_RUNTIME_ON_WANTED, CQ_RUNTIME_ON_RELOAD,
                                                     CQ_RUNTIME_ON_STOP};
    assert_well_formed(&cq_runtime_machine);
    for (int state = 0; state < cq_runtime_machine.state_count; state++)
        for (size_t i = 0; i < sizeof(any_time) / sizeof(any_time[0]); i++)
            ck_assert_ptr_nonnull(cq_machine_rule(&cq_runtime_machine, state, (int)any_time[i], 0));
}
END_TEST

START_TEST(an_illegal_event_changes_nothing)
{
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_ON_DEMAND);
    static const enum cq_runtime_event illegal[] = {
        CQ_RUNTIME_ON_HELLO,     CQ_RUNTIME_ON_START_FAILED,    CQ_RUNTIME_ON_DIED,
        CQ_RUNTIME_ON_RETRY_DUE, CQ_RUNTIME_ON_SUCCESSOR_HELLO, CQ_RUNTIME_ON_GIVEN_UP};
    for (size_t i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
        ck_assert_ptr_null(cq_runtime_life_apply(&world.life, illegal[i], world.now));
    ck_assert_int_eq(world.life.state, CQ_RUNTIME_ABSENT);
    ck_assert_int_eq(world.life.failures, 0);
}
END_TEST

START_TEST(a_first_start_with_the_worker_that_fails_is_fatal)
{
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_WITH_WORKER);
    stable_event(&world, 1);
    ck_assert(world.told_fatal && world.life.state == CQ_RUNTIME_STOPPED);
}
END_TEST

START_TEST(one_that_the_worker_starts_is_tried_for_ever_once_it_was_ready)
{
    double last_s = 0;
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_WITH_WORKER);
    stable_event(&world, 0);
    stable_event(&world, 3);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(world.life.state, CQ_RUNTIME_PAUSED);
        ck_assert(world.life.pause_s >= last_s);
        last_s = world.life.pause_s;
        world.now = world.retry_at;
        world.retry_at = 0;
        apply(&world, CQ_RUNTIME_ON_RETRY_DUE);
        stable_event(&world, 1);
    }
    ck_assert(last_s > 4.9 && !world.told_failed);
}
END_TEST

START_TEST(one_that_does_not_start_fails_jobs_until_a_growing_pause_is_over)
{
    static const double pauses_s[] = {1, 2, 4, 8, 16, 30, 30};
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_ON_DEMAND);
    for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
        want(&world);
        ck_assert_int_eq(world.life.state, CQ_RUNTIME_STARTING);
        stable_event(&world, 1);
        ck_assert_int_eq(world.life.state, CQ_RUNTIME_BROKEN);
        ck_assert_double_eq_tol(world.life.pause_s, pauses_s[i], 1e-9);
        world.now = world.life.broken_until - 1;
        want(&world);
        ck_assert_int_eq(world.life.state, CQ_RUNTIME_BROKEN);
        world.now++;
    }
    reload(&world);
    want(&world);
    ck_assert_int_eq(world.life.state, CQ_RUNTIME_STARTING);
}
END_TEST

START_TEST(one_that_is_killed_as_it_starts_is_tried_five_times)
{
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_ON_DEMAND);
    want(&world);
    for (int i = 1; i < 5; i++) {
        world.stable = NONE;
        apply(&world, CQ_RUNTIME_ON_KILLED);
        ck_assert_int_eq(world.life.state, CQ_RUNTIME_PAUSED);
        world.retry_at = 0;
        apply(&world, CQ_RUNTIME_ON_RETRY_DUE);
    }
    world.stable = NONE;
    apply(&world, CQ_RUNTIME_ON_KILLED);
    ck_assert_int_eq(world.life.state, CQ_RUNTIME_BROKEN);
}
END_TEST

START_TEST(a_stable_that_served_long_is_replaced_soon)
{
    struct runtime_world world;
    open_world(&world, CQ_RUNTIME_ON_DEMAND);
    want(&world);
    stable_event(&world, 0);
    for (int i = 0; i < 3; i++) { /* each serves a moment */
        stable_event(&world, 3);
        world.retry_at = 0;
        apply(&world, CQ_RUNTIME_ON_RETRY_DUE);
        stable_event(&world, 0);
    }
    ck_assert_double_eq_tol(world.life.pause_s, 0.4, 1e-9);
    world.now += 11 * CQ_SECOND;
    stable_event(&world, 3);
    ck_assert_double_eq_tol(world.life.pause_s, 0.1, 1e-9);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("runtime_state");
    tcase_add_test(tc, its_table_is_well_formed_and_decides_what_may_come_at_any_time);
    tcase_add_test(tc, an_illegal_event_changes_nothing);
    tcase_add_test(tc, a_first_start_with_the_worker_that_fails_is_fatal);
    tcase_add_test(tc, one_that_the_worker_starts_is_tried_for_ever_once_it_was_ready);
    tcase_add_test(tc, one_that_does_not_start_fails_jobs_until_a_growing_pause_is_over);
    tcase_add_test(tc, one_that_is_killed_as_it_starts_is_tried_five_times);
    tcase_add_test(tc, a_stable_that_served_long_is_replaced_soon);
    tcase_add_test(tc, in_random_orders_nobody_waits_for_what_cannot_come);
    return suite_of("core/runtime_state", tc);
}
