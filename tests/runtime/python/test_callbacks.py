"""Callbacks and exception handlers: when, in which order, with what, and what their own failures do."""

import pickle

import pytest

rq = pytest.importorskip("rq")


@pytest.fixture
def app(module):
    module(
        "calls",
        """
        import time
        import rq
        import rq.timeouts

        seen = []

        def work(x):
            seen.append('work')
            if x: raise ValueError('work failed')
            return 'value'

        def succeeded(job, connection, result):
            seen.append(('succeeded', job, connection, result, job.get_status(refresh=False)))
        def failed(job, connection, kind, error, traceback):
            seen.append(('failed', job, connection, kind, error, traceback))
        def stopped(job, connection): seen.append(('stopped', job, connection))
        def raises(*args): raise KeyError('callback')
        def leaves(*args): raise SystemExit(4)
        def sleeps(*args): time.sleep(60)
        def asks(*args): seen.append(rq.get_current_job())

        def goes_on(job, *error): seen.append(('goes_on', job, error))
        def true(job, *error): seen.append('true'); return True
        def ends(job, *error): seen.append('ends'); return False
        def breaks(job, *error): raise OSError('handler')
        def reraises(job, kind, error, traceback): raise error
    """,
    )
    import calls

    return calls


def names(seen):
    return [each if isinstance(each, str) else each[0] for each in seen]


def test_a_success_callback_gets_rqs_job_the_connection_and_the_value(runtime, app):
    runtime.configure()
    assert runtime.value("calls.work", 0, fields={b"success_callback_name": b"calls.succeeded"}) == "value"
    _, job, connection, result, status = app.seen[1]
    assert isinstance(job, rq.job.Job) and job.id == "a-job" and job.worker_name == "a-worker"
    assert connection is job.connection
    assert (result, status) == ("value", "finished")


def test_the_worker_is_told_before_a_callback_how_long_it_may_take(runtime, app):
    runtime.configure()
    runtime.value("calls.work", 0, fields={b"success_callback_name": b"calls.succeeded"})
    assert runtime.sent("ended") == [{"timeout": 60}]
    runtime.wire.sent.clear()
    runtime.value(
        "calls.work",
        0,
        fields={b"success_callback_name": b"calls.succeeded", b"success_callback_timeout": b"7"},
    )
    assert runtime.sent("ended") == [{"timeout": 7}]
    runtime.wire.sent.clear()
    runtime.failure(
        "calls.work", 1, fields={b"failure_callback_name": b"calls.failed", b"failure_callback_timeout": b"8"}
    )
    assert runtime.sent("ended") == [{"timeout": 8}]


def test_a_success_callback_that_raises_fails_the_job_and_calls_the_failure_callback(runtime, app):
    runtime.configure()
    text = runtime.failure(
        "calls.work",
        0,
        fields={b"success_callback_name": b"calls.raises", b"failure_callback_name": b"calls.failed"},
    )
    assert text.rstrip().endswith("KeyError: 'callback'")
    assert names(app.seen) == ["work", "failed"]
    assert app.seen[1][3] is KeyError


def test_a_success_callback_that_takes_too_long_fails_the_job(runtime, app):
    runtime.configure()
    text = runtime.failure(
        "calls.work", 0, fields={b"success_callback_name": b"calls.sleeps", b"success_callback_timeout": b"1"}
    )
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in text


def test_a_failure_callback_gets_the_exception(runtime, app):
    runtime.configure()
    text = runtime.failure("calls.work", 1, fields={b"failure_callback_name": b"calls.failed"})
    assert text.rstrip().endswith("ValueError: work failed")
    _, job, connection, kind, error, traceback = app.seen[1]
    assert isinstance(job, rq.job.Job) and connection is job.connection
    assert kind is ValueError and isinstance(error, ValueError) and traceback is error.__traceback__


@pytest.mark.parametrize("name, last", [("raises", "KeyError: 'callback'"), ("leaves", "SystemExit: 4")])
def test_a_failure_callback_that_raises_takes_the_failures_place(runtime, app, name, last):
    runtime.configure(handlers=["calls.goes_on"])
    text = runtime.failure("calls.work", 1, fields={b"failure_callback_name": b"calls." + name.encode()})
    assert text.rstrip().endswith(last)
    assert "ValueError: work failed" in text
    assert app.seen[-1][2][0].__name__ == last.split(":")[0]


def test_a_failure_callback_that_takes_too_long_is_ended(runtime, app):
    runtime.configure()
    text = runtime.failure(
        "calls.work", 1, fields={b"failure_callback_name": b"calls.sleeps", b"failure_callback_timeout": b"1"}
    )
    assert text.rstrip().endswith("JobTimeoutException: Task exceeded maximum timeout value (1 seconds)")


def test_a_callback_that_is_not_there_fails_the_job_and_is_named(runtime, app):
    runtime.configure()
    text = runtime.failure("calls.work", 0, fields={b"success_callback_name": b"calls.absent"})
    assert text.rstrip().endswith("Invalid attribute name: calls.absent: the module calls has no absent")


def test_in_a_callback_there_is_no_current_job_as_in_rq(runtime, app):
    runtime.configure()
    runtime.value("calls.work", 0, fields={b"success_callback_name": b"calls.asks"})
    assert app.seen == ["work", None]


def test_handlers_run_after_the_failure_callback_in_their_order(runtime, app):
    runtime.configure(handlers=["calls.goes_on", "calls.true", "calls.goes_on"])
    runtime.failure("calls.work", 1, fields={b"failure_callback_name": b"calls.failed"})
    assert names(app.seen) == ["work", "failed", "goes_on", "true", "goes_on"]
    _, job, (kind, error, traceback) = app.seen[2]
    assert isinstance(job, rq.job.Job)
    assert kind is ValueError and traceback is error.__traceback__


