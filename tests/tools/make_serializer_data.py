#!/usr/bin/env python3
"""Write the serializers' test data and the fuzz targets' seeds with Python's own serializers.

Run by hand, with Python 3.11, from the top folder; what it writes is checked in:
    python3.11 tests/tools/make_serializer_data.py

tests/serializers/data/valid/<name>.<pickle|json|msgpack|literal> holds bytes; valid.txt has, for each, its
name and what cq shows of it. invalid/ and invalid.txt likewise, with a part of the error message.
"""

import collections
import datetime
import decimal
import functools
import json
import pathlib
import pickle
import shutil
import struct

TESTS = pathlib.Path(__file__).resolve().parents[1]
DATA = TESTS / 'serializers' / 'data'
CORPUS = TESTS / 'fuzz' / 'corpus'


class Custom:
    pass


def call(*args, **kwargs):
    return ('module.function', None, args, kwargs)


PLAIN = {
    'none': None,
    'true': True,
    'false': False,
    'call': call(1, 'x', key=2),
    'ints': [0, -1, 255, 256, 65535, 65536, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63)],
    'bigints': [2**63, -(2**63) - 1, 2**64, 10**30, -(10**30), 2**2040, -(2**2047), 10**4299],
    'floats': [0.0, -0.0, 0.1, 1e16, 1e15, 1e-4, 1e-5, 5e-324, 2.0**-44, 1e308, 1.5],
    'infinite': [float('inf'), float('-inf'), float('nan')],
    'strings': [
        '',
        "it's",
        '"',
        "'\"",
        'tab\tnewline\n',
        '\\',
        'é',
        '\x7f\x80\xa0\xad',
        '日本',
        '\U0001f600',
        '\ud800',
        '\u2028',
    ],
    'bytes': [b'', b"it's", b'\x00\xff', b'"\''],
    'containers': [[], [1], (), (1,), (1, 2, 3, 4), {}, {'a': 1}, {1: {2: (3, [4])}}],
    'sets': [set(), {1}, frozenset(), frozenset({1})],
    'long': 'x' * 300,
    'batch': list(range(1001)),
    'shared': [[1, 2]] * 3,
    'nested': functools.reduce(lambda inner, _: [inner], range(99), []),
    'bytearray': [bytearray(), bytearray(b'\x01\xff')],
    'dict': {str(i): i for i in range(40)},
}
UTC = datetime.timezone.utc
EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
TIMES = {
    'datetime': [
        datetime.datetime(2026, 1, 2, 3, 4),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
        datetime.datetime(1, 1, 1, 0, 0, 7, tzinfo=EAST),
    ],
    'date': [datetime.date(2026, 12, 31), datetime.time(1, 2), datetime.time(1, 2, 3, 4, UTC)],
    'timedelta': [datetime.timedelta(0), datetime.timedelta(1), datetime.timedelta(-1, 5, 7), UTC, EAST],
}
ODD = {
    'decimal': (
        call(decimal.Decimal('1.5'), 'after'),
        "('module.function', None, (<decimal.Decimal>, 'after'), {})",
    ),
    'ordered': (
        call(collections.OrderedDict(a=1), 'after'),
        "('module.function', None, (<collections.OrderedDict>, 'after'), {})",
    ),
    'custom': (call(Custom(), 'after'), "('module.function', None, (<__main__.Custom>, 'after'), {})"),
    'function': (call(len, 'after'), "('module.function', None, (<builtins.len>, 'after'), {})"),
    'named_zone': (
        call(datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(0), 'X'))),
        "('module.function', None, (<datetime.datetime>,), {})",
    ),
}
BOMB = b'\x80\x05]\x94' + b''.join(b']\x94(' + b'h%c' % i * 10 + b'e' for i in range(30)) + b'.'
TUPLE_BOMB = b'\x80\x05)\x94' + b''.join(b'h%ch%c\x86\x94' % (i, i) for i in range(90)) + b'.'
INVALID_PICKLES = {
    'empty_stack': (b'\x80\x05.', 'stack is empty'),
    'no_stop': (b'\x80\x05K\x01', 'without a STOP'),
    'unknown_opcode': (b'\x80\x05\xff.', 'unknown opcode 0xff at byte 2'),
    'protocol_6': (b'\x80\x06N.', 'protocol above 5'),
    'cut_int': (b'\x80\x05J\x01', 'truncated'),
    'huge_str': (b'\x80\x05X\xff\xff\xff\xffabc.', 'truncated'),
    'huge_str8': (b'\x80\x05\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.', 'truncated'),
    'huge_bytes8': (b'\x80\x05\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.', 'truncated'),
    'huge_bytearray': (b'\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7fabc.', 'truncated'),
    'huge_long': (b'\x80\x05\x8b\xff\xff\xff\x7f\x01.', 'truncated'),
    'huge_frame': (b'\x80\x05\x95\xff\xff\xff\xff\x00\x00\x00\x00N.', 'frame'),
    'list_in_itself': (b'\x80\x05]\x94h\x00a.', 'holds itself'),
    'dict_in_itself': (b'\x80\x05}\x94K\x01h\x00s.', 'holds itself'),
    'tuple_loop': (b'\x80\x05]\x94h\x00\x85a.', 'holds itself'),
    'memo_bomb': (BOMB, 'elements'),
    'tuple_bomb': (TUPLE_BOMB, 'elements'),
    'memo_gap': (b'\x80\x02Nr\xff\xff\xff\xff.', 'memo index'),
    'memo_unset': (b'\x80\x05h\x07.', 'never put'),
    'deep': (b'\x80\x05' + b']' * 101 + b'a' * 100 + b'.', 'levels deep'),
    'very_deep': (b'\x80\x05' + b'(' * 50000 + b't' * 50000 + b'.', 'levels deep'),
    'no_mark': (b'\x80\x05t.', 'MARK'),
    'below_mark': (b'\x80\x05K\x01(0(\x86.', 'stack is empty'),
    'odd_dict': (b'\x80\x05}(K\x01u.', 'no value'),
    'append_to_int': (b'\x80\x05K\x01K\x02a.', 'right container'),
    'append_to_dict': (b'\x80\x05}K\x02a.', 'right container'),
    'unhashable': (b'\x80\x05}]K\x01s.', 'list as a dict'),
    'not_utf8': (b'\x80\x05\x8c\x01\xff.', 'UTF-8'),
    'python2_bytes': (b'\x80\x02U\x01\xff.', 'Python 2'),
    'call_of_int': (b'\x80\x05K\x01)R.', 'not a function'),
    'args_no_tuple': (b'\x80\x05cm\nf\nK\x01R.', 'not a tuple'),
    'build_list': (b'\x80\x05]}b.', 'none'),
    'class_no_class': (b'\x80\x05K\x01)\x81.', 'not a class'),
    'int_words': (b'Iabc\n.', 'decimal'),
    'float_words': (b'Fabc\n.', 'number'),
    'no_quotes': (b'Sabc\n.', 'quotes'),
    'global_of_int': (b'\x80\x05K\x01K\x02\x93.', 'not a str'),
    'text': (b'hello.', 'never put'),
    'line_without_end': (b'I1', 'truncated'),
}
JSONS = {
    'call': '["m.f", null, [1, "x"], {"k": 2}]',
    'numbers': '[0, -0, -1, 1.0, 1e5, 1E-7, 123456789012345678901234567890, -9223372036854775808, '
    '9223372036854775807, 9223372036854775808]',
    'odd_floats': '[NaN, Infinity, -Infinity, 1e999, -1e999]',
    'escapes': '"\\u0000\\u00e9\\ud83d\\ude00\\ud800x\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"',
    'duplicate_keys': '{"a": 1, "b": 2, "a": 3}',
    'space': ' \t\r\n[ 1 , { } , [ ] ] \n',
    'utf8': '"é日😀"',
    'word': 'true',
    'deep': '[' * 100 + ']' * 100,
}
INVALID_JSONS = {
    'empty_space': (' ', 'a value'),
    'trailing_comma': ('[1,]', 'a value'),
    'two_values': ('1 2', 'the end'),
    'leading_zero': ('01', 'leading 0'),
    'dot_end': ('1.', 'the end'),
    'plus': ('+1', 'a value'),
    'single_quotes': ("['a']", 'a value'),
    'no_colon': ('{"a" 1}', "':'"),
    'number_key': ('{1: 2}', 'a key'),
    'no_close': ('[1', 'ends'),
    'control': ('"a\nb"', 'control'),
    'bad_escape': ('"\\x"', 'an escape'),
    'short_u': ('"\\u12"', 'hex'),
    'cut_string': ('"abc', 'closing quote'),
    'cut_escape': ('"abc\\', 'closing quote'),
    'half_word': ('tru', 'a value'),
    'deep': ('[' * 101 + ']' * 101, 'levels deep'),
    'very_deep': ('[' * 20000, 'levels deep'),
    'digits': ('1' * 4301, '4300 digits'),
    'minus': ('-', 'a digit'),
    'nul': ('1\0', 'the end'),
}
LITERALS = {
    'numbers': '[1_000, 0xff, 0b101, 0o17, 00, 1., .5, 1e5, -1, +2, -(3)]',
    'strings': '["a" \'b\', r"\\n", u"é", """x\ny""", "\\x41\\101\\u00e9\\U0001f600\\q\\\n"]',
    'bytes': '[b"a" b\'b\', Rb"\\x", b"\\xff\\0\\u"]',
    'containers': '[(), (1,), (1), [1,], {}, {1: 2,}, {1,}, set(), {"a": (None, True, False)}]',
    'bare_tuple': '1, "x",',
    'comments': '[\n1, # one\n2]',
}
INVALID_LITERALS = {
    'name': ('foo', '`foo` at column 1'),
    'complex': ('1j', 'complex'),
    'sum': ('1+2', 'end of the text at column 2'),
    'call': ('open("x")', '`open`'),
    'f_string': ('f"x"', 'f-string'),
    'leading_zero': ('012', 'leading 0'),
    'unhashable': ('{[]}', 'column 2'),
    'deep': ('[' * 101, 'levels deep'),
    'very_deep': ('(' * 50000, 'levels deep'),
    'digits': ('9' * 4301, '4300 digits'),
    'mixed': ('"a" b"b"', 'joined'),
    'cut': ('[1, ', 'the text ends'),
    'set_of': ('set(1)', 'no arguments'),
    'named': ('"\\N{DASH}"', '\\N'),
}


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode('utf-8', 'surrogatepass'))


