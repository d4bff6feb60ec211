"""A worker as Python's RQ sees it: listing, fields, states, counts, its ends."""

import os
import re
import signal
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rq import Queue, Worker
from rq.job import JobStatus
from rq.suspension import resume, suspend

from stage import KIND, descendants, process_is_alive, wait_for_no_echo, wait_until


def fields(redis, worker):
    return {k.decode(): v.decode() for k, v in redis.hgetall(f"rq:worker:{worker.name}").items()}


def hold(stage, queue, tag="", **options):
    """Enqueue a job that runs until release(stage, tag)."""
    return queue.enqueue("jobs.hold", stage.path("pid" + tag), stage.path("go" + tag), **options)


def wait_running(stage, tag=""):
    """The pid of its horse."""
    wait_until(Path(stage.path("pid" + tag)).exists, "the job runs")
    return int(Path(stage.path("pid" + tag)).read_text())


def release(stage, tag=""):
    Path(stage.path("go" + tag)).touch()


def wait_state(redis, worker, state):
    wait_until(lambda: fields(redis, worker).get("state") == state, f"{worker.name} is {state}")


def test_an_idle_worker_is_listed_with_all_its_fields(stage, redis):
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    started = stage.worker("high", "low")
    wait_state(redis, started, "idle")
    after = datetime.now(timezone.utc) + timedelta(seconds=1)
    (worker,) = Worker.all(connection=redis)
    assert worker.name == started.name
    assert worker.state == "idle"
    assert worker.queue_names() == ["high", "low"]
    assert worker.pid == started.pid
    assert worker.hostname == os.uname().nodename
    assert worker.ip_address
    assert worker.version and worker.python_version
    assert before < worker.birth_date < after
    assert before < worker.last_heartbeat < after
    assert worker.get_current_job() is None
    assert (worker.successful_job_count, worker.failed_job_count, worker.total_working_time) == (0, 0, 0)
    assert Worker.count(connection=redis) == 1
    for name in ("high", "low"):
        queue = Queue(name, connection=redis)
        assert Worker.count(queue=queue) == 1
        assert [w.name for w in Worker.all(queue=queue)] == [started.name]
    assert Worker.count(queue=Queue("other", connection=redis)) == 0
    assert 400 < redis.ttl(f"rq:worker:{started.name}") <= 480


def test_the_workers_connection_bears_its_name(stage, redis):
    worker = stage.worker()
    assert worker.name in [client["name"] for client in redis.client_list()]


def test_worker_ttl_rules_the_worker_hash(stage, redis):
    worker = stage.worker(options=["--worker-ttl", "100"])
    assert 100 < redis.ttl(f"rq:worker:{worker.name}") <= 160


def test_a_busy_worker_shows_its_job(stage, redis, queue):
    job = hold(stage, queue)
    started = stage.worker()
    wait_running(stage)
    wait_state(redis, started, "busy")
    (worker,) = Worker.all(connection=redis)
    assert worker.get_current_job_id() == job.id
    assert worker.get_current_job() == job
    assert fields(redis, started)["current_job"] == job.id
    assert float(fields(redis, started)["current_job_working_time"]) == 0
    release(stage)
    wait_state(redis, started, "idle")
    wait_until(lambda: "current_job" not in fields(redis, started), "current_job is gone")
    assert float(fields(redis, started)["current_job_working_time"]) == 0


def test_counts_and_working_time_add_up(stage, redis, queue):
    for number in range(3):
        queue.enqueue("jobs.add", 1, number)
    queue.enqueue("jobs.fail", "no")
    queue.enqueue("jobs.rest", 0.2)
    worker = stage.worker()
    wait_until(lambda: fields(redis, worker).get("successful_job_count") == "4", "four jobs are counted")
    (seen,) = Worker.all(connection=redis)
    assert (seen.successful_job_count, seen.failed_job_count) == (4, 1)
    assert 0.2 <= seen.total_working_time < 10


def test_heartbeats_go_on_while_a_job_runs(stage, redis, queue):
    job = hold(stage, queue, job_timeout=100)
    worker = stage.worker(options=["--job-monitoring-interval", "1"])
    wait_running(stage)
    key = f"rq:worker:{worker.name}"
    wait_until(
        lambda: float(fields(redis, worker)["current_job_working_time"]) >= 2, "two heartbeats are seen"
    )
    assert 40 < redis.ttl(key) <= 61
    started_at = redis.hget(job.key, "started_at").decode()
    assert redis.hget(job.key, "last_heartbeat").decode() > started_at
    (execution,) = job.get_executions()
    assert execution.last_heartbeat > execution.created_at
    assert 0 < redis.ttl(f"rq:execution:{job.id}:{execution.id}") <= 61
    ((_, score),) = redis.zrange("rq:wip:default", 0, -1, withscores=True)
    assert 40 < score - time.time() <= 62
    release(stage)


