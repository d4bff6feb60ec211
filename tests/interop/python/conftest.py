"""A worker that stands for all tests of a module: to start one for each would be most of their time.

A module's WORKER_OPTIONS, WORKER_QUEUES say how it is started. Each test finds it idle and its queues empty;
what does not leave it so is ended, and the next test gets a fresh one. Tests of starting, stopping and
options use `stage` instead.
"""

import sys
import tempfile

import pytest

import stage as staging
from site_worker import APPS, Site

sys.path.insert(0, str(APPS))


@pytest.fixture(scope="session")
def paths():
    """The applications."""
    return {"rq": [APPS], "cq": [APPS]}


@pytest.fixture(scope="module")
def standing(server, paths, request):
    with tempfile.TemporaryDirectory(prefix="cq-site-") as folder:
        site = Site(
            staging.Stage(server, folder, paths, database=1),
            queues=getattr(request.module, "WORKER_QUEUES", ["default"]),
            options=getattr(request.module, "WORKER_OPTIONS", []),
        )
        yield site
        site.end()


@pytest.fixture
def site(standing, request):
    """The standing worker, idle, and a queue of it; see Site."""
    standing.begin()
    yield standing
    if getattr(request.node, "failed_call", False):
        print(f"--- log of {standing.worker.name}\n{standing.log()[-8000:]}")
        standing.restart_next()
    findings = standing.leave()
    assert not findings
