"""Jobs that use several things at once: enqueued by RQ or by cq, worked by RQ or by cq, the same comes of
it."""

from datetime import timedelta

import pytest
from rq import Queue, Repeat, Retry
from rq.command import send_stop_job_command
from rq.group import Group
from rq.job import Dependency, Job, JobStatus
from rq.registry import DeferredJobRegistry, FinishedJobRegistry, ScheduledJobRegistry

from stage import KIND, wait_until
from test_limits import cq, pair, rq_folder, status, wait_status
from test_retries import enqueue_due
from test_webhooks import hook, hooked  # noqa: F401 # (a fixture)
from test_workers import hold, release, wait_running

pytestmark = pytest.mark.cq_only
PAIRS = [("rq", "rq"), ("rq", KIND), ("cq", "rq"), ("cq", KIND)]
NAMES = [f"{producer} to {executor}" for producer, executor in PAIRS]
pairs = pytest.mark.parametrize("producer, executor", PAIRS[1:], ids=NAMES[1:])


def put(
    stage, redis, producer, job_id, function, *arguments, words=(), parents=(), failures=False, **options
):
    """words: what `cq enqueue` takes for options; they are RQ's."""
    if producer == "cq":
        parents = [word for parent in parents for word in ("--depends-on", parent)] + [
            "--allow-failure"
        ] * failures
        cq(stage, "enqueue", "--job-id", job_id, *words, *parents, function, *arguments)
        return
    if parents:
        options["depends_on"] = Dependency(list(parents), allow_failure=failures)
    Queue("default", connection=redis).enqueue(function, args=list(arguments), job_id=job_id, **options)


def lines(path):
    with open(path) as file:
        return file.read().split()


def members(redis, name):
    return sorted(job.id for job in Group.fetch(name, redis).get_jobs())


def test_a_repeated_job_of_a_group_that_retries_and_has_webhooks(stage, redis, queue, hooked):
    """RQ's own outcome is what the others have to be like."""
    found = []
    for producer, executor in PAIRS:
        redis.flushdb()
        hooked.requests.clear()
        urls = f"{hooked.url}/finished", f"{hooked.url}/failed"
        if producer == "rq":
            Group(redis, "mixed").enqueue_many(
                queue,
                [
                    Queue.prepare_data(
                        "jobs.flaky",
                        (),
                        job_id="all",
                        retry=Retry(2),
                        repeat=Repeat(times=1),
                        webhooks=[hook(hooked, "/finished"), hook(hooked, "/failed", "failed")],
                    )
                ],
            )
        else:
            put(
                stage,
                redis,
                "cq",
                "all",
                "jobs.flaky",
                words=[
                    "--group",
                    "mixed",
                    "--retry-max",
                    "2",
                    "--repeat",
                    "1",
                    "--webhook",
                    f"finished={urls[0]}",
                    "--webhook",
                    f"failed={urls[1]}",
                ],
            )
        put(stage, redis, producer, "child", "jobs.note", stage.path("order"), parents=["all"])
        stage.burst(kind=executor)
        job = Job.fetch("all", connection=redis)
        found.append(
            (
                job.get_status(),
                job.retries_left,
                job.repeats_left,
                [result.type for result in job.results()],
                sorted(hooked.paths()),
                members(redis, "mixed"),
                status(redis, "child"),
            )
        )
        assert lines(stage.path("order")) == ["child"] * len(found)
    assert found[1:] == found[:1] * 3
    assert found[0][:3] == (JobStatus.FINISHED, 0, 0) and "/finished" in found[0][4]


@pairs
def test_who_allows_a_failure_waits_for_the_last_retry(stage, redis, producer, executor):
    path = stage.path("order")
    put(stage, redis, producer, "parent", "jobs.fail", "as asked", words=["--retry-max", "2"], retry=Retry(2))
    put(stage, redis, producer, "allows", "jobs.note", path, parents=["parent"], failures=True)
    put(stage, redis, producer, "strict", "jobs.note", path, parents=["parent"])
    for left in (1, 0):
        stage.burst(kind=executor, options=["--max-jobs", "1"])
        assert (status(redis, "parent"), redis.hget("rq:job:parent", "retries_left")) == (
            "queued",
            b"%d" % left,
        )
        assert [status(redis, name) for name in ("allows", "strict")] == ["deferred"] * 2
    stage.burst(kind=executor)
    assert [status(redis, name) for name in ("parent", "allows", "strict")] == [
        "failed",
        "finished",
        "deferred",
    ]
    assert lines(path) == ["allows"]


