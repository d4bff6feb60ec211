"""What workers and schedulers do, of cq and of RQ."""

import rules
import rules_manage
import rules_rq
from actors import new_execution
from state import QUEUES, WorkerOfCq
from steps import INTERVALS, step, tell

# --- Workers of cq.


@step(4)
def cq_birth(world, chance):
    names = [
        name
        for name in ("w1", "w2", "w3")
        if name not in world.state.workers or not world.state.workers[name].lives
    ]
    if names:
        be_born(world, chance.choice(names), chance.random() < 0.3)


def be_born(world, name, twice):
    queues = {"w1": ("a", "b"), "w2": ("b", "a"), "w3": ("a",)}[name]
    worker = world.state.workers.get(name) or WorkerOfCq(name, queues)
    reborn = worker.job is not None
    world.cq("birth", worker=name, queues=",".join(queues), reborn=reborn, twice=twice)
    world.state.workers[name] = worker
    worker.lives, worker.state, worker.shows, worker.succeeded, worker.failed = (
        True,
        "idle" if reborn else None,
        None,
        0,
        0,
    )
    world.state.left["worker", name] = 480
    tell(world, name)


@step(2)
def cq_death(world, chance):
    workers = [worker for worker in world.workers() if worker.job is None and worker.lives]
    if not workers:
        return
    worker = chance.choice(workers)
    world.cq("death", worker=worker.name, queues=",".join(worker.queues), twice=chance.random() < 0.3)
    del world.state.workers[worker.name]
    world.state.left.pop(("worker", worker.name), None)
    tell(world, worker.name)


def fetched(world, worker, answer, execution, left=None):
    """What the answer says of the next job, and the model's. left: of the worker's hash, when it comes from
    another job."""
    outcome = rules.fetch(world.state, worker, execution, world.state.calls)
    if worker.job is not None and left is not None:
        world.state.left["worker", worker.name] = left
    world.expect(
        answer[2] == outcome and (outcome != "started" or answer[3] == worker.job),
        f"{worker.name} was answered {answer}, and should have {outcome} {worker.job}",
    )


@step(16)
def cq_fetch(world, chance):
    workers = [worker for worker in world.workers() if worker.job is None and worker.lives]
    if not workers:
        return
    worker = chance.choice(workers)
    execution = new_execution(chance)
    answer = world.cq(
        "fetch",
        worker=worker.name,
        queues=",".join(worker.queues),
        next=execution,
        twice=chance.random() < 0.2,
    )
    fetched(world, worker, answer, execution)
    tell(world, f"{worker.name} {worker.job}")


@step(26)
def cq_finish(world, chance):
    workers = [worker for worker in world.workers() if worker.job is not None]
    if not workers:
        return
    worker = chance.choice(workers)
    outcome = chance.choice(("success", "success", "success", "failed", "failed", "stopped", "retry"))
    intervals, retry_max = chance.choice(INTERVALS), chance.randint(1, 2)
    output = outcome != "success" and chance.random() < 0.3
    words = {
        "worker": worker.name,
        "id": worker.job,
        "queue": worker.queue,
        "execution": worker.execution,
        "outcome": outcome,
        "retry_max": retry_max,
        "retry_intervals": "[" + ",".join(map(str, intervals)) + "]",
        "output": "line" if output else None,
        "twice": chance.random() < 0.2,
        "queues": ",".join(worker.queues),
    }
    job_id, execution = worker.job, new_execution(chance) if worker.lives and chance.random() < 0.5 else None
    answer = world.cq("finish", next=execution, **words)
    left = rules.finish(world.state, worker, outcome, retry_max, intervals, output)
    if execution:
        fetched(world, worker, answer, execution, left)
    else:
        world.expect(answer[0] == "ok", f"finish answered {answer}")
    tell(world, f"{job_id} {outcome}, then {worker.job}")


