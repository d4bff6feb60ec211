"""The stable's own life: what it is told, what it refuses to start with, and what it does between forks."""

import gc
import sys

import pytest


@pytest.fixture
def stable(runtime):
    yield runtime._stable
    gc.unfreeze()
    gc.enable()


def refusal(runtime, **setup):
    """Start a stable that has to refuse. What it tells the worker."""
    runtime._stable.main({"url": "redis://nowhere", **setup})
    (hello,) = runtime.wire.hellos
    return hello["error"]


def test_a_stable_says_hello_and_serves_until_the_end(runtime, stable):
    stable.main({"url": "redis://nowhere"})
    assert runtime.wire.opened == ("python", ".".join(map(str, sys.version_info[:3])))
    assert runtime.wire.hellos == [{"soft_timeout": True, "callbacks": True}]
    assert runtime.wire.logged == []


def test_paths_come_behind_all_others_as_in_rq(runtime, stable, tmp_path):
    stable.main({"url": "redis://nowhere", "paths": [str(tmp_path), "/second"]})
    assert sys.path[-2:] == [str(tmp_path), "/second"]


def test_preloaded_modules_are_there_before_the_first_horse(runtime, stable, module):
    module("early", "")
    stable.main({"url": "redis://nowhere", "preload": ["early"]})
    assert "early" in sys.modules
    assert "error" not in runtime.wire.hellos[0]


