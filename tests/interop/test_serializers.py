"""cq's serializers against Python's own, over thousands of random values.

Runs where the virtual environment of the interop tests is: build/venv/bin/pytest
tests/interop/test_serializers.py
"""

import ast
import datetime
import decimal
import functools
import json
import math
import os
import pathlib
import pickle
import random
import re
import struct
import unicodedata

import pytest

from converter import ROOT, convert  # noqa: F401 # a fixture

ROUNDS = int(os.environ.get('CQ_ROUNDS', '4000'))


def random_float(rng):
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice(
            [
                0.0,
                -0.0,
                1.0,
                0.1,
                1e16,
                1e15,
                123456789012345680.0,
                1e-4,
                1e-5,
                5e-324,
                2.2250738585072014e-308,
                1.7976931348623157e308,
                math.inf,
                -math.inf,
                math.nan,
            ]
        )
    if kind == 1:
        return math.ldexp(rng.choice([1.0, -1.0]), rng.randint(-1074, 1023))
    if kind == 2:
        return round(rng.uniform(-1000, 1000), rng.randrange(6))
    if kind == 3:
        return float(rng.randint(-(10**17), 10**17))
    return struct.unpack('<d', rng.randbytes(8))[0]


def random_int(rng):
    bits = rng.choice([1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 100, 2000, 2040, 2048, 8000])
    edge = (1 << bits) + rng.randint(-2, 2)
    return rng.choice([1, -1]) * rng.choice([edge, rng.getrandbits(bits)])


def random_str(rng, surrogates=True):
    pools = [
        lambda: chr(rng.randrange(128)),
        lambda: rng.choice('abc \'"\\\n\t'),
        lambda: chr(rng.randrange(0x250)),
        lambda: chr(rng.randrange(0x10000)),
        lambda: chr(rng.randrange(0x110000)),
    ]
    pool = rng.choice(pools)
    text = ''.join(pool() for _ in range(rng.choice([0, 1, 2, 5, 30, 255, 256, 300])))
    return text if surrogates else text.encode('utf-8', 'ignore').decode()


def random_time(rng):
    zone = rng.choice(
        [
            None,
            datetime.timezone.utc,
            datetime.timezone(datetime.timedelta(minutes=rng.randint(-1439, 1439))),
            datetime.timezone(datetime.timedelta(seconds=rng.randint(-86399, 86399))),
        ]
    )
    clock = [
        rng.randrange(24),
        rng.randrange(60),
        rng.choice([0, rng.randrange(60)]),
        rng.choice([0, rng.randrange(10**6)]),
    ]
    day = [rng.randint(1, 9999), rng.randint(1, 12), rng.randint(1, 28)]
    fold = rng.randrange(2)
    return rng.choice(
        [
            datetime.datetime(*day, *clock, tzinfo=zone, fold=fold),
            datetime.date(*day),
            datetime.time(*clock, tzinfo=zone, fold=fold),
            zone or datetime.timezone.utc,
            datetime.timedelta(
                rng.randint(-999999999, 999999998),
                rng.randrange(86400),
                rng.choice([0, rng.randrange(10**6)]),
            ),
        ]
    )


def random_value(rng, depth=0, json_only=False, times=True):
    kinds = ['none', 'bool', 'int', 'float', 'str']
    if depth < 4:
        kinds += ['list', 'dict', 'list', 'dict']
    if not json_only:
        kinds += ['bytes'] + (['time'] if times else [])
        if depth < 4:
            kinds += ['tuple', 'set', 'frozenset']
    more = functools.partial(random_value, rng, depth + 1, json_only, times)
    count = rng.choice([0, 1, 2, 3, 4, 7])
    kind = rng.choice(kinds)
    if kind in ('set', 'frozenset', 'dict'):
        keys = [more() for _ in range(count)]
        hashable = [k for k in keys if not unhashable(k)]
        if json_only:
            hashable = [k for k in hashable if isinstance(k, str)]
        if kind == 'dict':
            return {k: more() for k in hashable}
        return (set if kind == 'set' else frozenset)(hashable)
    return {
        'none': lambda: None,
        'bool': lambda: rng.random() < 0.5,
        'int': lambda: random_int(rng),
        'float': lambda: random_float(rng),
        'str': lambda: random_str(rng),
        'bytes': lambda: rng.randbytes(rng.choice([0, 1, 9, 300])),
        'time': lambda: random_time(rng),
        'list': lambda: [more() for _ in range(count)],
        'tuple': lambda: tuple(more() for _ in range(count)),
    }[kind]()


