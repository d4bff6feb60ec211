"""The package `cq` against a stand-in for `_cq`: what it sends is a list, what it receives too.

Each test imports the package anew, because its modules hold the state of a process. What needs a process of
its own (which modules are imported, signals that kill) runs scripts.
"""

import importlib
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PACKAGE = ROOT / "runtime" / "python"
URL = "unix:///nowhere/redis.sock"


class Exit(BaseException):
    """_cq.exit was called."""


class Wire:
    """Stands in for _cq: frames to and from nobody."""

    def __init__(self):
        self.sent = []  # (type, fields) of send and answer
        self.logged = []  # (level, text) of log
        self.learned = []
        self.frames = []  # to be received
        self.events = []  # to be served
        self.hellos = []
        self.titles = []
        self.cleanings = 0
        self.own_threads = None
        self.own_sockets = []

    def module(self):
        module = types.ModuleType("_cq")
        for name in (
            "open",
            "hello",
            "log",
            "serve",
            "status",
            "probe",
            "receive",
            "send",
            "answer",
            "learn",
            "title",
            "clean_up",
            "exit",
            "threads",
            "sockets",
        ):
            setattr(module, name, getattr(self, name))
        return module

    def open(self, runtime, version):
        self.opened = (runtime, version)

    def hello(self, **fields):
        self.hellos.append(fields)

    def log(self, level, text):
        self.logged.append((level, text))

    def serve(self):
        return self.events.pop(0) if self.events else None

    def status(self):
        return 0

    def probe(self, function):
        """In a child, as the real one; without its limits."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                text = "+" + str(function())
            except BaseException as error:
                text = "-" + repr(error)
            os.write(writer, text.encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb") as stream:
            text = stream.read().decode()
        os.waitpid(pid, 0)
        return (text[:1] == "+", text[1:] or "it died")

    def receive(self):
        return self.frames.pop(0) if self.frames else None

    def send(self, kind, fields):
        self._check(fields)
        self.sent.append((kind, dict(fields)))

    def answer(self, kind, fields):
        self.send(kind, fields)

    @staticmethod
    def _check(fields):
        for name, value in fields.items():
            assert isinstance(name, str)
            assert value is None or isinstance(value, (str, bytes, int, bool)), (
                f"{name}: {value!r} cannot be sent"
            )
            if isinstance(value, str):
                value.encode()

    def learn(self, names):
        assert isinstance(names, list)
        self.learned.extend(names)

    def title(self, detail):
        self.titles.append(detail)

    def clean_up(self):
        self.cleanings += 1

    def exit(self, status):
        raise Exit(status)

    def threads(self):
        return len(sys._current_frames()) if self.own_threads is None else self.own_threads

    def sockets(self):
        return self.own_sockets


class Runtime:
    """The package, freshly imported."""

    def __init__(self, wire):
        self.wire = wire
        self.Exit = Exit

    def __getattr__(self, name):
        return importlib.import_module("cq" if name == "cq" else f"cq.{name}")

    def configure(self, **setup):
        """As a stable is told by its worker."""
        self._stable._prepare({"url": URL, **setup})

    def frame(self, call=None, fields=None, data=None, **more):
        """A job frame. call: (name, instance, args, kwargs)"""
        import pickle
        import zlib

        if data is None:
            data = zlib.compress(pickle.dumps(call, 5))
        hash_ = {
            b"data": data,
            b"status": b"started",
            b"origin": b"default",
            b"created_at": b"2024-05-06T07:08:09.123456Z",
            b"enqueued_at": b"2024-05-06T07:08:09.123456Z",
            b"started_at": b"2024-05-06T07:08:10.123456Z",
        }
        hash_.update(fields or {})
        return {
            "type": "job",
            "id": "a-job",
            "execution": "e",
            "queue": "default",
            "worker": "a-worker",
            "timeout": 180,
            "reuse": False,
            "fields": hash_,
            **more,
        }

    def run(self, name, *args, instance=None, kwargs=None, fields=None, data=None, **more):
        """Run one job. Returns the answer: (type, fields)."""
        frame = self.frame((name, instance, args, kwargs or {}), fields, data, **more)
        return self._horse._serve(frame)

    def value(self, name, *args, **more):
        """Run one job that has to succeed. Returns its value."""
        import pickle

        kind, fields = self.run(name, *args, **more)
        assert kind == "done", fields
        return pickle.loads(fields["value"]) if "value" in fields else None

    def failure(self, name, *args, **more):
        """Run one job that has to fail. Returns the text."""
        kind, fields = self.run(name, *args, **more)
        assert kind == "failed", (kind, fields)
        return fields["exc"]

    def sent(self, kind):
        return [fields for each, fields in self.wire.sent if each == kind]


def forget(*prefixes):
    for name in list(sys.modules):
        if name in prefixes or name.startswith(tuple(f"{prefix}." for prefix in prefixes)):
            del sys.modules[name]


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    """The package with a stand-in for _cq, and a folder on sys.path for modules of the test (`module`)."""
    wire = Wire()
    path, finders, register_at_fork = list(sys.path), list(sys.meta_path), os.register_at_fork
    monkeypatch.setitem(sys.modules, "_cq", wire.module())
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # a horse may set them
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    forget("cq")
    sys.path.insert(0, str(PACKAGE))
    runtime = Runtime(wire)
    runtime._horse.adopt()
    last_resort = sys.modules["logging"].lastResort
    yield runtime
    sys.modules["logging"].lastResort = last_resort
    sys.path[:], sys.meta_path[:], os.register_at_fork = path, finders, register_at_fork
    forget("cq")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """module(name, source): write a module that jobs can name; gone after the test."""
    written = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name, source):
        file = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in list(file.parents):
            if folder == tmp_path:
                break
            (folder / "__init__.py").touch()
        file.write_text(textwrap.dedent(source))
        written.append(name.split(".")[0])
        importlib.invalidate_caches()
        forget(name.split(".")[0])
        return name

    yield write
    forget(*written)


PRELUDE = """
import sys, types
_cq = types.ModuleType('_cq')
sent = []
_cq.send = _cq.answer = lambda kind, fields: sent.append((kind, fields))
_cq.title = lambda detail: None
_cq.log = lambda level, text: sent.append(('log', {'level': level, 'text': text}))
_cq.learn = lambda names: sent.append(('learn', names))
_cq.sockets = lambda: []
_cq.threads = lambda: 1
sys.modules['_cq'] = _cq
sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[2])
"""


@pytest.fixture
def script(tmp_path):
    """script(source, python=..., args=...): run it in an interpreter of its own, with a stand-in for _cq; its
    output."""

    def run(source, python=sys.executable, status=0, prelude=PRELUDE):
        text = prelude + textwrap.dedent(source)
        done = subprocess.run(
            [str(python), "-c", text, str(PACKAGE), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    return run
