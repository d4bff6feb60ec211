"""The job that runs: what `cq.current_job()` gives.

The objects of this module know the frame that the worker sent and nothing else; neither Redis nor rq. With rq
installed, rq.get_current_job() gives rq's own Job for the same job (cq._rq), and both show one meta.
"""

import time

import _cq

from cq import _serial

PROGRESS_INTERVAL_S = 0.1  # progress is sent at most that often; the last is always stored

current = None  # the Job whose function or callback runs, None between two
running = False  # True while the function itself runs: rq's get_current_job() is None in callbacks


def current_job():
    """The job that is running, None outside of a job."""
    return current


class Job:
    """A job as its function sees it.

    id, queue, worker_name, execution_id    texts
    timeout     seconds, -1: none
    func_name, instance, args, kwargs       the call
    meta        the job's own dict, kept with it in Redis; changes are stored with the outcome, or at once by
    save_meta()
    """

    __slots__ = (
        'id',
        'queue',
        'worker_name',
        'execution_id',
        'timeout',
        'fields',
        'data',
        'serializer',
        'call',
        'rq_job',
        '_meta',
        '_meta_sent',
        '_progress_at',
        '__weakref__',
    )

    def __init__(self, frame: dict):
        self.id = frame['id']
        self.queue = frame['queue']
        self.worker_name = frame['worker']
        self.execution_id = frame.get('execution')
        self.timeout = frame['timeout']
        self.fields = frame['fields']  # the job's hash as it is in Redis, {bytes: bytes}
        self.data = None  # uncompressed, once it was looked at
        self.serializer = None  # known from then on
        self.call = None  # (func_name, instance, args, kwargs) once they are decoded
        self.rq_job = None  # rq's Job for it, once somebody asked
        self._meta = None  # the dict, once somebody asked
        self._meta_sent = None  # its serialized form as the worker has it
        self._progress_at = 0.0

    def open(self) -> None:
        """Decompress the data and choose the serializer. Raises cq.InvalidJob, cq.SerializerRefused."""
        data = self.fields.get(b'data')
        if not data:
            from cq._errors import error_class

            raise error_class('cq', 'InvalidJob')(
                "the job's hash has no data, so there is nothing to call; enqueue it again"
            )
        data = _serial.inflate(data)
        self.serializer = _serial.choose(data)
        self.data = data

    def decode(self) -> tuple:
        """(func_name, instance, args, kwargs). Raises rq's DeserializationError from what the serializer
        raised."""
        call = self.call
        if call is not None:
            return call
        if self.data is None:
            self.open()
        try:
            name, instance, args, kwargs = self.serializer.loads(self.data)
            if not isinstance(name, str):
                raise TypeError(f"the function's name is {type(name).__name__}, not str")
        except Exception as error:
            from cq._errors import error_class, last_line

            raise error_class('rq.exceptions', 'DeserializationError')(
                f"the job's data cannot be read ({self.serializer.name}): {last_line(error)}"
            ) from error
        self.call = call = (name, instance, args, kwargs)
        return call

    func_name = property(lambda self: self.decode()[0])
    instance = property(lambda self: self.decode()[1])
    args = property(lambda self: self.decode()[2])
    kwargs = property(lambda self: self.decode()[3])
    origin = property(lambda self: self.queue)  # RQ's word for it

    def __repr__(self) -> str:
        return f'<cq.Job {self.id}>'

    @property
    def description(self):
        return self._text(b'description')

    @property
    def retries_left(self) -> int:
        """How often it will be run again should this run fail."""
        return int(self._text(b'retries_left') or 0)

    def _text(self, field: bytes):
        value = self.fields.get(field)
        return value.decode('utf-8', 'backslashreplace') if value else None

    @property
    def meta(self) -> dict:
        if self._meta is None:
            if self.rq_job is not None:
                self._meta = self.rq_job.meta
            else:
                if self.serializer is None:
                    self.open()
                raw = self.fields.get(b'meta')
                self._meta = (self.serializer.loads(raw) if raw else None) or {}
            self._meta_sent = self.serializer.dumps(self._meta)
        return self._meta

    @meta.setter
    def meta(self, value: dict) -> None:
        _ = self.meta  # so that the change is seen
        self._meta = value
        if self.rq_job is not None:
            self.rq_job.meta = value

    def save_meta(self) -> None:
        """Have the worker store meta now, while the job runs."""
        raw = self.take_meta()
        if raw is not None:
            _cq.send('meta', {'meta': raw})

    def take_meta(self):
        """Meta as it is to be stored; None when it is stored already. It counts as sent from now on."""
        if self._meta is None:
            return None
        raw = self.serializer.dumps(self._meta)
        if raw == self._meta_sent:
            return None
        self._meta_sent = raw
        return raw

    def progress(self, done: float, of: float = None, text: str = None) -> None:
        """Say how far the job is: `progress` (0 to 1) and `progress_text` in meta, as cq_progress of cq.h
        sets them.

        done  the part that is done, or with `of` the number of steps that are done of so many
        """
        meta = self.meta
        meta['progress'] = share = float(done) / float(of) if of else float(done)
        if text is not None:
            meta['progress_text'] = text
        now = time.monotonic()
        if now - self._progress_at >= PROGRESS_INTERVAL_S or share >= 1:
            self._progress_at = now
            self.save_meta()

    def log(self, text: str, level: str = 'INFO') -> None:
        """A line for the worker's log, marked with the job's id. level: DEBUG, INFO, WARNING or ERROR."""
        from cq._errors import clean

        _cq.send('log', {'level': level, 'text': clean(str(text))})
