"""The package with the real _cq: `cq worker` in burst mode on a Redis of our own, jobs enqueued and read by
rq."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

rq = pytest.importorskip("rq")
redis = pytest.importorskip("redis")

from test_imports import interpreters  # noqa: E402

CQ = os.environ.get("CQ", "")
pytestmark = [
    pytest.mark.skipif(not os.access(CQ, os.X_OK), reason="CQ names no cq"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server"),
]


@pytest.fixture(scope="module")
def url():
    folder = tempfile.mkdtemp(prefix="cq-python-")
    socket = f"{folder}/redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    connection = redis.Redis(unix_socket_path=socket)
    for _ in range(1000):
        try:
            connection.ping()
            break
        except redis.exceptions.ConnectionError:
            time.sleep(0.01)
    yield f"unix://{socket}"
    server.terminate()
    server.wait(30)
    shutil.rmtree(folder)


class Site:
    """A folder with an application, its queue, and workers."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = Path(folder)
        self.connection = redis.Redis(unix_socket_path=url[len("unix://") :])
        self.connection.flushall()
        self.queue = rq.Queue(connection=self.connection)

    def write(self, name, source):
        (self.folder / f"{name}.py").write_text(textwrap.dedent(source))

    def enqueue(self, function, *args, **kwargs):
        return self.queue.enqueue(function, *args, **kwargs)

    def work(self, *options, python=sys.executable, status=0):
        """Run a worker until the queue is empty. Its log."""
        command = [CQ, "worker", "-b", "-u", self.url, "--python", str(python), *options]
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self.folder,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    @contextlib.contextmanager
    def working(self):
        """A worker that runs until the block ends. Yields the file of its log."""
        log = self.folder / "worker.log"
        with open(log, "wb") as out:
            worker = subprocess.Popen(
                [CQ, "worker", "-u", self.url, "--python", sys.executable],
                stdout=out,
                stderr=out,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
            )
        try:
            yield log
        finally:
            worker.terminate()
            status = worker.wait(120)
        assert status == 0, log.read_text(errors="replace")

    def run(self, *calls):
        """The outcomes of calls (function, argument...) that the running worker executes now."""
        jobs = [self.enqueue(*call) for call in calls]
        deadline = time.monotonic() + 60
        while not all(rq.job.Job.fetch(job.id, connection=self.connection).latest_result() for job in jobs):
            assert time.monotonic() < deadline, "the jobs do not end"
            time.sleep(0.01)
        return [self.outcome(job) for job in jobs]

    def outcome(self, job):
        """(status, value or last line of the failure)"""
        result = rq.job.Job.fetch(job.id, connection=self.connection).latest_result()
        if result.type == result.Type.SUCCESSFUL:
            return "finished", result.return_value
        return "failed", result.exc_string.rstrip().rsplit("\n", 1)[-1]


@pytest.fixture
def site(url, tmp_path):
    return Site(url, tmp_path)


@pytest.mark.parametrize("reuse", [(), ("--reuse-horses",)], ids=["forked", "reused"])
@pytest.mark.parametrize("python", interpreters())
def test_every_python_runs_every_kind_of_job(site, python, reuse):
    site.write(
        "app",
        """
        import os, time
        import cq

        def add(a, b=1): return a + b
        def boom(): raise ValueError('boom')
        def meta():
            cq.current_job().progress(1, of=2, text='half')
            cq.current_job().meta['also'] = [1]
        def again():
            return cq.Retry(2) if cq.current_job().fields.get(b'number_of_retries') is None else 'done'
        def slow(): time.sleep(60)
        async def later(): return 'later'
        def large(data): return data[::-1]
        class Counter:
            def __init__(self, n): self.n = n
            def next(self): return self.n + 1
    """,
    )
    jobs = {name: site.enqueue(f"app.{name}") for name in ("boom", "meta", "again", "later")}
    jobs["add"] = site.enqueue("app.add", 1, b=2)
    jobs["slow"] = site.enqueue("app.slow", job_timeout=1)
    jobs["large"] = site.enqueue("app.large", b"x" * 10_000_000 + b"y")
    jobs["len"] = site.enqueue("builtins.len", "abc")
    site.work(*reuse, python=python)
    assert site.outcome(jobs["add"]) == ("finished", 3)
    assert site.outcome(jobs["boom"]) == ("failed", "ValueError: boom")
    assert site.outcome(jobs["meta"]) == ("finished", None)
    assert rq.job.Job.fetch(jobs["meta"].id, connection=site.connection).meta == {
        "progress": 0.5,
        "progress_text": "half",
        "also": [1],
    }
    assert site.outcome(jobs["again"]) == ("finished", "done")
    assert site.outcome(jobs["later"]) == ("finished", "later")
    assert site.outcome(jobs["slow"]) == (
        "failed",
        "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)",
    )
    assert site.outcome(jobs["large"]) == ("finished", b"y" + b"x" * 10_000_000)
    assert site.outcome(jobs["len"]) == ("finished", 3)


