"""Answers of Redis that no script of ours gives: a proxy of somebody's, a server of another kind, a bug."""

import re
import socket
import threading

import pytest
from rq.job import JobStatus

from stage import wait_until

pytestmark = pytest.mark.cq_only

STARTED = re.compile(rb"(\$7\r\nstarted\r\n:)0\r\n")


class Garbler:
    """Between a worker and Redis: the first and the third job that is handed out is of a queue that nobody
    asked for."""

    def __init__(self, path, target):
        self.target = target
        self.seen = 0
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.url = f"unix://{path}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                client, _ = self.server.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.target))
                for ends in ((client, server, bytes), (server, client, self.garble)):
                    threading.Thread(target=self.pump, args=ends, daemon=True).start()
        except OSError:
            pass  # it was closed

    def pump(self, source, sink, change):
        try:
            while data := source.recv(1 << 20):
                sink.sendall(change(data))
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(
                    socket.SHUT_RDWR
                )  # a close alone would leave the other thread waiting, and its connection open
            except OSError:
                pass
        source.close()

    def garble(self, data):
        def change(match):
            self.seen += 1
            return match.group(1) + (b"1000000000\r\n" if self.seen in (1, 3) else b"0\r\n")

        return STARTED.sub(change, data)


def test_a_queue_that_was_not_asked_for_is_complained_of_and_the_job_asked_for_again(
    stage, server, queue, tmp_path
):
    garbler = Garbler(tmp_path / "garbled.sock", server.socket)
    jobs = [queue.enqueue("jobs.add", number, 1) for number in range(5)]
    worker = stage.worker(url=garbler.url)
    wait_until(lambda: all(job.get_status() == JobStatus.FINISHED for job in jobs), "all are done")
    assert [len(job.results()) for job in jobs] == [1] * len(jobs)
    assert worker.log().count("Redis answered with a queue that was not asked for; trying again in 1 s") == 2
    worker.end()
    garbler.server.close()
