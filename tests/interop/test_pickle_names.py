"""The names that cq sees in a pickle against those that Python's Unpickler.find_class is asked for.

Runs where the virtual environment of the interop tests is: build/venv/bin/pytest
tests/interop/test_pickle_names.py
"""

import _compat_pickle
import array
import collections
import datetime
import decimal
import enum
import fractions
import io
import os
import pathlib
import pickle
import random
import struct
import uuid

from converter import convert  # noqa: F401 # a fixture

ROUNDS = int(os.environ.get('CQ_ROUNDS', '4000'))


class Dummy(dict):
    """Stands for every class and function: takes what a pickle may do to one, and does nothing."""

    def __new__(cls, *_args, **_kwargs):
        return dict.__new__(cls)

    def __init__(self, *_args, **_kwargs):
        pass

    def __call__(self, *_args, **_kwargs):
        return Dummy()

    def nothing(self, *_args, **_kwargs):
        pass

    append = extend = add = __setitem__ = __setstate__ = nothing
    __hash__ = object.__hash__


def python_names(data, base):
    """What find_class is asked for, in order, as what Python 3 takes it for; and whether the pickle was read
    to its end."""
    names = []

    class Watching(base):
        def find_class(self, module, name):
            if self.protocol() < 3:
                if (module, name) in _compat_pickle.NAME_MAPPING:
                    module, name = _compat_pickle.NAME_MAPPING[module, name]
                elif module in _compat_pickle.IMPORT_MAPPING:
                    module = _compat_pickle.IMPORT_MAPPING[module]
            names.append(f'{module}.{name}'.encode('utf-8', 'surrogatepass'))
            return (lambda *_args: Dummy) if name == 'getattr' else Dummy

        def protocol(self):
            # Of the C unpickler it cannot be asked: these tests write it first, or not at all.
            return data[1] if data[:1] == b'\x80' else 0

    try:
        Watching(io.BytesIO(data)).load()
    except Exception:  # whatever a broken pickle leads to
        return names, False
    return names, True


def cq_names(answer):
    return [line for line in answer.split(b'\n') if line and not line.startswith(b':')]


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Flags(enum.Flag):
    ONE = 1
    TWO = 2


class Slots:
    __slots__ = ('a', 'b')

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __getstate__(self):  # without it, protocols 0 and 1 cannot
        return None, {'a': self.a, 'b': self.b}


class Plain:
    class Inner:
        def __init__(self, value):
            self.value = value

    def __init__(self, value):
        self.value = value


class Items(list):
    pass


class Table(dict):
    pass


def random_object(rng, depth=0):
    def more():
        return random_object(rng, depth + 1)

    leaves = [
        lambda: Color.RED,
        lambda: Flags.ONE | Flags.TWO,
        lambda: decimal.Decimal(rng.random()),
        uuid.uuid4,
        lambda: len,
        lambda: int,
        lambda: Color,
        lambda: Plain.Inner,
        lambda: datetime.datetime.now(datetime.timezone.utc),
        lambda: b'\xff\0',
        lambda: bytearray(b'1'),
        lambda: 'text',
        lambda: 2**70,
        lambda: 1.5,
        lambda: pathlib.PurePosixPath('/a'),
        lambda: fractions.Fraction(1, 3),
        lambda: ValueError('why'),
        lambda: 1j,
        lambda: range(3),
        lambda: array.array('i', [1, 2]),
        lambda: Ellipsis,
        object,
    ]
    inner = [
        lambda: [more(), more()],
        lambda: (more(),),
        lambda: {'k': more(), 1: more()},
        lambda: Plain(more()),
        lambda: Plain.Inner(more()),
        lambda: Slots(more(), more()),
        lambda: Items([more(), more()]),
        lambda: Table(a=more()),
        lambda: collections.OrderedDict(a=more()),
        lambda: collections.deque([more()]),
        lambda: collections.defaultdict(list, a=more()),
        lambda: (more(), more(), more(), more()),
    ]
    return rng.choice(leaves if depth > 3 or rng.random() < 0.3 else inner)()


