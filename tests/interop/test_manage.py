"""Cancel, delete, requeue and stop: what cq does is what RQ's own calls do, key by key, and each sees the
other's."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from rq import Queue, Retry
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Dependency, Job, JobStatus
from rq.registry import CanceledJobRegistry, ScheduledJobRegistry

from stage import process_is_alive, wait_until
from test_workers import hold, release, wait_running, wait_state

PLACES = ["queued", "deferred", "scheduled", "started", "finished", "failed"]
pytestmark = pytest.mark.cq_only


def cq(stage, *arguments, status=0):
    """A command of cq; its standard output."""
    done = stage.cli(*arguments, kind="cq")
    assert done.returncode == status, done.stderr
    return done.stdout


def put(redis, queue, place, job_id):
    """A job in this place, by RQ's own means where it has them outside of workers."""
    if place == "queued":
        return queue.enqueue("jobs.add", 1, 2, job_id=job_id)
    if place == "deferred":
        queue.enqueue("jobs.add", 3, 4, job_id=f"parent-of-{job_id}")
        return queue.enqueue("jobs.add", 1, 2, job_id=job_id, depends_on=f"parent-of-{job_id}")
    if place == "scheduled":
        return queue.enqueue_in(timedelta(hours=1), "jobs.add", 1, 2, job_id=job_id)
    job = queue.enqueue("jobs.add", 1, 2, job_id=job_id)
    redis.lrem(queue.key, 1, job_id)
    job.set_status(JobStatus(place))
    if place == "started":
        from rq.executions import Execution

        with redis.pipeline() as pipeline:
            Execution.create(job, 100, pipeline=pipeline, worker_name="w")
            pipeline.execute()
    elif place == "finished":
        queue.finished_job_registry.add(job, 500)
    else:
        queue.failed_job_registry.add(job, ttl=1000)
    return job


def picture(redis):
    """Every key with what it holds; times, which differ from run to run, and execution ids made alike."""

    def alike(value):
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME", text)
        text = re.sub(r"\b1[789]\d{8}(\.\d+)?\b", "EPOCH", text)
        return re.sub(r"[0-9a-f]{32}", "EXECUTION", text)

    readers = {
        b"hash": lambda k: {alike(f): alike(v) for f, v in redis.hgetall(k).items() if f != b"data"},
        b"zset": lambda k: [(alike(m), alike(s)) for m, s in redis.zrange(k, 0, -1, withscores=True)],
        b"list": lambda k: redis.lrange(k, 0, -1),
        b"set": lambda k: sorted(redis.smembers(k)),
        b"string": redis.get,
        b"stream": lambda k: len(redis.xrange(k)),
    }
    return {alike(key): (readers[redis.type(key)](key), redis.ttl(key) >= 0) for key in sorted(redis.keys())}


@pytest.mark.parametrize("place", PLACES)
def test_cancel_leaves_what_rqs_cancel_leaves(stage, redis, queue, place):
    put(redis, queue, place, "j").cancel()
    expected = picture(redis)
    redis.flushdb()
    put(redis, queue, place, "j")
    assert cq(stage, "cancel", "j") == "Canceled 1 job\n"
    assert picture(redis) == expected
    with pytest.raises(InvalidJobOperation):
        Job.fetch("j", connection=redis).cancel()
    redis.flushdb()
    put(redis, queue, place, "j")
    cq(stage, "cancel", "--all", "--registry", place, "--older-than", "0")
    if place == "queued":
        assert picture(redis) == expected
    assert Job.fetch("j", connection=redis).get_status() == JobStatus.CANCELED
    assert CanceledJobRegistry(queue=queue).get_job_ids() == ["j"]


def test_a_job_that_rq_canceled_is_not_canceled_again(stage, redis, queue):
    put(redis, queue, "queued", "j").cancel()
    before = picture(redis)
    done = stage.cli("cancel", "j", kind="cq")
    assert (done.returncode, done.stderr) == (1, "cq cancel: job 'j' is canceled already\n")
    assert picture(redis) == before


def family(queue):
    """Two parents; a child of the first, one of both, one that RQ may not release as it was canceled."""
    parents = [queue.enqueue("jobs.add", n, n, job_id=f"parent{n}") for n in (1, 2)]
    queue.enqueue("jobs.add", 1, 1, job_id="of-one", depends_on=parents[0])
    queue.enqueue("jobs.add", 1, 1, job_id="of-both", depends_on=parents)
    Queue("low", connection=queue.connection).enqueue(
        "jobs.add", 1, 1, job_id="low", depends_on=Dependency(parents[0], enqueue_at_front=True)
    )
    queue.enqueue("jobs.add", 1, 1, job_id="canceled", depends_on=parents[0]).cancel()


