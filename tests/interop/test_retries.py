"""Retries, repeats and dependents: who comes back, when, and where."""

import time

import pytest
from rq import Queue, Repeat, Retry
from rq.job import Dependency, JobStatus
from rq.registry import DeferredJobRegistry, ScheduledJobRegistry
from rq.results import Result
from rq.scheduler import RQScheduler

from stage import wait_until


def enqueue_due(queue, connection):
    """What `rq worker --with-scheduler` does every second."""
    scheduler = RQScheduler([queue], connection=connection)
    scheduler.acquire_locks()
    scheduler.enqueue_scheduled_jobs()
    scheduler.release_locks()


def test_retries_at_once_until_it_succeeds(stage, redis, queue):
    job = queue.enqueue("jobs.flaky", retry=Retry(max=3))
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED
    assert job.return_value() == "well at last"
    assert int(redis.hget(job.key, "retries_left")) == 0
    assert queue.failed_job_registry.count == 0


def test_retries_are_used_up_then_it_fails(stage, redis, queue):
    job = queue.enqueue("jobs.fail", "for good", retry=Retry(max=3))
    worker = stage.burst()
    assert job.get_status() == JobStatus.FAILED
    assert int(redis.hget(job.key, "retries_left")) == 0
    assert [result.type for result in job.results()] == [Result.Type.FAILED]
    assert int(redis.hget(f"rq:worker:{worker.name}", "failed_job_count")) == 4


def test_an_interval_puts_the_job_on_the_schedule(stage, redis, queue):
    job = queue.enqueue("jobs.flaky", retry=Retry(max=2, interval=[100, 200]))
    stage.burst()
    registry = ScheduledJobRegistry(queue=queue)
    assert job.get_status() == JobStatus.SCHEDULED
    assert registry.get_job_ids() == [job.id]
    assert 50 < redis.zscore(registry.key, job.id) - time.time() <= 100
    assert redis.ttl(job.key) == -1


def test_intervals_are_taken_in_their_order(stage, redis, queue):
    job = queue.enqueue("jobs.flaky", retry=Retry(max=3, interval=[100, 200]))
    registry = ScheduledJobRegistry(queue=queue)
    delays = []
    for _ in range(3):
        stage.burst()
        delays.append(round((redis.zscore(registry.key, job.id) - time.time()) / 100))
        redis.zadd(registry.key, {job.id: time.time() - 1})
        enqueue_due(queue, redis)
    stage.burst()
    assert delays == [1, 1, 2]  # RQ counts from the end of the list
    assert job.get_status() == JobStatus.FINISHED


def test_a_retry_at_the_front_is_at_the_front(stage, queue):
    path = stage.path("order")
    flaky = queue.enqueue("jobs.flaky", retry=Retry(max=1, enqueue_at_front=True))
    note = queue.enqueue("jobs.note", path)
    stage.burst(options=["--max-jobs", "1"])
    assert queue.get_job_ids() == [flaky.id, note.id]


def test_a_dead_horse_is_a_failure_that_is_retried(stage, queue):
    job = queue.enqueue("jobs.crash", retry=Retry(max=1))
    worker = stage.burst()
    assert job.get_status() == JobStatus.FAILED
    assert job.retries_left == 1 and job.get_meta() == {}
    job.refresh()
    assert job.retries_left == 0
    assert int(queue.connection.hget(f"rq:worker:{worker.name}", "failed_job_count")) == 2


def test_a_job_that_asks_for_a_retry_is_run_again(stage, redis, queue):
    job = queue.enqueue("jobs.again", 2)
    worker = stage.burst()
    types = [result.type for result in job.results()]
    assert types == [Result.Type.MAX_RETRIES_EXCEEDED, Result.Type.RETRIED, Result.Type.RETRIED]
    assert job.get_status(refresh=True) == JobStatus.FAILED
    assert int(redis.hget(job.key, "number_of_retries")) == 2
    assert queue.failed_job_registry.get_job_ids() == [job.id]
    assert int(redis.hget(f"rq:worker:{worker.name}", "failed_job_count")) == 3


def test_a_job_that_asks_for_a_retry_later_is_scheduled(stage, redis, queue):
    job = queue.enqueue("jobs.again", 2, interval=100)
    stage.burst()
    registry = ScheduledJobRegistry(queue=queue)
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    assert registry.get_job_ids() == [job.id]
    assert 50 < redis.zscore(registry.key, job.id) - time.time() <= 100


