#include "worker/slot/horses.h"

#include <signal.h>

#include "worker/runtimes/horse_fork.h"
#include "worker/runtimes/runtimes.h"

enum { RETIRED_GRACE_S = 5 }; /* a horse that has answered leaves within this, or is killed */

enum { FEW_SLOTS = 3 };

/*
 * How many horses should wait for a slot's next jobs. With a horse for each job, the next one is forked and
 * gets ready while another one takes a job. A process with a few slots has two for each. With many slots one
 * is enough: jobs of the others run meanwhile, and a horse takes memory.
 */
static int wanted_warm(const struct cq_slot *slot)
{
    enum cq_worker_state state = slot->worker.state;
    enum cq_execution_state execution = slot->worker.execution;
    if (!slot->runtime || cq_worker_has_ended(state))
        return 0;
    if (cq_worker_is_leaving(state))
        return execution == CQ_EXECUTION_WAITING ? 1 : 0;
    if (slot->context->settings->reuse_horses)
        return slot->horse && !cq_execution_is_dying(execution) ? 0 : 1;
    return slot->context->slots_alive <= FEW_SLOTS ? 2 : 1;
}

static struct cq_horse **warm_of(struct cq_slot *slot)
{
    return &slot->warm[slot->runtime->index];
}

void cq_horses_warm(struct cq_slot *slot)
{
    int missing = wanted_warm(slot);
    if (!missing)
        return;
    struct cq_horse **last = warm_of(slot);
    for (; *last; last = &(*last)->next)
        missing--;
    for (; missing > 0 && (*last = cq_horse_fork(slot->runtime, &slot->owner)); last = &(*last)->next)
        missing--;
}

/* Out of use, not yet reaped. */
static void retire(struct cq_slot *slot, struct cq_horse *horse)
{
    horse->retired_at = cq_clock_monotonic();
    horse->next = slot->retired;
    slot->retired = horse;
}

static bool unlink_from(struct cq_horse **list, const struct cq_horse *horse)
{
    for (; *list; list = &(*list)->next) {
        if (*list == horse) {
            *list = horse->next;
            return true;
        }
    }
    return false;
}

void cq_horses_forget(struct cq_slot *slot, struct cq_horse *horse)
{
    if (slot->horse == horse)
        slot->horse = NULL;
    else if (!unlink_from(&slot->retired, horse))
        unlink_from(&slot->warm[horse->runtime->index], horse);
    cq_horse_free(horse);
}

void cq_horses_tick(struct cq_slot *slot)
{
    cq_time now = cq_clock_monotonic();
    for (struct cq_horse *horse = slot->retired; horse; horse = horse->next)
        if (now - horse->retired_at > RETIRED_GRACE_S * CQ_SECOND)
            cq_horse_kill(horse, SIGKILL);
}

static void kill_and_forget(struct cq_slot *slot, struct cq_horse *horse)
{
    cq_horse_kill(horse, SIGKILL);
    cq_horses_forget(slot, horse);
}

void cq_horses_release(struct cq_slot *slot)
{
    if (slot->horse)
        kill_and_forget(slot, slot->horse);
    for (int i = 0; i < slot->context->runtimes->count; i++)
        while (slot->warm[i])
            kill_and_forget(slot, slot->warm[i]);
    while (slot->retired)
        cq_horses_forget(slot, slot->retired);
}

void cq_horses_end_warm(struct cq_slot *slot)
{
    for (int i = 0; i < slot->context->runtimes->count; i++)
        for (struct cq_horse *horse = slot->warm[i]; horse; horse = horse->next)
            cq_horse_kill(horse, SIGKILL);
}

static bool is_current(const struct cq_horse *horse, const struct cq_stable *stable)
{
    return horse->stable == stable && (!stable || horse->jobs || horse->number >= stable->learned_from);
}

void cq_horses_let_go(struct cq_slot *slot, const struct cq_runtime *runtime)
{
    for (struct cq_horse **at = &slot->warm[runtime->index]; *at;) {
        struct cq_horse *horse = *at;
        if (is_current(horse, runtime->stable)) {
            at = &horse->next;
            continue;
        }
        *at = horse->next;
        retire(slot, horse);
        cq_horse_close(horse);
    }
}

bool cq_horses_take(struct cq_slot *slot, struct cq_str frame)
{
    struct cq_horse **warm = warm_of(slot);
    for (;;) {
        if (!*warm) /* else the job goes first: what is missing is forked after it */
            cq_horses_warm(slot);
        if (!*warm)
            return false;
        struct cq_horse *horse = *warm;
        *warm = horse->next;
        horse->next = NULL;
        if (cq_horse_send(horse, frame)) {
            slot->horse = horse;
            return true;
        }
        /* It died while it waited; the job never reached it. */
        retire(slot, horse);
        cq_horse_close(horse);
    }
}

struct cq_horse *cq_horses_take_fresh(struct cq_slot *slot, struct cq_runtime *runtime)
{
    for (struct cq_horse **at = &slot->warm[runtime->index]; *at; at = &(*at)->next) {
        struct cq_horse *horse = *at;
        if (horse->jobs || horse->state == CQ_HORSE_KILLED || horse->kill_signal || horse->fd < 0 ||
            horse->stable != runtime->stable)
            continue;
        *at = horse->next;
        horse->next = NULL;
        return horse;
    }
    return cq_horse_fork(runtime, &slot->owner);
}

void cq_horses_dismiss(struct cq_slot *slot)
{
    const struct cq_settings *settings = slot->context->settings;
    struct cq_horse *horse = slot->horse;
    struct cq_horse **warm = &slot->warm[horse->runtime->index];
    slot->horse = NULL;
    bool used_up = (settings->max_jobs_per_horse && horse->jobs >= settings->max_jobs_per_horse) ||
                   (settings->max_rss_per_horse_kb && horse->rss_kb > settings->max_rss_per_horse_kb) ||
                   horse->stable != horse->runtime->stable;
    if (settings->reuse_horses && !used_up && !*warm && !cq_worker_is_leaving(slot->worker.state) &&
        horse->state < CQ_HORSE_GONE) {
        *warm = horse;
        return;
    }
    retire(slot, horse);
    cq_horse_close(horse);
}
