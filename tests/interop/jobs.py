"""The functions that jobs call, for RQ's own workers. jobs.c has the same ones for cq: same names, same
behaviour."""

import json
import os
import signal
import sys
import time

from rq import Retry, get_current_job


def add(a, b):
    return a + b


def greet(name, greeting="Hello"):
    return f"{greeting}, {name}!"


def echo(value):
    return value


def as_json(value):
    return json.dumps(value)


def nothing():
    return None


def collect(*args, **kwargs):
    return [list(args), kwargs]


def fail(message):
    raise ValueError(message)


def flaky():
    """Fail as long as retries are left."""
    left = get_current_job().retries_left or 0
    if left > 0:
        raise RuntimeError(f"{left} retries left")
    return "well at last"


def again(times, interval=0):
    """Ask to be run again, for ever."""
    return Retry(max=times, interval=interval)


def about():
    job = get_current_job()
    return f"{job.id} {job.origin}"


def note(path):
    """Append the job's id to a file: who was executed, how often and in which order."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, (get_current_job().id + "\n").encode())
    os.close(fd)


def _write_pid(path, pid=None):
    with open(path + ".part", "w") as file:
        file.write(str(pid or os.getpid()))
    os.rename(path + ".part", path)


def hold(started, release):
    """Write the horse's pid to the file started, then run until the file release exists."""
    _write_pid(started)
    while not os.path.exists(release):
        time.sleep(0.005)
    return "released"


def rest(seconds):
    time.sleep(seconds)
    return "rested"


def progress(started, release):
    """Save meta while running, and run until released."""
    job = get_current_job()
    job.meta["progress"] = 50
    job.save_meta()
    hold(started, release)
    return "done"


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(status):
    os._exit(status)


def stubborn(started):
    """Not to be stopped by SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _write_pid(started)
    while True:
        time.sleep(1)


def breed(path):
    """Leave a child behind that would live on."""
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    _write_pid(path, pid)


def chatter(lines):
    for number in range(lines):
        print(f"line {number}")
    sys.stderr.write("the end, without a newline")


def touch(path):
    open(path, "w").close()


class Toucher:
    """Unpickling an instance of this class writes a file: to prove that cq never executes a pickle."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return touch, (self.path,)
