/* The machine of a callback: what each event means, and a world in which its runtime gives horses or does
 * not, and horses answer, die, hang, or never come to be. */
#include "core/callback_state.h"

#include "tests/core/random_events.h"
#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_CALLBACK_##state
#define DO(action) CQ_CALLBACK_DO_##action
#define assert_rule(from, event, facts, to, ...) \
    check_rule(&cq_callback_machine, AT(from), AT(event), facts, AT(to), (const int[]){__VA_ARGS__, 0})

enum { EVENTS = 200000, LIFE = 40, FAIR_STEPS = 10 };

START_TEST(its_table_has_no_fault)
{
    check_table(&cq_callback_machine);
}
END_TEST

START_TEST(it_asks_for_a_horse_until_it_has_one_or_has_waited_too_long)
{
    assert_rule(WAITING, TRY, 0, ASKING, DO(ASK));
    assert_rule(ASKING, NO_HORSE, 0, WAITING, 0);
    assert_rule(WAITING, TIME_UP, 0, ASKING, DO(ARM_ASK), DO(ASK));
    assert_rule(ASKING, HORSE, 0, RUNNING, DO(ARM_LIMIT));
    assert_rule(WAITING, TIME_UP, CQ_CALLBACK_OVERDUE, OVER, DO(TELL_OVERDUE), DO(FREE));
    assert_rule(ASKING, UNAVAILABLE, 0, OVER, DO(TELL_UNAVAILABLE), DO(FREE));
    assert_rule(WAITING, UNAVAILABLE, 0, OVER, DO(TELL_UNAVAILABLE), DO(FREE));
    assert_rule(RUNNING, NOT_FORKED, 0, WAITING, DO(ARM_ASK));
}
END_TEST

START_TEST(a_runtime_that_changes_while_it_runs_or_asks_does_not_matter)
{
    for (int state = AT(ASKING); state <= AT(OVER); state++)
        check_rule(&cq_callback_machine, state, AT(TRY), 0, state, (const int[]){0});
}
END_TEST

START_TEST(its_answer_is_told_and_its_horse_has_some_seconds_to_go)
{
    assert_rule(RUNNING, ANSWER, 0, LEAVING, DO(ARM_LEAVE), DO(CLOSE_HORSE), DO(TELL_ANSWER));
    assert_rule(ENDING, ANSWER, 0, LEAVING, DO(ARM_LEAVE), DO(CLOSE_HORSE), DO(TELL_ANSWER));
    assert_rule(LEAVING, ANSWER, 0, LEAVING, 0);
    assert_rule(LEAVING, TIME_UP, 0, LEAVING, DO(KILL_HORSE));
    assert_rule(LEAVING, HORSE_GONE, 0, OVER, DO(FREE));
}
END_TEST

START_TEST(a_timeout_is_sigterm_then_sigkill_and_is_told_as_one)
{
    assert_rule(RUNNING, TIME_UP, 0, ENDING, DO(TERM_HORSE), DO(ARM_GRACE));
    assert_rule(ENDING, TIME_UP, 0, ENDING, DO(KILL_HORSE));
    assert_rule(ENDING, HORSE_GONE, 0, OVER, DO(TELL_TIMEOUT), DO(FREE));
    assert_rule(RUNNING, HORSE_GONE, 0, OVER, DO(TELL_DEATH), DO(FREE));
}
END_TEST

START_TEST(one_that_is_killed_ends_now_or_with_its_horse)
{
    assert_rule(WAITING, KILL, 0, OVER, DO(TELL_LEFT_OUT), DO(FREE));
    assert_rule(ASKING, KILL, 0, OVER, DO(TELL_LEFT_OUT), DO(FREE));
    assert_rule(RUNNING, KILL, 0, RUNNING, DO(KILL_HORSE));
    assert_rule(ENDING, KILL, 0, ENDING, DO(KILL_HORSE));
    assert_rule(LEAVING, KILL, 0, LEAVING, DO(KILL_HORSE));
}
END_TEST

/* ---- in any order ---- */

struct callback_world {
    enum cq_callback_state state;
    bool has_timeout;
    bool horse, killed;
    bool timer;
    bool overdue;
    bool fair; /* no runtime gives a horse any more */
    bool freed;
    int told;
    long events;
};

static void raise_event(struct callback_world *world, enum cq_callback_event event);

static void ask(struct callback_world *world)
{
    REQUIRE(!world->horse, "it asks for a second horse");
    unsigned answer = random_below(8);
    if (world->fair || answer < 4)
        raise_event(world, CQ_CALLBACK_NO_HORSE);
    else if (answer == 4)
        raise_event(world, CQ_CALLBACK_UNAVAILABLE);
    else {
        world->horse = true;
        world->killed = false;
        raise_event(world, CQ_CALLBACK_HORSE);
    }
}

