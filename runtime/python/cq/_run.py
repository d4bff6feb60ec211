"""A job from its frame to its answer: decode, find the function, call it, write what it returned.

This is what every job pays for, so it is straight: what only some jobs need (callbacks, coroutines, Retry,
failing) is in modules of its own, imported when it is needed. The order of things is RQ's. Source:
rq/worker/base.py perform_job, rq/job.py Job.perform, Job._execute.
"""

from cq import _allow, _job, _limit, _serial
from cq._resolve import resolve

# Values of these types are neither coroutines nor Retry.
PLAIN = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict, set})

limited = False  # --allow was given
resolved = None  # called when the function's module is imported, before the function is called
job_class = None  # --job-class: what builds its instances, called with the job (cq._rq)


def run(job) -> tuple:
    """Run `job` to its end. Returns the type and the fields of the answer; raises nothing that a job could
    cause."""
    try:
        _job.current = job
        if job_class is None:
            name, instance, args, kwargs = job.decode()
            _job.running = True
            try:
                _limit.arm(job.timeout)  # importing the function's module is the job's time, as in RQ
                if not limited and instance is None:
                    function = resolve(name)
                else:
                    function = _function(name, instance)
                if resolved is not None:
                    resolved()
                value = function(*args, **kwargs)
                kind = type(value)
                if kind not in PLAIN and hasattr(kind, 'send') and hasattr(kind, 'throw'):
                    value = _await(value)
            finally:
                _limit.disarm()
                _job.running = False
        else:
            value = _perform(job)
        return _finish(job, value)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are failures of the job, as in RQ
        from cq._failure import failed

        return failed(job, error)
    finally:
        _job.current = None


def _finish(job, value) -> tuple:
    if type(value) not in PLAIN:
        from cq._retry import frame_of

        retry = frame_of(value)
        if retry is not None:
            if retry.pop('store'):
                retry['value'] = _dump(job, value)
            return 'retry', retry
    if job.fields.get(b'success_callback_name'):
        from cq._callbacks import succeeded

        succeeded(job, value)
    if value is None:
        return 'done', {}
    return 'done', {'value': _dump(job, value)}


def _dump(job, value) -> bytes:
    if job.serializer is None:
        job.open()
    try:
        return job.serializer.dumps(value)
    except BaseException:  # RQ takes them all. Source: rq/results.py Result.serialize
        from cq._failure import unserializable

        unserializable(job, value)
        return job.serializer.dumps(_serial.UNSERIALIZABLE)


def _function(name: str, instance):
    if instance is None:
        return _allow.resolve_allowed(name)
    if limited:
        _allow.check_call(name, instance, None)
    return getattr(instance, name)


def _await(value):
    """Run a coroutine to its end, in a loop of its own. Which generators count as coroutines is up to this
    asyncio.

    RQ leaves the loop to the end of its process, with the tasks that nobody waited for. Here a horse may have
    jobs to come.
    """
    import asyncio

    if not asyncio.iscoroutine(value):
        return value
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(value)
    finally:
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # not a word about it, as in RQ
        loop.close()


def _perform(job):
    """With --job-class the job is its instance, and what runs is its perform()."""
    if limited:
        name, instance, args, kwargs = job.decode()
        _function(name, instance)
    theirs = job_class(job)
    _job.running = True
    try:
        _limit.arm(job.timeout)
        return theirs.perform()
    finally:
        _limit.disarm()
        _job.running = False
