"""What the runtime costs before a job has asked for anything: each module here would be in every horse."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# What an interpreter may have loaded by itself, depending on its version and on what its site-packages bring.
HEAVY = (
    "rq redis re json logging traceback asyncio inspect typing datetime threading pickle socket "
    "subprocess importlib "
    "importlib.machinery linecache tokenize enum contextlib weakref selectors tempfile random uuid "
    "string dataclasses urllib ssl hashlib ctypes decimal _strptime"
).split()

BARE = """
before = set(sys.modules)
import pickle_free
from cq import _stable, _horse
_stable._prepare({'url': 'redis://nowhere', 'paths': []})
_horse.adopt()
_horse.rehearse()
data = (b'\\x80\\x04\\x95\\x1c\\x00\\x00\\x00\\x00\\x00\\x00\\x00(\\x8c\\x0cbuiltins.len\\x94N\\x8c\\x03abc'
        b'\\x94\\x85\\x94}\\x94t\\x94.')
kind, fields = _horse._serve({'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': 9,
                              'fields': {b'data': data}})
assert (kind, fields) == ('done', {'value': b'\\x80\\x05K\\x03.'}), fields
print(' '.join(sorted(set(sys.modules) - before)))
"""


def interpreters():
    """All CPythons from 3.9 on that are here, one of each version."""
    found = {}
    names = [shutil.which(f"python3.{minor}") for minor in range(9, 15)] + [
        "/usr/bin/python3",
        sys.executable,
    ]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names += sorted(str(path) for path in versions.glob("3.*/bin/python"))
    for name in names:
        if not name or not os.path.exists(name):
            continue
        say = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
        done = subprocess.run([name, "-c", say], capture_output=True, text=True, check=False, timeout=60)
        version, _, kind = done.stdout.strip().partition(" ")
        if done.returncode == 0 and kind == "cpython" and (3, 9) <= tuple(map(int, version.split("."))):
            found.setdefault(version, name)
    return [pytest.param(name, id=version) for version, name in sorted(found.items())]


@pytest.mark.parametrize("python", interpreters())
def test_a_bare_job_imports_next_to_nothing(script, tmp_path, python):
    (tmp_path / "pickle_free.py").write_text("")
    loaded = script(BARE, python=python).split()
    assert [name for name in loaded if name in HEAVY] == []
    ours = [name for name in loaded if name.split(".")[0] != "cq"]
    assert len(ours) <= 22, ours


@pytest.mark.parametrize("python", interpreters())
def test_a_failing_job_a_retry_and_a_callback_work_in_every_version(script, tmp_path, python):
    (tmp_path / "app.py").write_text(
        "import cq\n"
        "def boom(): raise ValueError('boom')\n"
        "def again(): return cq.Retry(2, [1, 5])\n"
        "def timed():\n"
        "    import time\n"
        "    try: time.sleep(30)\n"
        "    except cq.JobTimeoutException as error: return str(error)\n"
        "async def later(): return 'later'\n"
        "def done(job, connection, value): print(job.id, connection, value)\n"
    )
    out = script(
        """
        import pickle
        sys.modules['rq'] = None
        from cq import _horse
        def run(name, **fields):
            hash = {b'data': pickle.dumps((name, None, (), {}))}
            hash.update({key.encode(): value for key, value in fields.items()})
            return _horse._serve({'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': 1,
                                  'fields': hash})
        print(run('app.boom')[1]['exc'].splitlines()[-1])
        print(run('app.again'))
        print(pickle.loads(run('app.timed')[1]['value']))
        print(pickle.loads(run('app.later', success_callback_name=b'app.done')[1]['value']))
    """,
        python=python,
    )
    assert out.splitlines() == [
        "ValueError: boom",
        "('retry', {'max': 2, 'intervals': '[1, 5]'})",
        "Task exceeded maximum timeout value (1 seconds)",
        "i None later",
        "later",
    ]


def test_rq_is_not_imported_by_a_job_that_does_not_ask(script, tmp_path):
    (tmp_path / "pickle_free.py").write_text("")
    assert "rq" not in script(BARE).split()


def test_outside_of_a_job_there_is_no_current_job(script):
    assert script("import cq; print(cq.current_job())") == "None\n"


def test_the_package_names_what_it_has_not(script):
    assert (
        script("""
        import cq
        try:
            cq.absent
        except AttributeError as error:
            print(error)
    """)
        == "module 'cq' has no attribute 'absent'\n"
    )
