"""The jobs of the benchmark as Celery's tasks: results kept in the same Redis that brings the jobs."""

import os

from celery import Celery

import bench

app = Celery("bench", broker=os.environ["BENCH_CELERY_URL"], backend=os.environ["BENCH_CELERY_URL"])
app.conf.broker_connection_retry_on_startup = True

noop = app.task(name="bench.noop")(bench.noop)
nap = app.task(name="bench.nap")(bench.nap)
hold = app.task(name="bench.hold")(bench.hold)
