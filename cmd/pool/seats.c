#include "cmd/pool/seats.h"

#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "worker/pool/supervisor_link.h"

enum {
    LOOK_EVERY_S = 2,
    RENEW_PAUSE_S = 30, /* a limit below what a fresh process takes must not keep the pool busy */
    CLOSE_MAX = 4 * CQ_SLOTS_MAX,
};

static const double pause_first_s = 0.5, pause_most_s = 30.0;

void cq_pool_init(struct cq_pool *pool)
{
    pool->seats = cq_calloc(CQ_SLOTS_MAX, sizeof(*pool->seats));
    pool->taken_until = cq_calloc(CQ_POOL_NUMBER_MAX + 1, sizeof(*pool->taken_until));
    pool->last_pids = cq_calloc(CQ_POOL_NUMBER_MAX + 1, sizeof(*pool->last_pids));
    pool->seat_count = pool->processes ? pool->wanted : 1;
    for (int i = 0; i < pool->seat_count; i++)
        pool->seats[i].start_at = cq_clock_monotonic();
}

void cq_pool_each(struct cq_pool *pool, void (*fn)(struct cq_child *child, void *data), void *data)
{
    for (int i = 0; i < pool->seat_count; i++) {
        if (pool->seats[i].child)
            fn(pool->seats[i].child, data);
        if (pool->seats[i].successor)
            fn(pool->seats[i].successor, data);
    }
    for (struct cq_child *child = pool->leaving, *next; child; child = next) {
        next = child->next;
        fn(child, data);
    }
}

static void free_child(struct cq_child *child, void *data)
{
    (void)data;
    cq_child_free(child);
}

void cq_pool_release(struct cq_pool *pool)
{
    cq_pool_each(pool, free_child, NULL);
    free(pool->seats);
    free(pool->taken_until);
    free(pool->last_pids);
}

bool cq_pool_is_over(const struct cq_pool *pool)
{
    for (int i = 0; i < pool->seat_count; i++)
        if (pool->seats[i].child || pool->seats[i].successor || (pool->seats[i].start_at && !pool->stopping))
            return false;
    return !pool->leaving;
}

/* ---- starting ---- */

struct taken {
    bool numbers[CQ_POOL_NUMBER_MAX + 1];
};

static void mark(struct cq_child *child, void *data)
{
    ((struct taken *)data)->numbers[child->number] = true;
}

/* The lowest that nobody has. */
static int free_number(struct cq_pool *pool)
{
    struct taken *taken = cq_calloc(1, sizeof(*taken));
    cq_time now = cq_clock_monotonic();
    int step = pool->processes ? 1 : CQ_POOL_BLOCK, number = 1;
    cq_pool_each(pool, mark, taken);
    while (number + step <= CQ_POOL_NUMBER_MAX && (taken->numbers[number] || pool->taken_until[number] > now))
        number += step;
    free(taken);
    return number;
}

struct descriptors {
    int fds[CLOSE_MAX];
    size_t len;
};

static void collect(struct cq_child *child, void *data)
{
    struct descriptors *all = data;
    if (all->len < CLOSE_MAX)
        all->fds[all->len++] = child->fd;
}

static bool start(struct cq_pool *pool, struct cq_child **at, struct cq_error *err)
{
    struct descriptors *close_fds = cq_calloc(1, sizeof(*close_fds));
    int number = free_number(pool);
    close_fds->fds[close_fds->len++] = pool->signal_fd;
    cq_pool_each(pool, collect, close_fds);
    struct cq_child_order order = {
        .session = pool->session,
        .pool = pool->name,
        .number = number,
        .slots = pool->processes ? 1 : pool->wanted,
        .keep_slots = !pool->processes,
        .replaces_pid = pool->last_pids[number],
        .close_fds = close_fds->fds,
        .close_count = close_fds->len,
    };
    enum cq_code code = cq_child_start(&order, at, err);
    free(close_fds);
    if (code != CQ_OK)
        return false;
    int64_t age_s = pool->session->settings.max_age_s;
    if (age_s) /* a tenth of it is drawn, so that a pool's processes do not all get old at once */
        (*at)->old_at = (*at)->started_at +
                        (cq_time)((double)age_s * (0.9 + 0.1 * (double)random() / (double)RAND_MAX) *
                                  CQ_SECOND);
    cq_log(&pool->log, CQ_LOG_DEBUG, pool->name, NULL, "worker process %d started", (int)(*at)->pid);
    return true;
}