def test_rq_info_shows_the_worker_and_its_queue(stage, redis, queue):
    queue.enqueue("jobs.add", 1, 2)
    queue.enqueue("jobs.fail", "no")
    worker = stage.worker()
    wait_until(lambda: queue.failed_job_registry.count == 1, "both jobs are done")
    wait_state(redis, worker, "idle")
    raw = stage.cli("info", "--raw", kind="rq").stdout
    assert "queue default 0, 0 executing, 1 finished, 1 failed\n" in raw
    host = re.escape(os.uname().nodename)
    assert re.search(
        rf"^worker {worker.name} \({host} \S+ {worker.pid}\) idle default\. jobs: 1 finished, 1 failed$",
        raw,
        re.M,
    ), raw
    assert "1 workers, 1 queues" in stage.cli("info", kind="rq").stdout


def test_info_prints_what_rq_info_prints(stage, redis, queue):
    """`cq info` beside `rq info`, on the same queues and workers."""
    queue.enqueue("jobs.add", 1, 2)
    queue.enqueue("jobs.fail", "no")
    Queue("busy:one", connection=redis).enqueue("jobs.hold", stage.path("pid"), stage.path("go"))
    for _ in range(5):
        Queue("waiting", connection=redis).enqueue("jobs.add", 1, 2)
    worker = stage.worker("default", "busy:one")
    wait_running(stage)
    wait_state(redis, worker, "busy")

    def shown(kind, *options):
        result = stage.cli("info", *options, kind=kind)
        assert result.returncode == 0, result.stderr
        lines = [line for line in result.stdout.splitlines() if not line.startswith("Updated: ")]
        return sorted(lines)

    for options in (
        ["--raw"],
        [],
        ["--only-queues"],
        ["--only-workers", "--raw"],
        ["--raw", "waiting"],
        ["-W"],
    ):
        assert shown(KIND, *options) == shown("rq", *options), options
    release(stage)


def test_a_name_that_is_taken_is_refused(stage, redis):
    first = stage.worker(name="taken")
    second = stage.worker(name="taken", ready=False)
    assert second.wait() != 0
    assert "taken" in second.log()
    assert first.running()
    assert Worker.count(connection=redis) == 1


def test_a_dead_workers_name_can_be_taken_again(stage, redis):
    first = stage.worker(name="again")
    stage.wait_idle(first)
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    stage.worker(name="again")
    assert "death" not in fields(redis, stage.workers[-1])


def test_max_jobs_ends_the_worker(stage, queue):
    for number in range(3):
        queue.enqueue("jobs.add", 1, number)
    worker = stage.worker(ready=False, options=["--max-jobs", "2"])
    assert worker.wait() == 0
    assert queue.count == 1
    assert queue.finished_job_registry.count == 2


def test_max_idle_time_ends_the_worker(stage, queue):
    job = queue.enqueue("jobs.add", 1, 2)
    worker = stage.worker(ready=False, options=["--max-idle-time", "1"])
    assert worker.wait() == 0
    assert job.get_status() == JobStatus.FINISHED


def test_the_pid_file_holds_the_workers_pid(stage):
    worker = stage.worker(options=["--pid", stage.path("worker.pid")])
    assert int(Path(stage.path("worker.pid")).read_text()) == worker.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_worker_at_once(stage, redis, number):
    worker = stage.worker()
    stage.wait_idle(worker)
    worker.signal(number)
    assert worker.wait() == 0
    assert Worker.count(connection=redis) == 0
    assert redis.scard("rq:workers:default") == 0
    assert fields(redis, worker)["death"]
    assert 0 < redis.ttl(f"rq:worker:{worker.name}") <= 60


def test_a_warm_shutdown_finishes_the_current_job_only(stage, redis, queue):
    job = hold(stage, queue)
    after = queue.enqueue("jobs.add", 1, 2)
    worker = stage.worker()
    wait_running(stage)
    worker.signal(signal.SIGTERM)
    wait_until(lambda: fields(redis, worker).get("shutdown_requested_date"), "the request is registered")
    assert worker.running()
    release(stage)
    assert worker.wait() == 0
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert after.get_status(refresh=True) == JobStatus.QUEUED
    assert queue.get_job_ids() == [after.id]
    assert Worker.count(connection=redis) == 0


