#include "cmd/pool/positions.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/random.h"
#include "worker/pool/supervisor_link.h"

enum {
    LOOK_EVERY_S = 2,
    CHILDREN_FIRST = 16, /* room for so many at first */
};

void cq_pool_init(struct cq_pool *pool)
{
    pool->positions = cq_calloc(CQ_SLOTS_MAX, sizeof(*pool->positions));
    pool->taken_until = cq_calloc(CQ_POOL_NUMBER_MAX + 1, sizeof(*pool->taken_until));
    pool->last_pids = cq_calloc(CQ_POOL_NUMBER_MAX + 1, sizeof(*pool->last_pids));
    pool->position_count = pool->processes ? pool->wanted : 1;
    for (int i = 0; i < pool->position_count; i++)
        cq_position_init(&pool->positions[i].life, cq_clock_monotonic());
}

void cq_pool_release(struct cq_pool *pool)
{
    for (int i = 0; i < pool->child_count; i++)
        cq_child_free(pool->children[i]);
    free(pool->children);
    free(pool->positions);
    free(pool->taken_until);
    free(pool->last_pids);
}

bool cq_pool_is_over(const struct cq_pool *pool)
{
    for (int i = 0; i < pool->position_count && pool->state != CQ_POOL_STOPPING; i++)
        if (pool->positions[i].life.state == CQ_POSITION_WAITING)
            return false;
    return pool->child_count == 0;
}

/* ---- starting ---- */

/* The lowest number that nobody has. */
static int free_number(const struct cq_pool *pool)
{
    bool *taken = cq_calloc(CQ_POOL_NUMBER_MAX + 1, sizeof(*taken));
    cq_time now = cq_clock_monotonic();
    int step = pool->processes ? 1 : CQ_POOL_BLOCK, number = 1;
    for (int i = 0; i < pool->child_count; i++)
        taken[pool->children[i]->number] = true;
    while (number + step <= CQ_POOL_NUMBER_MAX && (taken[number] || pool->taken_until[number] > now))
        number += step;
    free(taken);
    return number;
}

/* What of the supervisor's is not a child's to hold. Owned by the caller. */
static int *own_descriptors(const struct cq_pool *pool, size_t *ret_count)
{
    int *fds = cq_calloc((size_t)pool->child_count + 1, sizeof(*fds));
    size_t count = 0;
    fds[count++] = pool->signal_fd;
    for (int i = 0; i < pool->child_count; i++)
        if (pool->children[i]->fd >= 0)
            fds[count++] = pool->children[i]->fd;
    *ret_count = count;
    return fds;
}

static void add_child(struct cq_pool *pool, struct cq_child *child)
{
    if (pool->child_count == pool->child_room) {
        pool->child_room = pool->child_room ? 2 * pool->child_room : CHILDREN_FIRST;
        pool->children = cq_realloc(pool->children, (size_t)pool->child_room * sizeof(*pool->children));
    }
    pool->children[pool->child_count++] = child;
}

/* A process for a position; NULL: *err says why not. */
static struct cq_child *start(struct cq_pool *pool, struct cq_pool_position *position, struct cq_error *err)
{
    struct cq_child *child = NULL;
    int number = free_number(pool);
    size_t close_count;
    int *close_fds = own_descriptors(pool, &close_count);
    struct cq_child_setup setup = {
        .session = pool->session,
        .pool = pool->name,
        .number = number,
        .slots = pool->processes ? 1 : pool->wanted,
        .keep_slots = !pool->processes,
        .replaces_pid = pool->last_pids[number],
        .close_fds = close_fds,
        .close_count = close_count,
    };
    enum cq_code code = cq_child_start(&setup, &child, err);
    free(close_fds);
    if (code != CQ_OK)
        return NULL;
    child->position = (int)(position - pool->positions);
    add_child(pool, child);
    int64_t age_s = pool->session->settings.max_age_s;
    if (age_s) /* a tenth of it is drawn, so that a pool's processes do not all get old at once */
        child->old_at = cq_clock_monotonic() +
                        (cq_time)((double)age_s * (0.9 + 0.1 * cq_random()) * CQ_SECOND);
    cq_log(&pool->log, CQ_LOG_DEBUG, pool->name, NULL, "worker process %d started", (int)child->pid);
    return child;
}

static void start_process(struct cq_pool *pool, struct cq_pool_position *position)
{
    struct cq_error err;
    position->process = start(pool, position, &err);
    if (position->process)
        return;
    cq_pool_apply(pool, position, CQ_POSITION_ON_NOT_STARTED, 0, 0);
    cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "%s; trying again in %.1f s", err.text,
           position->life.pause_s);
}

