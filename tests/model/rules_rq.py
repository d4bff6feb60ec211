"""What RQ 2.12's own steps do, where that differs from cq's: written from RQ's source, and kept to what a
lone step does.

RQ's leaks, which are its own and which no rule of ours may hide:
  forgets an expiry   a job that is pushed again keeps the expiry that an earlier end had set
  results stay        a delete leaves the results of the job, and so do empty, a success with a result_ttl of
  0, and a scheduler that finds
                      the job expired
  empty is shallow    it leaves dependencies, group members and deferred dependents behind
  dead in the middle  a dead id that a worker of one queue pops stays in :intermediate
  twice released      a dependent is pushed again that another dependency released already
  sets of nobody      a dependent of a job that does not exist, or expires, leaves the set of that job's
  dependents behind overdue             cancel and delete leave an execution in rq:wip that is overdue for
  more than a minute two places          a job that repeats is in rq:finished and on its list buried twice
  with a failure_ttl of 0 the job is deleted, and its id stays in rq:failed
The last three are not started at all: see `spares`.
"""

import rules
from state import RESULT_TTL, YEAR

SIMPLE_S = 300  # rq/worker/worker_classes.py, SimpleWorker.get_heartbeat_ttl, and a minute


def spares(state, job, released=True):
    """Would RQ's step put a job into two places? Then the test does not take it."""
    if job.repeats or job.failure_ttl == 0:
        return True
    others = [state.jobs[other] for other in state.dependents.get(job.id, ()) if other in state.jobs]
    return released and any(other.status not in ("deferred", "canceled") for other in others)


def push(state, job, queue, front):
    job.status, job.queue, job.enqueued = "queued", queue, 0
    state.used.add(queue)
    keep_waiting(state, job)
    if front:
        state.lists[queue].insert(0, job.id)
    else:
        state.lists[queue].append(job.id)


def keep_waiting(state, job):
    if job.ttl:
        for kind in ("job", "dependents", "waits"):
            state.expire(kind, job.id, job.ttl)


def run_again(state, job, interval, front):
    if interval:
        job.status = "scheduled"
        state.used.add(job.queue)
        keep_waiting(state, job)
        state.registries["scheduled"][job.queue][job.id] = state.now + interval
    else:
        push(state, job, job.queue, front)


def met(state, job, parent):
    """Is each dependency but this one gone, finished, or failed and that allowed?"""
    for other in state.waits.get(job.id, ()):
        status = state.jobs[other].status if other in state.jobs else None
        if (
            other != parent
            and status not in (None, "finished")
            and not (job.failures_allowed and status == "failed")
        ):
            return False
    return True


def release(state, parent, status, canceling=False):
    """status: what RQ takes for the parent's. When it is being canceled, it is left out of account."""
    for job_id in sorted(state.dependents.get(parent, ()), key=int):
        job = state.jobs.get(job_id)
        if not job or job.status == "canceled":
            continue
        if not canceling and (
            status in ("canceled", "stopped") or status == "failed" and not job.failures_allowed
        ):
            continue
        if not met(state, job, parent):
            continue
        state.registries["deferred"][job.queue].pop(job_id, None)
        push(state, job, job.queue, job.front)
        state.forget(state.dependents, "dependents", parent, job_id)
        state.unordered.add(job_id)


def cleanup(state, job, ttl):
    if ttl > 0:
        for kind in ("job", "dependents", "waits"):
            state.expire(kind, job.id, ttl)


def leave_started(state, job, queue):
    """Executions are known for a minute longer than they may be silent; what is overdue for longer is found
    abandoned."""
    known = any(key[0] == job.id and score + 60 > state.now for key, score in state.wip[queue].items())
    for key in [key for key in state.wip[queue] if key[0] == job.id and known]:
        state.wip[queue].pop(key)


def delete(state, job, from_list):
    """Job.delete; its results stay."""
    if from_list:
        state.lists[job.queue] = [other for other in state.lists[job.queue] if other != job.id]
    place = {"stopped": "failed"}.get(job.status, job.status)
    if place in state.registries:
        state.registries[place][job.queue].pop(job.id, None)
    leave_started(state, job, job.queue)
    for key in [key for key in state.executions if key[0] == job.id]:
        state.drop("execution", key)
    if job.group:
        state.groups[job.group].discard(job.id)
    for kind in ("job", "dependents", "waits", "running"):
        state.drop(kind, job.id)


