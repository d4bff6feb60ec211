"""What operators do, of cq and of RQ; time that passes, and maintenance."""

from rq.exceptions import InvalidJobOperation

import rules_manage
import rules_rq
from redis_side import let_pass
from state import QUEUES
from steps import some_job, step, tell
from steps_work import beat

FOR_RQ = (
    "queued",
    "started",
    "finished",
    "failed",
    "stopped",
    "deferred",
    "scheduled",
    "canceled",
)  # RQ 2.12 knows no more


def stumbles(world, job):
    """RQ raises an error when an execution is listed whose hash has expired."""
    try:
        world.rq.job(job.id).get_executions()
    except ValueError:
        return True
    return False


@step(5)
def rq_cancel(world, chance):
    job = some_job(world, chance, *FOR_RQ)
    release, leave = chance.random() < 0.5, chance.random() < 0.5
    if (
        job is None
        or leave
        and any(
            world.state.jobs[other].status == "rate_limited"
            for other in job.dependencies
            if other in world.state.jobs
        )
    ):
        return
    if (
        job.id in sum(world.state.stuck.values(), [])
        or release
        and rules_rq.spares(world.state, job)
        or stumbles(world, job)
    ):
        return
    refused = False
    try:
        world.rq.job(job.id).cancel(enqueue_dependents=release, remove_from_dependencies=leave)
    except InvalidJobOperation:
        refused = True
    world.expect(
        refused == (job.status == "canceled"), f"cancel of {job.id}, {job.status}: refused is {refused}"
    )
    if not refused:
        rules_rq.cancel(world.state, job, release, leave)
    tell(world, f"{job.id} release {release} leave {leave}")


@step(3)
def rq_delete(world, chance):
    job = some_job(world, chance, *FOR_RQ)
    if job is None or job.id in sum(world.state.stuck.values(), []) or stumbles(world, job):
        return
    world.rq.job(job.id).delete()
    rules_rq.delete(world.state, job, True)
    world.state.foreign.add(job.id)
    tell(world, job.id)


@step(4)
def rq_requeue(world, chance):
    job = some_job(world, chance, "failed", "stopped")
    if job and job.id in world.state.registries["failed"][job.queue]:
        world.rq.job(job.id).requeue()
        rules_rq.requeue(world.state, job)
        tell(world, job.id)


@step(5)
def cq_requeue(world, chance):
    registry = chance.choice(("failed", "failed", "failed", "canceled"))
    front = registry == "canceled" and chance.random() < 0.5
    job = some_job(
        world,
        chance,
        *(
            {"failed": ("failed", "stopped"), "canceled": ("canceled",)}[registry]
            if chance.random() < 0.8
            else ()
        ),
    )
    if job is None:
        return
    fits = job.id in world.state.registries[registry][job.queue]
    answer = world.cq("requeue", id=job.id, registry=None if registry == "failed" else registry, front=front)
    world.expect((answer[0] == "ok") == fits, f"requeue of {job.id}, {job.status}, answered {answer}")
    if fits:
        rules_manage.requeue(world.state, job, registry, front)
    tell(world, job.id)


@step(6)
def cq_cancel(world, chance):
    job = some_job(world, chance)
    if job is None:
        return
    dependents, detach, twice = chance.random() < 0.5, chance.random() < 0.5, chance.random() < 0.2
    refused = twice or job.status == "canceled"
    answer = world.cq("cancel", id=job.id, dependents=dependents, detach=detach, twice=twice)
    world.expect((answer[0] == "error") == refused, f"cancel of {job.id}, {job.status}, answered {answer}")
    if job.status != "canceled":
        rules_manage.cancel(world.state, job, dependents, detach)
    tell(world, f"{job.id} dependents {dependents} detach {detach}")


@step(4)
def cq_remove(world, chance):
    job, family = some_job(world, chance), chance.random() < 0.4
    if job:
        world.cq("remove", id=job.id, dependents=family, twice=chance.random() < 0.3)
        rules_manage.remove(world.state, job, family)
        tell(world, f"{job.id} with dependents {family}")


@step(1)
def cq_empty(world, chance):
    queue = chance.choice(QUEUES)
    world.cq("empty", queue=queue, twice=chance.random() < 0.3)
    rules_manage.empty(world.state, queue)
    tell(world, queue)


@step(1)
def rq_empty(world, chance):
    queue = chance.choice(QUEUES)
    world.state.foreign.update(world.state.lists[queue])
    world.rq.queue(queue).empty()
    rules_rq.empty(world.state, queue)
    tell(world, queue)


@step(2)
def suspend(world, chance):
    if not world.state.suspended and chance.random() < 0.6:  # most of the time they work
        return
    world.state.suspended = not world.state.suspended
    if world.state.suspended:
        world.connection.set("rq:suspended", 1)
    else:
        world.connection.delete("rq:suspended")
    tell(world, world.state.suspended)


# --- Time and maintenance.


@step(5)
def a_minute(world, chance):
    """Workers that live and their jobs are heard of."""
    let_pass(world.connection, 60)
    world.state.let_pass(60)
    for worker in world.workers():
        if worker.lives:
            beat(world, worker)
    tell(world, "")


@step(3)
def long_silence(world, chance):
    """Nobody is heard of: what runs counts as abandoned after it."""
    let_pass(world.connection, 400)
    world.state.let_pass(400)
    tell(world, "")


@step(5)
def cq_abandon(world, chance):
    queue, to_front = chance.choice(QUEUES), chance.random() < 0.3
    world.cq("abandon", queue=queue, requeue=to_front, twice=chance.random() < 0.3)
    rules_manage.abandon(world.state, queue, to_front)
    tell(world, f"{queue} to front {to_front}")


@step(3)
def cq_clean(world, chance):
    queue = chance.choice(QUEUES)
    world.cq("clean", queue=queue)
    rules_manage.clean(world.state, queue)
    tell(world, queue)


@step(3)
def cq_sweep(world, chance):
    queue = chance.choice(QUEUES)
    world.cq("sweep", queue=queue, twice=chance.random() < 0.3)
    rules_manage.sweep(world.state, queue)
    tell(world, queue)
