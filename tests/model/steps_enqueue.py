"""New jobs, by clients of RQ and of cq."""

from rq import Queue, Repeat, Retry
from rq.group import Group
from rq.job import Dependency

import rules_manage
import rules_rq
from actors import DATA
from state import QUEUES, Job
from steps import INTERVALS, as_json, step, tell

MISSING = "999999"  # an id that no job ever has


def new_job(world, chance, repeats=True):
    world.last_id += 1
    job = Job(str(world.last_id), chance.choice(QUEUES))
    if chance.random() < 0.3:
        job.retries = chance.randint(1, 3)
        job.intervals = chance.choice(INTERVALS)
        job.front_on_retry = chance.random() < 0.3
    if repeats and chance.random() < 0.15:
        job.repeats, job.repeat_intervals = chance.randint(1, 2), chance.choice(([0], [35], [1005]))
    job.result_ttl = chance.choice((None, None, None, 0, -1, 1000))
    job.failure_ttl = chance.choice((None, None, None, -1, 1000))
    job.ttl = chance.choice((None,) * 6 + (1000,))
    job.group = chance.choice((None, None, None, "g1", "g2"))
    return job


def limited(world, chance, job):
    """By a key, which is of cq and RQ 3.0 only."""
    if chance.random() < (0.7 if world.state.limits else 0.3):
        job.key, job.concurrency = (
            chance.choice(sorted(world.state.limits) or ("k1", "k2")),
            chance.choice((None, None, 1, 2)),
        )


def some_dependencies(world, chance, *others):
    """others: statuses to leave out."""
    jobs = [job.id for job in world.state.choose() if job.status not in others]
    if not jobs or chance.random() < 0.45:
        return []
    # The newest first: they are open yet.
    chosen = {
        jobs[-1 - min(int(chance.expovariate(0.4)), len(jobs) - 1)]
        for _ in range(chance.choice((1, 1, 2, 3)))
    }
    if chance.random() < 0.1:
        chosen.add(MISSING)
    return sorted(chosen, key=int)


@step(14)
def rq_enqueue(world, chance):
    job = new_job(world, chance)
    dependencies = some_dependencies(world, chance, "rate_limited")
    front = chance.random() < 0.2
    options = {}
    if job.retries:
        options["retry"] = Retry(job.retries, job.intervals, job.front_on_retry)
    if job.repeats:
        options["repeat"] = Repeat(job.repeats + 0, job.repeat_intervals)
    if dependencies:
        job.failures_allowed = chance.random() < 0.4
        job.front = front
        options["depends_on"] = Dependency(
            dependencies, allow_failure=job.failures_allowed, enqueue_at_front=job.front
        )
    options.update(
        job_id=job.id,
        result_ttl=job.result_ttl,
        failure_ttl=job.failure_ttl,
        ttl=job.ttl,
        timeout=job.timeout,
        at_front=front,
    )
    queue = world.rq.queue(job.queue)
    if job.group and not dependencies:
        Group(world.connection, job.group).enqueue_many(queue, [Queue.prepare_data("jobs.run", **options)])
    else:
        job.group = None
        queue.enqueue_call("jobs.run", unique=chance.random() < 0.2 and not dependencies, **options)
    rules_rq.enqueue(world.state, job, front, dependencies)
    if job.status == "deferred":
        world.state.foreign.update(
            other for other in dependencies if other == MISSING or ("job", other) in world.state.left
        )
    tell(world, f"{job.id} on {job.queue} after {dependencies}")


@step(14)
def cq_enqueue(world, chance):
    job = new_job(world, chance)
    limited(world, chance, job)
    front, unique, twice = chance.random() < 0.2, chance.random() < 0.3, chance.random() < 0.2
    dependencies = some_dependencies(world, chance)
    due = world.state.now + chance.choice((35, 1005)) if chance.random() < 0.15 else None
    if world.state.jobs and chance.random() < 0.15:
        job.id = chance.choice(world.state.choose()).id
        dependencies = [other for other in dependencies if other != job.id]
    job.says_how = bool(dependencies or due)
    if job.says_how:
        job.front, job.failures_allowed = front, chance.random() < 0.4
    refused = job.id in world.state.jobs and unique
    later = {"front_later": job.front, "failures_allowed": job.failures_allowed} if job.says_how else {}
    answer = world.cq(
        "enqueue",
        id=job.id,
        queue=job.queue,
        data=DATA,
        front=front,
        unique=unique,
        retries=job.retries,
        intervals=as_json(job.intervals),
        front_on_retry=job.front_on_retry,
        group=job.group,
        repeats=job.repeats,
        repeat_intervals=as_json(job.repeat_intervals),
        result_ttl=job.result_ttl,
        failure_ttl=job.failure_ttl,
        ttl=job.ttl,
        key=job.key,
        concurrency=job.concurrency,
        dependencies=",".join(dependencies) or None,
        due=due,
        twice=twice and not unique,
        **later,
    )
    world.expect(answer[0] == ("error" if refused else "ok"), f"enqueue of {job.id} answered {answer}")
    if not refused:
        rules_manage.enqueue(world.state, job, front, dependencies, due)
    tell(world, f"{job.id} on {job.queue} after {dependencies} due {due}")
