#include "tests/support/worker_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"

struct world world;

static unsigned seed;

void world_seed(unsigned of)
{
    seed = of;
}

unsigned world_draw(unsigned below)
{
    return (unsigned)(rand_r(&seed) / 7) % below;
}

void world_fail(const char *what)
{
    const struct cq_worker *worker = &world.worker;
    for (unsigned i = 0; i < WORLD_TRACE; i++)
        fprintf(stderr, "%s ",
                world.trace[(world.events + i) % WORLD_TRACE] ? world.trace[(world.events + i) % WORLD_TRACE]
                                                              : "");
    fprintf(stderr, "\n");
    ck_abort_msg("%s: worker %s, execution %s, claim %s (event %lu)", what,
                 cq_worker_machine.states[worker->state], cq_execution_machine.states[worker->execution],
                 cq_claim_machine.states[worker->claim], world.events);
}

void world_did(const char *what)
{
    world.events++;
    world.trace[(world.events - 1) % WORLD_TRACE] = what;
}

/* ---- the shell ---- */

static uint32_t worker_facts(struct cq_worker *worker)
{
    (void)worker;
    return (world.redis ? CQ_WORKER_REDIS : 0) | (world.runtimes ? CQ_WORKER_RUNTIMES : 0) |
           (world.burst ? CQ_WORKER_BURST | CQ_WORKER_QUEUES_EMPTY : 0);
}

static uint32_t execution_facts(struct cq_worker *worker)
{
    (void)worker;
    return (world.redis ? CQ_EXECUTION_REDIS : 0) | world.callbacks;
}

static void call(enum world_call_kind kind, int id, int asks, bool resumes, bool only)
{
    if (!world.redis)
        world_fail("a call leaves while Redis is away");
    for (int i = 0; i < world.call_count; i++) {
        bool commits = kind == WORLD_FINISH || kind == WORLD_RETURN;
        if (commits && (world.calls[i].kind == WORLD_FINISH || world.calls[i].kind == WORLD_RETURN))
            world_fail("two commits are under way");
        if (asks && world.calls[i].asks)
            world_fail("two calls that ask for a job are under way");
    }
    if (world.call_count == WORLD_CALLS_MAX)
        world_fail("too many calls are under way");
    world.calls[world.call_count++] = (struct world_call){kind, id, asks, resumes, only};
}

static int ask_id(void)
{
    if (!world.asked_id) {
        world.last_id = world.last_id % (WORLD_IDS_MAX - 1) + 1;
        world.truth[world.last_id] = WORLD_UNKNOWN;
        world.asked_id = world.last_id;
    }
    return world.asked_id;
}

static void send_finish(void)
{
    bool only = false, resumes = cq_worker_is_unsure(&world.worker);
    bool asks = cq_worker_claims_next(&world.worker, world.runtimes, &only);
    if (!world.fair && world_draw(40) == 0) { /* it cannot be built */
        cq_worker_not_stored(&world.worker, CQ_CALL_TOO_LARGE);
        return;
    }
    call(WORLD_FINISH, world.id, asks ? ask_id() : 0, resumes, only);
}

static void begin_callback(void)
{
    if (world.callback)
        world_fail("two callbacks run for one execution");
    if (!world.fair && world_draw(5) == 0) /* it ends before it has begun */
        cq_execution_raise(&world.worker, CQ_EXECUTION_CALL_FAILED);
    else
        world.callback = true;
}

