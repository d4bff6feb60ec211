/* How many slots a process has, in a world of slots that register, end and cannot be made. */
#include "core/resize_state.h"

#include <check.h>
#include <string.h>

#include "tests/core/random_events.h"
#include "tests/support/suite.h"

enum { MOST = 10 };

struct resize_world {
    struct cq_resize_count count;
    int active;       /* slots that work, or are to */
    int unregistered; /* of them */
    bool armed;       /* the timer */
    bool stopping, replaces, burst;
    bool add_fails; /* the next slot cannot be made */
    int told_ready, told_max_jobs;
    long events;
};

static void apply(struct resize_world *world, enum cq_resize_event event, uint32_t facts);

static void add(struct resize_world *world)
{
    while (cq_resize_count_adds(&world->count, world->active, world->stopping)) {
        if (world->add_fails) {
            apply(world, CQ_RESIZE_ON_NOT_ADDED, 0);
            return;
        }
        world->active++;
        world->unregistered++;
    }
}

static void perform(struct resize_world *world, int action)
{
    switch (action) {
    case CQ_RESIZE_TELL_READY: world->told_ready++; break;
    case CQ_RESIZE_TELL_MAX_JOBS: world->told_max_jobs++; break;
    case CQ_RESIZE_COUNT: break;
    case CQ_RESIZE_ARM_NOW:
    case CQ_RESIZE_ARM_LATER:
        REQUIRE(!world->armed, "armed twice");
        world->armed = true;
        break;
    case CQ_RESIZE_ADD: add(world); break;
    default: random_fail("action %d", action);
    }
}

static void apply(struct resize_world *world, enum cq_resize_event event, uint32_t facts)
{
    int before = (int)world->count.state;
    if (world->stopping)
        facts |= CQ_RESIZE_STOPPING;
    const struct cq_rule *rule = cq_resize_count_apply(&world->count, event, facts);
    REQUIRE(rule, "%s is illegal in %s", cq_resize_machine.events[event], cq_resize_machine.states[before]);
    world->events++;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(world, rule->actions[i]);
}

static void slot_ended(struct resize_world *world, bool registered, bool max_jobs)
{
    world->active--;
    world->unregistered -= !registered;
    apply(world, CQ_RESIZE_ON_SLOT_ENDED,
          (world->replaces ? CQ_RESIZE_REPLACES : 0) | (world->burst ? CQ_RESIZE_BURST : 0) |
              (max_jobs ? CQ_RESIZE_MAX_JOBS : 0) | (registered ? CQ_RESIZE_REGISTERED : 0) |
              (world->active < world->count.wanted ? CQ_RESIZE_WANTED : 0));
}

static void resize(struct resize_world *world, int wanted)
{
    int more = cq_resize_count_to(&world->count, wanted, world->active);
    if (more > 0)
        world->unregistered += more;
    world->active = wanted;
    if (world->unregistered > world->active)
        world->unregistered = world->active;
}

static void due(struct resize_world *world)
{
    world->armed = false;
    apply(world, CQ_RESIZE_ON_DUE, 0);
}

static void random_event(struct resize_world *world)
{
    int registered = world->active - world->unregistered;
    world->add_fails = random_below(4) == 0;
    switch (random_below(6)) {
    case 0:
        if (world->unregistered) {
            world->unregistered--;
            apply(world, CQ_RESIZE_ON_REGISTERED, 0);
        }
        break;
    case 1:
        if (registered)
            slot_ended(world, true, random_below(2));
        break;
    case 2:
        if (world->unregistered && random_below(2))
            slot_ended(world, false, false);
        break;
    case 3:
        if (!world->stopping && random_below(4) == 0)
            resize(world, 1 + (int)random_below(MOST));
        break;
    case 4:
        if (world->armed)
            due(world);
        break;
    default: world->stopping = world->stopping || random_below(200) == 0; break;
    }
}

