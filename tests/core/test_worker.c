/*
 * A worker in a world that does everything in any order: Redis comes and goes and loses answers, horses
 * answer, die, or never come to be, users stop jobs, signals stop workers. What must hold whatever happens is
 * checked after every event. CQ_SEED repeats a run, CQ_EVENTS sets its length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "tests/support/machine_rules.h"
#include "tests/support/suite.h"
#include "tests/support/worker_world.h"

enum { EVENTS = 1000000, FAIR_STEPS = 400 };

START_TEST(the_tables_have_no_fault)
{
    const struct cq_machine *const machines[] = {&cq_worker_machine, &cq_execution_machine,
                                                 &cq_claim_machine};
    for (size_t i = 0; i < CQ_ARRAY_LEN(machines); i++)
        check_table(machines[i]);
}
END_TEST

/* ---- what must always hold ---- */

static const char *execution_waits_in_vain(void)
{
    enum cq_execution_state state = world.worker.execution;
    bool dying = cq_execution_is_dying(state);
    if (state == CQ_EXECUTION_NONE)
        return "it works and has no job";
    if (cq_execution_runs(state) && state != CQ_EXECUTION_WAITING && world.horse == WORLD_NO_HORSE)
        return "no horse runs its job";
    if (state >= CQ_EXECUTION_RUNNING && state <= CQ_EXECUTION_HANDLERS && !world.limit)
        return "nothing ends its job at the timeout";
    if (!cq_execution_runs(state) && world.limit)
        return "a timeout runs, and its job does not";
    if (dying && !world.limit && !world.killed)
        return "its horse may live for ever";
    if (cq_execution_is_calling(state) && !world.callback)
        return "no callback runs that its outcome waits for";
    switch (state) {
    case CQ_EXECUTION_KEPT:
    case CQ_EXECUTION_REFUSED_KEPT:
    case CQ_EXECUTION_RETURN_KEPT: return world.redis ? "its outcome is kept though Redis is there" : NULL;
    case CQ_EXECUTION_COMMITTING:
    case CQ_EXECUTION_REFUSED_COMMITTING: return world_calls(WORLD_FINISH) ? NULL : "no finish is under way";
    case CQ_EXECUTION_RETURNING: return world_calls(WORLD_RETURN) ? NULL : "no give_back is under way";
    case CQ_EXECUTION_PAUSED:
    case CQ_EXECUTION_REFUSED_PAUSED:
    case CQ_EXECUTION_RETURN_PAUSED: return world.again ? NULL : "nothing sends its outcome again";
    default: return NULL;
    }
}

/* Is there nothing left that could bring the next event? Idle workers are woken by the queues. */
static const char *waits_in_vain(void)
{
    const struct cq_worker *worker = &world.worker;
    bool asks_when_it_can = !world.redis || !world.runtimes || world.again;
    switch (worker->state) {
    case CQ_WORKER_UNREGISTERED:
        return !world.redis || world_calls(WORLD_BIRTH) ? NULL : "no birth is under way";
    case CQ_WORKER_IDLE:
        return worker->claim != CQ_CLAIM_LOST || asks_when_it_can ? NULL : "a lost job is not asked for";
    case CQ_WORKER_LEAVING_UNSURE: return asks_when_it_can ? NULL : "a lost job is not asked for";
    case CQ_WORKER_FETCHING:
    case CQ_WORKER_LEAVING_FETCHING: return world_calls(WORLD_FETCH) ? NULL : "no fetch is under way";
    case CQ_WORKER_WORKING:
    case CQ_WORKER_LEAVING_WORKING: return execution_waits_in_vain();
    case CQ_WORKER_DEREGISTERING: return world_calls(WORLD_DEATH) ? NULL : "no death is under way";
    default: return NULL;
    }
}

static bool is_working(enum cq_worker_state state)
{
    return state == CQ_WORKER_WORKING || state == CQ_WORKER_LEAVING_WORKING;
}

static void check_invariants(void)
{
    const struct cq_worker *worker = &world.worker;
    const char *why = waits_in_vain();
    if (why)
        world_fail(why);
    if (!is_working(worker->state) && worker->execution != CQ_EXECUTION_NONE)
        world_fail("it has a job and does not work");
    if (worker->state == CQ_WORKER_GONE && worker->claim != CQ_CLAIM_NONE)
        world_fail("it is gone and claims a job");
}

