"""Webhooks and what is at the other end: TLS, nobody, somebody slow, addresses that are none of a webhook's
business; and how many may wait."""

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from rq import Callback, Webhook
from rq.command import send_stop_job_command
from rq.job import JobStatus

import stage as staging
from stage import wait_until
from test_webhooks import Server, both, burst, hook, hooked, kind  # noqa: F401 # fixtures
from test_workers import hold, wait_running

cq_only = pytest.mark.cq_only


def add_webhooks(redis, job, webhooks):
    redis.hset(job.key, "webhooks", json.dumps([one.to_dict() for one in webhooks]))


# ---- when they are sent, as with RQ ----


def test_a_stopped_job_sends_nothing_whoever_runs_it(stage, queue, redis, hooked, kind):
    job = hold(stage, queue)
    add_webhooks(redis, job, both(hooked, "/stopped"))
    queue.enqueue("jobs.add", 1, 2, webhooks=both(hooked, "/after"))
    stage.worker(kind=kind)
    wait_running(stage)
    send_stop_job_command(redis, job.id)
    wait_until(lambda: hooked.requests, "the next job's webhook came")
    assert hooked.paths() == ["/after-finished"]
    assert job.get_status() == JobStatus.STOPPED


def test_failures_send_but_that_of_an_abandoned_job(stage, queue, redis, hooked, kind):
    job = queue.enqueue("jobs.add", 1, 2, webhooks=both(hooked, "/abandoned"))
    redis.delete("rq:queue:default")
    redis.hset(job.key, "status", "started")
    redis.zadd("rq:wip:default", {f"{job.id}:one": 1})
    queue.enqueue("jobs.fail", "why", webhooks=both(hooked, "/unhandled"))
    queue.enqueue("jobs.rest", 30, job_timeout=1, webhooks=both(hooked, "/timeout", method="POST"))
    queue.enqueue("jobs.add", 1, 2, on_success=Callback("jobs.fail"), webhooks=both(hooked, "/callback"))
    burst(stage, kind, options=["--disable-default-exception-handler"])
    assert job.get_status() == JobStatus.FAILED
    assert sorted(hooked.paths()) == ["/callback-failed", "/timeout-failed", "/unhandled-failed"]
    assert (
        b"Task exceeded maximum timeout value (1 seconds)"
        in [body for _, path, _, body in hooked.requests if "timeout" in path][0]
    )


# ---- TLS ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) of 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=webhooks",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            folder / "key",
            "-out",
            folder / "certificate",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return str(folder / "certificate"), str(folder / "key")


@pytest.fixture
def https(certificate):
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    yield server
    server.shutdown()
    server.server_close()


@cq_only
def test_certificates_are_checked_against_those_of_the_environment(stage, queue, https, certificate):
    queue.enqueue("jobs.add", 1, 2, webhooks=[hook(https, "/unknown")])
    assert stage.burst().log().lower().count("failed to send") == 1
    assert https.requests == []
    stage.env["SSL_CERT_FILE"] = certificate[0]
    queue.enqueue(
        "jobs.add",
        1,
        2,
        webhooks=[
            hook(https, "/known", method="POST"),
            Webhook(https.url.replace("127.0.0.1", "localhost") + "/other-name", "finished"),
        ],
    )
    assert stage.burst().log().lower().count("failed to send") == 1
    assert https.paths() == ["/known"]


class EitherServer(Server):
    """With TLS and without it on one port."""

    def get_request(self):
        connection, address = super().get_request()
        tls = connection.recv(1, socket.MSG_PEEK) == b"\x16"
        return (self.context.wrap_socket(connection, server_side=True) if tls else connection), address


