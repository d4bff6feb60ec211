"""What RQ 1.13 does, run by its own Python: one operation per line of JSON on standard input, one answer per line.

usage: rq113.py SOCKET; an operation is {"do": "enqueue" | "read" | "requeue" | "registries", ...}.
"""

import json
import sys

import redis
from rq import Queue, VERSION
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.worker import Worker

SERIALIZERS = {"pickle": DefaultSerializer, "json": JSONSerializer}


def moment(value):
    return value.isoformat() if value else None


def enqueue(connection, serializer, function, args=(), kwargs=None, **options):
    queue = Queue("default", connection=connection, serializer=serializer)
    return queue.enqueue_call(function, args=args, kwargs=kwargs, **options).id


def read(connection, serializer, job_id):
    job = Job.fetch(job_id, connection=connection, serializer=serializer)
    latest = job.latest_result()
    return {
        "status": job.get_status(), "value": job.return_value(), "result": job.result, "exc_info": job.exc_info, "meta": job.meta,
        "type": latest.type.name if latest else None, "exc_string": latest.exc_string if latest else None,
        "times": [moment(t) for t in (job.created_at, job.enqueued_at, job.started_at, job.ended_at)],
        "worker": job.worker_name, "description": job.description, "function": job.func_name, "args": list(job.args), "kwargs": job.kwargs,
    }


def requeue(connection, serializer, job_id):
    FailedJobRegistry("default", connection=connection, serializer=serializer).requeue(job_id)


def registries(connection, serializer):
    queue = Queue("default", connection=connection, serializer=serializer)
    return {"finished": sorted(FinishedJobRegistry(queue=queue).get_job_ids()), "failed": sorted(FailedJobRegistry(queue=queue).get_job_ids()),
            "queued": queue.get_job_ids()}


def workers(connection, serializer):
    return [{"name": w.name, "state": w.get_state(), "pid": w.pid, "queues": w.queue_names(), "done": w.successful_job_count}
            for w in Worker.all(connection=connection)]


def version(connection, serializer):
    return VERSION


def main():
    connection = redis.Redis(unix_socket_path=sys.argv[1])
    operations = {f.__name__: f for f in (enqueue, read, requeue, registries, workers, version)}
    for line in sys.stdin:
        request = json.loads(line)
        serializer = SERIALIZERS[request.pop("serializer", "pickle")]
        print(json.dumps(operations[request.pop("do")](connection, serializer, **request)), flush=True)


main()