/* Of its life: each job that Redis started for it has an outcome there, or was left to others on purpose. */
static void check_nothing_is_lost(void)
{
    for (int id = 1; id < WORLD_IDS_MAX; id++)
        if (world.truth[id] == WORLD_STARTED)
            world_fail("a job that Redis had started for it was forgotten");
}

/* ---- what may happen ---- */

static bool runs(void)
{
    return cq_execution_runs(world.worker.execution);
}

static bool has_horse(void)
{
    return runs() && world.horse == WORLD_HORSE_ALIVE;
}

static void try_horse(void)
{
    if (world.worker.execution == CQ_EXECUTION_WAITING && world.horse == WORLD_NO_HORSE)
        cq_execution_raise(&world.worker, CQ_EXECUTION_TRY_HORSE);
}

static void redis_comes(void)
{
    world.redis = true;
    world_did("redis-comes");
    cq_worker_raise(&world.worker, CQ_WORKER_REDIS_READY);
}

static void runtimes_change(void)
{
    world.runtimes = !world.runtimes;
    world_did(world.runtimes ? "runtimes-ready" : "runtimes-fail");
    if (world.runtimes) {
        try_horse();
        cq_worker_raise(&world.worker, CQ_WORKER_WORK);
    } else if (world.worker.execution == CQ_EXECUTION_WAITING && world.horse == WORLD_NO_HORSE) {
        cq_execution_raise(&world.worker, CQ_EXECUTION_CANNOT_RUN);
    }
}

static void horse_is_forked(void)
{
    world_did("horse-forked");
    if (world.fair || world_draw(8)) {
        world.horse = WORLD_HORSE_ALIVE;
        return;
    }
    bool dying = cq_execution_is_dying(world.worker.execution);
    world.horse = WORLD_NO_HORSE;
    cq_execution_raise(&world.worker, dying ? CQ_EXECUTION_HORSE_GONE : CQ_EXECUTION_NOT_FORKED);
}

static void horse_speaks(void)
{
    static const enum cq_execution_event frames[] = {
        CQ_EXECUTION_CALLS_SUCCESS, CQ_EXECUTION_CALLS_HANDLERS, CQ_EXECUTION_ANSWER_DONE,
        CQ_EXECUTION_ANSWER_DONE,   CQ_EXECUTION_ANSWER_DONE,    CQ_EXECUTION_ANSWER_FAILED,
        CQ_EXECUTION_ANSWER_RETRY,  CQ_EXECUTION_BAD_FRAME,
    };
    enum cq_execution_event event = frames[world_draw(CQ_ARRAY_LEN(frames))];
    world_did(cq_execution_machine.events[event]);
    cq_execution_raise(&world.worker, event);
}

static void horse_dies(void)
{
    world_did("horse-dies");
    world.horse = WORLD_NO_HORSE;
    cq_execution_raise(&world.worker, CQ_EXECUTION_HORSE_GONE);
}

static void callback_ends(void)
{
    world_did("callback-ends");
    world.callback = false;
    cq_execution_raise(&world.worker,
                       world.fair || world_draw(2) ? CQ_EXECUTION_CALLED : CQ_EXECUTION_CALL_FAILED);
}

static void time_is_up(void)
{
    world_did("time-up");
    world.limit = false;
    cq_execution_raise(&world.worker, CQ_EXECUTION_TIME_UP);
}

static void again(void)
{
    world_did("again");
    world.again = false;
    cq_worker_raise(&world.worker, CQ_WORKER_AGAIN);
}

/* A user, or a signal: what they do to a job that runs, or whose callback does. */
static void interfere(void)
{
    static const enum cq_execution_event events[] = {CQ_EXECUTION_KILL, CQ_EXECUTION_DEADLINE,
                                                     CQ_EXECUTION_STOP};
    enum cq_execution_event event = events[world_draw(runs() ? 3 : 2)];
    world_did(cq_execution_machine.events[event]);
    cq_execution_raise(&world.worker, event);
}