def test_a_second_signal_takes_the_horse_down(stage, redis, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    horse = wait_running(stage)
    worker.signal(signal.SIGTERM)
    wait_for_no_echo(redis, worker.name)
    worker.signal(signal.SIGTERM)
    worker.wait()
    wait_until(lambda: not process_is_alive(horse), "the horse is dead")
    assert Worker.count(connection=redis) == 0
    assert fields(redis, worker)["death"]
    assert job.get_status(refresh=True) != JobStatus.FINISHED


def test_an_echo_of_the_first_signal_is_ignored(stage, queue):
    job = hold(stage, queue)
    worker = stage.worker()
    wait_running(stage)
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGTERM)
    release(stage)
    assert worker.wait() == 0
    assert job.get_status(refresh=True) == JobStatus.FINISHED


def test_a_suspended_worker_starts_nothing_until_resumed(stage, redis, queue):
    worker = stage.worker()
    wait_state(redis, worker, "idle")
    suspend(redis)
    canary = queue.enqueue("jobs.add", 0, 0)
    # A worker that was waiting may take one job, as RQ's does, before it sees the suspension.
    wait_until(
        lambda: (
            canary.get_status(refresh=True) == JobStatus.FINISHED
            or fields(redis, worker)["state"] == "suspended"
        ),
        "the worker noticed",
    )
    wait_state(redis, worker, "suspended")
    job = queue.enqueue("jobs.add", 1, 2)
    assert job.get_status(refresh=True) == JobStatus.QUEUED
    resume(redis)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")


def test_a_worker_refuses_to_start_while_suspended(stage, redis):
    suspend(redis)
    worker = stage.worker(ready=False)
    assert worker.wait() == 1
    assert "suspended" in worker.log()
    assert Worker.count(connection=redis) == 0


def test_suspend_and_resume_commands_are_rqs(stage, redis):
    assert stage.cli("suspend").returncode == 0
    assert redis.get("rq:suspended") == b"1" and redis.ttl("rq:suspended") == -1
    assert stage.cli("resume").returncode == 0
    assert not redis.exists("rq:suspended")
    assert stage.cli("suspend", "--duration", "60").returncode == 0
    assert 0 < redis.ttl("rq:suspended") <= 60


def test_requeue_and_empty_commands_do_what_rqs_do(stage, redis, queue):
    jobs = [queue.enqueue("jobs.fail", "no") for _ in range(3)]
    stage.burst()
    assert stage.cli("requeue", "--queue", "default", jobs[0].id).returncode == 0
    assert queue.get_job_ids() == [jobs[0].id]
    assert stage.cli("requeue", "--queue", "default", "--all").returncode == 0
    assert sorted(queue.get_job_ids()) == sorted(job.id for job in jobs)
    assert queue.failed_job_registry.count == 0
    requeued = redis.hgetall(jobs[1].key)
    assert (requeued[b"status"], requeued[b"started_at"], requeued[b"ended_at"]) == (b"queued", b"", b"")
    result = stage.cli("empty", "default")
    assert result.stdout == "3 jobs removed from default queue\n"
    assert redis.keys("rq:job:*") == []


@pytest.mark.cq_only
def test_slots_are_workers_of_their_own(stage, redis, queue):
    for tag in "abc":
        hold(stage, queue, tag)
    worker = stage.worker(name="many", ready=False, options=["--num-workers", "3"])
    for tag in "abc":
        wait_running(stage, tag)
    names = sorted(w.name for w in Worker.all(connection=redis))
    assert names == ["many.1", "many.2", "many.3"]
    wait_until(lambda: {w.state for w in Worker.all(connection=redis)} == {"busy"}, "all are busy")
    assert {w.pid for w in Worker.all(connection=redis)} == {worker.pid}
    assert len({w.get_current_job_id() for w in Worker.all(connection=redis)}) == 3
    for tag in "abc":
        release(stage, tag)
    wait_until(lambda: queue.finished_job_registry.count == 3, "all are finished")
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert Worker.count(connection=redis) == 0


@pytest.mark.cq_only
def test_a_burst_of_slots_ends_when_all_is_done(stage, queue):
    path = stage.path("executed")
    for number in range(100):
        queue.enqueue("jobs.note", path, job_id=f"n{number}")
    stage.burst(options=["--num-workers", "4"])
    assert sorted(Path(path).read_text().split()) == sorted(f"n{number}" for number in range(100))


@pytest.mark.cq_only
def test_no_process_of_a_worker_outlives_it(stage, queue):
    hold(stage, queue)
    worker = stage.worker()
    wait_running(stage)
    below = descendants(worker.pid)
    assert len(below) >= 2  # the stable and the horse
    worker.kill()
    wait_until(lambda: not any(map(process_is_alive, below)), "stable and horses are dead")
