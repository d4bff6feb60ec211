"""What an operator does to very many failed jobs: requeue, cancel, delete; how long, with how much memory,
and how long Redis was held.

usage: manage.py FOLDER; BENCH_MANAGE_JOBS: how many (1000000). A tenth of them goes first: time must grow
with the number, memory must not.
"""

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from link import Link, encode
from server import Server

CQ = os.environ["CQ"]
RQ = Path(sys.executable).parent / "rq"
RQ_JOBS = 20000  # rq loads every one of them, one after the other
GOAL_MS, GOAL_LINEAR, GOAL_RSS_MB = (
    20,
    2,
    2,
)  # what is not linear would give 10; caches that are too small for a million give 1.5

# Jobs as a worker leaves them when they fail: a hash, a result with a traceback, an entry of the registry.
FILL = """
local data, exc = ARGV[3], ARGV[4]
for i = ARGV[1], ARGV[2] do
    local id = string.format('%08x-7a11-4b1d-9c3e-%012x', i, i)
    redis.call('HSET', 'rq:job:' .. id, 'created_at', '2026-11-20T22:11:51.000123Z', 'data', data,
        'success_callback_name', '', 'failure_callback_name', '', 'stopped_callback_name', '',
        'started_at', '2026-11-20T22:11:52.000123Z', 'ended_at', '2026-11-20T22:11:53.000123Z',
        'last_heartbeat', '2026-11-20T22:11:53.000123Z', 'worker_name', 'bench', 'group_id', '',
        'origin', 'default', 'description', 'bench.tasks.fail(1)',
        'enqueued_at', '2026-11-20T22:11:51.000123Z', 'status', 'failed', 'timeout', '180')
    redis.call('EXPIRE', 'rq:job:' .. id, 31536000)
    redis.call('XADD', 'rq:results:' .. id, '*', 'type', '2', 'worker_name', 'bench', 'exc_string', exc)
    redis.call('ZADD', 'rq:failed:default', 1800000000 + math.floor(i / 1000), id)
end
redis.call('SADD', 'rq:queues', 'rq:queue:default')
"""


@dataclass
class Figures:
    what: str
    jobs: int
    seconds: float
    cpu_s: float  # of Redis and the command: how busy the machine is besides does not count
    rss_mb: float
    longest_ms: float  # of one command, by Redis' own clock
    ping_ms: float  # what somebody else waited at most, with all that the machine does besides
    waited_ms: float  # what Redis itself waited for a processor, in sum

    @property
    def each_us(self):
        return self.cpu_s / self.jobs * 1e6


class Pinger(threading.Thread):
    """Somebody else who wants something of Redis every millisecond."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.link, self.longest, self.running = Link(path), 0.0, True

    def run(self):
        ping = encode("PING")
        while self.running:
            start = time.perf_counter()
            self.link.send(ping)
            self.link.answer()
            self.longest = max(self.longest, time.perf_counter() - start)
            time.sleep(0.001)

    def stop(self):
        self.running = False
        self.join()
        self.link.close()


def fill(server, jobs):
    import base64
    import pickle
    import zlib

    data = zlib.compress(pickle.dumps(("bench.tasks.fail", None, (1,), {}), protocol=5))
    text = "Traceback (most recent call last):\n" + "".join(
        f'  File "/app/tasks/{n}.py", line {n}, in call_{n}\n' for n in range(12)
    )
    exc = base64.b64encode(zlib.compress((text + "ZeroDivisionError: division by zero\n").encode()))
    server.link.ask("FLUSHALL")
    for first in range(1, jobs + 1, 5000):
        server.link.ask("EVAL", FILL, 0, first, min(first + 4999, jobs), data, exc)


def peak_of(pid):
    """VmHWM in KiB: of the program alone, where ru_maxrss begins with that of its parent."""
    try:
        return next(
            (
                int(line.split()[1])
                for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                if line.startswith("VmHWM")
            ),
            0,
        )
    except (OSError, ValueError):
        return 0


def prefer(process):
    """Redis before whatever else the machine does, its thread that gives memory back included: else the
    longest command is that of somebody else. Not in real time: of that the kernel takes 50 ms a second away.
    Returns whether we may."""
    try:
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), -19)
        return True
    except PermissionError:
        return False


def schedule_of(process):
    """Seconds that Redis' main thread has had a processor, and has waited for one."""
    return [int(text) / 1e9 for text in Path(f"/proc/{process.pid}/schedstat").read_text().split()[:2]]


