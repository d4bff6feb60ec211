"""Callbacks of jobs, and exception handlers of workers. Each notes that it was called."""

import json
import time

from rq import Callback, Queue, get_current_job

from bakery.bell import hear, note, ring


def told(job, what, **more):
    note(job, json.dumps({"what": what, **more}))


# --- Success callbacks: (job, connection, result, *args, **kwargs)


def success(job, connection, result, *args, **kwargs):
    current = get_current_job()
    told(
        job,
        "success",
        result=result,
        id=job.id,
        ping=connection.ping(),
        more=[len(args), len(kwargs)],
        current=current and current.id,
        status=job.get_status(refresh=False).value,
        stored=job.get_status().value,
        has_result=job.latest_result() is not None,
    )


def success_raises(job, connection, result):
    told(job, "success raises")
    raise RuntimeError(f"callback of {result}")


def success_saves_meta(job, connection, result):
    job.meta["after"] = result
    job.save_meta()


def success_sleeps(job, connection, result):
    told(job, "success sleeps")
    time.sleep(600)


def success_enqueues(job, connection, result):
    follower = Queue(job.origin, connection=connection).enqueue("bakery.tasks.echo", result)
    told(job, "enqueued", id=follower.id)


def success_waits(job, connection, result):
    ring(connection, "in callback")
    hear(connection, "leave callback")


def changes_result(job, connection, result):
    result.append("by the callback")


def exits(job, connection, *args):
    told(job, "exits")
    raise SystemExit(4)


# --- Failure callbacks: (job, connection, type, value, traceback)


def failure(job, connection, type, value, traceback):
    current = get_current_job()
    told(
        job,
        "failure",
        type=type.__name__,
        text=str(value),
        is_type=isinstance(value, type),
        current=current and current.id,
        traceback=traceback is not None,
        status=job.get_status(refresh=False).value,
        ping=connection.ping(),
        retries_left=job.retries_left,
    )


def failure_saves_meta(job, connection, type, value, traceback):
    job.meta["failed with"] = type.__name__
    job.save_meta()


def failure_raises(job, connection, type, value, traceback):
    told(job, "failure raises")
    raise KeyError("the callback failed, too")


def failure_sleeps(job, connection, type, value, traceback):
    told(job, "failure sleeps")
    time.sleep(600)


def failure_looks_at_frames(job, connection, type, value, traceback):
    names = []
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    told(job, "frames", names=names[-2:])


# --- Stopped callbacks: (job, connection)


def stopped(job, connection):
    told(job, "stopped", ping=connection.ping(), meta=job.meta)


def stopped_raises(job, connection):
    told(job, "stopped raises")
    raise RuntimeError("while stopping")


def stopped_sleeps(job, connection):
    told(job, "stopped sleeps")
    time.sleep(600)


# --- Exception handlers: (job, type, value, traceback); False ends the walk, True and None continue it.


def handler_passes(job, type, value, traceback):
    told(job, "passes", type=type.__name__, text=str(value), traceback=traceback is not None)
    return True


def handler_says_nothing(job, *exc_info):
    told(job, "says nothing", type=exc_info[0].__name__)


def handler_ends(job, type, value, traceback):
    told(job, "ends")
    return False


def handler_ends_some(job, type, value, traceback):
    """Ends the walk for one kind of exception."""
    told(job, "ends some")
    return not issubclass(type, KeyError)


def handler_raises(job, type, value, traceback):
    told(job, "raises")
    raise RuntimeError("in the handler")


def handler_saves(job, type, value, traceback):
    job.meta["handled"] = type.__name__
    job.save_meta()


class Handler:
    """A handler may be any callable."""

    def __call__(self, job, type, value, traceback):
        told(job, "object")


handler_object = Handler()
two_minutes = Callback(success, timeout="2m")


def handler_waits(job, *exc_info):
    ring(job.connection, "handling")
    hear(job.connection, "handled")
