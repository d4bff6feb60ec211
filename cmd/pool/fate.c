/* What becomes of a pool whose processes end, and of what they leave. */
#include <signal.h>
#include <sys/wait.h>

#include "base/exit_text.h"
#include "cmd/pool/seats.h"

enum {
    STEADY_S = 60, /* what has lived so long did not die of its start */
    /* names that others have are not tried again for so long: those of one that died without a word expire */
    TAKEN_S = 600,
};

static bool is_well(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == CQ_EXIT_OK;
}

/* Nothing that waiting would mend: for a Redis that is not there a worker waits, it ends with CQ_EXIT_REDIS
 * when it is refused. */
static bool is_hopeless(int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : CQ_EXIT_OK;
    return code == CQ_EXIT_USAGE || code == CQ_EXIT_CONFIG || code == CQ_EXIT_REDIS;
}

/* Refused at its birth: somebody has its name, maybe a pool before this one that was killed. Other numbers
 * are free. */
static bool is_refused(const struct cq_child *child, int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == CQ_EXIT_FAILED && child->state == CQ_CHILD_STARTING;
}

/* The process of a seat is gone, and nobody wanted it to. */
static void fill_again(struct cq_pool *pool, struct cq_seat *seat, const struct cq_child *child, int status)
{
    cq_time now = cq_clock_monotonic();
    char how[CQ_EXIT_TEXT_SIZE];
    cq_exit_text(status, how, sizeof(how));
    if (is_hopeless(status) && !pool->ready) {
        pool->status = (enum cq_exit)WEXITSTATUS(status);
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "worker process %d %s: the pool ends",
               (int)child->pid, how);
        cq_pool_stop(pool, SIGTERM);
    } else if (pool->session->settings.burst && !(is_well(status) && child->worn) &&
               !is_refused(child, status)) {
        if (is_well(status))
            return;
        pool->status = CQ_EXIT_FAILED;
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
               "worker process %d %s; in burst mode it is not replaced", (int)child->pid, how);
    } else if (is_well(status) && child->state == CQ_CHILD_READY) {
        seat->start_at = now;
        cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "worker process %d has ended; another is started",
               (int)child->pid);
    } else {
        if (now - child->started_at > STEADY_S * CQ_SECOND)
            seat->failures = 0;
        double pause_s = cq_seat_pause(&seat->failures);
        seat->start_at = now + (cq_time)(pause_s * CQ_SECOND);
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
               "worker process %d %s; another is started in %.1f s%s", (int)child->pid, how, pause_s,
               is_refused(child, status) ? ", with another name" : "");
    }
}

static void lost_successor(struct cq_pool *pool, struct cq_seat *seat, int status)
{
    char how[CQ_EXIT_TEXT_SIZE];
    double pause_s = cq_seat_pause(&seat->lost_successors);
    cq_exit_text(status, how, sizeof(how));
    seat->retry_at = cq_clock_monotonic() + (cq_time)(pause_s * CQ_SECOND);
    cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
           "worker process %d, which was to take the place of %d, %s; that one stays for now",
           (int)seat->successor->pid, seat->child ? (int)seat->child->pid : 0, how);
}

struct search {
    pid_t pid;
    struct cq_child *found;
};

static void compare(struct cq_child *child, void *data)
{
    struct search *search = data;
    if (child->pid == search->pid)
        search->found = child;
}

/* Out of the list, if it was leaving. A seat is the caller's to clear; NULL: it had none. */
static struct cq_child *take_out(struct cq_pool *pool, pid_t pid, struct cq_seat **ret_seat,
                                 bool *ret_successor)
{
    *ret_seat = NULL;
    *ret_successor = false;
    for (int i = 0; i < pool->seat_count; i++) {
        struct cq_seat *seat = &pool->seats[i];
        bool successor = seat->successor && seat->successor->pid == pid;
        if (!successor && (!seat->child || seat->child->pid != pid))
            continue;
        *ret_seat = seat;
        *ret_successor = successor;
        return successor ? seat->successor : seat->child;
    }
    for (struct cq_child **at = &pool->leaving; *at; at = &(*at)->next)
        if ((*at)->pid == pid) {
            struct cq_child *child = *at;
            *at = child->next;
            return child;
        }
    return NULL;
}

void cq_pool_reaped(struct cq_pool *pool, pid_t pid, int status)
{
    struct cq_seat *seat;
    bool successor;
    struct search search = {.pid = pid};
    cq_pool_each(pool, compare, &search);
    if (!search.found) /* an orphan that became ours, as process 1 of a container */
        return;
    cq_pool_hear(pool, search.found); /* its last words: they may move it */
    struct cq_child *child = take_out(pool, pid, &seat, &successor);
    pool->last_pids[child->number] = is_well(status) ? 0 : (int)pid;
    if (is_refused(child, status))
        pool->taken_until[child->number] = cq_clock_monotonic() + TAKEN_S * CQ_SECOND;
    if (!is_well(status) && pool->stopping && pool->status == CQ_EXIT_OK && !WIFSIGNALED(status))
        pool->status = (enum cq_exit)WEXITSTATUS(status);
    if (seat && successor) {
        if (!pool->stopping)
            lost_successor(pool, seat, status);
        seat->successor = NULL;
    } else if (seat) {
        if (seat->successor && !pool->stopping) { /* what was to come is there already */
            seat->child = NULL;
        } else if (!pool->stopping) {
            fill_again(pool, seat, child, status);
        }
        seat->child = seat->successor;
        seat->successor = NULL;
    }
    cq_child_free(child);
}
