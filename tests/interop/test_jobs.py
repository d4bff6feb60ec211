"""Python's RQ enqueues, a worker executes, Python's RQ reads: what each job leaves behind."""

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.group import Group
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from stage import KIND, wait_until

YEAR_S = 365 * 24 * 3600


def finished(job):
    return lambda: job.get_status(refresh=True) == JobStatus.FINISHED


def test_a_result_is_read_back(stage, queue_in_format, format_options):
    job = queue_in_format.enqueue("jobs.add", 1, 2)
    stage.burst(options=format_options)
    assert job.get_status() == JobStatus.FINISHED
    assert job.return_value() == 3
    assert job.result == 3


def test_keyword_arguments_arrive(stage, queue_in_format, format_options):
    first = queue_in_format.enqueue("jobs.greet", "Ada")
    second = queue_in_format.enqueue("jobs.greet", "Ada", greeting="Guten Tag")
    stage.burst(options=format_options)
    assert (first.return_value(), second.return_value()) == ("Hello, Ada!", "Guten Tag, Ada!")


def test_the_latest_result_tells_all_of_an_execution(stage, queue_in_format, format_options):
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    job = queue_in_format.enqueue("jobs.add", 20, 22)
    worker = stage.burst(options=format_options)
    result = job.latest_result()
    after = datetime.now(timezone.utc) + timedelta(seconds=1)
    assert result.type == Result.Type.SUCCESSFUL
    assert result.return_value == 42
    assert result.worker_name == worker.name
    assert result.exc_string is None
    assert before < result.created_at < after
    assert before < result.execution_started_at <= result.execution_ended_at < after
    assert len(result.execution_id) == 32


VALUES = [
    None,
    True,
    False,
    0,
    42,
    -1,
    2**31,
    2**63 - 1,
    -(2**63),
    0.0,
    -1.5,
    1e300,
    3.141592653589793,
    "",
    "plain",
    "ünï çödé ☃ 🐎",
    "two\nlines\x00and a NUL",
    [],
    [1, [2, [3]]],
    {},
    {"a": 1, "b": {"c": [None, True]}},
    "x" * 100_000,
    list(range(2000)),
]
PICKLE_VALUES = [2**64 - 1, 2**200, -(2**200), float("inf"), b"", b"\x00\xff bytes", b"y" * 70_000]
# What a C function sees as JSON: a tuple as a list, a key as text.
AS_JSON = [
    (),
    (1,),
    (1, "two", (3.0,)),
    {2: "a", None: "b", True: [2**100]},
    {"t": ((),)},
    [1e16, 1e-7, 0.1, -0.0],
    "ü",
]
NOT_JSON = [
    {1, 2},
    frozenset({"a"}),
    datetime(2026, 2, 3, 4, 5, 6, 789),
    [b"bytes inside"],
    {(1, 2): "a tuple as key"},
    1j,
]


def run_echo(stage, queue, values, options):
    jobs = [queue.enqueue("jobs.echo", value) for value in values]
    stage.burst(options=options)
    for job, value in zip(jobs, values):
        assert job.get_status() == JobStatus.FINISHED, (
            value,
            job.latest_result() and job.latest_result().exc_string,
        )
        result = job.return_value()
        assert (type(result), result) == (type(value), value)


def test_values_survive_the_way_there_and_back(stage, queue_in_format, format_options):
    run_echo(stage, queue_in_format, VALUES, format_options)


def test_values_that_only_a_pickle_holds_survive_too(stage, queue):
    run_echo(stage, queue, PICKLE_VALUES, [])


def test_values_are_seen_as_json_dumps_writes_them(stage, queue):
    jobs = [queue.enqueue("jobs.as_json", value) for value in AS_JSON]
    stage.burst()
    assert [job.return_value() for job in jobs] == [json.dumps(value) for value in AS_JSON]


def test_values_that_json_cannot_hold_fail_the_job_that_wants_json(stage, queue):
    jobs = [queue.enqueue("jobs.as_json", value) for value in NOT_JSON]
    stage.burst()
    assert [(value, job.get_status()) for value, job in zip(NOT_JSON, jobs)] == [
        (value, JobStatus.FAILED) for value in NOT_JSON
    ]
    assert all(job.latest_result().exc_string for job in jobs)


def test_none_leaves_no_return_value(stage, redis, queue):
    job = queue.enqueue("jobs.nothing")
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED
    assert job.return_value() is None
    ((_, entry),) = redis.xrange(f"rq:results:{job.id}")
    assert b"return_value" not in entry


