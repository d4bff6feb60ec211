"""The python stable: sets the interpreter up, imports what horses shall be forked with, then serves the
worker.

It starts no thread and opens no connection, and refuses modules that do: a fork copies the one and shares the
other. While it waits and forks, no Python code runs (_cq.serve), so that the pages it shares with its horses
stay shared.
"""

import faulthandler
import gc
import os
import posix
import sys

import _cq

from cq import _allow, _forks, _hooks, _horse, _learn, _log, _rq, _run, _serial, _threads
from cq._resolve import import_module, resolve

WARM_UP = 30  # rehearsals; the interpreter specializes code that has run a few times
ERROR_MAX = 15000  # characters; a control frame has 64 KiB
LINE_MAX = 1000  # of these, for the line that sums it up


class Refusal(Exception):
    """Why this stable cannot serve: a text for the worker's log."""


def main(setup: dict) -> None:
    """Serve until the worker says quit, or is gone. In horses it does not return."""
    _cq.open('python', '.'.join([str(part) for part in sys.version_info[:3]]))
    _horse.adopt()
    _log.ready = True
    _log.line_buffer()
    if not faulthandler.is_enabled():
        faulthandler.enable(2)  # a crash in C code, here or in a job, says where in Python it was
    try:
        _prepare(setup)
    except Refusal as refusal:
        _log.flush()
        _say_hello(error=str(refusal)[:ERROR_MAX])
        return
    if not _say_hello(soft_timeout=True, callbacks=True):
        return
    _settle()
    while True:
        try:
            event = _cq.serve()
            if event is None:
                return
            what, detail = event
            if what == 'learn':
                _learn_from(detail)
        except _cq.Forked:  # in the midst of learning: a probe serves the worker too
            what = 'horse'
        if what == 'horse':
            _horse.main()


def _say_hello(**words) -> bool:
    """False: the worker has ended while modules were imported, and with it all that there was to do."""
    try:
        _cq.hello(**words)
        return True
    except ConnectionError:
        return False


def _learn_from(names: list) -> None:
    if _horse.collecting:
        gc.enable()
    try:
        learned = _learn.heard(names)
        if learned:
            _warm()
        _settle()
        if learned:
            _cq.send('learned', {})  # the horses that wait have not got it
    except ConnectionError:
        pass  # the worker is gone, as serve() will see


def _prepare(setup: dict) -> None:
    """Everything that can be done before the first job. Raises Refusal."""
    _forks.enter_stable()
    _require_alone('the interpreter itself (its sitecustomize, or a .pth file)')
    sys.path.extend(setup.get('paths') or [])  # behind all else. Source: rq/cli/helpers.py CliConfig
    _log.set_level(setup.get('level') or '')
    _hooks.after_import('logging', _log.install)
    _rq.configure(setup)
    limited = _run.limited = _allow.configure(setup.get('allow'))
    _horse.learning = setup.get('auto_preload', True)
    _learn.configure(setup.get('fatal'))
    loads = _allow.loads if limited else None
    if setup.get('serializer'):
        _step('--serializer', setup['serializer'], lambda name: _serial.configure(name, loads))
    else:
        _serial.configure('', loads)
    for name in setup.get('preload') or []:
        _step('--preload', name, import_module)
    handlers = [_step('--exception-handler', name, _handler) for name in setup.get('handlers') or []]
    if handlers:
        from cq import _failure

        _failure.handlers = tuple(handlers)
    if setup.get('connection_class'):
        _step('--connection-class', setup['connection_class'], _connection_class)
    if setup.get('job_class'):
        _step('--job-class', setup['job_class'], lambda name: _rq.require_job_class())
    _warm()


def _step(option: str, name: str, function):
    """Call function(name), and see that this process can still be forked from."""
    os._exit = _exit_in_import
    try:
        result = function(name)
    except BaseException as error:  # a module that calls sys.exit() too
        raise Refusal(_why(f'{option} {name}', error)) from None
    finally:
        os._exit = posix._exit
    _require_alone(f'{option} {name}: importing it')
    if _threads.native():
        # Its library may take care of forks; who names a module is taken at his word.
        _cq.log(
            'WARNING',
            f"{option} {name}: importing it starts a thread that is not Python's; jobs may hang if its "
            "library "
            'does not expect to be forked',
        )
    return result


def _why(what: str, error: BaseException) -> str:
    """The traceback, unless it has only the runtime's own frames. Its last line, which some readers get
    alone, says what failed."""
    from cq import _errors

    line = _errors.last_line(error)
    text = _errors.text_of(error, ours=False).rstrip()
    text = '' if text == line else text[: ERROR_MAX - LINE_MAX - 1] + '\n'
    return text + (line if what in line else f'{what}: {line}')[:LINE_MAX]


def _exit_in_import(status: int):
    """Stands in for os._exit, so that somebody is left to say which module it was."""
    raise SystemExit(f'os._exit({status}) was called while it was imported')


def _require_alone(what: str) -> None:
    why = _threads.found()
    if why:
        raise Refusal(
            f'{what} {why}. Horses are forked from this process, and would have a thread that does not '
            'run, or share the connection: it has to be done in the job, not at import'
        )


def _handler(name: str):
    handler = resolve(name)
    if not callable(handler):
        raise TypeError(f'{name} is not callable')
    return handler


def _connection_class(name: str) -> None:
    if not callable(getattr(resolve(name), 'from_url', None)):
        raise TypeError(f'{name} is not a class of connections: it has no from_url')


def _warm() -> None:
    """Do once what every horse would do for the first time."""
    if _rq.present() and _is_harmless(_rq.warm):
        try:
            _rq.warm()
        except Exception:
            pass  # a job that needs it will see why
    _horse.prepare_rehearsal()
    for _ in range(WARM_UP):
        _horse.rehearse()


def _is_harmless(function) -> bool:
    """Whether it leaves this process fit to be forked; a connection class of the user's own may do
    anything."""

    def attempt() -> str:
        function()
        return _threads.found()

    return not _rq.connection_class_path or _cq.probe(attempt) == (True, '')


def _settle() -> None:
    """Leave the heap as horses shall have it: nothing to flush, nothing that a collection in a horse would
    touch."""
    _log.flush()
    _horse.collecting = gc.isenabled()  # an application may have its own mind about that
    gc.disable()
    gc.collect()
    gc.freeze()
