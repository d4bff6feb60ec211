"""How jobs die: timeouts, signals, exits, children left behind; and what is written about it."""

import os
import signal
from pathlib import Path

import pytest
from rq.job import JobStatus
from rq.results import Result

from stage import REUSE, process_is_alive, wait_until
from test_workers import hold, wait_running


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def failed(job):
    return lambda: job.get_status(refresh=True) == JobStatus.FAILED


def test_a_timeout_fails_with_rqs_text(stage, queue):
    job = queue.enqueue("jobs.rest", 600, job_timeout=1)
    after = queue.enqueue("jobs.add", 1, 2)
    stage.burst()
    result = job.latest_result()
    assert job.get_status() == JobStatus.FAILED
    assert result.type == Result.Type.FAILED
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in result.exc_string
    assert after.get_status() == JobStatus.FINISHED


@pytest.mark.cq_only
def test_a_timeout_is_enforced_on_a_job_that_ignores_sigterm(stage, queue):
    # RQ's own timeout is an exception in the job: a job that swallows it runs on.
    job = queue.enqueue("jobs.stubborn", stage.path("pid"), job_timeout=5)
    after = queue.enqueue("jobs.add", 1, 2)
    worker = stage.worker()
    horse = wait_running(stage)
    wait_until(failed(job), "the job failed")
    assert (
        "JobTimeoutException: Task exceeded maximum timeout value (5 seconds)"
        in job.latest_result().exc_string
    )
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")
    wait_until(lambda: not process_is_alive(horse), "the horse is dead")
    assert worker.running()


@pytest.mark.parametrize(
    "number, text",
    [
        (signal.SIGKILL, "waitpid returned 9 (signal 9); "),
        (signal.SIGTERM, "waitpid returned 15 (signal 15); "),
    ],
    ids=["SIGKILL", "SIGTERM"],
)
def test_a_killed_horse_fails_the_job(stage, queue, number, text):
    job = hold(stage, queue)
    worker = stage.worker()
    os.kill(wait_running(stage), number)
    wait_until(failed(job), "the job failed")
    result = job.latest_result()
    assert result.type == Result.Type.FAILED
    assert result.exc_string == "Work-horse terminated unexpectedly; " + text
    assert result.worker_name == worker.name
    wait_until(lambda: queue.started_job_registry.count == 0, "it left the started registry")
    assert queue.failed_job_registry.get_job_ids() == [job.id]


@pytest.mark.parametrize(
    "function, arguments, status", [("jobs.leave", [3], 3 << 8), ("jobs.leave", [1], 1 << 8)]
)
def test_a_job_that_calls_exit_fails(stage, queue, function, arguments, status):
    job = queue.enqueue(function, *arguments)
    stage.burst()
    assert job.get_status() == JobStatus.FAILED
    assert (
        job.latest_result().exc_string == f"Work-horse terminated unexpectedly; waitpid returned {status}; "
    )


@pytest.mark.cq_only
def test_a_job_that_exits_with_zero_fails_too(stage, queue):
    # RQ's worker takes it for done, and leaves the job started until maintenance finds it abandoned.
    job = queue.enqueue("jobs.leave", 0)
    stage.burst()
    assert job.get_status() == JobStatus.FAILED
    assert job.latest_result().exc_string == "Work-horse terminated unexpectedly; waitpid returned 0; "


def test_a_crash_fails_the_job(stage, queue):
    job = queue.enqueue("jobs.crash")
    after = queue.enqueue("jobs.add", 1, 2)
    stage.burst()
    assert job.latest_result().exc_string.startswith("Work-horse terminated unexpectedly; waitpid returned ")
    assert "(signal 11)" in job.latest_result().exc_string
    assert after.get_status() == JobStatus.FINISHED


@pytest.mark.cq_only
def test_nothing_that_a_job_forked_outlives_it(stage, queue):
    job = queue.enqueue("jobs.breed", stage.path("pid"))
    worker = stage.worker()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")
    child = int(Path(stage.path("pid")).read_text())
    if REUSE:  # the horse lives on with what its jobs started; its end is theirs
        worker.signal(signal.SIGTERM)
        worker.wait()
    wait_until(lambda: not process_is_alive(child), "the child is dead")


