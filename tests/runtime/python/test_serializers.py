"""Which serializer a job is in, and what a worker that was given one refuses."""

import json
import pickle
import zlib

import pytest

CALL = ["len", None, ["abc"], {}]


def failure_of(answer):
    kind, fields = answer
    assert kind == "failed", answer
    return fields["exc"]


def test_a_json_job_is_answered_in_json(runtime):
    kind, fields = runtime.run(None, data=zlib.compress(json.dumps(CALL).encode()))
    assert (kind, fields) == ("done", {"value": b"3"})


def test_a_json_job_gets_lists_and_any_text(runtime, module):
    module("jsonapp", "def echo(*a, **k): return [a, k]\n")
    data = json.dumps(["jsonapp.echo", None, [[1], "\ud800é", None, 1.5], {"k": True}]).encode()
    kind, fields = runtime.run(None, data=data)
    assert json.loads(fields["value"]) == [[[1], "\ud800é", None, 1.5], {"k": True}]


def test_msgpack_without_its_package_names_the_package(runtime, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "msgpack", None)
    text = failure_of(runtime.run(None, data=b"\x94\xa3len\xc0\x91\xa3abc\x80"))
    assert "rq.exceptions.DeserializationError: the job's data cannot be read (msgpack): ImportError:" in text
    assert "pip install msgpack" in text


def test_msgpack_with_its_package_is_used_as_it_is(runtime, module, monkeypatch):
    module(
        "msgpack",
        """
        def unpackb(data, raw, strict_map_key):
            assert (raw, strict_map_key) == (False, False)
            return ['len', None, ['abcd'], {}]
        def packb(value, use_bin_type):
            assert use_bin_type
            return bytes([value])
    """,
    )
    assert runtime.run(None, data=b"\x94\xa3len\xc0\x91\xa3abc\x80") == ("done", {"value": b"\x04"})


@pytest.mark.parametrize(
    "data, name",
    [
        (pickle.dumps(CALL, 5), "pickle"),
        (pickle.dumps(CALL, 2), "pickle"),
        (pickle.dumps(CALL, 1), "pickle"),
        (pickle.dumps(CALL, 0), "pickle"),
        (b"[1]", "json"),
        (b' {"a": 1}\n', "json"),
        (b"7", "json"),
        (b"-1.5", "json"),
        (b"\x94\xa1x\xc0\x90\x80", "msgpack"),
        (b"\xdc\x00\x04", "msgpack"),
        (b"\x80", "msgpack"),
        (b"\xc0", "msgpack"),
        (b"\x80\x06", "msgpack"),
        (b"", "pickle"),
    ],
)
def test_the_first_bytes_tell_the_serializer(runtime, data, name):
    assert runtime._serial.choose(data).name == name


@pytest.mark.parametrize(
    "only, path",
    [
        ("json", "json"),
        ("pickle", "pickle"),
        ("msgpack", "msgpack"),
        ("json", "rq.serializers.JSONSerializer"),
        ("pickle", "rq.serializers.DefaultSerializer"),
        ("pickle", "rq.serializers.PickleSerializer"),
    ],
)
def test_a_worker_for_one_serializer_refuses_the_others_before_it_reads_them(runtime, only, path):
    bomb = b"\x80\x05cnowhere\nbomb\n)R."
    of = {"pickle": bomb, "json": b"[not json", "msgpack": b"\x94\xff"}
    runtime._serial.configure(path)
    for name, data in of.items():
        if name == only:
            assert runtime._serial.choose(data).name == only
        else:
            text = failure_of(runtime.run(None, data=data))
            assert text.rstrip().endswith(
                f"cq.SerializerRefused: the job is written in {name}, and this worker takes only "
                f"{only} (--serializer)"
            )


def test_a_serializer_of_ones_own_reads_and_writes_everything(runtime, module):
    module(
        "mine",
        """
        class Reversed:
            @staticmethod
            def loads(data): return 'len', None, (data[::-1].decode(),), {}
            @staticmethod
            def dumps(value): return repr(value)[::-1].encode()
    """,
    )
    runtime._serial.configure("mine.Reversed")
    kind, fields = runtime.run(None, data=zlib.compress(b"cba" * 10))
    assert (kind, fields["value"]) == ("done", b"03")
    job = runtime._job.Job(runtime.frame(data=b"x"))
    job.meta["a"] = 1
    assert job.take_meta() == b"}1 :'a'{"


def test_a_serializer_that_is_none_is_refused(runtime):
    with pytest.raises(TypeError, match="the serializer os.path has no loads and dumps"):
        runtime._serial.configure("os.path")
    with pytest.raises(ValueError, match="there is no module nowhere"):
        runtime._serial.configure("nowhere.Serializer")


def test_a_pickle_of_a_class_that_is_gone_says_which(runtime):
    text = failure_of(runtime.run(None, data=b"\x80\x04\x8c\x07nowhere\x8c\x05Thing\x93."))
    assert text.rstrip().endswith(
        "rq.exceptions.DeserializationError: the job's data cannot be read (pickle): "
        "ModuleNotFoundError: No module named 'nowhere'"
    )


@pytest.mark.parametrize(
    "data", [b"garbage", b"\x80\x05garbage", b"\x80\x04N.", b"[]", b"[1, 2, 3, 4]", b'["len"', b"\x80\x05]."]
)
def test_damaged_data_is_a_deserialization_error(runtime, data):
    assert "rq.exceptions.DeserializationError: the job's data cannot be read" in failure_of(
        runtime.run(None, data=data)
    )


def test_no_data_is_an_invalid_job(runtime):
    frame = runtime.frame(data=b"")
    assert "cq.InvalidJob: the job's hash has no data" in failure_of(runtime._horse._serve(frame))


def test_a_damaged_zlib_stream_is_not_taken_for_a_short_one(runtime):
    whole = zlib.compress(pickle.dumps(CALL, 5))
    assert runtime._serial.inflate(whole[:-6]) == whole[:-6]
    assert runtime._serial.inflate(b"not zlib") == b"not zlib"


def test_data_that_inflates_beyond_all_bounds_is_refused(runtime, monkeypatch):
    monkeypatch.setattr(runtime._serial, "PAYLOAD_MAX", 1000)
    monkeypatch.setattr(runtime._serial, "_SMALL", 10)
    text = failure_of(runtime.run(None, data=zlib.compress(b"\x80\x05" + b"x" * 5000)))
    assert "the data of the job is larger than 1000 bytes" in text


def test_a_value_that_cannot_be_written_is_replaced_as_rq_does_and_logged(runtime, module):
    module(
        "unwritable",
        "def lam(): return lambda: 1\nclass Bad:\n    def __reduce__(self): raise SystemExit(3)\n"
        "def bad(): return Bad()\n",
    )
    assert runtime.value("unwritable.lam") == "Unserializable return value"
    assert runtime.value("unwritable.bad") == "Unserializable return value"
    first = runtime.sent("log")[0]
    assert first["level"] == "WARNING"
    assert first["text"].startswith(
        "the return value (function) cannot be written in pickle, so it is not stored: "
    )


def test_a_value_that_json_has_not_is_replaced_too(runtime, module):
    module("unjson", "def pair(): return {1, 2}\n")
    kind, fields = runtime.run(None, data=b'["unjson.pair", null, [], {}]')
    assert (kind, fields["value"]) == ("done", b'"Unserializable return value"')
