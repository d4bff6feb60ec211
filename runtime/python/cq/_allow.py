"""--allow: which functions may run, and what a pickle may name.

The worker's decoder has looked at both before Python sees the job, by name. Here names have become objects, and it is
checked what these are: `app.tasks.run` may be `subprocess.run` that app.tasks happens to import. A prefix is whole parts of
a dotted path: `app.tasks` allows app.tasks.add and app.tasks.mail.send, not app.tasks_old.
"""

import io

from _pickle import Unpickler

from cq._resolve import resolve

# Types of the standard library that hold plain data and run nothing of their own when a pickle makes them.
DATA = frozenset({
    'builtins.bytearray', 'builtins.complex', 'builtins.dict', 'builtins.frozenset', 'builtins.list', 'builtins.object',
    'builtins.range', 'builtins.set', 'builtins.slice', 'builtins.tuple', 'builtins.bytes', 'builtins.str', 'builtins.int',
    'builtins.float', 'builtins.bool',
    'collections.Counter', 'collections.OrderedDict', 'collections.defaultdict', 'collections.deque',
    'copyreg._reconstructor', '_codecs.encode',
    'datetime.date', 'datetime.datetime', 'datetime.time', 'datetime.timedelta', 'datetime.timezone',
    'decimal.Decimal', 'fractions.Fraction', 'uuid.UUID', 'uuid.SafeUUID',
    'pathlib.PosixPath', 'pathlib.PurePosixPath', 'pathlib.Path', 'pathlib.PurePath',
    'zoneinfo.ZoneInfo._unpickle', 'zoneinfo.ZoneInfo',
})
_FROM_PYTHON_2 = {'__builtin__': 'builtins', 'copy_reg': 'copyreg'}  # what protocols 0 to 2 call them

_prefixes = None  # None: everything is allowed; else a tuple of texts that end with a dot


def configure(prefixes) -> bool:
    """Returns whether anything is limited."""
    global _prefixes
    _prefixes = tuple([prefix.rstrip('.') + '.' for prefix in prefixes]) if prefixes else None
    return _prefixes is not None


def _under(path: str) -> bool:
    return (path + '.').startswith(_prefixes)


def refuse(what: str):
    from cq._errors import error_class
    raise error_class('cq', 'NotAllowed')(f'{what} is not under any --allow of this worker')


def check_call(name: str, instance, function) -> None:
    """The function that a job names. Raises cq.NotAllowed. With nothing limited nobody calls it."""
    if instance is not None:
        # A method is written, or inherited on purpose, by the instance's class.
        if name.startswith('__') and name != '__call__':
            refuse(f'the method {name}')
        if not _under(_path(type(instance))):
            refuse(f'{_path(type(instance))}.{name}')
        return
    if any([part.startswith('__') for part in name.split('.')]) or not _under(name):
        refuse(name)
    owner = getattr(function, '__self__', None)
    path = _path(owner) if isinstance(owner, type) else _path(function)
    if not _under(path):
        refuse(path if path == name else f'{name}, which is {path},')


def resolve_allowed(name: str):
    """A callback or another function that a job names by a dotted path."""
    if _prefixes is None:
        return resolve(name)
    if not _under(name):  # before anything is imported
        refuse(name)
    function = resolve(name)
    check_call(name, None, function)
    return function


def _path(thing) -> str:
    """The dotted path of a function or class by its own account; of another object that of its class."""
    module = getattr(thing, '__module__', None)
    name = getattr(thing, '__qualname__', None)
    if not isinstance(module, str) or not isinstance(name, str):
        kind = type(thing)
        return f'{kind.__module__}.{kind.__qualname__}'
    return f'{module}.{name}'


class _Limited(Unpickler):
    def find_class(self, module: str, name: str):
        path = f'{_FROM_PYTHON_2.get(module, module)}.{name}'
        if any([part.startswith('__') for part in path.split('.')]) or not (path in DATA or _under(path)):
            refuse(f'{path}, which the pickle names,')
        found = super().find_class(module, name)
        real = _path(found)
        if path not in DATA and real not in DATA and not _under(real):
            refuse(f'{path}, which the pickle names and which is {real},')
        return found


def loads(data: bytes):
    """pickle.loads for pickles that name nothing but what is allowed."""
    return _Limited(io.BytesIO(data)).load()
