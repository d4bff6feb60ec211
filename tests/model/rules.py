"""What cq's transitions do, written from docs/REDIS.md and not from the scripts. Each function changes a
State."""

import rules_limits
from rules_limits import keep_waiting, push
from state import RESULT_TTL, YEAR

MONITORING_S = 30


# --- Ways to wait.


def schedule(state, job, queue, due):
    job.status, job.queue = "scheduled", queue
    state.used.add(queue)
    keep_waiting(state, job, job.ttl)
    state.registries["scheduled"][queue][job.id] = due


def run_again(state, job, interval, front):
    if interval > 0:
        schedule(state, job, job.queue, state.now + interval)
    else:
        push(state, job, job.queue, front)


def interval_of(intervals, index):
    if not intervals:
        return 0
    return intervals[min(index, len(intervals) - 1)]


# --- Dependents.


def waits_on(state, job, parent, parent_is_past):
    """Is there still something to wait for? What is past then is asked for no more: up to the first that is
    open."""
    past = [parent] if parent_is_past else []
    for other in sorted(state.waits.get(job.id, ()), key=int):
        status = state.jobs[other].status if other in state.jobs else None
        if other == parent or job.failures_allowed and status == "failed":
            continue
        if status not in (None, "finished"):
            for each in past:
                state.forget(state.waits, "waits", job.id, each)
            return True
        past.append(other)
        if status is None:  # it expired, and may have left its set behind
            state.forget(state.dependents, "dependents", other, job.id)
    return False


def release(state, parent, parent_failed, canceled=False):
    """Release jobs that wait for nothing else. The order among several is Redis' own: sets of numbers are
    sorted. canceled: the parent is passed over, and jobs that still wait continue to name it."""
    for job_id in sorted(state.dependents.get(parent, ()), key=int):
        job = state.jobs.get(job_id)
        if job and job.status == "deferred":
            if (
                parent_failed
                and not job.failures_allowed
                or waits_on(state, job, parent, not parent_failed and not canceled)
            ):
                continue
            state.registries["deferred"][job.queue].pop(job_id, None)
            push(state, job, job.queue, job.front, True)
        elif job and job.status == "canceled":
            continue
        state.forget(state.dependents, "dependents", parent, job_id)


# --- Ends.


def delete(state, job):
    """Everything that belongs to it; its places are the caller's."""
    rules_limits.leave(state, job)
    for key in [key for key in state.executions if key[0] == job.id]:
        state.drop("execution", key)
        state.wip[job.queue].pop(key, None)
    for other in state.waits.get(job.id, ()):
        state.forget(state.dependents, "dependents", other, job.id)
    if job.group:
        state.groups[job.group].discard(job.id)
    for kind in ("job", "dependents", "waits", "results", "output", "running"):
        state.drop(kind, job.id)


def add_result(state, job, kind, ttl):
    """ttl: None leaves the stream's expiry as it is (RQ), below 0 ends it."""
    state.results[job.id].append(kind)
    if ttl is not None and ttl < 0:
        state.persist("results", job.id)
    elif ttl is not None:
        state.expire("results", job.id, ttl)


def bury(state, job, status, kind):
    ttl = YEAR if job.failure_ttl is None else job.failure_ttl
    job.status = status
    if ttl > 0:
        for key in ("job", "dependents", "waits"):
            state.expire(key, job.id, ttl)
    if status == "failed":
        release(state, job.id, True)
    if ttl == 0:
        delete(state, job)
        return
    state.registries["failed"][job.queue][job.id] = -1 if ttl < 0 else state.now + ttl
    add_result(state, job, kind, ttl)


def retry(state, job):
    if not job.retries:
        return False
    index = max(len(job.intervals or ()) - job.retries, 0)
    job.retries -= 1
    run_again(state, job, interval_of(job.intervals, index), job.front_on_retry)
    return True


# --- Running.


def heartbeat_s(job):
    return min(MONITORING_S, job.timeout) + 60 if job.timeout > 0 else MONITORING_S + 60


def fetch(state, worker, execution, call):
    """call: a number that grows with every start. Start the next job of the worker's queues. Returns what the
    answer should say."""
    worker.let_go()
    if state.suspended:
        return "suspended"
    rules_limits.wake(state)
    for queue in worker.queues:
        while not rules_limits.is_paused(state, queue) and state.lists[queue]:
            job_id = state.lists[queue].pop(0)
            job = state.jobs.get(job_id)
            if job is None:
                state.drop("results", job_id)
                state.drop("output", job_id)
            if (
                job
                and job.status != "canceled"
                and rules_limits.may_start(state, job, queue)
                and not rules_limits.set_aside(state, job, queue)
            ):
                start(state, worker, job, queue, execution, call)
                return "started"
    if worker.lives and worker.state != "idle":
        become_idle(state, worker)
    return "empty"


def become_idle(state, worker):
    worker.state, worker.shows = "idle", None
    state.left["worker", worker.name] = 480


def hear(state, key, left):
    """The list of a job's executions."""
    state.running[key[0]][key[1]] = state.now + left + 60
    state.expire("running", key[0], left + 60)