@pytest.mark.parametrize("python", interpreters())
def test_a_stable_for_functions_without_rq_stays_small(site, python):
    site.write(
        "small",
        """
        import os, sys
        def modules():
            looked_for = ('rq', 'redis', 'logging', 'json', 're', 'threading')
            return sorted(name for name in sys.modules if name in looked_for)
        def rss(process):
            with open(f'/proc/{process}/status') as status:
                return int([line for line in status if line.startswith('VmRSS')][0].split()[1])
        def parent(): return rss(os.getppid())
    """,
    )
    bare = subprocess.run(
        [python, "-c", "import small; print(small.rss('self'), *small.modules())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=site.folder,
    )
    alone, *modules = bare.stdout.split()
    jobs = [site.enqueue("small.modules") for _ in range(4)] + [
        site.enqueue("small.parent") for _ in range(2)
    ]
    site.work(python=python)
    assert site.outcome(jobs[3]) == ("finished", modules)
    assert site.outcome(jobs[-1])[1] < int(alone) + 6000


def test_a_module_that_jobs_keep_importing_is_forked_with_them(site):
    site.write(
        "often",
        """
        import os
        LOADED_BY = os.getpid()
        def mine(): return LOADED_BY == os.getpid()
    """,
    )
    with site.working():
        assert site.run(("often.mine",)) == [("finished", True)]
        deadline = time.monotonic() + 60
        while site.run(("often.mine",)) != [("finished", False)]:
            assert time.monotonic() < deadline, "it is never learned"


def test_without_auto_preload_each_job_imports_what_it_needs(site):
    site.write("often", "import os\nLOADED_BY = os.getpid()\ndef mine(): return LOADED_BY == os.getpid()\n")
    jobs = [site.enqueue("often.mine") for _ in range(8)]
    site.work("--no-auto-preload")
    assert {site.outcome(job) for job in jobs} == {("finished", True)}


def test_a_module_with_a_thread_is_imported_by_each_job_and_named_in_the_log_once(site):
    site.write(
        "restless",
        """
        import threading
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, name='restless', daemon=True)
        thread.start()
        def alive(): return thread.is_alive()
    """,
    )
    jobs = [site.enqueue("restless.alive") for _ in range(12)]
    log = site.work()
    assert {site.outcome(job) for job in jobs} == {("finished", True)}
    lines = [line for line in log.splitlines() if "is not preloaded" in line]
    assert len(lines) == 1 and "WARNING" in lines[0]
    assert "module restless is not preloaded, because importing it starts a thread (restless" in lines[0]


def test_a_worker_that_cannot_preload_says_why_and_runs_nothing(site):
    site.write("rotten", "import there_is_no_such_thing\n")
    job = site.enqueue("builtins.len", "abc")
    command = [CQ, "worker", "-b", "-u", site.url, "--python", sys.executable, "--preload", "rotten"]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=site.folder,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode != 0
    assert "--preload rotten" in done.stdout and "No module named 'there_is_no_such_thing'" in done.stdout
    assert job.get_status() == "queued"


# Run by an interpreter without rq, these tests themselves use pytest's; its jobs have none.
own_rq = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import rq"], stderr=subprocess.DEVNULL, check=False).returncode
    != 0,
    reason="jobs of this interpreter have no rq",
)


@own_rq
def test_horses_share_no_connection(site):
    site.write(
        "connected",
        """
        import os
        import rq
        def who():
            connection = rq.get_current_job().connection
            return connection.execute_command('CLIENT', 'ID'), rq.get_current_job().id
    """,
    )
    jobs = [site.enqueue("connected.who") for _ in range(10)]
    site.work("-n", "2")
    outcomes = [site.outcome(job) for job in jobs]
    assert {status for status, _ in outcomes} == {"finished"}, outcomes
    answers = [value for _, value in outcomes]
    assert len({client for client, _ in answers}) == 10
    assert [name for _, name in answers] == [job.id for job in jobs]


@own_rq
def test_a_reused_horse_keeps_its_connection(site):
    site.write(
        "connected",
        "import rq\ndef who(): return rq.get_current_job().connection.execute_command('CLIENT', 'ID')\n",
    )
    jobs = [site.enqueue("connected.who") for _ in range(10)]
    site.work("--reuse-horses")
    outcomes = [site.outcome(job) for job in jobs]
    assert {status for status, _ in outcomes} == {"finished"}, outcomes
    assert len({client for _, client in outcomes}) < 10


def test_what_a_name_turns_out_to_be_counts_for_allow(site):
    site.write("shop", "from os import getpid\nimport os\ndef fine(): return 1\n")
    good, bad, other = site.enqueue("shop.fine"), site.enqueue("shop.getpid"), site.enqueue("os.getpid")
    site.work("--allow", "shop")
    assert site.outcome(good) == ("finished", 1)
    status, line = site.outcome(bad)
    assert status == "failed" and line.startswith("cq.NotAllowed: the job calls shop.getpid, which is ")
    status, line = site.outcome(other)
    assert status == "failed" and line.startswith(
        "cq.NotAllowed: the job calls os.getpid, which no --allow covers"
    )