def test_times_are_in_order_and_in_utc(stage, queue):
    before = datetime.now(timezone.utc)
    job = queue.enqueue("jobs.add", 1, 1)
    stage.burst()
    job.refresh()
    moments = [
        before,
        job.created_at,
        job.enqueued_at,
        job.started_at,
        job.ended_at,
        datetime.now(timezone.utc),
    ]
    moments = [m if m.tzinfo else m.replace(tzinfo=timezone.utc) for m in moments]
    assert moments == sorted(moments)
    assert job.worker_name


@pytest.mark.parametrize("ttl", [100, -1])
def test_result_ttl_rules_job_and_result(stage, redis, queue, ttl):
    job = queue.enqueue("jobs.add", 1, 1, result_ttl=ttl)
    stage.burst()
    score = redis.zscore("rq:finished:default", job.id)
    ttls = redis.ttl(job.key), redis.ttl(f"rq:results:{job.id}")
    if ttl == -1:
        assert ttls == (-1, -1)
        assert score == float("inf")
    else:
        assert all(50 < left <= 100 for left in ttls)
        assert abs(score - time.time() - 100) < 50
    assert FinishedJobRegistry(queue=queue).get_job_ids() == [job.id]


def test_result_ttl_zero_leaves_nothing(stage, redis, queue):
    job = queue.enqueue("jobs.add", 1, 1, result_ttl=0)
    stage.burst()
    left = [key.decode() for key in redis.keys() if job.id in key.decode()]
    assert left == []
    assert redis.zcard("rq:finished:default") == 0
    assert redis.zcard("rq:wip:default") == 0


def test_a_job_without_result_ttl_takes_the_workers(stage, redis, queue):
    job = queue.enqueue("jobs.add", 1, 1)
    stage.burst(options=["--results-ttl", "77"])
    assert 30 < redis.ttl(job.key) <= 77


def test_ttl_of_a_queued_job_ends_with_its_start(stage, redis, queue):
    job = queue.enqueue("jobs.add", 1, 1, ttl=50, result_ttl=-1)
    assert 0 < redis.ttl(job.key) <= 50
    stage.burst()
    assert redis.ttl(job.key) == -1


def test_a_job_that_expired_in_the_queue_is_skipped(stage, redis, queue):
    expired = queue.enqueue("jobs.add", 1, 1)
    redis.delete(expired.key)  # what EXPIRE does when ttl passes, without the wait
    job = queue.enqueue("jobs.add", 2, 2)
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED
    assert not redis.exists(expired.key)
    assert redis.llen("rq:queue:default") == 0
    assert redis.zcard("rq:wip:default") == 0


def test_a_failure_is_read_back(stage, redis, queue_in_format, format_options):
    job = queue_in_format.enqueue("jobs.fail", "the cause, exactly: ünï")
    worker = stage.burst(options=format_options)
    assert job.get_status() == JobStatus.FAILED
    result = job.latest_result()
    assert result.type == Result.Type.FAILED
    assert result.worker_name == worker.name
    assert "the cause, exactly: ünï" in result.exc_string
    assert result.return_value is None
    job.refresh()
    assert job.exc_info == result.exc_string
    assert job.return_value() is None
    assert FailedJobRegistry(queue=queue_in_format).get_job_ids() == [job.id]
    assert redis.zcard("rq:finished:default") == 0
    assert abs(redis.zscore("rq:failed:default", job.id) - time.time() - YEAR_S) < 100
    assert YEAR_S - 100 < redis.ttl(job.key) <= YEAR_S or redis.ttl(job.key) == -1


@pytest.mark.parametrize("ttl", [100, -1])
def test_failure_ttl_rules_a_failed_job(stage, redis, queue, ttl):
    job = queue.enqueue("jobs.fail", "no", failure_ttl=ttl)
    stage.burst()
    score = redis.zscore("rq:failed:default", job.id)
    ttls = redis.ttl(job.key), redis.ttl(f"rq:results:{job.id}")
    if ttl == -1:
        assert ttls == (-1, -1)
        assert score == -1
    else:
        assert all(50 < left <= 100 for left in ttls)
        assert abs(score - time.time() - 100) < 50


