"""A `callback` frame: a callback that the job's own horse does not run.

That horse is gone (stopped by command, killed at its timeout, abandoned), or the job is not a function in
Python.

The worker sends a `callback` frame to a fresh horse before it commits the outcome. Source:
rq/worker/worker_classes.py monitor_work_horse, rq/registry.py StartedJobRegistry.cleanup.
"""

from cq import _callbacks, _errors, _job


def call_back(job, frame: dict) -> tuple:
    """Run the callback. Returns the type and the fields of the answer."""
    try:
        _job.current = job
        if frame['kind'] == 'stopped':
            _callbacks.stopped(job)
        elif frame['kind'] == 'success':
            job.open()
            value = frame.get('value')
            _callbacks.succeeded(job, None if value is None else job.serializer.loads(value))
        else:
            text = frame.get('exc') or ''
            kind = _kind_of(text)
            error = kind(text)
            _callbacks.failed(job, kind, error, None)
        return 'done', {}
    except BaseException as error:
        error.__traceback__ = _errors.strip(error)
        return 'failed', {'exc': _errors.text_of(error)}
    finally:
        _job.current = None


def _kind_of(text: str) -> type:
    """The class that the callback is told: what RQ would pass where it has such a callback, else one that
    says what it is."""
    lines = text.rstrip().rsplit('\n', 1)
    name = lines[-1].split(':', 1)[0].strip()
    if name.startswith('cq.') and name[3:].isidentifier():
        return _errors.error_class('cq', name[3:])  # of a C function or a program
    if 'AbandonedJobError' in lines[-1]:
        return _errors.error_class('rq.exceptions', 'AbandonedJobError')
    if name.endswith('JobTimeoutException') or 'exceeded maximum timeout' in lines[-1]:
        from cq import _limit

        return _limit.exception_class()
    return _errors.error_class('cq', 'WorkHorseTerminated')
