"""Modules that jobs keep importing are imported in the stable, so that the next horses are forked with them.

A module is learned when two jobs had to import it (the first job of a stable is taken at its word: without
what it imports, the next ones would be slow to start), and only if a stable can have it: forking a process
that has threads, or sharing a connection among horses, breaks things long after. So it is imported in a probe
first, a child of the stable, which looks at what it has then. Modules that cannot be imported by themselves
stay with the jobs.

Before a module is imported for good the worker is told of it: should this process die of the import, which a
probe's end cannot foretell, the next stable is told to leave that module, and whatever imports it, to the
jobs.

What counts is what is there when the import is done. A thread that Python does not know, such as those of
OpenBLAS, is fine when its library takes care of forks; from other libraries it is not.
"""

import sys

import _cq

from cq import _threads
from cq._resolve import import_module

JOBS = 2  # that had to import a module, when something was learned before
NAMES_MAX = 20000  # that are counted
IMPORT_S = 600  # that one may take: as long as imports may take at the start

_counts = {}
settled = (
    set()
)  # imported, refused or not importable: not looked at again, and horses forked from then on do not report it
_fatal = {}  # modules that a stable has died of, and why they are refused


def configure(fatal) -> None:
    """The worker knows of these."""
    settled.update(fatal or [])
    _fatal.update({name: 'has ended a stable before' for name in fatal or []})


def heard(names: list) -> bool:
    """Horses had to import these. Returns whether something was imported here."""
    wanted = []
    for name in names:
        if name in settled or name in sys.modules or len(_counts) >= NAMES_MAX:
            continue
        count = _counts[name] = _counts.get(name, 0) + 1
        if count >= JOBS or not settled:
            wanted.append(name)
    return bool(wanted) and _learn(wanted)


def _learn(wanted: list) -> bool:
    before = len(sys.modules)
    refused = dict(_fatal)  # name -> why, as of all probes
    names = wanted
    while names:
        fine, report = _cq.probe(lambda: _try(names, refused))  # noqa: B023 # called at once
        if not fine or not report.endswith('.'):
            _cq.log(
                'WARNING',
                f'modules are not preloaded ({names[0]} ...), because a trial of importing them failed: '
                f'{report}',
            )
            break
        absent, bad = _read(report)
        if not bad:
            _import([name for name in names if name not in absent])
            break
        _warn(bad)
        refused.update(bad)
        names = [name for name in names if name not in refused]
    settled.update(wanted, refused)
    for name in wanted:
        _counts.pop(name, None)
    return len(sys.modules) > before


def _import(names: list) -> None:
    for name in names:
        if name in sys.modules:
            continue
        _cq.send('busy', {'seconds': IMPORT_S, 'imports': name})
        try:
            import_module(name)
        except BaseException:  # it could be imported a moment ago; jobs will see why it cannot now
            pass
    _cq.send('busy', {'seconds': 0})


# --- In the probe.


def _try(names: list, refused: dict) -> str:
    """Import them all and say what must not be: lines `-NAME` (it does not import) and `!NAME WHY`, then
    `.`."""
    watch = _threads.Watch()
    barrier = _Barrier(refused)
    sys.meta_path.insert(0, barrier)
    lines = []
    for name in names:
        if name in sys.modules:
            continue
        barrier.hit = None
        try:
            import_module(name)
        except BaseException:  # it needs something that only jobs have
            lines.append(f'-{name}')
        if barrier.hit is not None:
            lines.append(f'!{name} it imports {barrier.hit}')
        lines.extend([f'!{module} {why}' for module, why in watch.blame(name).items()])
    return '\n'.join(lines + ['.'])


class _Barrier:
    """Keeps refused modules from being imported in the probe, and tells that one was wanted."""

    def __init__(self, refused: dict):
        self.refused = refused
        self.hit = None

    def find_spec(self, name, path=None, target=None):
        if name in self.refused:
            self.hit = self.hit or name
            raise ImportError(f'{name} is not preloaded', name=name)
        return None


# --- In the stable again.


def _read(report: str) -> tuple:
    """(names that do not import, {name: why it is refused})"""
    absent, bad = [], {}
    for line in report.split('\n'):
        if line.startswith('-'):
            absent.append(line[1:])
        elif line.startswith('!'):
            name, _, why = line[1:].partition(' ')
            bad[name] = why
    return absent, bad


def _warn(bad: dict) -> None:
    """One line for each module that is to blame; those that import it are named with it."""
    for name, why in bad.items():
        if not why.startswith('it imports '):
            _cq.log(
                'WARNING', f'module {name} is not preloaded, because importing it {why}; each job imports it'
            )
