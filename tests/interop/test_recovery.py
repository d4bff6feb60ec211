"""What survives: a killed worker's job, a lost Redis, an outcome that nobody waited for any more."""

import os
import signal
import time
from pathlib import Path

import pytest
from rq import Queue, Retry
from rq.command import send_shutdown_command
from rq.job import JobStatus
from rq.registry import StartedJobRegistry
from rq.results import Result

from stage import REUSE, descendants, process_is_alive, wait_until
from test_workers import fields, hold, release, wait_running, wait_state


def let_heartbeat_pass(redis, queue="default"):
    """What a minute without heartbeats does: the score of everything in rq:wip lies in the past."""
    for member in redis.zrange(f"rq:wip:{queue}", 0, -1):
        redis.zadd(f"rq:wip:{queue}", {member: int(time.time()) - 1})


def killed_with_a_job(stage, redis, queue, **options):
    """A job whose worker was killed with SIGKILL, and whose heartbeat is overdue."""
    job = hold(stage, queue, **options)
    worker = stage.worker(name="killed")
    horse = wait_running(stage)
    below = descendants(worker.pid)
    worker.kill()
    if worker.kind == "rq":  # RQ's horse runs on
        os.kill(horse, signal.SIGKILL)
    wait_until(lambda: not any(map(process_is_alive, below)), "nothing of the worker is left")
    let_heartbeat_pass(redis)
    return job


def test_an_abandoned_job_fails_at_the_next_workers_start(stage, redis, queue):
    job = killed_with_a_job(stage, redis, queue)
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.FAILED
    result = job.latest_result()
    assert result.type == Result.Type.FAILED
    assert result.exc_string.startswith("Moved to FailedJobRegistry, due to AbandonedJobError, at ")
    assert queue.failed_job_registry.get_job_ids() == [job.id]
    assert redis.zcard("rq:wip:default") == 0


def test_an_abandoned_job_with_retries_left_is_executed_again(stage, redis, queue):
    job = killed_with_a_job(stage, redis, queue, retry=Retry(max=2))
    release(stage)
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert int(redis.hget(job.key, "retries_left")) == 1
    assert redis.zcard("rq:wip:default") == 0


def test_rqs_own_maintenance_finds_what_a_killed_worker_left(stage, redis, queue):
    job = killed_with_a_job(stage, redis, queue)
    assert stage.cli("info", kind="rq").returncode == 0  # `rq info` cleans registries
    assert job.get_status(refresh=True) == JobStatus.FAILED
    assert "AbandonedJobError" in job.latest_result().exc_string
    release(stage)
    job.requeue()
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.FINISHED


@pytest.mark.cq_only
def test_an_abandoned_job_is_found_by_a_running_worker(stage, redis, queue):
    witness = stage.worker()
    wait_state(redis, witness, "idle")
    # A job as a worker of another machine left it: started, in rq:wip, and nobody there any more.
    job = queue.create_job("jobs.add", args=(1, 2), retry=Retry(max=1))
    job.set_status(JobStatus.STARTED)
    job.save()
    redis.zadd("rq:wip:default", {f"{job.id}:{'0' * 32}": int(time.time()) - 1})
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is executed")
    assert int(redis.hget(job.key, "retries_left")) == 0


@pytest.mark.cq_only
def test_abandoned_jobs_go_back_to_the_queue_by_option(stage, redis, queue):
    job = killed_with_a_job(stage, redis, queue)
    release(stage)
    stage.burst(options=["--requeue-abandoned"])
    assert job.get_status(refresh=True) == JobStatus.FINISHED


@pytest.mark.cq_only
def test_a_late_outcome_is_refused(stage, redis, queue):
    # RQ's worker writes a finished job over the failed one.
    job = hold(stage, queue)
    worker = stage.worker()
    wait_running(stage)
    let_heartbeat_pass(redis)
    StartedJobRegistry(queue=queue).cleanup()  # RQ judges the job abandoned
    assert job.get_status(refresh=True) == JobStatus.FAILED
    release(stage)
    after = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")
    assert job.get_status(refresh=True) == JobStatus.FAILED
    assert [result.type for result in job.results()] == [Result.Type.FAILED]
    assert job.id not in queue.finished_job_registry.get_job_ids()
    assert job.id in worker.log()


def test_names_of_dead_workers_are_cleaned(stage, redis, queue):
    redis.sadd("rq:workers", "rq:worker:gone")
    redis.sadd("rq:workers:default", "rq:worker:gone")
    stage.burst()
    assert redis.smembers("rq:workers") == set()
    assert redis.smembers("rq:workers:default") == set()