def test_names_in_what_python_pickles_are_all_seen(convert):
    rng = random.Random(1)
    pickles = [
        pickle.dumps(random_object(rng), protocol) for _ in range(ROUNDS) for protocol in [rng.randrange(6)]
    ]
    assert sum(b'getattr' in p for p in pickles) > ROUNDS / 100
    for data, (ok, answer) in zip(pickles, convert([('pickle:names', data) for data in pickles])):
        assert ok, (answer, data)
        assert cq_names(answer) == python_names(data, pickle._Unpickler)[0], data
        assert cq_names(answer) == python_names(data, pickle.Unpickler)[0], data


WORDS = ['os', 'system', 'app.jobs', 'Class.method', 'builtins', 'getattr', 'copy_reg', '__builtin__', 'x']


def random_text(rng):
    """A str in one of the opcodes that make one."""
    word = rng.choice(WORDS)
    raw = word.encode()
    return rng.choice(
        [
            b'\x8c' + bytes([len(raw)]) + raw,
            b'X' + struct.pack('<I', len(raw)) + raw,
            b'\x8d' + struct.pack('<Q', len(raw)) + raw,
            b'V' + raw + b'\n',
            b'V' + b''.join(b'\\u%04x' % ord(c) for c in word) + b'\n',
            b'U' + bytes([len(raw)]) + raw,
            b'T' + struct.pack('<I', len(raw)) + raw,
            b"S'" + raw + b"'\n",
            b'S"' + b''.join(b'\\x%02x' % c for c in raw) + b'"\n',
        ]
    )


# What an opcode takes off the stack, the last on top, and what it leaves: s a str, g a global, t a tuple, l a
# list, d a dict, e a set, o an object, v anything, M a mark. `...` in front: all down to the mark.
OPCODES = [
    ('ss', 'g', [b'\x93']),
    ('v', 'vv', [b'2']),
    ('v', '', [b'0']),
    ('M', '', [b'0']),
    ('', 'M', [b'(']),
    ('...', '', [b'1']),
    (
        '',
        'v',
        [
            b'N',
            b'K\x01',
            b'I01\n',
            b'\x88',
            b'J\0\0\0\0',
            b'F1\n',
            b'G' + bytes(8),
            b'L7L\n',
            b'\x8a\x01\x05',
        ],
    ),
    ('', 't', [b')']),
    ('', 'l', [b']']),
    ('', 'd', [b'}']),
    ('', 'e', [b'\x8f']),
    ('v', 't', [b'\x85']),
    ('vv', 't', [b'\x86']),
    ('vvv', 't', [b'\x87']),
    ('...', 't', [b't']),
    ('...', 'l', [b'l']),
    ('lv', 'l', [b'a']),
    ('ov', 'o', [b'a']),
    ('l...', 'l', [b'e']),
    ('o...', 'o', [b'e', b'\x90']),
    ('dsv', 'd', [b's']),
    ('osv', 'o', [b's']),
    ('gt', 'o', [b'R']),
    ('ot', 'o', [b'R']),
    ('gt', 'o', [b'\x81']),
    ('gtd', 'o', [b'\x92']),
    ('ov', 'o', [b'b']),
    ('...', 'o', [b'ios\nsystem\n', b'icopy_reg\nx\n']),
    ('', '', [b'\x95' + bytes(8)]),
    ('e...', 'e', [b'\x90']),
]


