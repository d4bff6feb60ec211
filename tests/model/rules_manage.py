"""What clients, operators, maintenance and schedulers of cq do: as rules.py, from docs/REDIS.md."""

import rules_limits
from rules import become_idle, bury, delete, keep_waiting, push, release, retry, waits_on
from state import QUEUES, REGISTRIES, YEAR, Job


def leave_places(state, job):
    for queue in QUEUES:
        for ids in (state.lists[queue], state.stuck[queue]):
            if job.id in ids:
                ids.remove(job.id)
        for key in [key for key in state.wip[queue] if key[0] == job.id]:
            state.wip[queue].pop(key)
        for name in REGISTRIES:
            state.registries[name][queue].pop(job.id, None)


def leave_executions(state, job):
    for key in [key for key in state.executions if key[0] == job.id]:
        state.drop("execution", key)
    state.drop("running", job.id)


def leave_dependencies(state, job):
    for other in list(state.waits.get(job.id, ())):
        state.forget(state.dependents, "dependents", other, job.id)
    state.drop("waits", job.id)


def enqueue_again(state, job, old):
    """What it was before goes."""
    leave_places(state, old)
    leave_executions(state, old)
    leave_dependencies(state, old)
    rules_limits.leave(state, old)
    state.drop("output", job.id)
    if old.group and old.group != job.group:
        state.groups[old.group].discard(job.id)


def enqueue(state, job, front, dependencies=(), due=None):
    """A job of that id which exists is enqueued again."""
    old = state.jobs.get(job.id)
    if old:
        enqueue_again(state, job, old)
    state.jobs[job.id] = job
    job.dependencies = dependencies
    if job.group:
        state.groups[job.group].add(job.id)
    state.used.add(job.queue)
    open_ones = [
        other for other in dependencies if other in state.jobs and state.jobs[other].status != "finished"
    ]
    waits = [other for other in open_ones if state.jobs[other].status != "failed" or not job.failures_allowed]
    if due is not None:
        job.status = "scheduled"
        state.registries["scheduled"][job.queue][job.id] = due
    elif waits:
        job.status = "deferred"
        state.registries["deferred"][job.queue][job.id] = state.now
        for other in open_ones:
            register(state, job, state.jobs[other])
    else:
        push(state, job, job.queue, front, True)
    keep_waiting(state, job, job.ttl)


def register(state, job, other):
    """A dependency that ends takes its set of dependents along."""
    state.dependents[other.id].add(job.id)
    state.waits[job.id].add(other.id)
    left = state.left.get(("job", other.id))
    if left is not None and (other.ttl is not None or other.status in ("failed", "stopped", "canceled")):
        state.expire("dependents", other.id, left)


def cancel(state, job, dependents, detach):
    leave_places(state, job)
    cancel_in_place(state, job, dependents, detach)
    rules_limits.pass_slot_on(state, job)


def cancel_in_place(state, job, dependents, detach):
    rules_limits.leave(state, job, job.id in state.running)
    if dependents:
        release(state, job.id, False, True)
    if detach:
        for other in list(state.waits.get(job.id, ())):
            state.forget(state.dependents, "dependents", other, job.id)
    job.status = "canceled"
    state.registries["canceled"][job.queue][job.id] = state.now


def requeue(state, job, registry="failed", front=False):
    state.registries[registry][job.queue].pop(job.id, None)
    state.drop("output", job.id)
    job.ended = False
    if registry == "canceled":
        leave_started(state, job)
        leave_executions(state, job)
    push(state, job, job.queue, front, True)


def leave_started(state, job):
    for key in [key for key in state.wip[job.queue] if key[0] == job.id]:
        state.wip[job.queue].pop(key)


def remove(state, job, family=False, alone=True):
    if family:
        remove_dependents(state, job)
    leave_places(state, job)
    delete(state, job)
    if alone:
        rules_limits.pass_slot_on(state, job)


def remove_dependents(state, job):
    others = sorted(state.dependents.get(job.id, ()), key=int)
    state.drop("dependents", job.id)
    for other in others:
        if other in state.jobs and other != job.id:
            remove(state, state.jobs[other], alone=False)
        elif other != job.id:  # RQ's empty leaves all but the hash
            delete(state, Job(other, job.queue))


