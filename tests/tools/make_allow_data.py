#!/usr/bin/env python3
"""Write the data of jobs for the tests of --allow: what Python's pickle makes of honest ones, and what an
attacker would write.

Run by hand from the top folder, with Python 3.11.0 to 3.11.3, whose enum members are pickled by getattr:
    python3.11 tests/tools/make_allow_data.py

tests/job/data/allow/<name> is the data of a job; allow.txt has, for each, its name and `ok` or a part of the
refusal. The prefixes are app.jobs and shop.models. The short ones are seeds of the fuzz target too.
"""

import collections
import datetime
import decimal
import fractions
import ipaddress
import json
import pathlib
import pickle
import shutil
import struct
import sys
import types
import uuid
import zlib
import zoneinfo

TESTS = pathlib.Path(__file__).resolve().parents[1]
DATA = TESTS / 'job' / 'data'
CORPUS = TESTS / 'fuzz' / 'corpus' / 'allow'
MODELS = '''
import enum

class Order:
    class Line:
        pass

    @classmethod
    def total(cls):
        pass

class Color(enum.Enum):
    RED = 1

class Flags(enum.Flag):
    ONE = 1
    TWO = 2

class Slots:
    __slots__ = ('a',)

    def __getstate__(self):
        return None, {'a': 1}

class Items(list):
    pass

def helper():
    pass
'''


def module(name, source):
    made = types.ModuleType(name)
    sys.modules[name] = made
    parent, _, last = name.rpartition('.')
    if parent:
        if parent not in sys.modules:
            sys.modules[parent] = types.ModuleType(parent)
        setattr(sys.modules[parent], last, made)
    exec(source, made.__dict__)
    return made


models = module('shop.models', MODELS)
PLAIN = [
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
    datetime.date(2026, 1, 2),
    datetime.time(1),
    datetime.timedelta(1),
    datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('UTC')),
    decimal.Decimal('1.5'),
    uuid.UUID(int=5),
    {1, 2},
    frozenset({1}),
    bytearray(b'\xff'),
    b'\xff',
    1j,
    range(3),
    slice(1, 2),
    Ellipsis,
    NotImplemented,
    int,
    str,
    dict,
    object(),
    collections.OrderedDict(a=1),
    collections.Counter('ab'),
    collections.deque([1], 3),
    collections.defaultdict(list, a=[1]),
    fractions.Fraction(1, 3),
    pathlib.PurePosixPath('/a'),
    pathlib.PosixPath('b'),
    pathlib.PureWindowsPath('c'),
    ipaddress.ip_address('::1'),
    ipaddress.ip_network('10.0.0.0/8'),
    2**70,
    1.5,
    None,
    True,
    'text',
    [1, (2, {'k': 3})],
]


def call(function='app.jobs.run', instance=None, args=(), kwargs=None):
    return (function, instance, args, kwargs or {})


def raw(*parts):
    """A pickled call with hand-written opcodes as its arguments."""
    return b'\x80\x04(\x8c\x0capp.jobs.runN' + b''.join(parts) + b'\x85}t.'


def text(word):
    return b'\x8c' + bytes([len(word)]) + word.encode()


SYSTEM = text('os') + text('system') + b'\x93'
ORDER = text('shop.models') + text('Order') + b'\x93'
GETATTR = text('builtins') + text('getattr') + b'\x93'


def allowed():
    for protocol in range(6):
        yield f'plain_{protocol}', pickle.dumps(call(args=tuple(PLAIN)), protocol)
        objects = (
            models.Order(),
            models.Order.Line(),
            models.Color.RED,
            models.Flags.ONE | models.Flags.TWO,
            models.Slots(),
            models.Items([1]),
            models.helper,
            models.Order,
        )
        yield f'objects_{protocol}', pickle.dumps(call(args=objects), protocol)
        yield f'method_{protocol}', pickle.dumps(call('send', models.Order()), protocol)
    assert b'getattr' in pickle.dumps(models.Color.RED, 5), 'run this with Python 3.11.0 to 3.11.3'
    yield 'zipped', zlib.compress(pickle.dumps(call(args=(1, 2))))
    yield 'callable', pickle.dumps(call('__call__', models.Order()))
    yield 'class_method', pickle.dumps(call('total', models.Order))
    yield 'member_method', pickle.dumps(call('describe', models.Color.RED))
    yield 'prefix_itself', pickle.dumps(call('app.jobs'))
    yield 'json', json.dumps(call(args=[1, 'x'])).encode()
    yield 'json_zipped', zlib.compress(json.dumps(call()).encode())
    yield 'msgpack', b'\x94\xacapp.jobs.run\xc0\x90\x80'
    yield 'getattr_dropped', raw(GETATTR + b'0N')
    yield (
        'getattr_memoized',
        raw(GETATTR + b'\x940(h\0' + ORDER + text('Line') + b'\x86Rh\0' + ORDER + text('Line') + b'\x86Rt'),
    )
    yield 'after_stop', pickle.dumps(call()) + b'cos\nsystem\n.'
    yield 'long_batch', pickle.dumps(call(args=(list(range(2000)),)))


