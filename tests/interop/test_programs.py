"""Programs as functions: Python's RQ calls a name of [programs], cq runs its command, RQ reads the
outcome."""

from pathlib import Path

import pytest
from rq.job import JobStatus

from stage import process_is_alive, wait_until

pytestmark = pytest.mark.cq_only

PROGRAMS = r"""
[programs]
tools.call = cat
tools.words = printf '%s|' {0} {key} {args}
tools.text = printf 'two words\n'
tools.nothing = true
tools.fails = sh -c 'echo to standard output; echo the reason >&2; exit 7'
tools.dies = sh -c 'kill -9 $$'
tools.missing = /no/such/program
tools.holds = sh -c 'sleep 600 & echo $$ $! > {0}.part; mv {0}.part {0}; wait'
"""


@pytest.fixture
def options(stage):
    path = Path(stage.path("programs.ini"))
    path.write_text(PROGRAMS)
    return ["--config", str(path)]


def run(stage, options, *jobs):
    stage.burst(options=options)
    return [(job.get_status(refresh=True), job.return_value(refresh=True)) for job in jobs]


def test_a_program_reads_the_call_as_json_and_answers_in_json(stage, queue_in_format, options):
    job = queue_in_format.enqueue("tools.call", "ü", 2, None, key=[1.5, True])
    assert run(stage, options, job) == [
        (JobStatus.FINISHED, {"args": ["ü", 2, None], "kwargs": {"key": [1.5, True]}})
    ]


def test_arguments_take_their_places_in_the_command(stage, queue, options):
    job = queue.enqueue("tools.words", "a b; $(touch x) `y` 'z'", 5, key="--k")
    text = "a b; $(touch x) `y` 'z'"
    assert run(stage, options, job) == [(JobStatus.FINISHED, f"{text}|--k|{text}|5|")]


def test_other_output_is_text_and_no_output_is_none(stage, queue, options):
    jobs = [queue.enqueue("tools.text"), queue.enqueue("tools.nothing")]
    (first, text), (second, nothing) = run(stage, options, *jobs)
    assert (first, text) == (JobStatus.FINISHED, "two words")
    assert second == JobStatus.FINISHED and not nothing


def test_a_failing_program_fails_its_job_with_what_it_said(stage, queue, options):
    job = queue.enqueue("tools.fails")
    stage.burst(options=options)
    assert job.get_status() == JobStatus.FAILED
    text = job.latest_result().exc_string
    assert "the reason" in text and "7" in text


@pytest.mark.parametrize("function", ["tools.dies", "tools.missing", "tools.words", "tools.unknown"])
def test_a_program_that_cannot_do_it_fails_its_job(stage, queue, options, function):
    job = queue.enqueue(function)
    after = queue.enqueue("tools.call")
    stage.burst(options=options)
    assert job.get_status() == JobStatus.FAILED
    assert job.latest_result().exc_string
    assert after.get_status() == JobStatus.FINISHED


def test_a_program_that_runs_out_of_time_dies_with_its_children(stage, queue, options):
    pids = Path(stage.path("pids"))
    job = queue.enqueue("tools.holds", str(pids), job_timeout=5)
    stage.worker(options=options)
    wait_until(pids.exists, "the program and its child run")
    shell, sleeper = map(int, pids.read_text().split())
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FAILED, "the job failed")
    assert "JobTimeoutException" in job.latest_result().exc_string
    wait_until(
        lambda: not process_is_alive(shell) and not process_is_alive(sleeper), "its processes are dead"
    )


def test_a_command_never_comes_out_of_a_job(stage, queue, options):
    jobs = [queue.enqueue(name) for name in ("cat", "sh", "/bin/sh", "tools.call; touch x", "tools")]
    assert {status for status, _ in run(stage, options, *jobs)} == {JobStatus.FAILED}