@pairs
def test_a_stopped_job_is_not_run_again_whatever_it_has_left(stage, redis, queue, producer, executor):
    files = stage.path("pid"), stage.path("go")
    if producer == "rq":
        Group(redis, "held").enqueue_many(
            queue,
            [Queue.prepare_data("jobs.hold", files, job_id="held", retry=Retry(3), repeat=Repeat(times=3))],
        )
    else:
        put(
            stage,
            redis,
            "cq",
            "held",
            "jobs.hold",
            *files,
            words=["--retry-max", "3", "--repeat", "3", "--group", "held"],
        )
    put(stage, redis, producer, "strict", "jobs.nothing", parents=["held"])
    put(stage, redis, producer, "allows", "jobs.nothing", parents=["held"], failures=True)
    worker = stage.worker(kind=executor)
    wait_running(stage)
    send_stop_job_command(redis, "held")
    wait_status(redis, "held", "stopped")
    wait_until(lambda: redis.zcard("rq:wip:default") == 0, "it is over")
    assert [status(redis, name) for name in ("held", "strict", "allows")] == [
        "stopped",
        "deferred",
        "deferred",
    ]
    assert (
        queue.failed_job_registry.get_job_ids() == ["held"]
        and not queue.count
        and members(redis, "held") == ["held"]
    )
    assert worker.running()


@pairs
def test_a_scheduled_job_of_which_others_wait(stage, redis, queue, producer, executor):
    path = stage.path("order")
    if producer == "rq":
        queue.enqueue_in(timedelta(0), "jobs.flaky", job_id="due", retry=Retry(1))
    else:
        put(stage, redis, "cq", "due", "jobs.flaky", words=["--schedule-in", "0", "--retry-max", "1"])
    put(stage, redis, producer, "child", "jobs.note", path, parents=["due"])
    put(stage, redis, producer, "grandchild", "jobs.note", path, parents=["child", "due"])
    assert [status(redis, name) for name in ("due", "child", "grandchild")] == [
        "scheduled",
        "deferred",
        "deferred",
    ]
    worker = stage.worker(kind=executor, options=["--with-scheduler"])
    wait_status(redis, "grandchild", "finished")
    assert lines(path) == ["child", "grandchild"] and status(redis, "due") == "finished"
    assert (
        not ScheduledJobRegistry("default", connection=redis).count
        and not DeferredJobRegistry("default", connection=redis).count
    )
    assert worker.running()


@pairs
def test_a_canceled_link_of_a_chain_is_requeued_and_the_chain_goes_on(
    stage, redis, queue, producer, executor
):
    path = stage.path("order")
    put(stage, redis, producer, "first", "jobs.note", path)
    for job_id, parent in (("second", "first"), ("third", "second"), ("beside", "first")):
        put(stage, redis, producer, job_id, "jobs.note", path, parents=[parent])
    if producer == "rq":
        Job.fetch("second", connection=redis).cancel()
    else:
        cq(stage, "cancel", "second")
    stage.burst(kind=executor)
    assert lines(path) == ["first", "beside"]
    assert [status(redis, name) for name in ("second", "third")] == ["canceled", "deferred"]
    if producer == "rq":
        queue.canceled_job_registry.requeue("second")
    else:
        cq(stage, "requeue", "--registry", "canceled", "second")
    stage.burst(kind=executor)
    assert lines(path) == ["first", "beside", "second", "third"]
    assert FinishedJobRegistry("default", connection=redis).count == 4


# --- With what RQ 2.12 has not.

LIMIT = ["--rate-limit-key", "api", "--rate-limit-concurrency", "1"]


def test_a_canceled_job_that_waits_for_a_slot_lets_its_dependents_go(stage, redis):
    put(stage, redis, "cq", "running", "jobs.hold", stage.path("pid"), stage.path("go"), words=LIMIT)
    put(stage, redis, "cq", "waiting", "jobs.nothing", words=LIMIT)
    put(stage, redis, "rq", "child", "jobs.nothing")
    put(stage, redis, "cq", "limited", "jobs.nothing", words=LIMIT, parents=["waiting"])
    put(stage, redis, "cq", "free", "jobs.nothing", parents=["waiting"])
    put(stage, redis, "cq", "next", "jobs.nothing", words=LIMIT)
    pair(stage)
    wait_running(stage)
    assert status(redis, "waiting") == "rate_limited"
    cq(stage, "cancel", "--enqueue-dependents", "waiting")
    wait_status(redis, "free", "finished")
    assert [status(redis, name) for name in ("waiting", "limited", "next")] == [
        "canceled",
        "rate_limited",
        "rate_limited",
    ]
    release(stage)
    for name in ("running", "limited", "next"):
        wait_status(redis, name, "finished")
    assert not redis.exists("rq:rl:api:allowed", "rq:rl:api:rate_limited")


def test_failed_jobs_of_a_limit_are_requeued_one_behind_the_other_into_a_paused_queue(stage, redis, queue):
    for number in range(4):
        put(stage, redis, "cq", f"j{number}", "jobs.fail", "as asked", words=LIMIT)
    stage.burst()
    assert queue.failed_job_registry.count == 4
    cq(stage, "suspend", "--queue", "default")
    cq(stage, "requeue", "--all", "--queue", "default")
    assert sorted(status(redis, f"j{number}") for number in range(4)) == ["queued", *["rate_limited"] * 3]
    stage.burst()
    assert queue.count == 1
    cq(stage, "resume", "--queue", "default")
    stage.burst()
    assert queue.failed_job_registry.count == 4 and not redis.exists(
        "rq:rl:api:allowed", "rq:rl:api:rate_limited"
    )


