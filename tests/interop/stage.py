"""What the tests act on: a private Redis, worker processes of either kind, and waiting for conditions.

A worker is `cq worker` or RQ's own `rq worker`: most tests describe what both do, and a test that fails with
RQ's worker is a wrong test. The kind comes from the environment: WORKER=cq (the default), cq-reuse
(--reuse-horses), or rq. The tests in this folder call functions of jobs.c; with WORKER=cq-python and
cq-python-reuse they call their twins in jobs.py, as with rq. The tests in python/ are applications in Python,
whatever the worker.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import redis
from rq.utils import now, utcparse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CQ = os.path.abspath(os.environ.get("CQ", ROOT / "build" / "cq"))
RQ = str(Path(sys.executable).parent / "rq")
KIND = os.environ.get("WORKER", "cq")
KINDS = ("cq", "cq-reuse", "cq-python", "cq-python-reuse", "rq")
FUNCTIONS = "python" if KIND == "rq" or KIND.startswith("cq-python") else "c"
REUSE = KIND.endswith("-reuse")
TIMEOUT_S = float(os.environ.get("CQ_TEST_PATIENCE", "60"))  # of one wait: it only ends a test that hangs


def wait_until(condition, what, timeout_s=None):
    """Poll until condition() is true and return its value. The time is a bound for slow machines, never a
    measure."""
    deadline = time.monotonic() + (timeout_s or TIMEOUT_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.01)


def wait_for_no_echo(redis, *workers):
    """Until a second signal to workers that were told to stop is not taken for an echo of the first: both
    kinds ignore one within a second of the date that they store."""

    def is_past(name):
        date = redis.hget(f"rq:worker:{name}", "shutdown_requested_date")
        return date and now() - utcparse(date.decode()) > timedelta(seconds=1)

    wait_until(lambda: all(map(is_past, workers)), f"{workers} were told to stop a second ago")


def process_is_alive(pid):
    """A zombie counts as dead: its parent may take its time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    """The ids of all processes below pid, children first."""
    return [found for child in children_of(pid) for found in (child, *descendants(child))]