@cq_only
def test_a_redirect_out_of_tls_takes_no_secret_along(stage, queue, certificate):
    server = EitherServer()
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(*certificate)
    stage.env["SSL_CERT_FILE"] = certificate[0]
    tls = server.url.replace("http:", "https:")
    # Both webhooks are under way at once: either may arrive first.
    for to in (f"{tls}/tls", f"{server.url}/plain"):
        queue.enqueue(
            "jobs.add",
            1,
            2,
            webhooks=[Webhook(f"{tls}/302?to={to}", "finished", headers={"Authorization": "Bearer x"})],
        )
    log = stage.burst().log()
    server.shutdown(), server.server_close()
    arrived = {path: headers.get("authorization") for _, path, headers, _ in server.requests}
    assert (arrived["/tls"], arrived["/plain"]) == ("Bearer x", None), log


# ---- nobody, and somebody slow ----


def listener(answer=b"", every_s=None):
    """A server that takes a connection and does not answer as it should."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            while True:
                connection, _ = server.accept()
                connection.recv(1000)
                try:
                    while every_s:
                        connection.sendall(answer)
                        time.sleep(every_s)
                    connection.sendall(answer)
                except OSError:
                    pass
                connection.close()
        except OSError:
            pass  # it was closed

    threading.Thread(target=serve, daemon=True).start()
    return server, "http://127.0.0.1:%d/" % server.getsockname()[1]


@cq_only
def test_who_is_not_there_or_speaks_nonsense_fails_no_job(stage, queue):
    closed = socket.create_server(("127.0.0.1", 0))
    nowhere = "http://127.0.0.1:%d/" % closed.getsockname()[1]
    closed.close()
    servers = [
        listener(answer) for answer in (b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 no\r\n\r\n")
    ]
    urls = [nowhere, "http://no-such-host.invalid/"] + [url for _, url in servers]
    job = queue.enqueue("jobs.add", 1, 2, webhooks=[Webhook(url, "finished", timeout=5) for url in urls])
    log = stage.burst().log()
    for server, _ in servers:
        server.close()
    assert log.lower().count("failed to send") == len(urls), log
    assert job.get_status() == JobStatus.FINISHED


@cq_only
def test_who_sends_a_little_for_ever_is_given_up_at_the_timeout_and_one_line_says_so(stage, queue):
    headers, url_of_headers = listener(b"X-More: and more\r\n", every_s=0.05)
    answer, url_of_answer = listener(b"HTTP/1.1 200 OK\r\nX-More: and more\r\n", every_s=0.05)
    queue.enqueue(
        "jobs.add",
        1,
        2,
        webhooks=[Webhook(url, "finished", timeout=1) for url in (url_of_headers, url_of_answer)],
    )
    log = stage.burst().log()
    headers.close(), answer.close()
    assert len([line for line in log.splitlines() if "failed to send its webhook" in line]) == 2, log


def test_the_headers_are_the_answer_whatever_becomes_of_the_body(stage, queue, kind):
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.0 200 OK\n\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n",
    ]
    servers = [listener(answer) for answer in answers]
    queue.enqueue("jobs.add", 1, 2, webhooks=[Webhook(url, "finished") for _, url in servers])
    log = burst(stage, kind).log()
    for server, _ in servers:
        server.close()
    assert "failed to send" not in log.lower(), log


# ---- where they may go ----


@pytest.fixture(scope="session")
def elsewhere(session_folder):
    path = session_folder / "elsewhere.so"
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
            "-o",
            str(path),
            str(staging.HERE / "elsewhere.c"),
        ],
        check=True,
    )
    return str(path)


@cq_only
def test_a_redirect_from_a_public_address_to_a_private_one_is_refused(stage, queue, hooked, elsewhere):
    public = f"http://8.8.8.8:{hooked.server_port}"
    private = [
        hooked.url + "/secret",
        hooked.url.replace("127.0.0.1", "localhost") + "/secret",
        hooked.url.replace("127.0.0.1", "[::ffff:7f00:1]") + "/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:80/",
        "http://[fd00::1]/",
        "http://0/",
    ]
    queue.enqueue(
        "jobs.add",
        1,
        2,
        webhooks=[Webhook(public + "/here", "finished")]
        + [Webhook(f"{public}/302?to={url}", "finished") for url in private],
    )
    stage.env.update(LD_PRELOAD=elsewhere, ASAN_OPTIONS="verify_asan_link_order=0")
    log = stage.burst(options=["--webhook-private", "refuse"]).log()
    paths = hooked.paths()
    assert paths.count("/here") == 1 and not any("secret" in path and "to=" not in path for path in paths), (
        paths
    )
    assert len(paths) == 1 + len(private)
    assert log.count("its address is private, loopback or link-local (--webhook-private refuse)") == len(
        private
    ), log


@cq_only
def test_without_libcurl_each_webhook_is_a_line_that_says_what_to_install(stage, queue, hooked, elsewhere):
    jobs = [queue.enqueue("jobs.add", 1, 2, webhooks=both(hooked, "/none")) for _ in range(2)]
    stage.env.update(LD_PRELOAD=elsewhere, WITHOUT_LIBCURL="1", ASAN_OPTIONS="verify_asan_link_order=0")
    log = stage.burst().log()
    lines = [line for line in log.splitlines() if "libcurl" in line]
    assert len(lines) == 2 and all(
        "failed to send its webhook" in line and "apt-get install libcurl4" in line for line in lines
    ), log
    assert [job.get_status() for job in jobs] == [JobStatus.FINISHED] * 2
    assert hooked.requests == []


# ---- how many ----


@cq_only
def test_so_many_wait_and_what_comes_then_is_left_out_and_counted(stage, queue, redis, hooked):
    many = [hook(hooked, "/hang", timeout=600)] * 64
    count = (10000 + 32) // 64 + 4
    jobs = [queue.enqueue("jobs.add", 1, 2) for _ in range(count)]
    for job in jobs:
        add_webhooks(redis, job, many)
    worker = stage.worker()
    wait_until(
        lambda: all(job.get_status() == JobStatus.FINISHED for job in (jobs[0], jobs[-1])),
        "the jobs ended meanwhile",
    )
    wait_until(lambda: "too many wait already" in worker.log(), "there were too many")
    assert worker.log().count("too many wait already") == 1
    worker.signal(signal.SIGTERM)

    def stopped_twice():
        worker.signal(signal.SIGTERM)
        return not worker.running() or "cold shut down" in worker.log()

    wait_until(stopped_twice, "it is to stop at once")
    assert worker.wait() == 0
    assert "10032 webhooks are dropped" in worker.log()
    assert f"{count * 64 - 10032} webhooks were left out" in worker.log()


@cq_only
def test_a_worker_without_webhooks_opens_no_libcurl_and_horses_inherit_nothing_of_it(stage, queue, hooked):
    def maps(pid):
        try:
            with open(f"/proc/{pid}/maps") as file:
                return "libcurl" in file.read()
        except FileNotFoundError:
            return False  # the old stable or one of its horses, which left meanwhile

    def links_of(pid):
        try:
            return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except FileNotFoundError:
            return []

    worker = stage.worker()
    plain = queue.enqueue("jobs.add", 1, 2)
    wait_until(lambda: plain.get_status() == JobStatus.FINISHED, "it is done")
    assert not maps(worker.pid)
    queue.enqueue("jobs.add", 1, 2, webhooks=[hook(hooked, "/hang", timeout=60)])
    wait_until(lambda: hooked.requests, "it is under way")
    assert maps(worker.pid)
    os.kill(worker.pid, signal.SIGHUP)  # a stable that is started while it is under way
    wait_until(lambda: "in place of stable" in worker.log(), "there is a new one")
    below = staging.descendants(worker.pid)
    assert below and not any(maps(pid) for pid in below)
    links = [link for pid in below for link in links_of(pid)]
    assert links
    assert len([link for link in links if link.startswith("socket:")]) <= 3 * len(below), links
    hooked.released.set()
