"""Does each rule of lint.sh find what it is for? A tree that keeps all of them passes; with one bad file in
it, the rule of that file fails, and no other. Ends with `N passed, N failed`."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINT = ROOT / 'tests/tools/lint.sh'
AUTHOR = {f'GIT_{role}_{what}': 'a' for role in ('AUTHOR', 'COMMITTER') for what in ('NAME', 'EMAIL')}

GOOD = {
    '.ci/run': '#!/bin/sh\necho ok\n',
    'a/a.h': 'struct cq_a {\n    int n;\n};\nint cq_a_number(struct cq_a *a);\n',
    'a/a.c': '#include "a/a.h"\n\nint cq_a_number(struct cq_a *a)\n{\n    return a->n;\n}\n',
    'a/do.lua': "local key = unpack(KEYS)\nlocal value = unpack(ARGV)\nredis.call('SET', key, value)\n",
    'a/do.py': 'def number():\n    return 1\n',
    'a/do.sh': '#!/bin/sh\necho "$1"\n',
    'tests/do.py': "text = 'it goes on'\n",
    'README.md': '# A tree\n\nSee `a/a.c`.\n',
}
LONG_BODY = '    n++;\n' * 60

BAD = [
    ('long function', {'a/b.c': f'void cq_b(int n)\n{{\n{LONG_BODY}}}\n'}),
    ('long file', {'a/b.c': 'extern int cq_n;\n' * 401}),
    ('long header', {'a/b.h': 'extern int cq_n;\n' * 151}),
    ('full folder', {f'a/f{number}.c': f'extern int cq_{number};\n' for number in range(15)}),
    ('long Python function', {'a/b.py': 'def f(n):\n' + '    n += 1\n' * 60}),
    ('long Python file', {'a/b.py': 'n = 1\n' * 501}),
    ('width', {'a/b.lua': '-- ' + 'word ' * 25 + '\n'}),
    ('width', {'a/b.md': 'word-word-word ' * 8 + '\n'}),
    ('width', {'a/b.sh': '#!/bin/sh\n# ' + 'word ' * 25 + '\n'}),
    ('width', {'tests/tools/lint/wide_files': 'a/a.c\n'}),
    ('tag', {'a/b.c': 'struct cq_a {\n    int m;\n};\n'}),
    ('tag', {'a/b.c': 'enum cq_a { CQ_A };\n'}),
    ('place of a function', {'a/b.h': 'int cq_b(void);\n', 'a/c.c': 'int cq_b(void)\n{\n    return 1;\n}\n'}),
    ('place of a function', {'a/b.h': 'int cq_b(\n    int n);\n'.replace('(\n    ', '(')}),
    ('place of a function', {'tests/tools/lint/functions_elsewhere': 'a/a.h cq_a_number\n'}),
    ('includes', {'a/b.h': '#include "a/c.h"\n', 'a/c.h': '#include "a/b.h"\n'}),
    ('includes', {
        'worker/low.c': '#include "worker/high.h"\n',
        'worker/high.h': 'extern int cq_high;\n',
        'tests/tools/lint/worker_parts': 'worker/low\nworker/high\n',
    }),
    ('includes', {'worker/unlisted.c': 'extern int cq_n;\n'}),
    ('format of C', {'a/b.c': 'int cq_n  = 1;\n'}),
    ('format of Python', {'a/b.py': 'n  =  1\n'}),
    ('Python', {'a/b.py': 'import os\n'}),
    ('Lua', {'a/b.lua': "redis.call('GET', missing)\n"}),
    ('Lua', {'a/b.lua': 'leaked = KEYS[1]\n'}),
    ('shell', {'a/b.sh': '#!/bin/sh\nif true; then\n'}),
    ('path in a document', {'b.md': 'See `a/none.c`.\n'}),
    ('path in a document', {'b.md': 'See [b](b.md#none).\n'}),
    ('path in a document', {'docs/decisions/README.md': '# None\n', 'docs/decisions/001-one.md': '# One\n'}),
    ('phrase', {'b.md': 'The worker\ngoes on.\n'}),
    ('phrase', {'a/b.c': 'const char cq_text[] = "it is no file";\n'}),
    ('phrase', {'a/b.c': '/* Whoever waits\n * stays. */\nextern int cq_n;\n'}),
    ('phrase', {'a/b.c': '/* It goes\n * on. */\nextern int cq_n;\n'}),
    ('phrase', {'a/b.lua': '-- It goes\n-- on.\nreturn KEYS[1]\n'}),
    ('phrase', {'a/b.py': '# It goes\n# on.\nn = 1\n'}),
    ('phrase', {'tests/b.py': '"""It goes\non."""\n'}),
    ('phrase', {'a/b.py': "text = 'it goes on'\n"}),
    ('long sentence', {'b.md': ('word ' * 7 + '\n') * 5}),
]  # fmt: skip
COMMITS = [
    ('Say why', 'It says why.', set()),
    ('Say why', '', {'commit'}),
    ('Say ' + 'very ' * 14 + 'long', 'It says why.', {'commit'}),
]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def failed_rules(folder):
    """The rules that find something, by the first words of their findings."""
    lint = subprocess.run([LINT], env={**os.environ, 'CQ_LINT_ROOT': folder}, capture_output=True, text=True)
    found = set(re.findall(r'^lint: ([^:]+):', lint.stdout, re.MULTILINE))
    counted = re.search(r'^(\d+) passed, (\d+) failed$', lint.stdout, re.MULTILINE)
    assert counted and int(counted.group(2)) == len(found), lint.stdout + lint.stderr
    assert (lint.returncode == 0) == (not found), lint.stdout + lint.stderr
    return found, lint.stdout


def git(folder, *words):
    return subprocess.run(
        ['git', '-C', folder, *words],
        env={**os.environ, **AUTHOR},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def tree(files):
    folder = Path(tempfile.mkdtemp(prefix='cq-lint-test.'))
    for name in ('.clang-format', '.luacheckrc', 'ruff.toml'):
        shutil.copy(ROOT / name, folder)
    write(folder, {**GOOD, **files})
    return folder


def committed(subject, body):
    folder = tree({})
    git(folder, 'init', '-q')
    git(folder, 'add', '.')
    git(folder, 'commit', '-q', '-m', 'Begin')
    write(folder, {'tests/tools/lint/commits_since': git(folder, 'rev-parse', 'HEAD') + '\n'})
    git(folder, 'add', '.')
    git(folder, 'commit', '-q', '-m', f'{subject}\n\n{body}')
    return folder


def main():
    cases = [('a tree that keeps all rules', tree({}), set())]
    cases += [(f'{rule}: {", ".join(files)}', tree(files), {rule}) for rule, files in BAD]
    cases += [
        (f'commit {subject!r}, {body!r}', committed(subject, body), rules) for subject, body, rules in COMMITS
    ]
    failed = 0
    for what, folder, expected in cases:
        found, output = failed_rules(folder)
        if found != expected:
            failed += 1
            print(f'not ok - {what}: {sorted(found)} instead of {sorted(expected)}\n{output}')
        shutil.rmtree(folder)
    print(f'{len(cases) - failed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    raise SystemExit(main())
