"""What the documents must keep true. One rule a call, its findings one a line; no finding, no output.

lint_docs.py paths      every path and every link that a document names exists
lint_docs.py phrases    no document, comment, help text or log line has a phrase of the list PHRASES
lint_docs.py sentences  no document has too long sentences, singly or on average; --all: the figures
"""

import io
import os
import re
import sys
import tokenize
from pathlib import Path

ROOT = Path(os.environ.get('CQ_LINT_ROOT', Path(__file__).resolve().parents[2]))
AVERAGE_MAX, LONGEST_MAX = 16, 34

# Path-like text in these is about the reader's own files, unless its folder is one of ours.
OTHERS_FILES = (
    'README.md',
    'docs/CLI.md',
    'docs/CRON.md',
    'docs/FROM-RQ.md',
    'docs/PYTHON.md',
    'docs/RUNTIME.md',
)
SUFFIXES = ('.c', '.h', '.lua', '.py', '.sh')

PHRASES = [
    (r'\b[Ww]hoever\b', 'name the one who does it'),
    (r'\bwhat\s+dies\b', 'name what ends'),
    (r'\bgo(es|ing)?\s+on\b', 'continue, resume, run'),
    (r'(?<!there)(?<!There)\s(is|are)\s+no\b(?!\s+(?:longer|more\b))', 'is not a ...'),
    (r'\bof\s+whom\b', 'split the sentence'),
    (r'\b(by|to)\s+whichever\b', 'name it'),
    (r'\b[Ll]et\s+jobs\b', 'begin with the verb of the command'),
]


