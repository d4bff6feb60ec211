"""Whichever rq the application has: enqueued by it, run in its interpreter, read by it and by the newest."""

import json
import os
import subprocess
import sys

import pytest
from rq.job import Job, JobStatus

from site_worker import APPS
from stage import HERE, ROOT, TIMEOUT_S, wait_until

INTERPRETERS = {
    "1.13": os.environ.get("RQ113_PYTHON", ROOT / "build" / "venv113" / "bin" / "python"),
    "2.3": os.environ.get("RQ23_PYTHON", ROOT / "build" / "venv23" / "bin" / "python"),
    "2.12": sys.executable,
}


class Peer:
    """RQ of one version, in its interpreter; see peer.py."""

    def __init__(self, version, stage):
        self.version = version
        self.python = str(INTERPRETERS[version])
        self.process = subprocess.Popen(
            [self.python, HERE / "peer.py", stage.server.socket],
            env={**stage.env, "PYTHONPATH": str(APPS)},
            cwd=stage.folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __call__(self, do, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"RQ {self.version} failed at {do}"
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(params=list(INTERPRETERS))
def peer(request, stage):
    if not os.path.exists(INTERPRETERS[request.param]):
        pytest.fail(f"no interpreter with RQ {request.param}: run tests/tools/deps.sh check")
    peer = Peer(request.param, stage)
    assert peer("version").startswith(request.param)
    yield peer
    peer.end()


@pytest.fixture
def burst(stage, peer):
    def burst(*options):
        return stage.burst(options=options, python=peer.python)

    return burst


def notes(redis, job_id):
    return [note.decode() for note in redis.lrange(f"notes:{job_id}", 0, -1)]


def test_values_are_read_by_both(peer, burst, redis):
    ids = {
        name: peer("enqueue", function=f"classic.work.{name}", args=args, by_reference=name != "version")
        for name, args in {"add": [1, 2], "later": ["soon"], "version": []}.items()
    }
    ids["greet"] = peer(
        "enqueue_method", cls="classic.work.Thing", given=["Ada"], method="greet", args=["Bob"]
    )
    worker = burst()
    values = {name: peer("read", job_id=job_id)["value"] for name, job_id in ids.items()}
    assert values.pop("version").startswith(peer.version)
    assert values == {"add": 3, "later": "soon", "greet": "Ada greets Bob"}
    job = Job.fetch(ids["add"], connection=redis)
    assert (job.get_status(), job.return_value(), job.latest_result().type.name) == (
        JobStatus.FINISHED,
        3,
        "SUCCESSFUL",
    )
    assert peer("read", job_id=ids["add"])["worker"] in (worker.name, None)


def test_the_current_job_is_one_of_that_version(peer, burst):
    job_id = peer(
        "enqueue",
        function="classic.work.about",
        timeout=33,
        meta={"n": 1},
        description="mine",
        job_id="about",
    )
    worker = burst()
    value = peer("read", job_id=job_id)["value"]
    assert value == {
        "id": "about",
        "origin": "default",
        "func_name": "classic.work.about",
        "description": "mine",
        "timeout": 33,
        "meta": {"n": 1},
        "status": "started",
        "environment": ["about", worker.name],
        "worker": worker.name,
    }


def test_meta_connection_and_enqueueing(peer, burst, redis):
    saved = peer("enqueue", function="classic.work.save", args=["key", "value"], meta={"from": "producer"})
    maker = peer("enqueue", function="classic.work.enqueue", args=["classic.work.add", 3, 4])
    burst()
    assert (
        peer("read", job_id=saved)["value"]
        == peer("read", job_id=saved)["meta"]
        == {"from": "producer", "key": "value"}
    )
    assert redis.get("saved") == b"value"
    assert peer("read", job_id=peer("read", job_id=maker)["value"])["value"] == 7


def test_a_queue_without_a_connection_takes_the_workers_in_the_old_rq(peer, burst):
    job_id = peer("enqueue", function="classic.work.enqueue_without_connection")
    burst()
    job = peer("read", job_id=job_id)
    if peer.version == "1.13":
        assert peer("read", job_id=job["value"])["value"] == 42
    else:
        assert job["status"] == "failed" and "TypeError" in job["exc_string"]


def test_failures_are_read_by_both(peer, burst, redis):
    job_id = peer("enqueue", function="classic.work.fail", args=["no flour"])
    burst("--exception-handler", "classic.work.handler")
    job = peer("read", job_id=job_id)
    assert job["status"] == "failed" and job["exc_info"].endswith("ValueError: no flour\n")
    assert Job.fetch(job_id, connection=redis).latest_result().exc_string == job["exc_info"]
    assert peer("registries")["failed"] == [job_id]
    assert notes(redis, job_id) == ["handler ValueError"]
    peer("requeue", job_id=job_id)
    assert peer("registries")["queued"] == [job_id]
    burst()
    assert peer("registries")["failed"] == [job_id]


def test_callbacks_are_called(peer, burst, redis):
    callbacks = {"on_success": "classic.work.report_success", "on_failure": "classic.work.report_failure"}
    good = peer("enqueue", function="classic.work.add", args=[1, 2], callbacks=callbacks)
    bad = peer("enqueue", function="classic.work.fail", args=["no"], callbacks=callbacks)
    burst()
    assert (notes(redis, good), notes(redis, bad)) == (["success 3"], ["failure ValueError no True"])


def test_timeouts_are_exceptions_of_that_version(peer, burst):
    swallowed, failed = (
        peer("enqueue", function="classic.work.swallow", timeout=1),
        peer("enqueue", function="classic.work.sleep", args=[600], timeout=1),
    )
    burst("--preload", "classic.work")  # importing an rq may take a second by itself
    assert peer("read", job_id=swallowed)["value"] == "Task exceeded maximum timeout value (1 seconds)"
    assert (
        "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"
        in peer("read", job_id=failed)["exc_info"]
    )


def test_retries_and_dependencies(peer, burst):
    flaky = peer("enqueue", function="classic.work.flaky", args=[2], retry={"max": 3})
    child = peer("enqueue", function="classic.work.dependencies", depends_on=[flaky])
    burst()
    assert (peer("read", job_id=flaky)["value"], peer("read", job_id=child)["value"]) == (3, [flaky])


def test_json_is_answered_in_json(peer, burst):
    job_id = peer("enqueue", serializer="json", function="classic.work.save", args=["key", "value"])
    burst("--serializer", "rq.serializers.JSONSerializer")
    job = peer("read", serializer="json", job_id=job_id)
    assert (job["value"], job["meta"]) == ({"key": "value"}, {"key": "value"})


def test_a_stopped_job(stage, peer, redis):
    # Callbacks of stopped jobs came with 1.16.
    callbacks = {} if peer.version == "1.13" else {"on_stopped": "classic.work.report_stopped"}
    job_id = peer("enqueue", function="classic.work.hold", callbacks=callbacks)
    worker = stage.worker(python=peer.python)
    assert redis.blpop(["bell:running"], timeout=int(TIMEOUT_S))
    wait_until(
        lambda: redis.hget(f"rq:worker:{worker.name}", "current_job") == job_id.encode(),
        "it is the current job",
    )
    peer("stop", job_id=job_id)
    wait_until(lambda: redis.hget(f"rq:job:{job_id}", "status") == b"stopped", "the job is stopped")
    assert notes(redis, job_id) == ([] if peer.version == "1.13" else ["stopped"])
    assert worker.running()


@pytest.mark.cq_only
def test_the_worker_tells_its_pythons_version(stage, peer, redis):
    job_id = peer("enqueue", function="classic.work.add", args=[1, 2])
    worker = stage.worker(python=peer.python)
    wait_until(lambda: redis.hget(f"rq:job:{job_id}", "status") == b"finished", "the job is finished")
    version = subprocess.run(
        [peer.python, "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    wait_until(
        lambda: redis.hget(f"rq:worker:{worker.name}", "python_version").decode().startswith(version),
        "it is told",
    )
    (seen,) = [seen for seen in peer("workers") if seen["name"] == worker.name]
    assert (seen["pid"], seen["queues"]) == (worker.pid, ["default"])
