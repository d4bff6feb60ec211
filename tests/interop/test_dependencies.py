"""Jobs that wait for other jobs, enqueued by either, executed by either."""

import json
import os
import pickle
import random
import signal
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from rq import Queue
from rq.command import send_stop_job_command
from rq.job import Dependency, Job, JobStatus
from rq.registry import DeferredJobRegistry, FinishedJobRegistry

from stage import KIND, wait_until

PAIRS = [("rq", "rq")] if KIND == "rq" else [("rq", KIND), ("cq", "rq"), ("cq", KIND)]
PRODUCER = "rq" if KIND == "rq" else "cq"


def enqueue(
    stage,
    producer,
    redis,
    job_id,
    function="jobs.note",
    *arguments,
    parents=(),
    failures=False,
    front=False,
    queue="default",
):
    """By `cq enqueue`, or from Python, where RQ has more than its command line."""
    if producer == "rq":
        depends_on = (
            Dependency(list(parents), allow_failure=failures, enqueue_at_front=front) if parents else None
        )
        Queue(queue, connection=redis).enqueue(
            function,
            args=list(arguments),
            job_id=job_id,
            depends_on=depends_on,
            at_front=front and not parents,
        )
        return
    options = ["--job-id", job_id, "--queue", queue]
    for parent in parents:
        options += ["--depends-on", parent]
    result = stage.cli(
        "enqueue",
        *options,
        *["--allow-failure"] * failures,
        *["--at-front"] * front,
        function,
        *arguments,
        kind="cq",
    )
    assert result.returncode == 0, result.stderr


def status(redis, job_id):
    return Job.fetch(job_id, connection=redis).get_status()


def hash_of(redis, job_id):
    fields = {
        k.decode(): "<time>" if k.endswith(b"_at") and v else v
        for k, v in redis.hgetall(f"rq:job:{job_id}").items()
    }
    return {**fields, "data": pickle.loads(zlib.decompress(fields["data"]))}


@pytest.mark.parametrize("failures, front", [(False, False), (True, False), (True, True)])
@pytest.mark.cq_only
def test_a_deferred_job_has_the_fields_and_keys_of_rqs(stage, redis, failures, front):
    found = []
    for producer in ("rq", "cq"):
        redis.flushall()
        Queue("default", connection=redis).enqueue("jobs.nothing", job_id="open")
        if producer == "rq" and not failures:
            Queue("default", connection=redis).enqueue(
                "jobs.add", args=["1"], job_id="child", depends_on=["open"]
            )
        else:
            enqueue(
                stage,
                producer,
                redis,
                "child",
                "jobs.add",
                "1",
                parents=["open"],
                failures=failures,
                front=front,
            )
        job = hash_of(redis, "child")
        assert job["status"] == b"deferred" and json.loads(job["dependency_ids"]) == ["open"]
        found.append(
            (
                job,
                sorted(redis.keys()),
                redis.smembers("rq:job:open:dependents"),
                redis.smembers("rq:job::child:dependencies"),
                redis.zrange("rq:deferred:default", 0, -1),
                redis.lrange("rq:queue:default", 0, -1),
                redis.smembers("rq:queues"),
                redis.ttl("rq:job:child"),
                redis.ttl("rq:job:open:dependents"),
            )
        )
    assert found[0] == found[1]


@pytest.mark.parametrize("producer, executor", PAIRS)
def test_a_diamond_across_queues_is_run_in_order(stage, redis, producer, executor):
    path = stage.path("order")
    enqueue(stage, producer, redis, "top", "jobs.note", path)
    enqueue(stage, producer, redis, "left", "jobs.note", path, parents=["top"], queue="low")
    enqueue(stage, producer, redis, "right", "jobs.note", path, parents=["top", "gone"])
    enqueue(stage, producer, redis, "bottom", "jobs.note", path, parents=["left", "right"], queue="low")
    enqueue(stage, producer, redis, "last", "jobs.note", path, parents=["bottom", "top"])
    assert status(redis, "last") == JobStatus.DEFERRED
    stage.burst("default", "low", kind=executor)
    order = open(path).read().split()
    assert order[0] == "top" and sorted(order[1:3]) == ["left", "right"] and order[3:] == ["bottom", "last"]
    assert (
        not DeferredJobRegistry("default", connection=redis).count
        and not DeferredJobRegistry("low", connection=redis).count
    )