static void start_successor(struct cq_pool *pool, struct cq_pool_position *position)
{
    struct cq_error err;
    position->successor = start(pool, position, &err);
    if (position->successor)
        return;
    cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "worker process %d is not replaced for now: %s",
           (int)position->process->pid, err.text);
    cq_pool_apply(pool, position, CQ_POSITION_ON_SUCCESSOR_FAILED, 0, 0);
}

/* ---- actions ---- */

/* It has no position any more. Returns it; NULL: there was none. */
static struct cq_child *detach(struct cq_child **at)
{
    struct cq_child *child = *at;
    *at = NULL;
    if (child)
        child->position = CQ_CHILD_NO_POSITION;
    return child;
}

/* Have it leave when its jobs have ended. */
static void release(struct cq_child **at)
{
    const struct cq_child *child = detach(at);
    if (child)
        cq_supervisor_link_send(child->fd, CQ_SUPERVISOR_LEAVE, 0);
}

static void perform(struct cq_pool *pool, struct cq_pool_position *position, enum cq_position_action action,
                    int wait_status)
{
    switch (action) {
    case CQ_POSITION_START: start_process(pool, position); break;
    case CQ_POSITION_START_SUCCESSOR: start_successor(pool, position); break;
    case CQ_POSITION_PROMOTE:
        position->process = position->successor;
        position->successor = NULL;
        break;
    case CQ_POSITION_RELEASE: release(&position->process); break;
    case CQ_POSITION_RELEASE_SUCCESSOR: release(&position->successor); break;
    case CQ_POSITION_DETACH_SUCCESSOR: detach(&position->successor); break;
    case CQ_POSITION_NOTE_FAILURE: pool->status = CQ_EXIT_FAILED; break;
    case CQ_POSITION_END_POOL:
        pool->status = (enum cq_exit)WEXITSTATUS(wait_status);
        cq_pool_stop(pool, SIGTERM);
        break;
    case CQ_POSITION_START_NOW:
    case CQ_POSITION_PAUSE:
    case CQ_POSITION_RENEW_LATER: break; /* cq_pool_start_due asks the position when it is due */
    }
}

const struct cq_rule *cq_pool_apply(struct cq_pool *pool, struct cq_pool_position *position,
                                    enum cq_position_event event, uint32_t facts, int wait_status)
{
    const struct cq_rule *rule = cq_position_apply(&position->life, event, facts, cq_clock_monotonic(),
                                                   cq_random());
    if (!rule) {
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
               "bug: position %d: %s is illegal in state %s; please report it",
               (int)(position - pool->positions), cq_position_machine.events[event],
               cq_position_machine.states[position->life.state]);
        return NULL;
    }
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(pool, position, rule->actions[i], wait_status);
    return rule;
}

/* ---- age and memory ---- */

/* NULL: it is as it should be. */
static const char *too_much(const struct cq_pool *pool, const struct cq_pool_position *position, cq_time now)
{
    const struct cq_child *child = position->process;
    int64_t limit_kb = pool->session->settings.max_rss_kb;
    if (child->old_at && now >= child->old_at)
        return "has reached --max-age";
    return limit_kb && cq_position_may_renew_for_memory(&position->life, now) &&
                   cq_child_rss_kb(child->pid) > limit_kb
               ? "is above --max-rss"
               : NULL;
}

/* The oldest that is to be renewed. NULL: there is none, or one is being renewed: one at a time, a successor
 * is memory, too. */
static struct cq_pool_position *find_to_renew(struct cq_pool *pool, cq_time now, const char **ret_why)
{
    struct cq_pool_position *oldest = NULL;
    for (int i = 0; i < pool->position_count; i++)
        if (pool->positions[i].life.state == CQ_POSITION_RENEWING)
            return NULL;
    for (int i = 0; i < pool->position_count; i++) {
        struct cq_pool_position *position = &pool->positions[i];
        if (!cq_position_may_renew(&position->life, now) ||
            (oldest && oldest->life.started_at <= position->life.started_at))
            continue;
        const char *why = too_much(pool, position, now);
        if (!why)
            continue;
        oldest = position;
        *ret_why = why;
    }
    return oldest;
}

static void renew(struct cq_pool *pool, cq_time now)
{
    const char *why = NULL;
    struct cq_pool_position *position = find_to_renew(pool, now, &why);
    if (!position)
        return;
    cq_pool_apply(pool, position, CQ_POSITION_ON_RENEW, 0, 0);
    if (position->successor)
        cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "worker process %d %s; process %d takes its place",
               (int)position->process->pid, why, (int)position->successor->pid);
}

