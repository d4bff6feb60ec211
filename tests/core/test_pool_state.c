/* The machine of a pool's position, in a world of processes that start, end, grow old and are resized. */
#include "core/pool_state.h"

#include <check.h>
#include <string.h>

#include "tests/core/pool_world.h"
#include "tests/support/suite.h"

/* Where one waits, something comes: a process lives, or a time that is near. */
static void check_position(const struct pool_world *world, const struct pool_position *position)
{
    const char *name = cq_position_machine.states[position->life.state];
    bool process = position->process != NONE, successor = position->successor != NONE;
    switch (position->life.state) {
    case CQ_POSITION_WAITING:
        REQUIRE(!process && !successor && position->life.start_at <= world->now + 30 * CQ_SECOND,
                "it waits for nothing");
        REQUIRE(!world->stopping, "it waits although the pool ends");
        break;
    case CQ_POSITION_STARTING:
    case CQ_POSITION_READY:
    case CQ_POSITION_RETIRING:
    case CQ_POSITION_STOPPING: REQUIRE(process && !successor, "%s: %d, %d", name, process, successor); break;
    case CQ_POSITION_RENEWING: REQUIRE(process && successor, "%s: %d, %d", name, process, successor); break;
    case CQ_POSITION_OVER:
        REQUIRE(!process && !successor, "it is over, with a process");
        REQUIRE(world->burst || world->stopping, "it is over, and the pool is not");
        break;
    }
}

static void check_world(struct pool_world *world)
{
    bool all = true;
    REQUIRE(world->stopping || world->count == world->wanted, "%d positions for %d workers", world->count,
            world->wanted);
    for (int i = 0; i < world->count; i++) {
        check_position(world, &world->positions[i]);
        all = all && world->positions[i].process == READY;
    }
    world->ready = world->ready || all;
}

static void resize(struct pool_world *world, int wanted)
{
    if (world->stopping)
        return;
    world->wanted = wanted;
    for (; world->count < wanted; world->count++) {
        memset(&world->positions[world->count], 0, sizeof(world->positions[0]));
        cq_position_init(&world->positions[world->count].life, world->now);
    }
    for (; world->count > wanted; world->count--) {
        struct pool_position *position = &world->positions[world->count - 1];
        apply(world, position, CQ_POSITION_ON_REMOVE, 0);
        REQUIRE(position->life.state == CQ_POSITION_OVER && !position->process && !position->successor,
                "a position that is not wanted keeps a process");
    }
}

static uint32_t random_end(const struct pool_world *world, const struct pool_position *position)
{
    uint32_t burst = world->burst ? CQ_POSITION_BURST : 0;
    switch (random_below(6)) {
    case 0:
    case 1: return burst | CQ_POSITION_WELL;
    case 2: return burst | (position->process == STARTING ? CQ_POSITION_REFUSED : 0);
    case 3: return burst | (world->ready || random_below(20) ? 0 : CQ_POSITION_HOPELESS);
    default: return burst;
    }
}

static void process_event(struct pool_world *world, struct pool_position *position, unsigned which)
{
    if (position->process == NONE)
        return;
    if (which == 0) {
        position->process = READY;
        apply(world, position, CQ_POSITION_ON_READY, 0);
    } else if (which == 1 && position->process == READY) {
        apply(world, position, CQ_POSITION_ON_MAX_JOBS, 0);
    } else if (which == 2 && cq_position_may_renew(&position->life, world->now) && !world->stopping) {
        apply(world, position, CQ_POSITION_ON_RENEW, 0);
        REQUIRE(position->process == READY, "a renewal ended what works");
    } else if (which == 3) {
        bool had_successor = position->successor != NONE;
        uint32_t facts = random_end(world, position);
        position->process = NONE;
        apply(world, position, CQ_POSITION_ON_ENDED, facts);
        REQUIRE(!had_successor || position->process != NONE, "the successor is lost");
    }
}

static void successor_event(struct pool_world *world, struct pool_position *position, bool ready)
{
    if (position->successor == NONE)
        return;
    if (ready) {
        position->successor = READY;
        apply(world, position, CQ_POSITION_ON_SUCCESSOR_READY, 0);
    } else {
        position->successor = NONE;
        apply(world, position, CQ_POSITION_ON_SUCCESSOR_FAILED, 0);
    }
    REQUIRE(position->process == READY, "after a renewal nothing works");
}

