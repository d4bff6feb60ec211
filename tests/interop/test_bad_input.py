"""What broken or hostile producers write: the job fails with a text, the worker takes the next one."""

import json
import pickle
import struct
import zlib
from pathlib import Path

import pytest
from rq.job import Job, JobStatus
from rq.results import Result
from rq.utils import now, utcformat

import jobs
from stage import FUNCTIONS, wait_until


def put(redis, job_id, data, queue="default", **fields):
    """A job hash as a producer writes it, with data as given (None: without data), and its id on the
    queue."""
    moment = utcformat(now())
    job = {
        "created_at": moment,
        "enqueued_at": moment,
        "origin": queue,
        "status": "queued",
        "description": "hand-made",
        "timeout": "30",
        "success_callback_name": "",
        "failure_callback_name": "",
        "stopped_callback_name": "",
        "started_at": "",
        "ended_at": "",
        "last_heartbeat": "",
        "worker_name": "",
        "group_id": "",
        **fields,
    }
    if data is not None:
        job["data"] = data
    redis.hset(f"rq:job:{job_id}", mapping=job)
    redis.sadd("rq:queues", f"rq:queue:{queue}")
    redis.rpush(f"rq:queue:{queue}", job_id)


def nested(depth):
    """A pickle of lists in lists, deeper than any stack."""
    return b"\x80\x05" + b"]" * depth + b"a" * (depth - 1) + b"."


def call(arguments):
    """A pickled call of jobs.echo with the argument given as pickle opcodes."""
    return b"\x80\x05(\x8c\x09jobs.echoN" + arguments + b"\x85}t."


DAMAGED = {
    "empty": b"",
    "no zlib": b"\x00\x01\x02 not compressed, not a serialized call",
    "truncated zlib": zlib.compress(pickle.dumps(("jobs.add", None, (1, 2), {})))[:-9],
    "zlib then garbage": b"x\x9c" + b"\xff" * 40,
    "zlib of nothing": zlib.compress(b""),
    "text": zlib.compress(b"hello"),
    "not a call": zlib.compress(pickle.dumps(42)),
    "too few parts": zlib.compress(pickle.dumps(("jobs.add", None))),
    "arguments are a number": zlib.compress(pickle.dumps(("jobs.add", None, 5, {}))),
    "keywords are a list": zlib.compress(pickle.dumps(("jobs.add", None, (1, 2), [1]))),
    "function is a number": zlib.compress(pickle.dumps((5, None, (1, 2), {}))),
    "pickle cut short": zlib.compress(pickle.dumps(("jobs.add", None, (1, 2), {}), 5)[:-4]),
    "pickle with an unknown opcode": zlib.compress(call(b"\xfe")),
    "pickle of an unknown protocol": zlib.compress(b"\x80\x63N."),
    "pickle that pops nothing": zlib.compress(b"\x80\x050000."),
    "pickle that appends to nothing": zlib.compress(b"\x80\x05Na."),
    "pickle with an unset memo": zlib.compress(call(b"h\x05")),
    "pickle with a string of 2 GB to come": zlib.compress(call(b"X\xff\xff\xff\x7f")),
    "pickle with a string of 2^63 to come": zlib.compress(call(b"\x8d" + struct.pack("<Q", 2**63))),
    "pickle with a frame of 2^60": zlib.compress(b"\x80\x05\x95" + struct.pack("<Q", 2**60) + b"N."),
    "pickle with invalid UTF-8": zlib.compress(call(b"\x8c\x02\xff\xfe")),
    "json cut short": zlib.compress(b'["jobs.add", null, [1, 2'),
    "json of a number": zlib.compress(b"[5, null, [], {}]"),
}
# What RQ, which trusts its producers, survives badly or obeys.
HOSTILE = {
    "pickle nested 5 million deep": lambda: nested(5_000_000),
    "pickle nested in arguments": lambda: call(b"]" * 500_000 + b"a" * 499_999),
    "pickle with a memo index of 2^31": lambda: call(b"Nr\xff\xff\xff\x7f"),
    "pickle that contains itself": lambda: call(b"]\x94h\x00a"),
    "pickle that doubles and doubles": lambda: call(b"]\x94" + b"(h\x00h\x00e" * 40),
    "a billion laughs of tuples": lambda: call(
        b"N\x94" + b"".join(b"(" + b"h%c" % n * 10 + b"t\x94" for n in range(30))
    ),
    "json nested a million deep": lambda: b"[" * 1_000_000,
    "zip bomb": lambda: b"\x80\x05" + b"\x00" * 700_000_000,
}
# Arguments as any other to Python, which shares what is the same object.
HARMLESS_IN_PYTHON = {
    "pickle nested in arguments",
    "pickle that contains itself",
    "pickle that doubles and doubles",
}


def assert_survived(stage, redis, queue, data):
    put(redis, "bad", data)
    after = queue.enqueue("jobs.add", 1, 2)
    stage.burst()
    assert after.get_status() == JobStatus.FINISHED
    assert redis.hget("rq:job:bad", "status") in (b"finished", b"failed")


def assert_refused(stage, redis, queue, data):
    assert_survived(stage, redis, queue, data)
    assert redis.hget("rq:job:bad", "status") == b"failed"
    assert redis.zscore("rq:failed:default", "bad")
    ((_, entry),) = redis.xrange("rq:results:bad")
    result = Result.restore("bad", "1-0", entry, connection=redis)
    assert result.type == Result.Type.FAILED
    assert result.exc_string
    assert redis.zcard("rq:wip:default") == 0


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_data_fails_the_job(stage, redis, queue, damage):
    assert_refused(stage, redis, queue, DAMAGED[damage])


