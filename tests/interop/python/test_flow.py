"""Jobs that make jobs, wait for jobs, come back (RQ's documentation: Queues, "Job dependencies"; Results,
"Asking RQ to Retry"; Repeats)."""

import time

import pytest
from rq import Queue, Repeat, Retry
from rq.job import Dependency, Job, JobStatus
from rq.registry import DeferredJobRegistry, ScheduledJobRegistry
from rq.results import Result

from bakery import flow, tasks
from stage import wait_until

WORKER_QUEUES = ["default", "elsewhere"]


def fetch(site, job_id):
    return Job.fetch(job_id, connection=site.redis)


def types(job):
    return [result.type for result in job.results()]


def scheduled_in(site, job):
    """Seconds until it is due, rounded."""
    registry = ScheduledJobRegistry(queue=site.queue)
    wait_until(lambda: job.id in registry.get_job_ids(), "it is scheduled")
    assert job.get_status(refresh=True) == JobStatus.SCHEDULED
    return round((site.redis.zscore(registry.key, job.id) - time.time()) / 10) * 10


def test_a_job_enqueues_a_job(site):
    child = fetch(site, site.value(flow.enqueue, "bakery.tasks.add", 1, 2))
    assert site.value_of(site.wait(child)) == 3


def test_a_job_enqueues_a_job_that_waits_for_it(site):
    job = site.run(flow.enqueue_follower, "bakery.flow.of_dependencies")
    child = fetch(site, site.value_of(job))
    assert site.value_of(site.wait(child)) == {job.id: child.id}


def test_a_job_uses_queues_in_all_their_ways(site):
    job = site.run(flow.enqueue_elsewhere)
    assert site.value_of(job) == ["one", "two-0", "two-1", "late", "front"]
    made = [fetch(site, job_id) for job_id in ("one", "two-0", "two-1", "front")]
    site.wait(*made)
    assert [site.value_of(job) for job in made] == [3, 0, 1, None]
    assert made[0].meta == {"by": job.id}
    assert ScheduledJobRegistry("elsewhere", connection=site.redis).get_job_ids() == ["late"]


def test_a_job_runs_another_inside_of_itself(site):
    assert site.value(flow.enqueue_here) == [True, True, "finished"]


def test_a_chain_of_jobs_each_made_by_the_one_before(site):
    site.run(flow.descend, 5, job_id="level-5")
    wait_until(lambda: Job.exists("level-0", site.redis), "the last is enqueued")
    assert [site.value_of(site.wait(fetch(site, f"level-{n}"))) for n in range(6)] == [0, 1, 2, 3, 4, 5]


def test_dependents_read_what_their_dependencies_returned(site):
    first, second = (
        site.queue.enqueue(tasks.add, 1, 2),
        Queue("elsewhere", connection=site.redis).enqueue(tasks.echo, "x"),
    )
    child = site.queue.enqueue(flow.of_dependencies, depends_on=[first, second])
    assert site.value_of(site.wait(first, second, child)) == {first.id: 3, second.id: "x"}


@pytest.fixture
def held(site):
    """The worker is busy until the test says go: RQ does not queue a job whose dependency has failed
    already."""
    site.queue.enqueue("bakery.current.hold")
    site.heard("running")


def test_dependents_that_allow_failure_read_the_failure(site, held):
    parent = site.queue.enqueue("bakery.errors.own")
    strict = site.queue.enqueue(tasks.nothing, depends_on=parent)
    child = site.queue.enqueue(
        flow.of_failed_dependency, depends_on=Dependency(jobs=[parent], allow_failure=True)
    )
    site.ring("go")
    assert site.value_of(site.wait(child)) == [True, "failed", "bakery.errors.OvenBroken: oven 3: no gas"]
    assert strict.get_status() == JobStatus.DEFERRED and strict in DeferredJobRegistry(queue=site.queue)