def delete_deferred(state, parent):
    """Those that wait for it, and those that wait for them."""
    open_ids = set(state.dependents.get(parent, ()))
    state.drop("dependents", parent)
    while open_ids:
        job = state.jobs.get(open_ids.pop())
        if job and job.status == "deferred":
            open_ids |= state.dependents.get(job.id, set())
            state.registries["deferred"][job.queue].pop(job.id, None)
            delete(state, job)


def empty(state, queue):
    while state.lists[queue]:
        job_id = state.lists[queue].pop(0)
        job = state.jobs.get(job_id)
        if job and job.status == "started":
            continue
        delete_deferred(state, job_id)
        if job:
            for name in REGISTRIES:
                state.registries[name][queue].pop(job_id, None)
            delete(state, job)
        else:
            for kind in ("waits", "results", "output"):
                state.drop(kind, job_id)


def abandon(state, queue, to_front):
    for key, _ in sorted(state.wip[queue].items(), key=lambda item: (item[1], item[0])):
        if state.wip[queue][key] > state.now:
            continue
        state.wip[queue].pop(key)
        state.drop("execution", key)
        state.forget_running(key)
        job = state.jobs.get(key[0])
        if not job or job.status != "started":
            continue
        state.drop("output", job.id)
        if to_front:
            push(state, job, queue, True)
        elif not retry(state, job):
            bury(state, job, "failed", "2")
        if job.status != "queued":
            rules_limits.release_slot(state, job.key, job.id)
    rules_limits.repair(state)
    rules_limits.wake(state)


def clean(state, queue):
    for name in ("finished", "failed"):
        for job_id, score in list(state.registries[name][queue].items()):
            if score != "inf" and 0 <= score <= state.now:
                state.registries[name][queue].pop(job_id)
                if job_id not in state.jobs:
                    state.drop("results", job_id)
    for job_id in reversed(list(state.stuck[queue])):
        job = state.jobs.get(job_id)
        if job is None:
            state.stuck[queue].remove(job_id)
            state.first_seen.pop(job_id, None)
            state.drop("results", job_id)
            state.drop("output", job_id)
        elif job_id not in state.first_seen:
            state.first_seen[job_id] = state.now
        elif state.now - state.first_seen[job_id] >= 60:  # and some microseconds
            state.stuck[queue].remove(job_id)
            state.first_seen.pop(job_id)
            if job.status == "queued" and job_id not in state.lists[queue]:
                state.lists[queue].insert(0, job_id)
    for members in state.groups.values():
        members.intersection_update(state.jobs)


def due(state, queue):
    """By the clock of Redis, which is the model's here. An entry without a job is looked at twice."""
    for job_id, score in sorted(
        state.registries["scheduled"][queue].items(), key=lambda item: (item[1], item[0])
    ):
        if score > state.now:
            continue
        job = state.jobs.get(job_id)
        if job is None and job_id not in state.fuzzy:
            state.fuzzy.add(job_id)
            state.registries["scheduled"][queue][job_id] = state.now + 5
            continue
        state.fuzzy.discard(job_id)
        state.registries["scheduled"][queue].pop(job_id)
        if job is None:
            state.drop("results", job_id)
            state.drop("output", job_id)
        elif job.status == "scheduled":
            push(state, job, queue, job.front_on_retry and job.ended or job.front, True)


def give_back(state, worker, now_call):
    """Returns the verdict."""
    job, key, queue = state.jobs.get(worker.job), (worker.job, worker.execution), worker.queue
    mine, started = key in state.wip[queue], state.executions.get(key, now_call)
    state.wip[queue].pop(key, None)
    state.drop("execution", key)
    state.forget_running(key)
    worker.let_go()
    if mine and worker.lives and worker.shows == key[0]:
        become_idle(state, worker)
    if job is None:
        return "deleted"
    if not mine or job.status != "started":
        return "canceled" if job.status == "canceled" else "fenced"
    push(state, job, queue, True)
    order = state.given_back[queue]
    order[job.id] = started
    state.left["given_back", queue] = 600
    before = [
        other
        for other in order
        if other != job.id and other in state.lists[queue] and order[other] <= started
    ]
    if before:
        last = max(before, key=lambda other: (order[other], other))
        state.lists[queue].remove(job.id)
        state.lists[queue].insert(state.lists[queue].index(last) + 1, job.id)
    return "requeued"


