"""Time limits: an exception in the running code when its seconds are over, as RQ's UnixSignalDeathPenalty
raises it.

One limit at a time, by SIGALRM, on the main thread. What a limit cannot do (end a loop in C, or code that
swallows the exception) the worker does from outside, with SIGTERM and SIGKILL. Source: rq/timeouts.py.
"""

import sys
from _signal import SIGALRM, alarm, signal

LONGEST = 10**8  # seconds; three years, and within what alarm takes

_seconds = 0  # of the limit that is armed; 0: none, and a signal that comes late is ignored
_class = None  # our own exception class, once somebody has asked for it


def arm(seconds: int) -> None:
    """Raise JobTimeoutException after so many seconds; 0 or less: never."""
    global _seconds
    if seconds <= 0:
        return
    _seconds = seconds
    # The handler is set each time: a job may have set its own.
    signal(SIGALRM, _ring)
    alarm(seconds if seconds < LONGEST else LONGEST)


def disarm() -> None:
    global _seconds
    if _seconds:
        _seconds = 0
        alarm(0)


def _ring(number, frame) -> None:
    global _seconds
    seconds = _seconds
    if seconds:
        _seconds = 0
        raise exception_class()(f'Task exceeded maximum timeout value ({seconds} seconds)')


def exception_class():
    """The class to raise: rq's own when rq is loaded, so that `except JobTimeoutException` finds it."""
    rq = sys.modules.get('rq.timeouts')
    theirs = getattr(rq, 'JobTimeoutException', None)
    if theirs is None:
        return _own()
    if _class is None:
        return theirs

    # Somebody took cq's class before rq was loaded: an exception that is both.
    class JobTimeoutException(theirs, _class):
        pass

    return _named(JobTimeoutException)


def public_class():
    """What cq.JobTimeoutException is at this moment."""
    rq = sys.modules.get('rq.timeouts')
    return getattr(rq, 'JobTimeoutException', None) or _own()


def _own():
    global _class
    if _class is None:

        class JobTimeoutException(Exception):
            """Raised in a job that takes longer than its timeout."""

        _class = _named(JobTimeoutException)
    return _class


def _named(kind):
    # The stored text names the class as RQ's does, whether or not rq is installed.
    kind.__module__ = 'rq.timeouts'
    kind.__qualname__ = 'JobTimeoutException'
    return kind
