"""`cq enqueue` beside `rq enqueue`: the same words on the command line leave the same job; RQ's worker
executes it."""

import pickle
import re
import zlib

import pytest
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from stage import KIND

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

ARGUMENTS = [
    [],
    ["text"],
    ["two words", "", "it's", 'a "quote"', "back\\slash", "tab\there", "new\nline", "ünï ☃ 🐎", "\x7f\x80"],
    ["key=text", "other="],
    [
        ":1",
        ":-1.5",
        ":null",
        ":true",
        ':"x"',
        ":[1, 2.0, [3]]",
        ':{"b": 1, "a": [null]}',
        ":1e5",
        ":123456789012345678901234567890",
    ],
    ["key:=1", 'other:={"x": [1]}'],
    [
        "%1",
        "%'x'",
        "%(1, 'two', 3.0)",
        "%[None, True]",
        "%{'a': 1}",
        "%b'bytes\\x00'",
        "%1_000",
        "%0xff",
        "%-2.5e-3",
        "%{1, 2}",
    ],
    ["key%=(1,)", "other%={'x': {'y': []}}"],
    ["@text.txt", "key=@text.txt", ":@value.json", "%@literal.txt"],
    ["x" * 200, "key=" + "y" * 200, ":[" + ", ".join(["1"] * 100) + "]"],
    ["z=1", "a=2", "m=3"],
    ["a=b=c", "url:=\"http://x/?a=b\""],
]


def enqueue(stage, *arguments, kind=None):
    """Run `enqueue`; its standard output, with the job id at its end."""
    result = stage.cli("enqueue", *arguments, kind=kind)
    assert result.returncode == 0, result.stderr
    return result.stdout


def only_job(redis):
    """Id and hash of the one job in Redis."""
    (key,) = redis.keys("rq:job:*")
    return key.decode()[len("rq:job:") :], {k.decode(): v for k, v in redis.hgetall(key).items()}


def readable(fields, loads):
    """The hash with its call decoded and its times by their form."""
    out = {}
    for name, value in fields.items():
        if name == "data":
            value = loads(zlib.decompress(value))
        elif name.endswith("_at") and value:
            assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value), (name, value)
            value = "<time>"
        out[name] = value
    return out


def both(stage, redis, arguments, loads=pickle.loads):
    """What `enqueue` of our kind and RQ's leave: for each the printed text, the job and the key's state."""
    found = []
    for kind in (KIND, "rq"):
        redis.flushall()
        text = enqueue(stage, *arguments, kind=kind)
        job_id, fields = only_job(redis)
        assert job_id in text
        state = {
            "text": text.replace(job_id, "<id>"),
            "job": readable(fields, loads),
            "expires": redis.ttl(f"rq:job:{job_id}") > 0,
            "queues": redis.smembers("rq:queues"),
            "keys": sorted(
                key.decode().replace(job_id, "<id>") for key in redis.keys() if not key.startswith(b"rq:cq:")
            ),
        }
        found.append(state)
    return found


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: " ".join(arguments)[:40] or "none")
def test_arguments_make_the_job_that_rq_makes(stage, redis, arguments, monkeypatch):
    files = {
        "text.txt": "from\na file ü",
        "value.json": '{"a": [1, null]}',
        "literal.txt": "(1, {'x': b'y'})",
    }
    paths = {}
    for name, text in files.items():
        paths[name] = stage.path(name)
        open(paths[name], "w").write(text)
    for name, path in paths.items():
        arguments = [argument.replace("@" + name, "@" + path) for argument in arguments]
    ours, rqs = both(stage, redis, ["jobs.collect", *arguments])
    assert ours == rqs


@pytest.mark.parametrize(
    "options",
    [
        ["--queue", "other"],
        ["--timeout", "90s"],
        ["--timeout", "-1"],
        ["--timeout", "2h"],
        ["--result-ttl", "0"],
        ["--result-ttl", "5m"],
        ["--result-ttl", "-1"],
        ["--ttl", "60"],
        ["--failure-ttl", "1d"],
        ["--description", "what I do: ü"],
        ["--job-id", "my-own_id"],
        ["--at-front"],
        ["--retry-max", "3"],
        ["--retry-max", "2", "--retry-interval", "10", "--retry-interval", "20"],
    ],
    ids=" ".join,
)
def test_options_make_the_job_that_rq_makes(stage, redis, options):
    ours, rqs = both(stage, redis, [*options, "jobs.add", ":1", ":2"])
    assert ours == rqs


