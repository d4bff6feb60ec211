"""Functions that take longer than they may."""

import asyncio
import signal
import subprocess
import threading
import time

from rq import get_current_job
from rq.timeouts import JobTimeoutException

from bakery.bell import note, ring


def strike():
    """Have the timeout strike now that the function has begun: importing it may take a slow machine long."""
    signal.setitimer(signal.ITIMER_REAL, 0.01)


def sleep(seconds):
    time.sleep(seconds)
    return "rested"


def oversleep(seconds):
    strike()
    time.sleep(seconds)


async def sleep_in_coroutine(seconds):
    await asyncio.sleep(seconds)


def loop():
    strike()
    while True:
        pass


def clean_up():
    """Catch it, clean up, raise it again."""
    job = get_current_job()
    strike()
    try:
        time.sleep(600)
    except JobTimeoutException as error:
        note(job, f"cleaned up: {error}")
        raise
    finally:
        note(job, "finally")


def swallow():
    """Catch it and be done."""
    strike()
    try:
        time.sleep(600)
    except JobTimeoutException:
        return "in time, more or less"


def swallow_as_any_exception():
    strike()
    try:
        time.sleep(600)
    except Exception:
        return "an exception as any other"


def translate():
    strike()
    try:
        time.sleep(600)
    except JobTimeoutException as error:
        raise LookupError("took too long") from error


def never_give_up():
    """Swallow whatever comes."""
    ring(get_current_job().connection, "running")
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass


def ignore_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    never_give_up()


def in_c():
    """A loop in C that never asks for signals."""
    ring(get_current_job().connection, "running")
    return sum(range(10**15))


def wait_for_program():
    strike()
    subprocess.run(["sleep", "600"], check=True)


def wait_for_lock():
    strike()
    threading.Lock().acquire() and threading.Event().wait()


def program_pid():
    """Wait for a program; who knows its id knows whether it outlives the job."""
    program = subprocess.Popen(["sleep", "600"])
    ring(get_current_job().connection, "program", program.pid)
    program.wait()


def quick_enough():
    time.sleep(0.01)
    return "quick"


def alarm_left():
    return signal.getitimer(signal.ITIMER_REAL)[0]


def own_alarm():
    """SIGALRM is RQ's; a job that takes it has no timeout of RQ's any more."""
    signal.signal(signal.SIGALRM, lambda *args: None)
    ring(get_current_job().connection, "running")
    while True:
        time.sleep(1)