def test_a_dependent_follows_its_parent(stage, redis, queue):
    parent = queue.enqueue("jobs.add", 1, 2)
    child = queue.enqueue("jobs.add", 3, 4, depends_on=parent)
    grandchild = Queue("other", connection=redis).enqueue("jobs.add", 5, 6, depends_on=child)
    assert child.get_status() == JobStatus.DEFERRED
    stage.burst("default", "other")
    assert [job.get_status(refresh=True) for job in (parent, child, grandchild)] == [JobStatus.FINISHED] * 3
    assert [job.return_value(refresh=True) for job in (child, grandchild)] == [7, 11]
    assert DeferredJobRegistry(queue=queue).get_job_ids() == []


def test_a_dependent_of_two_waits_for_both(stage, redis, queue):
    first = queue.enqueue("jobs.add", 1, 2)
    second = Queue("later", connection=redis).enqueue("jobs.add", 1, 2)
    child = queue.enqueue("jobs.add", 3, 4, depends_on=[first, second])
    stage.burst("default")
    assert child.get_status(refresh=True) == JobStatus.DEFERRED
    stage.burst("later")
    assert child.get_status(refresh=True) == JobStatus.QUEUED
    stage.burst("default")
    assert child.get_status(refresh=True) == JobStatus.FINISHED


def test_a_dependent_of_a_failed_job_stays_deferred(stage, queue):
    parent = queue.enqueue("jobs.fail", "no")
    child = queue.enqueue("jobs.add", 3, 4, depends_on=parent)
    stage.burst()
    assert child.get_status(refresh=True) == JobStatus.DEFERRED
    assert DeferredJobRegistry(queue=queue).get_job_ids() == [child.id]


@pytest.mark.parametrize("function, arguments", [("jobs.fail", ["no"]), ("jobs.crash", [])])
def test_a_dependent_that_allows_failure_follows_a_failed_job(stage, queue, function, arguments):
    parent = queue.enqueue(function, *arguments)
    child = queue.enqueue("jobs.add", 3, 4, depends_on=Dependency(jobs=[parent], allow_failure=True))
    stage.burst()
    assert parent.get_status(refresh=True) == JobStatus.FAILED
    assert child.get_status(refresh=True) == JobStatus.FINISHED


def test_dependents_wait_for_the_last_retry(stage, queue):
    parent = queue.enqueue("jobs.fail", "no", retry=Retry(max=1, interval=100))
    child = queue.enqueue("jobs.add", 3, 4, depends_on=Dependency(jobs=[parent], allow_failure=True))
    stage.burst()
    assert parent.get_status(refresh=True) == JobStatus.SCHEDULED
    assert child.get_status(refresh=True) == JobStatus.DEFERRED


def test_a_dependent_enqueued_at_front_goes_to_the_front(stage, queue):
    parent = queue.enqueue("jobs.add", 1, 2)
    child = queue.enqueue("jobs.add", 3, 4, depends_on=Dependency(jobs=[parent], enqueue_at_front=True))
    other = queue.enqueue("jobs.add", 5, 6)
    stage.burst(options=["--max-jobs", "1"])
    assert queue.get_job_ids() == [child.id, other.id]


def test_repeats_go_back_to_the_queue(stage, redis, queue):
    path = stage.path("order")
    job = queue.enqueue("jobs.note", path, repeat=Repeat(times=2))
    stage.burst()
    assert open(path).read().split() == [job.id] * 3
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert int(redis.hget(job.key, "repeats_left")) == 0


def test_repeats_with_an_interval_are_scheduled(stage, redis, queue):
    job = queue.enqueue("jobs.add", 1, 2, repeat=Repeat(times=2, interval=100))
    stage.burst()
    registry = ScheduledJobRegistry(queue=queue)
    assert registry.get_job_ids() == [job.id]
    assert 50 < redis.zscore(registry.key, job.id) - time.time() <= 100
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    assert int(redis.hget(job.key, "repeats_left")) == 1
    assert job.return_value() == 3


def test_a_scheduler_of_rq_brings_the_retry_back(stage, queue):
    job = queue.enqueue("jobs.flaky", retry=Retry(max=1, interval=1))
    stage.worker()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.SCHEDULED, "the job is scheduled")

    def back():
        enqueue_due(queue, queue.connection)
        return job.get_status(refresh=True) == JobStatus.FINISHED

    wait_until(back, "the retry is finished")
