"""Functions that know nothing of RQ."""

import asyncio
import threading


def add(a, b):
    return a + b


def echo(value):
    return value


def collect(*args, **kwargs):
    return args, kwargs


def describe(description=None, ttl=None, timeout=None):
    return [description, ttl, timeout]


def größe(wert):
    return len(wert)


def nothing():
    return None


def remember(item, shelf=[]):  # noqa: B006 # the shared default is what is looked at
    shelf.append(item)
    return shelf


async def later(value):
    await asyncio.sleep(0)
    return value


async def together(values):
    return await asyncio.gather(*(later(value) for value in values))


async def spoil(text):
    await asyncio.sleep(0)
    raise ValueError(text)


def slices(count):
    yield from range(count)


def total(numbers):
    return sum(numbers)


def same(pair):
    """Whether both are one object: a pickle keeps that."""
    return pair[0] is pair[1]


def size(blob):
    return len(blob)


def blob(size):
    return b"\xff" * size


def lock():
    return threading.Lock()


def local_function():
    def inner():
        return 1

    return inner


def in_threads(count):
    """What that many threads add up to."""
    sums = []
    threads = [threading.Thread(target=lambda n=n: sums.append(n)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(sums)


nameless = lambda: 1  # noqa: E731 - RQ takes it by its name, which leads nowhere
