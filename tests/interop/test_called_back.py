"""Callbacks of C functions, programs and Python functions, each of them a callback of each."""

import json
import subprocess
from pathlib import Path

import pytest
from rq import Callback, Retry
from rq.command import send_stop_job_command
from rq.job import JobStatus

import stage as staging
from stage import wait_until

pytestmark = pytest.mark.cq_only

PYTHON = '''
import json

def add(path, a, b):
    return {"sum": a + b}

def fail(path):
    raise ValueError("no luck")

def write(job, *words):
    with open(job.args[0], "a") as file:
        print(*words, file=file)

def success(job, connection, result):
    assert job.get_status(refresh=False) == "finished"
    write(job, "success", job.id, json.dumps(result))

def failure(job, connection, kind, error, traceback):
    write(job, "failure", job.id, kind.__name__)

def stopped(job, connection):
    write(job, "stopped", job.id, "-")

def refuse(job, connection, *rest):
    raise ValueError("the callback says no")
'''

# In a program's command {} are placeholders, and doubled where they are not.
PROGRAMS = r"""
[programs]
tools.add = sh -c 'echo "{{\"sum\": 3}}"'
tools.fail = sh -c 'exit 3'
tools.success = sh -c 'echo "$1 $2 $3" >> "%(told)s"' sh {callback} {0} {1}
tools.failure = sh -c 'echo "$1 $2 $4" >> "%(told)s"' sh {callback} {0} {1} {function}
tools.stopped = sh -c 'echo "$1 $2 -" >> "%(told)s"' sh {callback} {0}
tools.refuse = sh -c 'echo "the callback says no" >&2; exit 1'
tools.json = sh -c 'cat >> "%(told)s"'
"""


@pytest.fixture(scope="session")
def callbacks_folder(session_folder):
    (session_folder / "pycalls.py").write_text(PYTHON)
    subprocess.run(
        [
            "cc",
            "-std=c11",
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            f"-I{staging.ROOT / 'runtime'}",
            "-o",
            str(session_folder / "calls.so"),
            str(staging.HERE / "callbacks.c"),
        ],
        check=True,
    )
    return session_folder


class Told:
    """Runs workers that have all functions, and reads what callbacks wrote."""

    def __init__(self, stage, folder):
        self.stage = stage
        self.folder = folder
        self.path = stage.path("told")
        self.config = stage.path("programs.ini")
        Path(self.config).write_text(PROGRAMS.replace("%(told)s", self.path))

    def burst(self, *options):
        return self.stage.burst(options=["--config", self.config, *options], path=[self.folder])

    def worker(self):
        return self.stage.worker(options=["--config", self.config], path=[self.folder])

    def text(self):
        return Path(self.path).read_text() if Path(self.path).exists() else ""

    def lines(self):
        return sorted(self.text().splitlines())


@pytest.fixture
def told(stage, callbacks_folder):
    return Told(stage, callbacks_folder)


RUNTIMES = {
    "c": ("calls", dict.fromkeys(("success", "failure", "stopped"), "told")),
    "python": ("pycalls", {}),
    "program": ("tools", {}),
}


def name_of(runtime, kind):
    module, names = RUNTIMES[runtime]
    return f"{module}.{names.get(kind, kind)}"


def text_of(job):
    return job.latest_result().exc_string


def test_each_runtimes_callbacks_are_called_by_each_runtimes_jobs(told, queue):
    expected = []
    jobs = {}
    for one in RUNTIMES:
        for other in RUNTIMES:
            callbacks = {f"on_{kind}": Callback(name_of(other, kind)) for kind in ("success", "failure")}
            for function, arguments in (("add", (told.path, 1, 2)), ("fail", (told.path,))):
                job = queue.enqueue(
                    f"{RUNTIMES[one][0]}.{function}",
                    *arguments,
                    job_id=f"{one}-{other}-{function}",
                    **callbacks,
                )
                jobs[one, other, function] = job
    told.burst()
    for (one, other, function), job in jobs.items():
        if function == "add":
            assert job.get_status() == JobStatus.FINISHED, text_of(job)
            assert job.return_value() == {"sum": 3}
            expected.append(f'success {job.id} {{"sum": 3}}')
            continue
        assert job.get_status() == JobStatus.FAILED
        last = text_of(job).rstrip("\n").rsplit("\n", 1)[1]
        kind = last.split(":")[0].split(".")[-1]
        seen = {"c": last, "python": kind, "program": f"{RUNTIMES[one][0]}.fail"}[other]
        if (one, other) == ("python", "c"):
            assert seen == "ValueError: no luck"
        expected.append(f"failure {job.id} {seen}")
    assert told.lines() == sorted(expected)
    assert jobs["c", "c", "fail"].get_meta(refresh=True) == {"from": "the job", "told": "failure"}
    assert jobs["program", "c", "add"].get_meta(refresh=True) == {"told": "success"}
    assert jobs["python", "c", "fail"].get_meta(refresh=True) == {"told": "failure"}


