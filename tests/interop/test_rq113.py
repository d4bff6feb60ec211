"""RQ 1.13, as Debian 12 ships it (python3-rq): it enqueues for our workers and reads what they leave."""

import json
import os
import subprocess

import pytest

from stage import HERE, ROOT, wait_until
from test_workers import wait_state


def interpreter():
    """The Python that has RQ 1.13, or None."""
    for python in (
        os.environ.get("RQ113_PYTHON"),
        ROOT / "build" / "venv113" / "bin" / "python",
        "/usr/bin/python3",
    ):
        if python and os.path.exists(python):
            found = subprocess.run(
                [python, "-c", "import rq; print(rq.VERSION)"], capture_output=True, text=True
            )
            if found.stdout.startswith("1.13"):
                return python
    return None


PYTHON = interpreter()
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="no Python with RQ 1.13: apt-get install python3-rq, or RQ113_PYTHON=path"
)


@pytest.fixture
def old(stage):
    """old(operation, ...) asks RQ 1.13; see peer.py."""
    process = subprocess.Popen(
        [PYTHON, HERE / "peer.py", stage.server.socket],
        env=stage.env,
        cwd=stage.folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def ask(do, **arguments):
        process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"RQ 1.13 failed at {do}"
        return json.loads(answer)

    yield ask
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def test_a_result_is_read_by_the_old_rq(stage, redis, old, format, format_options):
    job_id = old(
        "enqueue",
        serializer=format,
        function="jobs.greet",
        args=["Ada"],
        kwargs={"greeting": "Hej"},
        meta={"a": [1, "ü"]},
    )
    before = old("read", serializer=format, job_id=job_id)
    worker = stage.burst(options=format_options)
    job = old("read", serializer=format, job_id=job_id)
    assert job["status"] == "finished"
    assert job["value"] == job["result"] == "Hej, Ada!"
    assert job["type"] == "SUCCESSFUL"
    assert job["worker"] == worker.name
    assert job["times"] == sorted(job["times"]) and None not in job["times"]
    for unchanged in ("meta", "description", "function", "args", "kwargs"):
        assert job[unchanged] == before[unchanged]
    assert old("registries", serializer=format) == {"finished": [job_id], "failed": [], "queued": []}


def test_a_failure_is_read_and_requeued_by_the_old_rq(stage, redis, old, format, format_options):
    job_id = old("enqueue", serializer=format, function="jobs.fail", args=["the cause: ü"])
    stage.burst(options=format_options)
    job = old("read", serializer=format, job_id=job_id)
    assert job["status"] == "failed"
    assert job["type"] == "FAILED"
    assert "the cause: ü" in job["exc_string"]
    assert "the cause: ü" in job["exc_info"]
    old("requeue", serializer=format, job_id=job_id)
    assert old("registries", serializer=format) == {"finished": [], "failed": [], "queued": [job_id]}
    stage.burst(options=format_options)
    assert old("registries", serializer=format) == {"finished": [], "failed": [job_id], "queued": []}


def test_the_old_rq_lists_our_workers(stage, redis, old):
    worker = stage.worker("default", "other")
    wait_state(redis, worker, "idle")
    job_id = old("enqueue", function="jobs.add", args=[1, 2])
    wait_until(lambda: old("read", job_id=job_id)["status"] == "finished", "the job is finished")
    wait_state(redis, worker, "idle")
    (seen,) = old("workers")
    assert seen == {
        "name": worker.name,
        "state": "idle",
        "pid": worker.pid,
        "queues": ["default", "other"],
        "done": 1,
    }


def test_the_old_rqs_options_are_obeyed(stage, redis, old):
    job_id = old("enqueue", function="jobs.rest", args=[600], timeout=1, failure_ttl=100)
    kept = old("enqueue", function="jobs.add", args=[1, 2], result_ttl=-1)
    gone = old("enqueue", function="jobs.add", args=[1, 2], result_ttl=0)
    stage.burst()
    assert "JobTimeoutException" in old("read", job_id=job_id)["exc_string"]
    assert 0 < redis.ttl(f"rq:job:{job_id}") <= 100
    assert redis.ttl(f"rq:job:{kept}") == -1
    assert not redis.exists(f"rq:job:{gone}")


def test_the_old_rqs_worker_executes_what_was_enqueued(stage, redis, old):
    result = stage.cli("enqueue", "--job-id", "ours", "jobs.greet", "Ada", "greeting=Hej")
    assert result.returncode == 0, result.stderr
    ran = subprocess.run(
        [
            PYTHON,
            "-c",
            "from rq.cli import main; main()",
            "worker",
            "--burst",
            "--url",
            stage.server.url,
            "--path",
            str(HERE),
            "default",
        ],
        env=stage.env,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    job = old("read", job_id="ours")
    assert (job["status"], job["value"]) == ("finished", "Hej, Ada!"), ran.stderr


def test_the_old_rqs_worker_releases_queues_and_retries_what_was_enqueued_to_wait(stage, redis, old):
    path = stage.path("order")
    for job_id, options in (
        ("failing", ["--retry-max", "1", "--retry-backoff", "1s..1s", "jobs.fail", "as asked"]),
        ("parent", ["jobs.note", path]),
        ("child", ["--depends-on", "parent,gone", "--group", "g", "jobs.note", path]),
        ("due", ["--schedule-in", "0", "jobs.note", path]),
        ("strict", ["--depends-on", "failing", "jobs.note", path]),
        (
            "last",
            [
                "--depends-on",
                "failing",
                "--allow-failure",
                "--webhook",
                "failed=http://localhost",
                "jobs.note",
                path,
            ],
        ),
    ):
        result = stage.cli("enqueue", "--job-id", job_id, *options)
        assert result.returncode == 0, result.stderr
    process = subprocess.Popen(
        [
            PYTHON,
            "-c",
            "from rq.cli import main; main()",
            "worker",
            "--with-scheduler",
            "--url",
            stage.server.url,
            "--path",
            str(HERE),
            "default",
        ],
        env=stage.env,
        cwd=HERE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: redis.zcard("rq:finished:default") == 4, "all are finished that can be")
    finally:
        process.terminate()
        process.wait(20)
    order = open(path).read().split()
    assert sorted(order) == ["child", "due", "last", "parent"] and order.index("parent") < order.index(
        "child"
    )
    assert (
        old("read", job_id="failing")["status"] == "failed"
        and old("read", job_id="strict")["status"] == "deferred"
    )


def test_what_the_old_rq_enqueued_to_wait_is_released(stage, redis, old):
    path = stage.path("order")
    for job_id, parents in (
        ("top", []),
        ("left", ["top"]),
        ("right", ["top"]),
        ("bottom", ["left", "right"]),
    ):
        old("enqueue", function="jobs.note", args=[path], job_id=job_id, depends_on=parents, ttl=3000)
    old("enqueue", function="jobs.fail", args=["as asked"], job_id="failing")
    old("enqueue", function="jobs.nothing", job_id="strict", depends_on=["failing", "top"])
    stage.burst()
    order = open(path).read().split()
    assert order[0] == "top" and sorted(order[1:3]) == ["left", "right"] and order[3:] == ["bottom"]
    assert (
        old("read", job_id="strict")["status"] == "deferred"
        and old("read", job_id="bottom")["status"] == "finished"
    )
