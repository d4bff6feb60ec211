"""Exceptions (RQ's documentation: Exceptions & Retries): the text that is stored, whatever is raised."""

import sys
import traceback

import pytest
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.results import Result

from bakery import errors


def text_here(function, *args):
    """What Python makes of the exception when the function is called in this process."""
    try:
        function(*args)
    except BaseException:  # some are none
        return "".join(traceback.format_exception(*sys.exc_info()))
    raise AssertionError("it should raise")


def of_the_application(text):
    """The traceback without the frames between the start and the application's: each worker has its own
    there."""
    parts, skipping = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith("  File "):
            skipping = "/apps/" not in line and "<" not in line
        elif not line.startswith("    "):
            skipping = False
        if not skipping:
            parts.append(line)
    return "".join(parts)


@pytest.mark.parametrize("function", errors.FUNCTIONS, ids=lambda function: function.__name__)
def test_the_text_is_pythons_traceback(site, function):
    text = site.failure(function)
    assert text.startswith("Traceback (most recent call last):\n  File ")
    assert of_the_application(text) == of_the_application(text_here(function))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_a_group_of_exceptions_is_shown_whole(site):
    text = site.failure(errors.grouped)
    assert "ExceptionGroup: many (2 sub-exceptions)" in text
    assert "| ValueError: one" in text and "| TypeError: two" in text


def test_deep_and_endless_calls_are_cut_as_python_cuts_them(site):
    assert of_the_application(site.failure(errors.deeper, 30)) == of_the_application(
        text_here(errors.deeper, 30)
    )
    text = site.failure(errors.recursion)
    assert "RecursionError: maximum recursion depth exceeded" in text and "[Previous line repeated 9" in text


@pytest.mark.parametrize("status", [0, 1, 3, "with a text", None])
def test_a_system_exit_fails_the_job_and_not_the_worker(site, status):
    pid = site.worker.pid
    text = site.failure(errors.system_exit, status)
    assert text.splitlines()[-1] == text_here(errors.system_exit, status).splitlines()[-1]
    assert site.value("bakery.tasks.add", 1, 2) == 3 and site.worker.pid == pid


def test_exceptions_of_coroutines(site):
    assert site.failure("bakery.tasks.spoil", "burnt").endswith(
        "in spoil\n    raise ValueError(text)\nValueError: burnt\n"
    )
    assert "CancelledError" in site.failure(errors.cancelled).splitlines()[-1]


def test_an_exception_that_could_not_be_pickled_is_only_told(site):
    assert site.failure(errors.with_state, "with a lock").endswith("ValueError: with a lock\n")


def test_a_megabyte_of_a_message(site):
    assert site.failure(errors.loud, 1024 * 1024).endswith("ValueError: " + "x" * 1024 * 1024 + "\n")


def test_a_failed_job_is_in_its_registry_with_its_text(site):
    job = site.run(errors.own)
    registry = FailedJobRegistry(queue=site.queue)
    result = job.latest_result()
    assert job.is_failed and job.id in registry and job in site.queue.failed_job_registry
    assert (result.type, result.return_value, result.worker_name) == (
        Result.Type.FAILED,
        None,
        site.worker.name,
    )
    assert job.exc_info == result.exc_string and job.exc_info.endswith("OvenBroken: oven 3: no gas\n")
    assert job.return_value() is None and job.ended_at >= job.started_at


def test_the_failure_is_logged_with_its_traceback(site):
    job = site.run(errors.simple, "to be seen in the log")
    assert site.lines("ValueError: to be seen in the log")
    assert site.lines(job.id)


@pytest.mark.parametrize(
    "name, last_line",
    [
        ("raises", "ZeroDivisionError: division by zero"),
        ("syntax", "SyntaxError: "),
        ("indented", "IndentationError: "),
        ("exits", "SystemExit: 5"),
        ("asserts", "AssertionError: the environment is not ours"),
    ],
)
def test_a_module_that_cannot_be_imported_fails_its_jobs_only(site, name, last_line):
    for _ in range(2):  # once more: what failed must not be taken for imported
        text = site.failure(f"broken.{name}.function")
        assert f"broken/{name}.py" in text
        assert text.splitlines()[-1].startswith(last_line)
    assert site.value("bakery.tasks.add", 1, 2) == 3


@pytest.mark.parametrize("name", ["imports_missing", "imports_name", "imports_itself"])
def test_a_module_whose_imports_are_missing_fails_its_jobs_only(site, name):
    # RQ takes every ImportError for a name that is not there, and does not say which module was missing.
    assert name in site.failure(f"broken.{name}.function")
    assert site.value("bakery.tasks.add", 1, 2) == 3


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "name, reason",
    [
        ("imports_missing", "No module named 'no_such_module_at_all'"),
        ("imports_name", "cannot import name 'no_such_name'"),
    ],
)
def test_a_missing_import_is_named_with_its_reason(site, name, reason):
    assert reason in site.failure(f"broken.{name}.function")


def test_a_module_that_was_mended_works(site):
    text = site.failure("broken.needs_file.function")
    assert "FileNotFoundError" in text
    open(site.path("needed"), "w").close()
    assert site.value("broken.needs_file.function") == "mended"


def test_requeued_jobs_run_again_and_keep_their_history(site):
    job = site.run(errors.flaky, 2)
    for _ in range(2):
        assert job.get_status() == JobStatus.FAILED
        job.requeue()
        site.wait(job)
    assert site.value_of(job) == 3
    assert [result.type for result in job.results()] == [
        Result.Type.SUCCESSFUL,
        Result.Type.FAILED,
        Result.Type.FAILED,
    ]
    assert [result.exc_string.splitlines()[-1] for result in job.results()[1:]] == [
        "RuntimeError: try 2",
        "RuntimeError: try 1",
    ]
    assert job.latest_result().return_value == 3 and job not in site.queue.failed_job_registry
