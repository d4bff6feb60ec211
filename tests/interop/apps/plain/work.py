"""Functions for a Python without rq and redis; `cq` comes with the worker."""

import signal
import sys
import time

import cq


def add(a, b):
    return a + b


def about():
    job = cq.current_job()
    return {
        "id": job.id,
        "queue": job.queue,
        "worker": job.worker_name,
        "name": job.func_name,
        "args": list(job.args),
        "kwargs": job.kwargs,
        "meta": job.meta,
        "timeout": job.timeout,
        "description": job.description,
    }


def outside():
    """Modules that a job has not asked for."""
    return sorted(name for name in ("rq", "redis", "asyncio", "logging") if name in sys.modules)


def installed():
    import importlib.util

    return [importlib.util.find_spec(name) is not None for name in ("rq", "redis")]


def progress(steps):
    job = cq.current_job()
    for step in range(steps):
        job.progress(step + 1, of=steps, text=f"step {step + 1}")
    job.meta["own"] = [1, 2]
    job.save_meta()
    return job.meta["progress"]


def unsaved(value):
    cq.current_job().meta["key"] = value


def say(text):
    cq.current_job().log(f"said: {text}")
    cq.current_job().log(f"warned: {text}", level="WARNING")


def fail(text):
    raise LookupError(text)


def slow():
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # it has begun: its timeout may strike
    try:
        time.sleep(600)
    except cq.JobTimeoutException as error:
        return f"in time: {error}"


def too_slow():
    time.sleep(600)


def again(times):
    return cq.Retry(max=times)


async def later(value):
    return value


class Thing:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return type(self) is type(other) and self.name == other.name

    def say(self):
        return f"I am {self.name}"


def uses_rq():
    import rq

    return rq.VERSION
