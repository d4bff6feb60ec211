"""An RQ worker object, and how it is told to work, as the command line of `cq worker`."""

import inspect
import os
import sys
import textwrap
from pathlib import Path
from urllib.parse import quote

import rq
from rq import worker as rq_worker
from rq.job import Job

CQ = os.path.abspath(os.environ["CQ"])
NAMED_CLASSES = ("SimpleWorker", "SpawnWorker", "RoundRobinWorker", "RandomWorker", "HerokuWorker", "Worker")


class NotApplicable(Exception):
    """What the test asks of its worker cannot be said to a program in another process (a mock, a closure)."""


def environment():
    """cq's: the test run's without the way to this folder, so that jobs find what a user's would."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def url_of(connection):
    """The address of a redis-py client, as a URL that RQ's own `rq worker --url` would take."""
    options = connection.connection_pool.connection_kwargs
    user, password = options.get("username"), options.get("password")
    login = f"{quote(user or '', safe='')}:{quote(password, safe='')}@" if password else ""
    if options.get("path"):
        return f"unix://{login}{options['path']}?db={options.get('db') or 0}"
    scheme = "rediss" if "ssl_cert_reqs" in options else "redis"
    place = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"{scheme}://{login}{place}/{options.get('db') or 0}"


def dotted_path(thing):
    """The name by which another process imports a class or a function; None when it has none, as what a test
    defines has."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not module or not name or "." in name or module == "__main__":
        return None
    return f"{module}.{name}" if getattr(sys.modules.get(module), name, None) is thing else None


def write_local_function(function, folder):
    """Give a function that a test has defined inside of itself a module of its own: that works for one that
    needs nothing from around it, and exception handlers in RQ's tests are such."""
    if not inspect.isfunction(function) or function.__closure__:
        raise NotApplicable(f"{function!r} exists in the test's process alone")
    module = f"local_{function.__name__}"
    source = textwrap.dedent(inspect.getsource(function))
    Path(folder, f"{module}.py").write_text(source)
    return f"{module}.{function.__name__}"


def handler_options(worker, folder):
    options, local = [], False
    for handler in worker._exc_handlers:
        path = dotted_path(handler)
        if path is None:
            path, local = write_local_function(handler, folder), True
        options += ["--exception-handler", path]
    if local:  # naming a path replaces the default one, which is the working directory
        options += ["--path", ".", "--path", str(folder)]
    return options


def class_options(worker):
    """A subclass that a test has made is run as the class of RQ's that it comes from."""
    options = []
    for cls in type(worker).__mro__:
        if cls.__name__ in NAMED_CLASSES and getattr(rq_worker, cls.__name__, None) is cls:
            if cls is not rq_worker.Worker:
                options = ["--worker-class", f"rq.worker.{cls.__name__}"]
            break
    if worker.job_class is not Job:
        path = dotted_path(worker.job_class)
        if path is None:
            raise NotApplicable(f"{worker.job_class!r} exists in the test's process alone")
        options += ["--job-class", path]
    return options


def worker_command(
    worker, folder, burst, max_jobs, max_idle_time, with_scheduler, dequeue_strategy, logging_level
):
    """The words of `cq worker` for Worker(...).work(...). folder: for modules of local functions."""
    if worker._work_horse_killed_handler:
        raise NotApplicable("work_horse_killed_handler is called in RQ's worker, and cq's is not Python")
    command = [
        CQ,
        "worker",
        "--url",
        url_of(worker.connection),
        "--python",
        sys.executable,
        "--name",
        worker.name,
        "--results-ttl",
        str(worker.default_result_ttl),
        "--worker-ttl",
        str(worker.worker_ttl),
        "--job-monitoring-interval",
        str(worker.job_monitoring_interval),
        "--maintenance-interval",
        str(worker.maintenance_interval),
    ]
    command += class_options(worker) + handler_options(worker, folder)
    if os.environ.get("RQ_SUITE_REUSE"):
        command.append("--reuse-horses")
    if worker._serializer_arg:
        command += ["--serializer", worker._serializer_arg]
    if worker.disable_default_exception_handler:
        command.append("--disable-default-exception-handler")
    if not worker.log_job_description:
        command.append("--disable-job-desc-logging")
    if burst:
        command.append("--burst")
    if max_jobs is not None:
        command += ["--max-jobs", str(max_jobs)]
    if max_idle_time is not None:
        command += ["--max-idle-time", str(max_idle_time)]
    if with_scheduler:
        command.append("--with-scheduler")
    if dequeue_strategy and dequeue_strategy != "default":
        command += ["--dequeue-strategy", str(getattr(dequeue_strategy, "value", dequeue_strategy))]
    command += ["--logging-level", str(logging_level or "INFO")]
    return command + ["--"] + worker.queue_names()


assert rq.VERSION.startswith("2."), "written for the workers of RQ 2"