LISTS = {'valid': [], 'invalid': []}


def case(folder, name, data, expected):
    write(DATA / folder / name, data)
    assert '\n' not in expected
    LISTS[folder].append('%s %s\n' % (name, expected))
    target = name.rsplit('.', 1)[1]
    if len(data) < 1200:
        write(CORPUS / target / (folder + '_' + name.rsplit('.', 1)[0]), data)


def shown(value):
    """What cq shows: a bytearray is bytes to it."""
    return (
        repr(value).replace('bytearray(b', 'b').replace("')", "'")
        if 'bytearray' in repr(value)
        else repr(value)
    )


def packed():
    """msgpack by hand, for there is no msgpack in the environment: one of each header."""
    yield 'call', b'\x94\xa3m.f\xc0\x91\x01\x81\xa1k\x02', "['m.f', None, [1], {'k': 2}]"
    yield (
        'ints',
        b'\xdc\x00\x0a\x7f\xe0\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xcf'
        + b'\xff' * 8
        + b'\xd0\x80\xd1\x80\x00\xd2\x80\x00\x00\x00\xd3\x80'
        + b'\0' * 7,
        '[127, -32, 255, 65535, 4294967295, 18446744073709551615, -128, -32768, -2147483648, '
        '-9223372036854775808]',
    )
    yield 'floats', b'\x92\xca' + struct.pack('>f', 0.5) + b'\xcb' + struct.pack('>d', 0.1), '[0.5, 0.1]'
    yield (
        'texts',
        b'\x96\xd9\x01a\xda\x00\x01b\xdb\x00\x00\x00\x01c\xc4\x01d\xc5\x00\x01e\xc6\x00\x00\x00\x01f',
        "['a', 'b', 'c', b'd', b'e', b'f']",
    )
    yield (
        'ext',
        b'\x95\xd4\x05x\xc7\x00\x06\xd6\xff\x00\x00\x00\x01\xd7\xff'
        + struct.pack('>Q', (1000 << 34) | 1)
        + b'\xc7\x0c\xff'
        + struct.pack('>Iq', 0, -1),
        '[<msgpack extension 5>, <msgpack extension 6>, datetime.datetime(1970, 1, 1, 0, 0, 1, '
        'tzinfo=datetime.timezone.utc), '
        'datetime.datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=datetime.timezone.utc), '
        'datetime.datetime(1969, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc)]',
    )
    yield 'maps', b'\x93\x80\xde\x00\x01\x01\x02\xdf\x00\x00\x00\x01\xa1a\x90', "[{}, {1: 2}, {'a': []}]"
    yield 'bools', b'\x92\xc2\xc3', '[False, True]'
    yield 'duplicate_keys', b'\x83\xa1a\x01\xa1b\x02\xa1a\x03', "{'a': 3, 'b': 2}"
    yield 'deep', b'\x91' * 31 + b'\x90', '[' * 32 + ']' * 32


