"""How jobs and tests wait for each other: a list in Redis per bell. Who hears it, takes it off."""

import os

WAIT_S = 60


def ring(connection, name, text=None):
    connection.rpush(f"bell:{name}", str(os.getpid()) if text is None else text)


def hear(connection, name):
    answer = connection.blpop([f"bell:{name}"], timeout=WAIT_S)
    if answer is None:
        raise RuntimeError(f"nobody rang {name}")
    return answer[1].decode()


def note(job, text):
    """Keep what happened, in order, under the job's id."""
    job.connection.rpush(f"notes:{job.id}", text)
