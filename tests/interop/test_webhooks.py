"""Webhooks: the same requests, field by field, from RQ's worker and from cq's, and what cq does beyond."""

import json
import os
import signal
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rq import Repeat, Retry, Webhook
from rq.job import JobStatus

from stage import KIND, wait_until
from test_workers import hold, wait_running


class Handler(BaseHTTPRequestHandler):
    """What a path begins with says what is answered."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        server.requests.append(
            (self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
        word, _, to = self.path[1:].partition("?to=")
        word = word.split("/")[0]
        if word == "hang":
            server.released.wait(60)
        self.send_response(int(word) if word.isdigit() else 200)
        if word.startswith("3"):
            self.send_header("Location", to or "/arrived")
        self.end_headers()
        try:
            self.wfile.write(b"x" * (1 << 20 if word == "big" else 0))
        except OSError:
            pass  # nobody reads it

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def paths(self):
        return [path for _, path, _, _ in self.requests]


@pytest.fixture
def hooked():
    server = Server()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def hook(server, path, status="finished", **options):
    return Webhook(server.url + path, status, **options)


def both(server, path, **options):
    """One for either outcome."""
    return [hook(server, f"{path}-finished", **options), hook(server, f"{path}-failed", "failed", **options)]


@pytest.fixture(params=["rq", KIND])
def kind(request, paths):
    if request.param == "rq" == KIND:
        pytest.skip("once is enough")
    return request.param


def burst(stage, kind, options=()):
    return stage.burst(kind=kind, options=options)


def seen(server):
    """The requests as both workers send them: what names one program or one run is left out."""
    requests = []
    for method, path, headers, body in sorted(server.requests, key=lambda request: request[1]):
        headers = {
            name: value
            for name, value in headers.items()
            if name not in ("user-agent", "host", "content-length")
        }
        requests.append((method, path, headers, list(json.loads(body)) if body else None))
    return requests


def test_requests_are_those_of_rqs_worker(stage, queue, hooked):
    sent = []
    for kind in ("rq", KIND):
        hooked.requests.clear()
        queue.enqueue(
            "jobs.add",
            1,
            2,
            webhooks=[
                hook(hooked, "/get"),
                hook(hooked, "/get?a=1&b=%20#part", headers={"X-Key": "v1", "x-other": "é"}),
                hook(hooked, "/post", method="POST"),
                hook(
                    hooked,
                    "/type",
                    method="POST",
                    headers={"content-type": "text/plain", "Accept": "a/b", "User-Agent": "mine"},
                ),
                hook(hooked, "/not-this", "failed"),
            ],
        )
        queue.enqueue("jobs.fail", "why", webhooks=both(hooked, "/fail", method="POST"))
        burst(stage, kind)
        sent.append(seen(hooked))
    assert sent[0] == sent[1]
    assert len(sent[0]) == 5


def test_the_payload_has_the_jobs_own_times_and_text(stage, queue, hooked, kind):
    good = queue.enqueue("jobs.add", 1, 2, webhooks=both(hooked, "/good", method="POST"))
    bad = queue.enqueue("jobs.fail", "wörds", webhooks=both(hooked, "/bad", method="POST"))
    burst(stage, kind)
    payloads = {path: json.loads(body) for _, path, _, body in hooked.requests}
    good.refresh(), bad.refresh()
    assert payloads == {
        "/good-finished": {
            "job_id": good.id,
            "func_name": "jobs.add",
            "status": "finished",
            "enqueued_at": good.enqueued_at.isoformat(),
            "ended_at": good.ended_at.isoformat(),
        },
        "/bad-failed": {
            "job_id": bad.id,
            "func_name": "jobs.fail",
            "status": "failed",
            "enqueued_at": bad.enqueued_at.isoformat(),
            "ended_at": bad.ended_at.isoformat(),
            "exc_info": bad.latest_result().exc_string,
        },
    }
    assert datetime.fromisoformat(payloads["/good-finished"]["ended_at"]).tzinfo is not None


def test_whole_seconds_are_written_without_a_fraction(stage, queue, redis, hooked, kind):
    job = queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, "/", method="POST")])
    redis.hset(job.key, "enqueued_at", "2026-01-02T03:04:05.000000Z")
    burst(stage, kind)
    assert json.loads(hooked.requests[0][3])["enqueued_at"] == "2026-01-02T03:04:05+00:00"


def test_redirects_are_followed_as_urllib_does(stage, queue, hooked):
    outcomes = []
    for kind in ("rq", KIND):
        hooked.requests.clear()
        for method in ("GET", "POST"):
            queue.enqueue(
                "jobs.add",
                1,
                2,
                webhooks=[
                    hook(
                        hooked,
                        f"/{status}?to=/{method}-after-{status}",
                        method=method,
                        headers={"X-Key": "v"},
                    )
                    for status in (300, 301, 302, 303, 305, 307, 308)
                ],
            )
        failures = burst(stage, kind).log().lower().count("failed to send")
        outcomes.append((seen(hooked), failures))
    assert outcomes[0] == outcomes[1]
    arrived = [
        (method, path) for method, path, _, _ in outcomes[0][0] if "-after-" in path and "?" not in path
    ]
    assert arrived == (
        [("GET", f"/GET-after-{status}") for status in (301, 302, 303, 307, 308)]
        + [("GET", f"/POST-after-{status}") for status in (301, 302, 303)]
    )


def test_a_status_that_urllib_raises_for_is_logged_and_the_job_is_finished(stage, queue, hooked, kind):
    for status in (404, 500, 304):
        job = queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, f"/{status}", headers={"X": "y"})])
    log = burst(stage, kind).log().lower()
    assert log.count("failed to send") == 3
    assert job.get_status() == JobStatus.FINISHED


def test_only_the_last_attempt_of_a_job_that_is_retried_sends(stage, queue, hooked, kind):
    job = queue.enqueue("jobs.fail", "again", retry=Retry(max=2), webhooks=both(hooked, "/retry"))
    burst(stage, kind)
    assert job.get_status() == JobStatus.FAILED
    assert hooked.paths() == ["/retry-failed"]


def test_a_function_that_returns_retry_sends_when_it_may_no_more(stage, queue, hooked, kind):
    queue.enqueue("jobs.again", 1, webhooks=both(hooked, "/again", method="POST"))
    burst(stage, kind)
    assert hooked.paths() == ["/again-failed"]
    assert json.loads(hooked.requests[0][3])["exc_info"] == ""


def test_a_job_that_repeats_sends_each_time_and_one_without_result_too(stage, queue, hooked, kind):
    queue.enqueue("jobs.add", 1, 2, repeat=Repeat(times=2), webhooks=both(hooked, "/repeat"))
    queue.enqueue("jobs.add", 1, 2, result_ttl=0, webhooks=both(hooked, "/gone"))
    burst(stage, kind)
    assert sorted(hooked.paths()) == ["/gone-finished"] + ["/repeat-finished"] * 3


def test_a_killed_horse_sends(stage, queue, redis, hooked, kind):
    job = hold(stage, queue)
    redis.hset(
        job.key, "webhooks", json.dumps([one.to_dict() for one in both(hooked, "/killed", method="POST")])
    )
    stage.worker(kind=kind)
    os.kill(wait_running(stage), signal.SIGKILL)
    wait_until(lambda: hooked.requests, "the webhook came")
    assert (
        json.loads(hooked.requests[0][3])["exc_info"]
        == "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "
    )
    assert hooked.paths() == ["/killed-failed"]


def test_a_stopped_job_sends_nothing(stage, queue, redis, hooked):
    from rq.command import send_stop_job_command

    job = hold(stage, queue)
    redis.hset(job.key, "webhooks", json.dumps([one.to_dict() for one in both(hooked, "/stopped")]))
    after = queue.enqueue("jobs.add", 1, 2, webhooks=both(hooked, "/after"))
    stage.worker()
    wait_running(stage)
    send_stop_job_command(redis, job.id)
    wait_until(lambda: hooked.requests, "the next job's webhook came")
    assert hooked.paths() == ["/after-finished"] and after.get_status() == JobStatus.FINISHED


# ---- cq's own ----

pytestmark_cq = pytest.mark.cq_only


@pytestmark_cq
def test_slow_webhooks_hold_up_no_job_and_a_warm_stop_waits_for_them(stage, queue, hooked):
    queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, "/hang", timeout=30)])
    jobs = [queue.enqueue("jobs.add", 1, 2) for _ in range(3)]
    worker = stage.worker()
    wait_until(
        lambda: hooked.requests and all(job.get_status() == JobStatus.FINISHED for job in jobs),
        "the jobs ended meanwhile",
    )
    worker.signal(signal.SIGTERM)
    wait_until(lambda: "warm shut down" in worker.log(), "it was told to stop")
    wait_until(
        lambda: (
            not stage.server.connect().exists(f"rq:worker:{worker.name}")
            or stage.server.connect().hget(f"rq:worker:{worker.name}", "death")
        ),
        "its slot is gone",
    )
    assert worker.running()
    hooked.released.set()
    assert worker.wait() == 0
    assert "failed to send" not in worker.log()


@pytestmark_cq
def test_a_webhook_ends_at_its_timeout_and_a_cold_stop_drops_what_is_left(stage, queue, hooked):
    queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, "/hang", timeout=1)])
    assert "failed to send its webhook" in stage.burst().log()
    queue.enqueue(
        "jobs.add", 1, 2, webhooks=[hook(hooked, "/hang", timeout=600), hook(hooked, "/hang/2", timeout=600)]
    )
    worker = stage.worker()
    wait_until(lambda: len(hooked.requests) == 3, "they are under way")
    worker.signal(signal.SIGTERM)
    wait_until(lambda: "warm shut down" in worker.log(), "it was told to stop")

    def stopped_twice():
        worker.signal(signal.SIGTERM)
        return not worker.running() or "cold shut down" in worker.log()

    wait_until(stopped_twice, "it is to stop at once")
    worker.wait()
    assert "2 webhooks are dropped" in worker.log()


@pytestmark_cq
def test_private_addresses_are_refused_by_option_through_names_and_redirects_too(stage, queue, hooked):
    port = hooked.server_port
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0", "0x7f.1"):
        queue.enqueue(
            "jobs.add", 1, 2, webhooks=[Webhook(f"http://{host}:{port}/private", "finished", timeout=5)]
        )
    stage.env["http_proxy"] = hooked.url
    log = stage.burst(options=["--webhook-private", "refuse"]).log()
    assert log.count("(--webhook-private refuse)") == 5, log
    assert hooked.requests == []


@pytestmark_cq
def test_other_schemes_broken_entries_and_header_injection_are_left_out_with_a_line(
    stage, queue, redis, hooked
):
    good = hook(hooked, "/good").to_dict()
    bad = [
        {**good, "url": "file:///etc/passwd"},
        {**good, "url": "ftp://x/"},
        {**good, "url": hooked.url + "/a b"},
        {**good, "method": "PUT"},
        {**good, "job_status": "canceled"},
        {**good, "timeout": 0},
        {**good, "timeout": "9"},
        {**good, "headers": []},
        {**good, "headers": {"X": "1\r\nY: 2"}},
        {**good, "headers": {"X: 1\r\nY": "2"}},
        {**good, "headers": {"X": None}},
        7,
        None,
    ]
    job = queue.enqueue("jobs.add", 1, 2)
    redis.hset(job.key, "webhooks", json.dumps([*bad, good]))
    for text in ("{", "7", '{"url": 1}', "[" * 1000, "\xff"):
        redis.hset(queue.enqueue("jobs.add", 1, 2).key, "webhooks", text)
    log = stage.burst().log()
    assert log.count(" is left out: ") == len(bad), log
    assert log.count("its webhooks are left out: ") == 5
    assert hooked.paths() == ["/good"]
    assert job.get_status() == JobStatus.FINISHED


@pytestmark_cq
def test_a_redirect_leads_to_no_other_scheme_and_takes_no_secret_along(stage, queue, hooked):
    other = Server()
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Plain": "1"}
    queue.enqueue(
        "jobs.add",
        1,
        2,
        webhooks=[
            hook(hooked, "/302?to=file:///etc/passwd"),
            hook(hooked, "/302?to=/302", headers=secret),
            hook(hooked, "/302?to=" + other.url + "/other", headers=secret),
        ],
    )
    queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, "/big")])
    log = stage.burst().log()
    other.shutdown(), other.server_close()
    assert "neither http nor https" in log
    assert log.count("failed to send") == 1
    ((_, path, headers, _),) = other.requests
    assert path == "/other" and headers["x-plain"] == "1" and not {"authorization", "cookie"} & set(headers)


@pytestmark_cq
def test_many_webhooks_at_once_all_arrive(stage, queue, hooked):
    for number in range(4):
        queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, f"/n{number}-{at}") for at in range(30)])
    stage.burst()
    assert sorted(hooked.paths()) == sorted(f"/n{number}-{at}" for number in range(4) for at in range(30))