def test_json_jobs_are_rqs_json_jobs(stage, redis):
    ours, rqs = both(
        stage,
        redis,
        ["--serializer", "json", "jobs.collect", "x", ":[1, 2.5, null]", "key:={\"a\": \"ü\"}"],
        loads=lambda b: b,
    )
    assert JSONSerializer.loads(ours["job"].pop("data")) == JSONSerializer.loads(rqs["job"].pop("data"))
    assert ours == rqs


def test_pickles_are_of_the_protocol_that_rq_writes(stage, redis):
    enqueue(stage, "jobs.collect", "text")
    _, fields = only_job(redis)
    assert zlib.decompress(fields["data"])[:2] == bytes([0x80, pickle.HIGHEST_PROTOCOL])


def test_generated_ids_are_uuid4(stage, redis):
    enqueue(stage, "jobs.nothing")
    job_id, _ = only_job(redis)
    assert UUID4.fullmatch(job_id)


def test_quiet_prints_nothing(stage, redis):
    assert enqueue(stage, "--quiet", "jobs.nothing") == ""


def test_at_front_is_the_front(stage, redis, queue):
    enqueue(stage, "--job-id", "first", "jobs.nothing")
    enqueue(stage, "--job-id", "second", "jobs.nothing")
    enqueue(stage, "--job-id", "front", "--at-front", "jobs.nothing")
    assert queue.get_job_ids() == ["front", "first", "second"]


@pytest.mark.parametrize("executor", ["rq", KIND])
def test_a_worker_executes_what_was_enqueued(stage, redis, queue, executor):
    enqueue(stage, "--job-id", "sum", "jobs.add", ":19", "%23")
    enqueue(stage, "--job-id", "greeting", "jobs.greet", "Ada", "greeting=Salut")
    enqueue(stage, "--job-id", "values", "jobs.echo", "%[1, 2.5, None, True, 'ünï', {'a': {}}]")
    enqueue(stage, "--job-id", "failure", "jobs.fail", "as asked")
    enqueue(stage, "--job-id", "flaky", "--retry-max", "2", "jobs.flaky")
    stage.burst(kind=executor)

    def value(job_id):
        return Job.fetch(job_id, connection=redis).return_value()

    assert value("sum") == 42
    assert value("greeting") == "Salut, Ada!"
    assert value("values") == [1, 2.5, None, True, "ünï", {"a": {}}]
    assert value("flaky") == "well at last"
    failure = Job.fetch("failure", connection=redis)
    assert failure.get_status() == JobStatus.FAILED
    assert "as asked" in failure.latest_result().exc_string


@pytest.mark.parametrize("executor", ["rq", KIND])
def test_a_worker_executes_what_was_enqueued_in_json(stage, redis, executor):
    enqueue(stage, "--serializer", "json", "--job-id", "sum", "jobs.add", ":19", "%23")
    enqueue(stage, "--serializer", "json", "--job-id", "values", "jobs.echo", ':{"a": [1, 2.5, null, "ü"]}')
    stage.burst(kind=executor, options=["--serializer", "json"])

    def value(job_id):
        return Job.fetch(job_id, connection=redis, serializer=JSONSerializer).return_value()

    assert value("sum") == 42
    assert value("values") == {"a": [1, 2.5, None, "ü"]}


@pytest.mark.parametrize("name", ["with:colon", "with space", "bench:default", "ünï ☃", "rq:queue:x", "100%"])
def test_any_queue_name_works_both_ways(stage, redis, name):
    queue = Queue(name, connection=redis)
    job = queue.enqueue("jobs.about")
    enqueue(stage, "--queue", name, "--job-id", "ours", "jobs.about")
    assert queue.get_job_ids() == [job.id, "ours"]
    stage.burst(name)
    assert job.return_value() == f"{job.id} {name}"
    assert Job.fetch("ours", connection=redis).return_value() == f"ours {name}"
    assert sorted(queue.finished_job_registry.get_job_ids()) == sorted([job.id, "ours"])
    assert (
        f"queue {name} 0, 0 executing, 2 finished, 0 failed\n" in stage.cli("info", "--raw", kind="rq").stdout
    )
