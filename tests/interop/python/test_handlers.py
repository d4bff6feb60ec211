"""Exception handlers of a worker (RQ's documentation: Exceptions & Retries, "Custom Exception Handlers")."""

import json

import pytest
from rq import Retry
from rq.job import JobStatus

from bakery import events, tasks
from stage import KIND, TIMEOUT_S, wait_until

WORKER_OPTIONS = [
    word
    for name in (
        "handler_passes",
        "handler_says_nothing",
        "handler_object",
        "handler_saves",
        "handler_ends_some",
        "handler_raises",
    )
    for word in ("--exception-handler", f"bakery.events.{name}")
]


def names(site, job):
    return [json.loads(note)["what"] for note in site.noted(job)]


def handlers(*names):
    return [word for name in names for word in ("--exception-handler", f"bakery.events.{name}")]


def test_handlers_are_called_in_their_order_until_one_says_false(site):
    job = site.run("bakery.errors.during")  # a KeyError
    assert names(site, job) == ["passes", "says nothing", "object", "ends some"]
    first = json.loads(site.noted(job)[0])
    assert first == {"what": "passes", "type": "KeyError", "text": "'second'", "traceback": True}
    assert site.failure_of(job).endswith("KeyError: 'second'\n")
    assert job.get_meta() == {"handled": "KeyError"}


def test_handlers_are_not_called_for_what_succeeds(site):
    assert site.noted(site.run(tasks.add, 1, 2)) == []


def test_handlers_are_called_after_the_failure_callback(site):
    assert names(site, site.run("bakery.errors.during", on_failure=events.failure))[:2] == [
        "failure",
        "passes",
    ]


def test_handlers_get_the_exception_of_a_failure_callback_that_raised(site):
    job = site.run("bakery.errors.simple", on_failure=events.failure_raises)
    assert json.loads(site.noted(job)[1])["type"] == "KeyError"


def test_handlers_are_called_for_timeouts_missing_functions_and_bad_arguments(site):
    jobs = [
        site.run("bakery.slow.sleep", 600, job_timeout=1, on_failure=events.failure),
        site.run("bakery.tasks.no_such"),
    ]
    assert [json.loads(site.noted(job)[-5 if job is jobs[0] else 0])["type"] for job in jobs] == [
        "JobTimeoutException",
        "ValueError",
    ]


def test_a_handler_that_raises_takes_its_horse_down(site):
    # Only an exception other than KeyError reaches the handler that raises.
    job = site.run("bakery.errors.simple")
    assert names(site, job) == ["passes", "says nothing", "object", "ends some", "raises"]
    assert job.get_status() == JobStatus.FAILED
    assert site.value(tasks.add, 1, 2) == 3


def test_handlers_are_called_for_each_try(stage, redis, queue):
    job = queue.enqueue("bakery.errors.simple", retry=Retry(max=2))
    stage.burst(options=handlers("handler_passes"))
    assert redis.llen(f"notes:{job.id}") == 3


def test_one_handler_that_ends_is_enough(stage, redis, queue):
    job = queue.enqueue("bakery.errors.simple")
    stage.burst(options=handlers("handler_ends", "handler_passes"))
    assert [json.loads(note)["what"] for note in redis.lrange(f"notes:{job.id}", 0, -1)] == ["ends"]
    assert job.get_status() == JobStatus.FAILED and job in queue.failed_job_registry


@pytest.mark.parametrize("option", ["--disable-default-exception-handler", "-d"])
def test_without_the_default_handler_a_failure_is_not_kept(stage, redis, queue, option):
    job = queue.enqueue("bakery.errors.simple")
    lost = queue.enqueue("bakery.harm.leave", 3)
    good = queue.enqueue(tasks.add, 1, 2)
    stage.burst(options=[option, *handlers("handler_passes")])
    assert redis.llen(f"notes:{job.id}") == 1
    assert (job.get_status(), lost.get_status()) == (JobStatus.FAILED, JobStatus.FAILED)
    assert job not in queue.failed_job_registry and job.latest_result() is None and job.results() == []
    assert lost not in queue.failed_job_registry
    assert good.return_value() == 3


def test_without_the_default_handler_a_failed_job_is_retried_all_the_same(stage, redis, queue):
    job = queue.enqueue("bakery.errors.flaky", 1, retry=Retry(max=1))
    stage.burst(options=["-d"])
    assert (job.get_status(), job.return_value()) == (JobStatus.FINISHED, 2)


@pytest.mark.parametrize(
    "path, reason",
    [
        ("bakery.events.no_such", "no_such"),
        ("no_such_module.handler", "no_such_module"),
        ("broken.syntax.handler", "SyntaxError"),
    ],
)
def test_a_handler_that_cannot_be_imported_keeps_the_worker_from_starting(stage, redis, queue, path, reason):
    job = queue.enqueue(tasks.add, 1, 2)
    worker = stage.worker(ready=False, options=["--burst", "--exception-handler", path])
    assert worker.wait() != 0
    if KIND == "rq":
        reason = "Invalid attribute name" if reason != "SyntaxError" else reason
    assert reason in worker.log()
    assert job.get_status() == JobStatus.QUEUED


def test_a_handler_may_be_slow(stage, redis, queue):
    job = queue.enqueue("bakery.errors.simple")
    worker = stage.worker(options=handlers("handler_waits"), ready=False)
    assert redis.blpop(["bell:handling"], timeout=int(TIMEOUT_S))
    assert job.get_status() == JobStatus.STARTED
    redis.rpush("bell:handled", "")
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FAILED, "the job failed")
    assert worker.running()