def test_a_handler_that_returns_something_false_but_none_ends_the_chain(runtime, app):
    runtime.configure(handlers=["calls.goes_on", "calls.ends", "calls.true"])
    runtime.failure("calls.work", 1)
    assert names(app.seen) == ["work", "goes_on", "ends"]


def test_a_handler_that_raises_is_told_after_the_failure(runtime, app):
    runtime.configure(handlers=["calls.breaks", "calls.true"])
    text = runtime.failure("calls.work", 1)
    assert text.index("ValueError: work failed") < text.index("OSError: handler")
    assert text.rstrip().endswith("OSError: handler")
    assert names(app.seen) == ["work"]


def test_a_handler_that_raises_the_failure_again_is_no_endless_chain(runtime, app):
    runtime.configure(handlers=["calls.reraises"])
    assert runtime.failure("calls.work", 1).rstrip().endswith("ValueError: work failed")


def test_with_handlers_the_worker_waits_as_long_as_rqs_monitor_would(runtime, app):
    runtime.configure(handlers=["calls.true"])
    runtime.failure("calls.work", 1, timeout=100)
    runtime.failure("calls.work", 1, timeout=-1)
    assert runtime.sent("ended") == [{"timeout": 160}, {"timeout": -1}]


def test_a_returned_retry_is_answered_without_the_success_callback(runtime, app, module):
    module(
        "again",
        "import rq\ndef f(): return rq.Retry(max=3, interval=[1, 2])\n"
        "def g(): import cq; return cq.Retry(2)\ndef h(): return rq.Retry(max=1, interval=5)\n",
    )
    runtime.configure()
    fields = {b"success_callback_name": b"calls.succeeded"}
    kind, answer = runtime.run("again.f", fields=fields)
    stored = pickle.loads(answer.pop("value"))  # what job.latest_result().return_value gives, as in RQ
    assert (type(stored).__module__, stored.max, stored.intervals) == ("rq.job", 3, [1, 2])
    assert (kind, answer) == ("retry", {"max": 3, "intervals": "[1, 2]"})
    assert runtime.run("again.g", fields=fields) == ("retry", {"max": 2, "intervals": "[0]"})
    kind, answer = runtime.run("again.h")
    assert (kind, answer["intervals"]) == ("retry", "[5]")
    assert app.seen == []


@pytest.mark.parametrize("arguments", [(0,), (1, -1), (1, [1, -1])])
def test_a_retry_that_makes_no_sense_is_refused_where_it_is_made(runtime, arguments):
    with pytest.raises(ValueError):
        runtime.cq.Retry(*arguments)


# --- callback frames: the job's own horse is gone


def call_back(runtime, kind, name, exc=None, **more):
    fields = {f"{kind}_callback_name".encode(): name}
    frame = runtime.frame(("calls.work", None, (0,), {}), fields, type="callback", kind=kind, **more)
    if exc is not None:
        frame["exc"] = exc
    return runtime._horse._serve(frame)


def test_a_stopped_callback_gets_job_and_connection(runtime, app):
    runtime.configure()
    assert call_back(runtime, "stopped", b"calls.stopped") == ("done", {})
    ((_, job, connection),) = app.seen
    assert job.id == "a-job" and connection is job.connection


def test_a_stopped_callback_that_raises_is_answered(runtime, app):
    runtime.configure()
    kind, fields = call_back(runtime, "stopped", b"calls.raises")
    assert kind == "failed" and fields["exc"].rstrip().endswith("KeyError: 'callback'")


@pytest.mark.parametrize(
    "exc, name",
    [
        (
            "Moved to FailedJobRegistry, due to AbandonedJobError, at 2024-01-01 00:00:00",
            "rq.exceptions.AbandonedJobError",
        ),
        (
            "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)\n",
            "rq.timeouts.JobTimeoutException",
        ),
        ("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ", "cq.WorkHorseTerminated"),
    ],
)
def test_a_failure_callback_is_told_what_ended_the_horse(runtime, app, exc, name):
    runtime.configure()
    assert call_back(runtime, "failure", b"calls.failed", exc) == ("done", {})
    ((_, job, connection, kind, error, traceback),) = app.seen
    assert f"{kind.__module__}.{kind.__name__}" == name
    assert isinstance(error, kind) and str(error) == exc and traceback is None


def test_without_rq_callbacks_get_cqs_job_and_no_connection(script, tmp_path):
    (tmp_path / "plain.py").write_text(
        "def work(x): return 1 / x\n"
        "def succeeded(job, connection, value): print('succeeded', job.id, connection, value)\n"
        "def failed(job, connection, kind, error, traceback): print('failed', job.id, connection, error)\n"
        "def handler(job, *error): print('handler', job.id)\n"
    )
    out = script("""
        import pickle
        sys.modules['rq'] = None  # as if it were not installed
        from cq import _horse, _failure
        import plain
        _failure.handlers = (plain.handler,)
        for x in 1, 0:
            fields = {b'data': pickle.dumps(('plain.work', None, (x,), {})),
                      b'success_callback_name': b'plain.succeeded',
                      b'failure_callback_name': b'plain.failed'}
            print(_horse._serve({'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': 9,
                                 'fields': fields})[0])
    """)
    assert out == "succeeded i None 1.0\ndone\nfailed i None division by zero\nhandler i\nfailed\n"