def test_meta_of_the_producer_is_left_as_it_was(stage, redis, queue_in_format, format_options):
    job = queue_in_format.enqueue("jobs.add", 1, 1, meta={"from": "producer", "n": [1, 2]})
    raw = redis.hget(job.key, "meta")
    stage.burst(options=format_options)
    assert redis.hget(job.key, "meta") == raw
    assert job.get_meta(refresh=True) == {"from": "producer", "n": [1, 2]}


def test_meta_that_a_job_saves_is_seen_while_it_runs(stage, queue_in_format, format_options):
    job = queue_in_format.enqueue(
        "jobs.progress", stage.path("pid"), stage.path("go"), meta={"from": "producer"}
    )
    stage.worker(options=format_options)
    wait_until(lambda: job.get_meta(refresh=True).get("progress") == 50, "progress is in meta")
    assert job.get_status(refresh=True) == JobStatus.STARTED
    Path(stage.path("go")).touch()
    wait_until(finished(job), "the job is finished")
    assert job.get_meta(refresh=True) == {"from": "producer", "progress": 50}


def test_a_job_knows_its_id_and_its_queue(stage, redis):
    job = Queue("other", connection=redis).enqueue("jobs.about", job_id="my-own_id-1")
    stage.burst("other")
    assert job.return_value() == "my-own_id-1 other"


def test_a_running_job_is_in_the_started_registry(stage, redis, queue):
    job = queue.enqueue("jobs.hold", stage.path("pid"), stage.path("go"), job_timeout=30)
    waiting = [queue.enqueue("jobs.add", 1, n) for n in range(3)]
    worker = stage.worker(ready=False)
    wait_until(Path(stage.path("pid")).exists, "the job runs")
    job.refresh()
    assert job.is_started
    assert job.worker_name == worker.name
    registry = StartedJobRegistry(queue=queue)
    ((job_id, execution_id),) = registry.get_job_and_execution_ids()
    assert job_id == job.id
    assert job in registry
    (execution,) = job.get_executions()
    assert execution.id == execution_id
    assert execution.worker_name == worker.name
    assert 30 <= redis.zscore("rq:wip:default", f"{job.id}:{execution_id}") - time.time() <= 91
    assert [j.get_position() for j in waiting] == [0, 1, 2]
    assert job.get_position() is None
    assert queue.count == 3
    Path(stage.path("go")).touch()
    wait_until(finished(waiting[-1]), "all are finished")
    assert registry.get_job_ids() == []
    assert job.get_executions() == []
    assert redis.llen("rq:queue:default:intermediate") == 0


def test_queues_are_worked_in_their_order_and_jobs_in_theirs(stage, redis):
    low, high = Queue("low", connection=redis), Queue("high", connection=redis)
    path = stage.path("order")
    for number in range(3):
        low.enqueue("jobs.note", path, job_id=f"low{number}")
    for number in range(3):
        high.enqueue("jobs.note", path, job_id=f"high{number}")
    high.enqueue("jobs.note", path, job_id="front", at_front=True)
    stage.burst("high", "low")
    assert Path(path).read_text().split() == ["front", "high0", "high1", "high2", "low0", "low1", "low2"]


def test_round_robin_takes_turns(stage, redis):
    path = stage.path("order")
    for name in ("a", "b"):
        for number in range(3):
            Queue(name, connection=redis).enqueue("jobs.note", path, job_id=f"{name}{number}")
    stage.burst("a", "b", options=["--dequeue-strategy", "round_robin"])
    assert Path(path).read_text().split() == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_requeued_job_keeps_its_results(stage, redis, queue):
    job = queue.enqueue("jobs.fail", "once more")
    stage.burst()
    registry = FailedJobRegistry(queue=queue)
    registry.requeue(job.id)
    assert job.get_status(refresh=True) == JobStatus.QUEUED
    assert registry.get_job_ids() == []
    stage.burst()
    assert [result.type for result in job.results()] == [Result.Type.FAILED, Result.Type.FAILED]
    assert registry.get_job_ids() == [job.id]


def test_a_canceled_job_is_not_executed(stage, queue):
    canceled = queue.enqueue("jobs.note", stage.path("order"), job_id="canceled")
    queue.enqueue("jobs.note", stage.path("order"), job_id="stays")
    canceled.cancel()
    stage.burst()
    assert Path(stage.path("order")).read_text().split() == ["stays"]
    assert canceled.get_status(refresh=True) == JobStatus.CANCELED
    assert canceled.id in queue.canceled_job_registry.get_job_ids()