def unhashable(value):
    try:
        hash(value)
    except TypeError:
        return True
    return False


def characters_since_unicode_14():
    """What this Python prints and 3.11 did not know: cq's table is of 3.11. None where Python is 3.11."""
    if unicodedata.unidata_version == '14.0.0':
        return []
    table = (ROOT / 'serializers/printable.h').read_text()
    ranges = [
        (int(first, 16), int(last, 16))
        for first, last in re.findall(r'{(0x[0-9A-F]+), (0x[0-9A-F]+)}', table)
    ]
    return [
        chr(point) for first, last in ranges for point in range(first, last + 1) if chr(point).isprintable()
    ]


NEW_CHARACTERS = {
    ord(c): ('\\u%04x' if ord(c) < 0x10000 else '\\U%08x') % ord(c) for c in characters_since_unicode_14()
}


def python_repr(value):
    """repr() of Python 3.11, with sets in the order in which they are pickled, that is, iterated."""
    return repr(value).translate(NEW_CHARACTERS).encode('utf-8', 'surrogatepass')


def test_pickle_of_every_protocol_shows_as_python_repr(convert):
    rng = random.Random(1)
    cases = [(random_value(rng), rng.randrange(6)) for _ in range(ROUNDS)]
    answers = convert([('pickle:repr', pickle.dumps(value, protocol)) for value, protocol in cases])
    for (value, protocol), (ok, text) in zip(cases, answers):
        assert ok, (text, value, protocol)
        expected = python_repr(value)
        if protocol < 4:  # which cannot hold a time's fold
            expected = expected.replace(b', fold=1', b'')
        assert text == expected, (value, protocol)


def test_python_loads_our_pickle_as_the_same_value(convert):
    rng = random.Random(2)
    values = [random_value(rng) for _ in range(ROUNDS)]
    answers = convert([('pickle:pickle', pickle.dumps(value, 5)) for value in values])
    for value, (ok, data) in zip(values, answers):
        assert ok, (data, value)
        assert canonical(pickle.loads(data)) == canonical(value)


