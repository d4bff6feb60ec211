/* The machine of a worker process: what each event means, and a world in which Redis comes, hangs and
 * suspends, jobs end or do not, and signals come at any time. */
#include "core/process_state.h"

#include "tests/core/random_events.h"
#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"

#define AT(state) CQ_PROCESS_##state
#define DO(action) CQ_PROCESS_DO_##action
#define assert_rule(from, event, facts, to, ...) \
    check_rule(&cq_process_machine, AT(from), AT(event), facts, AT(to), (const int[]){__VA_ARGS__, 0})

enum { EVENTS = 200000, LIFE = 60, FAIR_STEPS = 20, WORKERS_MAX = 3 };

static void check_same(int first, int last, int event, const int *actions)
{
    for (int state = first; state <= last; state++)
        check_rule(&cq_process_machine, state, event, 0, state, actions);
}

START_TEST(its_table_has_no_fault)
{
    check_table(&cq_process_machine);
}
END_TEST

START_TEST(it_begins_once_when_all_is_prepared)
{
    assert_rule(CONNECTING, CONNECTED, 0, CONNECTING, DO(LOOK));
    assert_rule(CONNECTING, PREPARED, 0, CONNECTING, 0);
    assert_rule(CONNECTING, LOOKED, 0, PREPARING, DO(SAY_STARTED), DO(TRY_BEGIN));
    assert_rule(PREPARING, PREPARED, 0, PREPARING, 0);
    assert_rule(PREPARING, CONNECTED, 0, PREPARING, DO(LOOK));
    assert_rule(PREPARING, LOOKED, 0, PREPARING, DO(TRY_BEGIN));
    assert_rule(PREPARING, PREPARED, CQ_PROCESS_ALL_PREPARED, RUNNING, DO(BEGIN));
    check_same(AT(RUNNING), AT(LAST), AT(PREPARED), (const int[]){0});
    check_same(AT(RUNNING), AT(LAST), AT(LOOKED), (const int[]){0});
    check_same(AT(RUNNING), AT(LAST), AT(CONNECTED), (const int[]){DO(RECONNECTED), 0});
}
END_TEST

START_TEST(idle_workers_fetch_unless_they_are_suspended_or_not_registered)
{
    check_same(AT(CONNECTING), AT(PREPARING), AT(WORK), (const int[]){0});
    assert_rule(RUNNING, WORK, 0, RUNNING, DO(WAKE));
    assert_rule(SUSPENDED, WORK, 0, SUSPENDED, 0);
    check_same(AT(LEAVING), AT(LAST), AT(WORK), (const int[]){DO(WAKE), 0});
}
END_TEST

START_TEST(a_suspension_ends_when_it_is_taken_back)
{
    assert_rule(RUNNING, FOUND_SUSPENDED, 0, SUSPENDED, DO(SAY_SUSPENDED));
    assert_rule(SUSPENDED, FOUND_SUSPENDED, 0, SUSPENDED, DO(SHOW_SUSPENDED));
    assert_rule(SUSPENDED, RESUMED, 0, RUNNING, DO(SAY_RESUMED), DO(WAKE));
    check_same(AT(LEAVING), AT(LAST), AT(FOUND_SUSPENDED), (const int[]){0});
    check_same(AT(LEAVING), AT(LAST), AT(RESUMED), (const int[]){0});
    check_same(AT(RUNNING), AT(RUNNING), AT(RESUMED), (const int[]){0});
    check_same(AT(CONNECTING), AT(PREPARING), AT(RESUMED), (const int[]){0});
    check_same(AT(CONNECTING), AT(PREPARING), AT(FOUND_SUSPENDED), (const int[]){0});
}
END_TEST