def run(state, job, outcome, retry_max=0, interval=0):
    """A whole run by a worker: from its list to its end. The id left the list already."""
    state.persist("job", job.id)
    state.runs[job.id] += 1
    state.expire("running", job.id, SIMPLE_S)  # executions of an earlier life
    job.status, job.ended = "started", True
    if outcome == "success":
        release(state, job.id, "started")
        ttl = RESULT_TTL if job.result_ttl is None else job.result_ttl
        if ttl == 0:
            delete(state, job, False)
            return
        job.status = "finished"
        rules.add_result(state, job, "1", ttl)
        state.registries["finished"][job.queue][job.id] = "inf" if ttl < 0 else state.now + ttl
        cleanup(state, job, ttl)
    elif outcome == "failed" and job.retries:
        index = max(len(job.intervals or ()) - job.retries, 0)
        job.retries -= 1
        run_again(state, job, job.intervals[index] if job.intervals else 0, job.front_on_retry)
    elif outcome == "failed" or job.count and job.count >= retry_max:
        bury(state, job, "2" if outcome == "failed" else "5")
    else:
        rules.add_result(state, job, "4", job.failure_ttl)
        job.count += 1
        run_again(state, job, interval, False)


def bury(state, job, kind):
    ttl = YEAR if job.failure_ttl is None else job.failure_ttl
    job.status = "failed"
    state.registries["failed"][job.queue][job.id] = ttl if ttl < 0 else state.now + ttl
    cleanup(state, job, ttl)
    rules.add_result(state, job, kind, job.failure_ttl)
    release(state, job.id, "failed")


def take(state, queues):
    """The id that a worker pops first, dead ones left behind: in the middle when it serves one queue only."""
    for queue in queues:
        while state.lists[queue]:
            job_id = state.lists[queue].pop(0)
            if job_id in state.jobs:
                return state.jobs[job_id]
            if len(queues) == 1:
                state.stuck[queue].append(job_id)
    return None


def enqueue(state, job, front, dependencies):
    """A fresh id only."""
    state.jobs[job.id] = job
    job.dependencies = dependencies
    if job.group:
        state.groups[job.group].add(job.id)
    if any(other in state.jobs and state.jobs[other].status != "finished" for other in dependencies):
        job.status = "deferred"
        state.registries["deferred"][job.queue][job.id] = state.now
        for other in dependencies:
            state.dependents[other].add(job.id)
            state.waits[job.id].add(other)
        keep_waiting(state, job)
    else:
        push(state, job, job.queue, front)


def cancel(state, job, release_dependents, leave_dependencies):
    was = job.status
    if release_dependents:
        release(state, job.id, "canceled", True)
    if leave_dependencies:
        for other in job.dependencies:
            if other in state.jobs:
                state.forget(state.dependents, "dependents", other, job.id)
    job.status = "canceled"
    state.lists[job.queue] = [other for other in state.lists[job.queue] if other != job.id]
    if was == "started":
        leave_started(state, job, job.queue)
        if any(key[0] == job.id for key in state.wip[job.queue]):
            state.overdue.add(job.id)
    place = {"stopped": "failed"}.get(was, was)
    if place in state.registries:
        state.registries[place][job.queue].pop(job.id, None)
    state.registries["canceled"][job.queue][job.id] = state.now


def requeue(state, job):
    state.registries["failed"][job.queue].pop(job.id, None)
    job.ended = False
    push(state, job, job.queue, False)


def empty(state, queue):
    for job_id in state.lists[queue]:
        state.drop("job", job_id)
        state.drop("dependents", job_id)
    state.lists[queue] = []


def due(state, queue):
    for job_id, score in sorted(
        state.registries["scheduled"][queue].items(), key=lambda item: (item[1], item[0])
    ):
        if score <= state.now:
            state.registries["scheduled"][queue].pop(job_id)
            job = state.jobs.get(job_id)
            if job:
                push(state, job, queue, job.front_on_retry and job.ended or job.front)
            else:
                state.foreign.add(job_id)


def clean(state, queue):
    """Registries: what has expired, and what was abandoned."""
    for name in ("finished", "failed"):
        for job_id, score in list(state.registries[name][queue].items()):
            if score != "inf" and 0 <= score <= state.now:
                state.registries[name][queue].pop(job_id)
    for key, score in sorted(state.wip[queue].items(), key=lambda item: (item[1], item[0])):
        if score > state.now:
            continue
        state.wip[queue].pop(key)
        job = state.jobs.get(key[0])
        if not job:
            continue
        if job.retries:
            index = max(len(job.intervals or ()) - job.retries, 0)
            job.retries -= 1
            run_again(state, job, job.intervals[index] if job.intervals else 0, job.front_on_retry)
        else:
            bury(state, job, "2")