def canonical(value):
    """Something to compare by: NaN equals NaN, 1 is not True, sets have an order."""
    if isinstance(value, (list, tuple)):
        return type(value), [canonical(v) for v in value]
    if isinstance(value, dict):
        return dict, [(canonical(k), canonical(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted((canonical(v) for v in value), key=repr)
    return type(value), repr(value)


def fresh(value):
    """The value with no object in it twice, which is what our pickles are of."""
    if isinstance(value, (list, tuple)):
        return type(value)(fresh(v) for v in value)
    if isinstance(value, dict):
        return {fresh(k): fresh(v) for k, v in value.items()}
    if isinstance(value, str):
        return value.encode('utf-8', 'surrogatepass').decode('utf-8', 'surrogatepass')
    return value


def test_our_pickle_of_plain_data_is_python_s_byte_by_byte(convert):
    rng = random.Random(3)
    values = [random_int(rng) for _ in range(500)] + [random_float(rng) for _ in range(500)]
    values += [[random_int(rng) for _ in range(n)] for n in (0, 1, 2, 999, 1000, 1001, 2000, 2001, 30000)]
    values += [{i: i * i for i in range(n)} for n in (0, 1, 2, 999, 1000, 1001, 2000, 20000)]
    values += [set(range(n)) for n in (0, 1, 2, 999, 1000, 1001, 2000)] + [
        frozenset(range(n)) for n in (0, 1, 1001)
    ]
    values += [tuple(range(n)) for n in range(6)] + [(), ((),), [[]], [()], {1: {2: {}}}]
    values += [
        'ab' * 50,
        'x' * 255,
        'x' * 256,
        'é' * 200,
        'x' * 65535,
        'x' * 65536,
        ['y' * 70000, 1],
        [1, 'y' * 65536],
        b'z' * 70000,
    ]
    values += [['%06d' % i for i in range(20000)], [b'%06d' % i * 30 for i in range(2000)], None, True, False]
    values += [
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime.date(2026, 1, 2),
        datetime.timedelta(1, 2, 3),
    ]
    values = [fresh(value) for value in values]
    answers = convert([('pickle:pickle', pickle.dumps(value, 5)) for value in values])
    for value, (ok, data) in zip(values, answers):
        assert ok and data == pickle.dumps(value, 5), repr(value)[:200]


def test_json_is_read_and_written_as_python_does(convert):
    rng = random.Random(4)
    values = [random_value(rng, json_only=True) for _ in range(ROUNDS)]
    for ensure_ascii in (True, False):
        texts = [
            json.dumps(value, ensure_ascii=ensure_ascii).encode('utf-8', 'surrogatepass') for value in values
        ]
        texts = [t for t in texts if decodable(t)]
        for text, (ok, data) in zip(texts, convert([('json:json', text) for text in texts])):
            assert ok, (data, text)
            assert data == json.dumps(json.loads(text.decode())).encode(), text


def decodable(data):
    try:
        data.decode('utf-8')
    except UnicodeDecodeError:
        return False
    return True


def test_values_of_a_pickle_are_dumped_to_json_as_python_does(convert):
    rng = random.Random(5)
    values = [random_value(rng) for _ in range(ROUNDS)]
    for value, (ok, data) in zip(
        values, convert([('pickle:json', pickle.dumps(value, 5)) for value in values])
    ):
        try:
            expected = json.dumps(value).encode()
        except TypeError:
            assert not ok, value
        else:
            assert ok and data == expected, value


def mutations(rng, text):
    data = bytearray(text)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(3)
        if what == 0 and at < len(data):
            del data[at]
        elif what == 1:
            data.insert(at, rng.choice(b' ,:[]{}"\\0123456789.eE+-ntfaNIu\'()_#'))
        elif at < len(data):
            data[at] = rng.choice(b' ,:[]{}"\\0123456789.eE+-ntfaNIu\'()_#')
    return bytes(data)


def test_damaged_json_is_refused_when_python_refuses_it(convert):
    rng = random.Random(6)
    texts = []
    for _ in range(ROUNDS * 2):
        texts.append(mutations(rng, json.dumps(random_value(rng, depth=2, json_only=True)).encode()[:200]))
    for text, (ok, data) in zip(texts, convert([('json:json', text) for text in texts])):
        try:
            expected = json.dumps(json.loads(text.decode())).encode()
        except ValueError:
            assert not ok, (text, data)
        else:
            assert ok and data == expected, (text, data)


def literal_of(text):
    value = ast.literal_eval(text)
    if 'j' in repr(type_names(value)) or value is ...:
        raise ValueError('complex')
    return value


def type_names(value):
    if isinstance(value, (list, tuple, set, frozenset)):
        return [type_names(v) for v in value]
    if isinstance(value, dict):
        return [[type_names(k), type_names(v)] for k, v in value.items()]
    return 'j' if isinstance(value, complex) or value is ... else '-'


# fmt: off
LITERALS = [
    '1_000', '0x_ff', '0b101', '0o17', '00', '0_0', '1.', '.5', '1e5', '1_0.0_1e1_0', '-1', '+1', '-(1)',
    '(-1)', '- 1', '-\t.5', '"a" \'b\'', 'r"\\n"', "b'x' b'y'", 'Rb"\\x"', "u'é'", '"""a\nb"""', "'''a'b'''",
    "'\\u00e9\\U0001f600\\x41\\101\\q'", '1, 2', '1,', '(1,)', '()', '[1,]', '{1: 2,}', '{1,}', 'set()',
    'set( )', '(1)', '((1))', '[\n1,\n# note\n2]', ' 1', '1 # c', '1\n', '{1: 1, True: 2, 1.0: 3}',
    '{1, True}', "('a'\n'b')", "'a\\\nb'", "b'\\x00\\xff\\777'", '1if', "''", 'b""', '""""""', '{}', '[]',
]
NO_LITERALS = [
    '', '1 2', '01', '1__0', '1_', '0x', '1+2', 'foo', '-True', '--1', 'f"x"', 'b"é"', '"a" b"b"', '"abc',
    "'a\nb'", '[1', '{1:}', '{1:2, 3}', '{1, 2:3}', '{[]}', '{{}: 1}', '[,]', '(,)', 'set(1)', '...', '1j',
    '1+2j', 'True()', 'None.x', '[*a]', '{**a}', "'\\x4'", "'\\u12'", "'\\U00110000'", 'a', '1x', '\\',
]
# fmt: on


@pytest.mark.filterwarnings('ignore::SyntaxWarning', 'ignore::DeprecationWarning')
def test_literals_read_as_literal_eval_does(convert):
    rng = random.Random(7)
    values = [random_value(rng, times=False) for _ in range(ROUNDS)]
    texts = [repr(v) for v in values]
    texts = [
        t for t in texts if 'nan' not in t and 'inf' not in t and 'frozenset' not in t and '\\ud' not in t
    ]
    texts += LITERALS
    for text in list(texts) * 2 + NO_LITERALS:
        if len(text) < 200 and text and text.isascii():
            texts.append(mutations(rng, text.encode()).decode())
    texts += NO_LITERALS
    texts = [t for t in texts if '\\N' not in t and '\0' not in t and '\r' not in t]
    answers = convert([('literal:repr', text.encode('utf-8', 'surrogatepass')) for text in texts])
    for text, (ok, data) in zip(texts, answers):
        try:
            expected = python_repr(literal_of(text))
        except (ValueError, SyntaxError, TypeError, MemoryError):
            assert not ok, (text, data)
        else:
            if any(c in text for c in '{') and 'set' in str(type_of(text)):
                continue  # the order of a set is Python's own
            assert ok and data == expected, (text, data, expected)


def type_of(text):
    def names(value):
        if isinstance(value, (set, frozenset)):
            return 'set'
        if isinstance(value, (list, tuple)):
            return [names(v) for v in value]
        if isinstance(value, dict):
            return [(names(k), names(v)) for k, v in value.items()]
        return ''

    return names(ast.literal_eval(text))


def test_every_code_point_shows_as_in_python(convert):
    texts = [''.join(map(chr, range(start, start + 0x1000))) for start in range(0, 0x110000, 0x1000)]
    for text, (ok, data) in zip(texts, convert([('pickle:repr', pickle.dumps(text, 5)) for text in texts])):
        assert ok and data == python_repr(text)
    assert len(NEW_CHARACTERS) < 0x4000  # or the table were of no Unicode at all


def test_floats_show_their_shortest_digits(convert):
    rng = random.Random(8)
    numbers = [math.ldexp(1.0, e) for e in range(-1074, 1024)] + [
        random_float(rng) for _ in range(ROUNDS * 5)
    ]
    numbers += [math.nextafter(math.ldexp(1.0, e), math.inf) for e in range(-1074, 1023)]
    numbers += [math.nextafter(math.ldexp(1.0, e), 0.0) for e in range(-1073, 1024)]
    for at in range(0, len(numbers), 1000):
        part = numbers[at : at + 1000]
        [(ok, data)] = convert([('pickle:repr', pickle.dumps(part, 5))])
        assert ok and data.decode() == repr(part)


class Custom:
    def __init__(self):
        self.field = [1, {2: 3}]

    def method(self):
        return self


class SubDict(dict):
    pass


def test_objects_become_opaque_and_their_neighbours_stay_readable(convert):
    import collections
    import uuid

    odd = {
        'tests.Custom': Custom(),
        'Decimal': decimal.Decimal('1.5'),
        'Ordered': collections.OrderedDict(a=1),
        'sub': SubDict(x=1),
        'uuid': uuid.UUID(int=5),
        'path': pathlib.PurePosixPath('/a'),
        'partial': functools.partial(int, '1'),
        'function': random_value,
        'class': Custom,
        'method': Custom().method,
        'complex': 1j,
        'range': range(3),
        'default': collections.defaultdict(list, a=[1]),
        'deque': collections.deque([1, 2]),
        'error': ValueError('x'),
        'huge': 10**5000,
    }
    for protocol in range(6):
        for name, thing in odd.items():
            if name == 'huge' and protocol < 2:
                continue  # Python cannot write it
            call = ('module.function', None, (1, thing, 'after'), {'key': thing})
            [(ok, text)] = convert([('auto:repr', pickle.dumps(call, protocol))])
            assert ok, (name, protocol, text)
            assert text.startswith(b"('module.function', None, (1, <"), (name, protocol, text)
            assert b"'after'), {'key': <" in text, (name, protocol, text)


def test_a_damaged_pickle_is_an_error_or_a_value(convert):
    rng = random.Random(9)
    records = []
    for _ in range(ROUNDS * 2):
        data = bytearray(pickle.dumps(random_value(rng, depth=1), rng.randrange(6)))
        for _ in range(rng.choice([1, 2, 5])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        records.append(('pickle:repr', bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])))
    for ok, text in convert(records):
        assert ok or text.startswith(b'pickle: '), text