START_TEST(a_signal_is_a_warm_shutdown)
{
    for (int state = AT(CONNECTING); state <= AT(PREPARING); state++)
        check_rule(&cq_process_machine, state, AT(SIGNAL), 0, AT(STOPPING),
                   (const int[]){DO(BEGIN_WARM), DO(STOP_PARTS), DO(STOP_WORKERS), DO(CHECK_END), 0});
    for (int state = AT(RUNNING); state <= AT(LEAVING); state++)
        check_rule(&cq_process_machine, state, AT(SIGNAL), 0, AT(STOPPING),
                   (const int[]){DO(BEGIN_WARM), DO(SAY_ONCE_MORE), DO(STOP_PARTS), DO(STOP_WORKERS),
                                 DO(CHECK_END), 0});
    for (int state = AT(CONNECTING); state <= AT(SUSPENDED); state++)
        check_rule(&cq_process_machine, state, AT(LEAVE), 0, AT(LEAVING),
                   (const int[]){DO(SAY_LEAVING), DO(STOP_WORKERS), 0});
    check_same(AT(LEAVING), AT(LAST), AT(LEAVE), (const int[]){0});
}
END_TEST

START_TEST(a_second_signal_is_a_cold_one_unless_it_comes_within_a_second)
{
    for (int state = AT(STOPPING); state <= AT(LAST); state++)
        check_rule(&cq_process_machine, state, AT(SIGNAL), CQ_PROCESS_TOO_SOON, state,
                   (const int[]){DO(SAY_TOO_SOON), 0});
    assert_rule(STOPPING, SIGNAL, 0, COLD, DO(SAY_COLD), DO(KILL_JOBS), DO(DROP_PARTS), DO(CHECK_END),
                DO(ARM_GIVE_UP));
    assert_rule(ENDING, SIGNAL, 0, COLD, DO(SAY_COLD), DO(KILL_JOBS), DO(DROP_PARTS), DO(CHECK_END),
                DO(ARM_GIVE_UP));
    check_same(AT(COLD), AT(LAST), AT(SIGNAL), (const int[]){0});
}
END_TEST

START_TEST(the_deadline_of_a_warm_shutdown_ends_its_jobs)
{
    assert_rule(STOPPING, DEADLINE, 0, ENDING, DO(SAY_DEADLINE), DO(END_JOBS), DO(DROP_PARTS), DO(CHECK_END),
                DO(ARM_GIVE_UP));
    check_same(AT(CONNECTING), AT(LEAVING), AT(DEADLINE), (const int[]){0});
    check_same(AT(ENDING), AT(LAST), AT(DEADLINE), (const int[]){0});
}
END_TEST

START_TEST(a_redis_that_does_not_answer_keeps_it_for_some_seconds)
{
    assert_rule(ENDING, GIVE_UP, 0, LAST, DO(ABANDON_WORKERS), DO(ARM_LAST));
    assert_rule(COLD, GIVE_UP, 0, LAST, DO(ABANDON_WORKERS), DO(ARM_LAST));
    assert_rule(LAST, GIVE_UP, 0, LAST, DO(SAY_NO_ANSWER), DO(BREAK));
    check_same(AT(CONNECTING), AT(STOPPING), AT(GIVE_UP), (const int[]){0});
}
END_TEST

START_TEST(a_name_that_is_taken_ends_it_after_its_other_workers_have_said_so)
{
    for (int state = AT(CONNECTING); state <= AT(STOPPING); state++)
        check_rule(&cq_process_machine, state, AT(REFUSED), 0, AT(COLD),
                   (const int[]){DO(STOP_WORKERS), DO(ARM_GIVE_UP), 0});
    check_same(AT(ENDING), AT(LAST), AT(REFUSED), (const int[]){0});
}
END_TEST

/* ---- in any order ---- */

struct process_world {
    enum cq_process_state state;
    bool has_timeout; /* --shutdown-timeout */
    bool redis_hangs; /* what it is told is never answered */
    bool prepared, begun;
    bool looking;
    bool resume_timer, deadline, give_up;
    bool stopped; /* the workers were told to stop */
    int workers, jobs;
    bool parts; /* webhooks and callbacks still run */
    bool broken;
    bool too_soon;
    long events;
};

static void raise_event(struct process_world *world, enum cq_process_event event);

static void check_end(struct process_world *world)
{
    if (!world->workers && (!world->parts || cq_process_is_ending(world->state)))
        world->broken = true;
}

/* Those without a job, once they were told to; Redis has to hear of it. */
static void workers_go(struct process_world *world)
{
    if (world->redis_hangs || !world->stopped)
        return;
    while (world->workers > world->jobs && !world->broken) {
        world->workers--;
        check_end(world);
    }
}

