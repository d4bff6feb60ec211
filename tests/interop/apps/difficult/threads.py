"""Starts a thread at import, as clients of many services do."""

import threading
import time

beat = []


def _run():
    while True:
        beat.append(1)
        time.sleep(0.01)


threading.Thread(target=_run, daemon=True, name="beater").start()


def beats():
    """The thread is alive in the process that runs the job: it continues to count."""
    seen = len(beat)
    for _ in range(500):
        if len(beat) > seen:
            return True
        time.sleep(0.01)
    return False