def test_expired_entries_of_registries_are_cleaned(stage, redis, queue):
    past = int(time.time()) - 10
    redis.sadd("rq:queues", "rq:queue:default")
    for kind in ("finished", "failed"):
        redis.zadd(
            f"rq:{kind}:default",
            {"expired": past, "lives": past + 1000, "for-ever": float("inf") if kind == "finished" else -1},
        )
    stage.burst()
    assert redis.zrange("rq:finished:default", 0, -1) == [b"lives", b"for-ever"]
    assert redis.zrange("rq:failed:default", 0, -1) == [b"for-ever", b"lives"]


@pytest.mark.cq_only
def test_an_id_stuck_in_the_intermediate_queue_is_executed(stage, redis, queue):
    # RQ's worker fails it with "Job was stuck in intermediate queue."
    job = queue.enqueue("jobs.add", 1, 2)
    redis.lmove("rq:queue:default", "rq:queue:default:intermediate", "LEFT", "RIGHT")
    redis.set(f"rq:queue:default:intermediate:first_seen:{job.id}", time.time() - 120)
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert redis.llen("rq:queue:default:intermediate") == 0


def test_a_busy_workers_hash_that_vanished_is_written_anew(stage, redis, queue):
    hold(stage, queue)
    worker = stage.worker(options=["--job-monitoring-interval", "1"])
    wait_running(stage)
    before = fields(redis, worker)
    redis.delete(f"rq:worker:{worker.name}")
    wait_until(
        lambda: set(fields(redis, worker)) >= {"birth", "queues", "pid", "hostname", "last_heartbeat"},
        "the hash is complete",
    )
    assert fields(redis, worker)["queues"] == before["queues"]
    assert redis.ttl(f"rq:worker:{worker.name}") > 0


@pytest.mark.cq_only
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_an_outcome_is_kept_until_redis_is_back(lasting, how):
    lasting.server.start()
    queue = Queue("default", connection=lasting.server.connect())
    job = hold(lasting, queue)
    after = queue.enqueue("jobs.add", 1, 2)
    worker = lasting.worker()
    horse = wait_running(lasting)
    lasting.server.stop(how)
    wait_until(lambda: "retry" in worker.log().lower(), "the log says that Redis is retried")
    release(lasting)
    if not REUSE:
        wait_until(lambda: not process_is_alive(horse), "the job has ended while nobody listens")
    retries = worker.log().lower().count("retry")
    wait_until(lambda: worker.log().lower().count("retry") > retries, "Redis is retried once more")
    assert worker.running()
    lasting.server.start()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the outcome is committed")
    assert job.return_value(refresh=True) == "released"
    assert [result.type for result in job.results()] == [Result.Type.SUCCESSFUL]
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")


@pytest.mark.cq_only
def test_a_worker_waits_for_a_redis_that_is_not_there_yet(lasting):
    worker = lasting.worker(ready=False)
    wait_until(lambda: "retry" in worker.log().lower(), "the log says that Redis is retried")
    assert worker.running()
    lasting.server.start()
    lasting.wait_ready(worker)
    job = Queue("default", connection=lasting.server.connect()).enqueue("jobs.add", 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")


def test_an_idle_worker_survives_a_restart_of_redis(lasting):
    lasting.server.start()
    worker = lasting.worker()
    lasting.server.stop()
    wait_until(lambda: "retry" in worker.log().lower(), "the log says that Redis is retried")
    lasting.server.start()
    connection = lasting.server.connect()
    queue = Queue("default", connection=connection)
    job = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")
    wait_until(
        lambda: connection.pubsub_numsub(f"rq:pubsub:{worker.name}")[0][1] == 1, "it hears commands again"
    )
    send_shutdown_command(connection, worker.name)
    assert worker.wait() == 0


@pytest.mark.cq_only
def test_a_worker_can_be_stopped_while_redis_is_away(lasting):
    lasting.server.start()
    worker = lasting.worker()
    lasting.server.stop()
    wait_until(lambda: "retry" in worker.log().lower(), "the log says that Redis is retried")
    worker.signal(signal.SIGTERM)
    worker.wait()


@pytest.mark.cq_only
def test_no_job_is_lost_or_done_twice_while_redis_is_killed_again_and_again(lasting):
    lasting.server.start()
    queue = Queue("default", connection=lasting.server.connect())
    path = lasting.path("executed")
    ids = [f"job-{number}" for number in range(600)]
    queue.enqueue_many([Queue.prepare_data("jobs.note", (path,), job_id=job_id) for job_id in ids])
    lasting.worker(ready=False, options=["--num-workers", "3"])

    def executed():
        return Path(path).read_text().split() if Path(path).exists() else []

    for part in (1, 2, 3):
        wait_until(lambda: len(executed()) >= part * 100, "the worker gets on")
        lasting.server.stop(signal.SIGKILL)
        lasting.server.start()
    wait_until(lambda: queue.finished_job_registry.count == len(ids), "all jobs are finished")
    assert sorted(executed()) == sorted(ids)
    assert queue.failed_job_registry.count == 0
    assert queue.started_job_registry.count == 0