def tricks():
    """os.system, out of sight for readers of the text, or of the common opcodes only."""
    yield 'plain_global', raw(b'cos\nsystem\n')
    yield 'stack_global', raw(SYSTEM)
    yield 'inst', raw(b'(' + text('true') + b'ios\nsystem\n')
    yield 'obj', raw(b'(' + SYSTEM + text('true') + b'o')
    yield 'memo', raw(text('os') + b'\x940' + text('system') + b'\x940' + b'h\x00h\x01\x93')
    yield (
        'long_memo',
        raw(text('os') + b'r\x2c\x01\0\0' + b'0' + text('system') + b'p301\n0j\x2c\x01\0\0g301\n\x93'),
    )
    yield (
        'overwritten_memo',
        raw(text('app.jobs') + b'q\x050' + text('os') + b'q\x050h\x05' + text('system') + b'\x93'),
    )
    yield 'dup', raw(text('system') + text('os') + b'2q\x01' + b'00' + b'h\x01' + text('system') + b'\x93')
    yield 'popped_decoy', raw(text('os') + text('app.jobs') + b'0' + text('system') + b'\x93')
    yield 'popped_mark', raw(text('os') + b'(' + text('app') + text('jobs') + b'1' + text('system') + b'\x93')
    yield 'dropped', raw(SYSTEM + b'0N')
    yield 'escaped', raw(b'V\\u006fs\nV\\u0073ystem\n\x93')
    yield 'hex', raw(b'S"\\x6f\\x73"\nU\x06system\x93')
    yield 'wide', raw(b'\x8d' + struct.pack('<Q', 2) + b'os' + b'X\x06\0\0\0system\x93')
    yield 'in_a_state', raw(ORDER + b')\x81}' + text('k') + SYSTEM + b'sb')
    yield 'as_a_factory', raw(text('collections') + text('defaultdict') + b'\x93' + SYSTEM + b'\x85R')
    yield 'framed', raw(b'\x95' + struct.pack('<Q', 4) + SYSTEM)


# fmt: off
NAMES = (
    'builtins.eval', 'builtins.exec', 'builtins.__import__', 'builtins.type', 'builtins.map',
    'builtins.open', 'functools.partial', 'operator.attrgetter', 'operator.methodcaller',
    'importlib.import_module', 'app.jobsx.run', 'app.job', 'app.run', 'shop.models2.Order',
    'shop.models.Order.__subclasses__', 'shop.models.helper.__globals__.get', 'shop.models.__builtins__',
    'shop.models..Order', 'shop.models.a b', 'shop.models.a/b', 'shop.models.<lambda>', 'datetime.sys',
    'datetime.datetime.now', 'zoneinfo.ZoneInfo.clear_cache', 'pathlib.os.system', 'collections.namedtuple',
    'subprocess.Popen',
)
CALLS = (
    'os.system', 'app.jobsx.run', 'app', 'app.jobs.__globals__', 'app.jobs.', '.app.jobs.run',
    'builtins.set', 'app.jobs.run\n', 'app.jobs.run\0',
)
# fmt: on


def names():
    for name in NAMES:
        where, _, what = name.rpartition('.')
        yield (
            f'name {name}',
            raw(text(where) + text(what) + b'\x93'),
            f'the pickle in data names {name}, which no --allow covers',
        )
    for name in CALLS:
        shown = ''.join('?' if c < ' ' else c for c in name)
        yield (
            'call ' + name.replace('\0', 'NUL'),
            pickle.dumps(call(name)),
            f'the job calls {shown}, which no --allow covers',
        )
    yield (
        'json_call',
        json.dumps(call('os.system', args=['true'])).encode(),
        'the job calls os.system, which no --allow covers',
    )
    yield 'msgpack_call', b'\x94\xa9os.system\xc0\x90\x80', 'the job calls os.system, which no --allow covers'
    yield (
        'python_2',
        b'\x80\x02(U\x0capp.jobs.runNccommands\ngetoutput\n\x85}t.',
        'names subprocess.getoutput, which',
    )
    yield (
        'python_2_late',
        b'\x80\x02(U\x0capp.jobs.runN\x80\x04\x80\x01c__builtin__\nreduce\n\x85}t.',
        'names functools.reduce, which',
    )
    yield 'too_long', raw(b'X\xe8\x03\0\0' + b'a' * 1000 + text('f') + b'\x93'), 'too long'
    yield (
        'getattr_globals',
        raw(GETATTR + ORDER + text('__init__') + b'\x86R'),
        'names shop.models.Order.__init__, which',
    )
    yield (
        'getattr_str',
        raw(GETATTR + text('builtins') + text('str') + b'\x93' + text('format') + b'\x86R'),
        'names builtins.str.format, which',
    )


