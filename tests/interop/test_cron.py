"""cq cron beside RQ's: its own configurations run unchanged, its classes read our keys, workers of both kinds
run the jobs."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rq import Queue, cron_job_registry
from rq.cron import CronScheduler, get_cron_job_ids
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import NOT_JSON_SERIALIZABLE

import stage as staging
from stage import wait_until

pytestmark = pytest.mark.cq_only

TASKS = """
import json
from pathlib import Path


class Point:
    def __init__(self, x):
        self.x = x


def note(*args, **kwargs):
    return [args[0].x if args and isinstance(args[0], Point) else args, sorted(kwargs.items())]


def plain(name='?'):
    return name
"""

CONFIG = """
import sys

from rq import cron
from rq.webhook import Webhook
from tasks import Point, note, plain

print('a configuration may print')
cron.register(note, 'notes', args=(Point(7), {1, 2}), kwargs={'key': b'\\x00'}, interval=1, name='noted')
cron.register(plain, queue_name='plain', kwargs={'name': 'x'}, cron='0 3 * * 1-5', job_timeout='2m',
              result_ttl=11, ttl=3600,
              failure_ttl=44, meta={'by': {'cron'}},
              webhooks=[Webhook('http://localhost:9/x', 'finished', method='POST', headers={'A': 'b'},
                                timeout=3)])