static void start_due(struct pool_world *world)
{
    for (int i = 0; i < world->count; i++) {
        cq_time due_at = cq_position_due_at(&world->positions[i].life);
        if (due_at && due_at <= world->now && !world->stopping)
            apply(world, &world->positions[i], CQ_POSITION_ON_DUE, 0);
    }
}

static void random_event(struct pool_world *world)
{
    struct pool_position *position = &world->positions[random_below((unsigned)world->count)];
    world->spawn_fails = random_below(10) == 0;
    switch (random_below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: process_event(world, position, random_below(4)); break;
    case 4:
    case 5: successor_event(world, position, random_below(2)); break;
    case 6:
        if (random_below(4) == 0)
            resize(world, 1 + (int)random_below(MOST));
        break;
    case 7: world->leaving = world->leaving ? world->leaving - 1 : 0; break;
    default:
        world->now += (cq_time)random_below(random_below(10) ? 5 : 100) * CQ_SECOND;
        start_due(world);
        break;
    }
}

static void open_world(struct pool_world *world)
{
    memset(world, 0, sizeof(*world));
    world->now = 1000 * CQ_SECOND;
    world->burst = random_below(4) == 0;
    resize(world, 1 + (int)random_below(MOST));
}

/* With nothing that fails any more, each position of a pool has a process that works, soon. */
static void recover(struct pool_world *world)
{
    world->spawn_fails = false;
    for (int at = 0; at < 40; at++, world->now += CQ_SECOND) {
        start_due(world);
        for (int i = 0; i < world->count; i++) {
            successor_event(world, &world->positions[i], true);
            if (world->positions[i].process == STARTING)
                process_event(world, &world->positions[i], 0);
        }
    }
    for (int i = 0; i < world->count; i++)
        REQUIRE(world->positions[i].process == READY || world->positions[i].life.state == CQ_POSITION_OVER,
                "a position stays %s", cq_position_machine.states[world->positions[i].life.state]);
}

static void end(struct pool_world *world)
{
    stop(world);
    start_due(world);
    for (int i = 0; i < world->count; i++) {
        struct pool_position *position = &world->positions[i];
        apply(world, position, CQ_POSITION_ON_STOP, 0); /* a second signal */
        if (position->process != NONE)
            process_event(world, position, 3);
        REQUIRE(position->life.state == CQ_POSITION_OVER && position->process == NONE &&
                    position->successor == NONE,
                "a pool that ends leaves a position %s", cq_position_machine.states[position->life.state]);
    }
}

START_TEST(in_random_orders_each_position_has_a_process_or_gets_one)
{
    enum { EVENTS = 300000, LIFE = 300 };
    struct pool_world world;
    random_begin("pool");
    for (long events = 0; events < EVENTS; events += world.events) {
        open_world(&world);
        for (int i = 0; i < LIFE && !world.stopping; i++) {
            random_event(&world);
            check_world(&world);
        }
        REQUIRE(!world.failed || world.burst, "a pool that is not in burst mode has failed");
        if (!world.stopping)
            recover(&world);
        end(&world);
    }
}
END_TEST

START_TEST(its_table_is_well_formed_and_decides_what_may_come_at_any_time)
{
    size_t at = 0;
    const char *fault = cq_machine_fault(&cq_position_machine, &at);
    ck_assert_msg(!fault, "rule %zu: %s", at, fault);
    for (int state = 0; state < cq_position_machine.state_count; state++)
        ck_assert_ptr_nonnull(cq_machine_rule(&cq_position_machine, state, CQ_POSITION_ON_STOP, 0));
}
END_TEST

static struct pool_world one;

static struct pool_position *open_one(bool burst)
{
    memset(&one, 0, sizeof(one));
    one.now = 1000 * CQ_SECOND;
    one.burst = burst;
    resize(&one, 1);
    start_due(&one);
    return &one.positions[0];
}

static void has_ended(struct pool_position *position, uint32_t facts)
{
    position->process = NONE;
    apply(&one, position, CQ_POSITION_ON_ENDED, facts | (one.burst ? CQ_POSITION_BURST : 0));
}