def start(state, worker, job, queue, execution, call):
    job.status, job.queue = "started", queue
    state.persist("job", job.id)
    if job.ttl is not None:
        state.persist("dependents", job.id)
        state.persist("waits", job.id)
    key = (job.id, execution)
    state.executions[key] = call
    state.expire("execution", key, heartbeat_s(job))
    state.wip[queue][key] = state.now + heartbeat_s(job)
    hear(state, key, heartbeat_s(job))
    state.runs[job.id] += 1
    worker.job, worker.execution, worker.queue = job.id, execution, queue
    if worker.lives:
        worker.state, worker.shows = "busy", worker.job
        state.left["worker", worker.name] = MONITORING_S + 60


def succeed(state, job):
    if job.retries is not None or job.count:
        state.drop("output", job.id)
    had_dependents = bool(state.dependents.get(job.id))
    release(state, job.id, False)
    ttl = RESULT_TTL if job.result_ttl is None else job.result_ttl
    if ttl == 0 and not job.repeats:
        delete(state, job)
        return
    if ttl != 0:
        add_result(state, job, "1", ttl)
    if job.repeats:
        job.repeats -= 1
        run_again(state, job, interval_of(job.repeat_intervals, job.repeats), False)
        return
    job.status = "finished"
    state.registries["finished"][job.queue][job.id] = "inf" if ttl < 0 else state.now + ttl
    if ttl > 0:
        state.expire("job", job.id, ttl)
        if had_dependents:
            state.expire("dependents", job.id, ttl)
        state.expire("waits", job.id, ttl)


def fail(state, job, outcome, retry_max, intervals, output):
    ttl = YEAR if job.failure_ttl is None else job.failure_ttl
    state.drop("output", job.id)
    if output and ttl != 0:
        state.outputs.add(job.id)
        state.expire("output", job.id, YEAR if ttl < 0 else min(ttl, YEAR))
    if outcome == "stopped":
        bury(state, job, "stopped", "2")
    elif outcome == "failed":
        if not retry(state, job):
            bury(state, job, "failed", "2")
    elif job.count and job.count >= retry_max:
        bury(state, job, "failed", "5")
    else:
        add_result(state, job, "4", ttl)
        job.count += 1
        run_again(state, job, interval_of(intervals, job.count - 1), False)


def finish(state, worker, outcome, retry_max, intervals, output):
    """The outcome of what the worker runs. Returns what is left of the worker's hash, for that."""
    job, key, queue = state.jobs.get(worker.job), (worker.job, worker.execution), worker.queue
    mine = key in state.wip[queue]
    if job and (mine or job.status == "canceled"):
        job.ended = True
    was_there = key in state.executions
    state.drop("execution", key)
    state.forget_running(key)
    counts = mine
    if mine:
        state.wip[queue].pop(key)
        if job and job.status == "canceled":
            finish_canceled(state, job, outcome, output)
        elif job and outcome == "success":
            succeed(state, job)
        elif job:
            fail(state, job, outcome, retry_max, intervals, output)
    elif was_there and job and job.status == "canceled":
        finish_canceled(state, job, outcome, output)
        counts = True
    if (
        counts and job and job.status not in ("queued", "rate_limited")
    ):  # a slot is kept on the way back to the queue
        rules_limits.release_slot(state, job.key, job.id)
    if counts and worker.lives:
        worker.succeeded += outcome == "success"
        worker.failed += outcome != "success"
    worker.let_go()
    left = state.left.get(("worker", worker.name))
    if worker.lives:
        become_idle(state, worker)
    return left


def finish_canceled(state, job, outcome, output):
    """Canceled while it ran: its result, and it stays canceled."""
    ttl = RESULT_TTL if job.result_ttl is None else job.result_ttl
    if outcome == "success" and ttl != 0:
        add_result(state, job, "1", ttl)
    elif outcome == "failed":
        failure_ttl = YEAR if job.failure_ttl is None else job.failure_ttl
        add_result(state, job, "2", failure_ttl)
        state.drop("output", job.id)
        if output and failure_ttl != 0:
            state.outputs.add(job.id)
            state.expire("output", job.id, YEAR if failure_ttl < 0 else failure_ttl)


def heartbeat(state, worker):
    """Returns what the answer should say."""
    key = (worker.job, worker.execution)
    if worker.lives:
        state.left["worker", worker.name] = MONITORING_S + 60 if worker.job else 480
    if worker.job is None:
        return "ours" if worker.lives else "ours missing"
    if key not in state.wip[worker.queue]:
        return "lost" if worker.lives else "lost missing"
    job = state.jobs.get(worker.job)
    left = heartbeat_s(job) if job else MONITORING_S + 60
    state.executions.setdefault(key, state.calls)
    state.expire("execution", key, left)
    state.wip[worker.queue][key] = state.now + left
    hear(state, key, left)
    if worker.lives:
        worker.state, worker.shows = "busy", worker.job
    return "ours" if worker.lives else "ours missing"
