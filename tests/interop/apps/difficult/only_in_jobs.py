"""Can be imported by a job only; anybody else who tries is gone."""

import os

if "RQ_JOB_ID" not in os.environ:
    os._exit(9)


def function():
    return "in a job"