static void check_invariants(const struct resize_world *world)
{
    REQUIRE(world->armed == cq_resize_count_is_short(&world->count), "%s, and the timer is %d",
            cq_resize_machine.states[world->count.state], world->armed);
    REQUIRE((world->count.missing > 0) == world->armed, "%d are missing", world->count.missing);
    REQUIRE(world->active <= world->count.wanted, "%d of %d slots", world->active, world->count.wanted);
    REQUIRE(world->told_ready <= 1, "it was ready twice");
    REQUIRE(!world->replaces || world->burst || world->stopping || world->armed ||
                world->active == world->count.wanted,
            "%d of %d slots, for ever", world->active, world->count.wanted);
    REQUIRE(!world->replaces || !world->told_max_jobs, "the process is replaced, and its slots, too");
}

START_TEST(in_random_orders_a_process_has_as_many_slots_as_are_wanted_or_will)
{
    enum { EVENTS = 100000, LIFE = 200 };
    struct resize_world world;
    random_begin("resize");
    for (long events = 0; events < EVENTS; events += world.events) {
        memset(&world, 0, sizeof(world));
        world.replaces = random_below(4) > 0;
        world.burst = random_below(4) == 0;
        world.count.wanted = world.active = world.unregistered = 1 + (int)random_below(MOST);
        for (int i = 0; i < LIFE; i++) {
            random_event(&world);
            check_invariants(&world);
        }
        world.add_fails = false;
        if (world.armed)
            due(&world);
        REQUIRE(!world.armed, "a slot that can be made is not");
    }
}
END_TEST

START_TEST(its_table_is_well_formed)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(&cq_resize_machine, &at);
    ck_assert_msg(!fault, "rule %zu: %s", at, fault);
    for (int state = 0; state < cq_resize_machine.state_count; state++) {
        ck_assert_ptr_nonnull(cq_machine_rule(&cq_resize_machine, state, CQ_RESIZE_ON_REGISTERED, 0));
        ck_assert_ptr_nonnull(cq_machine_rule(&cq_resize_machine, state, CQ_RESIZE_ON_SLOT_ENDED, 0));
    }
    ck_assert_ptr_null(cq_machine_rule(&cq_resize_machine, CQ_RESIZE_STEADY, CQ_RESIZE_ON_DUE, 0));
}
END_TEST

START_TEST(one_that_could_not_register_is_replaced_later_and_another_at_once)
{
    struct cq_resize_count count = {.state = CQ_RESIZE_STEADY, .wanted = 2};
    uint32_t facts = CQ_RESIZE_REPLACES | CQ_RESIZE_WANTED;
    const struct cq_rule *rule = cq_resize_count_apply(&count, CQ_RESIZE_ON_SLOT_ENDED, facts);
    ck_assert_int_eq(rule->actions[1], CQ_RESIZE_ARM_LATER);
    count = (struct cq_resize_count){.state = CQ_RESIZE_STEADY, .wanted = 2};
    rule = cq_resize_count_apply(&count, CQ_RESIZE_ON_SLOT_ENDED, facts | CQ_RESIZE_REGISTERED);
    ck_assert_int_eq(rule->actions[1], CQ_RESIZE_ARM_NOW);
    ck_assert_int_eq(count.missing, 1);
}
END_TEST

START_TEST(it_is_ready_once_when_all_are_registered)
{
    struct cq_resize_count count = {.wanted = 2};
    ck_assert_int_eq(cq_resize_count_apply(&count, CQ_RESIZE_ON_REGISTERED, 0)->actions[0], 0);
    ck_assert_int_eq(cq_resize_count_apply(&count, CQ_RESIZE_ON_REGISTERED, 0)->actions[0],
                     CQ_RESIZE_TELL_READY);
    ck_assert_int_eq(cq_resize_count_apply(&count, CQ_RESIZE_ON_REGISTERED, 0)->actions[0], 0);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("resize_state");
    tcase_add_test(tc, its_table_is_well_formed);
    tcase_add_test(tc, one_that_could_not_register_is_replaced_later_and_another_at_once);
    tcase_add_test(tc, it_is_ready_once_when_all_are_registered);
    tcase_add_test(tc, in_random_orders_a_process_has_as_many_slots_as_are_wanted_or_will);
    return suite_of("core/resize_state", tc);
}
