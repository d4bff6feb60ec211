"""What became of each test, and how many cq it started, for the ledger."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

FOLDER = Path(os.environ["RQ_SUITE_FOLDER"])
results = {}
current = {"logs": FOLDER / "logs" / "none"}


def log_folder():
    """Where the running test's workers write; subprocesses of the test see it, too, as they are forked."""
    return current["logs"]


def pytest_runtest_setup(item):
    current["logs"] = FOLDER / "logs" / item.nodeid.replace("/", ".").replace("::", ".")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    """A test that fails leaves its workers behind, and Python would wait for them for ever at the end of the
    run."""
    signal.alarm(0)  # of TimeoutTestCase, which leaves it; in RQ the next timeout of a job stops it
    for child in multiprocessing.active_children():
        child.join(3)
        for end in (child.terminate, child.kill):
            if child.is_alive():
                end()
                child.join(3)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    logs = sorted(log_folder().glob("*.log")) if log_folder().exists() else []
    entry = results.setdefault(item.nodeid, {"outcome": "passed", "cq": 0})
    entry["cq"] = len(logs)
    if report.outcome != "passed":
        entry["outcome"] = report.outcome
        if report.failed and call.excinfo:
            entry["error"] = call.excinfo.exconly()
        for log in logs:
            report.sections.append((f"cq {log.name}", log.read_text(errors="replace")))


def pytest_sessionfinish(session):
    (FOLDER / "results.json").write_text(json.dumps(results, indent=1))
