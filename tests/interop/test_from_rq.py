"""docs/FROM-RQ.md has every option and variable of the installed RQ, and what it calls the same is the same word in cq."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs' / 'FROM-RQ.md').read_text()
CQ = os.environ.get('CQ', str(ROOT / 'build' / 'cq'))
NOT_IN_CQ = {'cron'}

# What click knows of `rq COMMAND --help`: {command: [[spelling, ...], ...]}, and the variables of its options.
ASK_RQ = """
import json
from rq.cli import main
commands, variables = {}, set()
for name, command in main.commands.items():
    options = []
    for parameter in command.params:
        if parameter.param_type_name == 'option':
            options.append(list(parameter.opts))
            if isinstance(parameter.envvar, str):
                variables.add(parameter.envvar)
    commands[name] = options
print(json.dumps([commands, sorted(variables)]))
"""


def options_of_rq(python):
    return json.loads(subprocess.run([python, '-c', ASK_RQ], check=True, capture_output=True, text=True).stdout)


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
            assert any(set(spellings) <= set(words) for words in known), f'rq {command} {"/".join(spellings)} is not in docs/FROM-RQ.md'


def test_the_tables_have_no_option_that_rq_has_not():
    newest, _ = options_of_rq(sys.executable)
    oldest, _ = options_of_rq(os.environ['RQ113_PYTHON'])
    for command in newest:
        theirs = {word for options in (newest, oldest) for spellings in options.get(command, []) for word in spellings}
        for words, _ in rows(f'rq {command}'):
            assert set(words) <= theirs, f'{words} is no option of rq {command}'


def test_what_is_called_the_same_is_an_option_of_cq():
    for command in options_of_rq(sys.executable)[0]:
        if command in NOT_IN_CQ:
            continue
        text = subprocess.run([CQ, command, '--help'], check=True, capture_output=True, text=True).stdout
        for words, cell in rows(SHARED) + rows(f'rq {command}'):
            longest = max(words, key=len)
            if cell == 'the same' and longest != '--logging_level':
                assert re.search(rf'(?<![\w-]){re.escape(longest)}\b', text), f'cq {command} has no {longest}'


def test_what_is_called_refused_is_refused_by_name():
    for command in options_of_rq(sys.executable)[0]:
        if command in NOT_IN_CQ:
            continue
        for words, cell in rows(f'rq {command}'):
            if cell != 'refused':
                continue
            for word in words:
                done = subprocess.run([CQ, command, word], capture_output=True, text=True, timeout=20)
                assert done.returncode == 2 and 'this version of cq does not have' in done.stderr, (word, done)
                assert len(done.stderr.splitlines()) == 1


def test_every_variable_of_rq_is_in_the_table(rq_options):
    _, variables = rq_options
    known = {word for words, _ in rows('Environment variables') for word in words}
    assert set(variables) <= known
    source = Path(__import__('rq').__file__).parent / 'cli' / 'helpers.py'
    read = set(re.findall(r"settings\.get\('(REDIS_\w+)'", source.read_text()))
    assert len(read) > 5 and read <= known
