"""Scheduled jobs, with schedulers of cq and of RQ on the same queues."""

import os
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from rq import Queue, Repeat, Retry
from rq.job import JobStatus
from rq.registry import FinishedJobRegistry, ScheduledJobRegistry
from rq.scheduler import RQScheduler

from stage import KIND, descendants, wait_until

LOCK = "rq:scheduler-lock:default"
MANY = 1000


def is_finished(job):
    return job.get_status(refresh=True) == JobStatus.FINISHED


def scheduler_of(redis):
    name = redis.get(LOCK)
    return RQScheduler.fetch(name.decode(), redis) if name else None


def wait_owner(redis, queue):
    """The scheduler that has the lock, as RQ reads it."""
    wait_until(lambda: queue.scheduler_pid, "a scheduler has the lock")
    return scheduler_of(redis)


def lock_expires(redis):
    """A minute later."""
    redis.pexpire(LOCK, 1)


def test_jobs_that_rq_schedules_are_run_when_they_are_due(stage, redis, queue):
    stage.worker(options=["--with-scheduler"])
    past = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    soon = queue.enqueue_in(timedelta(seconds=1), "jobs.add", 3, 4)
    later = queue.enqueue_in(timedelta(seconds=500), "jobs.add", 5, 6)
    wait_until(lambda: is_finished(past) and is_finished(soon), "both are finished")
    assert [past.return_value(), soon.return_value()] == [3, 7]
    soon.refresh()
    assert soon.enqueued_at.timestamp() >= int(soon.created_at.timestamp()) + 1
    assert later.get_status() == JobStatus.SCHEDULED
    assert ScheduledJobRegistry(queue=queue).get_job_ids() == [later.id]


def test_retries_and_repeats_with_an_interval_need_nobody_else(stage, redis, queue):
    flaky = queue.enqueue("jobs.flaky", retry=Retry(max=1, interval=1))
    again = queue.enqueue("jobs.add", 1, 2, repeat=Repeat(times=1, interval=1))
    stage.worker(options=["--with-scheduler"])
    wait_until(lambda: is_finished(flaky), "the retry is finished")
    wait_until(
        lambda: is_finished(again) and int(redis.hget(again.key, "repeats_left")) == 0,
        "the repetition is finished",
    )
    assert flaky.return_value() == "well at last"


def test_rqs_scheduler_finds_what_cq_scheduled(stage, redis, queue):
    job = queue.enqueue("jobs.flaky", retry=Retry(max=1, interval=1))
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    scheduler = RQScheduler([queue], connection=redis)
    scheduler.acquire_locks()

    def queued():
        scheduler.enqueue_scheduled_jobs()
        return job.get_status(refresh=True) == JobStatus.QUEUED

    wait_until(queued, "RQ's scheduler has queued it")
    scheduler.release_locks()
    stage.burst()
    assert is_finished(job)


@pytest.mark.cq_only
def test_a_job_that_cq_enqueued_for_later_is_run_by_either(stage, redis, queue):
    for kind, job_id in (("rq", "theirs"), (KIND, "ours")):
        done = stage.cli(
            "enqueue", "--schedule-in", "1s", "--job-id", job_id, "--path", ".", "jobs.add", ":1", ":2"
        )
        assert done.returncode == 0, done.stderr
        job = queue.fetch_job(job_id)
        assert job.get_status() == JobStatus.SCHEDULED
        worker = stage.worker(kind=kind, options=["--with-scheduler"])
        wait_until(lambda: is_finished(queue.fetch_job(job_id)), f"{job_id} is finished")
        assert job.return_value(refresh=True) == 3
        stage.wait_idle(worker)
        worker.signal(signal.SIGTERM)
        worker.wait()


def test_a_burst_queues_once_what_is_due(stage, redis, queue):
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    stage.burst()
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    stage.burst(options=["--with-scheduler"])
    assert is_finished(job)
    assert not redis.keys("rq:scheduler*")


