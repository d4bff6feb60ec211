"""Serializers: what a job's data, result and meta are written in. All three use the one that `data` was
written with.

A serializer is an object with `name`, `loads(bytes)` and `dumps(value) -> bytes`. Which one a job has is told
by the first bytes of its data, as the worker's own decoder tells it (serializers/serializer.c,
cq_format_detect), unless the worker was given a serializer by dotted path. json and msgpack are imported when
a job comes that needs them.
"""

import zlib
from _pickle import dumps as _pickle_dumps
from _pickle import loads as _pickle_loads

PAYLOAD_MAX = 512 * 1024 * 1024  # bytes, compressed or not: Redis' own limit of a value (serializers/zlib.h)
_SMALL = (
    PAYLOAD_MAX // 1032
)  # a byte of zlib gives no more than 1032; such data is inflated in one go, which takes less memory
UNSERIALIZABLE = 'Unserializable return value'  # what RQ stores instead. Source: rq/defaults.py


class Pickle:
    name = 'pickle'
    loads = staticmethod(_pickle_loads)

    @staticmethod
    def dumps(value) -> bytes:
        return _pickle_dumps(value, -1)  # the highest protocol, as RQ's DefaultSerializer


class Json:
    name = 'json'

    @staticmethod
    def loads(data: bytes):
        from json import loads

        return loads(data.decode())

    @staticmethod
    def dumps(value) -> bytes:
        from json import dumps

        return dumps(value).encode()


class Msgpack:
    name = 'msgpack'

    @staticmethod
    def loads(data: bytes):
        return _msgpack().unpackb(data, raw=False, strict_map_key=False)

    @staticmethod
    def dumps(value) -> bytes:
        return _msgpack().packb(value, use_bin_type=True)


class Custom:
    """The user's own: any object that has dumps and loads. Source: rq/serializers.py resolve_serializer."""

    def __init__(self, path: str, theirs):
        self.name = path
        self.theirs = theirs
        self.loads = theirs.loads
        self.dumps = theirs.dumps


pickle = Pickle
accepted = None  # the name of the only serializer that this worker takes; None: any
custom = None  # set: every job is read with it

_BY_PATH = {
    'rq.serializers.DefaultSerializer': 'pickle',
    'rq.serializers.PickleSerializer': 'pickle',
    'rq.serializers.JSONSerializer': 'json',
}


def configure(name: str, loads_pickle=None) -> None:
    """Which serializer the worker takes: '' for all of ours, one of their names, or a dotted path.

    loads_pickle  replaces the loading of pickles, where what they may name is limited
    Raises what resolving the path raises, TypeError when it leads to something else.
    """
    global accepted, custom, pickle
    if loads_pickle is not None:

        class Limited(Pickle):
            loads = staticmethod(loads_pickle)

        pickle = Limited
    name = _BY_PATH.get(name, name)
    if name in ('pickle', 'json', 'msgpack'):
        accepted = name
    elif name:
        from cq._resolve import resolve

        theirs = resolve(name)
        if not (hasattr(theirs, 'loads') and hasattr(theirs, 'dumps')):
            raise TypeError(f'the serializer {name} has no loads and dumps')
        custom = Custom(name, theirs)


def inflate(data: bytes) -> bytes:
    """What `data` holds uncompressed; as it is when it is not compressed. Source: rq/job.py Job.restore."""
    try:
        if len(data) <= _SMALL:
            return zlib.decompress(data)
        stream = zlib.decompressobj()
        plain = stream.decompress(data, PAYLOAD_MAX)
    except zlib.error:
        return data
    if stream.unconsumed_tail:
        raise ValueError(f'the data of the job is larger than {PAYLOAD_MAX} bytes')
    return plain if stream.eof else data


def choose(data: bytes):
    """The serializer that wrote `data`. Raises cq.SerializerRefused when this worker does not take it."""
    if custom is not None:
        return custom
    kind = pickle if data[:1] == b'\x80' and data[1:2] <= b'\x05' and len(data) > 1 else _detect(data)
    if accepted is not None and kind.name != accepted:
        from cq._errors import error_class

        raise error_class('cq', 'SerializerRefused')(
            f'the job is written in {kind.name}, and this worker takes only {accepted} (--serializer)'
        )
    return kind


def _detect(data: bytes):
    # Line by line as cq_format_detect.
    if not data:
        return pickle
    first = data[0]
    if len(data) == 1:
        return Json if 0x30 <= first <= 0x39 else Msgpack
    if first >= 0x80:
        return Msgpack
    return pickle if data[-1:] == b'.' else Json


def _msgpack():
    try:
        import msgpack
    except ImportError as error:
        raise ImportError(
            'the job is written in msgpack: the package msgpack has to be installed in the environment of '
            'the worker (pip install msgpack)'
        ) from error
    return msgpack
