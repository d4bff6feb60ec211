"""What a job prints and logs is in the worker's log; with cq each line says whose it is."""

from pathlib import Path

import pytest
from rq.job import JobStatus

from bakery import noise
from stage import KIND, wait_until


def marked(site, job, text):
    """The lines with that text; with cq each bears the job's id."""
    lines = site.lines(text)
    if KIND != "rq":
        assert all(job.id in line for line in lines), lines
    return lines


@pytest.mark.parametrize(
    "function",
    [noise.say, noise.complain, noise.run_echo, noise.no_newline, noise.warn],
    ids=lambda function: function.__name__,
)
def test_output_is_in_the_workers_log(site, function):
    job = site.run(function, "hear me, ünï ☃")
    assert site.value_of(job) is None
    marked(site, job, "said: hear me, ünï ☃")


def test_output_past_pythons_buffers_is_there_too(site):
    job = site.run(noise.write_raw, "raw text")
    assert marked(site, job, "raw text to 1") and marked(site, job, "raw text to 2")


def test_logging_without_configuration_shows_warnings(site):
    job = site.run(noise.log, "logged text")
    for level in ("at warning", "at error", "of the worker"):
        marked(site, job, f"logged text {level}")
    job = site.run(noise.log_debug, "a debug line")
    assert site.value("bakery.tasks.add", 1, 2) == 3
    assert "a debug line at" not in site.log()


def test_logging_configured_by_the_application_is_shown_as_it_says(site):
    job = site.run(noise.configured, "as configured")
    marked(site, job, "[INFO] bakery: as configured")


def test_an_exception_that_is_logged_has_its_traceback(site):
    job = site.run(noise.log_exception, "was here")
    assert site.value_of(job) == "went on"
    assert marked(site, job, "seen and handled") and marked(site, job, "KeyError: 'was here'")


def test_output_of_threads(site):
    job = site.run(noise.from_threads, "from a thread")
    wait_until(lambda: all(f"from a thread {n}" in site.log() for n in range(5)), "all five are there")
    assert site.value_of(job) is None


def test_output_is_seen_while_the_job_runs(site):
    job = site.queue.enqueue(noise.say_and_wait, "not done yet")
    site.heard("running")
    assert marked(site, job, "said: not done yet")
    assert job.get_status() == JobStatus.STARTED
    site.ring("go")
    site.wait(job)


def test_the_last_words_of_a_job_that_dies(site):
    job = site.run(noise.say_and_die, "my last words")
    assert marked(site, job, "said: my last words")
    assert site.failure_of(job) == "Work-horse terminated unexpectedly; waitpid returned 2304; "


def test_output_that_is_not_flushed_is_there_after_a_failure(site):
    job = site.run(noise.say_unflushed_and_fail, "still in the buffer")
    assert site.failure_of(job).endswith("ValueError: not flushed\n")
    if KIND != "rq":  # RQ's horse leaves without flushing
        assert marked(site, job, "said: still in the buffer")


def test_output_that_is_not_text_harms_nobody(site):
    assert site.value(noise.binary) is None
    assert site.lines("not UTF-8")


def test_a_flood_of_output_does_not_hold_the_job(site):
    assert site.value(noise.flood, 20_000) is None
    assert site.value(noise.long_line, 1024 * 1024) is None
    assert site.value("bakery.tasks.add", 1, 2) == 3


def test_a_job_that_closes_its_output_goes_on(site):
    assert site.value(noise.close_output) == "quiet"
    job = site.run(noise.say, "the next one is heard")
    marked(site, job, "said: the next one is heard")


def test_a_job_that_redirects_its_output(site):
    path = Path(site.path("redirected"))
    site.run(noise.redirect_output, str(path))
    assert path.read_text() == "into the file\n"
    assert "into the file" not in site.log()
    assert site.value("bakery.tasks.add", 1, 2) == 3


@pytest.mark.cq_only
def test_a_line_of_a_job_is_never_taken_for_one_of_the_worker(site):
    job = site.run(noise.fake_frame)
    assert all(job.id in line for line in site.lines("everything is fine"))


@pytest.mark.cq_only
def test_the_last_lines_of_a_failed_job_are_kept_with_it(stage, queue):
    failed, brief = queue.enqueue(noise.say_and_fail, 100), queue.enqueue(noise.say_and_fail, 2)
    died, good = queue.enqueue(noise.say_and_die, "last words"), queue.enqueue(noise.say, "fine")
    stage.burst()
    shown = stage.cli("result", failed.id)
    assert shown.returncode == 1 and "ValueError: after all that" in shown.stdout
    assert "step 99" in shown.stdout and "step 1\n" not in shown.stdout
    assert all(
        text in stage.cli("result", brief.id).stdout for text in ("step 0", "step 1", "to standard error")
    )
    assert "said: last words" in stage.cli("result", died.id).stdout
    assert "said: fine" not in stage.cli("result", good.id).stdout


@pytest.mark.parametrize("option, shown", [("--quiet", False), ("--verbose", True)])
def test_quiet_and_verbose_workers(stage, queue, option, shown):
    good, bad = (
        queue.enqueue(noise.log_debug, "of the worker"),
        queue.enqueue("bakery.errors.simple", "loud failure"),
    )
    worker = stage.burst(options=[option])
    assert ("of the worker at debug" in worker.log()) == shown
    assert "loud failure" in worker.log()
    assert (good.get_status(), bad.get_status()) == (JobStatus.FINISHED, JobStatus.FAILED)


def test_descriptions_are_logged_unless_told_otherwise(stage, queue):
    job = queue.enqueue("bakery.tasks.echo", "a secret")
    assert "bakery.tasks.echo('a secret')" in stage.burst().log()
    job = queue.enqueue("bakery.tasks.echo", "another secret")
    log = stage.burst(options=["--disable-job-desc-logging"]).log()
    assert "another secret" not in log and job.id in log