def test_the_front_is_where_rq_puts_it(stage, redis, queue):
    first = queue.enqueue("jobs.add", 1, 2)
    scheduled = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2, at_front=True)
    stage.burst(options=["--with-scheduler", "--max-jobs", "1"])
    assert [is_finished(job) for job in (scheduled, first)] == [True, False]


def test_a_scheduled_job_does_not_ask_for_its_dependencies(stage, redis, queue):
    """As RQ: they count where the job is enqueued, not where it is scheduled."""
    parent = Queue("other", connection=redis).enqueue("jobs.add", 1, 2)
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2, depends_on=parent)
    stage.burst(options=["--with-scheduler"])
    assert is_finished(job)


def test_a_canceled_job_stays_canceled(stage, redis, queue):
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    job.cancel()
    stage.burst(options=["--with-scheduler"])
    assert job.get_status(refresh=True) == JobStatus.CANCELED


def test_rq_reads_who_schedules(stage, redis, queue):
    worker = stage.worker("default", "other", options=["--with-scheduler"])
    found = wait_owner(redis, queue)
    assert found.hostname and found.created_at and found.last_heartbeat
    assert found._queue_names == {"default", "other"}
    assert queue.scheduler_pid == found.pid
    if KIND != "rq":
        assert found.pid == worker.pid
        assert found.name.isdigit()
    stage.wait_idle(worker)
    worker.signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert queue.scheduler_pid is None
    assert not redis.keys("rq:scheduler*")