@step(8)
def cq_spree(world, chance):
    """Several jobs in no time: what a rate is there for."""
    workers = [worker for worker in world.workers() if worker.job is None and worker.lives]
    if not workers:
        return
    worker, done = chance.choice(workers), []
    for _ in range(chance.randint(2, 5)):
        execution = new_execution(chance)
        answer = world.cq("fetch", worker=worker.name, queues=",".join(worker.queues), next=execution)
        fetched(world, worker, answer, execution)
        if worker.job is None:
            break
        done.append(worker.job)
        outcome = chance.choice(("success", "success", "failed"))
        world.cq(
            "finish",
            worker=worker.name,
            id=worker.job,
            queue=worker.queue,
            execution=worker.execution,
            outcome=outcome,
            queues=",".join(worker.queues),
        )
        rules.finish(world.state, worker, outcome, 0, (), False)
    tell(world, f"{worker.name} {done}")


@step(3)
def cq_give_back(world, chance):
    workers = [worker for worker in world.workers() if worker.job is not None]
    if not workers:
        return
    worker = chance.choice(workers)
    job_id, was_lost = worker.job, (worker.job, worker.execution) not in world.state.wip[worker.queue]
    answer = world.cq(
        "give_back",
        worker=worker.name,
        id=job_id,
        queue=worker.queue,
        execution=worker.execution,
        twice=chance.random() < 0.3,
    )
    verdict = rules_manage.give_back(world.state, worker, world.state.calls)
    world.expect(
        was_lost or answer[1] == verdict, f"give back of {job_id} was answered {answer}, should be {verdict}"
    )
    tell(world, f"{job_id} {verdict}")


@step(5)
def cq_heartbeat(world, chance):
    if not world.workers():
        return
    worker = chance.choice(world.workers())
    beat(world, worker, chance.random() < 0.3)
    tell(world, worker.name)


def beat(world, worker, twice=False):
    answer = world.cq(
        "heartbeat",
        worker=worker.name,
        queues=",".join(worker.queues),
        id=worker.job,
        queue=worker.queue,
        execution=worker.execution,
        timeout=180,
        twice=twice,
    )
    expected = rules.heartbeat(world.state, worker).split()
    world.expect(
        answer[1:] == expected,
        f"the heartbeat of {worker.name} was answered {answer}, and should be {expected}",
    )


# --- Workers of RQ.


@step(14)
def rq_run(world, chance):
    queues = chance.choice((("a",), ("b",), ("a", "b"), ("b", "a")))
    outcome, interval = chance.choice(("success", "success", "failed", "retry")), chance.choice((0, 35))
    heads = [world.state.waiting(queue) for queue in queues]
    job = next((head for head in heads if head), None)
    if job is None or rules_rq.spares(world.state, job):
        return
    found = world.rq.run_one(queues, {"MODEL_OUTCOME": outcome, "MODEL_INTERVAL": str(interval)})
    taken = rules_rq.take(world.state, queues)
    world.expect(found == taken.id, f"RQ ran {found}, and should have run {taken.id}")
    rules_rq.run(world.state, taken, outcome, 2, interval)
    if found not in world.state.jobs:
        world.state.foreign.add(found)
    tell(world, f"{found} {outcome}")


@step(3)
def rq_pop_and_die(world, chance):
    """RQ's worker of one queue dies between its pop and its start."""
    queue = chance.choice(QUEUES)
    if world.state.lists[queue]:
        world.connection.lmove(f"rq:queue:{queue}", f"rq:queue:{queue}:intermediate", "LEFT", "RIGHT")
        world.state.stuck[queue].append(world.state.lists[queue].pop(0))
        tell(world, world.state.stuck[queue][-1])


@step(6)
def rq_due(world, chance):
    queue = chance.choice(QUEUES)
    world.rq.schedule_due([queue])
    rules_rq.due(world.state, queue)
    tell(world, queue)


@step(6)
def cq_due(world, chance):
    queue = chance.choice(QUEUES)
    world.cq("due", queues=queue, name="1004711", twice=chance.random() < 0.3, stop=True)
    rules_manage.due(world.state, queue)
    tell(world, queue)


@step(3)
def rq_clean(world, chance):
    queue = chance.choice(QUEUES)
    for (job_id, _), score in world.state.wip[queue].items():
        job = world.state.jobs.get(job_id)
        if (
            score <= world.state.now
            and job
            and (job.status != "started" or rules_rq.spares(world.state, job))
        ):
            return
    world.rq.clean(queue)
    rules_rq.clean(world.state, queue)
    tell(world, queue)
