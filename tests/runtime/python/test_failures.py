"""What is stored when a job fails, whatever it fails with."""

import logging
import pickle
import traceback

import pytest


@pytest.fixture
def app(module):
    module(
        "failing",
        """
        import sys

        def boom(x): raise ValueError(f'boom {x}')
        def leave(): sys.exit(3)
        def interrupt(): raise KeyboardInterrupt
        class Mute(Exception):
            def __str__(self): raise RuntimeError('no text')
        def mute(): raise Mute
        class Deadly(Exception):
            def __str__(self): raise SystemExit(5)
        def deadly(): raise Deadly
        def recurse(): return recurse()
        def memory(): raise MemoryError
        def surrogate(): raise ValueError('\\ud800 \\udcff')
        def huge(): raise ValueError('x' * 20_000_000)
        def chain():
            try:
                boom(1)
            except ValueError as error:
                raise KeyError('second') from error
        class Odd(BaseException): pass
        def odd(): raise Odd('text')
        def stop(): raise StopIteration
        def generator_exit(): raise GeneratorExit
    """,
    )


def last(text):
    return text.rstrip("\n").rsplit("\n", 1)[-1]


def test_the_text_is_the_traceback_of_the_function(runtime, app):
    text = runtime.failure("failing.boom", 7)
    lines = text.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].strip().startswith('File "') and lines[1].endswith("in boom")
    assert last(text) == "ValueError: boom 7"
    assert text.endswith("\n")


def test_it_is_what_traceback_makes_of_it(runtime, app):
    import failing

    try:
        failing.boom(7)
    except ValueError as error:
        expected = "".join(traceback.format_exception(type(error), error, error.__traceback__.tb_next))
    assert runtime.failure("failing.boom", 7) == expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("leave", "SystemExit: 3"),
        ("interrupt", "KeyboardInterrupt"),
        ("memory", "MemoryError"),
        ("odd", "failing.Odd: text"),
        ("stop", "StopIteration"),
        ("generator_exit", "GeneratorExit"),
        ("surrogate", "ValueError: \\ud800 \\udcff"),
    ],
)
def test_every_kind_of_exception_fails_the_job(runtime, app, name, expected):
    assert last(runtime.failure(f"failing.{name}")) == expected


def test_an_exception_that_cannot_be_printed_is_named(runtime, app):
    assert "failing.Mute" in last(runtime.failure("failing.mute"))


def test_an_exception_whose_text_ends_the_process_is_named(runtime, app):
    assert "failing.Deadly" in last(runtime.failure("failing.deadly"))


@pytest.mark.parametrize("error", [MemoryError, SystemExit, RecursionError])
def test_a_traceback_that_cannot_be_made_is_replaced_by_the_name(runtime, app, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr(traceback, "format_exception", fail)
    assert (
        runtime.failure("failing.boom", 1) == f"ValueError: the traceback cannot be shown: {error.__name__}\n"
    )


def test_a_recursion_without_end_fails_the_job(runtime, app):
    assert last(runtime.failure("failing.recurse")).startswith(
        "RecursionError: maximum recursion depth exceeded"
    )


def test_a_text_of_many_megabytes_is_cut_in_the_middle(runtime, app):
    text = runtime.failure("failing.huge")
    assert len(text) < 5_000_000
    assert text.startswith("Traceback") and "characters left out" in text and text.endswith("xxx\n")


def test_a_chain_is_stored_whole(runtime, app):
    text = runtime.failure("failing.chain")
    assert "ValueError: boom 1" in text
    assert "direct cause of the following exception" in text
    assert last(text) == "KeyError: 'second'"


def test_the_failure_is_logged_with_its_traceback(runtime, app):
    text = runtime.failure("failing.boom", 1)
    (line,) = runtime.sent("log")
    assert line["level"] == "ERROR"
    assert line["text"] == f"exception raised while executing (failing.boom)\n{text}".rstrip("\n")
    assert line["kept"] is False  # it is stored, and would push out what the job wrote last


def test_with_logging_configured_it_goes_to_rqs_logger_with_the_jobs_data(runtime, app):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("rq.worker")
    logger.addHandler(handler)
    try:
        runtime.failure("failing.boom", 1)
    finally:
        logger.removeHandler(handler)
    (record,) = records
    assert record.levelname == "ERROR"
    assert (
        "Worker a-worker: job a-job: exception raised while executing (failing.boom)\nTraceback"
        in record.getMessage()
    )
    assert (record.func, record.arguments, record.kwargs, record.queue, record.job_id) == (
        "failing.boom",
        (1,),
        {},
        "default",
        "a-job",
    )


def test_a_logger_that_raises_does_not_change_the_failure(runtime, app):
    class Broken(logging.Handler):
        def emit(self, record):
            raise OSError("disk full")

    logger = logging.getLogger("rq.worker")
    handler = Broken()
    logger.addHandler(handler)
    try:
        assert last(runtime.failure("failing.boom", 1)) == "ValueError: boom 1"
    finally:
        logger.removeHandler(handler)


def test_a_failure_without_callback_or_handler_tells_nothing_before_its_answer(runtime, app):
    runtime.failure("failing.boom", 1)
    assert runtime.sent("ended") == []


def test_text_that_cannot_be_stored_is_written_so_that_it_can(runtime):
    runtime._errors.clean("\ud800").encode()
    assert runtime._errors.clean("fine é") == "fine é"


def test_a_deserialization_error_keeps_the_reason_as_its_cause(runtime):
    kind, fields = runtime.run(None, data=pickle.dumps("x")[:-1])
    assert kind == "failed"
    assert "direct cause of the following exception" in fields["exc"]