@pytest.mark.parametrize("option", [None, "enqueue_dependents", "remove_from_dependencies"])
@pytest.mark.parametrize("job", ["parent1", "of-both"])
def test_cancel_with_dependents_is_rqs(stage, redis, queue, option, job):
    family(queue)
    Job.fetch(job, connection=redis).cancel(**({option: True} if option else {}))
    expected = picture(redis)
    redis.flushdb()
    family(queue)
    cq(stage, "cancel", *([f"--{option.replace('_', '-')}"] if option else []), job)
    # RQ lets several dependents go in the order of a set.
    key = queue.key
    found = picture(redis)
    assert sorted(found.pop(key)[0]) == sorted(expected.pop(key)[0])
    assert found == expected


@pytest.mark.parametrize("dependents", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_delete_leaves_what_rqs_delete_leaves(stage, redis, queue, place, dependents):
    def scene():
        job = put(redis, queue, place, "j")
        queue.enqueue("jobs.add", 1, 1, job_id="child", depends_on="j")
        queue.enqueue("jobs.add", 1, 1, job_id="grandchild", depends_on="child")
        return job

    scene().delete(delete_dependents=dependents)
    expected = picture(redis)
    redis.flushdb()
    scene()
    cq(stage, "delete", *(["--dependents"] if dependents else []), "j")
    found = picture(redis)
    # RQ leaves what a deferred job was in the dependents set of, and what a finished one had of results.
    for extra in set(expected) - set(found):
        assert extra.startswith("rq:job:parent-of-j:dependents") or extra.startswith("rq:results:")
        del expected[extra]
    assert found == expected
    with pytest.raises(NoSuchJobError):
        Job.fetch("j", connection=redis)


def test_requeue_is_rqs_also_from_the_canceled_registry(stage, redis, queue):
    put(redis, queue, "failed", "j").requeue()
    expected = picture(redis)
    redis.flushdb()
    put(redis, queue, "failed", "j")
    cq(stage, "requeue", "j")
    found = picture(redis)
    # RQ writes exc_info as an empty text, and lets the failure expire while the job waits.
    expected["rq:job:j"][0].pop("exc_info", None)
    assert found["rq:job:j"][0] == expected["rq:job:j"][0]
    assert {k: v for k, v in found.items() if k != "rq:job:j"} == {
        k: v for k, v in expected.items() if k != "rq:job:j"
    }
    job = put(redis, queue, "queued", "c")
    job.cancel()
    assert (
        cq(stage, "requeue", "--all", "--registry", "canceled") == "Requeueing 1 jobs from canceled queue\n"
    )
    assert queue.get_job_ids() == ["j", "c"]
    assert Job.fetch("c", connection=redis).get_status() == JobStatus.QUEUED


def test_jobs_that_cq_canceled_are_left_alone_by_workers_and_run_after_a_requeue(stage, redis, queue):
    job = queue.enqueue("jobs.add", 1, 2)
    other = queue.enqueue("jobs.add", 3, 4)
    cq(stage, "cancel", "--all", "--registry", "queued", "--function", "jobs")
    for kind in ("rq", "cq"):
        stage.burst(kind=kind)
        assert job.get_status(refresh=True) == JobStatus.CANCELED
    cq(stage, "requeue", "--registry", "canceled", job.id)
    stage.burst(kind="rq")
    assert job.return_value(refresh=True) == 3
    assert other.get_status(refresh=True) == JobStatus.CANCELED


def test_a_schedule_that_cq_canceled_is_not_kept(stage, redis, queue):
    job = queue.enqueue_at(datetime.now(timezone.utc) + timedelta(hours=1), "jobs.add", 1, 2)
    cq(stage, "cancel", "--all", "--registry", "scheduled")
    assert ScheduledJobRegistry(queue=queue).get_job_ids() == []
    assert job.get_status(refresh=True) == JobStatus.CANCELED


@pytest.mark.parametrize("kind", ["cq", "rq"])
def test_stop_ends_a_running_job_of_either_worker_and_waits_for_that(stage, redis, queue, kind):
    job = hold(stage, queue, retry=Retry(max=3))
    worker = stage.worker(kind=kind)
    horse = wait_running(stage)
    wait_state(redis, worker, "busy")
    assert cq(stage, "stop", job.id) == "Stopped 1 job\n"
    assert job.get_status(refresh=True) == JobStatus.STOPPED
    wait_until(lambda: not process_is_alive(horse), "the horse is dead")
    assert job.id in queue.failed_job_registry
    done = stage.cli("stop", job.id, "nobody", kind="cq")
    assert done.returncode == 1
    assert (
        done.stderr
        == f"cq stop: job '{job.id}' is not running, it is stopped\ncq stop: no such job: 'nobody'\n"
    )


def test_stop_all_takes_the_jobs_of_every_worker_that_the_filters_leave(stage, redis, queue):
    jobs = {tag: hold(stage, queue, tag) for tag in "ab"}
    stage.worker(name="many", ready=False, options=["--num-workers", "2"])
    for tag in jobs:
        wait_running(stage, tag)
    assert cq(stage, "stop", "--all", "--function", "other.tasks") == "Stopped 0 jobs\n"
    dry = stage.cli("stop", "--all", "--dry-run", kind="cq")
    assert (sorted(dry.stdout.split()), dry.stderr) == (
        sorted(job.id for job in jobs.values()),
        "cq stop: would stop 2 of 2 jobs\n",
    )
    assert cq(stage, "stop", "--all", "--queue", "default") == "Stopped 2 jobs\n"
    assert all(job.get_status(refresh=True) == JobStatus.STOPPED for job in jobs.values())


def test_stop_says_when_nobody_listens(stage, redis, queue):
    put(redis, queue, "started", "j")
    redis.hset("rq:job:j", "worker_name", "w")
    done = stage.cli("stop", "j", kind="cq")
    assert done.returncode == 1
    assert "its worker 'w' does not listen" in done.stderr


def test_rq3s_stop_execution_stops_that_execution_only(stage, redis, queue):
    job = hold(stage, queue)
    worker = stage.worker(kind="cq")
    wait_running(stage)
    wait_state(redis, worker, "busy")
    execution = redis.zrange(f"rq:executions:{job.id}", 0, -1)[0].decode()
    for wrong in ("0" * 32, ""):
        redis.publish(
            f"rq:pubsub:{worker.name}",
            json.dumps({"command": "stop-execution", "job_id": job.id, "execution_id": wrong}),
        )
    wait_until(lambda: worker.log().count("stop-job ignored") == 2, "it was ignored")
    assert job.get_status(refresh=True) == JobStatus.STARTED
    redis.publish(
        f"rq:pubsub:{worker.name}",
        json.dumps({"command": "stop-execution", "job_id": job.id, "execution_id": execution}),
    )
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job is stopped")


@pytest.mark.parametrize("by", ["cq", "rq"])
def test_a_canceled_job_that_runs_stays_canceled(stage, redis, queue, by):
    job = hold(stage, queue)
    worker = stage.worker(kind="cq")
    wait_running(stage)
    wait_state(redis, worker, "busy")
    if by == "rq":
        job.cancel()
    else:
        cq(stage, "cancel", "--all", "--registry", "started")
    release(stage)
    wait_state(redis, worker, "idle")
    assert job.get_status(refresh=True) == JobStatus.CANCELED
    assert CanceledJobRegistry(queue=queue).get_job_ids() == [job.id]
    assert queue.started_job_registry.count == 0


def test_bounds_of_the_failed_registry_are_kept_at_a_worker_start(stage, redis, queue):
    for n in range(5):
        put(redis, queue, "failed", f"j{n}")
        redis.zadd(queue.failed_job_registry.key, {f"j{n}": 2000000000 + n})
    stage.burst(kind="cq", options=["--max-failed-jobs", "2"])
    assert queue.failed_job_registry.get_job_ids() == ["j3", "j4"]
    assert not redis.keys("rq:job:j0*")


@pytest.mark.parametrize("kind", ["cq", "rq"])
def test_results_of_failed_jobs_end_with_the_job_whoever_ran_it(stage, redis, queue, kind):
    job = queue.enqueue("jobs.fail", "no")
    for_ever = queue.enqueue("jobs.fail", "no", failure_ttl=-1)
    stage.burst(kind=kind)
    if kind == "rq":
        assert redis.ttl(f"rq:results:{job.id}") == -1
        redis.zincrby(
            queue.failed_job_registry.key, -100, job.id
        )  # cq looks at those that failed a minute ago
        stage.burst(kind="cq")
    year = 365 * 24 * 3600
    assert year - 200 < redis.ttl(f"rq:results:{job.id}") <= redis.ttl(job.key) + 1 <= year + 1
    assert redis.ttl(f"rq:results:{for_ever.id}") == redis.ttl(for_ever.key) == -1


def test_what_a_job_leaves_goes_when_it_expires_on_its_list(stage, redis, queue):
    job = queue.enqueue("jobs.fail", "no", ttl=1000)
    stage.burst(kind="rq")
    assert redis.exists(f"rq:results:{job.id}")
    job.requeue()
    redis.delete(job.key)  # as its ttl does
    stage.burst(kind="cq")
    assert redis.keys(f"*{job.id}*") == []


def test_entries_that_rq_would_keep_for_ever_go(stage, redis, queue):
    for place in ("canceled", "deferred"):
        redis.zadd(f"rq:{place}:default", {"gone": 1})
    kept = put(redis, queue, "deferred", "kept")
    stage.burst(kind="rq")
    assert redis.exists("rq:canceled:default") and redis.zscore("rq:deferred:default", "gone") == 1
    stage.burst(kind="cq")
    assert not redis.exists("rq:canceled:default")
    assert redis.zscore("rq:deferred:default", "gone") is None
    assert kept.get_status(refresh=True) != JobStatus.DEFERRED  # what it waited for was run
