"""Job classes of an application's own, for --job-class."""

from rq import Queue
from rq.job import Job

from bakery.bell import note


class NotedJob(Job):
    """Says that it runs, and in which class; the function's own value comes inside of another."""

    def perform(self):
        note(self, f"perform as {type(self).__name__}")
        try:
            return {"by": "NotedJob", "value": super().perform()}
        finally:
            note(self, "performed")


class OtherNameJob(Job):
    """Reads the function from elsewhere."""

    @property
    def func(self):
        from bakery import tasks

        return tasks.echo


class RefusingJob(Job):
    def perform(self):
        raise PermissionError("this class performs nothing")


class NotedQueue(Queue):
    job_class = NotedJob


class NotAJob:
    pass


def class_of_current():
    from rq import get_current_job

    return type(get_current_job()).__name__
