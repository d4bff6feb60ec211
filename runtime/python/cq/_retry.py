"""Retry as a return value: `return cq.Retry(max=3, interval=60)`. Source: rq/job.py Retry,
Worker.handle_job_retry."""

import sys


class Retry:
    """Run the job again, at most `max` times.

    interval  seconds to wait before the next run, or a list of them, one for each; 0: at once
    """

    def __init__(self, max: int, interval=0):
        if max < 1:
            raise ValueError('max: please enter a value greater than 0')
        intervals = [interval] if isinstance(interval, int) else list(interval)
        for seconds in intervals:
            if seconds < 0:
                raise ValueError('interval: negative numbers are not allowed')
        self.max = max
        self.intervals = intervals

    def __repr__(self) -> str:
        return f'Retry(max={self.max!r}, interval={self.intervals!r})'


def frame_of(value):
    """The fields of a `retry` frame when `value` is a Retry, rq's or ours; else None.

    `store`: it is to be stored as the job's result, as RQ does it with its own (Result.create_retried). Ours
    would be one that only programs with cq's package can read.
    """
    rq = sys.modules.get('rq.job')
    theirs = getattr(rq, 'Retry', None)
    is_theirs = theirs is not None and isinstance(value, theirs)
    if not (is_theirs or isinstance(value, Retry)):
        return None
    intervals = value.intervals
    if isinstance(intervals, int):
        intervals = [intervals]
    seconds = ', '.join([str(int(each)) for each in intervals])
    return {'max': int(value.max), 'intervals': f'[{seconds}]', 'store': is_theirs}
