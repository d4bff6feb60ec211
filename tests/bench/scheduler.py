"""Many jobs that are due in the same second: how long until all are on their list, and until all have run,
with the scheduler of cq's worker and with RQ's. usage: scheduler.py FOLDER (see run.sh, ROWS=scheduler)

BENCH_DUE (100000) jobs for cq, BENCH_DUE_RQ (5000) for RQ, whose scheduler moves 1000 a second.
"""

import os
import signal
import subprocess
import sys
import threading
import time

from jobs_rq import PLACEHOLDER, RqJobs, epoch
from link import Link, encode, longest_command_ms
from rows import BARE, REUSE, SIMPLE, Row
from server import Server, wait_until

SCHEDULED, LIST, DONE, LOCK = (
    b"rq:scheduled:default",
    b"rq:queue:default",
    b"rq:finished:default",
    b"rq:scheduler-lock:default",
)
STAGED = b"bench:scheduled"
CQ = Row(
    "cq-due",
    "cq -s -n 2 --reuse-horses, C functions",
    BARE,
    "native",
    "reuse",
    2,
    ("--with-scheduler", *REUSE),
)
RQ = Row("rq-due", "RQ SimpleWorker --with-scheduler", BARE, "rq", "reuse", 1, ("--with-scheduler", *SIMPLE))
LEAD_S = 2  # from when the jobs are there until they are due


def many(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise SystemExit(f"bench: {name}={text} is not a number of at least 1")
    return int(text)


class Pulse(threading.Thread):
    """Asks Redis all the time; the longest that an answer took is the longest that anybody waited."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.link, self.longest_s, self.over = Link(path), 0.0, False

    def run(self):
        while not self.over:
            start = time.perf_counter()
            self.link.ask("PING")
            self.longest_s = max(self.longest_s, time.perf_counter() - start)
            time.sleep(0.0005)


def prepare(jobs, link, count):
    """All that many scheduled jobs are, but for rq:scheduled itself: their entries wait under another key,
    with the score 1."""
    template = jobs.hash_of("noop").replace(encode("queued")[4:], encode("scheduled")[4:])
    for start in range(0, count, 10000):
        ids = [b"due-%d" % number for number in range(start, min(start + 10000, count))]
        link.ask_all(
            [
                template.replace(
                    b"$%d\r\nrq:job:%b" % (len(PLACEHOLDER) + 7, PLACEHOLDER),
                    encode(b"rq:job:" + job_id)[4:-2],
                )
                for job_id in ids
            ]
        )
        link.ask("ZADD", STAGED, *[word for job_id in ids for word in (1, job_id)])


def measure(server, row, folder, count):
    link = server.link
    link.ask("FLUSHALL")
    jobs = RqJobs(server, row.module)
    jobs.learn(["noop"])
    link.ask("FLUSHALL")
    link.ask("CONFIG", "SET", "slowlog-log-slower-than", 500)
    prepare(jobs, link, count)
    worker = row.start(server, folder)
    pulse = Pulse(server.path)
    try:
        wait_until(
            lambda: link.ask("EXISTS", LOCK) == 1 and server.blocked() > 0, "the worker schedules and waits"
        )
        due = int(time.time()) + LEAD_S
        link.ask("ZUNIONSTORE", SCHEDULED, 1, STAGED, "WEIGHTS", due)
        link.ask("DEL", STAGED)
        time.sleep(max(0, due - 0.5 - time.time()))
        link.ask("SLOWLOG", "RESET")
        pulse.start()
        wait_until(lambda: link.ask("ZCARD", SCHEDULED) == 0, "all are on the list", timeout_s=300)
        listed_s = time.time() - due
        block_ms = longest_command_ms(link)
        wait_until(lambda: link.ask("ZCARD", DONE) == count, "all have run", timeout_s=600, pause_s=0.02)
        run_s = time.time() - due
        pulse.over = True
        pulse.join()
        starts = link.ask_all(
            [encode("HGET", b"rq:job:due-%d" % number, "started_at") for number in range(count)]
        )
        return {
            "first_s": min(map(epoch, starts)) - due,
            "listed_s": listed_s,
            "run_s": run_s,
            "block_ms": block_ms,
            "wait_ms": 1000 * pulse.longest_s,
        }
    finally:
        pulse.over = True
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(20)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


def main():
    folder = sys.argv[1]
    rows = (CQ, many("BENCH_DUE", 100000)), (RQ, many("BENCH_DUE_RQ", 5000))
    server = Server(folder)
    try:
        print(f"jobs due in one second, {os.cpu_count()} cores, Redis {server.version} on a Unix socket\n")
        print(
            f"{'':<44} {'jobs':>7} {'first starts':>13} {'all listed':>11} {'all run':>9} "
            f"{'longest command':>16} {'longest wait':>13}"
        )
        rates = []
        for row, count in rows:
            seen = measure(server, row, folder, count)
            rates.append(count / seen["listed_s"])
            print(
                f"{row.what:<44} {count:>7} {seen['first_s'] * 1000:>10.0f} ms {seen['listed_s']:>9.2f} s "
                f"{seen['run_s']:>7.1f} s {seen['block_ms']:>13.1f} ms {seen['wait_ms']:>10.1f} ms",
                flush=True,
            )
        print(
            f"\nput on their list: {rates[0]:.0f} and {rates[1]:.0f} jobs a second, "
            f"{rates[0] / rates[1]:.0f} times as many"
        )
    finally:
        server.stop()


main()
