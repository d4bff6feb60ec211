"""Jobs that make, follow and repeat jobs."""

from datetime import timedelta

from rq import Queue, Retry, get_current_job

from bakery.bell import note


def queue_of(job, name=None):
    return Queue(name or job.origin, connection=job.connection)


def enqueue(function, *args):
    """Enqueue a job from inside of one; its id."""
    return queue_of(get_current_job()).enqueue(function, *args).id


def enqueue_follower(function, *args):
    """A job that waits for the one that enqueues it."""
    job = get_current_job()
    return queue_of(job).enqueue(function, *args, depends_on=job).id


def enqueue_elsewhere():
    """All the ways of a queue, from inside."""
    job = get_current_job()
    queue = queue_of(job, "elsewhere")
    one = queue.enqueue("bakery.tasks.add", 1, 2, job_id="one", meta={"by": job.id})
    many = queue.enqueue_many(
        [Queue.prepare_data("bakery.tasks.echo", (n,), job_id=f"two-{n}") for n in range(2)]
    )
    late = queue.enqueue_in(timedelta(hours=1), "bakery.tasks.nothing", job_id="late")
    front = queue.enqueue("bakery.tasks.nothing", job_id="front", at_front=True)
    return [made.id for made in (one, *many, late, front)]


def enqueue_here():
    """A queue that is not asynchronous runs its job at once, inside of ours."""
    job = get_current_job()
    inner = Queue("inside", connection=job.connection, is_async=False).enqueue("bakery.current.helper")
    return [get_current_job().id == job.id, inner.id == inner.return_value(), inner.get_status().value]


def descend(levels):
    job = get_current_job()
    if levels:
        queue_of(job).enqueue(descend, levels - 1, job_id=f"level-{levels - 1}")
    return levels


def again(times, interval=0):
    return Retry(max=times, interval=interval)


def again_until(tries):
    """Ask to be tried again until that try, and say what is known of it."""
    job = get_current_job()
    note(job, f"{job.number_of_retries} {len(job.results())}")
    return "enough" if (job.number_of_retries or 0) + 1 >= tries else Retry(max=10)


async def again_later():
    return Retry(max=1)


def left():
    job = get_current_job()
    note(job, str(job.retries_left))
    raise RuntimeError("once more")


def repeats():
    job = get_current_job()
    note(job, str(job.repeats_left))
    return job.repeats_left


def of_dependencies():
    """What the jobs before this one returned."""
    job = get_current_job()
    return {before.id: before.return_value() for before in job.fetch_dependencies()}


def of_failed_dependency():
    job = get_current_job()
    (before,) = job.fetch_dependencies()
    return [
        job.dependency.id == before.id,
        before.get_status().value,
        before.latest_result().exc_string.splitlines()[-1],
    ]


def try_with_meta():
    """Change meta without saving it, and fail."""
    job = get_current_job()
    job.meta["tries"] = job.meta.get("tries", 0) + 1
    note(job, str(job.meta["tries"]))
    raise RuntimeError("again")
