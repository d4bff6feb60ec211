"""Classes by dotted path (RQ's documentation: Workers): jobs, workers, connections; what is refused, and with
which words."""

import pytest
from rq import Queue
from rq.job import JobStatus

from bakery import jobs, tasks


def burst(stage, *queues, options):
    """What the worker logged."""
    return stage.burst(*queues, options=options).log()


def test_a_job_class_performs_in_its_own_way(stage, redis):
    queue = jobs.NotedQueue("default", connection=redis)
    good, bad = queue.enqueue(tasks.add, 1, 2), queue.enqueue(tasks.add, 1, None)
    async_job, inside = queue.enqueue(tasks.later, "soon"), queue.enqueue("bakery.jobs.class_of_current")
    burst(stage, options=["--job-class", "bakery.jobs.NotedJob"])
    assert good.return_value() == {"by": "NotedJob", "value": 3}
    assert [note.decode() for note in redis.lrange(f"notes:{good.id}", 0, -1)] == [
        "perform as NotedJob",
        "performed",
    ]
    assert "TypeError: unsupported operand" in bad.latest_result().exc_string
    assert [note.decode() for note in redis.lrange(f"notes:{bad.id}", 0, -1)] == [
        "perform as NotedJob",
        "performed",
    ]
    assert (async_job.return_value()["value"], inside.return_value()["value"]) == ("soon", "NotedJob")


@pytest.mark.parametrize("option", ["--job-class", "-j"])
def test_a_job_class_chooses_the_function_and_refuses_to_run(stage, redis, queue, option):
    other, refused = (
        queue.enqueue(tasks.size, b"the argument"),
        Queue("refused", connection=redis).enqueue(tasks.add, 1, 2),
    )
    burst(stage, options=[option, "bakery.jobs.OtherNameJob"])
    burst(stage, "refused", options=[option, "bakery.jobs.RefusingJob"])
    assert other.return_value() == b"the argument"
    assert refused.latest_result().exc_string.endswith("PermissionError: this class performs nothing\n")


def test_rqs_own_job_class_is_what_runs_anyway(stage, queue):
    job = queue.enqueue("bakery.jobs.class_of_current")
    burst(stage, options=["--job-class", "rq.job.Job"])
    assert job.return_value() == "Job"


@pytest.mark.parametrize(
    "path, reason",
    [
        ("no_such_module.Job", "no_such_module"),
        ("bakery.jobs.NoSuchJob", "NoSuchJob"),
        ("broken.raises.Job", "ZeroDivisionError"),
    ],
)
def test_a_job_class_that_cannot_be_imported_keeps_the_worker_from_starting(stage, queue, path, reason):
    job = queue.enqueue(tasks.add, 1, 2)
    worker = stage.worker(ready=False, options=["--burst", "--job-class", path])
    assert worker.wait() != 0
    assert reason in worker.log() or "Invalid attribute name" in worker.log()
    assert job.get_status() == JobStatus.QUEUED


@pytest.mark.parametrize(
    "name",
    [
        "rq.Worker",
        "rq.worker.Worker",
        "rq.SimpleWorker",
        "rq.worker.RoundRobinWorker",
        "rq.worker.RandomWorker",
        # RQ's own one does not find a Redis on a Unix socket.
        pytest.param("rq.worker.SpawnWorker", marks=pytest.mark.cq_only),
    ],
)
def test_rqs_classes_of_workers_run_jobs(stage, queue, name):
    jobs = [queue.enqueue(tasks.add, n, 1) for n in range(3)]
    failing = queue.enqueue("bakery.errors.simple")
    burst(stage, options=["-w", name])
    assert [job.return_value() for job in jobs] == [1, 2, 3]
    assert failing.latest_result().exc_string.endswith("ValueError: no\n")


def test_a_simple_worker_runs_all_jobs_in_one_process(stage, queue):
    jobs = [queue.enqueue("bakery.harm.pid") for _ in range(3)]
    burst(stage, options=["-w", "rq.SimpleWorker"])
    assert len({job.return_value() for job in jobs}) == 1


def test_a_round_robin_worker_takes_turns(stage, redis):
    for name in ("a", "b"):
        for number in range(2):
            Queue(name, connection=redis).enqueue("bakery.current.append", "order", job_id=f"{name}{number}")
    burst(stage, "a", "b", options=["--worker-class", "rq.worker.RoundRobinWorker"])
    assert redis.lrange("order", 0, -1) == [b"a0", b"b0", b"a1", b"b1"]


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "options, named",
    [
        (["-w", "bakery.jobs.MyWorker"], "bakery.jobs.MyWorker"),
        (["-w", "rq.worker.HerokuWorker"], "HerokuWorker"),
        (["--queue-class", "bakery.jobs.NotedQueue"], "bakery.jobs.NotedQueue"),
        (["--date-format", "%H"], "--date-format"),
        (["--python", "/no/such/python"], "/no/such/python"),
        (["--python", __file__], __file__),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(stage, queue, options, named):
    job = queue.enqueue(tasks.add, 1, 2)
    worker = stage.worker(ready=False, options=["--burst", *options])
    assert worker.wait() not in (0, 70)
    assert named in worker.log()
    assert len(worker.log().splitlines()) <= 2, worker.log()
    assert job.get_status() == JobStatus.QUEUED


@pytest.mark.cq_only
@pytest.mark.parametrize("program", ["/bin/true", "/bin/false", "/bin/cat"])
def test_an_interpreter_that_is_none_is_named(stage, queue, program):
    job = queue.enqueue(tasks.add, 1, 2)
    worker = stage.worker(ready=False, options=["--burst", "--python", program])
    assert worker.wait() == 3
    assert worker.log().splitlines() == [
        f"cq worker: --python: {program} is not a Python interpreter: it does not answer as one"
    ]
    assert job.get_status() == JobStatus.QUEUED


@pytest.mark.cq_only
def test_without_python_only_python_jobs_fail(stage, queue):
    job = queue.enqueue(tasks.add, 1, 2)
    burst(stage, options=["--python", "none"])
    assert job.get_status() == JobStatus.FAILED
    assert "bakery.tasks.add" in job.latest_result().exc_string


def test_a_connection_class_makes_the_jobs_connections(stage, redis, queue):
    job = queue.enqueue("bakery.connections.class_of_connection")
    burst(stage, options=["--connection-class", "bakery.connections.CountingRedis"])
    assert job.return_value() == ["CountingRedis", True]
