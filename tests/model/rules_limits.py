"""Limits of the jobs that share a key, and ways onto a list: as rules.py, from docs/REDIS.md and
docs/CLI.md."""

import math


def keep_waiting(state, job, ttl):
    for kind in ("job", "dependents", "waits"):
        if ttl and ttl > 0:
            state.expire(kind, job.id, ttl)
        else:
            state.persist(kind, job.id)


def push(state, job, queue, front, waits_for_slot=False):
    """waits_for_slot: it has none of its key yet, or gives it up."""
    slots = waits_for_slot and job.key and slots_of(state, job.key, job.concurrency)
    state.used.add(queue)
    keep_waiting(state, job, job.ttl)
    job.queue = queue
    if slots:
        wait_for_slot(state, job, front, slots)
        return
    job.status, job.enqueued = "queued", state.stamp
    put(state, job, front)


def put(state, job, front):
    state.lists[job.queue].insert(0 if front else len(state.lists[job.queue]), job.id)


# --- How many at a time.


def slots_of(state, key, own):
    """own: as the job says, or the key's hash; an operator's word goes before it."""
    return state.limits.get(key, {}).get("concurrency") or own


def add_limited(state, job, since, slots):
    """With one number or the other each has one: RQ 3 knows it by that."""
    state.limited[job.key][job.id] = since
    state.allowed[job.key].pop(job.id, None)
    state.slots[job.key] = slots
    job.concurrency = job.concurrency or slots
    job.status = "rate_limited"


def wait_for_slot(state, job, front, slots):
    add_limited(state, job, state.stamp, slots)
    job.front = job.front or front
    fill(state, job.key)


def may_start(state, job, queue):
    """It may have come onto its list by the hand of RQ, which knows no limits."""
    slots = job.key and slots_of(state, job.key, job.concurrency)
    if not slots or job.id in state.allowed[job.key]:
        return True
    if len(state.allowed[job.key]) >= slots:
        job.queue = queue
        add_limited(state, job, job.enqueued, slots)
        return False
    state.allowed[job.key][job.id], state.slots[job.key] = job.enqueued, slots
    return True


def in_order(places):
    return sorted(places, key=lambda job_id: (places[job_id], job_id))


def fill(state, key):
    """Put the jobs that have waited longest on their queues. Returns them."""
    let_through = []
    free = (slots_of(state, key, state.slots.get(key)) or 0) - len(state.allowed[key])
    while free > 0 and state.limited[key]:
        job_id = in_order(state.limited[key])[0]
        del state.limited[key][job_id]
        job = state.jobs.get(job_id)
        if job and job.status == "rate_limited":
            job.status, job.enqueued = "queued", state.stamp
            state.allowed[key][job_id] = state.stamp
            put(state, job, job.front)
            let_through.append(job_id)
            free -= 1
    return let_through


def release_slot(state, key, job_id):
    if key:
        state.allowed[key].pop(job_id, None)
        fill(state, key)


def leave(state, job, runs=False):
    """Nobody comes after it until somebody ends, maintenance looks, or, with one job alone, by
    pass_slot_on."""
    if job.key:
        state.limited[job.key].pop(job.id, None)
        state.aside[job.key].pop(job.id, None)
        if not runs:
            state.allowed[job.key].pop(job.id, None)


def pass_slot_on(state, job):
    if job.key:
        fill(state, job.key)


def repair(state):
    """Slots of jobs that are neither queued nor run; keys that nobody uses. The order of the keys is
    drawn."""
    let_through = []
    for key in list(state.slots):
        for job_id in list(state.allowed[key]):
            status = state.jobs[job_id].status if job_id in state.jobs else None
            lives = any(score > state.now for score in state.running.get(job_id, {}).values())
            if status not in ("queued", "started") and not (
                job_id in state.aside[key] if status == "scheduled" else lives
            ):
                del state.allowed[key][job_id]
        let_through.append(fill(state, key))
        if not state.allowed[key] and not state.limited[key]:
            del state.slots[key]
    if sum(map(bool, let_through)) > 1:
        state.unordered.update(sum(let_through, []))