@pytest.mark.parametrize("one, other", [("c", "c"), ("c", "python"), ("c", "program"), ("python", "c")])
def test_a_success_callback_that_fails_fails_the_job_and_its_failure_callback_is_called(
    told, queue, one, other
):
    module = RUNTIMES[other][0]
    job = queue.enqueue(
        f"{RUNTIMES[one][0]}.add",
        told.path,
        1,
        2,
        on_success=Callback(f"{module}.refuse"),
        on_failure=Callback("calls.told"),
    )
    told.burst()
    assert job.get_status() == JobStatus.FAILED
    assert "the callback says no" in text_of(job)
    (line,) = told.lines()
    assert (
        line.startswith(f"failure {job.id} ")
        and line.split(" ", 2)[2] == text_of(job).rstrip("\n").rsplit("\n", 1)[1]
    )


@pytest.mark.parametrize("one, other", [("c", "c"), ("c", "python"), ("python", "program")])
def test_a_failure_callback_that_fails_is_the_failure_then(told, queue, one, other):
    job = queue.enqueue(
        f"{RUNTIMES[one][0]}.fail", told.path, on_failure=Callback(f"{RUNTIMES[other][0]}.refuse")
    )
    told.burst()
    first, second = text_of(job).split("During handling of the above exception, another exception occurred:")
    assert "no luck" in first and "the callback says no" in second


def test_the_callback_runs_before_the_outcome_is_stored_and_a_retry_calls_none(told, queue):
    queue.enqueue("calls.again", told.path, job_id="again", on_success=Callback("calls.told"))
    job = queue.enqueue("calls.add", told.path, 1, 2, on_success=Callback("calls.wait"))
    worker = told.worker()
    wait_until(lambda: "waits" in told.text(), "the callback runs")
    assert told.lines() == ["waits"]
    assert job.get_status(refresh=True) == JobStatus.STARTED
    Path(told.path + ".go").touch()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job finished")
    assert worker.running()


def test_each_failed_attempt_calls_the_failure_callback(told, queue):
    job = queue.enqueue("calls.fail", told.path, retry=Retry(max=2), on_failure=Callback("calls.told"))
    told.burst()
    assert told.lines() == [f"failure {job.id} cq.JobFailed: no luck"] * 3


@pytest.mark.parametrize("other", RUNTIMES)
def test_a_stopped_job_calls_its_stopped_callback(told, queue, redis, other):
    job = queue.enqueue("calls.hang", told.path, on_stopped=Callback(name_of(other, "stopped")))
    told.worker()
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STARTED, "the job runs")
    send_stop_job_command(redis, job.id)
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.STOPPED, "the job stopped")
    assert told.lines() == [f"stopped {job.id} -"]


def test_a_job_and_a_callback_that_run_out_of_time_call_the_failure_callback(told, queue):
    late = queue.enqueue("calls.hang", told.path, job_timeout=1, on_failure=Callback("calls.told"))
    hangs = queue.enqueue(
        "calls.add",
        told.path,
        1,
        2,
        on_success=Callback("calls.hang", timeout=1),
        on_failure=Callback("calls.told"),
    )
    across = queue.enqueue(
        "pycalls.add",
        told.path,
        1,
        2,
        on_success=Callback("calls.hang", timeout=1),
        on_failure=Callback("pycalls.failure"),
    )
    told.burst("-n", "3")
    limit = "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"
    assert told.lines() == sorted(
        [
            f"failure {late.id} {limit}",
            f"failure {hangs.id} {limit}",
            f"failure {across.id} JobTimeoutException",
        ]
    )
    assert [job.get_status() for job in (late, hangs, across)] == [JobStatus.FAILED] * 3
    assert text_of(hangs).strip() == limit


def test_a_callback_that_is_nowhere_fails_a_success_and_is_told(told, queue):
    c = queue.enqueue("calls.add", told.path, 1, 2, on_success=Callback("calls.nowhere"))
    python = queue.enqueue("calls.add", told.path, 1, 2, on_success=Callback("nowhere.at_all"))
    told.burst()
    assert "cq.FunctionNotFound" in text_of(c) and "calls.nowhere" in text_of(c)
    assert "nowhere" in text_of(python)


def test_a_program_gets_all_there_is_on_standard_input(told, queue, format, queue_in_format, format_options):
    job = queue_in_format.enqueue(
        "calls.add", told.path, 1, b=0, job_id="one", on_failure=Callback("tools.json")
    )
    good = queue_in_format.enqueue("calls.add", told.path, 1, 2, on_success=Callback("tools.json"))
    told.burst()
    first, second = (json.loads(text) for text in told.text().replace("}{", "}\n{").splitlines())
    assert first == {
        "args": ["one", text_of(job)],
        "kwargs": {
            "callback": "failure",
            "function": "calls.add",
            "queue": "default",
            "args": [told.path, 1],
            "kwargs": {"b": 0},
        },
    }
    assert second == {
        "args": [good.id, {"sum": 3}],
        "kwargs": {
            "callback": "success",
            "function": "calls.add",
            "queue": "default",
            "args": [told.path, 1, 2],
            "kwargs": {},
        },
    }


def test_reused_horses_call_back_and_go_on(told, queue):
    jobs = [
        queue.enqueue(f"{module}.add", told.path, 1, 2, on_success=Callback(f"{other}"))
        for module in ("calls", "pycalls")
        for other in ("calls.told", "pycalls.success")
        for _ in range(2)
    ]
    told.burst("--reuse-horses")
    assert told.lines() == sorted(f'success {job.id} {{"sum": 3}}' for job in jobs)
