"""The package that jobs find as `cq` inside of a cq worker.

    import cq

    def resize(file):
        job = cq.current_job()
        job.progress(1, of=3, text='decoded')

`current_job()` is None outside of a job. `cq.Retry(max, interval)` as a return value has the job run again,
with or without rq; `cq.JobTimeoutException` is what a job sees at its timeout. Neither rq nor redis is
needed, nor is either imported here.

The modules whose names begin with an underscore are the runtime. They import nothing that an interpreter has
not loaded anyway, because the fork of every horse copies all that they import.
"""

from cq._job import Job, current_job

__all__ = ['Job', 'JobTimeoutException', 'Retry', 'current_job']


def __getattr__(name: str):
    # Made on first use: hardly a job needs them.
    if name == 'JobTimeoutException':
        from cq import _limit

        return _limit.public_class()
    if name == 'Retry':
        from cq._retry import Retry

        return Retry
    raise AttributeError(f"module 'cq' has no attribute {name!r}")
