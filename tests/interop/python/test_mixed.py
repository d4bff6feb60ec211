"""One queue with jobs for C functions, programs and Python: each goes where it belongs."""

from pathlib import Path

import pytest
from rq import Queue
from rq.job import Dependency, JobStatus

from bakery import tasks
from site_worker import APPS
from stage import children_of, wait_until

pytestmark = pytest.mark.cq_only

PROGRAMS = """
[programs]
tools.words = printf '%s|' {args}
tools.fails = sh -c 'echo no >&2; exit 3'
"""


@pytest.fixture
def start(stage, c_folder):
    path = Path(stage.path("mixed.ini"))
    path.write_text(PROGRAMS)

    def start(*options):
        return stage.worker(
            options=["--config", str(path), *options], path=[c_folder, APPS], ready="--burst" not in options
        )

    return start


def pythons(worker):
    """The stables that run Python."""
    return [
        pid
        for pid in children_of(worker.pid)
        if "python" in Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    ]


def test_each_job_finds_its_runtime(start, queue):
    jobs = [
        queue.enqueue("jobs.add", 1, 2),
        queue.enqueue(tasks.add, 3, 4),
        queue.enqueue("tools.words", "a", "b"),
        queue.enqueue("len", [1]),
        queue.enqueue("jobs.greet", "Ada"),
        queue.enqueue("bakery.tasks.later", "soon"),
        queue.enqueue("jobs.add", 5, 6),
    ]
    failing = [
        queue.enqueue("jobs.fail", "in C"),
        queue.enqueue("bakery.errors.simple", "in Python"),
        queue.enqueue("tools.fails"),
    ]
    assert start("--burst").wait() == 0
    assert [job.return_value() for job in jobs] == [3, 7, "a|b|", 1, "Hello, Ada!", "soon", 11]
    assert [job.latest_result().exc_string.splitlines()[-1] for job in failing[:2]] == [
        "cq.JobFailed: in C",
        "ValueError: in Python",
    ]
    assert failing[2].latest_result().exc_string.splitlines()[-1].startswith("cq.ProgramFailed: ")


def test_many_jobs_of_all_kinds_on_many_slots(start, queue):
    names = ["jobs.add", "bakery.tasks.add"] * 50
    jobs = queue.enqueue_many([Queue.prepare_data(name, (number, 1)) for number, name in enumerate(names)])
    assert start("--burst", "--num-workers", "3").wait() == 0
    assert [job.return_value() for job in jobs] == [number + 1 for number in range(100)]


def test_dependents_cross_from_one_to_the_other(start, queue):
    first = queue.enqueue("jobs.add", 1, 2)
    second = queue.enqueue("bakery.flow.of_dependencies", depends_on=first)
    third = queue.enqueue("tools.fails", depends_on=second)
    fourth = queue.enqueue(
        "bakery.flow.of_failed_dependency", depends_on=Dependency(jobs=[third], allow_failure=True)
    )
    assert start("--burst").wait() == 0
    assert second.return_value() == {first.id: 3}
    known, status, text = fourth.return_value()
    assert (known, status) == (True, "failed") and text


def test_python_starts_with_the_first_job_that_needs_it(start, queue):
    worker = start()
    job = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the C function has run")
    assert pythons(worker) == []
    job = queue.enqueue(tasks.add, 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the Python function has run")
    assert len(pythons(worker)) == 1


def test_a_python_function_enqueues_a_c_function(start, queue):
    job = queue.enqueue("bakery.flow.enqueue", "jobs.greet", "Ada")
    assert start("--burst").wait() == 0
    assert queue.fetch_job(job.return_value()).return_value() == "Hello, Ada!"


def test_a_callback_in_python_of_a_c_function_that_is_stopped(start, redis, queue, stage):
    from rq.command import send_stop_job_command

    job = queue.enqueue("jobs.hold", stage.path("pid"), stage.path("go"), on_stopped="bakery.events.stopped")
    worker = start()
    wait_until(Path(stage.path("pid")).exists, "the job runs")
    wait_until(
        lambda: redis.hget(f"rq:worker:{worker.name}", "current_job") == job.id.encode(),
        "it is the current job",
    )
    send_stop_job_command(redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    assert worker.running()
