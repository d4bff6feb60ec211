"""cq worker-pool as RQ's producers, monitoring and commands meet it, in one process and with one for each
worker."""

import os
import re
import signal
import socket
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from rq import Queue, Retry, Worker
from rq.command import send_shutdown_command
from rq.job import JobStatus

from stage import (
    CQ,
    REUSE,
    RQ,
    TIMEOUT_S,
    children_of,
    descendants,
    process_is_alive,
    wait_for_no_echo,
    wait_until,
)
from stage import Worker as Process
from test_recovery import let_heartbeat_pass
from test_workers import hold, release, wait_running

pytestmark = pytest.mark.cq_only
FORMS = ["slots", "processes"] if not REUSE else ["slots"]  # what horses are to a pool does not depend on it


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


class Pool:
    """`cq worker-pool` and what is known of its workers. Job functions are the stage's; ends with the
    stage."""

    def __init__(
        self, stage, form="slots", workers=2, queues=("default",), options=(), name="pool", env=None
    ):
        self.redis = stage.server.connect()
        argv = [CQ, "worker-pool", "--url", stage.url, "-n", str(workers), *options]
        argv += (
            (["--name", name] if name else [])
            + ["--processes"] * (form == "processes")
            + ["--reuse-horses"] * REUSE
        )
        for folder in stage.paths["cq"]:
            argv += ["--path", str(folder)]
        number = len(stage.workers)
        self.process = Process(
            "cq",
            name or "pool",
            [*argv, *queues],
            {**stage.env, **(env or {})},
            stage.folder / f"pool-{number}.log",
        )
        self.pid = self.process.pid
        stage.workers.append(self.process)
        if "--burst" not in options:
            self.wait_workers(workers)

    def workers(self):
        return sorted(worker.name for worker in Worker.all(connection=self.redis))

    def wait_workers(self, count):
        def ready():
            assert self.process.running(), self.process.log()
            names = [key.decode().split(":", 2)[2] for key in self.redis.smembers("rq:workers")]
            return len(names) == count and all(
                heard for _, heard in self.redis.pubsub_numsub(*[f"rq:pubsub:{n}" for n in names])
            )

        wait_until(ready, f"{count} workers are registered and listen", 2 * TIMEOUT_S)

    def stop(self, status=0):
        self.process.signal(signal.SIGTERM)
        assert self.process.wait() == status, self.process.log()
        assert self.redis.scard("rq:workers") == 0


def wait_status(job, status):
    wait_until(lambda: job.get_status(refresh=True) == status, f"{job.id} is {status}", 2 * TIMEOUT_S)


def held(stage, queue, count, **options):
    """So many jobs, all of them running."""
    jobs = [hold(stage, queue, f"-{number}", **options) for number in range(count)]
    for number in range(count):
        wait_running(stage, f"-{number}")
    return jobs


# --- What RQ sees.


def test_rq_sees_each_worker_of_a_pool(stage, redis, queue, form):
    pool = Pool(stage, form, 3, ("high", "default"))
    assert pool.workers() == ["pool.1", "pool.2", "pool.3"]
    assert Worker.count(connection=redis) == 3
    workers = Worker.all(queue=Queue("high", connection=redis))
    assert len(workers) == 3
    assert {worker.hostname for worker in workers} == {os.uname().nodename}
    assert len({worker.pid for worker in workers}) == (1 if form == "slots" else 3)
    assert {worker.pid for worker in workers} == set(children_of(pool.pid))
    assert all(worker.queue_names() == ["high", "default"] for worker in workers)
    shown = stage.cli("info", kind="rq").stdout
    assert "3 workers" in shown and "pool.2" in shown
    jobs = held(stage, queue, 3)
    wait_until(lambda: {worker.state for worker in Worker.all(connection=redis)} == {"busy"}, "all are busy")
    assert {worker.get_current_job_id() for worker in Worker.all(connection=redis)} == {
        job.id for job in jobs
    }
    for number in range(3):
        release(stage, f"-{number}")
    for job in jobs:
        wait_status(job, JobStatus.FINISHED)
    pool.stop()