def tracked(*suffixes):
    """Our files with these ends, relative to the root; nothing of build/ or .git/."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in ('build', '.git', '__pycache__'))
        found += [Path(folder, name).relative_to(ROOT) for name in names if name.endswith(suffixes)]
    return sorted(found)


def documents():
    return [(str(path), (ROOT / path).read_text()) for path in tracked('.md')]


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def blanked(match):
    """Spaces of the same length, its lines where they were."""
    return re.sub(r'[^\n]', ' ', match.group(0))


def without_fences(text):
    return re.sub(r'^```.*?^```|^    [^\n]*$', blanked, text, flags=re.MULTILINE | re.DOTALL)


def without_code(text):
    """Fences and code spans blanked out, each line where it was."""
    return re.sub(r'`[^`\n]*`', blanked, without_fences(text))


# --- paths


def missing_paths(name, text):
    """Words with a slash that begin with one of our folders."""
    ours = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {'build', '.git'}
    for match in re.finditer(r'(?<![\w./=-])([\w.-]+/[\w./*-]*)', text):
        path = match.group(1).rstrip('.').rstrip('-')
        is_pattern = text[match.end() : match.end() + 1] == '<'
        if path.split('/')[0] in ours and not is_pattern and not any(ROOT.glob(path.rstrip('/'))):
            yield match.start(), f'there is no {path}'


def missing_names(name, text):
    """File names without a folder: some file of ours has to be called that."""
    if name in OTHERS_FILES:
        return
    known = {path.name for path in tracked(*SUFFIXES)}
    for match in re.finditer(r'`([\w.-]+)`', text):
        if match.group(1).endswith(SUFFIXES) and match.group(1) not in known.union(SUFFIXES):
            yield match.start(), f'no file is called {match.group(1)}'


def anchors(text):
    """The anchors of a document's headings, as code hosts make them."""
    headings = re.findall(r'^#+ +(.*)$', without_fences(text), re.MULTILINE)
    return {re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-') for heading in headings}


def broken_links(name, text):
    for match in re.finditer(r'\]\(([^)\s]+)\)', text):
        target, _, anchor = match.group(1).partition('#')
        if '://' in target:
            continue
        path = (ROOT / name).parent / target if target else ROOT / name
        if not path.exists():
            yield match.start(), f'there is no {target}'
        elif anchor and anchor not in anchors(path.read_text()):
            yield match.start(), f'{target or name} has no heading #{anchor}'


def unlisted_decisions(name, text):
    """Pages of decisions that their index does not link."""
    if name == 'docs/decisions/README.md':
        for page in sorted((ROOT / name).parent.glob('[0-9]*.md')):
            if f'({page.name})' not in text:
                yield 0, f'it does not list {page.name}'


def paths():
    for name, text in documents():
        for find in (missing_paths, missing_names, broken_links, unlisted_decisions):
            for offset, problem in find(name, text):
                yield f'{name}:{line_of(text, offset)}: {problem}'


# --- phrases


def of_c(text, is_test):
    """(offset, text) of what people read in a source: its comments and, outside of tests, its literals."""
    for match in re.finditer(r'/\*.*?\*/|//[^\n]*|"((?:[^"\\\n]|\\.)*)"', text, re.DOTALL):
        if match.group(1) is None:
            yield match.start(), re.sub(r'^ *\*', blanked, match.group(0), flags=re.MULTILINE)
        elif not is_test:
            yield match.start(), match.group(1)


def of_lua(text, is_test):
    for match in re.finditer(r'--.*(?:\n *--.*)*', text):
        yield match.start(), re.sub(r'^ *--', blanked, match.group(0), flags=re.MULTILINE)


def python_tokens(text):
    """Its tokens, as far as it is Python: tests have files that are not."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def of_python(text, is_test):
    """Lines of comments that follow each other are one text. In tests, of all strings the docstrings only."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    before = tokenize.NEWLINE
    for token in python_tokens(text):
        offset = starts[token.start[0] - 1] + token.start[1]
        is_docstring = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.STRING and (is_docstring or not is_test):
            yield offset, token.string
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type
    for match in re.finditer(r'^ *#.*(?:\n *#.*)*', text, re.MULTILINE):
        yield match.start(), re.sub(r'^ *#', blanked, match.group(0), flags=re.MULTILINE)
    for match in re.finditer(r'(?<=\S)  #.*', text):
        yield match.start(), match.group(0)


TEXTS = {'.c': of_c, '.h': of_c, '.lua': of_lua, '.py': of_python}


def texts_of_users():
    """(name, text, each line where it was): documents without their code, the sample ini file, comments of
    the sources, literals of the program. Literals of tests are left out: they show what users may write."""
    for name, text in documents():
        yield name, without_code(text)
    for path in tracked('.ini'):
        yield str(path), (ROOT / path).read_text()
    for path in tracked(*TEXTS):
        text = (ROOT / path).read_text()
        for offset, part in TEXTS[path.suffix](text, path.parts[0] == 'tests'):
            yield str(path), '\n' * (line_of(text, offset) - 1) + part


def phrases():
    for name, text in texts_of_users():
        for pattern, instead in PHRASES:
            for match in re.finditer(pattern, text):
                found = ' '.join(match.group(0).split())
                yield f'{name}:{line_of(text, match.start())}: "{found}": {instead}'


# --- sentences


def sentence_list(text):
    """(offset, number of words) of the sentences in paragraphs, items and cells."""
    text = re.sub(r'^#.*$', blanked, without_fences(text), flags=re.MULTILINE)
    text = re.sub(r'`[^`]*`', lambda match: 'c' + re.sub(r'[^\n]', ' ', match.group(0)[1:]), text)
    text = re.sub(r'\]\([^)]*\)', blanked, text)
    for match in re.finditer(r'(?:(?!\n\s*\n|\n\s*(?:[-*]|\d+\.) |\||[.!?][)"*]*\s).)+', text, re.DOTALL):
        words = re.sub(r'\bc(\W+c\b)+', 'c', match.group(0))
        count = len(re.findall(r"[^\W_][\w'’-]*", words))
        if count > 1:
            yield match.start() + len(match.group(0)) - len(match.group(0).lstrip()), count


def sentences():
    for name, text in documents():
        found = list(sentence_list(text))
        average = sum(count for _, count in found) / max(len(found), 1)
        if '--all' in sys.argv:
            yield f'{name}: {average:.1f} words a sentence, the longest {max(count for _, count in found)}'
        elif average > AVERAGE_MAX:
            yield f'{name}: {average:.1f} words a sentence on average, at most {AVERAGE_MAX}'
        for offset, count in found:
            if count > LONGEST_MAX and '--all' not in sys.argv:
                yield f'{name}:{line_of(text, offset)}: a sentence of {count} words, at most {LONGEST_MAX}'


RULES = {'paths': paths, 'phrases': phrases, 'sentences': sentences}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in RULES:
        sys.exit(__doc__)
    for finding in RULES[sys.argv[1]]():
        print(finding)


if __name__ == '__main__':
    main()
