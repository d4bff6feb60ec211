"""Functions that ask RQ for the job they are in."""

import os
import subprocess
import threading

from rq import Queue, Worker, get_current_job

from bakery.bell import hear, note, ring


def connection():
    """Nothing that could be a result."""
    return get_current_job().connection


def save(key, value):
    job = get_current_job()
    job.meta[key] = value
    job.save_meta()
    return "saved"


def forget(key, value):
    """Change meta, and save nothing."""
    get_current_job().meta[key] = value


def about():
    """All that a job can read of itself."""
    job = get_current_job()
    return {
        "id": job.id,
        "origin": job.origin,
        "func_name": job.func_name,
        "args": list(job.args),
        "kwargs": job.kwargs,
        "description": job.description,
        "timeout": job.timeout,
        "meta": job.meta,
        "worker_name": job.worker_name,
        "status": str(job.get_status(refresh=False).value),
        "fresh status": str(job.get_status().value),
        "created": job.created_at is not None,
        "enqueued": job.enqueued_at is not None,
        "started": job.started_at is not None,
        "ended": job.ended_at is not None,
        "result_ttl": job.result_ttl,
        "failure_ttl": job.failure_ttl,
        "is_started": job.is_started,
        "repr": repr(job),
        "class": type(job).__name__,
        "key": job.key,
        "executions": len(job.get_executions()),
        "group": job.group_id,
    }


def helper():
    return get_current_job().id


async def of_coroutine():
    return helper()


def of_thread():
    """A thread has no current job: RQ's stack is one per thread."""
    found = []
    thread = threading.Thread(target=lambda: found.append(get_current_job()))
    thread.start()
    thread.join()
    return found[0]


def environment():
    return {key: value for key, value in os.environ.items() if key.startswith(("RQ_", "BAKERY_"))}


def spoil_environment(how):
    if how == "clear":
        os.environ.clear()
    elif how == "unset":
        os.unsetenv("RQ_JOB_ID")
        del os.environ["RQ_WORKER_ID"]
    else:
        os.environ["RQ_JOB_ID"] = os.environ["RQ_WORKER_ID"] = "nonsense"
    os.environ["BAKERY_LEFT"] = how


def environment_of_program():
    return dict(
        line.split("=", 1)
        for line in subprocess.run(["/usr/bin/env"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    )


def environment_and_id():
    job = get_current_job()
    return [os.environ.get("RQ_JOB_ID") == job.id, os.environ.get("RQ_WORKER_ID") == job.worker_name]


def progress(steps):
    """Say how far it is; continue when the test has seen it."""
    job = get_current_job()
    for step in range(steps):
        job.meta["step"] = step
        job.save_meta()
        ring(job.connection, "step")
        hear(job.connection, "seen")
    return steps


def meta_from_outside():
    """See what somebody else has written to meta since the job began."""
    job = get_current_job()
    before = dict(job.meta)
    ring(job.connection, "running")
    hear(job.connection, "go")
    return [before, job.get_meta(refresh=True), job.meta]


def refreshed():
    job = get_current_job()
    ring(job.connection, "running")
    hear(job.connection, "go")
    before = job.description
    job.refresh()
    return [before, job.description, job.worker_name, job.get_status().value]


def save_whole():
    job = get_current_job()
    job.description = "described by itself"
    job.meta["whole"] = True
    job.save()


def hold():
    """Run until the test says go."""
    job = get_current_job()
    ring(job.connection, "running")
    return hear(job.connection, "go")


def surroundings(waiting_id):
    """Workers, queues and registries, seen from inside."""
    job = get_current_job()
    (worker,) = Worker.all(connection=job.connection)
    queue = Queue(job.origin, connection=job.connection)
    return {
        "worker": [worker.name, worker.get_state(), worker.get_current_job_id(), worker.queue_names()],
        "position": queue.fetch_job(waiting_id).get_position(),
        "own position": job.get_position(),
        "queued": queue.job_ids,
        "started": queue.started_job_registry.get_job_ids(),
        "queues": sorted(q.name for q in Queue.all(connection=job.connection)),
    }


def cancel(other_id):
    job = get_current_job()
    Queue(job.origin, connection=job.connection).fetch_job(other_id).cancel()


def in_a_pipeline():
    """The connection is an ordinary one."""
    job = get_current_job()
    with job.connection.pipeline() as pipe:
        pipe.set("made-by", job.id).incr("counted").get("made-by")
        return pipe.execute()


def notes(*texts):
    job = get_current_job()
    for text in texts:
        note(job, text)
    return job.connection.llen(f"notes:{job.id}")


def save_unserializable():
    job = get_current_job()
    job.meta["lock"] = threading.Lock()
    job.save_meta()


def big_meta(size):
    job = get_current_job()
    job.meta["big"] = "x" * size
    job.save_meta()


def append(key):
    """Who was executed, in which order."""
    job = get_current_job()
    job.connection.rpush(key, job.id)


def close_connection():
    """What is closed is opened again by the next command."""
    connection = get_current_job().connection
    connection.close()
    connection.connection_pool.disconnect()
    return connection.ping()


def kill_connections():
    """The server ends this connection; the client makes another."""
    connection = get_current_job().connection
    with connection.client() as one:
        one.client_kill_filter(_id=one.client_id(), skipme=False)
    return connection.ping()


def sockets(use=False):
    """How many connections over TCP this process has."""
    if use:
        get_current_job().connection.ping()
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        found += target.startswith("socket:") and any(
            target[8:-1] in line.split() for line in open("/proc/self/net/tcp")
        )
    return found
