"""docs/FROM-RQ.md has every option and variable of the installed RQ, and what it calls the same is the same
word in cq."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs' / 'FROM-RQ.md').read_text()
CQ = os.environ.get('CQ', str(ROOT / 'build' / 'cq'))

# What click knows of `rq COMMAND --help`: {command: [[[spelling, ...], is a flag], ...]}, and the variables
# of its options.
ASK_RQ = """
import json
from rq.cli import main
commands, variables = {}, set()
for name, command in main.commands.items():
    options = []
    for parameter in command.params:
        if parameter.param_type_name == 'option':
            options.append([list(parameter.opts), parameter.is_flag])
            if isinstance(parameter.envvar, str):
                variables.add(parameter.envvar)
    commands[name] = options
print(json.dumps([commands, sorted(variables)]))
"""


def asked_of_rq(python):
    return json.loads(
        subprocess.run([python, '-c', ASK_RQ], check=True, capture_output=True, text=True).stdout
    )


def options_of_rq(python):
    commands, variables = asked_of_rq(python)
    return {
        command: [spellings for spellings, _ in options] for command, options in commands.items()
    }, variables


def section(title):
    match = re.search(rf'^### {re.escape(title)}\n(.*?)(?=^#|\Z)', TEXT, re.MULTILINE | re.DOTALL)
    assert match, f'docs/FROM-RQ.md has no section {title}'
    return match.group(1)


def rows(title):
    """Of the table in a section: the words in backquotes in its first column, and the second column."""
    found = []
    for line in section(title).splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        words = re.findall(r'`([^`]+)`', cells[0])
        if line.startswith('|') and words:
            found.append((words, cells[1]))
    assert found or 'No options' in section(title), f'the section {title} has no table'
    return found


SHARED = 'Options of every command'


@pytest.fixture(scope='module', params=['rq', 'rq113'])
def rq_options(request):
    return options_of_rq(os.environ['RQ113_PYTHON'] if request.param == 'rq113' else sys.executable)


def test_every_option_of_rq_is_in_the_tables(rq_options):
    commands, _ = rq_options
    for command, options in commands.items():
        known = [words for words, _ in rows(SHARED) + rows(f'rq {command}')]
        for spellings in options:
            assert any(set(spellings) <= set(words) for words in known), (
                f'rq {command} {"/".join(spellings)} is not in docs/FROM-RQ.md'
            )


def test_the_tables_have_no_option_that_rq_has_not():
    newest, _ = options_of_rq(sys.executable)
    oldest, _ = options_of_rq(os.environ['RQ113_PYTHON'])
    for command in newest:
        theirs = {
            word
            for options in (newest, oldest)
            for spellings in options.get(command, [])
            for word in spellings
        }
        for words, _ in rows(f'rq {command}'):
            assert set(words) <= theirs, f'{words} is no option of rq {command}'


# --- Every spelling of every option, tried on cq itself: an option behind it that nobody has is what the
# parser then stops at.

NOBODY_HAS = '--no-such-option'
LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']
VALUES = {
    '--logging-level': LEVELS,
    '--logging_level': LEVELS,
    '--log-format': ['text', 'json'],
    '--dequeue-strategy': ['default', 'random', 'round_robin'],
    '--serializer': ['json', 'pickle', 'rq.serializers.JSONSerializer'],
    '--schedule-at': ['2030-01-01T10:00:00'],
    '--url': ['redis://127.0.0.1:1/0'],
    '--worker-class': ['rq.worker.Worker'],
    '--job-class': ['rq.job.Job'],
    '--queue-class': ['rq.Queue'],
    '--connection-class': ['redis.Redis'],
}
ON_A_WORKER = ('worker', 'worker-pool')


def told(*words):
    """The one line of an error in what was said."""
    done = subprocess.run([CQ, *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    lines = done.stderr.splitlines()
    return lines[0] if done.returncode == 2 and len(lines) == 1 and not done.stdout else f'{words} {done}'


def is_refused(command, word):
    """By name, with the remedy behind a semicolon."""
    return (
        re.fullmatch(
            rf'cq {command}: this version of cq does not have --[\w-]+; .{{8,}}', told(command, word, 'x')
        )
        is not None
    )


def is_accepted(command, word, is_flag, value):
    stopped = f"cq {command}: unknown option '{NOBODY_HAS}'"
    if is_flag:
        return told(command, word, NOBODY_HAS).startswith(stopped)
    return ' needs a value' in told(command, word) and told(command, word, value, NOBODY_HAS).startswith(
        stopped
    )


def verdict_of(command, spellings):
    """What the tables say: the cell of its row."""
    found = [cell for words, cell in rows(f'rq {command}') + rows(SHARED) if set(spellings) <= set(words)]
    return found[0] if found else 'is not in the tables'


def faults_of(command, spellings, is_flag):
    cell = verdict_of(command, spellings)
    if cell == 'is not in the tables':
        return [f'rq {command} {spellings} {cell}']
    refused = cell == 'refused' or 'on a worker' in cell and command not in ON_A_WORKER
    longest = max(spellings, key=len)
    return [
        f'{command} {word} {value}: the tables say {cell!r}'
        for word in spellings
        for value in VALUES.get(longest, ['5'])
        if not (is_refused(command, word) if refused else is_accepted(command, word, is_flag, value))
    ]


def test_cq_accepts_or_refuses_each_option_as_the_tables_say():
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(faults_of, command, spellings, is_flag)
            for command, options in asked_of_rq(sys.executable)[0].items()
            for spellings, is_flag in options
        ]
    assert len(asked) > 100
    assert not [fault for one in asked for fault in one.result()]


def test_an_option_that_is_missing_is_found_out():
    """The checks above, asked for what neither the tables nor cq have, and for what takes a value where RQ's
    does not."""
    assert 'is not in the tables' in faults_of('info', ['--newest'], True)[0]
    assert not is_accepted('info', '--newest', True, None) and not is_accepted('info', '--newest', False, '5')
    assert not is_accepted('info', '--raw', False, '5') and not is_accepted('info', '--interval', True, None)
    assert not is_refused('info', '--newest') and not is_refused('info', '--raw')


def test_each_command_of_rq_is_one_of_cq():
    commands = subprocess.run([CQ, '--help'], check=True, capture_output=True, text=True).stdout
    for command in options_of_rq(sys.executable)[0]:
        assert re.search(rf'^ +{command}\b', commands, re.MULTILINE), f'cq has no {command}'
        section(f'rq {command}')


def test_every_variable_of_rq_is_in_the_table(rq_options):
    _, variables = rq_options
    known = {word for words, _ in rows('Environment variables') for word in words}
    assert set(variables) <= known
    source = Path(__import__('rq').__file__).parent / 'cli' / 'helpers.py'
    read = set(re.findall(r"settings\.get\('(REDIS_\w+)'", source.read_text()))
    assert len(read) > 5 and read <= known
