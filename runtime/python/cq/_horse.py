"""A horse: takes frames from its socket, runs what they say, answers.

It was forked with everything imported and has rehearsed a job before it waits, so that the pages which a job
writes have been copied by then. Between two jobs of a reused horse the runtime forgets the job; what the job
left in modules is the application's own.
"""

import gc
import os
import sys
from os import putenv

import _cq

from cq import _forks, _job, _learn, _log, _run, _serial, _streams

PROTOCOL_ERROR = 76  # EX_PROTOCOL: the worker does not speak version 1 of docs/RUNTIME.md

learning = True  # report modules that jobs had to import (not with --no-auto-preload)
collecting = True  # collect garbage in horses, as Python does

_rehearsed = None  # the frame of the job that a new horse runs for itself
_pid = 0  # of this horse; a process that a job forks has another
_known = 0  # len(sys.modules) as of the last report


def prepare_rehearsal() -> None:
    """In the stable: make the job that horses rehearse, one that does nothing, in a serializer that this
    worker takes."""
    global _rehearsed
    if _serial.custom is not None or _run.job_class is not None:
        return  # a job then runs code that is not ours
    serializer = {'json': _serial.Json, 'msgpack': _serial.Msgpack}.get(_serial.accepted, _serial.Pickle)
    try:
        data = _serial.zlib.compress(serializer.dumps(('builtins.len', None, ((1,),), {})))
    except ImportError:
        return  # no msgpack: jobs will say so
    _rehearsed = {
        'type': 'job',
        'id': '',
        'queue': '',
        'worker': '',
        'timeout': 3600,
        'fields': {b'data': data},
    }


def rehearse() -> None:
    """Run a job that does nothing, all but sending its answer: what a job writes is written once before a job
    waits for it."""
    if _rehearsed is None:
        return
    limited, _run.limited = _run.limited, False
    try:
        _serve(_rehearsed)
        _log.flush()
    finally:
        _run.limited = limited


def owns_socket() -> bool:
    """Whether this is a horse (or a stable), not a process that a job has forked."""
    return os.getpid() == _pid


def adopt() -> None:
    """This process speaks on its socket from now on: a stable, or a new horse."""
    global _pid
    _pid = os.getpid()


def main() -> None:
    """Serve until the worker closes the socket, or after one job. Does not return."""
    global _known
    adopt()
    if collecting:
        gc.enable()
    _forks.leave_stable()
    _seed_numpy()
    _known = len(sys.modules)
    rehearse()
    if learning:
        _run.resolved = _report_new
    while True:
        frame = _cq.receive()
        if frame is None:
            _cq.exit(0)
        _cq.title(frame['id'])
        if frame.get('reuse'):
            _streams.keep()
        kind, fields = _serve(frame)
        _log.flush()
        if os.getpid() != _pid:
            # A child that the job forked came out of the job's function: nobody waits for its answer.
            _cq.exit(0)
        try:
            _cq.answer(kind, fields)
        except Exception as error:  # larger than a frame may be
            from cq._errors import text_of

            _cq.answer('failed', {'exc': text_of(error)})
        if learning:
            _report_new()
        if not frame.get('reuse'):
            _cq.exit(0)
        frame = fields = None
        _streams.restore()
        _cq.title(None)
        _cq.clean_up()


def _seed_numpy() -> None:
    """Have each horse draw its own numbers where numpy was imported in the stable. Python's random does that
    by itself, for all forks; NumPy's global generator does not, and in RQ each job has imported its own."""
    seed = getattr(sys.modules.get('numpy.random'), 'seed', None)
    if seed is not None:
        try:
            seed()
        except Exception:
            pass  # half imported, or somebody's stand-in: a job that needs it will see why


def _serve(frame: dict) -> tuple:
    """Run what a frame says. Returns the answer's type and fields."""
    _set_environment(
        frame['id'].encode('utf-8', 'surrogateescape'), frame['worker'].encode('utf-8', 'surrogateescape')
    )
    job = _job.Job(frame)
    if frame['type'] == 'job':
        kind, fields = _run.run(job)
    elif frame['type'] == 'callback':
        from cq._callback_frame import call_back

        kind, fields = call_back(job, frame)
    else:
        _cq.exit(PROTOCOL_ERROR)
    if job._meta is not None or job.rq_job is not None:
        from cq import _meta

        _meta.add(job, kind, fields)
    return kind, fields


def _set_environment(job_id: bytes, worker: bytes) -> None:
    """Do what os.environ[...] = ... does, without its checks. Both variables are set anew for each job,
    whatever the last one did to them."""
    try:
        job_id = job_id.partition(b'\0')[0]  # else the last job's would stay
        putenv(b'RQ_JOB_ID', job_id)
        putenv(b'RQ_WORKER_ID', worker)
        known = os.environ._data
        known[b'RQ_JOB_ID'] = job_id
        known[b'RQ_WORKER_ID'] = worker
    except (AttributeError, TypeError, ValueError):
        pass  # the job has put something of its own in its place


def _report_new() -> None:
    """Tell the stable which modules this horse had to import, in the order in which that began.

    Before the function is called, too: while it runs, the stable imports for the next horses.
    """
    global _known
    if len(sys.modules) == _known:
        return
    names = list(sys.modules)
    # A job that has removed some makes this a little too short: the next one tells.
    new = [name for name in names[_known:] if name not in _learn.settled]
    _known = len(names)
    if new:
        _cq.learn(new)
