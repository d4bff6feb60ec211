#include "cmd/pool/process_end.h"

#include <sys/wait.h>

#include "base/process/exit_text.h"

/* Names that others have are not tried again for so long: those of one that died without a word expire. */
enum { TAKEN_S = 600 };

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

/* Its workers were refused as they registered: others have the names, maybe a pool before this one that was
 * killed. Other numbers are free. */
static bool is_refused(const struct cq_pool *pool, const struct cq_child *child, int status)
{
    if (!WIFEXITED(status) || WEXITSTATUS(status) != CQ_EXIT_FAILED ||
        child->position == CQ_CHILD_NO_POSITION)
        return false;
    const struct cq_pool_position *position = &pool->positions[child->position];
    return position->successor == child || position->life.state == CQ_POSITION_STARTING;
}

static uint32_t facts_of(const struct cq_pool *pool, const struct cq_child *child, int status)
{
    return (is_well(status) ? CQ_POSITION_WELL : 0) |
           (is_hopeless(status) && pool->state == CQ_POOL_STARTING ? CQ_POSITION_HOPELESS : 0) |
           (is_refused(pool, child, status) ? CQ_POSITION_REFUSED : 0) |
           (pool->session->settings.burst ? CQ_POSITION_BURST : 0);
}

static void say_what_follows(struct cq_pool *pool, const struct cq_position *position, pid_t pid, int status,
                             enum cq_position_action action, bool refused)
{
    char how[CQ_EXIT_TEXT_SIZE];
    cq_exit_text(status, how, sizeof(how));
    switch (action) {
    case CQ_POSITION_END_POOL:
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL, "worker process %d %s: the pool ends", (int)pid,
               how);
        break;
    case CQ_POSITION_NOTE_FAILURE:
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
               "worker process %d %s; in burst mode it is not replaced", (int)pid, how);
        break;
    case CQ_POSITION_START_NOW:
        cq_log(&pool->log, CQ_LOG_INFO, pool->name, NULL, "worker process %d has ended; another is started",
               (int)pid);
        break;
    case CQ_POSITION_PAUSE:
        cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
               "worker process %d %s; another is started in %.1f s%s", (int)pid, how, position->pause_s,
               refused ? ", with another name" : "");
        break;
    default: break;
    }
}

static void process_ended(struct cq_pool *pool, struct cq_pool_position *position, struct cq_child *child,
                          int status)
{
    uint32_t facts = facts_of(pool, child, status);
    position->process = NULL;
    const struct cq_rule *rule = cq_pool_apply(pool, position, CQ_POSITION_ON_ENDED, facts, status);
    if (rule)
        say_what_follows(pool, &position->life, child->pid, status, rule->actions[0],
                         facts & CQ_POSITION_REFUSED);
}

static void successor_ended(struct cq_pool *pool, struct cq_pool_position *position, pid_t pid, int status)
{
    char how[CQ_EXIT_TEXT_SIZE];
    cq_exit_text(status, how, sizeof(how));
    position->successor = NULL;
    cq_pool_apply(pool, position, CQ_POSITION_ON_SUCCESSOR_FAILED, 0, 0);
    cq_log(&pool->log, CQ_LOG_ERROR, pool->name, NULL,
           "worker process %d, which was to take the place of %d, %s; that one stays for now", (int)pid,
           (int)position->process->pid, how);
}

void cq_pool_reaped(struct cq_pool *pool, pid_t pid, int wait_status)
{
    int at = 0;
    while (at < pool->child_count && pool->children[at]->pid != pid)
        at++;
    if (at == pool->child_count) /* an orphan that became ours, as process 1 of a container */
        return;
    struct cq_child *child = pool->children[at];
    cq_pool_read_messages(pool, child); /* its last words: they may change its position */
    pool->children[at] = pool->children[--pool->child_count];
    pool->last_pids[child->number] = is_well(wait_status) ? 0 : (int)pid;
    if (is_refused(pool, child, wait_status))
        pool->taken_until[child->number] = cq_clock_monotonic() + TAKEN_S * CQ_SECOND;
    if (!is_well(wait_status) && pool->state == CQ_POOL_STOPPING && pool->status == CQ_EXIT_OK &&
        !WIFSIGNALED(wait_status))
        pool->status = (enum cq_exit)WEXITSTATUS(wait_status);
    if (child->position != CQ_CHILD_NO_POSITION) {
        struct cq_pool_position *position = &pool->positions[child->position];
        if (position->successor == child)
            successor_ended(pool, position, pid, wait_status);
        else
            process_ended(pool, position, child, wait_status);
    }
    cq_child_free(child);
}