/* A lost answer cannot be asked for any more: other workers find that job abandoned. */
static void end_worker(enum cq_worker_event event)
{
    struct cq_worker *worker = &world.worker;
    bool unasked = worker->claim == CQ_CLAIM_LOST && worker->state == CQ_WORKER_IDLE &&
                   (!world.redis || event == CQ_WORKER_IDLE_LONG);
    if (event == CQ_WORKER_ABANDON && !cq_worker_has_ended(worker->state)) {
        world.truth[world.asked_id] = world.truth[world.id] = WORLD_LEFT_TO_OTHERS;
        world.call_count = 0; /* what it still has to say is not heard */
    } else if (unasked) {
        world.truth[world.asked_id] = WORLD_LEFT_TO_OTHERS;
    }
    world_did(cq_worker_machine.events[event]);
    cq_worker_raise(worker, event);
}

static void anything(void)
{
    switch (world_draw(64)) {
    case 0: world.redis ? world_redis_goes() : redis_comes(); break;
    case 1: runtimes_change(); break;
    case 2: end_worker(CQ_WORKER_STOP); break;
    case 3: world_draw(4) ? (void)0 : end_worker(CQ_WORKER_ABANDON); break;
    case 4: world.idle ? end_worker(CQ_WORKER_IDLE_LONG) : (void)0; break;
    case 5:
    case 6: runs() || cq_execution_is_calling(world.worker.execution) ? interfere() : (void)0; break;
    case 7: has_horse() ? horse_dies() : (void)0; break;
    case 8: has_horse() && world.limit ? time_is_up() : (void)0; break;
    case 9: cq_worker_raise(&world.worker, CQ_WORKER_WORK); break;
    case 10: try_horse(); break;
    case 11:
    case 12: world.again ? again() : (void)0; break;
    case 13:
    case 14:
    case 15: !world.redis ? redis_comes() : (void)0; break;
    case 16:
    case 17: !world.runtimes ? runtimes_change() : (void)0; break;
    default:
        if (world.call_count && world_draw(3))
            world_redis_answers();
        else if (world.horse == WORLD_HORSE_ASKED)
            horse_is_forked();
        else if (world.callback)
            callback_ends();
        else if (has_horse())
            horse_speaks();
        else
            cq_worker_raise(&world.worker, CQ_WORKER_WORK);
    }
}

/* Nothing goes wrong any more, and all that was asked for comes. */
static void fair_step(void)
{
    enum cq_execution_state execution = world.worker.execution;
    if (!world.redis)
        redis_comes();
    else if (!world.runtimes)
        runtimes_change();
    else if (world.call_count)
        world_redis_answers();
    else if (world.again)
        again();
    else if (world.callback)
        callback_ends();
    else if (world.horse == WORLD_HORSE_ASKED)
        horse_is_forked();
    else if (has_horse() && cq_execution_is_dying(execution))
        world.killed ? horse_dies() : time_is_up();
    else if (has_horse())
        cq_execution_raise(&world.worker, CQ_EXECUTION_ANSWER_DONE);
    else
        try_horse();
}

/* One worker from its birth to its end. */
static void live(unsigned long until)
{
    world_begin(world_draw(3) ? 0 : 1 + world_draw(5));
    world.burst = world_draw(4) == 0;
    cq_worker_raise(&world.worker, CQ_WORKER_REDIS_READY);
    unsigned long end = world.events + world_draw(600);
    while (!world.gone && world.events < end && world.events < until) {
        anything();
        check_invariants();
    }
    world.fair = true;
    if (!world.gone)
        end_worker(CQ_WORKER_STOP);
    for (int steps = 0; !world.gone; steps++) {
        if (steps == FAIR_STEPS)
            world_fail("its shutdown does not end");
        fair_step();
        check_invariants();
    }
    check_nothing_is_lost();
}

static unsigned long number_of(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

START_TEST(no_job_is_lost_or_run_twice_and_every_worker_ends_in_any_order_of_events)
{
    unsigned seed = (unsigned)number_of("CQ_SEED", (unsigned long)getpid());
    unsigned long events = number_of("CQ_EVENTS", EVENTS);
    unsigned long lives = 0;
    printf("core/worker: CQ_SEED=%u, %lu events\n", seed, events);
    fflush(stdout);
    world_seed(seed);
    for (; world.events < events; lives++)
        live(events);
    ck_assert_uint_gt(lives, events / 1000);
}
END_TEST

Suite *test_suite(void)
{
    TCase *tcase = tcase_create("worker");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_tables_have_no_fault);
    tcase_add_test(tcase, no_job_is_lost_or_run_twice_and_every_worker_ends_in_any_order_of_events);
    return suite_of("core/worker", tcase);
}
