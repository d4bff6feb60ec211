"""One row, once: a worker is started, warmed up, loaded, asked for lone jobs, looked at while idle and while
busy, stopped."""

import os
import signal
import statistics
import subprocess
import time
from pathlib import Path

from jobs_celery import CeleryJobs
from jobs_rq import RqJobs
from processes import Usage, machine_busy_s, tree, tree_pss_kb, tree_usage, usage
from server import wait_until

LOADED_S = 1.0  # batches are repeated until they have taken so long together,
MOST_BATCHES = 10  # or that many were run
SETTLE_S = 0.1  # what follows a job, such as forking ahead, is over
PROBES, FIRST_PROBES = 40, 5


class Run:
    def __init__(self, server, row, folder, functions=("noop", "nap", "hold")):
        self.server, self.row, self.folder = server, row, folder
        server.link.ask("FLUSHALL")
        self.jobs = (CeleryJobs if row.system == "celery" else RqJobs)(server, row.module)
        self.jobs.learn(functions)
        server.link.ask("FLUSHALL")
        self.process = row.start(server, folder)

    def until(self, condition, what, **options):
        def or_dead():
            if self.process.poll() is not None:
                raise SystemExit(
                    f"bench: the worker ended with status {self.process.returncode} before {what}"
                )
            return condition()

        wait_until(or_dead, what, **options)

    def until_idle(self):
        self.until(lambda: self.server.blocked() >= self.row.waiters, "it waits for a job")
        time.sleep(SETTLE_S)

    def batch(self, function, count):
        """So many jobs, executed: when each ended, in epoch seconds."""
        ids = self.jobs.prepare(function, count)
        self.jobs.release()
        self.until(
            lambda: self.jobs.finished() >= count, f"{count} jobs are finished", timeout_s=180, pause_s=0.01
        )
        self.until_idle()
        return self.jobs.ends(ids)

    def others_s(self):
        """Processor seconds of everybody else on the machine."""
        ours = (tree_usage(self.process.pid), *usage(os.getpid()), *usage(self.server.process.pid))
        return machine_busy_s() - sum(ours, Usage()).cpu_s

    def load(self, function):
        count = self.row.batch(function)
        spans, used, redis_s, others = [], Usage(), 0.0, 0.0
        traffic = {"commands": 0, "reads": 0, "bytes": 0}
        while sum(spans) < LOADED_S and len(spans) < MOST_BATCHES:
            ids = self.jobs.prepare(function, count)
            used_before, (redis_before, traffic_before) = (
                tree_usage(self.process.pid),
                self.server.link.counters(),
            )
            others_before, began = self.others_s(), time.monotonic()
            start = time.time()
            self.jobs.release()
            self.until(
                lambda: self.jobs.finished() >= count,
                f"{count} jobs are finished",
                timeout_s=180,
                pause_s=0.01,
            )
            self.until_idle()
            others = max(
                others, (self.others_s() - others_before) / (time.monotonic() - began) / os.cpu_count()
            )
            redis_after, traffic_after = self.server.link.counters()
            used += tree_usage(self.process.pid) - used_before
            redis_s += redis_after - redis_before
            for name, value in vars(traffic_after - traffic_before).items():
                traffic[name] += value
            spans.append(max(self.jobs.ends(ids)) - start)
        executed = count * len(spans)
        return {
            "others": others,
            "rate": executed / sum(spans),
            "cpu_ms": 1000 * used.cpu_s / executed,
            "faults": used.minor_faults / executed,
            "redis_ms": 1000 * redis_s / executed,
            **{name: value / executed for name, value in traffic.items()},
        }

    def latencies(self):
        """Seconds of lone jobs for a worker that waits; the first ones warm it up."""
        samples = []
        for _ in range(FIRST_PROBES + PROBES):
            self.until(lambda: self.server.blocked() >= self.row.waiters, "it waits for a job")
            time.sleep(0.02)  # it is busy for a moment with what follows a job
            samples.append(self.jobs.probe("noop"))
            time.sleep(0.005)
        return samples[FIRST_PROBES:]

    def busy_kb(self):
        """Memory while every slot runs a job."""
        home = Path(self.folder, "jobs")
        self.jobs.prepare("hold", self.row.slots)
        self.jobs.release()
        self.until(lambda: len(list(home.glob("held-*"))) == self.row.slots, "all slots run a job")
        time.sleep(SETTLE_S)
        memory = tree_pss_kb(self.process.pid)
        home.joinpath("let-go").touch()
        self.until(lambda: self.jobs.finished() >= self.row.slots, "the jobs that were held are finished")
        for path in (*home.glob("held-*"), home / "let-go"):
            path.unlink()
        return memory

    def stop(self):
        """All of it, in any case: pool and prefork workers leave processes behind when they are killed."""
        pids = tree(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
                return
            except subprocess.TimeoutExpired:
                pids = tree(self.process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()


def measure(server, row, folder):
    """A row's results of one round."""
    run = Run(server, row, folder)
    try:
        run.until_idle()
        run.batch(
            "noop", row.batch("noop") // 5
        )  # warm on every side: modules learnt, connections made, horses forked ahead
        result = {function: run.load(function) for function in row.loads}
        if row.loads and row.slots == 1:
            result["latencies"] = run.latencies()
            result["p50"] = statistics.median(result["latencies"])
        time.sleep(0.5)
        result["idle_kb"] = tree_pss_kb(run.process.pid)
        if row.system != "native":
            result["busy_kb"] = run.busy_kb()
        return result
    except SystemExit as fault:
        raise SystemExit(
            f"{fault}\nbench: {row.title} wrote:\n{Path(row.log(folder)).read_text(errors='replace')[-3000:]}"
        ) from None
    finally:
        run.stop()
