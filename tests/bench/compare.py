"""Run every row in alternating rounds, and print the table, ratios and goals. usage: compare.py FOLDER ROW...
(see run.sh)"""

import os
import sys
import time

from measure import measure
from report import report
from rows import chosen
from server import Server


def number(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise SystemExit(f"bench: {name}={text} is not a number of at least 1")
    return int(text)


def say(what):
    """A line that the next one replaces, for who watches."""
    if sys.stderr.isatty():
        print("\r" + what.ljust(80) + ("" if what else "\r"), end="", file=sys.stderr, flush=True)


def main():
    folder, rows, rounds, limit_s = (
        sys.argv[1],
        chosen(sys.argv[2:]),
        number("BENCH_ROUNDS", 3),
        60 * number("BENCH_MINUTES", 8),
    )
    start = time.monotonic()
    server = Server(folder)
    try:
        results = {row.name: [] for row in rows}
        done = 0
        while done < rounds and (time.monotonic() - start) * (done + 1) <= limit_s * max(
            done, 1
        ):  # the next one is as long as those before it
            for row in rows:
                say(f"round {done + 1} of {rounds}: {row.title}")
                results[row.name].append(measure(server, row, folder))
            done += 1
        say("")
        print(
            f"{done} round{'s' if done > 1 else ''}, {os.cpu_count()} cores, Redis {server.version} on a "
            f"Unix socket, CPython {sys.version.split()[0]}, one worker at a time\n"
        )
        print(report(rows, results))
        print(f"\nmeasured in {time.monotonic() - start:.0f} s")
    finally:
        server.stop()


main()
