"""What a job costs in each of cq's processes: page faults and processor time of the worker, the stable and a
forked horse.

usage: fork_faults.py [ROW] [--function noop] [--jobs 500] [--options "..."]; ROW as in rows.py (py-rq);
CQ=path of cq (build/cq). For an application of one's own: --module NAME --path FOLDER, a function without
arguments. Run it with build/venv-bench/bin/python -B.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ["CQ"] = os.path.realpath(os.environ.get("CQ") or HERE.parent.parent / "build/cq")

from measure import Run  # noqa: E402
from processes import Usage, pss_kb, tree_usage, usage  # noqa: E402
from rows import ROWS  # noqa: E402
from server import Server  # noqa: E402


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def parts(worker):
    """Usage so far of the worker, its stables, and their horses (living and gone)."""
    own, _ = usage(worker)
    stables, horses = Usage(), Usage()
    for stable in children(worker):
        itself, gone = usage(stable)
        stables += itself
        horses += gone
        for horse in children(stable):
            horses += tree_usage(horse)
    return {"worker": own, "stable": stables, "horse": horses}


def warm_horses(worker):
    """Usage of each horse that was forked ahead and has had no job, with its memory."""
    waiting = [horse for stable in children(worker) for horse in children(stable)]
    return [(usage(horse)[0], pss_kb(horse)) for horse in waiting]


def show(name, used, jobs, note=""):
    print(f"{name:24}{used.minor_faults / jobs:9.1f}{1000 * used.cpu_s / jobs:10.3f}  {note}")


def profile(run, function, jobs):
    run.until_idle()
    run.batch(function, 100)
    before = parts(run.process.pid)
    ends = sorted(run.batch(function, jobs))
    after = parts(run.process.pid)
    print(f"{run.row.title}, {function}, {jobs} jobs, {(jobs - 1) / (ends[-1] - ends[0]):.0f} jobs/s\n")
    print(f"{'per job':24}{'faults':>9}{'CPU ms':>10}")
    for name in after:
        show(name, after[name] - before[name], jobs)
    show("all", sum((after[name] - before[name] for name in after), Usage()), jobs)
    warm = warm_horses(run.process.pid)
    if warm:
        total = sum((used for used, _ in warm), Usage())
        print()
        show(
            "a horse before its job",
            total,
            len(warm),
            f"{sum(kb for _, kb in warm) / len(warm) / 1024:.2f} MB PSS, mean of {len(warm)} that wait",
        )


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "row",
        nargs="?",
        default="py-rq",
        choices=[name for name, row in ROWS.items() if row.system in ("cq", "native")],
    )
    parser.add_argument("--function", default="noop")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--options", default="", help="more options of cq worker")
    parser.add_argument("--module", help="an application of one's own")
    parser.add_argument("--path", help="the folder that it is in")
    return parser.parse_args()


def main():
    asked = arguments()
    row = ROWS[asked.row]
    row = replace(row, module=asked.module or row.module, options=(*row.options, *shlex.split(asked.options)))
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/native")
        subprocess.run(
            [
                "cc",
                "-D_GNU_SOURCE",
                "-O2",
                "-shared",
                "-fPIC",
                f"-I{HERE.parent.parent}/runtime",
                "-o",
                f"{folder}/native/bench.so",
                HERE / "jobs/bench.c",
            ],
            check=True,
        )
        shutil.copytree(HERE / "jobs", f"{folder}/jobs")
        if asked.path:
            shutil.copytree(asked.path, f"{folder}/jobs", dirs_exist_ok=True)
        server = Server(folder)
        try:
            run = Run(server, row, folder, [asked.function])
            try:
                profile(run, asked.function, asked.jobs)
            except SystemExit as fault:
                raise SystemExit(
                    f"{fault}\n{Path(row.log(folder)).read_text(errors='replace')[-3000:]}"
                ) from None
            finally:
                run.stop()
        finally:
            server.stop()


main()