def not_followed():
    stray = 'builtins.getattr as a value'
    yield (
        'getattr_of_object',
        raw(GETATTR + ORDER + b')\x81' + text('total') + b'\x86R'),
        'getattr of something else than a class',
    )
    yield (
        'getattr_default',
        raw(GETATTR + ORDER + text('total') + b'N\x87R'),
        'getattr of something else than a class',
    )
    yield 'getattr_in_list', raw(b']' + GETATTR + b'a'), stray
    yield 'getattr_in_tuple', raw(GETATTR + b'\x85'), stray
    yield 'getattr_in_marked', raw(b'(' + GETATTR + b't'), stray
    yield 'getattr_in_dict', raw(b'}' + text('k') + GETATTR + b's'), stray
    yield 'getattr_in_object', raw(ORDER + b')\x81(' + text('k') + GETATTR + b'u'), stray
    yield 'getattr_as_state', raw(ORDER + b')\x81' + GETATTR + b'b'), stray
    yield 'getattr_as_class', raw(GETATTR + b')\x81'), stray
    yield 'getattr_inst', raw(b'(' + text('x') + b'ibuiltins\ngetattr\n'), stray
    yield 'getattr_obj', raw(b'(' + GETATTR + ORDER + text('total') + b'o'), stray
    yield 'getattr_at_stop', b'\x80\x04' + GETATTR + b'.', stray
    yield (
        'state_of_class',
        raw(ORDER + b'N}' + text('total') + b'K\x01s\x86b'),
        'a state for something that has none',
    )
    yield 'persistent', raw(b'Psomething\n'), 'a persistent id'
    yield 'persistent_stack', raw(b'NQ'), 'a persistent id'
    yield 'extension', raw(b'\x82\x01'), 'an extension code'
    yield 'buffer', raw(b'\x97'), 'out-of-band buffer'
    yield (
        'name_from_call',
        raw(text('builtins') + text('str') + b'\x93' + text('os') + b'\x85R' + text('system') + b'\x93'),
        'whose name is not a str',
    )
    yield 'name_from_bytes', raw(b'C\x02os' + text('system') + b'\x93'), 'whose name is not a str'
    yield 'truncated', pickle.dumps(call())[:-1], 'truncated'
    yield 'no_stop', pickle.dumps(call(), 3)[:-1], 'without a STOP'
    yield 'unknown_opcode', raw(b'\xff'), 'unknown opcode'
    yield 'protocol_6', b'\x80\x06N.', 'protocol above 5'
    yield 'zlib_cut', zlib.compress(pickle.dumps(call()))[:-3], 'truncated'
    yield 'zlib_damaged', b'x\x9cgarbage', 'zlib'
    yield 'no_call', pickle.dumps([1, 2]), 'it is not a call'
    yield 'call_in_list', pickle.dumps(list(call())), 'it is not a call'
    yield 'name_no_str', pickle.dumps(call(5)), 'it is not a call'
    yield 'json_cut', b'["app.jobs.run", null', 'cannot be checked'
    yield 'json_no_call', b'["app.jobs.run"]', 'not a call'
    yield 'json_map', b'{"app.jobs.run": 1}', 'cannot be checked'
    yield 'msgpack_array16', b'\xdc\0\x04\xacapp.jobs.run\xc0\x90\x80', 'cannot be checked'


def methods():
    yield (
        'of_path',
        pickle.dumps(call('unlink', pathlib.PosixPath('/tmp/x'))),
        'a method of pathlib.PosixPath, which',
    )
    yield 'of_plain_class', pickle.dumps(call('fromkeys', dict)), 'a method of builtins.dict, which'
    yield 'of_text', pickle.dumps(call('format', '{0.__class__}')), 'a method of plain data, format, which'
    yield 'of_list', pickle.dumps(call('append', [])), 'a method of plain data, append, which'
    yield 'dunder', pickle.dumps(call('__reduce_ex__', models.Order())), 'the method __reduce_ex__, which'
    yield 'json_text', json.dumps(call('format', 'x')).encode(), 'a method of plain data, format, which'
    yield (
        'reconstructed',
        b'(Vunlink\nccopy_reg\n_reconstructor\n(cpathlib\nPosixPath\nc__builtin__\nobject\nNtR(t(dt.',
        'a method of pathlib.PosixPath, which',
    )


LINES = []


def case(name, data, expected):
    name = name.replace(' ', '-').replace('/', '%').replace('\n', '%') + '.data'
    (DATA / 'allow' / name).write_bytes(data)
    LINES.append(f'{name} {expected}\n')
    if len(data) < 600:
        (CORPUS / name).write_bytes(data)


def main():
    for folder in (DATA / 'allow', CORPUS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name, data in allowed():
        case(f'ok_{name}', data, 'ok')
    for name, data in tricks():
        case(f'trick_{name}', data, 'names os.system, which no --allow covers')
    for made in (names, not_followed, methods):
        for name, data, expected in made():
            case(f'{made.__name__}_{name}', data, expected)
    (DATA / 'allow.txt').write_text(''.join(LINES))


main()
