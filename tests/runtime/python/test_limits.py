"""Timeouts: raised in the job, told as RQ tells them, and gone when the job is over.

A function that has begun has its timeout strike at once: until then a slow machine may take its time.
"""

import signal

import pytest


@pytest.fixture(autouse=True)
def default_handler():
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


TIMEOUT_S = 500
TEXT = f"Task exceeded maximum timeout value ({TIMEOUT_S} seconds)"
STRIKE = f"""
import signal

def strike():
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert 0 < left <= {TIMEOUT_S}
"""


@pytest.fixture
def app(module):
    module("striking", STRIKE)
    module(
        "slow",
        """
        import time
        from striking import strike

        def forever():
            strike()
            while True: time.sleep(1)
        def swallows():
            strike()
            try:
                time.sleep(60)
            except Exception as error:
                return type(error).__module__, type(error).__qualname__, str(error)
        def catches_cqs():
            import cq
            strike()
            try:
                time.sleep(60)
            except cq.JobTimeoutException:
                return 'caught'
        def catches_rqs():
            from rq.timeouts import JobTimeoutException
            strike()
            try:
                time.sleep(60)
            except JobTimeoutException:
                return 'caught'
        def catches_either():
            import cq
            ours = cq.JobTimeoutException
            from rq.timeouts import JobTimeoutException
            strike()
            try:
                time.sleep(60)
            except JobTimeoutException as error:
                return isinstance(error, ours)
        def quick(): return 1
        async def sleeps():
            import asyncio
            strike()
            await asyncio.sleep(60)
    """,
    )


def test_a_job_that_takes_too_long_fails_with_rqs_words(runtime, app):
    text = runtime.failure("slow.forever", timeout=TIMEOUT_S)
    assert text.startswith("Traceback (most recent call last):\n")
    assert "in forever" in text
    assert text.rstrip().endswith(f"rq.timeouts.JobTimeoutException: {TEXT}")


def test_the_time_of_its_import_is_the_jobs(runtime, module):
    module("slowimport", STRIKE + "import time\nstrike()\ntime.sleep(60)\ndef f(): pass\n")
    assert f"JobTimeoutException: {TEXT}" in runtime.failure("slowimport.f", timeout=TIMEOUT_S)


def test_a_timeout_strikes_by_itself(runtime, module):
    module("hanging", "import time\ndef f():\n    while True: time.sleep(1)\n")
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in runtime.failure(
        "hanging.f", timeout=1
    )


def test_a_coroutine_that_takes_too_long_fails_too(runtime, app):
    assert f"JobTimeoutException: {TEXT}" in runtime.failure("slow.sleeps", timeout=TIMEOUT_S)


def test_the_exception_is_rqs_by_name_without_rq(script, tmp_path):
    (tmp_path / "sleepy.py").write_text(STRIKE + "import time\ndef f():\n    strike()\n    time.sleep(60)\n")
    assert (
        script(f"""
        import pickle
        from cq import _horse
        frame = {{'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': {TIMEOUT_S},
                 'fields': {{b'data': pickle.dumps(('sleepy.f', None, (), {{}}))}}}}
        kind, fields = _horse._serve(frame)
        print(kind, fields['exc'].splitlines()[-1], 'rq' in sys.modules)
    """)
        == f"failed rq.timeouts.JobTimeoutException: {TEXT} False\n"
    )


def test_a_job_may_catch_it(runtime, app):
    module, name, text = runtime.value("slow.swallows", timeout=TIMEOUT_S)
    assert (module, name, text) == ("rq.timeouts", "JobTimeoutException", TEXT)


@pytest.mark.parametrize("name", ["catches_cqs", "catches_rqs"])
def test_cqs_class_and_rqs_class_both_catch_it(runtime, app, name):
    pytest.importorskip("rq")
    assert runtime.value(f"slow.{name}", timeout=TIMEOUT_S) == "caught"


def test_what_was_taken_before_rq_was_loaded_catches_it_too(runtime, app):
    pytest.importorskip("rq")
    import sys

    from conftest import forget

    kept = {name: module for name, module in sys.modules.items() if name == "rq" or name.startswith("rq.")}
    forget("rq")
    try:
        assert runtime.value("slow.catches_either", timeout=TIMEOUT_S) is True
    finally:
        forget("rq")
        sys.modules.update(kept)


def test_no_alarm_is_left_when_the_job_is_over(runtime, app):
    assert runtime.value("slow.quick", timeout=TIMEOUT_S) == 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_job_without_a_timeout_has_no_alarm(runtime, module):
    module("untimed", "import signal\ndef left(): return signal.getitimer(signal.ITIMER_REAL)\n")
    assert runtime.value("untimed.left", timeout=-1) == (0.0, 0.0)


def test_a_timeout_beyond_what_a_timer_takes_is_no_error(runtime, app):
    assert runtime.value("slow.quick", timeout=2**62) == 1


def test_an_alarm_that_comes_after_the_end_is_ignored(runtime):
    runtime._limit.arm(100)
    runtime._limit.disarm()
    signal.raise_signal(signal.SIGALRM)


def test_a_handler_that_the_last_job_left_does_not_disturb_the_next(runtime, app, module):
    module("meddler", "import signal\ndef f(): signal.signal(signal.SIGALRM, signal.SIG_IGN)\n")
    runtime.value("meddler.f")
    assert "JobTimeoutException" in runtime.failure("slow.forever", timeout=TIMEOUT_S)


def test_time_in_the_answer_is_not_the_jobs(runtime, module):
    module(
        "heavy",
        """
        import signal
        class Slow:
            def __reduce__(self):
                return (tuple, (signal.getitimer(signal.ITIMER_REAL),))
        def f(): return Slow()
    """,
    )
    assert runtime.value("heavy.f", timeout=TIMEOUT_S) == (0.0, 0.0)
