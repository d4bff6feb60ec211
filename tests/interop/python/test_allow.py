"""--allow and --serializer: what a worker refuses to run or to read, before anything of it has happened."""

import base64
import datetime
import decimal
import os
import pathlib
import pickle
import subprocess
import zlib

import pytest
from rq import Callback, Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from bakery import harm, models, tasks

pytestmark = pytest.mark.cq_only

ALLOW = ["--allow", "bakery.tasks", "--allow", "bakery.models", "--allow", "bakery.events.success"]


class Runs:
    """Unpickling it calls whatever it was given."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.fixture
def run(stage):
    def run(options=ALLOW):
        return stage.burst(options=options)

    return run


def refusal(job):
    assert job.get_status() == JobStatus.FAILED, job.return_value()
    return job.latest_result().exc_string.strip().splitlines()[-1]


def test_what_is_allowed_runs_as_ever(run, queue):
    loaf = models.Loaf("rye", decimal.Decimal("2.50"), [1, 2])
    jobs = [
        queue.enqueue(tasks.add, 1, 2),
        queue.enqueue(models.price, loaf),
        queue.enqueue(models.Oven(180).bake, "bread"),
        queue.enqueue(
            tasks.echo,
            [datetime.datetime(2026, 1, 1), decimal.Decimal("1.5"), {1, 2}, pathlib.PurePosixPath("/a")],
        ),
        queue.enqueue(tasks.echo, models.Grain.RYE),
        queue.enqueue(tasks.nothing, on_success=Callback("bakery.events.success")),
        queue.enqueue(models.Oven.standard),
        queue.enqueue(tasks.later, models.Crumb(1, 2)),
    ]
    run()
    assert [job.get_status() for job in jobs] == [JobStatus.FINISHED] * len(jobs), [
        job.latest_result().exc_string for job in jobs
    ]
    assert [job.return_value() for job in jobs[:3]] == [3, decimal.Decimal("5.00"), "bread, 20 min at 180"]
    assert jobs[4].return_value() is models.Grain.RYE


@pytest.mark.parametrize(
    "function, args",
    [
        ("os.system", ("touch {flag}",)),
        (subprocess.run, (["touch", "{flag}"],)),
        ("builtins.eval", ("open('{flag}', 'w')",)),
        ("exec", ("open('{flag}', 'w')",)),
        ("bakery.harm.leave", (3,)),
        ("bakery.tasks_of_others.f", ()),
        ("bakery.tasks.threading.Thread", ()),
        ("bakery.tasks.asyncio.subprocess.create_subprocess_shell", ("touch {flag}",)),
        ("bakery.tasks.add.__globals__", ()),
        ("bakery.tasks.__builtins__.eval", ("open('{flag}', 'w')",)),
        ("bakery.events.failure", ()),
        (pathlib.Path("/tmp").exists, ()),
    ],
)
def test_other_functions_are_refused(stage, run, queue, function, args):
    flag = stage.path("flag")
    job = queue.enqueue(function, *eval(repr(args).replace("{flag}", flag)))
    after = queue.enqueue(tasks.add, 1, 2)
    run()
    assert refusal(job)
    assert not os.path.exists(flag)
    assert after.return_value() == 3


@pytest.mark.parametrize("where", ["argument", "keyword", "instance", "deep inside", "meta"])
@pytest.mark.parametrize(
    "function, text",
    [(os.system, "posix.system"), (eval, "builtins.eval"), (open, "open")],
    ids=["system", "eval", "open"],
)
def test_pickles_that_name_other_things_are_refused_unread(stage, run, queue, where, function, text):
    flag = stage.path("flag")
    args = {"system": (f"touch {flag}",), "eval": (f"open({flag!r}, 'w')",), "open": (flag, "w")}[
        function.__name__
    ]
    bomb = Runs(function, *args)
    data = {
        "argument": ("bakery.tasks.echo", None, (bomb,), {}),
        "keyword": ("bakery.tasks.collect", None, (), {"key": bomb}),
        "instance": ("bake", bomb, ("x",), {}),
        "deep inside": ("bakery.tasks.echo", None, ([{"a": [(bomb,)]}],), {}),
        "meta": ("bakery.current.about", None, (), {}),
    }[where]
    job = queue.enqueue("placeholder")
    mapping = {"data": zlib.compress(pickle.dumps(data))}
    if where == "meta":
        mapping["meta"] = pickle.dumps({"key": bomb})
    queue.connection.hset(job.key, mapping=mapping)
    run(options=[*ALLOW, "--allow", "bakery.current"])
    ((_, result),) = queue.connection.xrange(f"rq:results:{job.id}")
    assert queue.connection.hget(job.key, "status") == b"failed"
    assert text.encode() in zlib.decompress(base64.b64decode(result[b"exc_string"]))
    assert not os.path.exists(flag)


def test_the_refusal_says_what_it_was(run, queue):
    job = queue.enqueue(tasks.echo, Runs(os.system, "true"))
    other = queue.enqueue("bakery.harm.leave", 3)
    worker = run()
    assert refusal(job) == "cq.NotAllowed: the pickle in data names posix.system, which no --allow covers"
    assert "bakery.harm.leave" in refusal(other) and "--allow" in refusal(other)
    assert job.id in worker.log()


def test_callbacks_that_are_not_allowed_are_refused(run, queue):
    jobs = [
        queue.enqueue(tasks.nothing, on_success=Callback("bakery.events.success_raises")),
        queue.enqueue(tasks.nothing, on_failure="os.system"),
        queue.enqueue(tasks.nothing, on_stopped="bakery.harm.leave"),
    ]
    run()
    assert ["NotAllowed" in refusal(job) for job in jobs] == [True] * 3


def test_without_allow_everything_runs(stage, queue):
    flag = pathlib.Path(stage.path("flag"))
    job = queue.enqueue(tasks.echo, harm.Toucher(str(flag)))
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED and flag.exists()


def test_json_jobs_are_limited_by_their_function(run, redis):
    queue = Queue("default", connection=redis, serializer=JSONSerializer)
    good, bad = queue.enqueue(tasks.add, 1, 2), queue.enqueue("os.system", "true")
    run()
    assert good.return_value() == 3
    assert "os.system" in bad.latest_result().exc_string


def test_results_of_dependencies_are_read_by_the_same_rules(stage, run, redis, queue):
    flag = stage.path("flag")
    first = queue.enqueue(tasks.add, 1, 2)
    stage.burst(options=ALLOW)
    redis.xadd(
        f"rq:results:{first.id}",
        {
            "type": 1,
            "worker_name": "x",
            "return_value": base64.b64encode(pickle.dumps(Runs(os.system, f"touch {flag}"))),
        },
    )
    second = queue.enqueue("bakery.flow.of_dependencies", depends_on=first)
    run(options=[*ALLOW, "--allow", "bakery.flow"])
    assert second.get_status() == JobStatus.FAILED
    assert not os.path.exists(flag)