double cq_seat_pause(int *failures)
{
    double pause_s = pause_first_s;
    for (int i = 0; i < *failures && pause_s < pause_most_s; i++)
        pause_s *= 2;
    pause_s = pause_s < pause_most_s ? pause_s : pause_most_s;
    ++*failures;
    return pause_s * (0.5 + 0.5 * (double)random() / (double)RAND_MAX);
}

static void start_in(struct cq_pool *pool, struct cq_seat *seat, cq_time now)
{
    struct cq_error err;
    seat->start_at = 0;
    if (start(pool, &seat->child, &err))
        return;
    double pause_s = cq_seat_pause(&seat->failures);
    seat->start_at = now + (cq_time)(pause_s * CQ_SECOND);
    cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "%s; trying again in %.1f s", err.text, pause_s);
}

/* ---- age and memory ---- */

/* NULL: it is as it should be. */
static const char *too_much(const struct cq_pool *pool, const struct cq_seat *seat, cq_time now)
{
    const struct cq_child *child = seat->child;
    int64_t limit_kb = pool->session->settings.max_rss_kb;
    if (child->old_at && now >= child->old_at)
        return "has reached --max-age";
    return limit_kb && now >= seat->renew_at && cq_child_rss_kb(child->pid) > limit_kb ? "is above --max-rss"
                                                                                       : NULL;
}

/* The oldest that is to be renewed. NULL: there is none, or one is being renewed: one at a time, a successor
 * is memory, too. */
static struct cq_seat *find_worn(struct cq_pool *pool, cq_time now, const char **ret_why)
{
    struct cq_seat *oldest = NULL;
    for (int i = 0; i < pool->seat_count; i++)
        if (pool->seats[i].successor)
            return NULL;
    for (int i = 0; i < pool->seat_count; i++) {
        struct cq_seat *seat = &pool->seats[i];
        if (!seat->child || seat->child->state != CQ_CHILD_READY || now < seat->retry_at)
            continue;
        if (oldest && oldest->child->started_at <= seat->child->started_at)
            continue;
        const char *why = too_much(pool, seat, now);
        if (!why)
            continue;
        oldest = seat;
        *ret_why = why;
    }
    return oldest;
}

static void renew(struct cq_pool *pool, cq_time now)
{
    const char *why = NULL;
    struct cq_error err;
    struct cq_seat *seat = find_worn(pool, now, &why);
    if (!seat)
        return;
    seat->renew_at = now + RENEW_PAUSE_S * CQ_SECOND;
    if (start(pool, &seat->successor, &err)) {
        cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "worker process %d %s; process %d takes its place",
               (int)seat->child->pid, why, (int)seat->successor->pid);
    } else {
        seat->retry_at = now + (cq_time)(cq_seat_pause(&seat->lost_successors) * CQ_SECOND);
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "worker process %d %s, and stays: %s",
               (int)seat->child->pid, why, err.text);
    }
}

cq_time cq_pool_tend(struct cq_pool *pool)
{
    cq_time now = cq_clock_monotonic(), next = 0;
    const struct cq_settings *settings = &pool->session->settings;
    if (pool->stopping)
        return 0;
    for (int i = 0; i < pool->seat_count; i++)
        if (pool->seats[i].start_at && pool->seats[i].start_at <= now)
            start_in(pool, &pool->seats[i], now);
    if ((settings->max_age_s || settings->max_rss_kb) && now >= pool->look_at) {
        pool->look_at = now + LOOK_EVERY_S * CQ_SECOND;
        renew(pool, now);
    }
    if (settings->max_age_s || settings->max_rss_kb)
        next = pool->look_at;
    for (int i = 0; i < pool->seat_count; i++) {
        const struct cq_seat *seat = &pool->seats[i];
        if (seat->start_at && (!next || seat->start_at < next))
            next = seat->start_at;
        if (seat->child && seat->child->old_at > now && seat->child->old_at < next)
            next = pool->look_at = seat->child->old_at;
    }
    return next;
}

