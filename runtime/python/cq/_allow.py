"""--allow: which functions may run, and what a pickle may name.

The worker's decoder has looked at both before Python sees the job, by name (job/allow.h). Here names have
become objects, and it is checked what these are: `app.tasks.run` may be `subprocess.run` that app.tasks
happens to import. A prefix is whole parts of a dotted path: `app.tasks` covers app.tasks.add and
app.tasks.mail.send, neither app.tasks_old nor a name with `__` in front below it.
"""

import io
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from _pickle import Unpickler

from cq._resolve import resolve

# Types that hold plain data and run nothing of the application's when a pickle makes them: as in job/allow.c.
# fmt: off
DATA = frozenset({
    '_codecs.encode', '_operator.or_', 'copyreg.__newobj__', 'copyreg._reconstructor', 'builtins.Ellipsis',
    'builtins.NotImplemented', 'builtins.bool', 'builtins.bytearray', 'builtins.bytes', 'builtins.complex',
    'builtins.dict', 'builtins.float', 'builtins.frozenset', 'builtins.getattr', 'builtins.int',
    'builtins.list', 'builtins.object', 'builtins.range', 'builtins.set', 'builtins.slice', 'builtins.str',
    'builtins.tuple', 'collections.Counter', 'collections.OrderedDict', 'collections.defaultdict',
    'collections.deque', 'datetime.date', 'datetime.datetime', 'datetime.time', 'datetime.timedelta',
    'datetime.timezone', 'decimal.Decimal', 'fractions.Fraction', 'uuid.UUID', 'ipaddress.IPv4Address',
    'ipaddress.IPv4Interface', 'ipaddress.IPv4Network', 'ipaddress.IPv6Address', 'ipaddress.IPv6Interface',
    'ipaddress.IPv6Network', 'pathlib.PosixPath', 'pathlib.PurePosixPath', 'pathlib.PureWindowsPath',
    'pathlib.WindowsPath', 'pathlib._local.PosixPath', 'pathlib._local.PurePosixPath',
    'pathlib._local.PureWindowsPath', 'pathlib._local.WindowsPath', 'zoneinfo.ZoneInfo',
    'zoneinfo.ZoneInfo._unpickle',
})
# fmt: on

_prefixes = ()  # each without a dot at its end


def configure(prefixes) -> bool:
    """Returns whether anything is limited."""
    global _prefixes
    _prefixes = tuple([prefix.rstrip('.') for prefix in prefixes or ()])
    return bool(_prefixes)


def covered(path: str) -> bool:
    for prefix in _prefixes:
        if path == prefix or path.startswith(prefix + '.') and not _hidden(path[len(prefix) + 1 :]):
            return True
    return False


def check_call(name: str, instance, function) -> None:
    """The function that a job names. Raises cq.NotAllowed. With nothing limited nobody calls it."""
    if instance is not None:
        # A method is written, or inherited on purpose, by the instance's class.
        owner = instance if isinstance(instance, type) else type(instance)
        if name != '__call__' and _hidden(name):
            _refuse(f'the job calls the method {name}')
        if not covered(_path(owner)):
            _refuse(f'the job calls a method of {_path(owner)}')
        return
    _check_name(name)
    owner = getattr(function, '__self__', None)
    path = _path(owner) if isinstance(owner, type) else _path(function)
    if not covered(path):
        _refuse(f'the job calls {name}, which is {path}')


def resolve_allowed(name: str):
    """A function or a callback that a job names by a dotted path."""
    if not _prefixes:
        return resolve(name)
    _check_name(name)  # before anything is imported
    function = resolve(name)
    check_call(name, None, function)
    return function


def loads(data: bytes):
    """pickle.loads for pickles that name nothing but what is allowed."""
    return _Limited(io.BytesIO(data)).load()


class _Limited(Unpickler):
    def find_class(self, module: str, name: str):
        path = _renamed(module, name)
        _check_path(path)  # before anything is imported
        found = super().find_class(module, name)
        if found is getattr:
            return _attribute
        _check_object(path, found)
        return found


def _renamed(module: str, name: str) -> str:
    """The path of what protocols 0 to 2 may call by its name in Python 2."""
    if (module, name) in NAME_MAPPING:
        module, name = NAME_MAPPING[module, name]
    return f'{IMPORT_MAPPING.get(module, module)}.{name}'


def _attribute(owner, name: str):
    """builtins.getattr, for what pickles use it: enum members, nested classes and methods of a named
    class."""
    if not isinstance(owner, type):
        _refuse(f'the pickle names an attribute of {_path(type(owner))}')
    path = f'{_path(owner)}.{name}'
    _check_path(path)
    found = getattr(owner, name)
    _check_object(path, found)
    return found


def _check_path(path: str) -> None:
    if path not in DATA and not covered(path):
        _refuse(f'the pickle names {path}')


def _check_object(path: str, found) -> None:
    """What is named is allowed; what is it? A class of app.models may be anything that app.models imports."""
    real = _path(found)
    if path not in DATA and real not in DATA and not covered(real):
        _refuse(f'the pickle names {path}, which is {real}')


def _check_name(name: str) -> None:
    if not covered(name):
        _refuse(f'the job calls {name}')


def _hidden(name: str) -> bool:
    """`__globals__` and its like lead from anything to everything."""
    return any([part.startswith('__') for part in name.split('.')])


def _refuse(what: str):
    from cq._errors import error_class

    raise error_class('cq', 'NotAllowed')(f'{what}, which no --allow covers')


def _path(thing) -> str:
    """The dotted path of a function or class by its own account; of another object that of its class."""
    module = getattr(thing, '__module__', None)
    name = getattr(thing, '__qualname__', None)
    if not isinstance(module, str) or not isinstance(name, str):
        kind = type(thing)
        return f'{kind.__module__}.{kind.__qualname__}'
    return f'{module}.{name}'