@pytest.mark.parametrize("producer, executor", PAIRS)
def test_a_failure_releases_those_that_allow_it_and_a_requeue_the_others(
    stage, redis, queue, producer, executor
):
    path = stage.path("order")
    enqueue(stage, producer, redis, "parent", "jobs.fail", "as asked")
    enqueue(stage, producer, redis, "strict", "jobs.note", path, parents=["parent"])
    enqueue(stage, producer, redis, "allows", "jobs.note", path, parents=["parent"], failures=True)
    enqueue(stage, producer, redis, "front", "jobs.note", path, parents=["parent"], failures=True, front=True)
    enqueue(stage, producer, redis, "behind", "jobs.note", path)
    stage.burst(kind=executor)
    assert sorted(open(path).read().split()) == ["allows", "behind", "front"] and open(
        path
    ).read().startswith("front")
    assert status(redis, "strict") == JobStatus.DEFERRED
    parent = Job.fetch("parent", connection=redis)
    parent.func_name, parent.args = "jobs.nothing", ()
    parent.save()
    parent.requeue()
    stage.burst(kind=executor)
    assert open(path).read().split()[-1] == "strict"


@pytest.mark.parametrize("executor", sorted({"rq", KIND}))
def test_a_canceled_dependency_releases_nobody_unless_asked_to(stage, redis, queue, executor):
    for name in ("a", "b"):
        queue.enqueue("jobs.nothing", job_id=name)
        enqueue(stage, PRODUCER, redis, f"after-{name}", "jobs.nothing", parents=[name], failures=True)
    Job.fetch("a", connection=redis).cancel()
    Job.fetch("b", connection=redis).cancel(enqueue_dependents=True)
    enqueue(stage, PRODUCER, redis, "late", "jobs.nothing", parents=["a"])
    stage.burst(kind=executor)
    assert status(redis, "after-a") == JobStatus.DEFERRED and status(redis, "late") == JobStatus.DEFERRED
    assert status(redis, "after-b") == JobStatus.FINISHED


@pytest.mark.cq_only
def test_a_dependency_that_had_failed_is_enough_where_that_is_allowed(stage, redis, queue):
    queue.enqueue("jobs.fail", "as asked", job_id="parent")
    stage.burst()
    enqueue(stage, "cq", redis, "strict", "jobs.nothing", parents=["parent"])
    enqueue(stage, "cq", redis, "allows", "jobs.nothing", parents=["parent"], failures=True)
    assert [status(redis, name) for name in ("strict", "allows")] == [JobStatus.DEFERRED, JobStatus.QUEUED]


@pytest.mark.cq_only
def test_many_dependencies_half_of_them_finished_by_rqs_workers(stage, redis, queue):
    """What cq has taken out of the set of dependencies, RQ's worker takes for finished; what RQ leaves there,
    cq does."""
    parents = [f"p{number}" for number in range(24)]
    jobs = [Queue.prepare_data("jobs.nothing", job_id=name) for name in parents]
    Queue("one", connection=redis).enqueue_many(jobs[::2])
    Queue("two", connection=redis).enqueue_many(jobs[1::2])
    for child in ("c1", "c2"):
        enqueue(stage, "cq" if child == "c1" else "rq", redis, child, "jobs.nothing", parents=parents)
    workers = [stage.worker("one", kind="rq", options=["--burst"]), stage.worker("two", options=["--burst"])]
    assert all(worker.wait() == 0 for worker in workers)
    assert sorted(queue.get_job_ids()) == ["c1", "c2"]
    assert not DeferredJobRegistry("default", connection=redis).count


@pytest.mark.parametrize("producer, executor", PAIRS)
def test_a_stopped_dependency_is_waited_for_until_it_is_requeued(stage, redis, queue, producer, executor):
    worker = stage.worker(kind=executor, name="stopper")
    queue.enqueue("jobs.hold", stage.path("started"), stage.path("release"), job_id="parent")
    wait_until(lambda: os.path.exists(stage.path("started")), "the dependency runs")
    enqueue(stage, producer, redis, "early", "jobs.nothing", parents=["parent"], failures=True)
    send_stop_job_command(redis, "parent")
    wait_until(lambda: status(redis, "parent") == JobStatus.STOPPED, "it is stopped")
    enqueue(stage, producer, redis, "late", "jobs.nothing", parents=["parent"], failures=True)
    worker.end()
    stage.burst(kind=executor)
    assert {status(redis, name) for name in ("early", "late")} == {JobStatus.DEFERRED}
    parent = Job.fetch("parent", connection=redis)
    parent.func_name, parent.args = "jobs.nothing", ()
    parent.save()
    parent.requeue()
    stage.burst(kind=executor)
    assert {status(redis, name) for name in ("early", "late")} == {JobStatus.FINISHED}


