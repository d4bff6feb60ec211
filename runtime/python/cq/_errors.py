"""What went wrong, as text: the traceback that RQ would store, whatever the exception is.

Imported when something fails. It has to answer for any exception: one that cannot be printed, one that comes
with memory or stack used up, one whose text is not valid UTF-8 or is as large as a disk.
"""

import sys

TEXT_MAX = 4 * 1024 * 1024  # characters; a longer text keeps its beginning and its end
_HEAD = 64 * 1024
_OURS = __file__[: -len('_errors.py')]


def strip(exception: BaseException, ours: bool = True):
    """The traceback without the runtime's own frames at its top; `ours`: unless there is nothing else in
    it."""
    traceback = first = exception.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OURS):
        traceback = traceback.tb_next
    return first if traceback is None and ours else traceback


def text_of(exception: BaseException, ours: bool = True) -> str:
    """The traceback as ''.join(traceback.format_exception(...)) has it; `ours` as in strip(). Never raises an
    Exception."""
    try:
        from traceback import format_exception

        text = ''.join(format_exception(type(exception), exception, strip(exception, ours)))
    except BaseException as second:  # no memory, no stack, a __str__ that ends the process ...
        text = f'{name_of(type(exception))}: the traceback cannot be shown: {name_of(type(second))}\n'
    return clean(text)


def last_line(exception: BaseException) -> str:
    """One line for a message: the class and the text."""
    try:
        text = str(exception)
    except BaseException:
        text = '<str() failed>'
    name = name_of(type(exception))
    return clean(f'{name}: {" ".join(text.splitlines())}' if text else name)


def name_of(kind: type) -> str:
    module = getattr(kind, '__module__', None)
    name = getattr(kind, '__qualname__', str(kind))
    return name if module in ('builtins', '__main__', None) else f'{module}.{name}'


def clean(text: str) -> str:
    """Text that can be sent: valid UTF-8, and of a size that somebody may want to read."""
    if len(text) > TEXT_MAX:
        cut = len(text) - TEXT_MAX
        text = f'{text[:_HEAD]}\n... {cut} characters left out ...\n{text[len(text) - (TEXT_MAX - _HEAD) :]}'
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode('utf-8', 'backslashreplace').decode()
    return text


def error_class(module: str, name: str, base: type = Exception) -> type:
    """The class `module`.`name` when that module is loaded, else one that prints as if it were."""
    loaded = getattr(sys.modules.get(module), name, None)
    if isinstance(loaded, type) and issubclass(loaded, BaseException):
        return loaded
    return type(name, (base,), {'__module__': module})