INVALID_PACKED = {
    'array32': (b'\xdd\xff\xff\xff\xff', 'truncated'),
    'map32': (b'\xdf\xff\xff\xff\xff', 'truncated'),
    'str32': (b'\xdb\xff\xff\xff\xff', 'truncated'),
    'bin32': (b'\xc6\xff\xff\xff\xff', 'truncated'),
    'ext32': (b'\xc9\xff\xff\xff\xff\x01', 'truncated'),
    'unused': (b'\xc1', '0xc1 at byte 0'),
    'extra': (b'\x01\x02', 'follow'),
    'deep': (b'\x91' * 32 + b'\x90', 'levels deep'),
    'very_deep': (b'\x91' * 60000 + b'\x90', 'levels deep'),
    'cut_array': (b'\x92\x01', 'truncated'),
    'cut_length': (b'\xda\x00', 'truncated'),
    'cut_int': (b'\xcf\x00', 'truncated'),
    'not_utf8': (b'\xa1\xff', 'UTF-8'),
}


def main():
    for folder in (DATA / 'valid', DATA / 'invalid'):
        shutil.rmtree(folder, ignore_errors=True)
    for name, value in {**PLAIN, **TIMES}.items():
        for protocol in range(6):
            if protocol in (0, 2, 5) or (protocol == 3 and len(repr(value)) < 3000):
                case('valid', '%s_%d.pickle' % (name, protocol), pickle.dumps(value, protocol), shown(value))
    for name, (value, text) in ODD.items():
        for protocol in (0, 2, 5):
            case('valid', '%s_%d.pickle' % (name, protocol), pickle.dumps(value, protocol), text)
    case('valid', 'huge_int.pickle', pickle.dumps([10**4300, 'after'], 5), "[<int>, 'after']")
    case(
        'valid',
        'latin1_bomb.pickle',
        b'\x80\x02c_codecs\nencode\nq\x00X\x20\x00\x00\x00'
        + b'a' * 32
        + b'q\x01X\x06\x00\x00\x00latin1q\x02'
        + b'00('
        + b'h\x00h\x01h\x02\x86R' * 12
        + b't0N.',
        'None',
    )
    case(
        'valid',
        'persistent.pickle',
        b'\x80\x05(Pname\nNQ\x82\x05\x97\x98t.',
        '(<persistent id>, <persistent id>, <copyreg extension>, <out-of-band buffer>)',
    )
    case('valid', 'old_objects.pickle', b'((cm\nC\nK\x01oim\nD\n.', '<m.D>')
    case('valid', 'reduced_set.pickle', b'\x80\x02c__builtin__\nset\n](K\x01K\x02K\x01e\x85R.', '{1, 2}')
    case(
        'valid',
        'equal_keys.pickle',
        b'\x80\x05}(K\x01\x8c\x01aK\x02\x8c\x01bG\x3f\xf0\0\0\0\0\0\0\x8c\x01c\x88\x8c\x01du.',
        "{1: 'd', 2: 'b'}",
    )
    case('valid', 'trailing.pickle', b'\x80\x05N.and more', 'None')
    case('valid', 'python2_str.pickle', b"(S'a\\x41\\n'\nU\x01bT\x01\0\0\0ct.", "('aA\\n', 'b', 'c')")
    for name, (data, message) in INVALID_PICKLES.items():
        case('invalid', name + '.pickle', data, message)
    for name, text in JSONS.items():
        case('valid', name + '.json', text.encode(), repr(json.loads(text)))
    for name, (text, message) in INVALID_JSONS.items():
        case('invalid', name + '.json', text.encode(), message)
    for name, text in LITERALS.items():
        case('valid', name + '.literal', text.encode(), repr(eval(text)))
    for name, (text, message) in INVALID_LITERALS.items():
        case('invalid', name + '.literal', text.encode(), message)
    for name, data, text in packed():
        case('valid', name + '.msgpack', data, text)
    for name, (data, message) in INVALID_PACKED.items():
        case('invalid', name + '.msgpack', data, message)
    for folder, lines in LISTS.items():
        write(DATA / (folder + '.txt'), ''.join(lines))


main()