@pytest.mark.cq_only
def test_a_deferred_job_with_a_ttl_expires_as_rqs_does_and_is_forgotten(stage, redis, queue):
    queue.enqueue("jobs.nothing", job_id="parent")
    queue.enqueue("jobs.nothing", job_id="by-rq", depends_on="parent", ttl=500)
    assert (
        stage.cli(
            "enqueue",
            "--job-id",
            "by-cq",
            "--depends-on",
            "parent",
            "--ttl",
            "500",
            "jobs.nothing",
            kind="cq",
        ).returncode
        == 0
    )
    for key in ("rq:job:{}", "rq:job::{}:dependencies"):
        left = [redis.ttl(key.format(job_id)) for job_id in ("by-rq", "by-cq")]
        assert 0 <= left[1] - left[0] <= 2 and left[1] > 400
    for job_id in ("by-rq", "by-cq"):
        redis.expire(f"rq:job:{job_id}", 0)
    stage.burst()
    assert not redis.exists("rq:job:parent:dependents") and not redis.exists("rq:job:by-rq", "rq:job:by-cq")


@pytest.mark.cq_only
def test_a_long_chain_of_both_is_run_by_both(stage, redis, queue):
    length, path = 24, stage.path("order")
    for number in range(length):
        enqueue(
            stage,
            ("rq", "cq")[number // 2 % 2],
            redis,
            f"c{number}",
            "jobs.note",
            path,
            parents=[f"c{number - 1}"] if number else (),
            queue=("one", "two")[number % 2],
        )
    stage.worker("one", kind="rq")
    stage.worker("two")
    wait_until(
        lambda: redis.hget(f"rq:job:c{length - 1}", "status") == b"finished", "the last one has finished"
    )
    assert open(path).read().split() == [f"c{number}" for number in range(length)]


@pytest.mark.parametrize("executor", sorted({"rq", KIND}))
def test_rq_looks_again_when_a_dependency_finishes_between_its_look_and_its_registration(
    stage, redis, queue, executor, monkeypatch
):
    """By WATCH on the hash of the dependency, which every outcome has to change."""
    parents = ["p0", "p1"]
    for parent in parents:
        queue.enqueue("jobs.nothing", job_id=parent)
    register, runs = Job.register_dependency, []

    def slowly(self, pipeline=None):
        if not runs:
            runs.append(stage.burst(kind=executor))
        return register(self, pipeline=pipeline)

    monkeypatch.setattr(Job, "register_dependency", slowly)
    child = queue.enqueue("jobs.nothing", job_id="child", depends_on=parents)
    assert runs and child.get_status() == JobStatus.QUEUED
    assert not DeferredJobRegistry("default", connection=redis).count and queue.get_job_ids() == ["child"]
    assert not redis.exists("rq:job:p0:dependents", "rq:job:p1:dependents")


@pytest.mark.cq_only
@pytest.mark.parametrize("producer, executor", [("rq", "cq"), ("cq", "rq"), ("cq", "cq")])
def test_none_is_forgotten_when_a_dependency_finishes_while_it_is_registered(
    stage, redis, queue, producer, executor
):
    """Each job is followed at once by one that waits for it, so that many are registered in the moment of the
    end."""
    threads, pairs = 4, 75 if producer == "rq" else 8
    stage.worker(
        kind="rq" if executor == "rq" else KIND,
        options=[] if executor == "rq" else ["--num-workers", "4"],
        ready=False,
    )

    def follow(first):
        with stage.server.connect() as connection:
            for number in range(first, threads * pairs, threads):
                enqueue(stage, producer, connection, f"p{number}", "jobs.nothing")
                enqueue(stage, producer, connection, f"c{number}", "jobs.nothing", parents=[f"p{number}"])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(follow, range(threads)))
    finished = FinishedJobRegistry("default", connection=redis)
    wait_until(lambda: finished.count == 2 * threads * pairs, "all are finished")
    assert not DeferredJobRegistry("default", connection=redis).count and not queue.count
    assert not [key for key in redis.keys("rq:job:*:dependents") if redis.ttl(key) == -1]


