"""When schedules are due: cq beside croniter, the package by which RQ reads the `cron=` of its
configurations.

Thousands of random expressions in each reading. RQ's reading is to be croniter's, in UTC, which is RQ's zone.
A plain file's reading is Vixie's cron's; where it means to differ is said at each test, and that it differs
nowhere else is what is tested.
"""

import json
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

import stage as staging

COUNT = 450  # of jobs in one run of cq
TIMES = 4
NAMES = {
    3: "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    4: "sun mon tue wed thu fri sat".split(),
}
BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6), (0, 59)]


def value(rng, kind, number):
    if kind in NAMES and rng.random() < 0.3:
        name = NAMES[kind][number - BOUNDS[kind][0]]
        return rng.choice([name, name.upper(), name.title()])
    return str(number)


def item(rng, kind, wraps):
    low, high = BOUNDS[kind]
    a, b = rng.randint(low, high), rng.randint(low, high)
    if not wraps or rng.random() < 0.8:
        a, b = min(a, b), max(a, b)
    step = rng.randint(1, 12)
    first, last = value(rng, kind, a), value(rng, kind, b)
    shapes = [first, first, f"*/{step}", f"{first}/{step}"]
    if wraps or a != b:  # a-a is a in a crontab, and the whole range to croniter
        shapes.append(f"{first}-{last}")
    if (
        a < b
        # croniter starts one too late when a step goes past the end of a range that wraps: 50-10/15 is 50, 6
        # there
    ):
        shapes.append(f"{first}-{last}/{step}")
    return rng.choice(shapes)