def test_a_deleted_job_is_not_executed(stage, redis, queue):
    deleted = queue.enqueue("jobs.note", stage.path("order"), job_id="deleted")
    queue.enqueue("jobs.note", stage.path("order"), job_id="stays")
    deleted.delete()
    stage.burst()
    assert Path(stage.path("order")).read_text().split() == ["stays"]
    assert not redis.exists(deleted.key)


@pytest.mark.cq_only
def test_a_job_deleted_while_it_runs_does_not_come_back(stage, redis, queue):
    # RQ's worker writes the finished job anew; cq leaves what was deleted deleted.
    job = queue.enqueue("jobs.hold", stage.path("pid"), stage.path("go"))
    worker = stage.worker()
    wait_until(Path(stage.path("pid")).exists, "the job runs")
    job.delete()
    Path(stage.path("go")).touch()
    after = queue.enqueue("jobs.add", 1, 1)
    wait_until(finished(after), "the next job is finished")
    assert worker.running()
    assert [key for key in redis.keys() if job.id in key.decode()] == []
    assert job.id not in FinishedJobRegistry(queue=queue).get_job_ids()
    assert job.id not in FailedJobRegistry(queue=queue).get_job_ids()
    assert redis.zcard("rq:wip:default") == 0


def test_fetch_many_reads_jobs_of_a_worker(stage, redis, queue_in_format, serializer, format_options):
    jobs = [queue_in_format.enqueue("jobs.add", n, n) for n in range(5)]
    stage.burst(options=format_options)
    fetched = Job.fetch_many([job.id for job in jobs], connection=redis, serializer=serializer)
    assert [job.return_value() for job in fetched] == [0, 2, 4, 6, 8]
    assert (
        [job.args for job in fetched] == [(n, n) for n in range(5)]
        if serializer is not JSONSerializer
        else True
    )


def test_a_unique_job_id_is_free_again_when_its_job_is_gone(stage, redis, queue):
    queue.enqueue("jobs.add", 1, 2, job_id="only", result_ttl=0, unique=True)
    with pytest.raises(DuplicateJobError):
        queue.enqueue("jobs.add", 1, 2, job_id="only", unique=True)
    assert queue.count == 1
    stage.burst()
    queue.enqueue("jobs.add", 1, 2, job_id="only", unique=True)


def test_the_jobs_of_a_group_are_its_members_until_they_are_gone(stage, redis, queue):
    group = Group.create(connection=redis)
    jobs = group.enqueue_many(queue, [Queue.prepare_data("jobs.add", (1, n)) for n in range(3)])
    stage.burst()
    assert [job.return_value() for job in jobs] == [1, 2, 3]
    fetched = Group.fetch(group.name, connection=redis)
    assert sorted(job.id for job in fetched.get_jobs()) == sorted(job.id for job in jobs)
    assert {job.get_status() for job in fetched.get_jobs()} == {JobStatus.FINISHED}


def test_rq_empties_and_deletes_a_queue_under_a_worker(stage, redis, queue):
    running = queue.enqueue("jobs.hold", stage.path("pid"), stage.path("go"))
    queue.enqueue("jobs.note", stage.path("order"))
    stage.worker()
    wait_until(Path(stage.path("pid")).exists, "the job runs")
    assert queue.empty() == 1
    Path(stage.path("go")).touch()
    wait_until(finished(running), "the job is finished")
    queue.delete(delete_jobs=True)
    after = queue.enqueue("jobs.add", 1, 2)
    wait_until(finished(after), "the worker goes on")
    assert not Path(stage.path("order")).exists()


def test_two_kinds_of_workers_share_a_queue(stage, queue):
    path = stage.path("executed")
    ids = [
        job.id
        for job in queue.enqueue_many(
            [Queue.prepare_data("jobs.note", (path,), job_id=f"job-{number}") for number in range(200)]
        )
    ]
    kinds = ["rq", KIND]
    workers = [stage.worker(kind=kind, name=f"{kind}-{side}") for side, kind in enumerate(kinds)]
    # RQ's worker has a job between the queue and its registries for a moment: only an end is an end.
    wait_until(
        lambda: FinishedJobRegistry(queue=queue).get_job_count(cleanup=False) == 200, "all jobs are done"
    )
    assert sorted(Path(path).read_text().split()) == sorted(ids)
    assert sorted(FinishedJobRegistry(queue=queue).get_job_ids()) == sorted(ids)
    counts = [
        int(queue.connection.hget(f"rq:worker:{worker.name}", "successful_job_count") or 0)
        for worker in workers
    ]
    assert sum(counts) == 200
