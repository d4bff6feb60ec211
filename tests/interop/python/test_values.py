"""Arguments and results of any type that the serializer takes, to the worker and back."""

import collections
import datetime
import decimal
import fractions
import pathlib
import sys
import uuid
import zoneinfo

import pytest
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from bakery import models, tasks
from bakery.models import Crumb, Flags, Grain, Loaf, Sealed, Slice

MEGABYTE = 1024 * 1024
SAMPLES = {
    "time": datetime.datetime(2026, 2, 3, 4, 5, 6, 789),
    "time in a zone": datetime.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "date and delta": (
        datetime.date(2026, 1, 1),
        datetime.time(1, 2),
        datetime.timedelta(days=-1, microseconds=5),
    ),
    "decimal": [decimal.Decimal("0.10"), decimal.Decimal("-Infinity"), fractions.Fraction(1, 3)],
    "dataclass": Loaf("rye", decimal.Decimal("4.20"), [Grain.RYE]),
    "frozen dataclass as key": {Slice(1): "first"},
    "enum and flags": [Grain.WHEAT, Flags.SWEET | Flags.SALTY],
    "named tuple": Crumb(1, y=2),
    "own state": Sealed("sesame"),
    "sets": [{1, 2}, frozenset({"a"}), set()],
    "bytes": [b"", b"\x00\xff\x80", bytearray(b"mutable"), b"x" * 70_000],
    "texts": ["", "ünï ☃ 🐎", "NUL \x00 inside", "\ud800 alone", "x" * 70_000, "line\r\nline\u2028"],
    "numbers": [0, -1, 2**31, 2**64, -(2**200), 1.5, float("inf"), -0.0, 1 + 2j, True],
    "false values": [None, False, 0, "", [], {}, ()],
    "collections": [
        collections.Counter("abca"),
        collections.OrderedDict(b=1, a=2),
        collections.deque([1, 2], maxlen=5),
        collections.defaultdict(list, a=[1]),
    ],
    "odd keys": {None: 1, (1, "t"): 2, b"k": 3, 1.5: 4, frozenset(): 5},
    "standard types": [
        uuid.UUID(int=7),
        pathlib.PurePosixPath("/a/b"),
        range(3, 9, 2),
        slice(1, 2),
        Ellipsis,
        NotImplemented,
    ],
    "functions and classes": [tasks.add, len, Loaf, models.Oven.Tray, type(None), datetime.datetime.now],
    "deep": [[[[[[[[[[[[[[[[[[[["bottom"]]]]]]]]]]]]]]]]]]]],
    "wide": [list(range(20_000)), {str(n): n for n in range(2000)}],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_values_come_back_as_they_went(site, name):
    value = SAMPLES[name]
    result = site.value(tasks.echo, value)
    assert (type(result), result) == (type(value), value)


@pytest.mark.parametrize("value", [False, 0, "", [], {}, (), b"", 0.0, None])
def test_a_result_that_is_false_is_a_result(site, value):
    job = site.run(tasks.echo, value)
    assert (type(job.return_value()), job.return_value()) == (type(value), value)
    assert job.latest_result().type.name == "SUCCESSFUL"


def test_types_are_the_same_ones_in_the_job(site):
    for value, name in (
        (Loaf("x", decimal.Decimal(1)), "Loaf"),
        (Crumb(1, 2), "Crumb"),
        (Grain.RYE, "Grain"),
        (True, "bool"),
        (1.0, "float"),
    ):
        assert site.value(models.kind, value) == name
    assert site.value(models.price, Loaf("rye", decimal.Decimal("2.50"), [1, 2])) == decimal.Decimal("5.00")


def test_one_object_twice_is_one_object(site):
    shared = ["shared"]
    assert site.value(tasks.same, (shared, shared)) is True
    assert site.value(tasks.same, (["a"], ["a"])) is False
    first, second = site.value(tasks.echo, (shared, shared))
    assert first is second


def test_an_object_may_contain_itself(site):
    ring = [1]
    ring.append(ring)
    result = site.value(tasks.echo, ring)
    assert result[0] == 1 and result[1] is result


def test_an_exception_may_be_argument_and_result(site):
    result = site.value(tasks.echo, KeyError("as a value"))
    assert type(result) is KeyError and result.args == ("as a value",)


def test_ten_megabytes_go_in_and_out(site):
    blob = bytes(range(256)) * (10 * MEGABYTE // 256)
    assert site.value(tasks.size, blob) == 10 * MEGABYTE
    assert site.value(tasks.blob, 10 * MEGABYTE) == b"\xff" * (10 * MEGABYTE)
    text = "ü" * (5 * MEGABYTE)
    assert site.value(tasks.echo, text) == text


@pytest.mark.parametrize(
    "function, args",
    [
        (tasks.lock, ()),
        (tasks.local_function, ()),
        (models.sticky, ()),
        (open, ("/dev/null",)),
        ("bakery.current.connection", ()),
    ],
)
def test_a_result_that_cannot_be_serialized_is_said_so(site, function, args):
    job = site.run(function, *args)
    assert site.value_of(job) == "Unserializable return value"


def test_a_generator_is_no_result(site):
    job = site.run(tasks.slices, 3)
    if sys.version_info < (3, 12):  # asyncio took generators for coroutines, and so does RQ
        assert site.failure_of(job).endswith("RuntimeError: Task got bad yield: 0\n")
    else:
        assert site.value_of(job) == "Unserializable return value"


def test_a_generator_is_an_argument_of_nobody(site):
    with pytest.raises(TypeError):
        site.queue.enqueue(tasks.total, tasks.slices(3))


def test_an_argument_that_cannot_be_read_fails_the_job(site):
    job = site.run(tasks.echo, models.Mouldy())
    text = site.failure_of(job)
    assert "DeserializationError" in text and "RuntimeError: it is mouldy" in text


def test_an_argument_of_a_module_that_the_worker_has_not_fails_the_job(site, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("class Thing:\n    pass\n\n\ndef function():\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    text = site.failure(tasks.echo, only_here.Thing())
    assert "DeserializationError" in text and "ModuleNotFoundError: No module named 'only_here'" in text
    assert "only_here" in site.failure(only_here.function)
    assert site.value(tasks.add, 1, 2) == 3


def test_json_is_read_and_answered_in_json(stage, redis):
    queue = Queue("default", connection=redis, serializer=JSONSerializer)
    jobs = [
        queue.enqueue(tasks.collect, 1, "ü", [None, True], key={"a": 1.5}),
        queue.enqueue(tasks.echo, "x", meta={"n": 1}),
        queue.enqueue(tasks.echo, {"wide": list(range(5000))}),
        queue.enqueue("bakery.tasks.later", 2),
    ]
    failing = queue.enqueue("bakery.tasks.add", "x", 1)
    unfit = [queue.enqueue("builtins.set", [1]), queue.enqueue("bakery.tasks.blob", 3)]
    stage.burst(options=["--serializer", "json"])
    assert [job.return_value() for job in jobs] == [
        [[1, "ü", [None, True]], {"key": {"a": 1.5}}],
        "x",
        {"wide": list(range(5000))},
        2,
    ]
    assert "TypeError: can only concatenate str" in failing.latest_result().exc_string
    assert [job.return_value() for job in unfit] == ["Unserializable return value"] * 2
    assert jobs[1].get_meta() == {"n": 1}


@pytest.mark.parametrize("path", ["bakery.wire.Stamped", "bakery.wire.as_object", "bakery.wire.Dated"])
def test_a_serializer_of_the_applications_own(stage, redis, path):
    moment = datetime.datetime(2026, 2, 3, 4, 5)
    queue = Queue("default", connection=redis, serializer=path)
    jobs = [
        queue.enqueue("bakery.tasks.echo", {"at": moment}, meta={"since": moment}),
        queue.enqueue("bakery.current.save", "progress", moment),
    ]
    failing = queue.enqueue("bakery.tasks.add", 1, None)
    unfit = queue.enqueue("bakery.tasks.lock")
    stage.burst(options=["--serializer", path])
    assert [job.return_value() for job in jobs] == [{"at": moment}, "saved"]
    assert [job.get_meta() for job in jobs] == [{"since": moment}, {"progress": moment}]
    assert "unsupported operand" in failing.latest_result().exc_string
    assert (unfit.get_status(), unfit.return_value()) == (JobStatus.FINISHED, "Unserializable return value")


def test_a_pickle_is_not_read_by_a_worker_of_another_serializer(stage, redis, queue):
    flag = pathlib.Path(stage.path("executed"))
    jobs = [queue.enqueue(tasks.echo, models_toucher(flag)), queue.enqueue(pathlib.Path.touch, flag)]
    good = Queue("default", connection=redis, serializer=JSONSerializer).enqueue(tasks.add, 1, 2)
    stage.burst(options=["--serializer", "json"])
    assert {job.get_status() for job in jobs} == {JobStatus.FAILED}
    assert all(job.latest_result().exc_string for job in jobs)
    assert not flag.exists()
    assert good.return_value() == 3


def models_toucher(path):
    """Writes the file as it is unpickled."""
    from bakery.harm import Toucher

    return Toucher(str(path))
