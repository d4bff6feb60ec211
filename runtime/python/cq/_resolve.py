"""From a dotted path to the object, as RQ finds it, and why not when it cannot be found.

RQ imports the longest part of the path that is a module, swallowing each ImportError, so that a function
whose module does not import "has an invalid attribute name". Here the same path is followed, and the module's
own error is told.
Source: rq/utils.py import_attribute.
"""

from sys import modules


def resolve(name: str):
    """The object that `name` leads to. ValueError: there is none; or what a module raises as it is
    imported."""
    dot = name.rfind('.')
    if dot > 0:
        module = modules.get(name[:dot])
        if module is not None:
            try:
                return getattr(module, name[dot + 1 :])
            except AttributeError:
                pass  # a package that has not imported its module yet, or nothing: the search tells
    return _search(name)


def import_module(name: str):
    __import__(name)
    return modules[name]


def _search(name: str):
    parts = name.split('.')
    if not all(parts):
        raise ValueError(f'Invalid attribute name: {name!r}')
    broken = None  # the first module that is there and does not import: (its name, its error)
    for count in range(len(parts) - 1, 0, -1):
        prefix = '.'.join(parts[:count])
        if prefix not in modules:
            parent = modules.get('.'.join(parts[: count - 1]))
            if parent is not None and not hasattr(parent, '__path__'):
                continue  # no package: this part is an attribute
        try:
            found = import_module(prefix)
        except ImportError as error:
            if broken is None and not _is_absent(error, prefix):
                broken = prefix, error
            continue
        return _attribute(found, parts, count, broken)
    if len(parts) == 1:
        import builtins

        try:
            return getattr(builtins, name)
        except AttributeError:
            pass
    raise _not_found(name, f'there is no module {parts[0]}', broken)


def _attribute(found, parts, count: int, broken):
    name = '.'.join(parts)
    for at in range(count, len(parts)):
        try:
            found = getattr(found, parts[at])
        except AttributeError:
            owner = '.'.join(parts[:at])
            kind = 'module' if at == count else 'class' if isinstance(found, type) else 'object'
            raise _not_found(name, f'the {kind} {owner} has no {parts[at]}', broken)  # noqa: B904 # shown
    return found


def _is_absent(error: ImportError, prefix: str) -> bool:
    """The module itself is not there, as against: it is, and something that it imports is not."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return False
    return error.name == prefix or prefix.startswith(error.name + '.')


def _not_found(name: str, why: str, broken) -> ValueError:
    cause = None
    if broken is not None:
        module, cause = broken
        from cq._errors import last_line

        why = f'importing {module} failed: {last_line(cause)}'
    error = ValueError(f'Invalid attribute name: {name}: {why}')
    error.__cause__ = cause  # its traceback is shown; what happened on the way here is not
    return error