def test_workers_of_a_pool_without_a_name_have_names_as_rqs_have(stage, redis):
    pool = Pool(stage, "slots", 2, name=None)
    first, second = pool.workers()
    assert re.fullmatch("[0-9a-f]{32}.1", first) and second == first[:-1] + "2"
    pool.stop()


def test_rqs_shutdown_command_ends_one_worker_and_the_pool_replaces_it(stage, redis, queue, form):
    pool = Pool(stage, form, 2)
    job = hold(stage, queue)
    wait_running(stage)
    (busy,) = [worker.name for worker in Worker.all(connection=redis) if worker.get_state() == "busy"]
    born = redis.hget(f"rq:worker:{busy}", "birth")
    send_shutdown_command(redis, busy)
    wait_until(lambda: redis.hexists(f"rq:worker:{busy}", "shutdown_requested_date"), "the command arrived")
    release(stage)
    wait_status(job, JobStatus.FINISHED)
    wait_until(lambda: redis.hget(f"rq:worker:{busy}", "birth") != born, "there is another worker")
    pool.wait_workers(2)
    wait_status(queue.enqueue("jobs.add", 1, 2), JobStatus.FINISHED)
    pool.stop()


def test_both_pools_share_the_queues_and_what_is_due(stage, redis, queue):
    pool = Pool(stage, "slots", 2)
    argv = [RQ, "worker-pool", "--url", stage.url, "-n", "2"]
    for folder in stage.paths["rq"]:
        argv += ["--path", str(folder)]
    theirs = Process("rq", "theirs", [*argv, "default"], stage.env, stage.folder / "theirs.log")
    stage.workers.append(theirs)
    pool.wait_workers(4)
    jobs = held(stage, queue, 4)
    late = queue.enqueue_in(timedelta(seconds=1), "jobs.add", 1, 2)
    for number in range(4):
        release(stage, f"-{number}")
    for job in [*jobs, late]:
        wait_status(job, JobStatus.FINISHED)
    theirs.signal(signal.SIGTERM)
    theirs.wait()
    pool.stop()


# --- Deaths.


def test_a_killed_worker_process_leaves_nothing_behind_and_its_job_runs_again(stage, redis, queue, form):
    pool = Pool(stage, form, 2)
    job = hold(stage, queue, retry=Retry(max=1))
    horse = wait_running(stage)
    victim = next(pid for pid in children_of(pool.pid) if horse in descendants(pid))
    below = descendants(victim)
    os.unlink(stage.path("pid"))
    os.kill(victim, signal.SIGKILL)
    let_heartbeat_pass(redis)  # before there is another process, which looks at its start
    wait_until(lambda: not any(map(process_is_alive, below)), "nothing of the process is left")
    pool.wait_workers(2)
    wait_running(stage)
    release(stage)
    wait_status(job, JobStatus.FINISHED)
    assert (
        f"worker process {victim} was killed by signal 9 (Killed); another is started in"
        in pool.process.log()
    )
    pool.stop()
    assert redis.zcard("rq:wip:default") == 0 and queue.failed_job_registry.count == 0


def test_nothing_outlives_a_killed_supervisor_but_the_jobs_that_run(stage, redis, queue, form):
    pool = Pool(stage, form, 2)
    (job,) = held(stage, queue, 1)
    below = descendants(pool.pid)
    pool.process.kill()
    wait_until(lambda: redis.scard("rq:workers") == 1, "the idle worker has ended")
    late = queue.enqueue("jobs.add", 1, 2)
    assert job.get_status(refresh=True) == JobStatus.STARTED
    release(stage, "-0")
    wait_until(lambda: not any(map(process_is_alive, below)), "nothing of the pool is left")
    assert job.get_status(refresh=True) == JobStatus.FINISHED
    assert late.get_status(refresh=True) == JobStatus.QUEUED
    assert redis.scard("rq:workers") == 0
    # Of the names that its workers have given back, the next pool has the first ones.
    after = Pool(stage, form, 2)
    assert after.workers() == ["pool.1", "pool.2"]
    wait_status(late, JobStatus.FINISHED)
    after.stop()