cron.register(plain, 'plain', cron='@daily')
"""


@pytest.fixture
def app(tmp_path):
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "my_cron_config.py").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def cron(stage, app):
    """Start `cq cron` with these arguments; all are ended."""
    running = []

    def start(*arguments):
        log = app / f"cron-{len(running)}.log"
        with open(log, "wb") as out:
            running.append(
                subprocess.Popen(
                    [
                        staging.CQ,
                        "cron",
                        "-u",
                        stage.url,
                        "-l",
                        "DEBUG",
                        "--python",
                        sys.executable,
                        *arguments,
                    ],
                    cwd=app,
                    stdout=out,
                    stderr=out,
                    stdin=subprocess.DEVNULL,
                )
            )
        running[-1].log = log
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait(10)


def call(stage, app, *arguments):
    return subprocess.run(
        [staging.CQ, "cron", "-u", stage.url, "--python", sys.executable, *arguments],
        cwd=app,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_rqs_configuration_runs_unchanged(stage, redis, cron, app):
    process = cron("my_cron_config.py")
    wait_until(lambda: get_cron_job_ids("noted", redis), "a job was enqueued")
    job = Job.fetch(get_cron_job_ids("noted", redis)[0], redis)
    sys.path.insert(0, str(app))
    try:
        assert (job.func_name, job.origin, job.get_status()) == ("tasks.note", "notes", JobStatus.QUEUED)
        assert job.args[0].x == 7 and job.args[1] == {1, 2} and job.kwargs == {"key": b"\x00"}
    finally:
        sys.path.remove(str(app))
        sys.modules.pop("tasks", None)
    assert job.timeout == 180 and job.result_ttl == 500 and job.enqueued_at and job.created_at
    assert process.poll() is None, process.log.read_text()


def test_each_option_of_register_is_as_rq_would_enqueue_it(stage, redis, app):
    """cq's job beside the one that RQ's own CronJob enqueues: the same fields, but for id and times."""
    done = call(stage, app, "my_cron_config", "--trigger", "tasks.plain")
    assert done.returncode == 0, done.stderr
    ours = redis.hgetall(f"rq:job:{done.stdout.split(chr(39))[1]}")
    script = (
        "from redis import Redis; from rq.cron import CronScheduler; import sys; c = "
        "Redis.from_url(sys.argv[1]);"
        "s = CronScheduler(c); s.load_config_from_file('my_cron_config'); "
        "print(s.get_jobs()[1].enqueue(c).id)"
    )
    rq = subprocess.run(
        [sys.executable, "-c", script, stage.url], cwd=app, capture_output=True, text=True, timeout=60
    )
    theirs = redis.hgetall(f"rq:job:{rq.stdout.split()[-1]}")
    for fields in (ours, theirs):
        for name in (b"created_at", b"enqueued_at"):
            assert fields.pop(name)
    assert ours == theirs
    assert ours[b"ttl"] == b"3600" and b"localhost:9" in ours[b"webhooks"]
    assert 0 < redis.ttl(f"rq:job:{done.stdout.split(chr(39))[1]}") <= 3600


def test_rqs_monitoring_reads_the_scheduler(stage, redis, cron, app):
    (app / "more.cron").write_text(
        "CRON_TZ=Europe/Berlin\n*/7,3 22-4 L * *  -q plain --timeout 5m --result-ttl 9 --webhook "
        "finished=http://localhost:9/ tasks.plain x y:=1\n"
        "0 0 ? * fri-mon tasks.plain\n@every 90s --name every tasks.plain :[1]\n@midnight tasks.plain "
        "%\"b'x'\"\n"
        "1/5 2 1W * ? tasks.plain\n0 0 * * mon#2 tasks.plain\n@Weekly tasks.plain\n"
    )
    before = time.time()
    process = cron("my_cron_config.py", "more.cron")
    wait_until(lambda: get_cron_job_ids("noted", redis), "a job was enqueued")
    scheduler = wait_until(
        lambda: next(
            (one for one in CronScheduler.all(redis) if one.get_jobs()[0].latest_enqueue_time), None
        ),
        "it is shown",
    )
    assert scheduler.pid == process.pid and scheduler.config_file == "my_cron_config.py more.cron"
    assert scheduler.name.startswith(f"{scheduler.hostname}:{process.pid}:")
    assert (
        scheduler.last_heartbeat.timestamp() >= before - 1 and scheduler.created_at.timestamp() >= before - 1
    )
    assert 0 < redis.ttl(scheduler.key) <= 120
    noted, plain, daily, first, second, every, *rest = scheduler.get_jobs()
    assert (noted.name, noted.func_name, noted.queue_name, noted.interval, noted.cron) == (
        "noted",
        "tasks.note",
        "notes",
        1,
        None,
    )
    assert noted.next_enqueue_time > noted.latest_enqueue_time
    assert (
        plain.cron == "0 3 * * 1-5"
        and plain.kwargs == {"name": "x"}
        and plain.job_options["webhooks"][0].headers == {"A": "b"}
    )
    assert plain.next_enqueue_time.hour == 3 and plain.latest_enqueue_time is None and daily.cron == "@daily"
    assert first.args == ("x",) and first.kwargs == {"y": 1} and first.job_options["job_timeout"] == 300
    assert (
        first.job_options["result_ttl"] == 9 and first.job_options["webhooks"][0].url == "http://localhost:9/"
    )
    assert every.interval == 90 and every.name == "every" and len(rest) == 4
    assert rest[0].args == NOT_JSON_SERIALIZABLE
    assert second.name == "tasks.plain"  # as RQ's, which knows no second names
    assert "noted" in cron_job_registry.get_names(redis)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert CronScheduler.all(redis) == []


@pytest.mark.parametrize("kind", ["cq", "rq"])
def test_workers_run_what_cron_enqueues(stage, redis, cron, app, kind):
    (app / "plain.cron").write_text("@every 1s -q plain --name plain --group night tasks.plain name='a b'\n")
    process = cron("plain.cron", "my_cron_config.py")
    wait_until(
        lambda: get_cron_job_ids("plain", redis) and get_cron_job_ids("noted", redis), "jobs were enqueued"
    )
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    stage.worker("notes", "plain", kind=kind, options=["--burst"], path=[app]).wait()
    jobs = [Job.fetch(get_cron_job_ids(name, redis)[-1], redis) for name in ("noted", "plain")]
    assert [job.get_status() for job in jobs] == [JobStatus.FINISHED] * 2
    assert [job.return_value() for job in jobs] == [[7, [("key", b"\x00")]], "a b"]
    assert redis.sismember("rq:group:night", jobs[1].id)


def test_two_instances_enqueue_each_tick_once(stage, redis, cron):
    processes = [cron("my_cron_config.py") for _ in range(2)]
    wait_until(
        lambda: redis.zcard("rq:cron_schedulers") == 2 and Queue("notes", connection=redis).count >= 2,
        "both have run",
    )
    processes[0].kill()  # the other one continues
    count = Queue("notes", connection=redis).count
    wait_until(lambda: Queue("notes", connection=redis).count > count, "the other one continues")
    processes[1].send_signal(signal.SIGTERM)
    processes[1].wait(10)
    times = [score for _, score in redis.zrange("rq:cron_job:noted:jobs", 0, -1, withscores=True)]
    assert len(times) == Queue("notes", connection=redis).count
    # Ticks are whole seconds; the first job comes in the middle of its one.
    assert len({int(when) for when in times}) == len(times), times


FORMS = ["myapp.cron_config", "myapp/cron_config.py", "myapp/cron_config", "{}/src/myapp/cron_config.py"]


@pytest.mark.parametrize("form", FORMS)
def test_a_configuration_is_named_as_rq_cron_takes_it(stage, tmp_path, form):
    """The ways and examples of RQ's documentation."""
    package = tmp_path / "src" / "myapp"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "def cleanup_temp_files(): pass\ndef send_newsletter(*args, **kwargs): pass\n"
    )
    (package / "cron_config.py").write_text("""
import os
from rq import cron
from rq.cron import register
from myapp import cleanup_temp_files, send_newsletter

cron.register(cleanup_temp_files, queue_name='maintenance', interval=1800)
register(send_newsletter, queue_name='email', args=('weekly_digest',), kwargs={'template': 'newsletter.html'},
         cron='30 10 * * 2')
register(send_newsletter, queue_name='email', interval=86400, job_timeout=1800,
         result_ttl=3600, failure_ttl=86400)
if os.getenv("ENABLE_CLEANUP") == "true":
    register(cleanup_temp_files, queue_name="maintenance", interval=600)
""")
    done = call(
        stage,
        tmp_path,
        form.format(tmp_path),
        "-P",
        "src",
        "--next",
        "2",
        "--json",
        "--from",
        "2026-03-01T00:00Z",
    )
    assert done.returncode == 0, done.stderr
    jobs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(job["function"], job["queue"], job["schedule"]) for job in jobs] == [
        ("myapp.cleanup_temp_files", "maintenance", "@every 1800s"),
        ("myapp.send_newsletter", "email", "30 10 * * 2"),
        ("myapp.send_newsletter", "email", "@every 86400s"),
    ]
    assert jobs[1]["next"] == [
        "2026-03-03T10:30:00.000000Z",
        "2026-03-10T10:30:00.000000Z",
    ]  # Tuesdays, in UTC


