"""The job from within (RQ's documentation: Jobs): the current job, its meta, its connection, what it sees
around it."""

from rq import Queue
from rq.group import Group
from rq.job import JobStatus
from rq.registry import CanceledJobRegistry

import stage as staging
from bakery import current
from stage import wait_until


def test_a_job_knows_all_of_itself(site):
    job = site.run(
        current.about,
        job_id="about-1",
        job_timeout=44,
        result_ttl=33,
        failure_ttl=22,
        meta={"n": 1},
        description="who am I",
    )
    seen = site.value_of(job)
    assert seen.pop("repr").startswith("Job('about-1', enqueued_at=datetime.datetime(")
    assert seen == {
        "id": "about-1",
        "origin": "default",
        "func_name": "bakery.current.about",
        "args": [],
        "kwargs": {},
        "description": "who am I",
        "timeout": 44,
        "meta": {"n": 1},
        "worker_name": site.worker.name,
        "status": "started",
        "fresh status": "started",
        "created": True,
        "enqueued": True,
        "started": True,
        "ended": False,
        "result_ttl": 33,
        "failure_ttl": 22,
        "is_started": True,
        "class": "Job",
        "key": "rq:job:about-1",
        "executions": 1,
        "group": None,
    }


def test_the_current_job_is_known_in_helpers_and_coroutines_and_not_in_threads(site):
    jobs = [site.run("bakery.current.helper"), site.run(current.of_coroutine)]
    assert [site.value_of(job) for job in jobs] == [job.id for job in jobs]
    assert site.value(current.of_thread) is None
    assert current.get_current_job() is None


def test_each_job_is_told_its_own_id(site):
    jobs = [site.queue.enqueue(current.helper) for _ in range(20)]
    site.wait(*jobs)
    assert [site.value_of(job) for job in jobs] == [job.id for job in jobs]


def test_the_environment_names_worker_and_job(site):
    for _ in range(2):
        job = site.run(current.environment)
        value = site.value_of(job)
        assert (value["RQ_WORKER_ID"], value["RQ_JOB_ID"]) == (site.worker.name, job.id)
    assert site.value(current.environment_and_id) == [True, True]


def test_what_a_job_does_to_the_environment_changes_nothing_of_what_the_next_is_told(site):
    for how in ("set", "unset", "clear"):
        site.run(current.spoil_environment, how)
        job = site.run(current.environment_of_program)
        value = site.value_of(job)
        assert (value["RQ_WORKER_ID"], value["RQ_JOB_ID"]) == (site.worker.name, job.id)
        assert value.get("BAKERY_LEFT") == (how if staging.REUSE else None)


def test_meta_that_is_saved_stays(site):
    job = site.run(current.save, "handled_by", ["me", 1], meta={"from": "producer"})
    assert job.get_meta() == {"from": "producer", "handled_by": ["me", 1]}
    assert job.latest_result().return_value == "saved"


def test_meta_that_is_not_saved_is_lost(site):
    job = site.run(current.forget, "key", "value", meta={"from": "producer"})
    assert job.get_meta() == {"from": "producer"}


def test_meta_shows_progress_while_the_job_runs(site):
    job = site.queue.enqueue(current.progress, 3)
    for step in range(3):
        site.heard("step")
        assert job.get_meta(refresh=True) == {"step": step}
        assert job.get_status(refresh=True) == JobStatus.STARTED
        site.ring("seen")
    assert site.value_of(site.wait(job)) == 3


def test_meta_from_outside_is_seen_after_a_refresh(site):
    job = site.queue.enqueue(current.meta_from_outside, meta={"old": 1})
    site.heard("running")
    job.meta["new"] = 2
    job.save_meta()
    site.ring("go")
    assert site.value_of(site.wait(job)) == [{"old": 1}, {"old": 1, "new": 2}, {"old": 1, "new": 2}]
    assert job.get_meta() == {"old": 1, "new": 2}


def test_a_job_can_refresh_itself(site):
    job = site.queue.enqueue(current.refreshed, description="at first")
    site.heard("running")
    site.redis.hset(job.key, "description", "changed meanwhile")
    site.ring("go")
    assert site.value_of(site.wait(job)) == ["at first", "changed meanwhile", site.worker.name, "started"]


def test_a_job_can_save_itself(site):
    job = site.run(current.save_whole, meta={"a": 1})
    assert (job.description, job.get_meta(), job.get_status()) == (
        "described by itself",
        {"a": 1, "whole": True},
        JobStatus.FINISHED,
    )


def test_meta_that_cannot_be_serialized_fails_the_job(site):
    assert "TypeError: cannot pickle '_thread.lock' object" in site.failure(current.save_unserializable)


def test_a_megabyte_of_meta(site):
    job = site.run(current.big_meta, 1024 * 1024)
    assert job.get_meta() == {"big": "x" * 1024 * 1024}


def test_the_connection_is_a_redis_client_as_any_other(site):
    site.redis.delete("made-by", "counted")
    job = site.run(current.in_a_pipeline)
    assert site.value_of(job) == [True, 1, job.id.encode()]
    assert site.redis.get("made-by") == job.id.encode()


def test_the_connection_serves_many_commands_and_many_jobs(site):
    for _ in range(3):
        job = site.run(current.notes, *"abc")
        assert (site.value_of(job), site.noted(job)) == (3, ["a", "b", "c"])


def test_workers_queues_and_registries_are_seen_from_inside(site):
    held = site.queue.enqueue(current.hold)
    site.heard("running")
    first = site.queue.enqueue("bakery.current.surroundings", "last")
    waiting = [
        site.queue.enqueue("bakery.tasks.nothing"),
        site.queue.enqueue("bakery.tasks.nothing", job_id="last"),
    ]
    Queue("elsewhere", connection=site.redis).enqueue("bakery.tasks.nothing")
    assert [job.get_position() for job in (first, *waiting)] == [0, 1, 2]
    site.ring("go", "on")
    seen = site.value_of(site.wait(held, *waiting, first))
    assert held.return_value() == "on"
    assert seen == {
        "worker": [site.worker.name, "busy", first.id, ["default"]],
        "position": 1,
        "own position": None,
        "queued": [waiting[0].id, "last"],
        "started": [first.id],
        "queues": ["default", "elsewhere"],
    }


def test_a_job_cancels_another(site):
    held = site.queue.enqueue(current.hold)
    site.heard("running")
    victim = site.queue.enqueue("bakery.tasks.nothing")
    site.queue.enqueue(current.cancel, victim.id, at_front=True)
    site.ring("go", "on")
    site.wait(held, victim)
    assert victim.get_status() == JobStatus.CANCELED
    assert victim in CanceledJobRegistry(queue=site.queue)


def test_a_job_of_a_group_knows_it(site):
    group = Group.create(connection=site.redis)
    (job,) = group.enqueue_many(site.queue, [Queue.prepare_data(current.about)])
    assert site.value_of(site.wait(job))["group"] == group.name


def test_the_worker_is_busy_with_it_and_idle_again(site):
    from rq import Worker

    job = site.queue.enqueue(current.hold)
    site.heard("running")
    (worker,) = Worker.all(connection=site.redis)
    wait_until(lambda: worker.get_current_job_id() == job.id, "it is the worker's current job")
    assert worker.get_current_job() == job
    before = worker.successful_job_count
    site.ring("go")
    site.wait(job)
    wait_until(
        lambda: Worker.all(connection=site.redis)[0].get_current_job_id() is None, "the worker is idle"
    )
    assert Worker.all(connection=site.redis)[0].successful_job_count == before + 1