static void do_execution(struct cq_worker *worker, enum cq_execution_action action)
{
    switch (action) {
    case CQ_EXECUTION_DO_TAKE_HORSE:
        if (world.runtimes && (world.fair || world_draw(3)) && world.horse == WORLD_NO_HORSE) {
            world.horse = WORLD_HORSE_ASKED;
            world.killed = false;
            cq_execution_raise(worker, CQ_EXECUTION_HORSE_TAKEN);
        }
        break;
    case CQ_EXECUTION_DO_ARM_LIMIT:
    case CQ_EXECUTION_DO_ARM_GRACE: world.limit = true; break;
    case CQ_EXECUTION_DO_DISARM: world.limit = false; break;
    case CQ_EXECUTION_DO_TERM_HORSE:
    case CQ_EXECUTION_DO_KILL_HORSE:
        world.killed = world.killed || action == CQ_EXECUTION_DO_KILL_HORSE;
        if (world.horse == WORLD_NO_HORSE)
            world_fail("no horse to be killed");
        break;
    case CQ_EXECUTION_DO_KILL_CALLBACK:
        if (!world.callback)
            world_fail("no callback to be killed");
        break;
    case CQ_EXECUTION_DO_CALL_SUCCESS:
    case CQ_EXECUTION_DO_CALL_FAILURE:
    case CQ_EXECUTION_DO_CALL_STOPPED: begin_callback(); break;
    case CQ_EXECUTION_DO_ARM_AGAIN: world.again = true; break;
    case CQ_EXECUTION_DO_STOP_AGAIN: world.again = false; break;
    case CQ_EXECUTION_DO_SEND_FINISH: send_finish(); break;
    case CQ_EXECUTION_DO_SEND_RETURN: call(WORLD_RETURN, world.id, 0, false, false); break;
    case CQ_EXECUTION_DO_LET_GO: world.horse = WORLD_NO_HORSE; break;
    case CQ_EXECUTION_DO_GIVE_UP: world.truth[world.id] = WORLD_LEFT_TO_OTHERS; break;
    default: break;
    }
}

static void start_job(void)
{
    world.id = world.asked_id;
    world.asked_id = 0;
    if (world.truth[world.id] != WORLD_STARTED)
        world_fail("a job is run that Redis has not started");
    world.callbacks = world_draw(4) ? 0 : world_draw(16) << 1;
    cq_execution_raise(&world.worker,
                       world.fair || world_draw(20) ? CQ_EXECUTION_START : CQ_EXECUTION_CANNOT_RUN);
}

static void deregister(void)
{
    world.limit = world.again = world.idle = world.callback = false;
    world.horse = WORLD_NO_HORSE;
    if (world.redis)
        call(WORLD_DEATH, 0, 0, false, false);
    else
        cq_worker_raise(&world.worker, CQ_WORKER_DEREGISTERED);
}

static void do_worker(struct cq_worker *worker, enum cq_worker_action action)
{
    switch (action) {
    case CQ_WORKER_DO_REGISTER:
    case CQ_WORKER_DO_REGISTER_AGAIN: call(WORLD_BIRTH, 0, 0, false, false); break;
    case CQ_WORKER_DO_ARM_IDLE: world.idle = true; break;
    case CQ_WORKER_DO_STOP_IDLE: world.idle = false; break;
    case CQ_WORKER_DO_ARM_AGAIN: world.again = true; break;
    case CQ_WORKER_DO_SEND_FETCH:
        call(WORLD_FETCH, 0, ask_id(), cq_worker_is_unsure(worker), cq_worker_resumes_only(worker));
        break;
    case CQ_WORKER_DO_START_JOB: start_job(); break;
    case CQ_WORKER_DO_DEREGISTER: deregister(); break;
    case CQ_WORKER_DO_TELL_GONE: world.gone = true; break;
    default: break;
    }
}

static void illegal(struct cq_worker *worker, const struct cq_machine *machine, int state, int event)
{
    (void)worker;
    char text[160];
    snprintf(text, sizeof(text), "%s: %s is illegal in %s", machine->name, machine->events[event],
             machine->states[state]);
    world_fail(text);
}

static const struct cq_worker_shell shell = {worker_facts, execution_facts, do_worker, do_execution, illegal};

void world_begin(int64_t max_jobs)
{
    unsigned long events = world.events;
    world = (struct world){.events = events, .redis = true, .runtimes = true};
    cq_worker_init(&world.worker, &shell, max_jobs);
}

bool world_calls(enum world_call_kind kind)
{
    for (int i = 0; i < world.call_count; i++)
        if (world.calls[i].kind == kind)
            return true;
    return false;
}

/* ---- Redis ---- */

