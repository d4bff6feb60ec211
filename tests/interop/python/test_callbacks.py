"""Callbacks (RQ's documentation: Queues, "Job Callbacks"): when they are called, with what, and what becomes
of their failures."""

import json

import pytest
from rq import Callback, Queue, Retry
from rq.command import send_stop_job_command
from rq.job import JobStatus

from bakery import current, events, tasks
from stage import wait_until


def notes(site, job):
    return [json.loads(note) for note in site.noted(job)]


def names(site, job):
    return [note["what"] for note in notes(site, job)]


def running(site, *args, function=current.hold, **options):
    """A job that runs until site.ring("go"), and whose worker knows that it does."""
    job = site.queue.enqueue(function, *args, **options)
    site.heard("running")
    wait_until(
        lambda: site.redis.hget(f"rq:worker:{site.worker.name}", "current_job") == job.id.encode(),
        "it is the current job",
    )
    return job


def test_a_success_callback_gets_job_connection_and_result(site):
    job = site.run(tasks.add, 1, 2, on_success=Callback(events.success))
    assert site.value_of(job) == 3
    # In its own eyes the job is finished; it is stored when the callback has returned. The current job is
    # over.
    assert notes(site, job) == [
        {
            "what": "success",
            "result": 3,
            "id": job.id,
            "ping": True,
            "more": [0, 0],
            "current": None,
            "status": "finished",
            "stored": "started",
            "has_result": False,
        }
    ]


@pytest.mark.parametrize(
    "callback",
    [
        "bakery.events.success",
        Callback("bakery.events.success"),
        Callback(events.success, timeout="2m"),
        events.two_minutes,
    ],
)
def test_a_callback_is_given_in_every_way_that_rq_takes(site, callback):
    job = site.run(tasks.add, 1, 2, on_success=callback, on_failure="bakery.events.failure")
    assert names(site, job) == ["success"]


def test_a_builtin_may_be_a_callback(site):
    job = site.run(tasks.echo, "an answer of its own", on_success=Callback(print))
    assert site.value_of(job) == "an answer of its own"
    assert [line for line in site.lines("an answer of its own") if "Redis" in line]


def test_a_success_callback_of_a_coroutine_and_of_none(site):
    assert notes(site, site.run(tasks.later, "soon", on_success=events.success))[0]["result"] == "soon"
    assert notes(site, site.run(tasks.nothing, on_success=events.success))[0]["result"] is None


def test_dependents_wait_for_the_success_callback(site):
    job = site.queue.enqueue(tasks.add, 1, 2, on_success=Callback(events.success_waits))
    child = site.queue.enqueue(tasks.nothing, depends_on=job)
    site.heard("in callback")
    assert (job.get_status(refresh=True), child.get_status(refresh=True)) == (
        JobStatus.STARTED,
        JobStatus.DEFERRED,
    )
    site.ring("leave callback")
    site.wait(job, child)
    assert child.get_status() == JobStatus.FINISHED


def test_a_success_callback_that_raises_fails_the_job(site):
    job = site.run(tasks.add, 1, 2, on_success=events.success_raises, on_failure=events.failure)
    text = site.failure_of(job)
    assert text.startswith("Traceback (most recent call last):") and text.endswith(
        "RuntimeError: callback of 3\n"
    )
    assert names(site, job) == ["success raises", "failure"]
    assert notes(site, job)[1]["text"] == "callback of 3"
    assert job.return_value() is None and job in site.queue.failed_job_registry


def test_dependents_of_a_job_whose_success_callback_raised_stay(site):
    job = site.queue.enqueue(tasks.add, 1, 2, on_success=events.success_raises)
    child = site.queue.enqueue(tasks.nothing, depends_on=job)
    site.wait(job)
    assert child.get_status() == JobStatus.DEFERRED


def test_a_success_callback_that_exits_fails_the_job(site):
    assert site.failure(tasks.add, 1, 2, on_success=Callback(events.exits)).endswith("SystemExit: 4\n")


def test_a_success_callback_has_a_timeout_of_its_own(site):
    job = site.run(
        tasks.add,
        1,
        2,
        job_timeout=100,
        on_success=Callback(events.success_sleeps, timeout=1),
        on_failure=events.failure,
    )
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in site.failure_of(job)
    assert names(site, job) == ["success sleeps", "failure"]


def test_a_callback_saves_meta_enqueues_and_changes_the_result(site):
    assert site.run(tasks.add, 1, 2, on_success=events.success_saves_meta).get_meta() == {"after": 3}
    job = site.run(tasks.echo, "passed on", on_success=Callback(events.success_enqueues))
    follower = site.queue.fetch_job(notes(site, job)[0]["id"])
    assert site.value_of(site.wait(follower)) == "passed on"
    assert site.value(tasks.echo, ["a list"], on_success=events.changes_result) == [
        "a list",
        "by the callback",
    ]


@pytest.mark.parametrize("option", ["on_success", "on_failure"])
def test_a_callback_that_cannot_be_found_fails_the_job(site, option):
    function = tasks.nothing if option == "on_success" else "bakery.errors.simple"
    text = site.failure(function, **{option: "bakery.events.no_such"})
    assert text.splitlines()[-1].startswith("ValueError: Invalid attribute name: ")
    assert (
        site.run("bakery.errors.simple", on_success="bakery.events.no_such")
        .latest_result()
        .exc_string.endswith("ValueError: no\n")
    )


