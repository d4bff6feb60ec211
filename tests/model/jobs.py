"""The one function of all jobs of the model. The environment, which the driver sets, says how it ends."""

import os
import signal
import time

from rq import Retry


def run():
    outcome = os.environ.get("MODEL_OUTCOME", "success")
    if outcome == "failed":
        raise ValueError("boom")
    if outcome == "retry":
        return Retry(max=2, interval=int(os.environ.get("MODEL_INTERVAL", "0")))
    if outcome == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if outcome == "late":
        time.sleep(600)
    return "done"
