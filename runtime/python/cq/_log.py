"""`logging` in jobs: records that the application gives no handler to reach the worker's log, with their
level.

Python prints such records to standard error (logging.lastResort). That object is replaced right after logging
was imported, which touches no logger: whatever the application configures, basicConfig too, works as ever and
takes the records over.
"""

import sys

import _cq

_LEVELS = ((40, 'ERROR'), (30, 'WARNING'), (20, 'INFO'), (10, 'DEBUG'))

TEXT_MAX = 15000  # characters of a record; to its stable a worker does not listen for longer than 64 KiB
level = 0  # of the worker's log, as logging counts; what it would drop is not sent. 0: not known
ready = False  # the worker takes log frames from this process; before that records go to standard error


def install(logging) -> None:
    """Called with the module logging."""
    logging.lastResort = _LastResort(logging)
    if level:
        for name in ('rq.worker', 'rq.job'):  # as RQ's worker does; jobs log by them too
            logging.getLogger(name).setLevel(level)


def set_level(name: str) -> None:
    """The level of the worker's log, by its name; what is unknown lets everything through."""
    global level
    level = {'CRITICAL': 50, **{known: number for number, known in _LEVELS}}.get(name, 0)


class _LastResort:
    """Takes records as a logging.Handler does, as far as Logger.callHandlers asks."""

    def __init__(self, logging):
        self.level = level  # as against WARNING: what a logger's own level lets through shall be seen
        self._format = logging.Formatter().format
        self._original = logging.lastResort

    def handle(self, record) -> None:
        try:
            from cq import _horse

            if not ready or not _horse.owns_socket():
                # A stable that has not said hello yet, or a process that the job has forked.
                if self._original is not None and record.levelno >= self._original.level:
                    self._original.handle(record)
                return
            from cq._errors import clean

            _cq.log(level_name(record.levelno), clean(self._format(record))[:TEXT_MAX])
        except Exception:
            # Logging never fails a job. What is wrong with the record is shown as logging would show it.
            if self._original is not None:
                self._original.handleError(record)


def level_name(number: int) -> str:
    for least, name in _LEVELS:
        if number >= least:
            return name
    return 'DEBUG'


def line_buffer() -> None:
    """Have what is printed arrive line by line, although standard output is a pipe."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.reconfigure(line_buffering=True)
        except (AttributeError, ValueError, OSError):
            pass  # closed, or replaced by something else


def flush() -> None:
    """Before an answer: what the job has printed belongs to it."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass  # closed, replaced, or full: the job's own outcome counts
