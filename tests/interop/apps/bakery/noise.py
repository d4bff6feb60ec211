"""Functions that print and log."""

import logging
import os
import subprocess
import sys
import warnings

from rq import get_current_job

from bakery.bell import hear, ring

logger = logging.getLogger("bakery")
rq_logger = logging.getLogger("rq.worker")


def say(text):
    """The text is in the job's description, too, and so in the log: what is said is told from it by a
    word."""
    print("said:", text)


def complain(text):
    print("said:", text, file=sys.stderr)


def write_raw(text):
    """Past Python's buffers."""
    os.write(1, f"{text} to 1\n".encode())
    os.write(2, f"{text} to 2\n".encode())


def run_echo(text):
    subprocess.run(["echo", "said:", text], check=True)


def no_newline(text):
    sys.stdout.write(f"said: {text}")


def flood(lines):
    for number in range(lines):
        print(f"line {number} of the flood")


def long_line(size):
    print("x" * size)


def log(text):
    logger.warning("%s at warning", text)
    logger.error("%s at error", text)
    rq_logger.info("%s of the worker", text)


def log_exception(text):
    try:
        raise KeyError(text)
    except KeyError:
        logger.exception("seen and handled")
    return "went on"


def log_debug(text):
    rq_logger.debug("%s at debug", text)
    logger.info("%s at info", text)


def configured(text):
    """As an application does that configures logging for itself."""
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(name)s: %(message)s", force=True)
    logger.info(text)


def warn(text):
    warnings.warn(f"said: {text}", UserWarning, stacklevel=1)


def say_and_wait(text):
    """Output is seen while the job runs."""
    print("said:", text, flush=True)
    job = get_current_job()
    ring(job.connection, "running")
    hear(job.connection, "go")


def say_and_fail(lines):
    for number in range(lines):
        print(f"step {number}")
    print("to standard error", file=sys.stderr)
    raise ValueError("after all that")


def say_and_die(text):
    print("said:", text, flush=True)
    os._exit(9)


def say_unflushed_and_fail(text):
    sys.stdout.write(f"said: {text}")
    raise ValueError("not flushed")


def binary():
    sys.stdout.buffer.write(b"\xff\xfe not UTF-8 \x00 \x1b[31m red\n")


def from_threads(text):
    import threading

    threads = [threading.Thread(target=print, args=(f"{text} {n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def close_output():
    os.close(1)
    os.close(2)
    return "quiet"


def redirect_output(path):
    sys.stdout = open(path, "w")
    print("into the file")
    sys.stdout.flush()


def fake_frame():
    """What looks like a line of the worker's log is a line of a job."""
    print("12:00:00 Worker somebody: everything is fine")