@pytest.mark.parametrize("producer", ["rq", "cq"])
def test_what_is_due_on_a_paused_queue_waits_on_its_list(stage, redis, queue, producer):
    path = stage.path("order")
    cq(stage, "suspend", "--queue", "default")
    if producer == "rq":
        queue.enqueue_in(timedelta(0), "jobs.note", path, job_id="due")
    else:
        put(stage, redis, "cq", "due", "jobs.note", path, words=["--schedule-in", "0", "--unique"])
    put(stage, redis, producer, "child", "jobs.note", path, parents=["due"])
    worker = stage.worker("default", "behind", options=["--with-scheduler"])
    wait_until(lambda: queue.job_ids == ["due"], "it is on its list")
    Queue("behind", connection=redis).enqueue("jobs.nothing", job_id="behind")
    wait_status(redis, "behind", "finished")  # which the worker takes when there is nothing before it
    assert status(redis, "due") == "queued" and status(redis, "child") == "deferred"
    cq(stage, "resume", "--queue", "default")
    wait_status(redis, "child", "finished")
    assert lines(path) == ["due", "child"] and worker.running()


def test_ticks_of_cron_fill_a_paused_queue_and_run_when_it_goes_on(stage, redis, queue):
    table = stage.path("crontab")
    with open(table, "w") as file:
        file.write(
            "0 3 * * * --name nightly --group night --retry-max 1 jobs.flaky\n* * * * * --name often "
            f"jobs.note {stage.path('order')}\n"
        )
    cq(stage, "suspend", "--queue", "default")
    for name in ("nightly", "often", "often"):
        cq(stage, "cron", "--trigger", name, table)
    stage.burst()
    assert queue.count == 3
    cq(stage, "resume", "--queue", "default")
    stage.burst()
    assert (
        FinishedJobRegistry("default", connection=redis).count == 3 and len(lines(stage.path("order"))) == 2
    )
    assert len(members(redis, "night")) == 1


@pytest.mark.parametrize("executor", ["rq", KIND])
def test_a_limited_job_that_repeats_and_retries_later_gives_its_slot_to_others_meanwhile(
    stage, redis, queue, executor
):
    put(
        stage,
        redis,
        "cq",
        "repeats",
        "jobs.nothing",
        words=[*LIMIT, "--repeat", "1", "--repeat-interval", "3600"],
    )
    put(
        stage,
        redis,
        "cq",
        "retries",
        "jobs.fail",
        "as asked",
        words=[*LIMIT, "--retry-max", "1", "--retry-interval", "3600"],
    )
    put(stage, redis, "cq", "last", "jobs.nothing", words=LIMIT)
    stage.burst(options=["--max-jobs", "1"], **(rq_folder(stage) if executor == "rq" else {}))
    assert status(redis, "repeats") == "scheduled"
    stage.worker("other")  # its maintenance finds the slot that RQ's worker kept
    wait_status(redis, "retries", "queued")
    stage.burst()
    assert [status(redis, name) for name in ("repeats", "retries", "last")] == [
        "scheduled",
        "scheduled",
        "finished",
    ]
    for name in ("repeats", "retries"):
        redis.zadd("rq:scheduled:default", {name: 1})
    enqueue_due(queue, redis)  # RQ's, which knows of no slots: the worker looks
    stage.burst(options=["--num-workers", "2"])
    assert [status(redis, name) for name in ("repeats", "retries")] == ["finished", "failed"]
    wait_until(lambda: not redis.exists("rq:rl:api:allowed", "rq:rl:api:rate_limited"), "all slots are free")


@pytest.mark.parametrize("executor", ["rq", KIND])
def test_an_id_that_runs_is_enqueued_anew_to_wait_for_its_own_dependent_s_end(stage, redis, queue, executor):
    """The execution that runs has nothing to say any more, and what waits for the id waits for its new
    life."""
    hold(stage, queue, job_id="again")
    worker = stage.worker(kind=executor, **({"path": rq_folder(stage)["path"]} if executor == "rq" else {}))
    wait_running(stage)
    put(stage, redis, "cq", "other", "jobs.nothing", words=["--schedule-in", "3600"])
    put(stage, redis, "cq", "again", "jobs.note", stage.path("order"), parents=["other"])
    put(stage, redis, "rq", "child", "jobs.note", stage.path("order"), parents=["again"])
    assert [status(redis, name) for name in ("again", "child")] == ["deferred", "deferred"]
    if executor == "rq":  # RQ's worker writes over the new life: known (docs/REDIS.md)
        return
    release(stage)
    wait_until(
        lambda: redis.hget(f"rq:worker:{worker.name}", "state") == b"idle", "the old execution has ended"
    )
    assert [status(redis, name) for name in ("again", "child")] == ["deferred", "deferred"]
    redis.zadd("rq:scheduled:default", {"other": 1})
    enqueue_due(queue, redis)
    wait_status(redis, "child", "finished")
    assert lines(stage.path("order")) == ["again", "child"]