static void perform(struct callback_world *world, enum cq_callback_action action)
{
    REQUIRE(!world->freed, "action %d after it was freed", (int)action);
    switch (action) {
    case CQ_CALLBACK_DO_ASK: ask(world); break;
    case CQ_CALLBACK_DO_ARM_LIMIT: world->timer = world->has_timeout; break;
    case CQ_CALLBACK_DO_ARM_ASK:
    case CQ_CALLBACK_DO_ARM_GRACE:
    case CQ_CALLBACK_DO_ARM_LEAVE: world->timer = true; break;
    case CQ_CALLBACK_DO_KILL_HORSE: world->killed = true; /* fall through */
    case CQ_CALLBACK_DO_TERM_HORSE:
    case CQ_CALLBACK_DO_CLOSE_HORSE: REQUIRE(world->horse, "action %d on no horse", (int)action); break;
    case CQ_CALLBACK_DO_FREE:
        REQUIRE(!world->horse, "freed while its horse lives");
        world->freed = true;
        break;
    default: world->told++; REQUIRE(world->told == 1, "told %d times", world->told);
    }
}

static void raise_event(struct callback_world *world, enum cq_callback_event event)
{
    const struct cq_rule *rule = cq_machine_rule(&cq_callback_machine, world->state, event,
                                                 world->overdue ? CQ_CALLBACK_OVERDUE : 0);
    REQUIRE(rule, "%s is illegal in %s", cq_callback_machine.events[event],
            cq_callback_machine.states[world->state]);
    world->events++;
    if (rule->next != CQ_SAME_STATE)
        world->state = rule->next;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(world, rule->actions[i]);
}

static const char *what_is_wrong(const struct callback_world *world)
{
    enum cq_callback_state state = world->state;
    if (world->freed != (state == AT(OVER)))
        return "it is over and not freed, or the other way round";
    if (world->told != (state >= AT(LEAVING)))
        return "its owner waits in vain, or was told too early";
    if (world->freed)
        return NULL;
    if (state == AT(ASKING))
        return "its question was never answered";
    if (world->horse != (state >= AT(RUNNING)))
        return "it runs without a horse, or waits with one";
    if (state == AT(WAITING) && !world->timer)
        return "it may wait for ever";
    if (state == AT(RUNNING) && world->has_timeout && !world->timer && !world->killed)
        return "nothing ends it at its timeout";
    if ((state == AT(ENDING) || state == AT(LEAVING)) && !world->timer && !world->killed)
        return "its horse may live for ever";
    return NULL;
}

static void horse_ends(struct callback_world *world, enum cq_callback_event event)
{
    world->horse = false;
    raise_event(world, event);
}

static void time_is_up(struct callback_world *world)
{
    world->timer = false;
    raise_event(world, CQ_CALLBACK_TIME_UP);
}

static void anything(struct callback_world *world)
{
    switch (random_below(16)) {
    case 0: raise_event(world, CQ_CALLBACK_KILL); break;
    case 1: world->overdue = world->overdue || random_below(8) == 0; break;
    case 2: world->horse ? horse_ends(world, CQ_CALLBACK_HORSE_GONE) : (void)0; break;
    case 3:
        if (world->state == AT(RUNNING) && !world->killed)
            horse_ends(world, CQ_CALLBACK_NOT_FORKED);
        break;
    case 4:
    case 5: world->horse ? raise_event(world, CQ_CALLBACK_ANSWER) : (void)0; break;
    case 6:
    case 7:
    case 8: world->timer ? time_is_up(world) : (void)0; break;
    default: raise_event(world, CQ_CALLBACK_TRY);
    }
}

/* Nothing happens any more but its timers; SIGKILL ends a horse. One without a timeout ends by itself. */
static void let_time_pass(struct callback_world *world)
{
    world->fair = world->overdue = true;
    for (int steps = 0; !world->freed; steps++) {
        REQUIRE(steps < FAIR_STEPS, "it does not end: it is %s", cq_callback_machine.states[world->state]);
        if (world->horse && (world->killed || !world->timer))
            horse_ends(world, CQ_CALLBACK_HORSE_GONE);
        else
            time_is_up(world);
    }
}

START_TEST(its_owner_is_told_once_and_it_always_ends_in_any_order_of_events)
{
    random_begin("callback");
    for (long events = 0; events < EVENTS;) {
        struct callback_world world = {.has_timeout = random_below(4), .timer = true};
        raise_event(&world, CQ_CALLBACK_TRY); /* as it is started */
        for (int i = 0; i < LIFE && !world.freed; i++) {
            anything(&world);
            const char *wrong = what_is_wrong(&world);
            REQUIRE(!wrong, "%s: it is %s", wrong, cq_callback_machine.states[world.state]);
        }
        let_time_pass(&world);
        REQUIRE(!what_is_wrong(&world), "%s", what_is_wrong(&world));
        events += world.events;
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("callback_state");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, its_table_has_no_fault);
    tcase_add_test(tcase, it_asks_for_a_horse_until_it_has_one_or_has_waited_too_long);
    tcase_add_test(tcase, a_runtime_that_changes_while_it_runs_or_asks_does_not_matter);
    tcase_add_test(tcase, its_answer_is_told_and_its_horse_has_some_seconds_to_go);
    tcase_add_test(tcase, a_timeout_is_sigterm_then_sigkill_and_is_told_as_one);
    tcase_add_test(tcase, one_that_is_killed_ends_now_or_with_its_horse);
    tcase_add_test(tcase, its_owner_is_told_once_and_it_always_ends_in_any_order_of_events);
    return suite_of("core/callback_state", tcase);
}