@pytest.mark.cq_only
@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_data_fails_the_job(stage, redis, queue, attack):
    check = assert_survived if FUNCTIONS == "python" and attack in HARMLESS_IN_PYTHON else assert_refused
    check(stage, redis, queue, zlib.compress(HOSTILE[attack](), 1))


@pytest.mark.cq_only
def test_damaged_data_is_told_in_one_line_with_the_job(stage, redis, queue):
    for number, data in enumerate(DAMAGED.values()):
        put(redis, f"bad-{number}", data)
    worker = stage.burst()
    lines = worker.log().splitlines()
    for number, damage in enumerate(DAMAGED):
        assert any(f"bad-{number}" in line for line in lines), damage
        ((_, entry),) = redis.xrange(f"rq:results:bad-{number}")
        text = Result.restore("x", "1-0", entry, connection=redis).exc_string
        assert text.strip() and len(text) < 5000 and len(text.rstrip().splitlines()[-1]) < 300, damage


def test_a_job_without_data_does_not_stop_the_worker(stage, redis, queue):
    put(redis, "bad", None)
    after = queue.enqueue("jobs.add", 1, 2)
    stage.burst()
    assert after.get_status() == JobStatus.FINISHED
    assert redis.llen("rq:queue:default") == 0
    assert redis.zcard("rq:wip:default") == 0


@pytest.mark.c_only
@pytest.mark.cq_only
def test_a_pickle_is_never_executed_by_a_native_function(stage, redis, queue):
    target = stage.path("executed")
    job = queue.enqueue("jobs.echo", jobs.Toucher(target))
    data = zlib.decompress(redis.hget(job.key, "data"))
    stage.burst()
    assert not Path(target).exists()
    assert job.get_status() == JobStatus.FAILED
    assert zlib.decompress(redis.hget(job.key, "data")) == data
    pickle.loads(data)  # Python does execute it: the test would see it
    assert Path(target).exists()


def test_bare_data_without_zlib_is_accepted(stage, redis):
    put(redis, "bare", pickle.dumps(("jobs.add", None, (1, 2), {})))
    stage.burst()
    assert Job.fetch("bare", connection=redis).return_value() == 3


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_is_read(stage, redis, protocol):
    value = {"a": [1, -2, 2**40, 2**100, 1.5, None, True, "ünï", ("t", 1)], "b": {"c": []}}
    put(redis, "old", zlib.compress(pickle.dumps(("jobs.as_json", None, (value,), {}), protocol)))
    put(redis, "bytes", zlib.compress(pickle.dumps(("jobs.echo", None, (b"\x00\xff",), {}), protocol)))
    stage.burst()
    assert Job.fetch("old", connection=redis).return_value() == json.dumps(value)
    assert Job.fetch("bytes", connection=redis).return_value() == b"\x00\xff"


@pytest.mark.parametrize(
    "field, value",
    [
        ("timeout", "soon"),
        ("result_ttl", "x"),
        ("retries_left", "many"),
        ("created_at", "yesterday"),
        ("retry_intervals", "[1,"),
        ("status", "dancing"),
        ("dependency_ids", "{"),
        ("meta", b"\x00broken"),
    ],
)
@pytest.mark.cq_only
def test_unreadable_fields_do_not_stop_the_job(stage, redis, queue, field, value):
    put(redis, "odd", zlib.compress(pickle.dumps(("jobs.add", None, (1, 2), {}))), **{field: value})
    stage.burst()
    assert redis.hget("rq:job:odd", "status") == b"finished"


@pytest.mark.cq_only
@pytest.mark.parametrize("job_id", ["site::job", "a:b:c", "with space", "ünï", "x" * 400, ":", "a:"])
def test_ids_of_older_producers_are_executed(stage, redis, job_id):
    # RQ 2.12 splits `job:execution` at every colon and cannot run these.
    put(redis, job_id, zlib.compress(pickle.dumps(("jobs.about", None, (), {}))))
    put(redis, job_id + "-fails", zlib.compress(pickle.dumps(("jobs.fail", None, ("no",), {}))))
    stage.burst()
    ((_, entry),) = redis.xrange(f"rq:results:{job_id}")
    assert Result.restore(job_id, "1-0", entry, connection=redis).return_value == f"{job_id} default"
    assert redis.zscore("rq:finished:default", job_id)
    assert redis.zscore("rq:failed:default", job_id + "-fails")
    assert redis.zcard("rq:wip:default") == 0


@pytest.mark.cq_only
def test_a_wrong_type_under_the_jobs_key_does_not_stop_the_worker(stage, redis, queue):
    redis.set("rq:job:strange", "a string")
    redis.rpush("rq:queue:default", "strange")
    job = queue.enqueue("jobs.add", 1, 2)
    worker = stage.worker(ready=False)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the next job is finished")
    assert worker.running()


@pytest.mark.slow
def test_an_argument_of_100_mb_goes_there_and_back(stage, redis, queue):
    value = b"0123456789" * 10_000_000
    job = queue.enqueue("jobs.echo", value, job_timeout=120)
    stage.burst()
    assert job.get_status() == JobStatus.FINISHED, job.latest_result().exc_string
    assert job.return_value() == value


@pytest.mark.slow
def test_a_thousand_arguments_arrive(stage, queue):
    job = queue.enqueue("jobs.echo", {f"key {n}": [n] * 100 for n in range(1000)})
    stage.burst()
    assert len(job.return_value()) == 1000