def test_supervisor_and_workers_killed_at_once_leave_no_process(stage, redis, queue, form):
    pool = Pool(stage, form, 2)
    (job,) = held(stage, queue, 1, retry=Retry(max=1))
    below = descendants(pool.pid)
    for pid in [pool.pid, *children_of(pool.pid)]:
        os.kill(pid, signal.SIGKILL)
    pool.process.process.wait(10)
    wait_until(lambda: not any(map(process_is_alive, below)), "nothing of the pool is left")
    # Their names are still theirs: others are free.
    os.unlink(stage.path("pid-0"))
    let_heartbeat_pass(redis)
    after = Pool(stage, form, 1, options=["--burst"])
    wait_running(stage, "-0")
    release(stage, "-0")
    assert after.process.wait() == 0, after.process.log()
    assert job.get_status(refresh=True) == JobStatus.FINISHED


# --- Ends.


def test_a_second_sigterm_kills_what_runs(stage, redis, queue, form):
    pool = Pool(stage, form, 2)
    jobs = held(stage, queue, 2)
    pool.process.signal(signal.SIGTERM)
    wait_for_no_echo(redis, "pool.1", "pool.2")
    pool.stop()
    for job in jobs:
        assert job.get_status(refresh=True) == JobStatus.FAILED
        assert "Work-horse terminated unexpectedly" in job.latest_result().exc_string


def test_what_still_runs_at_the_deadline_is_taken_by_rqs_worker_first(stage, redis, queue, form):
    pool = Pool(stage, form, 2, options=["--shutdown-timeout", "1", "--kill-grace", "1"])
    jobs = held(stage, queue, 2, retry=Retry(max=1))
    behind = queue.enqueue("jobs.add", 1, 2)
    pool.stop()
    assert queue.job_ids == [job.id for job in [*jobs, behind]]
    assert redis.zcard("rq:wip:default") == 0
    for number in range(2):
        release(stage, f"-{number}")
    stage.burst(kind="rq")
    for job in jobs:
        assert job.get_status(refresh=True) == JobStatus.FINISHED
        assert int(redis.hget(job.key, "retries_left")) == 1


def test_burst_ends_with_the_last_job(stage, redis, queue, form):
    jobs = [queue.enqueue("jobs.note", stage.path("notes")) for _ in range(20)]
    failing = queue.enqueue("jobs.fail", "as it should")
    pool = Pool(stage, form, 3, options=["--burst"])
    assert pool.process.wait() == 0, pool.process.log()
    assert sorted(Path(stage.path("notes")).read_text().split()) == sorted(job.id for job in jobs)
    assert failing.get_status(refresh=True) == JobStatus.FAILED
    assert redis.scard("rq:workers") == 0


def test_burst_with_a_process_that_was_killed_has_failed(stage, redis, queue, form):
    jobs = [hold(stage, queue, f"-{number}", retry=Retry(max=1)) for number in range(2)]
    pool = Pool(stage, form, 2, options=["--burst"])
    horses = [wait_running(stage, f"-{number}") for number in range(2)]
    victim = next(pid for pid in children_of(pool.pid) if horses[0] in descendants(pid))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: "in burst mode it is not replaced" in pool.process.log(), "the pool knows")
    release(stage, "-1")
    assert pool.process.wait() == 1, pool.process.log()
    assert jobs[1].get_status(refresh=True) == (JobStatus.STARTED if form == "slots" else JobStatus.FINISHED)


# --- More and fewer, and fresh ones.


def test_fewer_workers_end_when_their_jobs_have(stage, redis, queue, form):
    pool = Pool(stage, form, 4)
    jobs = held(stage, queue, 4)
    told = stage.cli("worker-pool", "--resize", "1", "pool", kind="cq")
    assert told.returncode == 0, told.stderr
    wait_until(lambda: "resized from 4 to 1" in pool.process.log(), "the pool was told")
    late = queue.enqueue("jobs.add", 1, 2)
    assert [job.get_status(refresh=True) for job in jobs] == [JobStatus.STARTED] * 4
    for number in range(4):
        release(stage, f"-{number}")
    for job in [*jobs, late]:
        wait_status(job, JobStatus.FINISHED)
    pool.wait_workers(1)
    stage.cli("worker-pool", "--resize", "3", "pool", kind="cq")
    pool.wait_workers(3)
    assert queue.failed_job_registry.count == 0
    pool.stop()


