"""A job that has failed: RQ's order of callback, log and exception handlers, and the text to store.

Imported by the first failure. Source: rq/worker/base.py perform_job (its except branch), handle_exception.
"""

import sys

import _cq

from cq import _errors, _job

# what exception handlers get beyond the job's timeout before the horse is killed, as RQ's monitor has it
HANDLERS_S = 60

handlers = ()  # --exception-handler, resolved, in their order


def failed(job, error: BaseException) -> tuple:
    """The answer to a job whose function, decoding or success callback raised `error`."""
    try:
        _job.running = False
        _job.current = job
        error.__traceback__ = _errors.strip(error)
        text = _errors.text_of(error)
        has_callback = bool(job.fields.get(b'failure_callback_name'))
        if has_callback or handlers:
            _tell_ended(job, has_callback)
        if has_callback:
            error, text = _call_back(job, error, text)
        _log(job, text, error)
        if handlers:
            text = _handle(job, error, text)
    except BaseException as second:  # no memory, a logger that raises ...: the job has failed all the same
        try:
            text = _errors.text_of(second)
        except BaseException:
            text = 'MemoryError: the failure cannot be shown\n'
    return 'failed', {'exc': text}


def _tell_ended(job, has_callback: bool) -> None:
    from cq import _callbacks

    seconds = _callbacks.timeout_of(job, 'failure') if has_callback else 0
    if handlers:
        seconds = seconds + job.timeout + HANDLERS_S if job.timeout > 0 else -1
    _cq.send('ended', {'timeout': seconds})


def _call_back(job, error: BaseException, text: str) -> tuple:
    from cq import _callbacks

    try:
        _callbacks.failed(job, type(error), error, error.__traceback__)
    except BaseException as second:  # the callback's failure is the job's then, as in RQ
        second.__traceback__ = _errors.strip(second)
        return second, _errors.text_of(second)
    return error, text


def _handle(job, error: BaseException, text: str) -> str:
    """Call the exception handlers until one returns something false but None."""
    from cq import _callbacks

    theirs, _ = _callbacks.subject(job)
    try:
        for handler in handlers:
            more = handler(theirs, type(error), error, error.__traceback__)
            if more is not None and not more:
                break
    except BaseException as second:
        # In RQ this kills the horse, and the failure's own text is lost. Here it comes first: it is the
        # context of this one.
        second.__traceback__ = _errors.strip(second)
        return _errors.text_of(second)
    return text


def _log(job, text: str, error: BaseException) -> None:
    """The traceback goes to the log: by the logger of RQ's worker when the job uses logging, so that handlers
    see it."""
    try:
        name = _name_of(job)
        message = f'exception raised while executing ({name})\n{text}'
        logging = sys.modules.get('logging')
        logger = logging.getLogger('rq.worker') if logging is not None else None
        if logger is None or not logger.hasHandlers():
            # Not kept among the last lines of the job: it is stored already, and would push out what the job
            # wrote.
            _cq.send('log', {'level': 'ERROR', 'text': _errors.clean(message.rstrip('\n')), 'kept': False})
            return
        extra = {'queue': job.queue, 'job_id': job.id}
        if job.call is not None:
            extra.update(func=name, arguments=job.call[2], kwargs=job.call[3])
        logger.error('Worker %s: job %s: %s', job.worker_name, job.id, message, extra=extra)
    except Exception as second:
        _cq.send(
            'log', {'level': 'ERROR', 'text': f'the failure cannot be logged: {_errors.last_line(second)}'}
        )


def _name_of(job) -> str:
    if job.call is not None:
        return job.call[0]
    try:
        return job.rq_job.func_name  # with --job-class it is RQ's job that has decoded the call
    except Exception:
        return '<DeserializationError>'


def unserializable(job, value) -> None:
    """Called while handling what the serializer raised."""
    error = sys.exc_info()[1]
    kind = _errors.name_of(type(value))
    _cq.send(
        'log',
        {
            'level': 'WARNING',
            'text': f'the return value ({kind}) cannot be written in {job.serializer.name}, so '
            f'it is not stored: {_errors.last_line(error)}',
        },
    )
