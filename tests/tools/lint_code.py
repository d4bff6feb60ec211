"""What our sources must keep. One rule a call, its findings one a line; no finding, no output.

lint_code.py width    no line is wider than 110 columns
lint_code.py tags     each struct, union and enum has a tag of its own in the whole tree
lint_code.py places   a function that NAME.h declares is defined in the NAME.c beside it
lint_code.py circles  no header leads back to itself, and worker/ includes only what its order of parts allows
lint_code.py commits  a commit has a subject of at most 72 characters, and a body
lint_code.py order    print an order of the parts of worker/ that the includes allow

CQ_LINT_ROOT is the tree to look at (this one). The lists that a rule reads are in tests/tools/lint/. A line
of such a list that is not needed any more is a finding too, so that the lists only shrink.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get('CQ_LINT_ROOT', Path(__file__).resolve().parents[2]))
LISTS = ROOT / 'tests/tools/lint'
WIDTH, SUBJECT = 110, 72
SOURCES = ('.c', '.h', '.lua', '.py', '.sh', '.md')


def tracked(*suffixes):
    """Our files with these ends, relative to the root; nothing of build/ or .git/."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in ('build', '.git', '__pycache__'))
        found += [Path(folder, name).relative_to(ROOT) for name in names if name.endswith(suffixes)]
    return sorted(found)


def listed(name):
    """The lines of a list, without comments and empty lines."""
    path = LISTS / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split('#')[0].strip() for line in lines if line.split('#')[0].strip()]


def except_listed(name, found):
    """Those (key, finding) whose key is not in the list; and what the list has without need."""
    known = set(listed(name))
    for key, finding in found:
        if key not in known:
            yield finding
    for key in sorted(known - {key for key, _ in found}):
        yield f'tests/tools/lint/{name}: {key}: not needed any more, take it out'


def without_comments(text):
    """C without its comments, texts and preprocessor lines, each line where it was."""

    def blanked(match):
        return match.group(0)[0] + re.sub(r'[^\n]', ' ', match.group(0)[1:])

    text = re.sub(r'/\*.*?\*/|//[^\n]*', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), text, flags=re.DOTALL)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', blanked, text)
    return re.sub(r'^#(?:[^\n\\]|\\.)*', blanked, text, flags=re.MULTILINE | re.DOTALL)


# --- width


def breakable(line, suffix, in_code):
    """Could a line that is too wide be broken? Not a row of a table, an example, nor one quoted text."""
    text = line.strip()
    if suffix == '.md' and (in_code or text.startswith('|') or ' ' not in line[:WIDTH].strip()):
        return False
    return not (suffix == '.sh' and re.fullmatch(r"""(?:'[^']*'|"(?:[^"\\]|\\.)*")(?: \\)?""", text))


def wide_lines(path):
    in_code = False
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        if path.suffix == '.md' and line.lstrip().startswith('```'):
            in_code = not in_code
        if len(line) > WIDTH and breakable(line, path.suffix, in_code or line.startswith('    ')):
            yield f'{path}:{number}: {len(line)} columns, at most {WIDTH}'


def width():
    found = [(str(path), finding) for path in tracked(*SOURCES) for finding in wide_lines(path)]
    return except_listed('wide_files', found)


# --- tags


def tags():
    places = {}
    for path in tracked('.c', '.h'):
        text = without_comments((ROOT / path).read_text())
        for match in re.finditer(r'\b(?:struct|union|enum)\s+(\w+)\s*\{', text):
            places.setdefault(match.group(1), []).append(
                f'{path}:{text.count(chr(10), 0, match.start()) + 1}'
            )
    for tag, where in sorted(places.items()):
        if len(where) > 1:
            yield f'{tag} is defined {len(where)} times: {", ".join(where)}'


# --- places


