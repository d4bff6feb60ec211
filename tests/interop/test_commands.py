"""Commands over pubsub, sent by Python's RQ: shutdown, kill-horse, stop-job."""

import pytest
from rq import Retry, Worker
from rq.command import send_command, send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.exceptions import InvalidJobOperation
from rq.job import JobStatus
from rq.results import Result

from stage import process_is_alive, wait_until
from test_workers import hold, release, wait_running, wait_state


def test_shutdown_ends_an_idle_worker(stage, redis):
    worker = stage.worker()
    wait_state(redis, worker, "idle")
    send_shutdown_command(redis, worker.name)
    assert worker.wait() == 0
    assert Worker.count(connection=redis) == 0


def test_shutdown_lets_the_current_job_finish(stage, redis, queue):
    job = hold(stage, queue)
    after = queue.enqueue("jobs.add", 1, 2)
    worker = stage.worker()
    wait_running(stage)
    send_shutdown_command(redis, worker.name)
    wait_until(
        lambda: redis.hexists(f"rq:worker:{worker.name}", "shutdown_requested_date"), "the command arrived"
    )
    release(stage)
    assert worker.wait() == 0
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert after.get_status(refresh=True) == JobStatus.QUEUED


def test_kill_horse_fails_the_job(stage, redis, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    horse = wait_running(stage)
    wait_state(redis, worker, "busy")
    send_kill_horse_command(redis, worker.name)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FAILED, "the job failed")
    wait_until(lambda: not process_is_alive(horse), "its horse is gone")
    assert (
        job.latest_result().exc_string
        == "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "
    )
    assert job.id in queue.failed_job_registry
    wait_until(lambda: queue.started_job_registry.count == 0, "it left the started registry")
    after = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")


def test_kill_horse_is_ignored_when_idle(stage, redis, queue):
    worker = stage.worker()
    send_kill_horse_command(redis, worker.name)
    job = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the worker works")


def test_stop_job_stops_it_for_good(stage, redis, queue):
    job = hold(stage, queue, retry=Retry(max=3))
    worker = stage.worker()
    horse = wait_running(stage)
    wait_state(redis, worker, "busy")
    send_stop_job_command(redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    wait_until(lambda: not process_is_alive(horse), "the horse is dead")
    assert job.is_stopped
    result = job.latest_result()
    assert result.type == Result.Type.FAILED
    assert result.exc_string == "Job stopped by user, work-horse terminated."
    assert job.id in queue.failed_job_registry
    assert queue.count == 0
    assert int(redis.hget(job.key, "retries_left")) == 3
    after = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")


def test_stop_job_of_another_job_is_ignored(stage, redis, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    wait_running(stage)
    send_command(redis, worker.name, "stop-job", job_id="another")
    send_command(redis, worker.name, "stop-job")
    release(stage)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")


def test_stop_job_needs_a_running_job(redis, queue):
    job = queue.enqueue("jobs.add", 1, 2)
    with pytest.raises(InvalidJobOperation):
        send_stop_job_command(redis, job.id)


def test_a_stopped_job_can_be_requeued(stage, redis, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    wait_running(stage)
    wait_state(redis, worker, "busy")
    send_stop_job_command(redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    release(stage)
    job.requeue()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")
    assert job.return_value(refresh=True) == "released"


@pytest.mark.cq_only
def test_a_command_reaches_the_slot_that_it_names(stage, redis, queue):
    jobs = {tag: hold(stage, queue, tag) for tag in "abc"}
    stage.worker(name="many", ready=False, options=["--num-workers", "3"])
    for tag in jobs:
        wait_running(stage, tag)
    send_stop_job_command(redis, jobs["b"].id)
    wait_until(lambda: jobs["b"].get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    jobs["c"].refresh()
    send_kill_horse_command(redis, jobs["c"].worker_name)
    wait_until(lambda: jobs["c"].get_status(refresh=True) == JobStatus.FAILED, "the job failed")
    jobs["a"].refresh()
    assert jobs["a"].is_started
    release(stage, "a")
    wait_until(lambda: jobs["a"].get_status(refresh=True) == JobStatus.FINISHED, "the other job is finished")


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not json",
        b"[]",
        b'{"command": 5}',
        b'{"command": "dance"}',
        b'{"job_id": "x"}',
        b'{"command": "stop-job", "job_id": {}}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_nonsense_on_the_channel_is_ignored(stage, redis, queue, message):
    # RQ's own listening thread ends with an exception on most of these, and hears nothing more.
    worker = stage.worker()
    redis.publish(f"rq:pubsub:{worker.name}", message)
    job = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the worker works")
    send_shutdown_command(redis, worker.name)
    assert worker.wait() == 0
