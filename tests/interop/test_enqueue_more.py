"""What RQ's jobs can have from Python only, given to `cq enqueue`: RQ reads it as its own, and its workers
act on it."""

import json
import pickle
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from rq import Callback, Queue, Repeat, Retry
from rq.exceptions import DuplicateJobError, NoSuchGroupError
from rq.group import Group
from rq.job import Job, JobStatus
from rq.registry import ScheduledJobRegistry
from rq.scheduler import RQScheduler
from rq.webhook import Webhook

from stage import KIND, wait_until

pytestmark = pytest.mark.cq_only
EXECUTORS = [KIND] if KIND == "rq" else ["rq", KIND]


def enqueue(stage, *arguments):
    result = stage.cli("enqueue", *arguments, kind="cq")
    assert result.returncode == 0, result.stderr
    return result.stdout


def readable(redis, job_id):
    fields = {
        k.decode(): "<time>" if k.endswith(b"_at") and v else v
        for k, v in redis.hgetall(f"rq:job:{job_id}").items()
    }
    return {
        **fields,
        "data": pickle.loads(zlib.decompress(fields["data"])),
        "meta": pickle.loads(fields.get("meta", pickle.dumps({}))),
    }


HOOKS = [
    Webhook("http://h/x", "finished", method="POST", headers={"X-Key": "ä b"}, timeout=3),
    Webhook("https://u?a=b", "failed", method="POST", headers={"X-Key": "ä b"}, timeout=3),
]


