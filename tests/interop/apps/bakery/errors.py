"""Functions that fail in every way that Python has."""

import asyncio


class OvenBroken(Exception):
    def __init__(self, oven, reason):
        super().__init__(oven, reason)
        self.oven = oven

    def __str__(self):
        return f"oven {self.oven}: {self.args[1]}"


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("cannot be told")


class Last(BaseException):
    """Not an Exception: most handlers let it pass."""


def simple(message="no"):
    raise ValueError(message)


def deeper(levels):
    if levels:
        deeper(levels - 1)
    simple("at the bottom")


def own():
    raise OvenBroken(3, "no gas")


def caused():
    try:
        simple("first")
    except ValueError as error:
        raise OvenBroken(4, "second") from error


def during():
    try:
        simple("first")
    except ValueError:
        {}["second"]


def suppressed():
    try:
        simple("first")
    except ValueError:
        raise KeyError("alone") from None


def unspeakable():
    raise Unspeakable()


def noted():
    error = ValueError("with notes")
    error.__notes__ = ["look under the oven", "and behind it"]
    raise error


def grouped():
    raise ExceptionGroup("many", [ValueError("one"), TypeError("two")])


def in_source_of_its_own():
    exec(compile("def run():\n    raise LookupError('out of a text')\nrun()\n", "<recipe>", "exec"), {})


def syntax():
    exec("this is no Python")


def assertion():
    assert 1 == 2, "numbers differ"


def recursion():
    return recursion()


def memory():
    raise MemoryError()


def keyboard():
    raise KeyboardInterrupt()


def system_exit(status):
    raise SystemExit(status)


def generator_exit():
    raise GeneratorExit()


def last():
    raise Last("not an Exception")


def stop_iteration():
    next(iter(()))


async def cancelled():
    raise asyncio.CancelledError("cancelled")


def with_state(text):
    """An exception that nobody could pickle."""
    error = ValueError(text)
    error.lock = __import__("threading").Lock()
    raise error


def loud(size):
    raise ValueError("x" * size)


def unicode():
    raise ValueError("ünï \u2603 \U0001f40e \x00 \x1b[31m")


def surrogate():
    raise ValueError("\ud800")


def flaky(times):
    """Fail that often, then succeed; how often it was tried is in meta."""
    from rq import get_current_job

    job = get_current_job()
    tries = job.meta["tries"] = job.meta.get("tries", 0) + 1
    job.save_meta()
    if tries <= times:
        raise RuntimeError(f"try {tries}")
    return tries


FUNCTIONS = [
    simple,
    own,
    caused,
    during,
    suppressed,
    unspeakable,
    noted,
    in_source_of_its_own,
    syntax,
    assertion,
    memory,
    keyboard,
    generator_exit,
    last,
    stop_iteration,
    unicode,
]
