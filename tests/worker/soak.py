"""A random mix of faults around workers, and at its end a count: each job is in exactly one place, ran as often as it may,
and failed only where its horse or its worker was killed.

usage: CQ=build/cq build/venv/bin/python tests/worker/soak.py [--seconds N] [--seed N] [--only FAULT,FAULT] [--keep]

The default of 20 seconds is what fits between other tests; an hour finds what they do not. A failure names the seed, which
gives the same faults in the same order (the processes keep their own time), and keeps the folder with Redis' and the
workers' logs. Prints one line per check; the last line is `N passed, N failed`.
"""

import argparse
import base64
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import redis

CQ = Path(os.environ.get("CQ", "build/cq")).resolve()
MODULES = CQ.parent / "tests/worker/modules"
QUEUES = ["high", "default", "low"]
RETRIES = 2
PATIENCE_S = 90

# Atomic, and twice is once: the soak's own connection is cut as well.
ENQUEUE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SADD', 'rq:queues', KEYS[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('RPUSH', KEYS[2], ARGV[1])
"""


class Server:
    """redis-server that keeps what it has acknowledged, whatever happens to it."""

    def __init__(self, folder):
        self.folder = folder
        self.path = f"{folder}/redis.sock"
        self.connection = redis.Redis(unix_socket_path=self.path, socket_timeout=20)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", self.folder, "--appendonly", "yes",
             "--appendfsync", "always", "--enable-debug-command", "yes", "--maxmemory-policy", "noeviction",
             "--logfile", f"{self.folder}/redis.log"])
        self.wait()

    def wait(self):
        wait_until(self.answers, "redis-server answers")

    def answers(self):
        try:
            return self.connection.ping()
        except redis.exceptions.RedisError:
            return False

    def call(self, *words):
        """Until it works: every fault that Redis is put to passes."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.connection.execute_command(*words)
            except redis.exceptions.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


