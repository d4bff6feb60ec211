"""The table and the goals' lines, out of the rounds' results."""

import statistics
from dataclasses import dataclass
from typing import Optional

from rows import ROWS

MB = 1024


def percentile(samples, share):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def look_up(result, path):
    """result["noop"]["rate"] for "noop.rate"."""
    for name in path.split("."):
        result = result[name]
    return result


def ratio(rounds, above, below, path):
    """The median of the rounds' ratios: what slows the machine down for a while slows both sides of a
    round."""
    return statistics.median(
        look_up(one, path) / look_up(other, path) for one, other in zip(rounds[above], rounds[below])
    )


@dataclass
class Goal:
    what: str
    path: str  # of the value that is compared
    above: str  # the rows whose ratio it is
    below: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None

    def line(self, rounds):
        value = ratio(rounds, self.above, self.below, self.path)
        met = value >= self.at_least if self.at_least is not None else value <= self.at_most
        wanted = f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"
        return goal_line(
            f"{self.what}: {ROWS[self.above].title} / {ROWS[self.below].title}", value, "times", wanted, met
        )


def goal_line(text, value, unit, wanted, met):
    return f"  {text:100}{value:8.2f} {unit:5} goal {wanted:7} {'met' if met else 'MISSED'}"


GOALS = (
    Goal("jobs/s", "noop.rate", "cq", "rq", at_least=30),
    Goal("jobs/s", "noop.rate", "cq-reuse", "rq-simple", at_least=15),
    Goal("p50", "p50", "rq", "cq", at_least=10),
    Goal("jobs/s", "noop.rate", "py", "rq", at_least=10),
    Goal("jobs/s", "noop.rate", "py-rq", "rq-rq", at_least=4),
    Goal("jobs/s", "noop.rate", "py-reuse", "rq-simple", at_least=8),
    Goal("jobs/s", "noop.rate", "py-reuse-rq", "rq-simple", at_least=8),
    Goal("jobs/s", "noop.rate", "py-reuse", "celery", at_least=1),
    Goal("jobs/s", "noop.rate", "py-reuse-rq", "celery", at_least=1),
    Goal("jobs/s", "noop.rate", "py-8-reuse", "celery-8", at_least=1),
    Goal("idle PSS", "idle_kb", "py-8", "pool-8", at_most=0.5),
    Goal("idle PSS", "idle_kb", "py-8-rq", "pool-8-rq", at_most=0.5),
    Goal("idle PSS", "idle_kb", "py-8-pandas", "pool-8-pandas", at_most=0.5),
    Goal("idle PSS", "idle_kb", "py-8-django", "pool-8-django", at_most=0.5),
)

# Nobody asked for these, but readers who compare want to know.
ALSO = (
    ("CPU", "noop.cpu_ms", "rq", "cq"),
    ("Redis CPU", "noop.redis_ms", "rq", "cq"),
    ("commands", "noop.commands", "rq", "cq"),
    ("bytes", "noop.bytes", "rq", "cq"),
    ("CPU", "noop.cpu_ms", "rq-simple", "cq-reuse"),
    ("Redis CPU", "noop.redis_ms", "rq-simple", "cq-reuse"),
    ("jobs/s", "noop.rate", "py-pandas", "rq-pandas"),
    ("jobs/s", "noop.rate", "py-pandas", "rq-pandas-plain"),
    ("jobs/s", "noop.rate", "py-django", "rq-django"),
    ("jobs/s", "noop.rate", "py-django", "rq-django-plain"),
    ("jobs/s", "noop.rate", "py-8", "pool-8"),
    ("jobs/s", "noop.rate", "py-8-rq", "pool-8-rq"),
    ("5 ms jobs/s", "nap.rate", "py-8-rq", "pool-8-rq"),
    ("CPU", "noop.cpu_ms", "rq", "py"),
    ("CPU", "noop.cpu_ms", "rq-rq", "py-rq"),
    ("CPU", "noop.cpu_ms", "rq-simple", "py-reuse"),
    ("CPU", "noop.cpu_ms", "celery", "py-reuse"),
    ("CPU, 5 ms job", "nap.cpu_ms", "rq-rq", "py-rq"),
    ("p50", "p50", "rq", "py"),
    ("p50", "p50", "rq-rq", "py-rq"),
    ("p50", "p50", "celery", "py-reuse"),
    ("p50", "p50", "rq-simple", "py-reuse"),
    ("busy PSS", "busy_kb", "py-8", "pool-8"),
    ("busy PSS", "busy_kb", "py-8-rq", "pool-8-rq"),
    ("busy PSS", "busy_kb", "py-8-pandas", "pool-8-pandas"),
    ("idle PSS", "idle_kb", "py-8-pandas", "pool-8-pandas-plain"),
    ("busy PSS", "busy_kb", "py-8-pandas", "pool-8-pandas-plain"),
)