@pytest.mark.parametrize(
    "words, options",
    [
        (["--repeat", "3"], {"repeat": Repeat(3)}),
        (["--repeat", "3", "--repeat-interval", "5"], {"repeat": Repeat(3, interval=5)}),
        (
            ["--repeat", "2", "--repeat-interval", "5", "--repeat-interval", "70"],
            {"repeat": Repeat(2, interval=[5, 70])},
        ),
        (
            ["--on-success", "m.a", "--on-failure", "m.b"],
            {"on_success": Callback("m.a"), "on_failure": Callback("m.b")},
        ),
        (["--on-stopped", "m.c", "--callback-timeout", "2m"], {"on_stopped": Callback("m.c", timeout=120)}),
        (["--webhook", "finished=http://h"], {"webhooks": [Webhook("http://h", "finished")]}),
        (
            [
                "--webhook",
                "finished=http://h/x",
                "--webhook",
                "failed=https://u?a=b",
                "--webhook-method",
                "POST",
                "--webhook-header",
                "X-Key: ä b",
                "--webhook-timeout",
                "3",
            ],
            {"webhooks": HOOKS},
        ),
        (["--retry-max", "2", "--retry-interval", "7"], {"retry": Retry(2, interval=7)}),
        (["--retry-max", "2", "--retry-at-front"], {"retry": Retry(2, enqueue_at_front=True)}),
        (
            ["--meta", "who=Ada", "--meta", "tries:=3", "--meta", "at%=(1, None)"],
            {"meta": {"who": "Ada", "tries": 3, "at": (1, None)}},
        ),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_the_hash_is_what_rqs_enqueue_writes(stage, redis, queue, words, options):
    queue.enqueue("jobs.add", args=["1"], job_id="rq", **options)
    enqueue(stage, "--job-id", "ours", *words, "jobs.add", "1")
    ours, rqs = readable(redis, "ours"), readable(redis, "rq")
    assert ours == rqs
    job = Job.fetch("ours", connection=redis)
    assert job.webhooks == options.get("webhooks", []) and job.meta == options.get("meta", {})


def scheduled(redis, job_id):
    return (
        readable(redis, job_id),
        redis.zscore("rq:scheduled:default", job_id),
        redis.smembers("rq:queues"),
        redis.ttl(f"rq:job:{job_id}") > 0,
    )


@pytest.mark.parametrize("words", [[], ["--ttl", "3000000000"], ["--retry-max", "1"]], ids=" ".join)
def test_a_scheduled_job_is_what_rq_enqueue_makes(stage, redis, words):
    found = []
    for kind in ("rq", "cq"):
        redis.flushall()
        result = stage.cli(
            "enqueue",
            "--job-id",
            "j",
            "--schedule-at",
            "2100-07-01T12:00:00",
            *words,
            "jobs.add",
            "1",
            kind=kind,
        )
        assert result.returncode == 0, result.stderr
        found.append((result.stdout, *scheduled(redis, "j")))
    assert found[0] == found[1]
    registry = ScheduledJobRegistry("default", connection=redis)
    assert registry.get_scheduled_time("j") == datetime(2100, 7, 1, 12, tzinfo=timezone.utc)


def test_enqueue_at_with_at_front_is_the_same_job(stage, redis, queue):
    when = datetime(2100, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    queue.enqueue_at(when, "jobs.add", args=["1"], job_id="rq", at_front=True)
    enqueue(
        stage, "--job-id", "ours", "--schedule-at", "2100-01-02T05:04:05+02:00", "--at-front", "jobs.add", "1"
    )
    assert scheduled(redis, "ours") == scheduled(redis, "rq")


def test_rqs_scheduler_queues_what_is_due_at_the_end_that_was_asked_for(stage, redis, queue):
    queue.enqueue("jobs.nothing", job_id="first")
    enqueue(stage, "--job-id", "front", "--schedule-in", "0", "--at-front", "jobs.nothing")
    enqueue(stage, "--job-id", "back", "--schedule-in", "0", "jobs.nothing")
    enqueue(stage, "--job-id", "later", "--schedule-in", "1h", "jobs.nothing")
    scheduler = RQScheduler([queue], connection=redis)
    scheduler.acquire_locks()
    scheduler.enqueue_scheduled_jobs()
    scheduler.release_locks()
    assert queue.get_job_ids() == ["front", "first", "back"]
    assert Job.fetch("later", connection=redis).get_status() == JobStatus.SCHEDULED


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_job_is_repeated_as_often_as_asked(stage, redis, executor):
    path = stage.path("runs")
    enqueue(stage, "--job-id", "again", "--repeat", "2", "jobs.note", path)
    stage.burst(kind=executor)
    assert open(path).read().split() == ["again"] * 3
    assert Job.fetch("again", connection=redis).repeats_left == 0


@pytest.mark.parametrize("executor", EXECUTORS)
def test_backoff_is_followed_by_either_worker(stage, redis, queue, executor):
    enqueue(
        stage,
        "--job-id",
        "flaky",
        "--retry-max",
        "3",
        "--retry-backoff",
        "100s..300s",
        "jobs.fail",
        "as asked",
    )
    job = Job.fetch("flaky", connection=redis)
    first, second, third = job.retry_intervals
    assert 100 <= first <= 125 and 150 <= second <= 250 and 225 <= third <= 300
    registry = ScheduledJobRegistry("default", connection=redis)
    for interval in (first, second, third) if executor != "rq" else (first,):
        before = datetime.now(timezone.utc).timestamp()
        stage.burst(kind=executor)
        due = redis.zscore("rq:scheduled:default", "flaky")
        assert interval - 2 <= due - before <= interval + 30
        registry.remove("flaky")
        redis.rpush("rq:queue:default", "flaky")
        redis.hset("rq:job:flaky", "status", "queued")
    if executor != "rq":
        stage.burst(kind=executor)
        assert Job.fetch("flaky", connection=redis).get_status() == JobStatus.FAILED


def test_groups_are_rqs_groups_and_rqs_groups_are_listed(stage, redis, queue):
    enqueue(stage, "--job-id", "a", "--group", "mixed", "jobs.nothing")
    group = Group.fetch("mixed", redis)
    group.enqueue_many(
        queue,
        [Queue.prepare_data("jobs.fail", ("x",), job_id="b"), Queue.prepare_data("jobs.nothing", job_id="c")],
    )
    assert sorted(job.id for job in group.get_jobs()) == ["a", "b", "c"]
    assert all(job.group_id == "mixed" for job in group.get_jobs())
    stage.burst()
    result = stage.cli("group", "--json", kind="cq")
    (listed,) = (json.loads(line) for line in result.stdout.splitlines())
    assert listed["name"] == "mixed" and listed["jobs"] == 3
    assert {k: v for k, v in listed["statuses"].items() if v} == {"finished": 2, "failed": 1}
    redis.delete("rq:job:a")
    lines = stage.cli("group", "mixed", kind="cq").stdout.splitlines()
    assert sorted(line.split()[:3] for line in lines[:-1]) == [
        ["b", "failed", "default"],
        ["c", "finished", "default"],
    ]
    assert lines[-1] == "mixed  2 jobs: 1 finished, 1 failed; 1 gone"
    assert [job.id for job in Group.fetch("mixed", redis).get_jobs() if job.is_failed] == ["b"]
    assert (
        stage.cli("group", "mixed", kind="cq").stdout.splitlines()[-1]
        == "mixed  2 jobs: 1 finished, 1 failed"
    )


def test_a_group_that_rq_has_emptied_is_none_and_one_that_cq_empties_is_none_to_rq(stage, redis, queue):
    for name in ("theirs", "ours"):
        enqueue(stage, "--job-id", name, "--group", name, "--result-ttl", "0", "jobs.nothing")
    Job.fetch("theirs", connection=redis).delete()
    assert stage.cli("group", "theirs", kind="cq").returncode == 1
    stage.burst()
    with pytest.raises(NoSuchGroupError):
        Group.fetch("ours", redis)
    assert Group.all(redis) == [] and stage.cli("group", kind="cq").stdout == ""


def enqueue_unique(stage, redis, producer, job_id):
    """Whether it was taken."""
    if producer == "cq":
        result = stage.cli("enqueue", "--unique", "--job-id", job_id, "jobs.nothing", kind="cq")
        assert (
            result.returncode == 0 or result.stderr == f"cq enqueue: Job with ID '{job_id}' already exists\n"
        )
        return result.returncode == 0
    try:
        Queue("default", connection=redis).enqueue("jobs.nothing", job_id=job_id, unique=True)
        return True
    except DuplicateJobError:
        return False


@pytest.mark.parametrize("first", ["rq", "cq"])
def test_a_unique_id_is_one_whoever_came_first(stage, redis, queue, first):
    assert enqueue_unique(stage, redis, first, "only")
    before = redis.hgetall("rq:job:only")
    assert not enqueue_unique(stage, redis, "rq", "only") and not enqueue_unique(stage, redis, "cq", "only")
    assert redis.hgetall("rq:job:only") == before and queue.get_job_ids() == ["only"]


def test_of_many_that_enqueue_a_unique_id_at_once_one_does(stage, redis, queue):
    tries = [("rq", "cq")[number % 2] for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        for job_id in ("a", "b", "c"):
            assert sum(pool.map(lambda producer: enqueue_unique(stage, redis, producer, job_id), tries)) == 1
    assert queue.get_job_ids() == ["a", "b", "c"]


def test_an_id_that_rq_knows_is_replaced_and_waits_in_one_place(stage, redis, queue):
    path = stage.path("runs")
    queue.enqueue("jobs.note", path, job_id="same")
    enqueue(stage, "--job-id", "same", "jobs.note", path)
    assert queue.get_job_ids() == ["same"]
    worker = stage.burst(kind="rq")
    assert worker and open(path).read().split() == ["same"]
    wait_until(lambda: Job.fetch("same", connection=redis).is_finished, "it is finished")
    enqueue(stage, "--job-id", "same", "--schedule-in", "1h", "jobs.note", path)
    assert not queue.finished_job_registry.count and queue.scheduled_job_registry.get_job_ids() == ["same"]


def test_an_id_enqueued_again_after_its_worker_went_silent_is_run_by_rq(stage, redis, queue):
    """RQ reads the list of a job's executions at its end, and fails the job for one whose hash has
    expired."""
    queue.enqueue("jobs.nothing", job_id="same")
    redis.lpop("rq:queue:default")
    redis.hset("rq:job:same", "status", "started")
    redis.zadd("rq:executions:same", {"b82b26d3ac9f4bb1a9391b46cfcf0fdd": 9999999999})
    enqueue(stage, "--job-id", "same", "--result-ttl", "0", "jobs.nothing")
    stage.burst(kind="rq")
    assert not redis.exists("rq:job:same", "rq:executions:same") and not queue.failed_job_registry.count