/* ---- leaving ---- */

static void let_go(struct cq_pool *pool, struct cq_child *child)
{
    child->next = pool->leaving;
    pool->leaving = child;
    child->state = CQ_CHILD_LEAVING;
    cq_supervisor_link_send(child->fd, CQ_SUPERVISOR_LEAVE, 0);
}

void cq_pool_resize(struct cq_pool *pool, int wanted)
{
    if (pool->stopping || wanted == pool->wanted)
        return;
    if (wanted < 1 || wanted > CQ_SLOTS_MAX) {
        cq_log(&pool->log, CQ_LOG_WARNING, pool->name, NULL,
               "resize to %d workers ignored: 1 to %d is what there may be", wanted, CQ_SLOTS_MAX);
        return;
    }
    cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "pool is resized from %d to %d workers", pool->wanted,
           wanted);
    pool->wanted = wanted;
    for (int i = 0; i < pool->seat_count && !pool->processes; i++) {
        if (pool->seats[i].child)
            cq_supervisor_link_send(pool->seats[i].child->fd, CQ_SUPERVISOR_HAVE_SLOTS, wanted);
        if (pool->seats[i].successor)
            cq_supervisor_link_send(pool->seats[i].successor->fd, CQ_SUPERVISOR_HAVE_SLOTS, wanted);
    }
    for (; pool->processes && pool->seat_count < wanted; pool->seat_count++)
        pool->seats[pool->seat_count] = (struct cq_seat){.start_at = cq_clock_monotonic()};
    for (; pool->processes && pool->seat_count > wanted; pool->seat_count--) {
        struct cq_seat *seat = &pool->seats[pool->seat_count - 1];
        if (seat->child)
            let_go(pool, seat->child);
        if (seat->successor)
            let_go(pool, seat->successor);
    }
}

static void send_signal(struct cq_child *child, void *data)
{
    kill(child->pid, *(int *)data);
}

void cq_pool_stop(struct cq_pool *pool, int signal_number)
{
    if (!pool->stopping)
        cq_notify_send(&pool->notify, "STOPPING=1");
    pool->stopping = true;
    cq_pool_each(pool, send_signal, &signal_number);
}

/* ---- what they say ---- */

static void got_ready(struct cq_pool *pool, struct cq_child *child)
{
    bool all = true;
    if (child->state == CQ_CHILD_STARTING)
        child->state = CQ_CHILD_READY;
    for (int i = 0; i < pool->seat_count; i++) {
        struct cq_seat *seat = &pool->seats[i];
        if (seat->successor == child) {
            if (seat->child)
                let_go(pool, seat->child);
            seat->child = child;
            seat->successor = NULL;
            seat->lost_successors = 0;
        }
        all = all && seat->child && seat->child->state == CQ_CHILD_READY;
    }
    if (!all || pool->ready)
        return;
    pool->ready = true;
    cq_notify_send(&pool->notify, "READY=1");
}

void cq_pool_hear(struct cq_pool *pool, struct cq_child *child)
{
    struct cq_supervisor_message message;
    int got;
    while ((got = cq_supervisor_link_receive(child->fd, &message)) > 0) {
        switch (message.word) {
        case CQ_SUPERVISOR_READY: got_ready(pool, child); break;
        case CQ_SUPERVISOR_RESIZE_TO: cq_pool_resize(pool, message.value); break;
        case CQ_SUPERVISOR_RESIZE_BY:
            cq_pool_resize(pool, pool->wanted + (message.value > 0 ? 1 : -1));
            break;
        case CQ_SUPERVISOR_MAX_JOBS_DONE: child->worn = true; break;
        }
    }
    child->deaf = got < 0;
}