class Worker:
    """One `cq worker` process; another kind of it each time it is started."""

    kinds = [
        ["--num-workers", "3"],
        ["--num-workers", "2", "--reuse-horses"],
        ["--dequeue-strategy", "round_robin", "--num-workers", "2"],
        ["--dequeue-strategy", "random", "--reuse-horses", "--max-jobs-per-horse", "3"],
        ["--max-jobs", "20", "--num-workers", "2"],
        ["--burst"],
    ]

    def __init__(self, soak, index):
        self.soak, self.index, self.round, self.process = soak, index, 0, None
        self.names = []

    def start(self):
        kind = self.kinds[(self.index + self.round) % len(self.kinds)]
        self.round += 1
        name = f"soak-{self.index}-{self.round}"
        slots = int(kind[kind.index("--num-workers") + 1]) if "--num-workers" in kind else 1
        self.names = [name] if slots == 1 else [f"{name}.{i + 1}" for i in range(slots)]
        self.most_descriptors = 40 + len(QUEUES) + 12 * slots
        self.log = open(f"{self.soak.folder}/{name}.log", "wb")
        self.process = subprocess.Popen(
            [CQ, "worker", "--url", f"unix://{self.soak.server.path}?socket_timeout=1", "--path", MODULES, "--name", name,
             "--kill-grace", "1", *kind, *QUEUES], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def alive(self):
        return self.process.poll() is None

    def stable(self):
        return next(iter(children(self.process.pid)), None)

    def horses(self):
        stable = self.stable()
        return children(stable) if stable else []

    def killed(self):
        """Its jobs are nobody's now: make them found without the wait for their score."""
        self.soak.dead.update(self.names)
        self.process.wait()


class Soak:
    def __init__(self, folder, seed):
        self.folder = folder
        self.random = random.Random(seed)
        self.record = f"{folder}/record"
        Path(self.record).touch()
        self.server = Server(folder)
        self.workers = [Worker(self, i) for i in range(3)]
        self.jobs = {}  # id: retries
        self.dead = set()
        self.stopped = set()
        self.unkillable = collections.Counter()
        self.may_die = 0  # jobs whose horse or worker may have been killed
        self.statuses = []
        self.most_descriptors = 0

    # ---- what happens

    def enqueue(self, count):
        for _ in range(count):
            job_id = f"job-{len(self.jobs)}"
            retries = RETRIES if self.random.random() < 0.2 else 0
            queue = self.random.choice(QUEUES)
            work_ms = self.random.choice([0, 0, 0, 1, 5, 20, 100])
            data = json.dumps(["jobs.trace", None, [self.record, work_ms], {}])
            now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
            fields = {"created_at": now, "enqueued_at": now, "data": data, "origin": queue, "description": "jobs.trace",
                      "timeout": 60, "status": "queued", "result_ttl": 86400}
            if retries:
                fields.update(retries_left=retries, retry_intervals="[0]")
            self.server.call("EVAL", ENQUEUE, 2, f"rq:job:{job_id}", f"rq:queue:{queue}", job_id,
                             *[word for pair in fields.items() for word in pair])
            self.jobs[job_id] = retries

    def cut_connections(self):
        for _ in range(self.random.randint(1, 6)):
            self.server.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(self.random.random() * 0.1)

    def kill_horse(self):
        worker = self.random.choice(self.workers)
        horses = worker.horses()
        if horses:
            kill(self.random.choice(horses))
            self.may_die += 1

    def kill_stable(self):
        worker = self.random.choice(self.workers)
        stable = worker.stable()
        if stable:
            kill(stable)
            self.may_die += len(worker.names)

    def kill_worker(self):
        worker = self.random.choice(self.workers)
        self.may_die += len(worker.names)
        kill(worker.process.pid)
        worker.killed()

    def stop_worker(self):
        worker = self.random.choice(self.workers)
        worker.process.send_signal(self.random.choice([signal.SIGTERM, signal.SIGINT]))

    def freeze_worker(self):
        worker = self.random.choice(self.workers)
        if worker.alive():
            worker.process.send_signal(signal.SIGSTOP)
            time.sleep(self.random.random())
            worker.process.send_signal(signal.SIGCONT)

    def freeze_redis(self):
        self.server.process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.choice([0.1, 0.5, 1.5, 3]))
        self.server.process.send_signal(signal.SIGCONT)

    def slow_redis(self):
        self.server.call("DEBUG", "SLEEP", self.random.choice([0.1, 0.5, 1.5]))

    def restart_redis(self):
        self.server.process.kill()
        self.server.process.wait()
        time.sleep(self.random.random() * 0.5)
        self.server.start()

    def hide_redis(self):
        os.rename(self.server.path, self.server.path + ".away")
        away = redis.Redis(unix_socket_path=self.server.path + ".away")
        away.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(self.random.random() * 2)
        os.rename(self.server.path + ".away", self.server.path)

    def fill_memory(self):
        self.server.call("CONFIG", "SET", "maxmemory", 1)
        time.sleep(self.random.random() * 2)
        if self.random.random() < 0.5:  # refused, and then lost
            self.cut_connections()
            time.sleep(self.random.random())
        self.server.call("CONFIG", "SET", "maxmemory", 0)

    def become_replica(self):
        self.server.call("REPLICAOF", "127.0.0.1", 1)
        time.sleep(self.random.random() * 2)
        if self.random.random() < 0.5:
            self.cut_connections()
            time.sleep(self.random.random())
        self.server.call("REPLICAOF", "NO", "ONE")

    def suspend(self):
        self.server.call("SET", "rq:suspended", 1)
        time.sleep(self.random.random())
        self.server.call("DEL", "rq:suspended")

    def flush_scripts(self):
        self.server.call("SCRIPT", "FLUSH")

    def send_kill_horse(self):
        name = self.random.choice(self.random.choice(self.workers).names)
        self.may_die += 1
        self.server.call("PUBLISH", f"rq:pubsub:{name}", json.dumps({"command": "kill-horse"}))

    def send_stop_job(self):
        name = self.random.choice(self.random.choice(self.workers).names)
        job_id = self.server.call("HGET", f"rq:worker:{name}", "current_job")
        if job_id:
            self.stopped.add(job_id.decode())
            self.server.call("PUBLISH", f"rq:pubsub:{name}", json.dumps({"command": "stop-job", "job_id": job_id.decode()}))

    faults = [cut_connections, kill_horse, kill_stable, kill_worker, stop_worker, freeze_worker, freeze_redis, slow_redis,
              restart_redis, hide_redis, fill_memory, become_replica, suspend, flush_scripts, send_kill_horse, send_stop_job]

    # ---- the run

    def tend(self):
        """Start what has ended; measure what lives."""
        for worker in self.workers:
            if worker.process and worker.alive():
                self.measure(worker)
                continue
            if worker.process:
                self.ended(worker)
            worker.start()

    def ended(self, worker):
        status = worker.process.wait()
        worker.log.close()
        # 1 and 4: it found Redis suspended, full or read-only when it started, says so and leaves.
        early = "started with PID" not in Path(worker.log.name).read_text(errors="replace")
        if early and status in (-signal.SIGINT, -signal.SIGTERM):
            return  # it had no time to care for signals
        if status not in (0, 1, 4, -signal.SIGKILL):
            self.statuses.append(f"{worker.names[0]} ended with status {status}")

    def measure(self, worker):
        try:
            count = len(os.listdir(f"/proc/{worker.process.pid}/fd"))
        except OSError:
            return
        if count > worker.most_descriptors:
            self.statuses.append(f"{worker.names[0]} has {count} open descriptors")

    def find_abandoned(self):
        for queue in QUEUES:
            for member in self.server.call("ZRANGE", f"rq:wip:{queue}", 0, -1):
                name = self.server.call("HGET", b"rq:execution:" + member, "worker_name")
                if name and name.decode() in self.dead:
                    self.server.call("ZADD", f"rq:wip:{queue}", "XX", 1, member)

    def run(self, seconds, only):
        faults = [fault for fault in self.faults if not only or fault.__name__ in only]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            self.enqueue(self.random.choice([0, 1, 1, 5, 40]))
            if self.random.random() < 0.6:
                self.random.choice(faults)(self)
            self.find_abandoned()
            time.sleep(self.random.random() * 0.1)

    def settled(self):
        self.tend()
        self.find_abandoned()
        return not any(self.server.call("LLEN", f"rq:queue:{queue}") or self.server.call("ZCARD", f"rq:wip:{queue}")
                       for queue in QUEUES)

    def settle(self):
        wait_until(self.settled, "every job has ended", must=False)

    def stop(self):
        for worker in self.workers:
            if worker.alive():
                worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers:
            try:
                worker.process.wait(30)
            except subprocess.TimeoutExpired:
                self.statuses.append(f"{worker.names[0]} does not stop")
                worker.process.kill()
            self.ended(worker)

    # ---- what must hold, one function a sentence; each returns what is wrong

    def every_job_is_in_exactly_one_place(self):
        places = collections.defaultdict(list)
        for queue in QUEUES:
            for job_id in self.server.call("LRANGE", f"rq:queue:{queue}", 0, -1):
                places[job_id.decode()].append("queued")
            for member in self.server.call("ZRANGE", f"rq:wip:{queue}", 0, -1):
                places[member.decode().split(":")[0]].append("started")
            for place in ("finished", "failed", "scheduled", "deferred", "canceled"):
                for job_id in self.server.call("ZRANGE", f"rq:{place}:{queue}", 0, -1):
                    places[job_id.decode()].append(place)
        for job_id in self.jobs:
            status = self.status(job_id)
            expected = "failed" if status == "stopped" else status
            if places[job_id] != [expected] or expected not in ("finished", "failed"):
                yield f"{job_id} is {status} and in {places[job_id] or 'no place'}"

    def no_job_ran_more_often_than_it_may(self):
        begun, ended = self.runs()
        for job_id, retries in self.jobs.items():
            if begun[job_id] > 1 + retries:
                yield f"{job_id} was begun {begun[job_id]} times"
            if ended[job_id] > 1 + retries:
                yield f"{job_id} was ended {ended[job_id]} times"

    def a_finished_job_ran_to_its_end_and_has_one_result(self):
        _, ended = self.runs()
        for job_id in self.jobs:
            results = [fields[b"type"] for fields in self.results(job_id)]
            if self.status(job_id) == "finished" and (not ended[job_id] or results.count(b"1") != 1):
                yield f"{job_id} is finished, ended {ended[job_id]} times, with results {results}"

    def a_job_failed_only_because_something_of_it_was_killed(self):
        killed = 0
        for job_id in self.jobs:
            status = self.status(job_id)
            if status not in ("failed", "stopped"):
                continue
            texts = [zlib.decompress(base64.b64decode(fields[b"exc_string"])).decode() for fields in self.results(job_id)
                     if fields[b"type"] == b"2"]
            last = texts[-1] if texts else ""
            if status == "stopped" and job_id in self.stopped and last.startswith("Job stopped by user"):
                continue
            if len(texts) != 1 or not ("Work-horse terminated unexpectedly" in last or "AbandonedJobError" in last):
                yield f"{job_id} {status} with {texts}"
            killed += 1
        if killed > self.may_die:
            yield f"{killed} jobs lost their horse, and at most {self.may_die} may have"

    def every_worker_ended_as_it_should_and_kept_its_descriptors(self):
        yield from self.statuses
        for log in sorted(Path(self.folder).glob("soak-*.log")):
            for line in log.read_text(errors="replace").splitlines():
                if "AddressSanitizer" in line or "runtime error:" in line or "LeakSanitizer" in line:
                    yield f"{log.name}: {line}"

    checks = [every_job_is_in_exactly_one_place, no_job_ran_more_often_than_it_may,
              a_finished_job_ran_to_its_end_and_has_one_result, a_job_failed_only_because_something_of_it_was_killed,
              every_worker_ended_as_it_should_and_kept_its_descriptors]

    def status(self, job_id):
        return (self.server.call("HGET", f"rq:job:{job_id}", "status") or b"(gone)").decode()

    def results(self, job_id):
        return [dict(zip(fields[::2], fields[1::2])) if isinstance(fields, list) else fields
                for _, fields in self.server.call("XRANGE", f"rq:results:{job_id}", "-", "+")]

    def runs(self):
        begun, ended = collections.Counter(), collections.Counter()
        for line in Path(self.record).read_text().splitlines():
            kind, job_id = line.split()
            (begun if kind == "begin" else ended)[job_id] += 1
        return begun, ended