def sweep(state, queue):
    """Results that RQ left for ever of what failed a minute ago; once in ten minutes: entries of deferred,
    canceled and scheduled jobs that are gone; of the latter in the second round. And deferred jobs that wait
    for nothing are queued."""
    for job_id, score in state.registries["failed"][queue].items():
        job = state.jobs.get(job_id)
        if job is None and 0 <= score <= state.now + YEAR - 60:
            state.drop("results", job_id)
        elif (
            job
            and job.status in ("failed", "stopped")
            and 0 <= score <= state.now + YEAR - 60
            and ("results", job_id) not in state.left
        ):
            state.expire("results", job_id, state.left["job", job_id] + 1)
    if state.sweeps[queue] > state.now:
        return
    state.sweeps[queue] = state.now + 600
    seen, state.suspects[queue] = state.suspects[queue], set()
    for name in ("canceled", "deferred", "scheduled"):
        for job_id in [job_id for job_id in state.registries[name][queue] if job_id not in state.jobs]:
            if name == "scheduled" and job_id not in seen:
                state.suspects[queue].add(job_id)
                continue
            state.registries[name][queue].pop(job_id)
            delete(state, Job(job_id, queue))
        if name == "deferred":
            release_forgotten(state, queue)


def release_forgotten(state, queue):
    for job_id in list(state.registries["deferred"][queue]):
        job = state.jobs[job_id]
        if job.status == "deferred" and state.waits.get(job_id) and not waits_on(state, job, None, False):
            state.registries["deferred"][queue].pop(job_id)
            state.unordered.add(job_id)
            push(state, job, queue, job.front, True)


# --- Many, and ticks of cron.


def ids_in(state, place, queue):
    if place == "queued":
        return list(state.lists[queue])
    if place == "started":
        return sorted({job_id for job_id, _ in state.wip[queue]}, key=int)
    scores = state.registries[place][queue]
    return sorted(scores, key=lambda job_id: (float(scores[job_id]), job_id))


def bulk(state, verb, place, queue, ids, dependents, detach, front):
    """Each as alone. Those that come into the place meanwhile are passed over."""
    belongs = ("failed", "stopped") if place == "failed" else (place,)
    todo = list(ids) or ids_in(state, place, queue)
    entries = (
        state.lists[queue]
        if place == "queued"
        else state.wip[queue]
        if place == "started"
        else state.registries[place][queue]
    )
    while todo:
        job_id = todo.pop(0)
        job = state.jobs.get(job_id)
        if place != "started":
            if job_id not in entries:
                continue
            if place == "queued":
                entries.remove(job_id)
            else:
                entries.pop(job_id)
        if job and job.status in belongs:
            treat(state, verb, job, place, dependents, detach, front)


def treat(state, verb, job, place, dependents, detach, front):
    if verb == "requeue":
        state.drop("output", job.id)
        job.ended = False
        if place == "canceled":
            leave_started(state, job)
            leave_executions(state, job)
        push(state, job, job.queue, front, True)
    elif verb == "cancel":
        if place == "started":
            leave_started(state, job)
        cancel_in_place(state, job, dependents, detach)
    else:
        if dependents:
            remove_dependents(state, job)
        delete(state, job)


def cron_tick(state, name, job, held, tick, stale, no_overlap, front):
    """Returns what the answer should be."""
    last = held[1] if held else ""
    if tick:
        if stale:
            return "taken"
        refusal = (
            "paused"
            if name in state.crons_paused
            else "overlaps"
            if no_overlap
            and last in state.jobs
            and state.jobs[last].status in ("queued", "started", "scheduled", "deferred", "rate_limited")
            else None
        )
        if refusal:
            state.ticks[name] = tick, last
            state.left["tick", name] = YEAR
            return refusal
    enqueue(state, job, front)
    if tick or held:
        state.ticks[name] = tick or held[0], job.id
        state.left["tick", name] = YEAR
    return "enqueued"