class Program:
    """Random opcodes that mostly find on the stack what they need, with every way to keep something for
    later."""

    def __init__(self, rng):
        self.rng, self.stack, self.memo = rng, [], {}
        self.code = [rng.choice([b'', b'\x80\x02', b'\x80\x04', b'\x80\x05'])]
        for _ in range(rng.randrange(3, 60)):
            rng.choice(
                [
                    self.text,
                    self.text,
                    self.named,
                    self.keep,
                    self.recall,
                    self.run,
                    self.run,
                    self.run,
                    self.run,
                ]
            )()
        self.code.append(b'.')

    def emit(self, code, leaves):
        self.code.append(code)
        self.stack += leaves

    def text(self):
        self.emit(random_text(self.rng), 's')

    def named(self):
        words = [self.rng.choice(WORDS).encode() for _ in 'ab']
        self.emit(b'c%s\n%s\n' % tuple(words), 'g')

    def keep(self):
        if self.stack and self.stack[-1] != 'M':
            index = self.rng.randrange(8)
            code = self.rng.choice(
                [b'\x94', b'q%c' % index, b'p%d\n' % index, b'r' + struct.pack('<I', index)]
            )
            self.memo[len(self.memo) if code == b'\x94' else index] = self.stack[-1]
            self.code.append(code)

    def recall(self):
        if self.memo:
            index = self.rng.choice(list(self.memo))
            self.emit(
                self.rng.choice([b'h%c' % index, b'g%d\n' % index, b'j' + struct.pack('<I', index)]),
                self.memo[index],
            )

    def run(self):
        takes, leaves, codes = self.rng.choice(OPCODES)
        depth = len(self.stack)
        if takes.endswith('...'):
            if 'M' not in self.stack:
                return
            depth -= self.stack[::-1].index('M') + 1
            takes = takes[:-3]
        found = self.stack[depth - len(takes) : depth] if takes else []
        fits = len(found) == len(takes) and all(
            want == have or want == 'v' and have != 'M' for want, have in zip(takes, found)
        )
        if not fits and self.rng.random() < 0.995:
            return
        del self.stack[max(depth - len(takes), 0) :]
        if leaves == 'vv':
            leaves = found * 2
        self.emit(self.rng.choice(codes), leaves)


def random_program(rng):
    return b''.join(Program(rng).code)


def test_no_trick_with_stack_and_memo_hides_a_name(convert):
    rng = random.Random(2)
    programs = [random_program(rng) for _ in range(10 * ROUNDS)]
    seen = followed = 0
    for data, (ok, answer) in zip(programs, convert([('pickle:names', data) for data in programs])):
        if not ok:
            continue
        for base in (pickle.Unpickler, pickle._Unpickler):
            names, whole = python_names(data, base)
            assert names == cq_names(answer)[: len(names)], data
            assert not whole or names == cq_names(answer), data
        followed += whole
        seen += whole and len(names) > 1
    assert followed > ROUNDS and seen > ROUNDS / 2, (followed, seen)


def test_names_of_python_2_are_taken_as_python_3_takes_them(convert):
    cases = [(*pair, *new) for pair, new in _compat_pickle.NAME_MAPPING.items()]
    cases += [(module, 'thing', new, 'thing') for module, new in _compat_pickle.IMPORT_MAPPING.items()]
    cases += [('exceptions', 'Strange', 'exceptions', 'Strange'), ('os', 'system', 'os', 'system')]
    for protocol in (0, 1, 2, 3, 4, 5):
        start = b'\x80%c' % protocol if protocol else b''
        answers = convert(
            [('pickle:names', start + f'c{module}\n{name}\n.'.encode()) for module, name, _, _ in cases]
        )
        for (module, name, new_module, new_name), (ok, answer) in zip(cases, answers):
            expected = f'{new_module}.{new_name}\n' if protocol < 3 else f'{module}.{name}\n'
            assert ok and answer == expected.encode()


def test_the_last_protocol_that_is_named_counts(convert):
    [(_, early), (_, late)] = convert(
        [
            ('pickle:names', b'\x80\x02\x80\x04ccommands\nx\n.'),
            ('pickle:names', b'\x80\x04\x80\x02ccommands\nx\n.'),
        ]
    )
    assert (early, late) == (b'commands.x\n', b'subprocess.x\n')