def field(rng, kind, wraps):
    if rng.random() < 0.45:
        return "*"
    return ",".join(item(rng, kind, wraps) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def expressions(seed, count, wraps=False, special=False):
    rng = random.Random(seed)
    found = []
    while len(found) < count:
        fields = [field(rng, kind, wraps) for kind in range(6 if special and rng.random() < 0.2 else 5)]
        if special and rng.random() < 0.15:
            fields[2] = rng.choice(["L", "15W", "1W", "W31", "?", "20-L", "5,L"])
        if special and rng.random() < 0.15:
            fields[4] = rng.choice(["mon#2", "L5", "?", "fri#1,sun#3", "7", "5-7"])
        # croniter keeps `#` and `W` beside the other field's days as an intersection, cq as the rest of its
        # rule says
        if any(letter in fields[2] + fields[4] for letter in "#LWlw"):
            fields[4 if "L" in fields[2] or "W" in fields[2] else 2] = "*"
        text = " ".join(fields)
        try:
            croniter(text, datetime(2026, 1, 1)).get_next()
        except ValueError:  # never due, or unknown
            continue
        found.append(text)
    return found


def ask_cq(folder, name, start, python=sys.executable):
    """{job: [times]}, in the order of the file."""
    argv = [
        staging.CQ,
        "cron",
        name,
        "--python",
        python,
        "--next",
        str(TIMES),
        "--json",
        "--from",
        f"{start:%Y-%m-%dT%H:%M:%S}Z",
    ]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [
        [
            datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
            for time in json.loads(line)["next"]
        ]
        for line in done.stdout.splitlines()
    ]


def of_croniter(text, start, **options):
    times = croniter(text, start, ret_type=datetime, **options)
    return [times.get_next().astimezone(timezone.utc) for _ in range(TIMES)]


@pytest.mark.parametrize("seed", [1, 2])
def test_rqs_reading_is_croniters(tmp_path, seed):
    texts = expressions(seed, COUNT, wraps=True, special=True)
    (tmp_path / "tasks.py").write_text("def work(): pass\n")
    (tmp_path / "config.py").write_text(
        "from rq import cron\nfrom tasks import work\n"
        + "".join(f"cron.register(work, 'q', cron={text!r})\n" for text in texts)
    )
    start = datetime(2026, 1, 31, 22, 17, 5, tzinfo=timezone.utc) + timedelta(days=97 * seed)
    for text, times in zip(texts, ask_cq(tmp_path, "config.py", start)):
        assert times == of_croniter(text, start), text


def test_a_files_reading_is_croniters_but_for_the_rule_of_days(tmp_path):
    """Vixie's rule asks whether the day of the month or of the week begins with a star, croniter's whether it
    is one."""
    texts = expressions(3, COUNT)
    (tmp_path / "file.cron").write_text("CRON_TZ=UTC\n" + "".join(f"{text} work\n" for text in texts))
    start = datetime(2026, 3, 3, 3, 3, 3, tzinfo=timezone.utc)
    differ = 0
    for text, times in zip(texts, ask_cq(tmp_path, "file.cron", start)):
        assert times == of_croniter(text, start, implement_cron_bug=True), text
        differ += times != of_croniter(text, start)
    assert differ > 0  # the rule is another one


def odd_field(rng, kind):
    special = {
        2: ["L", "W", "15W", "W15", "LW", "L-3", "1-L", "L/2", "?"],
        4: ["L5", "Lfri", "5L", "mon#2", "MON#6", "1#1", "L", "fri#L", "7", "mon-fri#2", "?"],
    }
    low, high = BOUNDS[kind]
    number = rng.choice(["", "0"]) + value(rng, kind, rng.randint(low, high))
    return rng.choice(
        [
            number,
            number,
            "*",
            f"*/{rng.choice([1, 7, 61, 999])}",
            f"{number}-{value(rng, kind, rng.randint(low, high))}/{rng.choice([1, 40])}",
            f"{number}/{rng.randint(1, 99)}",
            *special.get(kind, []),
        ]
    )


def test_what_a_file_may_say_croniter_reads_too(tmp_path):
    """Else RQ's CronScheduler.all() would stumble over what our scheduler shows, and show none."""
    rng = random.Random(5)
    texts = [
        " ".join(",".join(odd_field(rng, kind) for _ in range(rng.choice([1, 1, 2]))) for kind in range(5))
        for _ in range(120)
    ]
    while True:
        (tmp_path / "odd.cron").write_text("".join(f"{text} work\n" for text in texts))
        done = subprocess.run(
            [staging.CQ, "cron", "odd.cron", "--check"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode == 0:
            break
        del texts[int(done.stderr.split("odd.cron:")[1].split(":")[0]) - 1]
    assert len(texts) > 30
    for text in texts:
        croniter(text, datetime(2026, 1, 1))


ZONES = [
    ("Europe/Berlin", datetime(2026, 3, 28, 20)),
    ("Europe/Berlin", datetime(2026, 10, 24, 20)),
    ("America/New_York", datetime(2026, 3, 7, 20)),
    ("America/New_York", datetime(2026, 10, 31, 20)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 10)),
    ("America/Santiago", datetime(2026, 9, 5, 20)),
    ("Asia/Kolkata", datetime(2026, 3, 28, 20)),
]


@pytest.mark.parametrize("zone,start", ZONES)
def test_zones_are_croniters_but_around_a_change_of_the_clocks(tmp_path, zone, start):
    """croniter leaves out what the clocks skip when the hour is `*`, moves other times to the end of the gap,
    and repeats fixed times that the clocks show twice; a file's fixed times are moved by the gap and are due
    once."""
    info = ZoneInfo(zone)
    aware = start.replace(tzinfo=info)
    texts = [
        f"{minute} {hour} * * *"
        for minute in ("0", "30", "*/20", "7-50/11", "*")
        for hour in ("*", "*/2", "1", "2", "3", "0-4", "23,1")
    ]
    texts += [text for text in expressions(4, 100) if text.split()[2:] == ["*"] * 3]
    (tmp_path / "file.cron").write_text(f"CRON_TZ={zone}\n" + "".join(f"{text} work\n" for text in texts))
    changed = False
    for text, times in zip(
        texts, ask_cq(tmp_path, "file.cron", aware.astimezone(timezone.utc).replace(tzinfo=timezone.utc))
    ):
        theirs = of_croniter(text, aware)
        offsets = {
            (aware + timedelta(hours=hours)).astimezone(timezone.utc).astimezone(info).utcoffset()
            for hours in range(-3, 30)
        }
        for ours, other in zip(times, theirs):
            if ours != other:
                near = [
                    (when + timedelta(hours=hours)).astimezone(info).utcoffset()
                    for when in (ours, other)
                    for hours in (-3, 0, 3)
                ]
                assert len(set(near)) > 1, (text, times, theirs)
                changed = True
                break
    assert len(offsets) > 1 or not changed