@pytest.mark.cq_only
def test_rq_113_reads_a_number_out_of_the_lock(stage, redis, queue):
    stage.worker(options=["--with-scheduler"])
    found = wait_owner(redis, queue)
    code = (
        "import sys, redis, rq; "
        "print(rq.Queue('default', connection=redis.Redis(unix_socket_path=sys.argv[1])).scheduler_pid)"
    )
    seen = subprocess.run(
        [os.environ["RQ113_PYTHON"], "-c", code, str(stage.server.socket)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == found.name


@pytest.mark.cq_only
def test_a_killed_scheduler_of_either_kind_is_replaced(stage, redis, queue):
    first = stage.worker(kind="rq", options=["--with-scheduler"])
    theirs = wait_owner(redis, queue)
    second = stage.worker(kind=KIND, options=["--with-scheduler"])
    os.kill(theirs.pid, signal.SIGKILL)
    first.kill()
    assert redis.get(LOCK) == theirs.name.encode()
    lock_expires(redis)
    wait_until(lambda: queue.scheduler_pid == second.pid, "cq has taken over")
    second.kill()
    lock_expires(redis)
    third = stage.worker(kind="rq", options=["--with-scheduler"])
    wait_until(lambda: queue.scheduler_pid not in (None, second.pid, theirs.pid), "RQ has taken over")
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    wait_until(lambda: is_finished(job), "it is run")
    third.end()


@pytest.mark.cq_only
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_scheduler_of_rq_113_is_followed_by_one_of_cq(stage, redis, queue, how):
    first = stage.worker(
        kind="rq", name="old", python=os.environ["RQ113_PYTHON"], options=["--with-scheduler"]
    )
    assert int(wait_until(lambda: redis.get(LOCK), "RQ 1.13 has the lock")) == first.pid
    second = stage.worker(options=["--with-scheduler"])
    # Its scheduler's process has the worker's connections, too: alive, it would keep a dead worker's BLPOP,
    # which takes jobs.
    for pid in (*descendants(first.pid), first.pid) if how == signal.SIGKILL else [first.pid]:
        os.kill(pid, how)
    first.wait()
    if how == signal.SIGKILL:
        lock_expires(redis)
    wait_until(lambda: queue.scheduler_pid == second.pid, "cq has taken over")
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    wait_until(lambda: is_finished(job), "it is run")


@pytest.mark.cq_only
def test_neither_kind_touches_a_queue_that_the_other_schedules(stage, redis, queue):
    redis.set(LOCK, "another")
    job = queue.enqueue_in(timedelta(seconds=-5), "jobs.add", 1, 2)
    stage.burst(options=["--with-scheduler"])
    stage.burst(kind="rq", options=["--with-scheduler"])
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    assert redis.get(LOCK) == b"another"


@pytest.mark.cq_only
def test_with_five_schedulers_of_both_kinds_each_job_runs_once(stage, redis, queue):
    workers = [
        stage.worker(kind=kind, options=["--with-scheduler"]) for kind in ("rq", "rq", KIND, KIND, KIND)
    ]
    theirs = wait_owner(redis, queue)
    ids = [f"job-{number}" for number in range(MANY)]
    start = int(time.time()) + 1
    with redis.pipeline() as pipeline:
        for number, job_id in enumerate(ids):
            job = queue.create_job("jobs.add", args=(number, 1), job_id=job_id)
            job.set_status(JobStatus.SCHEDULED, pipeline=pipeline)
            job.save(pipeline=pipeline)
            pipeline.zadd("rq:scheduled:default", {job_id: start + number // 250})
        pipeline.execute()
    finished = FinishedJobRegistry(queue=queue)
    wait_until(lambda: finished.count >= 100, "RQ's scheduler has queued some")
    os.kill(
        theirs.pid, signal.SIGTERM
    )  # it gives the lock back, then jobs are moved by cq alone: RQ's moves are not atomic
    owners = {theirs.name.encode()}
    while finished.count < MANY - 250:
        owners.add(wait_until(lambda: redis.get(LOCK), "somebody has the lock"))
        lock_expires(redis)
        time.sleep(0.1)
    wait_until(lambda: finished.count == MANY, "all are finished")
    assert len(owners) > 1
    assert redis.zcard("rq:scheduled:default") == queue.count == 0
    runs = sum(int(redis.hget(f"rq:worker:{worker.name}", "successful_job_count") or 0) for worker in workers)
    assert runs == MANY
    assert all(redis.xlen(f"rq:results:{job_id}") == 1 for job_id in ids)


STAGE_DUE = """
for number = 1, tonumber(ARGV[1]) do
    local id = 'job-' .. number
    redis.call('HSET', 'rq:job:' .. id, 'status', 'scheduled', 'origin', 'default', 'data',
        '["jobs.add", null, [1, 2], {}]',
        'created_at', '2026-01-01T00:00:00.000000Z')
    redis.call('ZADD', 'rq:scheduled:default', ARGV[2] + number % 5, id)
end
"""


@pytest.mark.cq_only
def test_schedulers_and_redis_that_are_killed_again_and_again_lose_no_job_and_queue_none_twice(lasting):
    """The queue is paused, so that all jobs stay on its list."""
    count = 15000
    lasting.server.start()
    redis = lasting.server.connect()
    queue = Queue("default", connection=redis)
    assert lasting.cli("suspend", "--queue", "default", kind="cq").returncode == 0
    redis.eval(STAGE_DUE, 0, count, int(time.time()))
    workers = [lasting.worker(kind=kind, options=["--with-scheduler"]) for kind in (KIND, KIND)]
    for turn in range(8):
        wait_until(
            lambda: queue.scheduler_pid in [worker.pid for worker in workers], "one of them has the lock"
        )
        before = queue.count
        wait_until(lambda: queue.count > before or queue.count == count, "it has queued some")
        owner = next(worker for worker in workers if worker.pid == queue.scheduler_pid)
        owner.kill()
        workers.remove(owner)
        if turn in (2, 5):
            lasting.server.stop(signal.SIGKILL)
            lasting.server.start()
        lock_expires(redis)
        workers.append(lasting.worker(ready=False, options=["--with-scheduler"]))
    wait_until(lambda: redis.zcard("rq:scheduled:default") == 0, "all are queued")
    ids = redis.lrange("rq:queue:default", 0, -1)
    assert len(ids) == len(set(ids)) == count
