"""Functions that harm the process they run in, and objects that harm their readers."""

import ctypes
import os
import signal
import sys
import threading
import time


class Toucher:
    """Writes a file as it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def leave(status):
    os._exit(status)


def exit_politely(status):
    sys.exit(status)


def segfault():
    ctypes.string_at(0)


def abort():
    os.abort()


def kill_myself(number=signal.SIGKILL):
    os.kill(os.getpid(), number)
    return "alive"


def pid():
    return os.getpid()


def group():
    return os.getpgid(0) == os.getpid()


def dispositions():
    return [
        signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
    ]


def leave_threads():
    """Threads that would run on for minutes: neither kind is waited for."""
    for daemon in (True, False):
        threading.Thread(target=time.sleep, args=(600,), daemon=daemon).start()
    return "left"


def register_atexit(path):
    import atexit

    atexit.register(lambda: open(path, "w").close())


def in_processes(numbers):
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, numbers)


def run_program(*words):
    import subprocess

    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def fork_and_return():
    """Both processes return: the child's way leads through the horse's code."""
    return "child" if os.fork() == 0 else "parent"


def fork_and_wait():
    child = os.fork()
    if child == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def close_everything():
    os.closerange(3, 1024)
    return "closed"


def recurse(depth=0):
    return recurse(depth + 1)


def allocate(size):
    return len(bytearray(size))


def leave_in_thread():
    """sys.exit in a thread ends the thread alone."""
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()
    return "here"


def change_the_process(folder):
    """What a horse of its own keeps from the next job."""
    os.chdir(folder)
    os.environ["BAKERY_LEFT"] = "behind"
    sys.setrecursionlimit(3000)
    sys.modules["bakery_left"] = sys


def what_was_changed():
    return [
        os.getcwd(),
        os.environ.get("BAKERY_LEFT"),
        sys.getrecursionlimit() == 3000,
        "bakery_left" in sys.modules,
    ]


def threads():
    return threading.active_count()


def kill_parent():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


kept = []


def grow_and_pid(size):
    kept.append(bytearray(b"x" * size))
    return os.getpid()
