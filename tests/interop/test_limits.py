"""Limits of jobs that share a key: cq beside RQ 3.0, whose keys they are, and RQ 2.12, which knows nothing of
them; rates; paused queues."""

import os
import signal
import time
from datetime import datetime, timedelta

import pytest
from rq import Queue, Repeat, Retry
from rq.command import send_stop_job_command
from rq.job import Job, JobStatus

from rq3 import Limit
from stage import HERE, wait_until
from test_retries import enqueue_due
from test_workers import release, wait_running

# Nothing of it depends on what horses are.
pytestmark = pytest.mark.cq_only


def status(redis, job_id):
    return (redis.hget(f"rq:job:{job_id}", "status") or b"").decode()


def wait_status(redis, job_id, *wanted):
    wait_until(lambda: status(redis, job_id) in wanted, f"{job_id} is {' or '.join(wanted)}")


def cq(stage, *arguments):
    done = stage.cli(*arguments, kind="cq")
    assert done.returncode == 0, done.stderr
    return done.stdout


def span(redis, job_id):
    """When it ran."""
    return redis.hmget(f"rq:job:{job_id}", "started_at", "ended_at")


def most_at_a_time(redis, ids):
    spans = [span(redis, job_id) for job_id in ids]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def pair(stage, *options):
    """Two workers in a process, called NAME.1 and NAME.2."""
    return stage.worker(options=["--num-workers", "2", *options], ready=False)


def rq_folder(stage):
    return {"kind": "rq", "path": [HERE]}


def make_overdue(redis, job_id):
    """As if its worker had been silent for long: nobody waits for a minute and a half in a test."""
    (member,) = (
        member
        for member in redis.zrange("rq:wip:default", 0, -1)
        if member.startswith(job_id.encode() + b":")
    )
    redis.zadd("rq:wip:default", {member: time.time() - 10})


@pytest.fixture
def limit(redis):
    return Limit(redis, "api", 1)


def test_what_cq_enqueues_is_what_rq3_enqueues(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="a", description="d")
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="b", description="d", at_front=True)
    theirs = {job_id: set(redis.hgetall(f"rq:job:{job_id}")) for job_id in "ab"}
    places = (
        limit.held(),
        limit.waiting(),
        redis.lrange(queue.key, 0, -1),
        redis.hgetall(limit.config),
        redis.smembers("rq:rl-keys"),
    )
    redis.flushdb()
    for job_id, front in (("a", []), ("b", ["--at-front"])):
        cq(
            stage,
            "enqueue",
            "jobs.add",
            "--job-id",
            job_id,
            "--description",
            "d",
            "--rate-limit-key",
            "api",
            "--rate-limit-concurrency",
            "1",
            *front,
            ":1",
            ":2",
        )
    # When it is put onto its list first RQ's hash has enqueued_at; cq's has it from the beginning.
    assert {job_id: set(redis.hgetall(f"rq:job:{job_id}")) | {b"enqueued_at"} for job_id in "ab"} == {
        job_id: fields | {b"enqueued_at"} for job_id, fields in theirs.items()
    }
    assert places == (
        limit.held(),
        limit.waiting(),
        redis.lrange(queue.key, 0, -1),
        redis.hgetall(limit.config),
        redis.smembers("rq:rl-keys"),
    )
    assert redis.hget("rq:job:b", "rate_limit_concurrency") == b"1"


def test_jobs_of_rq3_run_one_at_a_time_in_their_order(stage, redis, queue, limit):
    jobs = [limit.enqueue(queue, "jobs.rest", 0.03, job_id=f"j{i}") for i in range(5)]
    free = queue.enqueue("jobs.add", 1, 2)
    stage.burst(options=["--num-workers", "3"])
    assert free.is_finished
    ids = [job.id for job in jobs]
    assert [status(redis, job_id) for job_id in ids] == ["finished"] * 5
    assert most_at_a_time(redis, ids) == 1
    assert sorted(ids, key=lambda job_id: span(redis, job_id)) == ids
    assert not limit.held() and not limit.waiting()


def test_rq3s_worker_goes_on_with_what_cq_let_wait_and_cq_with_what_rq3_let_wait(stage, redis, queue, limit):
    for job_id in "abcd":
        cq(
            stage,
            "enqueue",
            "jobs.add",
            "--job-id",
            job_id,
            "--rate-limit-key",
            "api",
            "--rate-limit-concurrency",
            "1",
            ":1",
            ":2",
        )
    for job_id in "abcd":
        assert limit.held() == [job_id] and queue.job_ids == [job_id]
        if job_id in "ac":
            stage.burst("default", options=["--max-jobs", "1"], **rq_folder(stage))
            limit.end(job_id)
        else:
            stage.burst("default", options=["--max-jobs", "1"])
        assert status(redis, job_id) == "finished"
    limit.clean()
    assert not redis.exists("rq:rl-keys", limit.config, limit.allowed, limit.limited)


