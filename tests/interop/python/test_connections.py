"""Connections (RQ's documentation: Connections): jobs get one to the worker's Redis, wherever that is and
whatever it asks for."""

import socket
import subprocess
from pathlib import Path

import pytest
import redis as client
from rq import Queue
from rq.job import JobStatus

import stage as staging
from bakery import current
from stage import KIND, TIMEOUT_S, descendants, wait_until

PASSWORD = "p@ss:w/rd%?#"
QUOTED = "p%40ss%3Aw%2Frd%25%3F%23"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A Redis on a port of its own, which asks for user and password."""
    folder = tmp_path_factory.mktemp("guarded")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = open(folder / "redis.log", "ab")
    process = subprocess.Popen(
        [
            "redis-server",
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
            "--user",
            "default",
            "off",
            "--user",
            "baker",
            "on",
            f">{PASSWORD}",
            "~*",
            "&*",
            "+@all",
        ],
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    connection = client.Redis(host="127.0.0.1", port=port, username="baker", password=PASSWORD, db=3)

    def answers():
        assert process.poll() is None, (folder / "redis.log").read_text()
        try:
            return connection.ping()
        except client.ConnectionError:
            return False

    try:
        wait_until(answers, "redis-server answers")
        yield connection, f"redis://baker:{QUOTED}@127.0.0.1:{port}/3"
    finally:
        connection.close()
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture
def away(guarded, paths, tmp_path):
    """A stage whose workers are told of the guarded Redis; its connection; its URL."""
    connection, url = guarded
    connection.flushdb()
    stage = staging.Stage(None, tmp_path, paths)
    yield stage, connection, url
    stage.end()


def burst(stage, url, name):
    worker = stage.worker(options=["--burst"], url=url, name=name)
    assert worker.wait() == 0, worker.log()
    return worker


def test_user_password_and_database_are_the_jobs_too(away):
    stage, connection, url = away
    queue = Queue("default", connection=connection)
    jobs = [
        queue.enqueue(current.in_a_pipeline),
        queue.enqueue("bakery.flow.enqueue", "bakery.tasks.add", 1, 2),
        queue.enqueue("bakery.tasks.add", 1, 2, on_success="bakery.events.success"),
    ]
    log = burst(stage, url, "far-1").log()
    assert jobs[0].return_value() == [True, 1, jobs[0].id.encode()]
    assert queue.fetch_job(jobs[1].return_value()).return_value() == 3
    assert connection.llen(f"notes:{jobs[2].id}") == 1
    assert PASSWORD not in log and QUOTED not in log


def test_the_url_may_come_from_the_environment(away):
    stage, connection, url = away
    stage.env["RQ_REDIS_URL"] = url
    job = Queue("default", connection=connection).enqueue(current.in_a_pipeline)
    worker = staging.Worker(
        KIND,
        "environment",
        [
            staging.RQ if KIND == "rq" else staging.CQ,
            "worker",
            "--burst",
            "--path",
            str(staging.HERE / "apps"),
        ],
        stage.env,
        stage.folder / "environment.log",
    )
    stage.workers.append(worker)
    assert worker.wait() == 0
    assert job.return_value()[0] is True


def test_a_settings_module_of_rq_is_read(away):
    """RQ's documentation, Workers, "Using a Config File"."""
    stage, connection, url = away
    (stage.folder / "settings.py").write_text(
        f"REDIS_URL = {url!r}\nQUEUES = ['high', 'low']\nNAME = 'settled'\n"
    )
    stage.env["PYTHONPATH"] = str(stage.folder)
    jobs = [
        Queue(name, connection=connection).enqueue("bakery.current.append", "order", job_id=name)
        for name in ("low", "high")
    ]
    worker = staging.Worker(
        KIND,
        "settled",
        [
            staging.RQ if KIND == "rq" else staging.CQ,
            "worker",
            "--burst",
            "--config",
            "settings",
            "--path",
            str(staging.HERE / "apps"),
        ],
        stage.env,
        stage.folder / "settled.log",
    )
    stage.workers.append(worker)
    assert worker.wait() == 0, worker.log()
    assert connection.lrange("order", 0, -1) == [b"high", b"low"] and all(job.is_finished for job in jobs)
    assert connection.hget("rq:worker:settled", "death")


@pytest.mark.cq_only
def test_no_process_shows_the_password(away):
    stage, connection, url = away
    job = Queue("default", connection=connection).enqueue(current.hold)
    worker = stage.worker(url=url, name="far-2", ready=False)
    assert connection.blpop(["bell:running"], timeout=int(TIMEOUT_S))
    for pid in (worker.pid, *descendants(worker.pid)):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert PASSWORD.encode() not in shown and QUOTED.encode() not in shown
    connection.rpush("bell:go", "")
    wait_until(lambda: job.get_status(refresh=True) == JobStatus.FINISHED, "the job is finished")


@pytest.mark.cq_only
def test_a_job_that_uses_no_redis_has_no_connection(away):
    stage, connection, url = away
    queue = Queue("default", connection=connection)
    jobs = [queue.enqueue("bakery.current.sockets"), queue.enqueue("bakery.current.sockets", use=True)]
    burst(stage, url, "far-3")
    assert [job.return_value() for job in jobs] == [0, 1]


def test_a_connection_that_a_job_closes_or_breaks_is_not_the_workers(away):
    stage, connection, url = away
    queue = Queue("default", connection=connection)
    jobs = [
        queue.enqueue(current.close_connection),
        queue.enqueue(current.kill_connections),
        queue.enqueue(current.in_a_pipeline),
        queue.enqueue("bakery.tasks.add", 1, 2),
    ]
    burst(stage, url, "far-4")
    assert [job.get_status() for job in jobs] == [JobStatus.FINISHED] * 4