START_TEST(an_illegal_event_changes_nothing)
{
    struct pool_position *position = open_one(false);
    ck_assert_ptr_null(cq_position_apply(&position->life, CQ_POSITION_ON_SUCCESSOR_READY, 0, one.now, 0));
    ck_assert_ptr_null(cq_position_apply(&position->life, CQ_POSITION_ON_DUE, 0, one.now, 0));
    ck_assert_int_eq(position->life.state, CQ_POSITION_STARTING);
}
END_TEST

START_TEST(pauses_double_up_to_half_a_minute_and_half_of_them_is_drawn)
{
    double most_s = 0.5;
    struct pool_position *position = open_one(false);
    for (int i = 0; i < 40; i++) {
        has_ended(position, 0);
        ck_assert_msg(position->life.pause_s >= most_s / 2 && position->life.pause_s <= most_s,
                      "pause %d is %f s, of at most %f", i, position->life.pause_s, most_s);
        most_s = most_s * 2 < 30 ? most_s * 2 : 30;
        one.now = position->life.start_at;
        start_due(&one);
    }
    one.now += 61 * CQ_SECOND;
    has_ended(position, 0);
    ck_assert(position->life.pause_s <= 0.5);
}
END_TEST

START_TEST(one_that_ended_well_is_replaced_at_once)
{
    struct pool_position *position = open_one(false);
    process_event(&one, position, 0);
    has_ended(position, CQ_POSITION_WELL);
    ck_assert_int_eq(position->life.state, CQ_POSITION_WAITING);
    ck_assert(position->life.start_at == one.now);
}
END_TEST

START_TEST(in_burst_mode_only_one_that_has_done_its_jobs_is_replaced)
{
    struct pool_position *position = open_one(true);
    process_event(&one, position, 0);
    process_event(&one, position, 1);
    has_ended(position, CQ_POSITION_WELL);
    ck_assert_int_eq(position->life.state, CQ_POSITION_WAITING);
    start_due(&one);
    process_event(&one, position, 0);
    has_ended(position, CQ_POSITION_WELL);
    ck_assert(position->life.state == CQ_POSITION_OVER && !one.failed);
    position = open_one(true);
    process_event(&one, position, 0);
    has_ended(position, 0);
    ck_assert(position->life.state == CQ_POSITION_OVER && one.failed);
}
END_TEST

START_TEST(another_name_is_tried_in_burst_mode_too)
{
    struct pool_position *position = open_one(true);
    has_ended(position, CQ_POSITION_REFUSED);
    ck_assert_int_eq(position->life.state, CQ_POSITION_WAITING);
}
END_TEST

START_TEST(what_waiting_does_not_mend_ends_a_pool_that_was_never_ready)
{
    struct pool_position *position = open_one(false);
    has_ended(position, CQ_POSITION_HOPELESS);
    ck_assert(one.stopping && position->life.state == CQ_POSITION_OVER);
}
END_TEST

START_TEST(a_limit_of_memory_renews_twice_a_minute_at_most)
{
    struct pool_position *position = open_one(false);
    process_event(&one, position, 0);
    ck_assert(cq_position_may_renew_for_memory(&position->life, one.now));
    process_event(&one, position, 2);
    successor_event(&one, position, true);
    one.now += 29 * CQ_SECOND;
    ck_assert(cq_position_may_renew(&position->life, one.now));
    ck_assert(!cq_position_may_renew_for_memory(&position->life, one.now));
    one.now += CQ_SECOND;
    ck_assert(cq_position_may_renew_for_memory(&position->life, one.now));
}
END_TEST

Suite *test_suite(void)
{
    TCase *tc = tcase_create("pool_state");
    tcase_add_test(tc, its_table_is_well_formed_and_decides_what_may_come_at_any_time);
    tcase_add_test(tc, an_illegal_event_changes_nothing);
    tcase_add_test(tc, pauses_double_up_to_half_a_minute_and_half_of_them_is_drawn);
    tcase_add_test(tc, one_that_ended_well_is_replaced_at_once);
    tcase_add_test(tc, in_burst_mode_only_one_that_has_done_its_jobs_is_replaced);
    tcase_add_test(tc, another_name_is_tried_in_burst_mode_too);
    tcase_add_test(tc, what_waiting_does_not_mend_ends_a_pool_that_was_never_ready);
    tcase_add_test(tc, a_limit_of_memory_renews_twice_a_minute_at_most);
    tcase_add_test(tc, in_random_orders_each_position_has_a_process_or_gets_one);
    return suite_of("core/pool_state", tc);
}
