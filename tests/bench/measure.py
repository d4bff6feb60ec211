"""What the benchmark measures with: a private Redis, jobs put there quickly, workers, and the counters of both."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import redis
from rq import Queue

HERE = Path(__file__).resolve().parent
RQ = str(Path(sys.executable).parent / "rq")
CQ = os.environ["CQ"]
PLACEHOLDER = b"00000000-0000-4000-8000-000000000000"
DONE = b"rq:finished:default"


def wait_until(condition, what, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited {timeout_s} s in vain until {what}")
        time.sleep(0.005)


def command(*words):
    """One command as it goes over the wire."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Server:
    """redis-server on a Unix socket, without persistence."""

    def __init__(self, folder):
        self.path = f"{folder}/redis.sock"
        self.url = f"unix://{self.path}"
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.connection = redis.Redis(unix_socket_path=self.path)
        wait_until(self._answers, "redis-server answers")

    def _answers(self):
        try:
            return self.connection.ping()
        except redis.exceptions.RedisError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def counters(self):
        info = self.connection.info()
        return {"redis_cpu_s": info["used_cpu_user"] + info["used_cpu_sys"], "commands": info["total_commands_processed"],
                "bytes": info["total_net_input_bytes"] + info["total_net_output_bytes"], "reads": info["total_reads_processed"]}

    def prepare(self):
        """Let RQ enqueue one job and keep its hash as the template for all."""
        self.connection.flushall()
        job = Queue("default", connection=self.connection).enqueue("bench.noop", job_id=PLACEHOLDER.decode())
        fields = [word for pair in self.connection.hgetall(job.key).items() for word in pair]
        self.template = command("HSET", b"rq:job:" + PLACEHOLDER, *fields)
        self.connection.flushall()

    def preload(self, count):
        """Put count jobs on the queue; their ids in order."""
        self.connection.flushall()
        self.connection.sadd("rq:queues", "rq:queue:default")
        ids = [str(uuid.uuid4()).encode() for _ in range(count)]
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(self.path)
            for start in range(0, count, 500):
                part = ids[start:start + 500]
                link.sendall(b"".join(self.template.replace(PLACEHOLDER, job_id) for job_id in part) + command("RPUSH", "rq:queue:default", *part))
                replies = 0
                while replies < len(part) + 1:
                    replies += link.recv(1 << 16).count(b"\n")
        return ids


class Row:
    """One kind of worker, and how many jobs it gets for a run of a few seconds."""

    def __init__(self, name, title, argv, part, probes):
        self.name, self.title, self.argv, self.part, self.probes = name, title, argv, part, probes

    def start(self, server, folder, *options):
        rq = self.argv[0] == RQ
        argv = [*self.argv, "--url", server.url, "--path", str(HERE) if rq else folder, "--quiet", *options, "default"]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("REDIS", "RQ_", "CQ_"))}
        self.log = f"{folder}/{self.name}.log"
        with open(self.log, "wb") as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=folder)


ROWS = {row.name: row for row in (
    Row("cq", "cq, a horse per job", [CQ, "worker"], 1.0, 200),
    Row("cq-reuse", "cq --reuse-horses", [CQ, "worker", "--reuse-horses"], 2.0, 200),
    Row("rq", "RQ Worker", [RQ, "worker"], 1 / 40, 60),
    Row("rq-simple", "RQ SimpleWorker", [RQ, "worker", "--worker-class", "rq.worker.SimpleWorker"], 1 / 10, 60),
    Row("cq-4", "cq -n 4, a horse per job", [CQ, "worker", "--num-workers", "4"], 1.0, 200),
    Row("cq-reuse-4", "cq -n 4 --reuse-horses", [CQ, "worker", "--num-workers", "4", "--reuse-horses"], 2.0, 200),
)}


def burst(server, row, folder, count):
    """Run a worker over count jobs: CPU of its whole tree, Redis counters, and the seconds from first start to last end."""
    ids = server.preload(count)
    before = server.counters()
    process = row.start(server, folder, "--burst")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    after = server.counters()
    finished = server.connection.zcard(DONE)
    if process.returncode or finished != count:
        raise SystemExit(f"bench: {row.title}: status {process.returncode}, {finished} of {count} jobs finished:\n{Path(row.log).read_text()[-2000:]}")
    pipeline = server.connection.pipeline(transaction=False)
    for job_id in ids:
        pipeline.hmget(b"rq:job:" + job_id, "started_at", "ended_at")
    moments = pipeline.execute()
    first, last = min(started for started, _ in moments), max(ended for _, ended in moments)
    counted = {name: after[name] - before[name] for name in after}
    counted["cpu_s"] = usage.ru_utime + usage.ru_stime
    counted["span_s"] = seconds(last) - seconds(first)
    return counted


def seconds(moment):
    """Of an ISO time of RQ's, within its day and across midnight as good as never."""
    hours, minutes, rest = moment.decode()[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def throughput(server, row, folder, count):
    """Per job, without what a worker costs to start and to stop: a run over one job is subtracted."""
    one, many = burst(server, row, folder, 1), burst(server, row, folder, count)
    result = {name: (many[name] - one[name]) / (count - 1) for name in ("cpu_s", "redis_cpu_s", "commands", "bytes", "reads")}
    result["rate"] = count / many["span_s"]
    return result


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def latency(server, row, folder):
    """Seconds from enqueue to result, one job at a time for a worker that waits: XREAD wakes us when the result is written."""
    server.connection.flushall()
    process = row.start(server, folder)
    waiting = lambda: server.connection.info("clients")["blocked_clients"] >= 1
    samples = []
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(server.path)
        for number in range(row.probes + 5):
            wait_until(waiting, f"{row.title} waits for a job")
            time.sleep(0.02)  # it is busy for a moment with what follows a job, and forks ahead
            job_id = str(uuid.uuid4()).encode()
            text = server.template.replace(PLACEHOLDER, job_id) + command("RPUSH", "rq:queue:default", job_id) + \
                command("XREAD", "BLOCK", 30000, "STREAMS", b"rq:results:" + job_id, "0-0")
            start = time.perf_counter()
            link.sendall(text)
            reply = b""
            while reply.count(b"\n") < 3 or b"\r\ntype\r\n" not in reply:
                part = link.recv(4096)
                if not part or b"*-1" in part:
                    raise SystemExit(f"bench: {row.title}: no result within 30 s")
                reply += part
            if number >= 5:  # the first ones warm up
                samples.append(time.perf_counter() - start)
            time.sleep(0.005)
    stop(process)
    return samples


def tree(pid):
    pids = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pids += tree(int(child))
    return pids


def pss_kb(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def idle_kb(server, row, folder, *options):
    """Proportional set size of an idle worker's whole tree, after it has executed a few jobs."""
    server.preload(20)
    process = row.start(server, folder, *options)
    wait_until(lambda: server.connection.zcard(DONE) == 20 and server.connection.info("clients")["blocked_clients"] >= 1, f"{row.title} is idle")
    time.sleep(0.5)  # until horses have gone and new ones are forked ahead
    total = sum(map(pss_kb, tree(process.pid)))
    stop(process)
    return total