@pytest.mark.cq_only
def test_what_rq_leaves_deferred_for_ever_is_queued_by_maintenance(stage, redis, queue):
    """A dependency that failed before, where that is allowed; one that expired; one whose worker died before
    it let others go."""
    queue.enqueue("jobs.fail", "as asked", job_id="failed")
    stage.burst(kind="rq")
    enqueue(stage, "rq", redis, "late", "jobs.nothing", parents=["failed"], failures=True)
    queue.enqueue("jobs.nothing", job_id="expired", ttl=1000)
    enqueue(stage, "rq", redis, "orphan", "jobs.nothing", parents=["expired"])
    queue.enqueue("jobs.nothing", job_id="lost")
    enqueue(stage, "rq", redis, "forgotten", "jobs.nothing", parents=["lost"])
    enqueue(stage, "rq", redis, "strict", "jobs.nothing", parents=["failed", "lost"])
    redis.delete("rq:job:expired", "rq:job:expired:dependents")
    redis.hset("rq:job:lost", "status", "finished")
    redis.delete("rq:queue:default")
    assert (
        status(redis, "late") == status(redis, "orphan") == status(redis, "forgotten") == JobStatus.DEFERRED
    )
    stage.worker()
    wait_until(lambda: queue.finished_job_registry.count == 3, "those that wait for nothing are run")
    assert DeferredJobRegistry("default", connection=redis).get_job_ids() == ["strict"]


def check_graph(redis, graph):
    """Each job has run after all that it waited for, or waits for something that did not go well."""
    jobs = {job_id: Job.fetch(job_id, connection=redis) for job_id in graph}
    for job_id, (parents, allowed) in graph.items():
        met = all(jobs[parent].is_finished or allowed and jobs[parent].is_failed for parent in parents)
        assert jobs[job_id].is_deferred != met, (
            job_id,
            jobs[job_id].get_status(),
            [jobs[parent].get_status() for parent in parents],
        )
        assert jobs[job_id].is_deferred or jobs[job_id].is_finished or jobs[job_id].is_failed
        assert not met or all(jobs[parent].ended_at <= jobs[job_id].started_at for parent in parents)
    return sum(job.is_deferred for job in jobs.values())


@pytest.mark.cq_only
@pytest.mark.parametrize("seed", [1])
def test_a_graph_by_chance_is_run_in_order_while_both_enqueue_and_both_work(stage, redis, queue, seed):
    chance, graph, queues, size = random.Random(seed), {}, ("one", "two", "three"), 40
    stage.worker("one", kind="rq", ready=False)
    stage.worker(*queues, options=["--num-workers", "3"], ready=False)
    for number in range(size):
        parents = chance.sample(sorted(graph), min(len(graph), chance.choice([0, 1, 1, 2, 3])))
        fails, allowed = chance.random() < 0.1, chance.random() < 0.4 and bool(parents)
        producer = (
            "cq" if allowed else chance.choice(["rq", "rq", "cq"])
        )  # RQ leaves it deferred for ever where one had failed before
        enqueue(
            stage,
            producer,
            redis,
            f"j{number}",
            "jobs.fail" if fails else "jobs.nothing",
            *["x"] * fails,
            parents=parents,
            failures=allowed,
            queue=chance.choice(queues),
        )
        graph[f"j{number}"] = (parents, allowed)

    def settled():
        return not any(redis.exists(f"rq:queue:{name}", f"rq:wip:{name}") for name in queues)

    # A job leaves a list and enters rq:wip in separate steps where RQ takes it: so it is to be settled
    # several times in a row.
    wait_until(lambda: all(settled() or time.sleep(0.01) for _ in range(20)), "all have run that can")
    for worker in stage.workers:
        worker.signal(signal.SIGTERM)
    for worker in stage.workers:
        worker.wait()
    assert settled() and check_graph(redis, graph) < size


@pytest.mark.cq_only
def test_rq_3_s_ready_jobs_are_pushed_by_maintenance(stage, redis, queue):
    job = queue.create_job("jobs.nothing", job_id="ready", status=JobStatus.DEFERRED)
    job.save()
    redis.hset(job.key, "status", "ready_to_enqueue")
    redis.zadd("rq:ready:default", {"ready": 1})
    stage.worker()
    wait_until(lambda: redis.hget(job.key, "status") == b"finished", "it is run")
    assert not redis.exists("rq:ready:default")
