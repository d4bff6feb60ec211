"""A private Redis for the benchmark, without persistence."""

import subprocess
import time

from link import Link


def wait_until(condition, what, timeout_s=60, pause_s=0.005):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited {timeout_s} s in vain until {what}")
        time.sleep(pause_s)


class Server:
    """redis-server on a Unix socket in the folder."""

    def __init__(self, folder):
        self.path = f"{folder}/redis.sock"
        self.url = f"unix://{self.path}"
        self.celery_url = f"redis+socket://{self.path}"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.link = None
        try:
            wait_until(self._answers, "redis-server answers")
        except BaseException:
            self.stop()
            raise
        self.version = self.link.info("server")["redis_version"]

    def _answers(self):
        if self.process.poll() is not None:
            raise SystemExit(f"bench: redis-server ended with status {self.process.returncode}")
        try:
            self.link = self.link or Link(self.path)
            return self.link.ask("PING") == b"PONG"
        except Exception:  # not there yet, or loading
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def blocked(self):
        """Connections that wait in a blocking command: how a worker waits for jobs, whichever it is."""
        return int(self.link.info("clients")["blocked_clients"])
