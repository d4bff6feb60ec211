"""Fails, in a word, wherever no job is."""

import os

if "RQ_JOB_ID" not in os.environ:
    raise RuntimeError("no job here")


def function():
    return "in a job"
