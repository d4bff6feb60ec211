"""Timeouts (RQ's documentation: Results, "Dealing with Job Timeouts"): an exception in the job, and where
that does not help, force."""

import os

import pytest
from rq import Queue, Retry
from rq.job import JobStatus
from rq.registry import ScheduledJobRegistry

from bakery import slow
from stage import TIMEOUT_S, process_is_alive, wait_until

TEXT = "Task exceeded maximum timeout value (1 seconds)"
STRUCK = "Task exceeded maximum timeout value (300 seconds)"  # of functions that have it strike at once
WORKER_QUEUES = ["default", "quick"]


@pytest.fixture
def site(site):
    """A worker that has run a function of the module: importing it may take a slow machine more than the
    second that the jobs have."""
    site.value(slow.quick_enough)
    return site


def test_a_timeout_is_an_exception_in_the_job(site):
    text = site.failure(slow.oversleep, 600, job_timeout=300)
    assert (
        text.startswith("Traceback (most recent call last):")
        and "in oversleep\n    time.sleep(seconds)\n" in text
    )
    assert text.endswith(f"rq.timeouts.JobTimeoutException: {STRUCK}\n")


@pytest.mark.parametrize(
    "function, args", [(slow.loop, ()), (slow.wait_for_program, ()), (slow.wait_for_lock, ())]
)
def test_it_reaches_jobs_that_compute_and_jobs_that_wait(site, function, args):
    text = site.failure(function, *args, job_timeout=300)
    assert STRUCK in text and f"in {function.__name__}\n" in text


def test_it_reaches_coroutines(site):
    assert site.failure(slow.sleep_in_coroutine, 600, job_timeout=1).endswith(
        f"JobTimeoutException: {TEXT}\n"
    )
    assert site.value("bakery.tasks.later", "the next one") == "the next one"


def test_a_job_may_clean_up(site):
    job = site.run(slow.clean_up, job_timeout=300)
    assert site.failure_of(job).endswith(f"JobTimeoutException: {STRUCK}\n")
    assert site.noted(job) == [f"cleaned up: {STRUCK}", "finally"]


def test_a_job_may_swallow_it_and_be_done(site):
    assert site.value(slow.swallow, job_timeout=300) == "in time, more or less"
    assert site.value(slow.swallow_as_any_exception, job_timeout=300) == "an exception as any other"


def test_a_job_may_fail_with_another_exception(site):
    text = site.failure(slow.translate, job_timeout=300)
    assert f"JobTimeoutException: {STRUCK}\n\nThe above exception was the direct cause" in text
    assert text.endswith("LookupError: took too long\n")


def test_a_job_that_is_quick_enough_is_left_alone(site):
    assert [site.value(slow.quick_enough, job_timeout=60) for _ in range(3)] == ["quick"] * 3
    assert site.value(slow.quick_enough, job_timeout=-1) == "quick"


def test_a_job_without_an_alarm_of_the_last_one(site):
    # RQ's own worker takes -1 for a very long time.
    jobs = [
        site.queue.enqueue(slow.quick_enough, job_timeout=100),
        site.queue.enqueue(slow.alarm_left, job_timeout=-1),
    ]
    site.wait(*jobs)
    assert site.value_of(jobs[0]) == "quick"
    left_s = site.value_of(jobs[1])
    assert left_s == 0 or left_s > 100


def test_a_queue_has_a_default_timeout_and_a_job_its_own(site):
    quick = Queue("quick", connection=site.redis, default_timeout=1)
    assert TEXT in site.failure(slow.sleep, 600, queue=quick)
    assert site.run(slow.quick_enough, queue=quick, job_timeout="2m").timeout == 120
    assert site.run(slow.quick_enough).timeout == 180


def test_a_timeout_is_a_failure_that_is_retried(site):
    job = site.queue.enqueue(slow.sleep, 600, job_timeout=1, retry=Retry(max=1, interval=100))
    wait_until(
        lambda: ScheduledJobRegistry(queue=site.queue).get_job_ids() == [job.id], "the retry is scheduled"
    )
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED


def test_a_program_that_the_job_waited_for_does_not_outlive_it(site):
    job = site.queue.enqueue(slow.program_pid, job_timeout=1)
    program = int(site.heard("program"))
    assert TEXT in site.failure_of(site.wait(job))
    if site.worker.kind == "rq":  # RQ leaves it running
        os.kill(program, 9)
    wait_until(lambda: not process_is_alive(program), "the program is dead")


@pytest.mark.cq_only
@pytest.mark.parametrize("function", [slow.never_give_up, slow.ignore_sigterm, slow.in_c, slow.own_alarm])
def test_a_job_that_does_not_care_is_ended_by_force(stage, redis, queue, function):
    job = queue.enqueue(function, job_timeout=1, on_failure="bakery.events.failure")
    after = queue.enqueue("bakery.tasks.add", 1, 2)
    worker = stage.worker(options=["--kill-grace", "1", "--preload", "bakery.slow"])
    horse = int(redis.blpop(["bell:running"], timeout=int(TIMEOUT_S))[1])
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FAILED, "the job failed")
    assert f"JobTimeoutException: {TEXT}" in job.latest_result().exc_string
    assert not process_is_alive(horse)
    wait_until(lambda: after.get_status(refresh=True) == JobStatus.FINISHED, "the worker goes on")
    assert worker.running()
    # Nobody in that horse could call it any more: another one did.
    assert redis.llen(f"notes:{job.id}") == 1
