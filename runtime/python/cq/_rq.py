"""The bridge to the rq that is installed: rq.get_current_job() gives a Job of that rq, made on demand.

Nothing here imports rq unless the job needs it (a callback, an exception handler, --job-class). cq._hooks
says when the application imports it. RQ's worker pushes its job and its connection on two stacks: these then
make both on demand. A process makes one connection object, which connects when it is first used.
"""

import sys
from _thread import get_ident

from cq import _hooks, _job, _run, _serial

OLDEST = (1, 13)

url = ''
job_class_path = ''
connection_class_path = ''

_main_thread = get_ident()
_connection = None
_missing = False  # rq is not installed


def configure(setup: dict) -> None:
    global url, job_class_path, connection_class_path
    url = setup.get('url') or ''
    job_class_path = setup.get('job_class') or ''
    connection_class_path = setup.get('connection_class') or ''
    _hooks.after_import('rq.job', _job_module)
    _hooks.after_import('rq.connections', _connections_module)


def require_job_class() -> None:
    """--job-class: import it, have its perform() run. Raises ImportError, TypeError, ValueError."""
    if not job_class_path or job_class_path == 'rq.job.Job':
        return
    if not _import():
        raise ImportError(f'--job-class {job_class_path} needs the package rq, which is not installed')
    _class()
    _run.job_class = job_of


def job_of(job):
    """rq's Job for a running job, made on first use; None when rq is not installed."""
    if job.rq_job is None and _import():
        job.rq_job = _build(job)
    return job.rq_job


def connection():
    """The connection of jobs, as RQ's worker would hand it to them. It has no socket before its first
    command."""
    global _connection
    if _connection is None:
        if connection_class_path:
            from cq._resolve import resolve

            kind = resolve(connection_class_path)
        else:
            from redis import Redis as kind
        _connection = kind.from_url(url)
    return _connection


def present() -> bool:
    """Whether rq has been imported."""
    return 'rq.job' in sys.modules and 'redis' in sys.modules


def warm() -> None:
    """In a stable that has rq: do once what the first get_current_job() of every horse would do."""
    moment = b'2024-01-01T00:00:00.000000Z'
    data = _serial.pickle.dumps(('builtins.int', None, (), {}))
    _build(
        _job.Job(
            {
                'id': 'warm',
                'queue': 'warm',
                'worker': 'warm',
                'timeout': 0,
                'fields': {
                    b'data': data,
                    b'created_at': moment,
                    b'enqueued_at': moment,
                    b'started_at': moment,
                },
            }
        )
    )


def _import() -> bool:
    """Import rq; False when it is not installed."""
    global _missing
    if 'rq.job' in sys.modules:
        return True
    if _missing:
        return False
    try:
        import rq.job  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in ('rq', 'rq.job'):
            raise
        _missing = True
        return False
    return True


def _class():
    if not job_class_path:
        return sys.modules['rq.job'].Job
    from cq._resolve import resolve

    kind = resolve(job_class_path)
    if not (isinstance(kind, type) and issubclass(kind, sys.modules['rq.job'].Job)):
        raise TypeError(f'--job-class {job_class_path}: not a subclass of rq.job.Job')
    return kind


def _build(job):
    """Restore rq's Job from the fields that the worker sent, as Job.fetch would from Redis."""
    if job.serializer is None:
        job.open()
    kind = _class()
    given = {'connection': connection(), 'serializer': _serializer(job.serializer)}
    try:
        theirs = kind(job.id, **given)
    except ValueError:
        # An id with letters that this rq would not take, and an older producer has: it is the job's all the
        # same.
        theirs = kind(**given)
        theirs._id = job.id
    theirs.restore(job.fields)
    theirs.worker_name = job.worker_name
    theirs.origin = theirs.origin or job.queue
    if job.call is not None and _run.job_class is None:
        # The very objects that the function was called with.
        theirs._func_name, theirs._instance, theirs._args, theirs._kwargs = job.call
    if job._meta is not None:
        theirs.meta = job._meta
    return theirs


def _serializer(ours):
    """rq's own for what rq has; None is its pickle."""
    if ours.name == 'pickle' and not _run.limited:
        return None
    if ours.name == 'json':
        return sys.modules['rq.serializers'].JSONSerializer
    return getattr(ours, 'theirs', ours)


# --- What is done to rq right after it was imported.


def _job_module(module) -> None:
    _check_version()
    stack = getattr(module, '_job_stack', None)
    if stack is not None and hasattr(type(stack), 'top'):
        _fill_on_demand(stack, _current)
        return
    original = module.get_current_job

    def get_current_job(*args, **kwargs):
        found = original(*args, **kwargs)
        return _current() if found is None else found

    module.get_current_job = get_current_job


def _connections_module(module) -> None:
    # RQ before 2.0: Queue('name') without a connection takes the one that its worker has pushed.
    stack = getattr(module, '_connection_stack', None)
    if stack is not None and hasattr(type(stack), 'top'):
        _fill_on_demand(
            stack, lambda: connection() if _job.current is not None and get_ident() == _main_thread else None
        )


def _fill_on_demand(stack, make) -> None:
    kind = type(stack)
    top = kind.top.fget

    class Stack(kind):
        @property
        def top(self):
            value = top(self)
            return make() if value is None else value

    stack.__class__ = Stack


def _current():
    # As in RQ: not in threads that the job starts, not in callbacks.
    if not _job.running or get_ident() != _main_thread:
        return None
    return job_of(_job.current)


def _check_version() -> None:
    try:
        from rq.version import VERSION

        version = tuple([int(part) for part in VERSION.split('.')[:2]])
    except (ImportError, ValueError, AttributeError):
        return  # a development version; what is missing shows where it is used
    if version < OLDEST:
        oldest = '.'.join([str(part) for part in OLDEST])
        raise ImportError(
            f'rq {VERSION} is too old: cq works with rq {oldest} and later; install a newer one, or none',
            name='rq',
        )