@pytest.mark.parametrize("reuse", [(), ("--reuse-horses",)], ids=["forked", "reused"])
def test_jobs_that_harm_their_process_harm_nobody_else(site, reuse):
    site.write(
        "harm",
        """
        import ctypes, os, signal, sys
        def leave(): os._exit(3)
        def crash(): ctypes.string_at(0)
        def kill(): os.kill(os.getpid(), signal.SIGKILL)
        def close(): os.closerange(3, 20)
        def streams():
            sys.stdout.close()
            sys.stderr = None
            os.close(1)
            return 'closed'
        def fork():
            if os.fork() == 0: return 'child'
            return os.waitstatus_to_exitcode(os.wait()[1])
        def fine(): return 'fine'
        def environment(): os.environ.clear()
        def alarm():
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        def deep():
            sys.setrecursionlimit(50)
    """,
    )
    names = (
        "leave",
        "fine",
        "crash",
        "fine",
        "kill",
        "fine",
        "close",
        "fine",
        "streams",
        "fine",
        "fork",
        "fine",
        "environment",
        "fine",
        "alarm",
        "fine",
        "deep",
        "fine",
    )
    jobs = [(name, site.enqueue(f"harm.{name}")) for name in names]
    site.work(*reuse)
    for name, job in jobs:
        status, value = site.outcome(job)
        if name in ("leave", "crash", "kill", "close"):
            assert status == "failed" and "terminated unexpectedly" in value, (name, value)
        else:
            assert status == "finished", (name, value)
        if name == "fine":
            assert value == "fine"
        if name == "fork":
            assert value == 0


def test_a_crash_in_c_code_says_where_in_python_it_was(site):
    site.write("crashing", "import ctypes\ndef deepest(): ctypes.string_at(0)\ndef crash(): deepest()\n")
    job = site.enqueue("crashing.crash")
    log = site.work()
    status, value = site.outcome(job)
    assert status == "failed" and "signal 11" in value
    assert 'crashing.py", line 2 in deepest' in log and 'crashing.py", line 3 in crash' in log


def test_a_crash_as_a_module_is_preloaded_says_where(site):
    site.write("crashing", "import ctypes\nctypes.string_at(0)\n")
    command = [CQ, "worker", "-b", "-u", site.url, "--python", sys.executable, "--preload", "crashing"]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=site.folder,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode != 0 and 'crashing.py", line 2 in <module>' in done.stdout


def test_a_reused_horse_does_not_grow_with_its_jobs(site):
    site.write(
        "growing",
        """
        class Node: pass
        def cycle():
            a, b = Node(), Node()
            a.other, b.other, a.load = b, a, bytearray(200_000)
        def rss():
            with open('/proc/self/status') as status:
                return int([line for line in status if line.startswith('VmRSS')][0].split()[1])
    """,
    )
    before = site.enqueue("growing.rss")
    for _ in range(1500):
        site.enqueue("growing.cycle")
    after = site.enqueue("growing.rss")
    site.work("--reuse-horses", "--max-jobs-per-horse", "0")
    assert site.outcome(after)[1] < site.outcome(before)[1] + 150_000


IN_THE_STABLE = (
    "import os\nin_the_stable = open(f'/proc/{os.getppid()}/comm').read().startswith('cq: worker')\n"
)


@pytest.mark.parametrize(
    "death", ["os.abort()", "os._exit(3)", "os.kill(os.getpid(), 9)", "ctypes.string_at(0)"]
)
def test_a_module_that_ends_the_stable_as_it_is_preloaded_does_so_once(site, death):
    """The probe that tries it before learns nothing: it is not a stable."""
    site.write("deadly", f"import ctypes\n{IN_THE_STABLE}if in_the_stable:\n    {death}\n")
    site.write("using", "import deadly\ndef use(n): return n\n")
    site.write("other", "def use(n): return n\n")
    calls = [("using.use", 1), ("other.use", 1), ("deadly.os.getpid",)]
    outcomes = []
    with site.working() as log:
        deadline = time.monotonic() + 60
        while " died: " not in log.read_text(errors="replace"):
            assert time.monotonic() < deadline, "it is never learned"
            outcomes += site.run(*calls)
        for _ in range(6):
            outcomes += site.run(*calls)
    text = log.read_text(errors="replace")
    deaths = text.count(" died: ")
    assert 1 <= deaths <= 2, text
    assert text.count("is not preloaded any more, because the python stable died as it imported it") == deaths
    assert [status for status, _ in outcomes].count("finished") >= len(outcomes) - deaths, text


def test_a_module_that_only_a_probe_survives_is_left_to_the_jobs_by_name(site):
    site.write("leaving", f"import sys\n{IN_THE_STABLE}if in_the_stable:\n    sys.exit(3)\n")
    jobs = [site.enqueue("leaving.os.getpid") for _ in range(4)]
    log = site.work()
    assert " died: " not in log
    assert {site.outcome(job)[0] for job in jobs} == {"finished"}
