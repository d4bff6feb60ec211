"""New code without loss: SIGHUP and `cq reload` start a fresh stable, running jobs finish in the old one."""

import os
import signal
from pathlib import Path

import pytest
from rq.job import JobStatus

from site_worker import APPS
from stage import TIMEOUT_S, children_of, wait_until

pytestmark = pytest.mark.cq_only

MODULE = """
import os
from rq import get_current_job

VERSION = {version}


def version():
    return VERSION


def hold():
    connection = get_current_job().connection
    connection.rpush("bell:running", VERSION)
    connection.blpop(["bell:go"], timeout={timeout_s})
    return [VERSION, os.getppid()]
"""


class Application:
    """A module that is changed under its worker."""

    def __init__(self, stage):
        self.folder = Path(stage.path("application"))
        self.folder.mkdir()

    def write(self, version, text=None):
        part = self.folder / "changing.part"
        part.write_text(text or MODULE.format(version=version, timeout_s=int(TIMEOUT_S)))
        os.utime(part, (version, version))  # two versions within one second are two for Python, too
        part.rename(self.folder / "changing.py")


@pytest.fixture
def application(stage):
    application = Application(stage)
    application.write(1)
    return application


def start(stage, application, *options):
    return stage.worker(options=["--preload", "changing", *options], path=[application.folder, APPS])


def run(queue, function="changing.version"):
    job = queue.enqueue(function)
    wait_until(
        lambda: job.get_status(refresh=True) in (JobStatus.FINISHED, JobStatus.FAILED), f"{function} is over"
    )
    return job.return_value() if job.is_finished else job.latest_result().exc_string


def reload(stage, worker):
    worker.signal(signal.SIGHUP)


def test_changed_code_runs_after_a_reload(stage, queue, application):
    worker = start(stage, application)
    assert run(queue) == 1
    application.write(2)
    assert run(queue) == 1  # it is imported already
    reload(stage, worker)
    wait_until(lambda: run(queue) == 2, "the new code runs")
    assert [run(queue) for _ in range(3)] == [2, 2, 2] and worker.running()


def test_a_running_job_finishes_in_the_old_code(stage, redis, queue, application):
    worker = start(stage, application)
    job = queue.enqueue("changing.hold")
    assert redis.blpop(["bell:running"], timeout=int(TIMEOUT_S))[1] == b"1"
    before = set(children_of(worker.pid))
    application.write(2)
    reload(stage, worker)
    wait_until(lambda: set(children_of(worker.pid)) - before, "there is a new stable")
    assert job.get_status() == JobStatus.STARTED
    redis.rpush("bell:go", "")
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")
    version, stable = job.return_value()
    assert version == 1 and stable in before
    wait_until(lambda: run(queue) == 2, "the new code runs")
    wait_until(lambda: stable not in children_of(worker.pid), "the old stable is gone")


def test_no_job_is_lost_by_reloads(stage, redis, queue, application):
    worker = start(stage, application)
    jobs = [queue.enqueue("changing.version") for _ in range(200)]
    for version in range(2, 6):
        application.write(version)
        reload(stage, worker)
        done = sum(job.get_status(refresh=True) == JobStatus.FINISHED for job in jobs)
        wait_until(
            lambda done=done: (
                sum(job.get_status(refresh=True) == JobStatus.FINISHED for job in jobs) > min(done, 190)
            ),
            "some more are done",
        )
    wait_until(
        lambda: all(job.get_status(refresh=True) == JobStatus.FINISHED for job in jobs), "all are finished"
    )
    versions = [job.return_value() for job in jobs]
    assert set(versions) <= {1, 2, 3, 4, 5} and versions == sorted(versions)
    assert queue.failed_job_registry.count == 0 and queue.finished_job_registry.count == 200


@pytest.mark.parametrize(
    "text, reason",
    [
        ("def version(:\n", "SyntaxError"),
        ("import no_such_module_at_all\n", "no_such_module_at_all"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_code_that_does_not_import_is_not_taken_and_the_old_runs_on(stage, queue, application, text, reason):
    worker = start(stage, application)
    assert run(queue) == 1
    application.write(2, text)
    reload(stage, worker)
    wait_until(lambda: reason in worker.log(), "it says why")
    assert run(queue) == 1 and worker.running()
    application.write(3)
    reload(stage, worker)
    wait_until(lambda: run(queue) == 3, "the mended code runs")


def test_what_was_learned_is_fresh_after_a_reload(stage, queue, application):
    worker = stage.worker(path=[application.folder, APPS])
    assert [run(queue) for _ in range(5)] == [1] * 5
    application.write(2)
    reload(stage, worker)
    wait_until(lambda: run(queue) == 2, "the new code runs")


def test_reloads_in_a_row_leave_one_stable(stage, queue, application):
    worker = start(stage, application)
    assert run(queue) == 1
    for _ in range(5):
        reload(stage, worker)
    application.write(2)
    reload(stage, worker)
    wait_until(lambda: run(queue) == 2, "the new code runs")
    wait_until(
        lambda: (
            len(
                [
                    pid
                    for pid in children_of(worker.pid)
                    if "python" in Path(f"/proc/{pid}/cmdline").read_text()
                ]
            )
            <= 1
        ),
        "one is left",
    )
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_cq_reload_tells_the_worker_of_that_name(stage, queue, application):
    worker = start(stage, application)
    assert run(queue) == 1
    application.write(2)
    result = stage.cli("reload", worker.name)
    assert result.returncode == 0, result.stderr
    wait_until(lambda: run(queue) == 2, "the new code runs")


def test_cq_reload_of_nobody_is_an_error(stage):
    result = stage.cli("reload", "nobody")
    assert result.returncode == 1 and "nobody" in result.stderr and len(result.stderr.splitlines()) == 1
