"""Jobs that end their process, leave things behind in it, or take it apart."""

import os
from pathlib import Path

import pytest
from rq.job import JobStatus

from bakery import harm, tasks
from stage import REUSE, process_is_alive, wait_until

DIED = "Work-horse terminated unexpectedly; waitpid returned "


@pytest.mark.parametrize(
    "function, args, status",
    [
        (harm.leave, (3,), "768; "),
        (harm.leave, (1,), "256; "),
        (harm.kill_myself, (), "9 (signal 9); "),
        (harm.kill_myself, (15,), "15 (signal 15); "),
    ],
    ids=["_exit 3", "_exit 1", "SIGKILL", "SIGTERM"],
)
def test_a_job_that_ends_its_process_fails(site, function, args, status):
    assert site.failure(function, *args) == DIED + status
    assert site.value(tasks.add, 1, 2) == 3


@pytest.mark.parametrize("function, number", [(harm.segfault, 11), (harm.abort, 6)])
def test_a_job_that_crashes_fails_with_its_signal(site, function, number):
    text = site.failure(function)
    assert text.startswith(DIED) and f"(signal {number})" in text
    assert site.value(tasks.add, 1, 2) == 3


@pytest.mark.cq_only
def test_a_job_that_exits_with_success_has_not_finished(site):
    # RQ's worker takes it for done, and leaves the job started.
    assert site.failure(harm.leave, 0) == DIED + "0; "


def test_signals_are_as_rq_leaves_them_to_jobs(site):
    assert site.value(harm.dispositions) == [True, True]
    assert site.value(harm.kill_myself, 2) == "alive"
    assert site.value(harm.group) is True


def test_ordinary_exits_are_ordinary_failures(site):
    assert site.failure(harm.exit_politely, 3).endswith("SystemExit: 3\n")
    assert site.value(harm.leave_in_thread) == "here"
    assert "RecursionError" in site.failure(harm.recurse)
    assert "MemoryError" in site.failure(harm.allocate, 1 << 60)


def test_threads_that_are_left_do_not_hold_the_job(site):
    assert site.value(harm.leave_threads) == "left"
    if not REUSE:
        assert site.value(harm.threads) == 1


def test_what_a_job_registers_for_the_exit_is_not_run(site):
    path = Path(site.path("at-exit"))
    site.run(harm.register_atexit, str(path))
    if not REUSE:
        assert site.value(tasks.add, 1, 2) == 3
        assert not path.exists()


def test_a_job_may_use_processes(site):
    assert site.value(harm.in_processes, [-1, -2, 3]) == [1, 2, 3]
    assert site.value(harm.run_program, "echo", "from a program") == "from a program\n"
    assert site.value(harm.fork_and_wait) == 7


@pytest.mark.cq_only
def test_a_fork_that_returns_from_the_job_is_not_the_job(site):
    # With RQ both processes store a result, and whichever is the last wins.
    before = int(site.redis.hget(f"rq:worker:{site.worker.name}", "successful_job_count") or 0)
    for _ in range(3):
        assert site.value(harm.fork_and_return) == "parent"
    assert site.value(tasks.add, 1, 2) == 3
    assert int(site.redis.hget(f"rq:worker:{site.worker.name}", "successful_job_count")) == before + 4


@pytest.mark.cq_only
def test_a_job_that_closes_all_descriptors_fails_and_the_worker_goes_on(site):
    assert site.failure(harm.close_everything).startswith(DIED)
    assert site.value(tasks.add, 1, 2) == 3


def test_each_horse_is_fresh_unless_it_is_kept(site, tmp_path):
    before = site.value(harm.what_was_changed)
    site.run(harm.change_the_process, str(tmp_path))
    if not REUSE:
        assert site.value(harm.what_was_changed) == before
    assert before[1] is None


def test_each_job_has_a_process_of_its_own_unless_horses_are_kept(site):
    pids = [site.value(harm.pid) for _ in range(5)]
    assert len(set(pids)) < 5 if REUSE else len(set(pids)) == 5
    assert site.worker.pid not in pids


@pytest.mark.cq_only
def test_a_job_that_kills_its_stable_fails_and_the_worker_goes_on(site):
    text = site.failure(harm.kill_parent)
    assert text.startswith(DIED)
    assert site.value(tasks.add, 1, 2) == 3
    assert site.worker.running()


@pytest.mark.cq_only
def test_twenty_crashes_do_not_tire_the_worker(site):
    jobs = [
        site.queue.enqueue(harm.segfault if n % 2 else harm.leave, *(() if n % 2 else (7,)))
        for n in range(20)
    ]
    good = site.queue.enqueue(tasks.add, 1, 2)
    site.wait(*jobs, good)
    assert {job.get_status() for job in jobs} == {JobStatus.FAILED} and good.return_value() == 3


@pytest.mark.skipif(not REUSE, reason="about horses that are kept")
def test_a_horse_is_replaced_after_so_many_jobs(stage, queue):
    jobs = [queue.enqueue(harm.pid) for _ in range(9)]
    stage.burst(options=["--max-jobs-per-horse", "3"])
    pids = [job.return_value() for job in jobs]
    assert len(set(pids)) == 3 and all(len(set(pids[n : n + 3])) == 1 for n in (0, 3, 6))


@pytest.mark.skipif(not REUSE, reason="about horses that are kept")
def test_a_horse_that_has_grown_is_replaced(stage, queue):
    jobs = [queue.enqueue("bakery.harm.grow_and_pid", 200 * 1024 * 1024), queue.enqueue(harm.pid)]
    stage.burst(options=["--max-rss-per-horse", str(150 * 1024)])
    assert jobs[0].return_value() != jobs[1].return_value()


def test_no_process_of_a_job_is_left_when_the_worker_is_gone(stage, queue):
    job = queue.enqueue(harm.pid)
    stage.burst()
    wait_until(lambda: not process_is_alive(job.return_value()), "the horse is gone")
    assert job.return_value() != os.getpid()
