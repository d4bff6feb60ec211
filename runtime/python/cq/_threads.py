"""What a stable must not have: threads and connections. Who brought them is found out where that is
possible."""

import sys

import _cq

_SHARED = (
    '/dev/log',
    '/run/systemd/journal/dev-log',
    '/run/systemd/journal/socket',
)  # messages by themselves: to share is fine
_FORK_SAFE = (
    'openblas',
    'mkl_',
    'blis',
)  # in the names of libraries that end and restart their threads around a fork


def python_threads() -> int:
    return len(sys._current_frames())


def found(own: int = 1) -> str:
    """Why this process cannot be forked from: one line. Empty: it can."""
    if python_threads() > own:
        return f'starts a thread ({_describe_thread()})'
    sockets = connections()
    if sockets:
        return f'connects to {", ".join(sockets)}'
    return ''


def connections() -> list:
    return [peer for peer in _cq.sockets() if peer not in _SHARED]


def native() -> int:
    """Threads that Python does not know, other than those of libraries that are known to take care of
    forks."""
    count = _cq.threads() - python_threads()
    return 0 if count > 0 and _has_fork_safe_library() else max(count, 0)


def _has_fork_safe_library() -> bool:
    try:
        with open('/proc/self/maps', encoding='utf-8', errors='replace') as maps:
            for line in maps:
                file = line.rstrip('\n').rpartition('/')[2]
                if '.so' in file and any([part in file for part in _FORK_SAFE]):
                    return True
    except OSError:
        pass
    return False


def _describe_thread() -> str:
    """Where the newest thread runs, outside of the module threading."""
    main = sys._getframe()
    names = {}
    threading = sys.modules.get('threading')
    if threading is not None:
        names = {thread.ident: thread.name for thread in list(threading._active.values())}
    for ident, frame in sys._current_frames().items():
        inner = frame
        outer = None
        while frame is not None and frame is not main:
            if frame.f_globals.get('__name__') != 'threading':
                outer = frame
            frame = frame.f_back
        if frame is main:
            continue
        outer = outer or inner
        where = f'{outer.f_globals.get("__name__", "?")}.{outer.f_code.co_name}'
        return f'{names.get(ident, "unnamed")}: {where}'
    return 'unknown'


class Watch:
    """In a probe: which module's code was running when a thread was started or a socket connected.

    It changes the process that it is in: the functions that start threads are wrapped (Pythons before 3.12
    have no audit event for that), and an audit hook is never removed.
    """

    def __init__(self):
        self.threads = python_threads()
        self.native = native()
        self.sockets = len(connections())
        self.events = []  # (what, [modules whose code was running, the innermost first])
        sys.addaudithook(self._hook)
        self._wrap('_thread', ('start_new_thread', 'start_new', 'start_joinable_thread'))
        self._wrap('threading', ('_start_new_thread', '_start_joinable_thread'))

    def _hook(self, event: str, args) -> None:
        if event == 'socket.connect':
            self._note('socket')

    def _wrap(self, module: str, names: tuple) -> None:
        module = sys.modules.get(module)
        for name in names:
            start = getattr(module, name, None)
            if start is not None:
                setattr(module, name, self._noting(start))

    def _noting(self, start):
        def start_and_note(*args, **kwargs):
            self._note('thread')
            return start(*args, **kwargs)

        return start_and_note

    def _note(self, what: str) -> None:
        modules = []
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name == '<module>':
                name = frame.f_globals.get('__name__')
                if name and name != '__main__':
                    modules.append(name)
            frame = frame.f_back
        self.events.append((what, modules))

    def blame(self, name: str) -> dict:
        """What is there since the last call: {module: why it is not preloaded}. `name` was imported in
        between."""
        events, self.events = self.events, []
        blamed = {}
        threads, native_threads, sockets = python_threads(), native(), connections()
        if threads > self.threads:
            self._add(blamed, events, 'thread', name, f'starts a thread ({_describe_thread()})')
        elif native_threads > self.native:
            blamed[name] = "starts a thread that is not Python's"
        if len(sockets) > self.sockets:
            self._add(blamed, events, 'socket', name, f'connects to {", ".join(sockets)}')
        self.threads, self.native, self.sockets = threads, native_threads, len(sockets)
        return blamed

    @staticmethod
    def _add(blamed: dict, events: list, what: str, name: str, why: str) -> None:
        stacks = [modules for kind, modules in events if kind == what and modules] or [[name]]
        for modules in stacks:
            blamed.setdefault(modules[0], why)
            for outer in modules[1:]:
                blamed.setdefault(outer, f'it imports {modules[0]}')
