"""The processes of the soak: a Redis that keeps what it has acknowledged, and workers of many kinds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis

CQ = Path(os.environ.get("CQ", "build/cq")).resolve()
MODULES = CQ.parent / "tests/worker/modules"
PYTHON_MODULES = Path(__file__).resolve().parent / "modules"
QUEUES = ["high", "default", "low"]
PATIENCE_S = 2 * int(os.environ.get("CQ_TEST_PATIENCE", "60"))


def wait_until(condition, what, must=True):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            if must:
                raise SystemExit(f"soak: waited {PATIENCE_S} s in vain until {what}")
            print(f"waited {PATIENCE_S} s in vain until {what}")
            return
        time.sleep(0.05)


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Server:
    """redis-server that keeps what it has acknowledged, whatever happens to it."""

    def __init__(self, folder):
        self.folder = folder
        self.path = f"{folder}/redis.sock"
        self.connection = redis.Redis(unix_socket_path=self.path, socket_timeout=20)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                self.path,
                "--save",
                "",
                "--dir",
                self.folder,
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--enable-debug-command",
                "yes",
                "--maxmemory-policy",
                "noeviction",
                "--logfile",
                f"{self.folder}/redis.log",
            ]
        )
        self.wait()

    def wait(self):
        wait_until(self.answers, "redis-server answers")

    def answers(self):
        try:
            return self.connection.ping()
        except redis.exceptions.RedisError:
            return False

    def call(self, *words):
        """Until it works: every fault that Redis is put to passes."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.connection.execute_command(*words)
            except redis.exceptions.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


class Worker:
    """One `cq worker` process; another kind of it each time it is started."""

    kinds = [
        ["--num-workers", "3", "--with-scheduler"],
        ["--num-workers", "2", "--reuse-horses"],
        ["--dequeue-strategy", "round_robin", "--num-workers", "2", "--with-scheduler"],
        ["--dequeue-strategy", "random", "--reuse-horses", "--max-jobs-per-horse", "3", "--with-scheduler"],
        ["--max-jobs", "20", "--num-workers", "2", "--with-scheduler"],
        ["--burst"],
        ["--preload", "soak_jobs", "--num-workers", "2"],
    ]

    def __init__(self, soak, index):
        self.soak, self.index, self.round, self.process = soak, index, 0, None
        self.names = []

    def start(self):
        kind = self.kinds[(self.index + self.round) % len(self.kinds)]
        self.round += 1
        name = f"soak-{self.index}-{self.round}"
        slots = int(kind[kind.index("--num-workers") + 1]) if "--num-workers" in kind else 1
        self.names = [name] if slots == 1 else [f"{name}.{i + 1}" for i in range(slots)]
        self.most_descriptors = 40 + len(QUEUES) + 12 * slots
        self.log = open(f"{self.soak.folder}/{name}.log", "wb")
        self.process = subprocess.Popen(
            [
                CQ,
                "worker",
                "--url",
                f"unix://{self.soak.server.path}?socket_timeout=1",
                "--path",
                MODULES,
                "--path",
                PYTHON_MODULES,
                "--python",
                sys.executable,
                "--name",
                name,
                "--kill-grace",
                "1",
                *kind,
                *QUEUES,
            ],
            stdout=self.log,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
        )

    def alive(self):
        return self.process.poll() is None

    def has_started(self):
        """Signals are its own to handle by now."""
        return self.alive() and "started with PID" in Path(self.log.name).read_text(errors="replace")

    def stables(self):
        return children(self.process.pid)

    def horses(self):
        return [horse for stable in self.stables() for horse in children(stable)]

    def killed(self):
        """Its jobs are nobody's now: make them found without the wait for their score."""
        self.soak.dead.update(self.names)
        self.process.wait()