static void abandon_workers(struct process_world *world)
{
    world->jobs = 0;
    world->stopped = true;
    workers_go(world);
}

static void begin(struct process_world *world)
{
    REQUIRE(world->prepared, "it begins before all is prepared");
    REQUIRE(!world->begun, "it begins twice");
    world->begun = true;
}

static void perform(struct process_world *world, enum cq_process_action action)
{
    switch (action) {
    case CQ_PROCESS_DO_LOOK: world->looking = true; break;
    case CQ_PROCESS_DO_TRY_BEGIN: raise_event(world, CQ_PROCESS_PREPARED); break;
    case CQ_PROCESS_DO_BEGIN: begin(world); break;
    case CQ_PROCESS_DO_WAKE:
        REQUIRE(world->state != AT(SUSPENDED), "workers fetch while they are suspended");
        break;
    case CQ_PROCESS_DO_SAY_SUSPENDED:
        REQUIRE(!world->resume_timer, "suspended twice");
        world->resume_timer = true;
        break;
    case CQ_PROCESS_DO_BEGIN_WARM: world->deadline = world->has_timeout; break;
    case CQ_PROCESS_DO_STOP_WORKERS: world->stopped = true; break;
    case CQ_PROCESS_DO_END_JOBS:
    case CQ_PROCESS_DO_KILL_JOBS: world->jobs = 0; break;
    case CQ_PROCESS_DO_DROP_PARTS: world->parts = false; break;
    case CQ_PROCESS_DO_ABANDON_WORKERS: abandon_workers(world); break;
    case CQ_PROCESS_DO_ARM_GIVE_UP:
        world->deadline = false;
        world->give_up = true;
        break;
    case CQ_PROCESS_DO_ARM_LAST: world->give_up = true; break;
    case CQ_PROCESS_DO_CHECK_END: check_end(world); break;
    case CQ_PROCESS_DO_BREAK: world->broken = true; break;
    default: break;
    }
}

static void raise_event(struct process_world *world, enum cq_process_event event)
{
    bool prepared = event == CQ_PROCESS_PREPARED && world->prepared;
    uint32_t facts = (prepared ? CQ_PROCESS_ALL_PREPARED : 0) | (world->too_soon ? CQ_PROCESS_TOO_SOON : 0);
    enum cq_process_state before = world->state;
    const struct cq_rule *rule = cq_machine_rule(&cq_process_machine, before, event, facts);
    REQUIRE(rule, "%s is illegal in %s", cq_process_machine.events[event], cq_process_machine.states[before]);
    world->events++;
    if (rule->next != CQ_SAME_STATE)
        world->state = rule->next;
    REQUIRE(!cq_process_is_stopping(before) || world->state >= before, "%s takes a shutdown back",
            cq_process_machine.events[event]);
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(world, rule->actions[i]);
}

static const char *what_is_wrong(const struct process_world *world)
{
    enum cq_process_state state = world->state;
    if (world->broken)
        return NULL;
    if ((state == AT(RUNNING) || state == AT(SUSPENDED)) != (world->begun && !cq_process_is_stopping(state)))
        return "it runs and has not begun, or the other way round";
    if (state == AT(SUSPENDED) && !world->resume_timer)
        return "nothing asks whether it is resumed";
    if (cq_process_is_stopping(state) && !world->stopped)
        return "its workers do not know of the shutdown";
    if (state == AT(STOPPING) && world->has_timeout && !world->deadline)
        return "no deadline ends the shutdown";
    if (cq_process_is_ending(state) && !world->give_up)
        return "nothing gives it up";
    if (cq_process_is_ending(state) && state != AT(COLD) && world->deadline)
        return "a second deadline may come";
    return NULL;
}

/* ---- what may happen ---- */

static void timer(struct process_world *world, bool *armed, enum cq_process_event event)
{
    if (!*armed)
        return;
    *armed = false;
    raise_event(world, event);
}

static void job_ends(struct process_world *world)
{
    if (world->jobs)
        world->jobs--;
    workers_go(world);
}

static void send_signal(struct process_world *world, bool too_soon)
{
    world->too_soon = too_soon && world->state >= AT(STOPPING);
    raise_event(world, CQ_PROCESS_SIGNAL);
    world->too_soon = false;
    workers_go(world);
}