def functions(path):
    """(declared, defined): the functions of the program that a file names, those static left out."""
    text = without_comments((ROOT / path).read_text())
    while re.search(r'\{[^{}]*\}', text):  # what is in braces is a body, or a type
        text = re.sub(r'\{[^{}]*\}', lambda m: '@' + re.sub(r'[^\n]', ' ', m.group(0)[1:]), text)
    declared, defined = set(), set()
    pattern = r'^(?!static|typedef)[A-Za-z][^;@]*?\b(cq_\w+)\s*\([^;@]*\)[^;@(]*([;@])'
    for match in re.finditer(pattern, text, re.MULTILINE):
        (declared if match.group(2) == ';' else defined).add(match.group(1))
    return declared, defined


def places():
    headers = {path: functions(path)[0] for path in tracked('.h')}
    sources = {path: functions(path)[1] for path in tracked('.c')}
    homes = {name: path for path, names in sources.items() for name in names}
    whole = {line.split()[0] for line in listed('functions_elsewhere') if line.endswith(' *')}
    found = []
    for path, names in headers.items():
        source = path.with_suffix('.c')
        for name in sorted(names - sources.get(source, set())):
            key = f'{path} *' if str(path) in whole else f'{path} {name}'
            found.append((key, f'{path}: {name} is in {homes.get(name, "no file")}, not in {source.name}'))
    return except_listed('functions_elsewhere', found)


# --- circles


def includes(path):
    text = (ROOT / path).read_text()
    return [Path(name) for name in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE)]


def groups(graph):
    """The nodes of a graph in an order in which each comes after all that it leads to; circles together."""
    index, low, stack, result = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            result.append(sorted(stack[at:], key=str))
            del stack[at:]

    sys.setrecursionlimit(10000)
    for node in graph:
        if node not in index:
            visit(node)
    return result


def worker_parts():
    """Each part of worker/ (a header and its source are one) with those that it includes."""
    graph = {}
    for path in tracked('.c', '.h'):
        if path.parts[0] == 'worker':
            others = {str(other.with_suffix('')) for other in includes(path) if other.parts[0] == 'worker'}
            part = str(path.with_suffix(''))
            graph.setdefault(part, set()).update(others - {part})
    return {part: sorted(others) for part, others in sorted(graph.items())}


def circles():
    headers = {path: includes(path) for path in tracked('.h')}
    for group in groups(headers):
        if len(group) > 1:
            yield 'these headers include each other: ' + ', '.join(map(str, group))
    height = {part: at for at, line in enumerate(listed('worker_parts')) for part in line.split()}
    graph = worker_parts()
    for part in sorted(set(height) - set(graph)):
        yield f'tests/tools/lint/worker_parts: {part}: not needed any more, take it out'
    for part, others in graph.items():
        if part not in height:
            yield f'{part} is not in tests/tools/lint/worker_parts'
        for other in others:
            if height.get(other, 0) > height.get(part, len(height)):
                yield f'{part} includes {other}.h, which comes after it in tests/tools/lint/worker_parts'


def order():
    for group in groups(worker_parts()):
        yield ' '.join(group)


# --- commits


def commits():
    base = listed('commits_since')
    if not base or not (ROOT / '.git').exists():
        return
    log = subprocess.run(
        ['git', '-C', ROOT, 'log', '--no-merges', '--format=%h%x00%s%x00%b%x01', f'{base[0]}..HEAD'],
        capture_output=True,
        text=True,
    )
    if log.returncode != 0:
        yield f'git log: {log.stderr.strip()}'
    for entry in log.stdout.split('\x01')[:-1]:
        name, subject, body = entry.strip('\n').split('\x00')
        if len(subject) > SUBJECT:
            yield f'{name}: a subject of {len(subject)} characters, at most {SUBJECT}: {subject}'
        if not body.strip():
            yield f'{name}: it has no body: {subject}'


RULES = {rule.__name__: rule for rule in (width, tags, places, circles, commits, order)}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in RULES:
        sys.exit(__doc__)
    for finding in RULES[sys.argv[1]]():
        print(finding)


if __name__ == '__main__':
    main()
