"""What another RQ does, run by its own Python: one operation per line of JSON on standard input, one answer
per line.

usage: peer.py SOCKET; an operation is {"do": "enqueue" | "read" | "requeue" | "registries" ..., ...}. Works
with RQ 1.13 to 2.12.
"""

import importlib
import json
import sys

import redis
from rq import VERSION, Queue, Retry
from rq.command import send_stop_job_command
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.worker import Worker

SERIALIZERS = {"pickle": DefaultSerializer, "json": JSONSerializer}


def moment(value):
    return value.isoformat() if value else None


def named(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def enqueue(
    connection,
    serializer,
    function,
    args=(),
    kwargs=None,
    callbacks=None,
    retry=None,
    by_reference=False,
    **options,
):
    """callbacks: their names by on_success and so on; by_reference: enqueue the function itself, which is
    imported here."""
    queue = Queue("default", connection=connection, serializer=serializer)
    options.update({when: named(path) for when, path in (callbacks or {}).items()})
    if retry:
        options["retry"] = Retry(**retry)
    return queue.enqueue_call(
        named(function) if by_reference else function, args=args, kwargs=kwargs, **options
    ).id


def enqueue_method(connection, serializer, cls, given, method, args=()):
    return Queue("default", connection=connection).enqueue(getattr(named(cls)(*given), method), *args).id


def stop(connection, serializer, job_id):
    send_stop_job_command(connection, job_id)


def read(connection, serializer, job_id):
    job = Job.fetch(job_id, connection=connection, serializer=serializer)
    latest = job.latest_result()
    return {
        "status": job.get_status(),
        "value": job.return_value(),
        "result": job.result,
        "exc_info": job.exc_info,
        "meta": job.meta,
        "type": latest.type.name if latest else None,
        "exc_string": latest.exc_string if latest else None,
        "times": [moment(t) for t in (job.created_at, job.enqueued_at, job.started_at, job.ended_at)],
        "worker": job.worker_name,
        "description": job.description,
        "function": job.func_name,
        "args": list(job.args),
        "kwargs": job.kwargs,
    }


def requeue(connection, serializer, job_id):
    FailedJobRegistry("default", connection=connection, serializer=serializer).requeue(job_id)


def registries(connection, serializer):
    queue = Queue("default", connection=connection, serializer=serializer)
    return {
        "finished": sorted(FinishedJobRegistry(queue=queue).get_job_ids()),
        "failed": sorted(FailedJobRegistry(queue=queue).get_job_ids()),
        "queued": queue.get_job_ids(),
    }


def workers(connection, serializer):
    return [
        {
            "name": w.name,
            "state": w.get_state(),
            "pid": w.pid,
            "queues": w.queue_names(),
            "done": w.successful_job_count,
        }
        for w in Worker.all(connection=connection)
    ]


def version(connection, serializer):
    return VERSION


def main():
    connection = redis.Redis(unix_socket_path=sys.argv[1])
    operations = {
        f.__name__: f for f in (enqueue, enqueue_method, stop, read, requeue, registries, workers, version)
    }
    for line in sys.stdin:
        request = json.loads(line)
        serializer = SERIALIZERS[request.pop("serializer", "pickle")]
        print(json.dumps(operations[request.pop("do")](connection, serializer, **request)), flush=True)


main()
