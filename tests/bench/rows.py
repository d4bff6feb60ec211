"""The kinds of worker that are compared, and how each is started."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
CQ = os.environ["CQ"]

BARE, WITH_RQ, PANDAS, DJANGO = "bench", "bench_rq", "bench_pandas", "bench_django"
APPLICATION = {BARE: "bare", WITH_RQ: "imports rq", PANDAS: "imports pandas", DJANGO: "Django"}

# Jobs in a batch, the same number for all rows that are compared with each other.
BATCHES = {
    "horse": {"noop": 250, "nap": 80},
    "reuse": {"noop": 800, "nap": 120},
    "eight": {"noop": 500, "nap": 400},
}


@dataclass
class Row:
    name: str
    what: str  # the worker
    module: str  # the application
    system: str  # cq, native, rq, pool or celery
    kind: str  # which rows it is compared with: a key of BATCHES
    slots: int = 1
    options: tuple = ()
    # RQ's own command imports the application in each horse anew; an imported one is what RQ's manual advises
    preloaded: bool = True
    loads: tuple = ("noop", "nap")

    def batch(self, function):
        """Jobs at once; a tenth where each of them takes as long as an import."""
        count = BATCHES[self.kind][function]
        return count if self.preloaded else count // 10

    @property
    def title(self):
        return (
            f"{self.what}, {APPLICATION.get(self.module, self.module)}"
            if self.system != "native"
            else self.what
        )

    @property
    def waiters(self):
        """Blocked connections of the worker when it is idle."""
        return self.slots if self.system in ("rq", "pool") else 1

    def argv(self, server, folder):
        if self.system == "celery":
            return [
                str(BIN / "celery"),
                "-A",
                "bench_celery",
                "worker",
                "-P",
                "prefork",
                "-c",
                str(self.slots),
                "-l",
                "WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        common = ["--url", server.url, "--quiet", *self.options]
        if self.system == "native":
            return [CQ, "worker", *common, "--path", f"{folder}/native", *self.many(), "default"]
        if self.system == "cq":
            return [
                CQ,
                "worker",
                *common,
                "--path",
                f"{folder}/jobs",
                "--python",
                str(BIN / "python"),
                "--preload",
                self.module,
                *self.many(),
                "default",
            ]
        rq = [str(BIN / "rq")]
        if self.preloaded and self.module not in (BARE, WITH_RQ):
            rq = [
                str(BIN / "python"),
                "-c",
                f"import sys; sys.argv[0] = 'rq'; import {self.module}; from rq.cli import main; main()",
            ]
        words = ["worker-pool", "--num-workers", str(self.slots)] if self.system == "pool" else ["worker"]
        return [*rq, *words, *common, "--path", f"{folder}/jobs", "default"]

    def many(self):
        return ["--num-workers", str(self.slots)] if self.slots > 1 else []

    def start(self, server, folder):
        env = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("REDIS", "RQ_", "CQ_", "CELERY", "PYTHON"))
        }
        env.update(BENCH_CELERY_URL=server.celery_url, C_FORCE_ROOT="1")
        with open(self.log(folder), "wb") as log:
            return subprocess.Popen(
                self.argv(server, folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=f"{folder}/jobs",
            )

    def log(self, folder):
        return f"{folder}/{self.name}.log"


SIMPLE = ("--worker-class", "rq.worker.SimpleWorker")
REUSE = ("--reuse-horses",)

ROWS = {
    row.name: row
    for row in (
        Row("cq", "cq, C functions", BARE, "native", "horse"),
        Row("cq-9", "cq -n 9, C functions", BARE, "native", "horse", 9, loads=()),
        Row("cq-reuse", "cq --reuse-horses, C functions", BARE, "native", "reuse", 1, REUSE),
        Row("cq-reuse-9", "cq -n 9 --reuse-horses, C functions", BARE, "native", "reuse", 9, REUSE, loads=()),
        Row("cq-8", "cq -n 8, C functions", BARE, "native", "eight", 8),
        Row("cq-8-reuse", "cq -n 8 --reuse-horses, C functions", BARE, "native", "eight", 8, REUSE),
        Row("rq", "RQ Worker", BARE, "rq", "horse"),
        Row("py", "cq, Python", BARE, "cq", "horse"),
        Row("rq-rq", "RQ Worker", WITH_RQ, "rq", "horse"),
        Row("py-rq", "cq, Python", WITH_RQ, "cq", "horse"),
        Row("rq-pandas", "RQ Worker (preloaded)", PANDAS, "rq", "horse"),
        Row("rq-pandas-plain", "RQ Worker", PANDAS, "rq", "horse", preloaded=False),
        Row("py-pandas", "cq, Python", PANDAS, "cq", "horse"),
        Row("rq-django", "RQ Worker (preloaded)", DJANGO, "rq", "horse"),
        Row("rq-django-plain", "RQ Worker", DJANGO, "rq", "horse", preloaded=False),
        Row("py-django", "cq, Python", DJANGO, "cq", "horse"),
        Row("rq-simple", "RQ SimpleWorker", BARE, "rq", "reuse", 1, SIMPLE),
        Row("celery", "Celery -c 1", BARE, "celery", "reuse"),
        Row("py-reuse", "cq --reuse-horses, Python", BARE, "cq", "reuse", 1, REUSE),
        Row("rq-simple-rq", "RQ SimpleWorker", WITH_RQ, "rq", "reuse", 1, SIMPLE),
        Row("py-reuse-rq", "cq --reuse-horses, Python", WITH_RQ, "cq", "reuse", 1, REUSE),
        Row("py-reuse-pandas", "cq --reuse-horses, Python", PANDAS, "cq", "reuse", 1, REUSE),
        Row("pool-8", "rq worker-pool -n 8", BARE, "pool", "eight", 8),
        Row("celery-8", "Celery -c 8", BARE, "celery", "eight", 8),
        Row("py-8", "cq -n 8, Python", BARE, "cq", "eight", 8),
        Row("py-8-reuse", "cq -n 8 --reuse-horses, Python", BARE, "cq", "eight", 8, REUSE),
        Row("pool-8-rq", "rq worker-pool -n 8", WITH_RQ, "pool", "eight", 8),
        Row("py-8-rq", "cq -n 8, Python", WITH_RQ, "cq", "eight", 8),
        Row("pool-8-pandas", "rq worker-pool -n 8 (preloaded)", PANDAS, "pool", "eight", 8),
        Row("pool-8-pandas-plain", "rq worker-pool -n 8", PANDAS, "pool", "eight", 8, preloaded=False),
        Row("py-8-pandas", "cq -n 8, Python", PANDAS, "cq", "eight", 8),
        Row("pool-8-django", "rq worker-pool -n 8 (preloaded)", DJANGO, "pool", "eight", 8),
        Row("py-8-django", "cq -n 8, Python", DJANGO, "cq", "eight", 8),
    )
}

NATIVE = ["cq", "cq-9", "rq", "cq-reuse", "cq-reuse-9", "rq-simple"]
PYTHON = [
    "rq",
    "py",
    "rq-rq",
    "py-rq",
    "rq-pandas",
    "py-pandas",
    "rq-simple",
    "celery",
    "py-reuse",
    "py-reuse-rq",
    "py-reuse-pandas",
    "pool-8",
    "celery-8",
    "py-8",
    "py-8-reuse",
    "pool-8-rq",
    "py-8-rq",
    "pool-8-pandas",
    "py-8-pandas",
]
GROUPS = {
    "native": NATIVE,
    "python": PYTHON,
    "default": NATIVE[:2] + NATIVE[3:5] + PYTHON,
    "django": ["rq-django", "rq-django-plain", "py-django", "pool-8-django", "py-8-django"],
    "plain": ["rq-pandas-plain", "py-pandas", "pool-8-pandas-plain", "py-8-pandas"],
    "horse": [row.name for row in ROWS.values() if row.kind == "horse" and row.name in PYTHON],
    "reuse": [row.name for row in ROWS.values() if row.kind == "reuse" and row.name in PYTHON],
    "eight": [row.name for row in ROWS.values() if row.kind == "eight" and row.name in PYTHON],
    "all": list(ROWS),
}


def chosen(words):
    """The rows of these names and groups, each once, in the table's order."""
    names = set()
    for word in words:
        if word not in ROWS and word not in GROUPS:
            raise SystemExit(
                f"bench: ROWS: no row or group {word}; groups: {' '.join(GROUPS)}; rows: {' '.join(ROWS)}"
            )
        names.update(GROUPS.get(word, [word]))
    return [row for row in ROWS.values() if row.name in names]