/* Start a job under the name that was asked for; or find that an earlier call has. */
static enum cq_found redis_next(const struct world_call *call)
{
    if (!call->asks)
        return CQ_FOUND_NOT_ASKED;
    if (world.truth[call->asks] == WORLD_STARTED) {
        if (!call->resumes)
            world_fail("two jobs are started under one name");
        return CQ_FOUND_JOB;
    }
    if (call->only)
        return CQ_FOUND_NOTHING;
    switch (world_draw(8)) {
    case 0: return world.fair ? CQ_FOUND_NOTHING : CQ_FOUND_SUSPENDED;
    case 1: return world.fair ? CQ_FOUND_NOTHING : CQ_FOUND_MORE_TO_LOOK_AT;
    case 2:
    case 3: return CQ_FOUND_NOTHING;
    default:
        world.truth[call->asks] = WORLD_STARTED;
        return !world.fair && world_draw(60) == 0 ? CQ_FOUND_NONSENSE : CQ_FOUND_JOB;
    }
}

/* Carry out the oldest call. */
static enum cq_found redis_do(const struct world_call *call)
{
    if (call->kind == WORLD_FINISH || call->kind == WORLD_RETURN) {
        if (world.truth[call->id] == WORLD_STARTED)
            world.truth[call->id] = call->kind == WORLD_FINISH ? WORLD_COMMITTED : WORLD_RETURNED;
        else if (world.truth[call->id] != WORLD_COMMITTED && world.truth[call->id] != WORLD_RETURNED)
            world_fail("an outcome of an execution that Redis does not know");
    }
    return call->kind == WORLD_FINISH || call->kind == WORLD_FETCH ? redis_next(call) : CQ_FOUND_NOT_ASKED;
}

static void tell(const struct world_call *call, enum cq_found found)
{
    struct cq_worker *worker = &world.worker;
    if (call->kind == WORLD_BIRTH)
        cq_worker_raise(worker, world_draw(200) || world.fair ? CQ_WORKER_REGISTERED : CQ_WORKER_NAME_TAKEN);
    else if (call->kind == WORLD_DEATH)
        cq_worker_raise(worker, CQ_WORKER_DEREGISTERED);
    else if (cq_worker_has_ended(worker->state))
        return;
    else if (call->kind == WORLD_FETCH)
        cq_worker_fetched(worker, found);
    else if (call->kind == WORLD_FINISH)
        cq_worker_finished(worker, found);
    else
        cq_worker_returned(worker);
}

static void tell_failure(const struct world_call *call, enum cq_call_failure why)
{
    struct cq_worker *worker = &world.worker;
    if (call->kind == WORLD_DEATH)
        cq_worker_raise(worker, CQ_WORKER_DEREGISTERED);
    else if (call->kind == WORLD_BIRTH || cq_worker_has_ended(worker->state))
        return;
    else if (call->kind == WORLD_FETCH)
        cq_worker_not_fetched(worker, why);
    else
        cq_worker_not_stored(worker, why);
}

static struct world_call take_call(void)
{
    struct world_call first = world.calls[0];
    memmove(world.calls, world.calls + 1, sizeof(first) * (size_t)--world.call_count);
    return first;
}

void world_redis_answers(void)
{
    struct world_call first = take_call();
    bool refusable = first.kind == WORLD_FETCH || first.kind == WORLD_FINISH || first.kind == WORLD_RETURN;
    if (!world.fair && refusable && world_draw(10) == 0) {
        enum cq_call_failure why = first.kind == WORLD_RETURN || world_draw(2) ? CQ_CALL_BUSY
                                                                               : CQ_CALL_REFUSED;
        world_did(why == CQ_CALL_BUSY ? "redis-busy" : "redis-refuses");
        tell_failure(&first, why);
        return;
    }
    world_did("redis-answers");
    tell(&first, redis_do(&first));
}

/* Some of the calls were carried out, and none is answered. */
void world_redis_goes(void)
{
    int done = (int)world_draw((unsigned)world.call_count + 1);
    world_did("redis-goes");
    world.redis = false;
    for (int i = 0; i < done; i++)
        redis_do(&world.calls[i]);
    while (world.call_count) {
        struct world_call first = take_call();
        tell_failure(&first, CQ_CALL_LOST);
    }
}