# --- How many in a window of time.


def rate_of(state, key):
    return state.limits.get(key, {}).get("rate"), state.limits.get(key, {}).get("window")


def start_time(state, key, nth):
    """When the nth from now may start."""
    rate, window = rate_of(state, key)
    turns = max(0, math.ceil((nth - rate) / rate))
    starts = state.starts[key]
    oldest = len(starts) + nth - turns * rate - rate
    at = starts[-oldest] + window if oldest > 0 else 0
    return max(at, state.moment()) + turns * window if turns else at


def set_aside(state, job, queue):
    """Of a job that is about to start. True: it may not yet, and is scheduled."""
    rate, window = rate_of(state, job.key) if job.key else (None, None)
    if not rate:
        return False
    free_at = start_time(state, job.key, 1)
    if free_at <= state.moment():
        state.starts[job.key] = [state.moment(), *state.starts[job.key]][:rate]
        state.left["starts", job.key] = window + 60
        state.note_start(job.key, rate, window)
        return False
    due = start_time(state, job.key, len(state.aside[job.key]) + 1)
    state.aside[job.key][job.id] = job.enqueued
    state.wakes[job.key] = free_at
    state.registries["scheduled"][queue][job.id] = math.ceil(due) + 1
    job.status, job.queue = "scheduled", queue
    return True


def wake(state):
    """Whose time has come goes to the front of its list."""
    for key in [
        key for key, at in sorted(state.wakes.items(), key=lambda item: item[1]) if at <= state.moment()
    ]:
        jobs, rate = [], rate_of(state, key)[0]
        for job_id, order in sorted(state.aside[key].items(), key=lambda item: (item[1], item[0])):
            if rate and start_time(state, key, len(jobs) + 1) > state.moment():
                break
            del state.aside[key][job_id]
            job = state.jobs.get(job_id)
            if (
                job
                and job.status == "scheduled"
                and job.enqueued == order
                and job_id in state.registries["scheduled"][job.queue]
            ):
                del state.registries["scheduled"][job.queue][job_id]
                jobs.append(job)
        for job in reversed(jobs):
            slots = slots_of(state, key, job.concurrency)
            if slots and job.id not in state.allowed[key]:
                wait_for_slot(state, job, False, slots)
            else:
                job.status = "queued"
                put(state, job, True)
        if state.aside[key]:
            state.wakes[key] = (
                max(state.moment() + 0.01, start_time(state, key, len(jobs) + 1)) if rate else state.moment()
            )
        else:
            del state.wakes[key]


# --- What an operator sets.


def use_their_own(state, key):
    """The number of the job that came last."""
    for places in (state.limited[key], state.allowed[key]):
        if places:
            job = state.jobs.get(in_order(places)[-1])
            if job and job.concurrency:
                state.slots[key] = job.concurrency
            return


def limit(state, key, rate=None, window=None, concurrency=None):
    """None: as it is; 0: none."""
    mine = state.limits.setdefault(key, {})
    had_number = bool(mine.get("concurrency"))
    if rate is not None:
        mine["rate"], mine["window"] = rate, window
        state.started.pop(key, None)
    if concurrency is not None:
        mine["concurrency"] = concurrency
        if concurrency and key in state.slots:
            state.slots[key] = concurrency
    if had_number and not mine.get("concurrency"):
        use_their_own(state, key)
    if not mine.get("rate"):
        state.starts[key] = []
        state.left.pop(("starts", key), None)
    if not mine.get("rate") and not mine.get("concurrency"):
        del state.limits[key]
    if state.aside[key]:
        state.wakes[key] = state.moment()
    fill(state, key)


def is_paused(state, queue):
    if queue not in state.paused:
        return False
    ends = state.paused[queue]
    if ends is not None and ends <= state.now:
        del state.paused[queue]
        return False
    return True
