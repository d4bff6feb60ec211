"""Run every row in alternating rounds, and print medians, ratios and goals. usage: compare.py FOLDER (see run.sh)"""

import os
import statistics
import sys

import measure

GOALS = {
    "rate": [("cq", "rq", 30), ("cq-reuse", "rq-simple", 15)],  # at least so many times the jobs per second
    "p50": [("cq", "rq", 10)],                                  # at most this part of the latency
}
IDLE_GOAL_KB, SLOT_GOAL_KB = 6 * 1024, 512
MORE_SLOTS = 8


def number(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise SystemExit(f"bench: {name}={text} is not a number of at least 1")
    return int(text)


def chosen_rows():
    names = os.environ.get("BENCH_ROWS", "cq rq cq-reuse rq-simple").split()
    for name in names:
        if name not in measure.ROWS:
            raise SystemExit(f"bench: BENCH_ROWS: no row {name}; there are {' '.join(measure.ROWS)}")
    return [measure.ROWS[name] for name in names]


def percentile(samples, share):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def say(what):
    """A line that the next one replaces, for who watches."""
    if sys.stderr.isatty():
        print("\r" + what.ljust(60) + ("" if what else "\r"), end="", file=sys.stderr, flush=True)


def run(server, folder, rows, jobs, rounds):
    """For each row, by round: the throughput's results, and the latencies."""
    per_job = {row.name: [] for row in rows}
    latencies = {row.name: [] for row in rows}
    for turn in range(rounds):
        for row in rows:
            say(f"round {turn + 1} of {rounds}: {row.title}")
            per_job[row.name].append(measure.throughput(server, row, folder, max(50, int(jobs * row.part))))
            latencies[row.name].append(measure.latency(server, row, folder))
    say("")
    return per_job, latencies


def summary(server, folder, rows, per_job, latencies):
    table = {}
    for row in rows:
        median = lambda name: statistics.median(result[name] for result in per_job[row.name])
        together = [sample for samples in latencies[row.name] for sample in samples]
        table[row.name] = {
            "rate": median("rate"), "cpu_ms": 1000 * median("cpu_s"), "redis_ms": 1000 * median("redis_cpu_s"), "commands": median("commands"),
            "reads": median("reads"), "bytes": median("bytes"), "p50": 1000 * percentile(together, 0.5),
            "p99": 1000 * percentile(together, 0.99), "idle_kb": measure.idle_kb(server, row, folder),
            "rates": [result["rate"] for result in per_job[row.name]],
            "p50s": [percentile(samples, 0.5) for samples in latencies[row.name]],
        }
    return table


def ratio(above, below):
    """The median of the rounds' ratios: what slows the machine down for a while slows both sides of a round."""
    return statistics.median(one / other for one, other in zip(above, below))


def show(rows, table):
    print(f"{'':26}{'jobs/s':>9}{'CPU ms':>9}{'Redis ms':>10}{'commands':>10}{'reads':>7}{'bytes':>8}{'p50 ms':>9}{'p99 ms':>9}{'idle MB':>9}")
    for row in rows:
        line = table[row.name]
        print(f"{row.title:26}{line['rate']:9.0f}{line['cpu_ms']:9.3f}{line['redis_ms']:10.3f}{line['commands']:10.1f}{line['reads']:7.1f}"
              f"{line['bytes']:8.0f}{line['p50']:9.2f}{line['p99']:9.2f}{line['idle_kb'] / 1024:9.1f}")
    print("CPU ms, Redis ms, commands, reads and bytes are per job: of the worker with all its processes; of redis-server; commands counted by\n"
          "Redis, those inside scripts too; reads from sockets, about its round trips; in and out. Latency: enqueue to result, worker waiting.")


def goal(text, value, unit, wanted, met):
    print(f"  {text:52}{value:8.2f} {unit:5} goal {wanted:10} {'met' if met else 'MISSED'}")


def show_goals(server, folder, table):
    print("\nratios, medians over the rounds")
    for ours, theirs, times in GOALS["rate"]:
        if ours in table and theirs in table:
            value = ratio(table[ours]["rates"], table[theirs]["rates"])
            goal(f"jobs/s, {measure.ROWS[ours].title} / {measure.ROWS[theirs].title}", value, "times", f">= {times}", value >= times)
    for ours, theirs, times in GOALS["p50"]:
        if ours in table and theirs in table:
            value = ratio(table[theirs]["p50s"], table[ours]["p50s"])
            goal(f"p50, {measure.ROWS[theirs].title} / {measure.ROWS[ours].title}", value, "times", f">= {times}", value >= times)
    for ours, theirs in (("cq", "rq"), ("cq-reuse", "rq-simple")):
        if ours in table and theirs in table:
            for name, text in (("cpu_ms", "CPU"), ("redis_ms", "Redis CPU"), ("commands", "commands"), ("bytes", "bytes")):
                print(f"  {text + ', ' + measure.ROWS[theirs].title + ' / ' + measure.ROWS[ours].title:52}{table[theirs][name] / table[ours][name]:8.2f} times")
    for name in ("cq", "cq-reuse"):
        if name in table:
            row = measure.ROWS[name]
            idle = table[name]["idle_kb"]
            goal(f"idle PSS, {row.title}", idle / 1024, "MB", "<= 6", idle <= IDLE_GOAL_KB)
            slot = (measure.idle_kb(server, row, folder, "--num-workers", str(1 + MORE_SLOTS)) - idle) / MORE_SLOTS
            goal(f"each further slot, {row.title}", slot / 1024, "MB", "<= 0.5", slot <= SLOT_GOAL_KB)


def main():
    folder, rows = sys.argv[1], chosen_rows()
    jobs, rounds = number("BENCH_JOBS", 20000), number("BENCH_ROUNDS", 5)
    server = measure.Server(folder)
    try:
        server.prepare()
        redis_version = server.connection.info("server")["redis_version"]
        print(f"no-op job, {rounds} rounds, {os.cpu_count()} cores, Redis {redis_version} on a Unix socket, one worker at a time")
        table = summary(server, folder, rows, *run(server, folder, rows, jobs, rounds))
        show(rows, table)
        show_goals(server, folder, table)
    finally:
        server.stop()


main()