cq_time cq_pool_start_due(struct cq_pool *pool)
{
    cq_time now = cq_clock_monotonic(), next = 0;
    const struct cq_settings *settings = &pool->session->settings;
    if (pool->state == CQ_POOL_STOPPING)
        return 0;
    for (int i = 0; i < pool->position_count; i++) {
        cq_time due_at = cq_position_due_at(&pool->positions[i].life);
        if (due_at && due_at <= now)
            cq_pool_apply(pool, &pool->positions[i], CQ_POSITION_ON_DUE, 0, 0);
    }
    if ((settings->max_age_s || settings->max_rss_kb) && now >= pool->look_at) {
        pool->look_at = now + LOOK_EVERY_S * CQ_SECOND;
        renew(pool, now);
    }
    if (settings->max_age_s || settings->max_rss_kb)
        next = pool->look_at;
    for (int i = 0; i < pool->position_count; i++) {
        const struct cq_child *process = pool->positions[i].process;
        cq_time due_at = cq_position_due_at(&pool->positions[i].life);
        if (due_at && (!next || due_at < next))
            next = due_at;
        if (process && process->old_at > now && process->old_at < next)
            next = pool->look_at = process->old_at;
    }
    return next;
}

/* ---- more, fewer, none ---- */

void cq_pool_resize(struct cq_pool *pool, int wanted)
{
    if (pool->state == CQ_POOL_STOPPING || wanted == pool->wanted)
        return;
    if (wanted < 1 || wanted > CQ_SLOTS_MAX) {
        cq_log(&pool->log, CQ_LOG_WARNING, pool->name, NULL,
               "resize to %d workers ignored: it must be between 1 and %d", wanted, CQ_SLOTS_MAX);
        return;
    }
    cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "pool is resized from %d to %d workers", pool->wanted,
           wanted);
    pool->wanted = wanted;
    for (int i = 0; i < pool->child_count && !pool->processes; i++)
        if (pool->children[i]->position != CQ_CHILD_NO_POSITION)
            cq_supervisor_link_send(pool->children[i]->fd, CQ_SUPERVISOR_HAVE_SLOTS, wanted);
    for (; pool->processes && pool->position_count < wanted; pool->position_count++) {
        pool->positions[pool->position_count] = (struct cq_pool_position){0};
        cq_position_init(&pool->positions[pool->position_count].life, cq_clock_monotonic());
    }
    for (; pool->processes && pool->position_count > wanted; pool->position_count--)
        cq_pool_apply(pool, &pool->positions[pool->position_count - 1], CQ_POSITION_ON_REMOVE, 0, 0);
}

void cq_pool_stop(struct cq_pool *pool, int signal_number)
{
    if (pool->state != CQ_POOL_STOPPING)
        cq_notify_send(&pool->notify, "STOPPING=1");
    pool->state = CQ_POOL_STOPPING;
    for (int i = 0; i < pool->position_count; i++)
        cq_pool_apply(pool, &pool->positions[i], CQ_POSITION_ON_STOP, 0, 0);
    for (int i = 0; i < pool->child_count; i++)
        kill(pool->children[i]->pid, signal_number);
}

/* ---- what they say ---- */

static bool has_served(const struct cq_position *position)
{
    return position->state == CQ_POSITION_READY || position->state == CQ_POSITION_RETIRING ||
           position->state == CQ_POSITION_RENEWING;
}

static void got_ready(struct cq_pool *pool, struct cq_pool_position *position, const struct cq_child *child)
{
    bool all = pool->state == CQ_POOL_STARTING;
    cq_pool_apply(pool, position,
                  position->successor == child ? CQ_POSITION_ON_SUCCESSOR_READY : CQ_POSITION_ON_READY, 0, 0);
    for (int i = 0; i < pool->position_count; i++)
        all = all && has_served(&pool->positions[i].life);
    if (!all)
        return;
    pool->state = CQ_POOL_RUNNING;
    cq_notify_send(&pool->notify, "READY=1");
}

static void on_message(struct cq_pool *pool, struct cq_child *child,
                       const struct cq_supervisor_message *message)
{
    struct cq_pool_position *position = child->position == CQ_CHILD_NO_POSITION
                                            ? NULL
                                            : &pool->positions[child->position];
    switch (message->word) {
    case CQ_SUPERVISOR_READY:
        if (position)
            got_ready(pool, position, child);
        break;
    case CQ_SUPERVISOR_RESIZE_TO: cq_pool_resize(pool, message->value); break;
    case CQ_SUPERVISOR_RESIZE_BY: cq_pool_resize(pool, pool->wanted + (message->value > 0 ? 1 : -1)); break;
    case CQ_SUPERVISOR_MAX_JOBS_DONE:
        if (position && position->process == child)
            cq_pool_apply(pool, position, CQ_POSITION_ON_MAX_JOBS, 0, 0);
        break;
    }
}

void cq_pool_read_messages(struct cq_pool *pool, struct cq_child *child)
{
    struct cq_supervisor_message message;
    int got;
    while (child->fd >= 0 && (got = cq_supervisor_link_receive(child->fd, &message)) != 0) {
        if (got < 0)
            cq_child_close(child);
        else
            on_message(pool, child, &message);
    }
}