def everything_ran_once(stage, jobs):
    wait_until(
        lambda: (
            Path(stage.path("notes")).exists()
            and len(Path(stage.path("notes")).read_text().split()) >= len(jobs)
        ),
        "all jobs have run",
        3 * TIMEOUT_S,
    )
    for job in jobs:
        wait_status(job, JobStatus.FINISHED)
    assert sorted(Path(stage.path("notes")).read_text().split()) == sorted(job.id for job in jobs)


def test_workers_that_are_replaced_all_the_time_lose_no_job(stage, redis, queue, form):
    """By number of jobs, by signals, and by hand, all at once."""
    pool = Pool(stage, form, 3, options=["--max-jobs", "4"])
    jobs = []
    for number in range(60):
        jobs.append(queue.enqueue("jobs.note", stage.path("notes"), result_ttl=600))
        if number % 10 == 3:
            os.kill(pool.pid, signal.SIGTTIN if number % 20 == 3 else signal.SIGTTOU)
        if number == 30:
            os.kill(pool.pid, signal.SIGHUP)
    everything_ran_once(stage, jobs)
    pool.stop()


def test_processes_that_are_too_old_or_too_large_hand_over_without_losing_a_job(stage, redis, queue, form):
    pool = Pool(stage, form, 2, options=["--max-age", "1", "--max-rss", "1M"])
    first = set(children_of(pool.pid))
    jobs = []

    def more():
        jobs.append(queue.enqueue("jobs.note", stage.path("notes"), result_ttl=600))
        time.sleep(0.02)
        return not first & set(children_of(pool.pid))

    wait_until(more, "none of the first processes is left", 3 * TIMEOUT_S)
    everything_ran_once(stage, jobs)
    pool.wait_workers(2)
    pool.stop()


# --- Around it.


def test_systemd_is_told_how_it_goes(stage, redis, form):
    with (
        tempfile.TemporaryDirectory(prefix="cq-notify-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        systemd.bind(folder + "/notify")
        systemd.settimeout(2 * TIMEOUT_S)
        pool = Pool(stage, form, 2, env={"NOTIFY_SOCKET": folder + "/notify"})
        assert systemd.recv(100) == b"READY=1"
        pool.process.signal(signal.SIGHUP)
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", systemd.recv(100))
        assert systemd.recv(100) == b"READY=1"
        pool.stop()
        assert systemd.recv(100) == b"STOPPING=1"
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):  # no worker process has spoken in its place
            systemd.recv(100)


def test_a_pool_waits_for_redis_at_its_start(stage, server, redis, queue):
    with tempfile.TemporaryDirectory(prefix="cq-late-") as folder:
        job = queue.enqueue("jobs.add", 1, 2)
        late = Pool(stage, "slots", 2, options=["--burst", "--url", f"unix://{folder}/redis.sock"])
        wait_until(lambda: "retrying in" in late.process.log(), "it says that there is no Redis")
        os.symlink(server.socket, folder + "/redis.sock")
        assert late.process.wait() == 0, late.process.log()
        assert job.get_status(refresh=True) == JobStatus.FINISHED


def test_a_module_is_preloaded_once_for_all_workers_of_a_process(stage, redis, form):
    (stage.folder / "counted.py").write_text(
        f"import os\nopen({stage.path('imports')!r}, 'a').write(str(os.getpid()) + '\\n')\n"
    )
    pool = Pool(
        stage,
        form,
        3,
        options=["--python", sys.executable, "--preload", "counted", "--path", str(stage.folder)],
    )
    stables = Path(stage.path("imports")).read_text().split()
    assert len(stables) == len(set(stables)) == (1 if form == "slots" else 3)
    assert set(map(int, stables)) <= set(descendants(pool.pid))
    pool.stop()