def test_unknown_functions_fail_their_job_only(stage, queue):
    names = [
        "jobs.no_such_function",
        "no_such_module.f",
        "no.such.package.f",
        "plain_name",
        "jobs.",
        ".add",
        "jobs..add",
        "",
    ]
    jobs = [queue.enqueue(name) for name in names if name]
    after = queue.enqueue("jobs.add", 1, 2)
    stage.burst()
    for job in jobs:
        assert job.get_status() == JobStatus.FAILED, job.func_name
        assert job.latest_result().exc_string
    assert after.get_status() == JobStatus.FINISHED


@pytest.mark.cq_only
def test_a_function_name_never_leads_out_of_the_path(stage, queue):
    # Both files exist and would load if names were pasted into paths.
    jobs = [
        queue.enqueue(name)
        for name in ("../jobs.add", "/tmp/jobs.add", "..jobs.add", "jobs/../jobs.add", "./jobs.add")
    ]
    stage.burst()
    assert {job.get_status() for job in jobs} == {JobStatus.FAILED}


def test_wrong_arguments_fail_the_job(stage, queue):
    jobs = [queue.enqueue("jobs.add"), queue.enqueue("jobs.add", "x", 2), queue.enqueue("jobs.add", 1, None)]
    stage.burst()
    for job in jobs:
        assert job.get_status() == JobStatus.FAILED
        assert job.latest_result().exc_string


@pytest.mark.cq_only
def test_the_next_horse_is_not_harmed_by_the_last(stage, queue):
    jobs = [queue.enqueue(name) for name in ["jobs.crash", "jobs.crash"] * 5]
    goods = [queue.enqueue("jobs.add", n, 1) for n in range(5)]
    stage.burst(options=["--num-workers", "2"])
    assert {job.get_status() for job in jobs} == {JobStatus.FAILED}
    assert [job.return_value() for job in goods] == [1, 2, 3, 4, 5]


@pytest.mark.c_only
@pytest.mark.cq_only
@pytest.mark.parametrize(
    "function, text",
    [
        ("jobs.silent", None),
        ("jobs.overrun", "Work-horse terminated unexpectedly"),
        ("jobs.deep", "Work-horse terminated unexpectedly"),
        ("jobs.deaf", "Work-horse terminated unexpectedly"),
    ],
)
def test_c_functions_that_harm_their_process_harm_their_job_only(stage, queue, function, text):
    job = queue.enqueue(function)
    after = queue.enqueue("jobs.add", 1, 2)
    worker = stage.burst()
    if text is None:
        assert (job.get_status(), job.return_value()) == (JobStatus.FINISHED, None)
    else:
        assert job.get_status() == JobStatus.FAILED
        assert text in job.latest_result().exc_string
    assert after.return_value() == 3
    assert job.id in worker.log()


@pytest.mark.cq_only
def test_output_of_a_job_is_in_the_log_with_its_id(stage, queue):
    job = queue.enqueue("jobs.chatter", 3)
    log = stage.burst().log()
    for text in ("line 0", "line 2", "the end, without a newline"):
        assert [line for line in log.splitlines() if text in line and job.id in line], text


@pytest.mark.cq_only
def test_a_flood_of_output_does_not_stop_the_job(stage, queue):
    job = queue.enqueue("jobs.chatter", 200_000)
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED


@pytest.mark.cq_only
def test_a_killed_stable_is_replaced(stage, queue):
    worker = stage.worker()
    first = queue.enqueue("jobs.add", 1, 1)
    wait_until(lambda: first.get_status(refresh=True) == JobStatus.FINISHED, "the first is finished")
    old = children(worker.pid)
    assert old
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    # A job that the dying stable's warm horse took in between may fail; one that comes when there is a new
    # stable may not.
    wait_until(
        lambda: children(worker.pid) and not set(old) & set(children(worker.pid)), "there is another stable"
    )
    second = queue.enqueue("jobs.add", 2, 2)
    wait_until(lambda: second.get_status(refresh=True) == JobStatus.FINISHED, "the second is finished")
    assert worker.running()


@pytest.mark.cq_only
def test_a_stable_killed_under_a_running_job_fails_the_job(stage, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    horse = wait_running(stage)
    (stable,) = children(worker.pid)
    os.kill(stable, signal.SIGKILL)
    wait_until(failed(job), "the job failed")
    assert job.latest_result().exc_string.startswith("Work-horse terminated unexpectedly; waitpid returned ")
    wait_until(lambda: not process_is_alive(horse), "the horse is dead")
    after = queue.enqueue("jobs.add", 3, 3)
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")
