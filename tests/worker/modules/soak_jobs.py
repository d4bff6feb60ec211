"""Jobs of the soak that the Python runtime executes."""

import os
import time


def trace(path, work_ms):
    """A line at the beginning and one at the end, as trace of jobs.c does."""
    job_id = os.environ["RQ_JOB_ID"]
    with open(path, "ab", buffering=0) as record:
        record.write(f"begin {job_id}\n".encode())
        time.sleep(work_ms / 1000)
        record.write(f"end {job_id}\n".encode())
    return job_id


def called(job, connection, result):
    """The success callback."""
    with open(job.args[0], "ab", buffering=0) as record:
        record.write(f"called {job.id}\n".encode())