IDLE_GOAL_KB, SLOT_GOAL_KB = 6 * MB, 512


def native_memory_lines(rounds):
    """The goals of C functions in absolute numbers: a worker, and each further slot of it."""
    for one, nine in (("cq", "cq-9"), ("cq-reuse", "cq-reuse-9")):
        if one not in rounds:
            continue
        idle = statistics.median(result["idle_kb"] for result in rounds[one])
        yield goal_line(f"idle PSS: {ROWS[one].title}", idle / MB, "MB", "<= 6", idle <= IDLE_GOAL_KB)
        if nine in rounds:
            slot = (statistics.median(result["idle_kb"] for result in rounds[nine]) - idle) / 8
            yield goal_line(
                f"each further slot: {ROWS[one].title}", slot / MB, "MB", "<= 0.5", slot <= SLOT_GOAL_KB
            )


COLUMNS = (  # heading, path, factor, format
    ("jobs/s", "noop.rate", 1, "8.0f"),
    ("CPU ms", "noop.cpu_ms", 1, "8.3f"),
    ("faults", "noop.faults", 1, "8.0f"),
    ("Redis", "noop.redis_ms", 1, "7.3f"),
    ("cmds", "noop.commands", 1, "6.1f"),
    ("reads", "noop.reads", 1, "6.1f"),
    ("bytes", "noop.bytes", 1, "7.0f"),
    ("p50 ms", "p50", 1000, "8.2f"),
    ("p99 ms", "p99", 1000, "8.2f"),
    ("5ms j/s", "nap.rate", 1, "9.0f"),
    ("CPU ms", "nap.cpu_ms", 1, "8.3f"),
    ("idle MB", "idle_kb", 1 / MB, "9.1f"),
    ("busy MB", "busy_kb", 1 / MB, "9.1f"),
)


def table_lines(rows, rounds):
    width = max(len(row.title) for row in rows) + 1
    yield " " * width + "".join(f"{heading:>{int(form.split('.')[0])}}" for heading, _, _, form in COLUMNS)
    for row in rows:
        cells = []
        for _, path, factor, form in COLUMNS:
            try:
                if path == "p99":
                    value = percentile(
                        [sample for result in rounds[row.name] for sample in result["latencies"]], 0.99
                    )
                else:
                    value = statistics.median(look_up(result, path) for result in rounds[row.name])
                cells.append(f"{value * factor:{form}}")
            except KeyError:
                cells.append(f"{'-':>{int(form.split('.')[0])}}")
        yield f"{row.title:{width}}" + "".join(cells)


EXPLANATION = """\
jobs/s: a batch of no-op jobs appears on the queue at once, until its last has ended; CPU ms and page faults
are a job's, of the worker with all its processes; Redis: ms of redis-server a job; commands as Redis counts
them, those inside scripts too; reads from sockets, about its round trips; bytes in and out. p50, p99:
enqueueing to the news of the result, worker waiting. 5 ms: the job sleeps so long. MB: proportional set size
of the worker with all its processes, idle after having worked, and with a job in every slot. Medians over the
rounds; p99 of all samples."""


QUIET = 0.1  # of all processors


def quietness(rounds):
    """How much of the machine went to somebody else while batches ran: it costs those most who use all
    processors."""
    shares = [
        result["noop"]["others"] for results in rounds.values() for result in results if "noop" in result
    ]
    if not shares:
        return ""
    usual, worst = 100 * statistics.median(shares), 100 * max(shares)
    text = f"Others used {usual:.0f} % of the processors meanwhile, {worst:.0f} % at the worst"
    return text + (": ratios of such a run say little." if statistics.median(shares) > QUIET else ".")


def report(rows, rounds):
    lines = [
        *table_lines(rows, rounds),
        EXPLANATION,
        quietness(rounds),
        "",
        "goals, as medians of the rounds' ratios",
    ]
    lines += [goal.line(rounds) for goal in GOALS if goal.above in rounds and goal.below in rounds]
    lines += native_memory_lines(rounds)
    also = [
        f"  {f'{what}: {ROWS[above].title} / {ROWS[below].title}':100}"
        f"{ratio(rounds, above, below, path):8.2f} times"
        for what, path, above, below in ALSO
        if above in rounds and below in rounds
    ]
    return "\n".join(lines + (["", "beside the goals", *also] if also else []))