static void start_job(struct process_world *world)
{
    if (world->begun && !world->stopped && world->jobs < world->workers)
        world->jobs++;
}

static void anything(struct process_world *world)
{
    switch (random_below(24)) {
    case 0: send_signal(world, random_below(2)); break;
    case 1: raise_event(world, CQ_PROCESS_LEAVE); break;
    case 2: timer(world, &world->deadline, CQ_PROCESS_DEADLINE); break;
    case 3: timer(world, &world->give_up, CQ_PROCESS_GIVE_UP); break;
    case 4: random_below(8) ? (void)0 : raise_event(world, CQ_PROCESS_REFUSED); break;
    case 5:
    case 6: raise_event(world, CQ_PROCESS_FOUND_SUSPENDED); break;
    case 7:
    case 8: timer(world, &world->resume_timer, CQ_PROCESS_RESUMED); break;
    case 9: world->parts = !world->parts && !cq_process_is_ending(world->state); break;
    case 10: world->redis_hangs = random_below(4) == 0; break;
    case 11: world->prepared = random_below(2); break;
    case 12:
    case 13: raise_event(world, CQ_PROCESS_PREPARED); break;
    case 14:
    case 15:
    case 16: timer(world, &world->looking, CQ_PROCESS_LOOKED); break;
    case 17: raise_event(world, CQ_PROCESS_CONNECTED); break;
    case 18:
    case 19: start_job(world); break;
    case 20: job_ends(world); break;
    default: raise_event(world, CQ_PROCESS_WORK);
    }
}

/* After a signal: jobs end and all is answered; or nothing is, and the timers and a second signal end it. */
static void shut_down(struct process_world *world)
{
    bool all_ends = random_below(2);
    if (world->state < AT(STOPPING))
        send_signal(world, false);
    if (all_ends)
        world->redis_hangs = world->parts = false;
    for (int steps = 0; !world->broken; steps++) {
        REQUIRE(steps < FAIR_STEPS, "the shutdown does not end: it is %s",
                cq_process_machine.states[world->state]);
        if (all_ends && world->workers)
            job_ends(world);
        else if (all_ends)
            check_end(world); /* as the last part to end has it checked */
        else if (world->give_up)
            timer(world, &world->give_up, CQ_PROCESS_GIVE_UP);
        else if (world->deadline)
            timer(world, &world->deadline, CQ_PROCESS_DEADLINE);
        else
            send_signal(world, false);
        REQUIRE(!what_is_wrong(world), "%s", what_is_wrong(world));
    }
}

START_TEST(it_begins_when_all_is_prepared_and_every_shutdown_ends_in_any_order_of_events)
{
    random_begin("process");
    for (long events = 0; events < EVENTS;) {
        struct process_world world = {.has_timeout = random_below(2),
                                      .workers = 1 + (int)random_below(WORKERS_MAX)};
        raise_event(&world, CQ_PROCESS_CONNECTED);
        for (int i = 0; i < LIFE && !world.broken; i++) {
            anything(&world);
            const char *wrong = what_is_wrong(&world);
            REQUIRE(!wrong, "%s: it is %s", wrong, cq_process_machine.states[world.state]);
        }
        shut_down(&world);
        events += world.events;
    }
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("process_state");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, its_table_has_no_fault);
    tcase_add_test(tcase, it_begins_once_when_all_is_prepared);
    tcase_add_test(tcase, idle_workers_fetch_unless_they_are_suspended_or_not_registered);
    tcase_add_test(tcase, a_suspension_ends_when_it_is_taken_back);
    tcase_add_test(tcase, a_signal_is_a_warm_shutdown);
    tcase_add_test(tcase, a_second_signal_is_a_cold_one_unless_it_comes_within_a_second);
    tcase_add_test(tcase, the_deadline_of_a_warm_shutdown_ends_its_jobs);
    tcase_add_test(tcase, a_redis_that_does_not_answer_keeps_it_for_some_seconds);
    tcase_add_test(tcase, a_name_that_is_taken_ends_it_after_its_other_workers_have_said_so);
    tcase_add_test(tcase, it_begins_when_all_is_prepared_and_every_shutdown_ends_in_any_order_of_events);
    return suite_of("core/process_state", tcase);
}