def wait_until(condition, what, must=True):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            if must:
                raise SystemExit(f"soak: waited {PATIENCE_S} s in vain until {what}")
            print(f"waited {PATIENCE_S} s in vain until {what}")
            return
        time.sleep(0.05)


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def report(soak, seed):
    passed = failed = 0
    for check in soak.checks:
        wrong = list(check(soak))
        name = check.__name__.replace("_", " ")
        if wrong:
            failed += 1
            print(f"FAILED (seed {seed}): {name}")
            for line in wrong[:20]:
                print(f"    {line}")
        else:
            passed += 1
            print(f"ok: {name}")
    outcomes = collections.Counter(soak.status(job_id) for job_id in soak.jobs)
    print(f"{len(soak.jobs)} jobs: {dict(outcomes)}; {sum(worker.round for worker in soak.workers)} workers started")
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", default="", help="names of faults, by comma")
    parser.add_argument("--keep", action="store_true", help="the folder, also when all is well")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="cq-soak.")
    passed, failed = 0, 1
    print(f"seed {args.seed}, {folder}", flush=True)
    soak = Soak(folder, args.seed)
    try:
        soak.run(args.seconds, args.only.split(",") if args.only else [])
        soak.settle()
        soak.stop()
        passed, failed = report(soak, args.seed)
    finally:
        for worker in soak.workers:
            if worker.process and worker.alive():
                worker.process.kill()
                worker.process.wait()
        soak.server.process.kill()
        soak.server.process.wait()
        if not failed and not args.keep:
            shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
