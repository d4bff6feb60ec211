"""Jobs that wait for each other: a chain, one job with many dependents, one with many dependencies. How many
end in a second, and for how long Redis was held at most, with cq and with RQ's worker on the same server.
usage: graph.py FOLDER (see run.sh, ROWS=graph)

BENCH_CHAIN (1000), BENCH_FAN (10000) jobs for cq; a tenth of them for RQ, which looks at all dependencies of
a job as each of them ends.
"""

import os
import signal
import subprocess
import sys
import time

from jobs_rq import PLACEHOLDER, RqJobs
from link import encode, longest_command_ms
from rows import BARE, CQ, REUSE, SIMPLE, Row
from server import Server, wait_until

LIST, STAGED, DEFERRED, DONE = (
    b"rq:queue:default",
    b"bench:staged",
    b"rq:deferred:default",
    b"rq:finished:default",
)
OURS = Row("cq-graph", "cq -n 2 --reuse-horses, C functions", BARE, "native", "reuse", 2, REUSE)
THEIRS = Row("rq-graph", "RQ SimpleWorker", BARE, "rq", "reuse", 1, SIMPLE)


def number_of(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 20:
        raise SystemExit(f"bench: {name}={text} is not a number of at least 20")
    return int(text)


def chain(count):
    """Each waits for the one before it."""
    return [[] if at == 0 else [at - 1] for at in range(count)]


def fan_out(count):
    """All wait for the first."""
    return [[] if at == 0 else [0] for at in range(count + 1)]


def fan_in(count):
    """The last waits for all others."""
    return [[] for _ in range(count)] + [list(range(count))]


def id_of(at):
    return b"00000000-0000-4000-8000-%012d" % at


def prepare(jobs, link, graph):
    """As RQ registers them. What waits for nothing is staged."""
    template = jobs.hash_of("noop")
    for at, dependencies in enumerate(graph):
        job_id, others = id_of(at), [id_of(other) for other in dependencies]
        commands = [template.replace(PLACEHOLDER, job_id)]
        if others:
            names = "[" + ", ".join(f'"{other.decode()}"' for other in others) + "]"
            commands += [
                encode(
                    "HSET",
                    b"rq:job:" + job_id,
                    "status",
                    "deferred",
                    "dependency_id",
                    others[0],
                    "dependency_ids",
                    names,
                ),
                encode("ZADD", DEFERRED, int(time.time()), job_id),
                encode("SADD", b"rq:job::" + job_id + b":dependencies", *others),
            ]
            commands += [encode("SADD", b"rq:job:" + other + b":dependents", job_id) for other in others]
        else:
            commands.append(encode("RPUSH", STAGED, job_id))
        link.ask_all(commands)


def measure(server, row, folder, graph):
    """(jobs a second, the longest command)"""
    link = server.link
    link.ask("FLUSHALL")
    jobs = RqJobs(server, row.module)
    jobs.learn(["noop"])
    link.ask("FLUSHALL")
    prepare(jobs, link, graph)
    link.ask("CONFIG", "SET", "slowlog-log-slower-than", 500)
    link.ask("CONFIG", "SET", "slowlog-max-len", 10000)
    worker = row.start(server, folder)
    try:
        wait_until(lambda: server.blocked() > 0, "the worker waits")
        link.ask("SLOWLOG", "RESET")
        start = time.monotonic()
        link.ask("RENAME", STAGED, LIST)
        wait_until(lambda: link.ask("ZCARD", DONE) == len(graph), "all have run", timeout_s=900)
        seconds = time.monotonic() - start
        if link.ask("EXISTS", DEFERRED, LIST):
            raise SystemExit("bench: a job is left behind")
        return len(graph) / seconds, longest_command_ms(link)
    finally:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def measure_enqueue(server, count):
    """A job with many dependencies, by `cq enqueue`: (seconds, the longest command)"""
    link = server.link
    link.ask("FLUSHALL")
    jobs = RqJobs(server, BARE)
    jobs.learn(["noop"])
    prepare(jobs, link, [[] for _ in range(count)])
    ids = [id_of(at).decode() for at in range(count)]
    words = [
        word
        for start in range(0, count, 1000)
        for word in ("--depends-on", ",".join(ids[start : start + 1000]))
    ]
    link.ask("SLOWLOG", "RESET")
    start = time.monotonic()
    subprocess.run([CQ, "enqueue", "--url", server.url, "--quiet", *words, "bench.noop"], check=True)
    seconds = time.monotonic() - start
    if link.ask("ZCARD", DEFERRED) != 1:
        raise SystemExit("bench: the job is not deferred")
    return seconds, longest_command_ms(link)


def main():
    folder = sys.argv[1]
    length, width = number_of("BENCH_CHAIN", 1000), number_of("BENCH_FAN", 10000)
    shapes = (
        ("chain", chain, length),
        ("one job's dependents", fan_out, width),
        ("one job's dependencies", fan_in, width),
    )
    server = Server(folder)
    try:
        print(
            f"jobs that wait for each other, {os.cpu_count()} cores, Redis {server.version} on a Unix "
            "socket\n"
        )
        print(f"{'':<26} {'':<38} {'jobs':>7} {'jobs/s':>9} {'longest command':>16}")
        for what, shape, count in shapes:
            for row, number in ((OURS, count), (OURS, count // 10), (THEIRS, count // 10)):
                rate, held_ms = measure(server, row, folder, shape(number))
                print(f"{what:<26} {row.what:<38} {number:>7} {rate:>9.0f} {held_ms:>13.1f} ms", flush=True)
        for number in (width, width // 10):
            seconds, held_ms = measure_enqueue(server, number)
            print(
                f"{'enqueue with dependencies':<26} {'cq enqueue':<38} {number:>7} {1 / seconds:>9.1f} "
                f"{held_ms:>13.1f} ms",
                flush=True,
            )
    finally:
        server.stop()


main()
