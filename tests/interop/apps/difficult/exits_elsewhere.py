"""Exits, politely, wherever no job is."""

import os
import sys

if "RQ_JOB_ID" not in os.environ:
    sys.exit("no job here")


def function():
    return "in a job"