def test_rqs_scheduler_runs_beside(stage, redis, cron, app, tmp_path):
    (app / "theirs.py").write_text(
        "from rq import cron\nfrom tasks import plain\ncron.register(plain, 'theirs', interval=1, "
        "name='theirs')\n"
    )
    ours = cron("my_cron_config.py")
    with open(app / "rq.log", "wb") as log:
        theirs = subprocess.Popen(
            [staging.RQ, "cron", "-u", stage.url, "theirs.py"], cwd=app, stdout=log, stderr=log
        )
    try:
        wait_until(
            lambda: (
                len(get_cron_job_ids("theirs", redis)) >= 2 and len(get_cron_job_ids("noted", redis)) >= 2
            ),
            "both go on",
        )
        wait_until(
            lambda: {one.pid for one in CronScheduler.all(redis)} == {ours.pid, theirs.pid}, "RQ shows both"
        )
        done = call(stage, app, "--list", "--json")
        shown = {int(line["pid"]): line for line in map(json.loads, done.stdout.splitlines())}
        assert (
            shown[theirs.pid]["config_file"] == "theirs.py" and shown[ours.pid]["jobs"][0]["name"] == "noted"
        )
        assert shown[theirs.pid]["jobs"][0] | {"latest_enqueue_time": 0, "next_enqueue_time": 0} == {
            "func_name": "tasks.plain",
            "name": "theirs",
            "queue_name": "theirs",
            "args": None,
            "kwargs": None,
            "interval": 1,
            "cron": None,
            "result_ttl": 500,
            "latest_enqueue_time": 0,
            "next_enqueue_time": 0,
        }
        assert "  theirs  @every 1s  theirs  tasks.plain\n" in call(stage, app, "--list").stdout
        assert "too: each time is enqueued twice" not in ours.log.read_text()
        second = cron("theirs.py")  # the same jobs
        wait_until(lambda: f":{theirs.pid}:" in second.log.read_text(), "it warns")
        assert ", a scheduler of RQ's, runs theirs too: each time is enqueued twice" in second.log.read_text()
        second.send_signal(signal.SIGTERM)
        ours.send_signal(signal.SIGTERM)
        assert ours.wait(10) == second.wait(10) == 0
        assert [one.pid for one in CronScheduler.all(redis)] == [theirs.pid]
    finally:
        theirs.send_signal(signal.SIGTERM)
        theirs.wait(20)
    assert CronScheduler.all(redis) == [] and call(stage, app, "--list").stdout == ""
    assert {b"noted", b"theirs"} <= set(redis.zrange("rq:cron_jobs", 0, -1))


