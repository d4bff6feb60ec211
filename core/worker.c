#include "core/worker.h"

void cq_worker_init(struct cq_worker *worker, const struct cq_worker_shell *shell, int64_t max_jobs)
{
    *worker = (struct cq_worker){.shell = shell, .max_jobs = max_jobs};
}

/* The rule of an event; NULL when it is illegal, which is said. */
static const struct cq_rule *rule_for(struct cq_worker *worker, const struct cq_machine *machine, int state,
                                      int event, uint32_t facts)
{
    const struct cq_rule *rule = cq_machine_rule(machine, state, event, facts);
    if (!rule)
        worker->shell->illegal(worker, machine, state, event);
    return rule;
}

static void claim_raise(struct cq_worker *worker, enum cq_claim_event event)
{
    const struct cq_rule *rule = rule_for(worker, &cq_claim_machine, worker->claim, event, 0);
    if (rule)
        worker->claim = rule->next;
}

/* ---- the execution ---- */

static void do_execution(struct cq_worker *worker, enum cq_execution_action action)
{
    switch (action) {
    case CQ_EXECUTION_DO_COMMIT: cq_execution_raise(worker, CQ_EXECUTION_SEND); break;
    case CQ_EXECUTION_DO_REPORT:
    case CQ_EXECUTION_DO_GIVE_UP: worker->jobs_done++; /* fall through */
    default: worker->shell->do_execution(worker, action);
    }
}

void cq_execution_raise(struct cq_worker *worker, enum cq_execution_event event)
{
    uint32_t facts = worker->shell->execution_facts(worker);
    const struct cq_rule *rule = rule_for(worker, &cq_execution_machine, worker->execution, event, facts);
    if (!rule)
        return;
    if (rule->next != CQ_SAME_STATE)
        worker->execution = rule->next;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        do_execution(worker, rule->actions[i]);
}

/* ---- the worker ---- */

static void do_worker(struct cq_worker *worker, enum cq_worker_action action)
{
    switch (action) {
    case CQ_WORKER_DO_FETCH: cq_worker_raise(worker, CQ_WORKER_WORK); break;
    case CQ_WORKER_DO_RESEND:
        if (cq_execution_is_over(worker->execution))
            cq_execution_raise(worker, CQ_EXECUTION_SEND);
        break;
    case CQ_WORKER_DO_SEND_FETCH:
        claim_raise(worker, CQ_CLAIM_ASK);
        worker->shell->do_worker(worker, action);
        break;
    case CQ_WORKER_DO_DEREGISTER:
        claim_raise(worker, CQ_CLAIM_FORGET);
        cq_execution_raise(worker, CQ_EXECUTION_DROP);
        worker->shell->do_worker(worker, action);
        break;
    default: worker->shell->do_worker(worker, action);
    }
}

void cq_worker_raise(struct cq_worker *worker, enum cq_worker_event event)
{
    uint32_t facts = worker->shell->worker_facts(worker);
    if (worker->claim == CQ_CLAIM_LOST)
        facts |= CQ_WORKER_UNSURE;
    if (worker->max_jobs && worker->jobs_done >= worker->max_jobs)
        facts |= CQ_WORKER_ENOUGH;
    const struct cq_rule *rule = rule_for(worker, &cq_worker_machine, worker->state, event, facts);
    if (!rule)
        return;
    if (rule->next != CQ_SAME_STATE)
        worker->state = rule->next;
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        do_worker(worker, rule->actions[i]);
}

/* ---- calls, and their answers ---- */

bool cq_worker_claims_next(struct cq_worker *worker, bool runtimes, bool *ret_resume_only)
{
    bool enough = cq_worker_is_leaving(worker->state) ||
                  (worker->max_jobs && worker->jobs_done + 1 >= worker->max_jobs);
    bool alone = enough || worker->execution == CQ_EXECUTION_REFUSED_COMMITTING || !runtimes;
    if (alone && worker->claim != CQ_CLAIM_LOST)
        return false;
    claim_raise(worker, CQ_CLAIM_ASK);
    *ret_resume_only = enough;
    return true;
}

bool cq_worker_resumes_only(const struct cq_worker *worker)
{
    return cq_worker_is_leaving(worker->state) || (worker->max_jobs && worker->jobs_done >= worker->max_jobs);
}

static void settle_claim(struct cq_worker *worker, enum cq_claim_event event)
{
    if (worker->claim == CQ_CLAIM_ASKED || worker->claim == CQ_CLAIM_ASKED_AGAIN)
        claim_raise(worker, event);
}

static void next(struct cq_worker *worker, enum cq_found found)
{
    static const enum cq_worker_event events[] = {
        [CQ_FOUND_JOB] = CQ_WORKER_JOB,
        [CQ_FOUND_NOTHING] = CQ_WORKER_NO_JOB,
        [CQ_FOUND_MORE_TO_LOOK_AT] = CQ_WORKER_TRY_AGAIN,
        [CQ_FOUND_SUSPENDED] = CQ_WORKER_SUSPENDED,
        [CQ_FOUND_NONSENSE] = CQ_WORKER_NOT_FETCHED,
        [CQ_FOUND_NOT_ASKED] = CQ_WORKER_NOT_ASKED,
    };
    cq_worker_raise(worker, events[found]);
}

void cq_worker_fetched(struct cq_worker *worker, enum cq_found found)
{
    settle_claim(worker, found == CQ_FOUND_NONSENSE ? CQ_CLAIM_NO_ANSWER : CQ_CLAIM_ANSWERED);
    next(worker, found);
}

void cq_worker_not_fetched(struct cq_worker *worker, enum cq_call_failure why)
{
    settle_claim(worker, why == CQ_CALL_LOST ? CQ_CLAIM_NO_ANSWER : CQ_CLAIM_REFUSED);
    cq_worker_raise(worker, why == CQ_CALL_LOST ? CQ_WORKER_LOST : CQ_WORKER_NOT_FETCHED);
}

void cq_worker_finished(struct cq_worker *worker, enum cq_found found)
{
    settle_claim(worker, found == CQ_FOUND_NONSENSE ? CQ_CLAIM_NO_ANSWER : CQ_CLAIM_ANSWERED);
    cq_execution_raise(worker, CQ_EXECUTION_STORED);
    next(worker, found);
}

void cq_worker_returned(struct cq_worker *worker)
{
    cq_execution_raise(worker, CQ_EXECUTION_STORED);
    next(worker, CQ_FOUND_NOT_ASKED);
}

void cq_worker_not_stored(struct cq_worker *worker, enum cq_call_failure why)
{
    static const enum cq_execution_event events[] = {
        [CQ_CALL_LOST] = CQ_EXECUTION_LOST,
        [CQ_CALL_BUSY] = CQ_EXECUTION_BUSY,
        [CQ_CALL_REFUSED] = CQ_EXECUTION_REFUSED,
        [CQ_CALL_TOO_LARGE] = CQ_EXECUTION_TOO_LARGE,
    };
    settle_claim(worker, why == CQ_CALL_LOST ? CQ_CLAIM_NO_ANSWER : CQ_CLAIM_REFUSED);
    cq_execution_raise(worker, events[why]);
    if (worker->execution == CQ_EXECUTION_NONE) /* it was given up */
        next(worker, CQ_FOUND_NOT_ASKED);
}