def test_a_producer_with_rq212_can_give_its_jobs_a_key(stage, redis, queue, limit):
    ids = []
    for _ in range(4):
        job = queue.create_job("jobs.rest", args=(0.03,))
        redis.hset(job.key, mapping={"rate_limit_key": "api", "rate_limit_concurrency": 1})
        ids.append(queue.enqueue_job(job).id)
    stage.burst(options=["--num-workers", "3"])
    assert [status(redis, job_id) for job_id in ids] == ["finished"] * 4
    assert most_at_a_time(redis, ids) == 1
    assert not limit.held() and not limit.waiting()


def test_a_slot_that_rq212s_worker_does_not_give_back_is_found(stage, redis, queue, limit):
    first, second = (limit.enqueue(queue, "jobs.add", 1, 2) for _ in range(2))
    stage.burst("default", **rq_folder(stage))
    assert status(redis, first.id) == "finished" and limit.held() == [first.id]
    assert status(redis, second.id) == "rate_limited"
    stage.worker("other")
    wait_until(lambda: limit.held() == [second.id], "the slot is given to the next one")
    stage.burst("default", **rq_folder(stage))
    assert second.get_status() == JobStatus.FINISHED


def test_what_rq212_puts_past_the_limit_waits_all_the_same(stage, redis, queue, limit):
    failed = limit.enqueue(queue, "jobs.fail", "boom", job_id="failed")
    stage.burst()
    parent = queue.enqueue("jobs.add", 1, 2)
    held = limit.enqueue(queue, "jobs.hold", stage.path("pid"), stage.path("go"), job_id="held")
    worker = pair(stage)
    wait_running(stage)
    wait_status(redis, parent.id, "finished")
    Job.fetch("failed", connection=redis).requeue()
    assert failed.id in queue.job_ids or status(redis, "failed") != "failed"
    wait_until(lambda: limit.waiting() == ["failed"], "it waits for a slot")
    assert status(redis, "failed") == "rate_limited" and limit.held() == ["held"]
    release(stage)
    wait_status(redis, held.id, "finished")
    wait_status(redis, "failed", "failed")
    assert most_at_a_time(redis, ["held", "failed"]) == 1
    assert worker.running()


@pytest.mark.parametrize("how", ["cancel", "delete", "stop", "kill-horse"])
def test_however_a_job_with_a_slot_goes_the_next_one_gets_it(stage, redis, queue, limit, how):
    limit.enqueue(queue, "jobs.hold", stage.path("pid"), stage.path("go"), job_id="a")
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="b")
    pair(stage)
    pid = wait_running(stage)
    if how == "stop":
        send_stop_job_command(redis, "a")
    elif how == "kill-horse":
        os.kill(pid, signal.SIGKILL)
    elif how == "cancel":
        Job.fetch("a", connection=redis).cancel()
        assert status(redis, "b") == "rate_limited"  # it runs on
        release(stage)
    else:
        cq(stage, "delete", "a")
        release(stage)
    wait_status(redis, "b", "finished")
    assert (
        status(redis, "a")
        == {"stop": "stopped", "kill-horse": "failed", "cancel": "canceled", "delete": ""}[how]
    )
    wait_until(lambda: not limit.held(), "both slots are given back")


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_what_waits_for_a_slot_can_be_taken_out(stage, redis, queue, limit, how):
    for job_id in "abc":
        limit.enqueue(queue, "jobs.add", 1, 2, job_id=job_id)
    cq(stage, how, "b")
    assert limit.waiting() == ["c"]
    stage.burst()
    assert [status(redis, job_id) for job_id in "abc"] == [
        "finished",
        "canceled" if how == "cancel" else "",
        "finished",
    ]


def test_a_worker_that_dies_loses_its_slot_when_it_is_found(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.hold", stage.path("pid"), stage.path("go"), job_id="a")
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="b")
    first = stage.worker(name="first")
    wait_running(stage)
    first.kill()
    stage.worker(name="second")
    assert status(redis, "b") == "rate_limited"
    make_overdue(redis, "a")
    wait_status(redis, "b", "finished")
    assert status(redis, "a") == "failed"


def test_a_job_that_expires_while_it_has_a_slot_leaves_it(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="a", ttl=1)
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="b", ttl=1)
    limit.enqueue(queue, "jobs.add", 1, 2, job_id="c")
    wait_until(lambda: not redis.exists("rq:job:a", "rq:job:b"), "both have expired")
    stage.worker()
    wait_status(redis, "c", "finished")
    wait_until(lambda: not limit.held() and not limit.waiting(), "nothing is left")


