"""What modules want to have done around a fork, and what of that a horse needs.

threading, logging and concurrent.futures register functions with os.register_at_fork. They are right for a
process that has threads: locks that another thread may hold are made anew, threads that are gone are
forgotten. A stable has no threads, so for its own forks they do nothing, at a third of the cost of a horse.
So they wait, and are registered in the horse, for processes that its job forks. Functions of other modules
(random's new seed ...) are called as always.
"""

import os
import sys
from os import register_at_fork

_WITHOUT_THREADS_NOTHING = ('threading', 'logging', 'concurrent.futures.thread')

_waiting = []  # the arguments of calls of os.register_at_fork that a horse has to make


def enter_stable() -> None:
    os.register_at_fork = _register


def leave_stable() -> None:
    """In a new horse, before its job."""
    os.register_at_fork = register_at_fork
    for functions in _waiting:
        register_at_fork(**functions)
    threading = sys.modules.get('threading')
    if threading is not None:
        threading._main_thread._native_id = os.getpid()  # the one thing that does change


def _register(**functions) -> None:
    caller = sys._getframe(1).f_globals.get('__name__')
    if caller in _WITHOUT_THREADS_NOTHING:
        _waiting.append(functions)
    else:
        register_at_fork(**functions)