@pytest.mark.parametrize(
    "source, last",
    [
        ("import there_is_no_such_thing\n", "ModuleNotFoundError: No module named 'there_is_no_such_thing'"),
        ("def f(:\n", "SyntaxError: invalid syntax (rotten.py, line 1)"),
        ("raise RuntimeError('no')\n", "RuntimeError: no"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("raise RuntimeError('2 errors:\\nthis\\nthat')\n", "RuntimeError: 2 errors: this that"),
    ],
)
def test_a_preload_that_fails_is_told_with_its_traceback_and_in_one_line_with_its_name(
    runtime, stable, module, source, last
):
    module("rotten", source)
    lines = refusal(runtime, preload=["rotten"]).splitlines()
    assert lines[0] == ("Traceback (most recent call last):" if "def" not in source else lines[0])
    assert any("rotten.py\", line" in line for line in lines)
    assert not any("<cq>" in line or "runtime/python/cq" in line for line in lines)
    assert lines[-1] == f"--preload rotten: {last}"


def test_a_preload_that_ends_the_process_is_told_all_the_same(runtime, stable, module):
    module("leaving", "import os\nos._exit(9)\n")
    text = refusal(runtime, preload=["leaving"])
    assert text.endswith("\n--preload leaving: SystemExit: os._exit(9) was called while it was imported")
    import os
    import posix

    assert os._exit is posix._exit


def test_a_preload_that_is_not_there_is_told(runtime, stable):
    assert (
        refusal(runtime, preload=["nowhere"])
        == "--preload nowhere: ModuleNotFoundError: No module named 'nowhere'"
    )


def test_a_preload_that_starts_a_thread_is_refused_with_where_it_runs(runtime, stable, module):
    module(
        "threading_app",
        """
        import threading
        stop = threading.Event()
        def poll(): stop.wait()
        thread = threading.Thread(target=poll, name='poller', daemon=True)
        thread.start()
    """,
    )
    text = refusal(runtime, preload=["threading_app"])
    sys.modules["threading_app"].stop.set()
    sys.modules["threading_app"].thread.join()
    assert text.startswith(
        "--preload threading_app: importing it starts a thread (poller: threading_app.poll). "
    )
    assert text.endswith("it has to be done in the job, not at import")
    assert "\n" not in text


def test_a_preload_that_connects_is_refused_with_its_peer(runtime, stable, module):
    module("connected", "")
    sys.modules["_cq"].sockets = lambda: ["127.0.0.1 port 6379"] if "connected" in sys.modules else []
    assert refusal(runtime, preload=["connected"]).startswith(
        "--preload connected: importing it connects to 127.0.0.1 port 6379. "
    )


def test_a_preload_with_threads_that_python_does_not_know_is_taken_with_a_warning(runtime, stable, module):
    module("grpcish", "")
    sys.modules["_cq"].threads = lambda: 3 if "grpcish" in sys.modules else 1
    stable.main({"url": "redis://nowhere", "preload": ["grpcish"]})
    assert "error" not in runtime.wire.hellos[0]
    ((level, text),) = runtime.wire.logged
    assert level == "WARNING" and text.startswith(
        "--preload grpcish: importing it starts a thread that is not Python's; "
    )


def test_what_a_preload_logs_reaches_the_worker(runtime, stable, module):
    module("talking", "import logging\nlogging.getLogger('app').warning('at import')\n")
    stable.main({"url": "redis://nowhere", "preload": ["talking"]})
    assert ("WARNING", "at import") in runtime.wire.logged


def test_an_interpreter_that_connects_by_itself_is_refused(runtime, stable):
    runtime.wire.own_sockets = ["127.0.0.1 port 6379"]
    assert refusal(runtime).startswith(
        "the interpreter itself (its sitecustomize, or a .pth file) connects to 127.0.0.1 port 6379. "
    )


def test_handlers_are_found_before_the_first_job(runtime, stable, module):
    module("handling", "def mine(job, *error): pass\nnumber = 5\n")
    stable.main({"url": "redis://nowhere", "handlers": ["handling.mine"]})
    assert runtime._failure.handlers == (sys.modules["handling"].mine,)


@pytest.mark.parametrize(
    "name, last",
    [
        ("handling.absent", "the module handling has no absent"),
        ("handling.number", "TypeError: handling.number is not callable"),
        ("nowhere.f", "there is no module nowhere"),
    ],
)
def test_handlers_that_are_none_are_refused(runtime, stable, module, name, last):
    module("handling", "number = 5\n")
    text = refusal(runtime, handlers=[name])
    assert text.startswith(f"--exception-handler {name}: ") and text.endswith(last)


def test_a_serializer_that_is_none_is_refused(runtime, stable):
    assert refusal(runtime, serializer="nowhere.Serializer").startswith("--serializer nowhere.Serializer: ")


def test_a_job_class_without_rq_is_refused(runtime, stable, monkeypatch):
    monkeypatch.setitem(sys.modules, "rq", None)
    monkeypatch.delitem(sys.modules, "rq.job", raising=False)
    text = refusal(runtime, job_class="mine.Job")
    assert text.endswith("ImportError: --job-class mine.Job needs the package rq, which is not installed")


@pytest.mark.parametrize(
    "name, why",
    [
        (
            "connecting.Absent",
            "ValueError: Invalid attribute name: connecting.Absent: the module connecting has no Absent",
        ),
        ("connecting.Other", "TypeError: connecting.Other is not a class of connections: it has no from_url"),
    ],
)
def test_a_connection_class_that_is_none_is_refused(runtime, stable, module, name, why):
    module("connecting", "class Other: pass\n")
    assert refusal(runtime, connection_class=name) == f"--connection-class {name}: {why}"


def test_a_refusal_fits_in_a_frame_with_its_last_line(runtime, stable, module):
    module("wordy", "raise RuntimeError('x' * 1_000_000)\n")
    text = refusal(runtime, preload=["wordy"])
    assert len(text.encode()) < 60_000
    assert text.splitlines()[-1].startswith("--preload wordy: RuntimeError: xxx")


def test_collection_is_off_while_it_forks_and_everything_is_frozen(runtime, stable):
    seen = []
    runtime.wire.serve = sys.modules["_cq"].serve = lambda: seen.append(
        (gc.isenabled(), gc.get_freeze_count() > 1000)
    )
    stable.main({"url": "redis://nowhere"})
    assert seen == [(False, True)]
    assert runtime._horse.collecting is True


def test_an_application_that_turned_collection_off_keeps_it_off_in_horses(runtime, stable, module):
    module("uncollected", "import gc\ngc.disable()\n")
    stable.main({"url": "redis://nowhere", "preload": ["uncollected"]})
    assert runtime._horse.collecting is False


def test_what_horses_report_is_learned_and_collection_stays_off(runtime, stable, module):
    module("often", "")
    seen = []
    events = [("learn", ["often"]), ("learn", ["often"])]

    def serve():
        seen.append(("often" in sys.modules, gc.isenabled()))
        return events.pop(0) if events else None

    sys.modules["_cq"].serve = serve
    stable.main({"url": "redis://nowhere"})
    assert seen == [(False, False), (True, False), (True, False)]
    assert runtime._horse.collecting is True
    assert runtime.wire.sent == [
        ("busy", {"seconds": 600, "imports": "often"}),
        ("busy", {"seconds": 0}),
        ("learned", {}),
    ]  # the second time nothing was new


def test_a_worker_that_is_gone_while_something_is_learned_ends_the_stable_quietly(runtime, stable, module):
    def send(kind, fields):
        raise ConnectionError("the other end of the socket is gone")

    module("often", "")
    runtime.wire.events.append(("learn", ["often"]))
    sys.modules["_cq"].send = sys.modules["_cq"].log = send
    assert stable.main({"url": "redis://nowhere"}) is None


def test_a_connection_class_that_connects_when_made_is_left_to_the_horses(runtime, stable, module):
    pytest.importorskip("rq")
    module(
        "eager",
        "import redis\nclass Eager(redis.Redis):\n    made = []\n"
        "    @classmethod\n    def from_url(cls, url):\n        cls.made.append(url)\n        return "
        "super().from_url(url)\n",
    )
    sys.modules["_cq"].sockets = lambda: (
        ["127.0.0.1 port 6379"] if sys.modules.get("eager").Eager.made else []
    )
    import eager

    runtime._rq.configure({"url": "redis://nowhere", "connection_class": "eager.Eager"})
    runtime._stable._warm()
    assert eager.Eager.made == [] and runtime._rq._connection is None