class RedisServer:
    """A redis-server of our own on a Unix socket."""

    def __init__(self, folder, persistent=False):
        self.folder = Path(folder)
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.persistent = persistent
        self.process = None

    def start(self):
        save = (
            ["--appendonly", "yes", "--appendfsync", "always"] if self.persistent else ["--appendonly", "no"]
        )
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                [
                    "redis-server",
                    "--port",
                    "0",
                    "--unixsocket",
                    str(self.socket),
                    "--save",
                    "",
                    *save,
                    "--dir",
                    str(self.folder),
                    "--proto-max-bulk-len",
                    "600mb",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        wait_until(self._answers, "redis-server answers")

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            return self.connect().ping()
        except redis.exceptions.RedisError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(TIMEOUT_S)
        self.process = None

    def connect(self, **options):
        return redis.Redis(unix_socket_path=str(self.socket), **options)


class Worker:
    """One worker process with its log captured."""

    def __init__(self, kind, name, argv, env, log_path):
        self.kind = kind
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env, cwd=log_path.parent
            )
        self.pid = self.process.pid
        self.orphans = []

    def log(self):
        return self.log_path.read_text(errors="replace")

    def findings(self):
        """What a sanitizer said of cq itself; what it said of a job's function is marked as that job's
        output."""
        return [
            line
            for line in self.log().splitlines()
            if ("Sanitizer" in line or "runtime error:" in line) and ": stderr: " not in line
        ]

    def wait(self, timeout_s=None):
        """Wait for its end; the exit status."""
        try:
            return self.process.wait(timeout_s or 3 * TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end; its log:\n{self.log()}") from None

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process.poll() is None

    def kill(self):
        """SIGKILL, as an operator or the kernel would: nothing is told to anybody."""
        if self.running():
            self.orphans += descendants(self.pid)
            self.process.kill()
        self.process.wait(TIMEOUT_S)

    def end(self):
        """Whatever it takes, its horses too."""
        below = self.orphans
        if self.running():
            below = descendants(self.pid)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(0.3 if self.kind == "rq" else 2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(TIMEOUT_S)
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # RQ's scheduler has the connection of the worker that forked it: as long as it lives a BLMOVE of that
        # worker waits in Redis, and takes the first job of the next test.
        wait_until(
            lambda: not any(process_is_alive(pid) for pid in below), f"what {self.name} has started is gone"
        )


class Stage:
    """Starts workers and commands against one Redis; ends them all at the end of a test."""

    def __init__(self, server, folder, paths, database=0):
        """paths: the folders of the functions for "rq" and "cq" workers."""
        self.server = server
        self.folder = Path(folder)
        self.paths = paths
        self.database = database
        self.workers = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("REDIS", "RQ_", "CQ_"))}
        self.env["PYTHONUNBUFFERED"] = "1"
        # As in an active virtual environment: `python3` is the interpreter that has the tests' RQ.
        self.env["PATH"] = f"{Path(sys.executable).parent}:{self.env.get('PATH', '')}"

    @property
    def url(self):
        return self.server.url + (f"?db={self.database}" if self.database else "")

    def worker(self, *queues, kind=None, name=None, ready=True, options=(), url=None, path=None, python=None):
        """Start a worker. ready: return once it is registered and hears commands (not with --burst).
        path: the folders of the functions; python: an interpreter other than the one of the tests."""
        kind = kind or KIND
        name = name or f"{kind}-{len(self.workers) + 1}"
        common = ["--url", url or self.url, "--name", name, *options]
        for folder in path or self.paths["rq" if kind == "rq" else "cq"]:
            common += ["--path", str(folder)]
        if kind == "rq":
            argv = [RQ] if python is None else [python, "-c", "from rq.cli import main; main()"]
        else:
            argv = [CQ]
            common += ["--reuse-horses"] * REUSE + ([] if python is None else ["--python", str(python)])
            if kind.startswith("cq-python") and path is None:
                common += [
                    "--preload",
                    "jobs",
                ]  # it imports rq, which takes a slow machine longer than the timeouts of tests
        argv = [*argv, "worker", *common, *(queues or ["default"])]
        worker = Worker(kind, name, [str(word) for word in argv], self.env, self.folder / f"{name}.log")
        self.workers.append(worker)
        if ready and "--burst" not in options:
            self.wait_ready(worker)
        return worker

    def wait_ready(self, worker):
        connection = self.server.connect(db=self.database)
        channel = f"rq:pubsub:{worker.name}"

        def ready():
            if not worker.running():
                raise AssertionError(f"{worker.name} ended at its start:\n{worker.log()}")
            return (
                connection.sismember("rq:workers", f"rq:worker:{worker.name}")
                and connection.pubsub_numsub(channel)[0][1] == 1
                and connection.hget(f"rq:worker:{worker.name}", "state") in (b"idle", b"busy", b"suspended")
            )

        wait_until(ready, f"{worker.name} is registered and listens")

    def wait_idle(self, worker):
        """Until it, the only one, waits in Redis for a job. RQ's handler of SIGTERM raises out of whatever an
        idle worker does, and redis-py drops what is raised where it tidies up a pipeline: then `warm shut
        down requested` is all that comes of the signal."""
        connection = self.server.connect(db=self.database)
        wait_until(
            lambda: any("b" in client["flags"] for client in connection.client_list()),
            f"{worker.name} waits for a job",
        )

    def burst(self, *queues, options=(), status=0, **arguments):
        """Run a worker until all queues are empty; the Worker, for its log."""
        worker = self.worker(*queues, options=["--burst", *options], **arguments)
        assert worker.wait() == status, worker.log()
        return worker

    def cli(self, *arguments, kind=None, **options):
        """Run `cq ARGUMENTS` (or `rq ARGUMENTS`) and return what subprocess.run does, as text."""
        kind = kind or KIND
        program = RQ if kind == "rq" else CQ
        command, *rest = arguments
        return subprocess.run(
            [program, command, "--url", self.url, *rest],
            env=self.env,
            text=True,
            cwd=HERE,
            capture_output=True,
            timeout=3 * TIMEOUT_S,
            **options,
        )

    def path(self, name):
        """A file for jobs to write to."""
        return str(self.folder / name)

    def end(self):
        for worker in self.workers:
            worker.end()