def test_dependents_of_a_dead_horse_that_allow_failure_follow(site, held):
    parent = site.queue.enqueue("bakery.harm.kill_myself")
    child = site.queue.enqueue(
        flow.of_failed_dependency, depends_on=Dependency(jobs=parent.id, allow_failure=True)
    )
    site.ring("go")
    assert site.value_of(site.wait(child)) == [
        True,
        "failed",
        "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ",
    ]


def test_retries_are_counted_down(site):
    job = site.run(flow.left, retry=Retry(max=2))
    assert (job.get_status(), site.noted(job)) == (JobStatus.FAILED, ["2", "1", "0"])
    assert types(job) == [Result.Type.FAILED]


def test_a_retry_that_succeeds_leaves_one_result(site):
    job = site.run("bakery.errors.flaky", 2, retry=Retry(max=5))
    assert (site.value_of(job), types(job), job.retries_left) == (3, [Result.Type.SUCCESSFUL], 3)


def test_a_retry_with_an_interval_is_scheduled(site):
    job = site.queue.enqueue("bakery.errors.simple", retry=Retry(max=2, interval=[40, 80]))
    assert scheduled_in(site, job) == 40


def test_unsaved_meta_of_a_failed_try_is_kept_as_rq_keeps_it(site):
    # To bring a job back RQ writes it whole, meta included.
    job = site.run(flow.try_with_meta, retry=Retry(max=2))
    assert site.noted(job) == ["1", "2", "3"]


def test_a_job_that_returns_a_retry_is_run_again(site):
    job = site.run(flow.again, 2)
    assert types(job) == [Result.Type.MAX_RETRIES_EXCEEDED, Result.Type.RETRIED, Result.Type.RETRIED]
    assert (job.get_status(), job.number_of_retries) == (JobStatus.FAILED, 2)
    assert job in site.queue.failed_job_registry


def test_a_job_that_returns_a_retry_sees_how_often_it_did(site):
    job = site.run(flow.again_until, 3)
    assert (site.value_of(job), site.noted(job)) == ("enough", ["None 0", "1 1", "2 2"])
    assert types(job) == [Result.Type.SUCCESSFUL, Result.Type.RETRIED, Result.Type.RETRIED]


def test_a_job_that_returns_a_retry_with_an_interval_is_scheduled(site):
    job = site.queue.enqueue(flow.again, 2, interval=[50, 90])
    assert scheduled_in(site, job) == 50
    assert types(job) == [Result.Type.RETRIED]


def test_a_coroutine_returns_a_retry(site):
    assert types(site.run(flow.again_later)) == [Result.Type.MAX_RETRIES_EXCEEDED, Result.Type.RETRIED]


def test_repeats_are_counted_down(site):
    job = site.queue.enqueue(flow.repeats, repeat=Repeat(times=2))
    wait_until(
        lambda: len(site.noted(job)) == 3 and job.get_status(refresh=True) == JobStatus.FINISHED,
        "it ran three times",
    )
    assert site.noted(job) == ["2", "1", "0"]
    assert types(job) == [Result.Type.SUCCESSFUL] * 3 and job.return_value(refresh=True) == 0


def test_repeats_with_an_interval_are_scheduled(site):
    job = site.queue.enqueue(flow.repeats, repeat=Repeat(times=2, interval=[60, 90]))
    assert scheduled_in(site, job) == 90  # RQ counts from the end of the list
    assert job.return_value() == 2


def test_a_result_is_waited_for(site):
    job = site.queue.enqueue("bakery.current.hold")
    assert job.latest_result() is None
    site.heard("running")
    site.ring("go", "now")
    result = job.latest_result(timeout=60)
    assert (result.type, result.return_value, result.job_id) == (Result.Type.SUCCESSFUL, "now", job.id)


def test_a_job_whose_result_is_not_kept_is_gone_after_its_callback(site):
    job = site.queue.enqueue(tasks.add, 1, 2, result_ttl=0, on_success="bakery.events.success")
    wait_until(lambda: not Job.exists(job.id, site.redis), "it is gone")
    assert '"stored": "started"' in site.noted(job)[0]
    assert site.redis.exists(f"rq:results:{job.id}") == 0
