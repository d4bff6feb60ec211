"""Success, failure and stopped callbacks: called with rq's Job and a connection where rq is installed, else
with cq's Job and None.

What rq's Job does itself (2.x: resolve, time limit, log) it does; for the versions where its worker does it,
it is done here. Source: rq/job.py execute_success_callback and its siblings; rq/worker.py of 1.x;
rq/callbacks.py of 3.0.
"""

import sys

import _cq

from cq import _allow, _limit

TIMEOUT_S = 60  # rq.defaults.CALLBACK_TIMEOUT


def timeout_of(job, kind: str) -> int:
    """Seconds that the callback may take. kind: success, failure, stopped."""
    try:
        return int(job.fields.get(f'{kind}_callback_timeout'.encode()) or TIMEOUT_S)
    except ValueError:
        return TIMEOUT_S


def subject(job) -> tuple:
    """What callbacks and handlers are called with: (job, connection)."""
    from cq import _rq

    theirs = _rq.job_of(job)
    return (job, None) if theirs is None else (theirs, theirs.connection)


def succeeded(job, value) -> None:
    """Run the success callback. What it raises fails the job."""
    _cq.send('ended', {'timeout': timeout_of(job, 'success')})
    theirs, connection = subject(job)
    if theirs is not job:
        theirs._result = value
        _set_status(theirs, 'FINISHED')
    _execute(job, theirs, 'success', (value,), (theirs, connection, value))


def failed(job, kind, error, traceback) -> None:
    """Run the failure callback. What it raises takes the place of the error."""
    theirs, connection = subject(job)
    if theirs is not job:
        _set_status(theirs, 'FAILED')
    _execute(job, theirs, 'failure', (kind, error, traceback), (theirs, connection, kind, error, traceback))


def stopped(job) -> None:
    theirs, connection = subject(job)
    if theirs is not job:
        _set_status(theirs, 'STOPPED')
    _execute(job, theirs, 'stopped', (), (theirs, connection))


def _execute(job, theirs, kind: str, short: tuple, full: tuple) -> None:
    name = job.fields[f'{kind}_callback_name'.encode()].decode()
    function = _allow.resolve_allowed(name)  # refused, or absent, in our words
    method = getattr(theirs, f'execute_{kind}_callback', None)
    if method is not None:
        method(sys.modules['rq.timeouts'].UnixSignalDeathPenalty, *short)
        return
    _limit.arm(timeout_of(job, kind))
    try:
        function(*full)
    finally:
        _limit.disarm()


def _set_status(theirs, name: str) -> None:
    theirs._status = getattr(sys.modules['rq.job'].JobStatus, name)