def cpu_of_children():
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def run(server, what, jobs, argv):
    """Fill, run, look. The slow log has every command above a millisecond."""
    fill(server, jobs)
    prefer(server.process)
    busy, waited = schedule_of(server.process)
    cpu = cpu_of_children()
    server.link.ask("CONFIG", "SET", "slowlog-log-slower-than", 1000)
    server.link.ask("CONFIG", "SET", "slowlog-max-len", 100000)
    server.link.ask("SLOWLOG", "RESET")
    pinger = Pinger(server.path)
    pinger.start()
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in argv],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    peak_kb = 0
    while process.poll() is None:
        peak_kb = max(peak_kb, peak_of(process.pid))
        time.sleep(0.005)
    seconds, status = time.perf_counter() - start, process.returncode
    pinger.stop()
    busy, waited = (after - before for before, after in zip((busy, waited), schedule_of(server.process)))
    cpu = cpu_of_children() - cpu + busy
    left = server.link.ask("ZCARD", "rq:failed:default")
    if status != 0 or left != 0:
        raise SystemExit(
            f"bench: {' '.join(map(str, argv))} ended with status {status}, and {left} jobs are left"
        )
    entries = server.link.ask("SLOWLOG", "GET", -1)
    # Not SLOWLOG RESET, which frees what the last run has left and is an entry of its own.
    longest = max((entry[2] for entry in entries if entry[3][0].upper() != b"SLOWLOG"), default=1000)
    server.link.ask("CONFIG", "SET", "slowlog-log-slower-than", -1)
    return Figures(
        what, jobs, seconds, cpu, peak_kb / 1024, longest / 1000, pinger.longest * 1000, waited * 1000
    )


def rows(server, jobs):
    every = ["--all", "--registry", "failed", "--url", server.url]
    commands = {
        "cq requeue": [CQ, "requeue", *every],
        "cq cancel": [CQ, "cancel", *every],
        "cq delete": [CQ, "delete", *every],
        "cq delete --function": [CQ, "delete", *every, "--function", "bench.tasks"],
        "cq delete --error": [CQ, "delete", *every, "--error", "ZeroDivisionError"],
    }
    for what, argv in commands.items():
        yield run(server, what, jobs // 10, argv), run(server, what, jobs, argv)


def verdict(name, value, goal, unit):
    return f"  {'met   ' if value <= goal else 'MISSED'}  {name}: {value:.2f}{unit} (at most {goal}{unit})"


def report(found, rq, process):
    lines = [
        f"{'':24}{'jobs':>10}{'seconds':>10}{'cpu s':>8}{'us a job':>10}{'peak MB':>10}{'longest ms':>12}"
        f"{'ping ms':>10}{'waited ms':>11}"
    ]
    for row in [row for pair in found for row in pair] + [rq]:
        lines.append(
            f"{row.what:24}{row.jobs:>10}{row.seconds:>10.2f}{row.cpu_s:>8.2f}{row.each_us:>10.1f}"
            f"{row.rss_mb:>10.1f}{row.longest_ms:>12.1f}{row.ping_ms:>10.1f}"
            f"{row.waited_ms:>11.0f}"
        )
    lines.append(
        "\nGoals (longest: of one command, by Redis' own clock; ping: what another client waited at "
        "most, waited: what Redis waited for a"
        "\nprocessor in sum; Redis has the highest priority"
        + ("" if prefer(process) else ", but may not here: run as root")
        + ")"
    )
    for small, large in found:
        lines.append(verdict(f"{large.what}, longest that Redis was held", large.longest_ms, GOAL_MS, " ms"))
        lines.append(
            verdict(
                f"{large.what}, processor time a job against a tenth of the jobs",
                large.each_us / small.each_us,
                GOAL_LINEAR,
                "",
            )
        )
        lines.append(
            verdict(
                f"{large.what}, peak memory more than with a tenth of the jobs",
                large.rss_mb - small.rss_mb,
                GOAL_RSS_MB,
                " MB",
            )
        )
    lines.append(
        f"\n  {rq.each_us / found[0][1].each_us:.0f} times less processor time a job than rq requeue "
        f"--all, {rq.rss_mb - found[0][1].rss_mb:.0f} MB less"
    )
    return "\n".join(lines)


def main():
    jobs = int(os.environ.get("BENCH_MANAGE_JOBS") or 1000000)
    server = Server(sys.argv[1])
    try:
        rq = run(
            server,
            "rq requeue --all",
            min(RQ_JOBS, jobs),
            [RQ, "requeue", "--all", "--queue", "default", "--url", server.url],
        )
        found = list(rows(server, jobs))
        print(report(found, rq, server.process), flush=True)
    finally:
        server.stop()


main()