def test_a_reload_while_the_configuration_is_read_and_an_end_while_it_hangs(stage, redis, cron, app):
    (app / "slow.py").write_text("""
import os, time
from rq import cron
from tasks import plain
open('reading-%d' % os.getpid(), 'w').close()
while not os.path.exists('go'): time.sleep(0.01)
cron.register(plain, 'slow', interval=1, name='slow')
""")
    process = cron("slow.py")
    wait_until(lambda: len(list(app.glob("reading-*"))) == 1, "it is read")
    process.send_signal(signal.SIGHUP)  # is kept for later
    (app / "go").touch()
    wait_until(lambda: "read again: 1 cron job" in process.log.read_text(), "it was read again")
    wait_until(lambda: get_cron_job_ids("slow", redis), "it runs")
    (app / "go").unlink()
    process.send_signal(signal.SIGHUP)
    newest = wait_until(
        lambda: (
            len(list(app.glob("reading-*"))) == 3
            and max(app.glob("reading-*"), key=lambda path: path.stat().st_mtime_ns)
        ),
        "it is read",
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    python = int(newest.name.split("-")[1])
    wait_until(
        lambda: not Path(f"/proc/{python}").exists() or ") Z" in Path(f"/proc/{python}/stat").read_text(),
        "Python ended with it",
    )


def test_a_machines_wrong_clock_changes_nothing(stage, redis, app, tmp_path):
    """Two schedulers, one of them three hours ahead: time is the server's."""
    (app / "ahead").write_text("10800")
    subprocess.run(
        [
            "cc",
            "-D_GNU_SOURCE",
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            str(app / "clock.so"),
            str(staging.ROOT / "tests/worker/modules/clock.c"),
        ],
        check=True,
    )
    (app / "each.cron").write_text(
        "@every 1s --name each -q each tasks.plain\nCRON_TZ=UTC\n0 */2 * * * --name late -q late "
        "--missed all tasks.plain\n"
    )
    running = []
    try:
        for extra in ({"LD_PRELOAD": str(app / "clock.so"), "CQ_TEST_CLOCK": str(app / "ahead")}, {}):
            running.append(
                subprocess.Popen(
                    [staging.CQ, "cron", "-u", stage.url, "each.cron"],
                    cwd=app,
                    env={**stage.env, **extra},
                    stderr=subprocess.DEVNULL,
                )
            )
        wait_until(
            lambda: redis.zcard("rq:cron_schedulers") == 2 and Queue("each", connection=redis).count >= 3,
            "both run",
        )
    finally:
        for process in running:
            process.terminate()
            process.wait(10)
    times = redis.zrange("rq:cron_job:each:jobs", 0, -1, withscores=True)
    assert all(abs(score - time.time()) < 60 for _, score in times) and len(
        {int(score) for _, score in times}
    ) == len(times)
    assert Queue("late", connection=redis).count <= 1  # and that only at a full hour


def test_jobs_of_a_configuration_are_written_with_the_serializer(stage, redis, app):
    done = call(stage, app, "my_cron_config", "-S", "json", "--check")
    assert (
        done.returncode == 3
        and "tasks.note: TypeError: Object of type Point is not JSON serializable" in done.stderr
    ), done.stderr
    (app / "text.py").write_text(
        "from rq import cron\nfrom tasks import plain\ncron.register(plain, 'q', args=('x',), interval=9)\n"
    )
    done = call(stage, app, "text", "-S", "json", "--trigger", "tasks.plain")
    assert done.returncode == 0, done.stderr
    job = Job.fetch(done.stdout.split("'")[1], redis, serializer=JSONSerializer)
    assert (job.func_name, job.args) == ("tasks.plain", ["x"])
    done = call(stage, app, "text", "-S", "msgpack", "--check")
    assert done.returncode == 3 and "RQ has no msgpack" in done.stderr


WRONG = {
    "fraction": ("from tasks import plain\ncron.register(plain, 'q', interval=1.5)", "whole seconds"),
    "lambda": ("cron.register(lambda: 1, 'q', interval=1)", "has no name that a worker could import"),
    "both": (
        "from tasks import plain\ncron.register(plain, 'q', interval=1, cron='* * * * *')",
        "Cannot specify both",
    ),
    "unknown": ("from tasks import plain\ncron.register(plain, 'q', cron='nonsense')", "plain: "),
    "year": (
        "from tasks import plain\ncron.register(plain, 'q', cron='0 0 1 1 * 0 2030')",
        "write minute, hour",
    ),
    "import": ("import not_there", "No module named 'not_there'"),
    "syntax": ("def", "invalid syntax"),
    "exit": ("import sys; sys.exit(3)", "SystemExit"),
    "end": ("import os; os._exit(3)", "ended with status 3"),
    "pickle": ("from tasks import plain\ncron.register(plain, 'q', args=(lambda: 1,), interval=1)", "pickle"),
    "late": ("from tasks import plain\ncron.register(plain, 'q', interval=1, ttl=-5)", "ttl"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_configuration_is_one_line(stage, app, kind):
    code, complaint = WRONG[kind]
    (app / "wrong.py").write_text("from rq import cron\n" + code + "\n")
    done = call(stage, app, "wrong.py", "--check")
    assert done.returncode == 3 and done.stdout == ""
    assert (
        done.stderr.startswith("cq cron: wrong.py: ")
        and done.stderr.count("\n") == 1
        and complaint in done.stderr
    ), done.stderr


def test_a_function_of_the_configuration_itself_is_refused_where_no_worker_could_import_it(stage, app):
    (app / "own.py").write_text("from rq import cron\ndef own(): pass\ncron.register(own, 'q', interval=1)\n")
    done = call(stage, app, str(app / "own.py"), "--check")
    assert done.returncode == 3 and "move it into a module" in done.stderr
    done = call(stage, app, "own.py", "--next", "1", "--json")  # a module that workers can import, as in RQ
    assert done.returncode == 0 and json.loads(done.stdout)["function"] == "own.own"
