"""A pytest plugin for RQ's own tests: whatever works in them is `cq worker`.

Worker objects stay RQ's, so that tests can make and inspect them; their work() starts `cq worker` on the same
Redis, with the same name, queues and options, and waits for its end. That covers the workers of subprocesses,
of pools and of `rq worker` as well, since all of these end in work(). `rq` and `rqworker` on PATH are cq's,
too (run.sh).
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import threading
import time

from rq.scheduler import RQScheduler
from rq.suspension import is_suspended
from rq.worker import BaseWorker

import command
import record

LIMIT_S = float(
    os.environ.get("RQ_SUITE_LIMIT", "60")
)  # no test's worker works as long; a hanging one has to end
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Forwarder:
    """RQ's worker is the process that the tests signal; ours is its child, and gets what comes."""

    def __init__(self):
        self.process = None
        self.times = []
        self.old = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.old[number] = signal.signal(number, self.forward)
        return self

    def __exit__(self, *exc):
        for number, handler in self.old.items():
            signal.signal(number, handler)

    def forward(self, number, frame):
        self.times.append(time.monotonic())
        if self.process:
            self.process.send_signal(number)

    @property
    def was_cold(self):
        """As in RQ, a second signal counts when it comes more than a second after the first."""
        return len(self.times) > 1 and self.times[-1] - self.times[0] > 1


def new_log():
    record.log_folder().mkdir(parents=True, exist_ok=True)
    return record.log_folder() / f"{time.time():.6f}-{os.getpid()}.log"


def run_cq(words, forwarder):
    """Run one cq to its end; its status and its log."""
    log = new_log()
    with open(log, "ab") as output:
        output.write((" ".join(words) + "\n").encode())
        output.flush()
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=command.environment(),
            preexec_fn=die_with_parent,
        )
    forwarder.process = process
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        status = process.wait()
    finally:  # a test's own alarm ends the wait with an exception
        watchdog.cancel()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return status, log.read_text(errors="replace")


def jobs_done(worker):
    counts = worker.connection.hmget(worker.key, "successful_job_count", "failed_job_count")
    return sum(int(count or 0) for count in counts)


def wait_for_resume(worker, forwarder):
    """work() waits while the workers are suspended; `rq worker`, and so `cq worker`, refuses to start."""
    while is_suspended(worker.connection) and not forwarder.times:
        time.sleep(0.05)


def work(
    self,
    burst=False,
    logging_level=None,
    date_format=None,
    log_format=None,
    max_jobs=None,
    max_idle_time=None,
    with_scheduler=False,
    dequeue_strategy="default",
):
    folder = record.log_folder() / "modules"
    folder.mkdir(parents=True, exist_ok=True)
    words = command.worker_command(
        self, folder, burst, max_jobs, max_idle_time, with_scheduler, dequeue_strategy, logging_level
    )
    with Forwarder() as forwarder:
        if not burst:
            wait_for_resume(self, forwarder)
        status, log = run_cq(words, forwarder)
    if with_scheduler:
        self.scheduler = RQScheduler(self.queues, connection=self.connection)  # to be asked for its keys
    if forwarder.times:
        self._stop_requested = self.shutdown_requested_date is not None
    if forwarder.was_cold:
        raise SystemExit()
    if status == 1 and burst and is_suspended(self.connection):
        return False
    if status == 1 and "active worker named" in log:
        raise ValueError(log)
    if status != 0:
        raise RuntimeError(f"cq worker ended with status {status}:\n{log}")
    return jobs_done(self) > 0


def pytest_configure(config):
    multiprocessing.set_start_method("fork", force=True)  # so that workers of subprocesses are replaced, too
    BaseWorker.work = work
    if os.environ.get("RQ_SUITE_CLI"):
        import cq_cli

        cq_cli.install(new_log)
