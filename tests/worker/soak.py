"""A random mix of faults around workers, and at its end a count: each job is in exactly one place, ran as
often as it may, and failed only where its horse or its worker was killed.

usage: CQ=build/cq build/venv/bin/python tests/worker/soak.py [--seconds N] [--seed N] [--only FAULT,FAULT]
[--keep]

The default of 20 seconds is what fits between other tests; an hour finds what they do not. A failure names
the seed, which gives the same faults in the same order (the processes keep their own time), and keeps the
folder with Redis' and the workers' logs. Prints one line per check; the last line is `N passed, N failed`.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

from soak_checks import report
from soak_client import Client, Job, free_locks, is_done
from soak_processes import QUEUES, Server, Worker, kill, wait_until

RETRIES = 2

# Atomic, and twice is once: the soak's own connection is cut as well.
ENQUEUE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SADD', 'rq:queues', KEYS[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('RPUSH', KEYS[2], ARGV[1])
"""


class Soak:
    def __init__(self, folder, seed):
        self.folder = folder
        self.random = random.Random(seed)
        self.record = f"{folder}/record"
        Path(self.record).touch()
        self.server = Server(folder)
        self.workers = [Worker(self, i) for i in range(3)]
        self.jobs = {}  # by id
        self.client = Client(self)
        self.enqueued = 0
        self.dead = set()
        self.stopped = set()
        self.may_die = 0  # jobs whose horse or worker may have been killed
        self.statuses = []
        self.most_descriptors = 0

    # ---- what happens

    def enqueue(self, count):
        for _ in range(count):
            job_id = f"job-{self.enqueued}"
            self.enqueued += 1
            retries = RETRIES if self.random.random() < 0.2 else 0
            queue = self.random.choice(QUEUES)
            work_ms = self.random.choice([0, 0, 0, 1, 5, 20, 100])
            function = self.random.choice(["jobs.trace", "soak_jobs.trace"])  # native, Python
            data = json.dumps([function, None, [self.record, work_ms], {}])
            now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
            fields = {
                "created_at": now,
                "enqueued_at": now,
                "data": data,
                "origin": queue,
                "description": function,
                "timeout": 60,
                "status": "queued",
                "result_ttl": 86400,
            }
            if retries:
                fields.update(retries_left=retries, retry_intervals="[0]")
            self.server.call(
                "EVAL",
                ENQUEUE,
                2,
                f"rq:job:{job_id}",
                f"rq:queue:{queue}",
                job_id,
                *[word for pair in fields.items() for word in pair],
            )
            self.jobs[job_id] = Job(retries)

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
        stables = worker.stables()
        if stables:
            kill(self.random.choice(stables))
            self.may_die += len(worker.names)

    def kill_worker(self):
        worker = self.random.choice(self.workers)
        self.may_die += len(worker.names)
        kill(worker.process.pid)
        worker.killed()

    def stop_worker(self):
        worker = self.random.choice(self.workers)
        worker.process.send_signal(self.random.choice([signal.SIGTERM, signal.SIGINT]))

    def reload(self):
        for _ in range(self.random.choice([1, 1, 2, 5])):
            worker = self.random.choice(self.workers)
            if self.random.random() < 0.5:
                if worker.has_started():
                    worker.process.send_signal(signal.SIGHUP)
            else:
                self.server.call("PUBLISH", f"rq:pubsub:{worker.names[0]}", json.dumps({"command": "reload"}))
            time.sleep(self.random.random() * 0.3)

    def freeze_stable(self):
        stables = self.random.choice(self.workers).stables()
        if stables:
            kill(self.random.choice(stables), signal.SIGSTOP)
            time.sleep(self.random.random())
            for stable in stables:
                kill(stable, signal.SIGCONT)

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
            self.server.call(
                "PUBLISH", f"rq:pubsub:{name}", json.dumps({"command": "stop-job", "job_id": job_id.decode()})
            )

    faults = [
        cut_connections,
        kill_horse,
        kill_stable,
        kill_worker,
        reload,
        freeze_stable,
        stop_worker,
        freeze_worker,
        freeze_redis,
        slow_redis,
        restart_redis,
        hide_redis,
        fill_memory,
        become_replica,
        suspend,
        flush_scripts,
        send_kill_horse,
        send_stop_job,
    ]

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
                self.client.enqueue()
            if self.random.random() < 0.1:
                self.client.cancel()
            if self.random.random() < 0.6:
                self.random.choice(faults)(self)
            self.find_abandoned()
            time.sleep(self.random.random() * 0.1)

    def settled(self):
        self.tend()
        self.find_abandoned()
        free_locks(self)
        return is_done(self) and not any(
            self.server.call("LLEN", f"rq:queue:{queue}") or self.server.call("ZCARD", f"rq:wip:{queue}")
            for queue in QUEUES
        )

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
