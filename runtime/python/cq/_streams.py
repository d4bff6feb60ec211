"""Standard output and error of a reused horse: the next job's belong to its worker's log, whatever the last
one did to them.

What a job puts in place of sys.stdout stays if it leads to the same descriptor.
"""

import os
import sys

_kept = []  # [name in sys, descriptor, a duplicate, what the descriptor is, the stream]


def keep() -> None:
    """Before a job; the first time they are remembered."""
    if _kept:
        return
    for name, fd in (('stdout', 1), ('stderr', 2)):
        try:
            _kept.append([name, fd, os.dup(fd), _identity(fd), getattr(sys, name)])
        except OSError:
            pass  # this worker has none


def restore() -> None:
    """Between two jobs: bring back what is not there any more."""
    for entry in _kept:
        name, fd, copy, identity, stream = entry
        try:
            if _identity(fd) != identity:
                os.dup2(copy, fd)
            if not _leads_to(getattr(sys, name, None), fd):
                if not _leads_to(stream, fd):
                    entry[4] = stream = open(fd, 'w', buffering=1, errors='backslashreplace', closefd=False)
                setattr(sys, name, stream)
        except OSError:
            pass  # the duplicate was closed as well


def _identity(fd: int):
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _leads_to(stream, fd: int) -> bool:
    try:
        return not stream.closed and stream.fileno() == fd
    except Exception:
        return False
