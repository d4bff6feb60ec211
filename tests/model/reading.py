"""What RQ's own classes read, beside the model; and what is left when a long time has passed."""

from rq import Worker
from rq.exceptions import NoSuchGroupError
from rq.group import Group
from rq.job import Job
from rq.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)

import rules
import rules_limits
import rules_manage
from actors import new_execution
from redis_side import Picture, let_pass
from state import QUEUES
from steps_work import be_born

CLASSES = {
    "finished": FinishedJobRegistry,
    "failed": FailedJobRegistry,
    "deferred": DeferredJobRegistry,
    "scheduled": ScheduledJobRegistry,
    "canceled": CanceledJobRegistry,
}
TYPES = {"1": "SUCCESSFUL", "2": "FAILED", "3": "STOPPED", "4": "RETRIED", "5": "MAX_RETRIES_EXCEEDED"}
LONG_S = 40000000  # longer than RQ keeps a failed job, a year; and a multiple of ten


def by_rq(world):
    """(what, as the model says, as RQ reads it)"""
    state = world.state
    for name in QUEUES:
        queue = world.rq.queue(name)
        yield f"ids of {name}", state.lists[name], queue.job_ids
        yield f"count of {name}", len(state.lists[name]), queue.count
        for word, registry in CLASSES.items():
            yield (
                f"{word} {name}",
                set(state.registries[word][name]),
                set(registry(queue=queue).get_job_ids(cleanup=False)),
            )
        started = StartedJobRegistry(queue=queue).get_job_and_execution_ids(cleanup=False)
        yield f"started {name}", set(state.wip[name]), set(started)
    for job_id, job in state.jobs.items():
        if job.status == "rate_limited":  # of RQ 3.0
            continue
        read = Job.fetch(job_id, connection=world.connection)
        yield f"status of {job_id}", job.status, read.get_status().value
        yield f"origin of {job_id}", job.queue, read.origin
        yield f"retries of {job_id}", job.retries, read.retries_left
        yield f"repeats of {job_id}", job.repeats, read.repeats_left
        yield f"dependents of {job_id}", set(state.dependents.get(job_id, ())), set(read.dependent_ids)
        yield (
            f"results of {job_id}",
            [TYPES[kind] for kind in state.results.get(job_id, [])],
            [r.type.name for r in reversed(read.results())],
        )
    yield (
        "workers",
        {w.name for w in world.workers() if w.lives},
        {w.name for w in Worker.all(connection=world.connection)},
    )
    for worker in Worker.all(connection=world.connection):
        mine = state.workers[worker.name]
        yield (
            f"counts of {worker.name}",
            (mine.succeeded, mine.failed),
            (worker.successful_job_count, worker.failed_job_count),
        )
        yield f"job of {worker.name}", mine.shows, worker.get_current_job_id()
    for group, members in state.groups.items():
        if members and not any(
            job_id in state.jobs and state.jobs[job_id].status == "rate_limited" for job_id in members
        ):
            yield f"group {group}", members & set(state.jobs), {job.id for job in group_of(world, group)}


def group_of(world, name):
    try:
        return Group.fetch(name, world.connection).get_jobs()
    except NoSuchGroupError:
        return []


def misread(world):
    for what, expected, found in by_rq(world):
        if expected != found:
            yield f"RQ reads {what} as {found}, and it should be {expected}"
    for members in world.state.groups.values():  # RQ cleans while it reads
        members.intersection_update(world.state.jobs)


def at_rest(world):
    """All that runs ends, all that waits for a worker runs; years pass, and maintenance of cq looks now and
    then."""
    state = world.state
    if state.suspended:
        state.suspended = False
        world.connection.delete("rq:suspended")
    for queue in QUEUES:
        state.paused.pop(queue, None)
        world.cq("pause", queue=queue, resume=True)
    for key in ("k1", "k2"):
        world.cq("limit", key=key, remove=True)
        rules_limits.limit(state, key, 0, None, 0)
    for seconds in (400, 700, LONG_S, 700, LONG_S, LONG_S):
        let_pass(world.connection, seconds)
        state.let_pass(seconds)
        if seconds == LONG_S:
            state.first_seen.clear()
        for queue in QUEUES:
            world.cq("abandon", queue=queue)
            rules_manage.abandon(state, queue, False)
            world.cq("clean", queue=queue)
            rules_manage.clean(state, queue)
            world.cq("due", queues=queue, name="1004711", stop=True)
            rules_manage.due(state, queue)
            world.cq("sweep", queue=queue)
            rules_manage.sweep(state, queue)
        if not any(worker.lives for worker in world.workers()):
            be_born(world, "w1", False)
        for worker in world.workers():
            while run_next(world, worker):
                pass
    for queue in QUEUES:  # keys of limits that nobody uses any more
        world.cq("abandon", queue=queue)
        rules_manage.abandon(state, queue, False)
    yield from leftovers(state, Picture(world.connection))


def run_next(world, worker):
    """One job, by its end or its start; false when there is none."""
    if worker.job is not None:
        world.cq(
            "finish",
            worker=worker.name,
            id=worker.job,
            queue=worker.queue,
            execution=worker.execution,
            outcome="success",
            queues=",".join(worker.queues),
        )
        rules.finish(world.state, worker, "success", 0, (), False)
        return True
    execution = new_execution(world.chance)
    world.cq("fetch", worker=worker.name, queues=",".join(worker.queues), next=execution)
    return rules.fetch(world.state, worker, execution, world.state.calls) == "started"


def leftovers(state, picture):
    """Nothing is in a place without a job, and no job stays that has nothing to wait for and was not to be
    kept."""
    for key, value in picture.values.items():
        kind = key.split(":")[1]
        if kind in ("finished", "failed", "deferred", "scheduled", "canceled", "wip"):
            for member in value:
                job_id = member.rsplit(":", 1)[0] if kind == "wip" else member
                if job_id not in state.jobs:
                    yield f"{key} keeps {member}, which is gone"
        elif kind == "queue" or kind in (
            "rl",
            "rl-keys",
            "waiting",
            "limit",
            "limits",
            "paused",
            "releasing",
            "dependents",
        ):
            yield f"{key} keeps {value}"
    for job in state.jobs.values():
        kept = (
            job.status == "finished"
            and job.result_ttl == -1
            or job.status in ("failed", "stopped")
            and job.failure_ttl == -1
        )
        if not kept and ("job", job.id) not in state.left and job.status not in ("deferred", "canceled"):
            yield f"{job.id} is {job.status} for ever"
