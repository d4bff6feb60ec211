"""cq's serializers as a filter, tests/tools/convert.c, for the tests that compare them with Python's."""

import os
import pathlib
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('CQ_BUILD', ROOT / 'build')).resolve()


@pytest.fixture(scope='session')
def convert():
    """A function that sends (action, bytes) records through tests/tools/convert.c and returns (ok, bytes)
    answers."""
    program = BUILD / 'tests/tools/convert'
    program.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(p) for folder in ('base', 'serializers') for p in (ROOT / folder).rglob('*.c'))
    flags = subprocess.run(
        ['pkg-config', '--cflags', '--libs', 'zlib'], capture_output=True, text=True, check=True
    )
    names = ('msgpack-c', 'msgpack')
    msgpack = next(n for n in names if subprocess.run(['pkg-config', '--exists', n]).returncode == 0)
    more = subprocess.run(
        ['pkg-config', '--cflags', '--libs', msgpack], capture_output=True, text=True, check=True
    )
    subprocess.run(
        [
            *shlex.split(os.environ.get('CC', 'cc')),
            '-std=c11',
            '-D_GNU_SOURCE',
            '-O1',
            '-g',
            '-I',
            str(ROOT),
            '-o',
            str(program),
            '-fsanitize=address,undefined',
            '-fno-sanitize-recover=all',
            str(ROOT / 'tests/tools/convert.c'),
            *sources,
            *flags.stdout.split(),
            *more.stdout.split(),
            '-lev',
            '-lm',
        ],
        check=True,
    )

    def run(records):
        stream = b''.join(b'%s %d\n' % (action.encode(), len(data)) + data for action, data in records)
        output = subprocess.run([str(program)], input=stream, stdout=subprocess.PIPE, check=True).stdout
        answers, at = [], 0
        while at < len(output):
            end = output.index(b'\n', at)
            word, length = output[at:end].split()
            at = end + 1 + int(length)
            answers.append((word == b'ok', output[end + 1 : at]))
        assert len(answers) == len(records)
        return answers

    return run
