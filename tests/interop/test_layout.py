"""Field by field: after the same jobs, Redis holds the same keys whether cq or RQ's own worker executed
them."""

import json
import pickle
import re
from base64 import b64decode

import pytest
from rq import Queue, Retry

from stage import KIND

# The worker's fields that may differ in value: each kind names its own version, cq names its runtimes.
WORKERS_OWN = ("version", "python_version")
# The exc_string of a result may differ too: a C function's traceback is its message, not a Python stack.

YEAR_S = 31536000  # RQ's DEFAULT_FAILURE_TTL

FORMS = [
    ("<time>", re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")),
    ("<execution>", re.compile(rb"[0-9a-f]{32}")),
    ("<epoch>", re.compile(rb"1\d{9}\.\d+")),
]


def form(value):
    """A value by its form: times and ids of executions differ from run to run."""
    for name, pattern in FORMS:
        if pattern.fullmatch(value):
            return name
    return value


class Near:
    """A number of seconds, give or take what a slow run takes."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __eq__(self, other):
        return abs(self.seconds - other.seconds) <= 15 if isinstance(other, Near) else NotImplemented

    def __repr__(self):
        return f"about {self.seconds} s"


def expiry(seconds):
    return seconds if seconds < 0 else Near(seconds)


def score(value, now):
    if value in (float("inf"), -1):
        return value
    return ("integer" if value == int(value) else "decimal"), Near(int(value - now))


def worker_field(name, value):
    if name in WORKERS_OWN:
        assert value
        return "<its own>"
    if name == "pid":
        assert int(value) > 0
        return "<number>"
    if name in ("total_working_time", "current_job_working_time"):
        assert float(value) >= 0
        return "<seconds>"
    return form(value)


def result_entry(entry):
    out = {}
    for name, value in entry.items():
        name = name.decode()
        if name == "exc_string":
            out[name] = b64decode(value)[:1]  # zlib's first byte
        elif name == "return_value":
            out[name] = b64decode(value)
        else:
            out[name] = form(value)
    if isinstance(out.get("return_value"), bytes) and out["return_value"][:1] == b"\x80":
        out["return_value"] = pickle.loads(out["return_value"])
    return out


def picture(redis):
    """All of Redis as plain data, without what differs from run to run."""
    now = redis.time()[0]
    out = {}
    for key in redis.keys():
        name = re.sub(r"[0-9a-f]{32}", "<execution>", key.decode())
        if name.startswith("rq:cq:"):
            continue
        kind = redis.type(key).decode()
        if kind == "hash":
            fields = {k.decode(): v for k, v in redis.hgetall(key).items()}
            reader = worker_field if name.startswith("rq:worker:") else lambda _, value: form(value)
            value = {field: reader(field, text) for field, text in fields.items()}
        elif kind == "zset":
            value = {form(member): score(at, now) for member, at in redis.zrange(key, 0, -1, withscores=True)}
        elif kind == "list":
            value = redis.lrange(key, 0, -1)
        elif kind == "set":
            value = redis.smembers(key)
        elif kind == "stream":
            value = [result_entry(entry) for _, entry in redis.xrange(key)]
        else:
            value = redis.get(key)
        out[name] = (kind, expiry(redis.ttl(key)), value)
    return out


def pictures(stage, redis, prepare, options=(), rq_options=(), queues=("default",)):
    """The same jobs, executed by our kind of worker and by RQ's."""
    found = []
    for kind, more in ((KIND, ()), ("rq", rq_options)):
        redis.flushall()
        prepare(Queue("default", connection=redis))
        stage.burst(*queues, kind=kind, name="same", options=[*options, *more])
        found.append(picture(redis))
    return found


def differences(ours, rqs):
    """Each difference as one line: the key, the field, our value, RQ's."""
    found = []
    for key in sorted({*ours, *rqs}):
        mine, theirs = ours.get(key, (None, None, None)), rqs.get(key, (None, None, None))
        if mine[0] == theirs[0] == "hash":
            for field in sorted({*mine[2], *theirs[2]}):
                if mine[2].get(field) != theirs[2].get(field):
                    found.append(f"{key} {field}: {mine[2].get(field)} | {theirs[2].get(field)}")
            mine, theirs = mine[:2], theirs[:2]
        if mine != theirs:
            found.append(f"{key}: {mine} | {theirs}")
    return found


def end_with_job(picture):
    """Results of a failed job without a failure_ttl: those of cq go with the job, RQ's stay for ever. Both as
    RQ's."""
    for key, (kind, ttl, value) in picture.items():
        job = picture.get(key.replace("rq:results:", "rq:job:"))
        if kind == "stream" and job and ttl == job[1] == Near(YEAR_S):
            picture[key] = (kind, -1, value)


def assert_same(ours, rqs):
    end_with_job(ours)
    assert differences(ours, rqs) == []


SCENARIOS = {
    "success": lambda queue: queue.enqueue("jobs.add", 1, 2, job_id="one"),
    "success with every option": lambda queue: queue.enqueue(
        "jobs.greet",
        "Ada",
        greeting="Hi",
        job_id="one",
        description="mine",
        job_timeout=33,
        result_ttl=44,
        failure_ttl=55,
        ttl=66,
        meta={"a": 1},
        retry=Retry(max=2, interval=[5, 6]),
    ),
    "none": lambda queue: queue.enqueue("jobs.nothing", job_id="one"),
    "result for ever": lambda queue: queue.enqueue("jobs.add", 1, 2, job_id="one", result_ttl=-1),
    "result not kept": lambda queue: queue.enqueue("jobs.add", 1, 2, job_id="one", result_ttl=0),
    "no timeout": lambda queue: queue.enqueue("jobs.add", 1, 2, job_id="one", job_timeout=-1),
    "failure": lambda queue: queue.enqueue("jobs.fail", "no", job_id="one"),
    "failure for ever": lambda queue: queue.enqueue("jobs.fail", "no", job_id="one", failure_ttl=-1),
    "failure with a ttl": lambda queue: queue.enqueue("jobs.fail", "no", job_id="one", failure_ttl=600),
    "retried to success": lambda queue: queue.enqueue("jobs.flaky", job_id="one", retry=Retry(max=2)),
    "retried to failure": lambda queue: queue.enqueue("jobs.fail", "no", job_id="one", retry=Retry(max=2)),
    "scheduled for a retry": lambda queue: queue.enqueue(
        "jobs.fail", "no", job_id="one", retry=Retry(max=3, interval=[60, 70])
    ),
    "unknown function": lambda queue: queue.enqueue("jobs.no_such_function", job_id="one"),
    "horse exits": lambda queue: queue.enqueue("jobs.leave", 3, job_id="one"),
    "horse crashes": lambda queue: queue.enqueue("jobs.crash", job_id="one"),
    "several": lambda queue: [queue.enqueue("jobs.add", n, n, job_id=f"n{n}") for n in range(3)],
    "nothing to do": lambda queue: None,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_redis_is_left_as_rqs_worker_leaves_it(stage, redis, scenario):
    ours, rqs = pictures(stage, redis, SCENARIOS[scenario])
    if scenario in ("horse exits", "horse crashes") and KIND != "rq":
        # RQ's worker writes the job from a copy that is older than its horse's: these two become empty. cq
        # keeps them.
        for field in ("last_heartbeat", "worker_name"):
            assert ours["rq:job:one"][2].pop(field)
            assert rqs["rq:job:one"][2].pop(field) == b""
    assert_same(ours, rqs)


def dependents(queue):
    parent = queue.enqueue("jobs.add", 1, 2, job_id="parent")
    queue.enqueue("jobs.add", 3, 4, job_id="child", depends_on=parent)


def test_redis_is_left_as_rqs_worker_leaves_it_after_dependents(stage, redis):
    ours, rqs = pictures(stage, redis, dependents)
    assert_same(ours, rqs)


def test_redis_is_left_as_rqs_worker_leaves_it_with_several_queues(stage, redis):
    ours, rqs = pictures(stage, redis, SCENARIOS["several"], queues=("high", "default"))
    assert_same(ours, rqs)


def test_exception_texts_of_dead_horses_are_rqs(stage, redis, queue):
    texts = []
    for kind in (KIND, "rq"):
        jobs = [queue.enqueue("jobs.leave", 3), queue.enqueue("jobs.crash")]
        stage.burst(kind=kind)
        texts.append([job.latest_result().exc_string for job in jobs])
    assert texts[0] == texts[1]


def test_retry_intervals_are_stored_as_rq_stores_them(redis, queue):
    """A guard of the comparison itself: what RQ writes is what rq-layout says."""
    job = queue.enqueue("jobs.add", 1, 2, retry=Retry(max=3, interval=[1, 2]))
    assert json.loads(redis.hget(job.key, "retry_intervals")) == [1, 2]
