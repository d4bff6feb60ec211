"""The jobs of the benchmark, and the application that imports nothing of weight."""

import os
import time


def noop():
    return None


def nap():
    """A job that waits for something else: no work, but its 5 ms."""
    time.sleep(0.005)


def hold():
    """Runs until the benchmark has looked: says that it runs by a file, ends when another one is there."""
    with open(f"held-{os.getpid()}", "w"):
        pass
    while not os.path.exists("let-go"):
        time.sleep(0.01)
