"""Fixtures of the interop tests; see stage.py for what they act on."""

import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from rq import Queue
from rq.serializers import JSONSerializer, PickleSerializer

import stage as staging

# What is the same whatever horse runs a job: it is tested once.
WITHOUT_HORSES = (
    "across",
    "cron",
    "cron_times",
    "dependencies",
    "enqueue",
    "enqueue_more",
    "from_rq",
    "limits",
    "manage",
    "pickle_names",
    "rq113",
    "scheduler",
    "webhook_servers",
)
collect_ignore = [f"test_{name}.py" for name in WITHOUT_HORSES] if staging.REUSE else []


def pytest_configure(config):
    config.addinivalue_line("markers", "cq_only: what RQ's own worker does not do, or does wrong")
    config.addinivalue_line("markers", "c_only: a function that only jobs.c has")
    config.addinivalue_line("markers", "slow: needs much memory or many seconds")
    if staging.KIND not in staging.KINDS:
        raise pytest.UsageError(f"WORKER={staging.KIND}: one of {', '.join(staging.KINDS)}")


def pytest_collection_modifyitems(items):
    for item in items:
        if staging.KIND == "rq" and item.get_closest_marker("cq_only"):
            item.add_marker(pytest.mark.skip(reason="cq_only"))
        if staging.FUNCTIONS == "python" and item.get_closest_marker("c_only"):
            item.add_marker(pytest.mark.skip(reason="c_only"))


def pytest_report_header():
    return f"worker: {staging.KIND}" + ("" if staging.KIND == "rq" else f" ({staging.CQ})")


@pytest.fixture(scope="session")
def session_folder():
    # Not pytest's own folders: their names are long, and a Unix socket's path is at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cq-interop-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def server(session_folder):
    server = staging.RedisServer(session_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def c_folder(session_folder):
    """A folder with jobs.so."""
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
            "-O1",
            "-g",
            f"-I{staging.ROOT / 'runtime'}",
            "-o",
            str(session_folder / "jobs.so"),
            str(staging.HERE / "jobs.c"),
        ],
        check=True,
    )
    return session_folder


@pytest.fixture(scope="session")
def paths(request):
    """Where the functions are: jobs.py, or jobs.so, its twin in C."""
    if staging.FUNCTIONS == "python":
        return {"rq": [staging.HERE], "cq": [staging.HERE]}
    return {"rq": [staging.HERE], "cq": [request.getfixturevalue("c_folder")]}


@pytest.fixture
def redis(server):
    connection = server.connect()
    connection.flushdb()
    yield connection
    connection.close()


@pytest.fixture
def stage(server, redis, paths, request):
    with tempfile.TemporaryDirectory(prefix="cq-stage-") as folder:
        stage = staging.Stage(server, folder, paths)
        yield stage
        stage.end()
        findings = [finding for worker in stage.workers for finding in worker.findings()]
        if getattr(request.node, "failed_call", False):
            for worker in stage.workers:
                print(f"--- log of {worker.name}\n{worker.log()[-6000:]}")
        assert not findings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        item.failed_call = True
    return report


@pytest.fixture
def queue(redis):
    return Queue("default", connection=redis)


@pytest.fixture(params=["pickle", "json"])
def format(request):
    return request.param


@pytest.fixture
def serializer(format):
    return JSONSerializer if format == "json" else PickleSerializer


@pytest.fixture
def queue_in_format(redis, serializer):
    """A queue in each serializer, for the tests that run once with each."""
    return Queue("default", connection=redis, serializer=serializer)


@pytest.fixture
def format_options(format):
    """Worker options: RQ's worker must be told the serializer; cq finds it out by itself, so it is not
    told."""
    return ["--serializer", "json"] if format == "json" and staging.KIND == "rq" else []


@pytest.fixture
def lasting(paths):
    """A stage with a Redis of its own that keeps its data over a restart."""
    with tempfile.TemporaryDirectory(prefix="cq-lasting-") as folder:
        server = staging.RedisServer(folder, persistent=True)
        stage = staging.Stage(server, folder, paths)
        yield stage
        stage.end()
        server.stop(signal.SIGKILL)