def test_retries_repeats_and_dependents_keep_to_the_limit(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.flaky", job_id="retried", retry=Retry(max=2))
    repeated = limit.enqueue(queue, "jobs.add", 1, 2, job_id="repeated", repeat=Repeat(times=2))
    limit.enqueue(queue, "jobs.rest", 0.05, job_id="parent")
    for job_id in ("child1", "child2"):
        cq(
            stage,
            "enqueue",
            "jobs.rest",
            "--job-id",
            job_id,
            "--depends-on",
            "parent",
            "--rate-limit-key",
            "api",
            "--rate-limit-concurrency",
            "1",
            ":0.05",
        )
    stage.burst(options=["--num-workers", "3"])
    ids = ["retried", "repeated", "parent", "child1", "child2"]
    assert [status(redis, job_id) for job_id in ids] == ["finished"] * 5
    assert most_at_a_time(redis, ids) == 1
    assert len(repeated.results()) == 3


def test_a_limited_job_that_is_due_waits_for_its_slot(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.hold", stage.path("pid"), stage.path("go"), job_id="a")
    cq(
        stage,
        "enqueue",
        "jobs.add",
        "--job-id",
        "b",
        "--schedule-in",
        "1",
        "--rate-limit-key",
        "api",
        "--rate-limit-concurrency",
        "1",
        ":1",
        ":2",
    )
    assert status(redis, "b") == "scheduled" and limit.held() == ["a"]
    pair(stage, "--with-scheduler")
    wait_running(stage)
    wait_status(redis, "b", "rate_limited")
    release(stage)
    wait_status(redis, "b", "finished")


def test_a_rate_is_kept_beside_rqs_scheduler_and_shows_rq_nothing_new(stage, redis, queue):
    cq(stage, "limit", "mail", "--rate", "4/1s")
    for number in range(9):
        cq(stage, "enqueue", "jobs.add", "--job-id", f"m{number}", "--rate-limit-key", "mail", ":1", ":2")
    free = queue.enqueue("jobs.add", 1, 2)
    pair(stage)
    pair(stage)
    seen = set()

    def ended():
        seen.update(
            Job.fetch(f"m{number}", connection=redis).get_status() for number in range(9)
        )  # an unknown one raises
        enqueue_due(queue, redis)  # RQ's scheduler, which brings them back at their scores
        return all(status(redis, f"m{number}") == "finished" for number in range(9))

    wait_until(ended, "all have run")
    assert free.is_finished
    assert seen <= set(JobStatus) and JobStatus.SCHEDULED in seen
    starts = sorted(
        datetime.fromisoformat(span(redis, f"m{number}")[0].decode().replace("Z", "+00:00"))
        for number in range(9)
    )
    assert all(later - sooner >= timedelta(seconds=1) for sooner, later in zip(starts, starts[4:]))
    assert not redis.exists("rq:cq:waiting", "rq:cq:waiting:mail", "rq:scheduled:default", "rq:rl-keys")


def test_a_paused_queue_is_paused_for_cq_and_not_for_rq(stage, redis, queue):
    other = Queue("other", connection=redis)
    cq(stage, "suspend", "--queue", "default")
    kept, done = queue.enqueue("jobs.add", 1, 2), other.enqueue("jobs.add", 1, 2)
    worker = stage.worker("default", "other")
    wait_until(lambda: done.get_status() == JobStatus.FINISHED, "the other queue's job has run")
    assert kept.get_status() == JobStatus.QUEUED
    stage.burst("default", **rq_folder(stage))
    assert kept.get_status() == JobStatus.FINISHED
    again = queue.enqueue("jobs.add", 1, 2)
    cq(stage, "resume", "--queue", "default")
    wait_until(lambda: again.get_status() == JobStatus.FINISHED, "it goes on")
    assert worker.running()


def test_a_tick_of_cron_keeps_to_the_limit(stage, redis, queue, limit):
    limit.enqueue(queue, "jobs.hold", stage.path("pid"), stage.path("go"), job_id="a")
    table = stage.path("crontab")
    with open(table, "w") as file:
        file.write("* * * * * jobs.add --name sum --rate-limit-key api --rate-limit-concurrency 1 :1 :2\n")
    worker = pair(stage)
    wait_running(stage)
    cq(stage, "cron", "--trigger", "sum", table)
    wait_until(limit.waiting, "the job of the tick waits")
    release(stage)
    wait_until(lambda: queue.finished_job_registry.count == 2, "both have run")
    assert worker.running()