def test_a_failure_callback_gets_the_exception(site):
    job = site.run("bakery.errors.own", on_success=events.success, on_failure=Callback(events.failure))
    assert site.failure_of(job).endswith("OvenBroken: oven 3: no gas\n")
    assert notes(site, job) == [
        {
            "what": "failure",
            "type": "OvenBroken",
            "text": "oven 3: no gas",
            "is_type": True,
            "current": None,
            "traceback": True,
            "status": "failed",
            "ping": True,
            "retries_left": None,
        }
    ]


def test_a_failure_callback_sees_the_frames_of_the_failure(site):
    assert notes(site, site.run("bakery.errors.deeper", 1, on_failure=events.failure_looks_at_frames)) == [
        {"what": "frames", "names": ["deeper", "simple"]}
    ]


def test_a_failure_callback_saves_meta(site):
    job = site.run(
        "bakery.errors.simple",
        meta={"from": "producer"},
        on_failure=Callback("bakery.events.failure_saves_meta"),
    )
    assert job.get_meta() == {"from": "producer", "failed with": "ValueError"}


@pytest.mark.parametrize(
    "arguments, kind",
    [
        (("bakery.errors.last",), "Last"),
        (("bakery.errors.system_exit", 3), "SystemExit"),
        (("bakery.tasks.no_such",), "ValueError"),
        (("bakery.tasks.add", 1), "TypeError"),
        (("broken.raises.function",), "ZeroDivisionError"),
    ],
)
def test_a_failure_callback_is_called_for_every_kind_of_failure(site, arguments, kind):
    assert notes(site, site.run(*arguments, on_failure=events.failure))[0]["type"] == kind


def test_a_failure_callback_is_called_at_a_timeout(site):
    job = site.run("bakery.slow.sleep", 600, job_timeout=1, on_failure=events.failure)
    assert "Task exceeded maximum timeout value (1 seconds)" in site.failure_of(job)
    (note,) = notes(site, job)
    assert (note["type"], note["text"]) == (
        "JobTimeoutException",
        "Task exceeded maximum timeout value (1 seconds)",
    )


def test_a_failure_callback_that_raises_gives_the_text_that_is_stored(site):
    text = site.failure("bakery.errors.simple", on_failure=events.failure_raises)
    assert "ValueError: no\n" in text and "During handling of the above exception" in text
    assert text.endswith("KeyError: 'the callback failed, too'\n")


def test_a_failure_callback_that_exits_gives_the_text_too(site):
    assert site.failure("bakery.errors.simple", on_failure=events.exits).endswith("SystemExit: 4\n")


def test_a_failure_callback_has_a_timeout_of_its_own(site):
    text = site.failure("bakery.errors.simple", on_failure=Callback(events.failure_sleeps, timeout=1))
    assert "Task exceeded maximum timeout value (1 seconds)" in text
    assert site.value(tasks.add, 1, 2) == 3


def test_a_failure_callback_is_called_for_each_try(site):
    job = site.run("bakery.errors.simple", retry=Retry(max=2), on_failure=events.failure)
    assert [note["retries_left"] for note in notes(site, job)] == [2, 1, 0]
    site.failure_of(job)


def test_a_returned_retry_calls_nobody(site):
    job = site.run("bakery.flow.again", 1, on_success=events.success, on_failure=events.failure)
    assert (job.get_status(), site.noted(job)) == (JobStatus.FAILED, [])


def test_a_stopped_callback_is_called_when_the_job_is_stopped(site):
    job = running(
        site,
        meta={"n": 1},
        on_stopped=Callback(events.stopped),
        on_failure=events.failure,
        on_success=events.success,
    )
    send_stop_job_command(site.redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    assert notes(site, job) == [{"what": "stopped", "ping": True, "meta": {"n": 1}}]
    assert job.latest_result().exc_string == "Job stopped by user, work-horse terminated."
    assert job in site.queue.failed_job_registry
    assert site.value(tasks.add, 1, 2) == 3


def test_a_stopped_callback_by_name(site):
    job = running(site, on_stopped="bakery.events.stopped")
    send_stop_job_command(site.redis, job.id)
    site.wait(job)
    assert (job.get_status(), names(site, job)) == (JobStatus.STOPPED, ["stopped"])


def test_a_stopped_callback_is_not_called_when_nobody_stops_the_job(site):
    jobs = [
        site.run(tasks.nothing, on_stopped=events.stopped),
        site.run("bakery.errors.simple", on_stopped=events.stopped),
        site.run("bakery.harm.leave", 3, on_stopped=events.stopped),
    ]
    assert [site.noted(job) for job in jobs] == [[], [], []]


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "callback, told",
    [
        (Callback(events.stopped_raises), ["stopped raises"]),
        (Callback(events.exits), ["exits"]),
        (Callback(events.stopped_sleeps, timeout=1), ["stopped sleeps"]),
        ("bakery.events.no_such", []),
        ("broken.syntax.function", []),
    ],
)
def test_a_stopped_callback_that_fails_changes_nothing(site, callback, told):
    # RQ's worker runs it in its own process, and quits with its exception.
    job = running(site, on_stopped=callback)
    send_stop_job_command(site.redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")
    assert names(site, job) == told
    assert job.latest_result().exc_string == "Job stopped by user, work-horse terminated."
    assert site.value(tasks.add, 1, 2) == 3


def test_callbacks_of_a_job_of_another_queue_and_of_many(site):
    jobs = site.queue.enqueue_many(
        [Queue.prepare_data(tasks.echo, (n,), on_success=Callback(events.success)) for n in range(5)]
    )
    site.wait(*jobs)
    assert [notes(site, job)[0]["result"] for job in jobs] == [0, 1, 2, 3, 4]
