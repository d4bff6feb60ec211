"""Functions and callbacks for every RQ from 1.13 on."""

import os
import time

from rq import VERSION, Queue, get_current_job

WAIT_S = 60


def add(a, b):
    return a + b


def version():
    return VERSION


def about():
    job = get_current_job()
    return {
        "id": job.id,
        "origin": job.origin,
        "func_name": job.func_name,
        "description": job.description,
        "timeout": job.timeout,
        "meta": job.meta,
        "status": job.get_status(),
        "environment": [os.environ.get("RQ_JOB_ID"), os.environ.get("RQ_WORKER_ID")],
        "worker": job.worker_name,
    }


def save(key, value):
    job = get_current_job()
    job.meta[key] = value
    job.save_meta()
    job.connection.set("saved", value)
    return job.get_meta(refresh=True)


def enqueue(function, *args):
    job = get_current_job()
    return Queue(job.origin, connection=job.connection).enqueue(function, *args).id


def enqueue_without_connection():
    """RQ before 2.0 gives queues the connection of the worker."""
    return Queue("default").enqueue(add, 20, 22).id


def dependencies():
    return [job.id for job in get_current_job().fetch_dependencies()]


def fail(text):
    raise ValueError(text)


def flaky(times):
    job = get_current_job()
    tries = job.meta["tries"] = job.meta.get("tries", 0) + 1
    job.save_meta()
    if tries <= times:
        raise RuntimeError(f"try {tries}")
    return tries


def sleep(seconds):
    time.sleep(seconds)


def swallow():
    from rq.timeouts import JobTimeoutException

    try:
        time.sleep(600)
    except JobTimeoutException as error:
        return str(error)


def hold():
    connection = get_current_job().connection
    connection.rpush("bell:running", os.getpid())
    connection.blpop("bell:go", WAIT_S)


async def later(value):
    return value


class Thing:
    def __init__(self, name):
        self.name = name

    def greet(self, whom):
        return f"{self.name} greets {whom}"


def report_success(job, connection, result, *args, **kwargs):
    connection.rpush(f"notes:{job.id}", f"success {result}")


def report_failure(job, connection, type, value, traceback):
    connection.rpush(f"notes:{job.id}", f"failure {type.__name__} {value} {traceback is not None}")


def report_stopped(job, connection):
    connection.rpush(f"notes:{job.id}", "stopped")


def handler(job, type, value, traceback):
    job.connection.rpush(f"notes:{job.id}", f"handler {type.__name__}")
    return True
