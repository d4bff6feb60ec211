"""Modules of an application: imported by the job, or once for all horses; whatever they do at import, jobs
run."""

import re
from pathlib import Path

import pytest
from rq import Queue
from rq.job import JobStatus

from stage import KIND, REUSE, wait_until

ROUNDS = 6  # jobs of a module, until it was learned if it can be


@pytest.fixture
def own(stage):
    """A stage whose jobs know where Redis is."""
    stage.env["BAKERY_REDIS"] = stage.url
    return stage


def values(queue, worker, function, *args, rounds=ROUNDS):
    """What it returned each time, one job after the other."""
    found = []
    for _ in range(rounds):
        job = queue.enqueue(function, *args)
        wait_until(
            lambda job=job: job.get_status(refresh=True) in (JobStatus.FINISHED, JobStatus.FAILED),
            f"{function} is over",
        )
        assert job.get_status() == JobStatus.FINISHED, (job.latest_result().exc_string, worker.log())
        found.append(job.return_value())
    return found


@pytest.mark.parametrize(
    "options",
    [[], pytest.param(["--no-auto-preload"], marks=pytest.mark.cq_only)],
    ids=["", "no-auto-preload"],
)
@pytest.mark.parametrize(
    "name, args, value",
    [
        ("threads.beats", (), True),
        ("signals.function", (), "ignores signals"),
        ("only_in_jobs.function", (), "in a job"),
        ("only_once.function", (), "in a job"),
        ("exits_elsewhere.function", (), "in a job"),
        ("forks.function", (), "ready"),
        ("heavy.function", (), [42, {"b": "c"}]),
        ("talks.talked", (), "yes"),
    ],
)
def test_jobs_of_difficult_modules_run_and_so_do_the_next(own, queue, name, args, value, options):
    worker = own.worker(options=options)
    assert values(queue, worker, f"difficult.{name}", *args) == [value] * ROUNDS
    assert values(queue, worker, "bakery.tasks.add", 1, 2, rounds=2) == [3, 3]
    worker.signal(15)
    assert worker.wait() == 0


def test_a_module_that_connects_at_import_has_its_connection_to_itself(own, redis, queue):
    worker = own.worker(options=[] if KIND == "rq" else ["--num-workers", "2"], ready=KIND == "rq")
    for _ in range(3):
        jobs = [queue.enqueue("difficult.connects.count", "counted", 50) for _ in range(4)]
        wait_until(
            lambda: all(
                job.get_status(refresh=True) not in (JobStatus.QUEUED, JobStatus.STARTED) for job in jobs
            ),
            "they are over",
        )
        assert "mixed up" not in [job.return_value() for job in jobs] and None not in [
            job.return_value() for job in jobs
        ]
    assert int(redis.get("counted")) == 12 and worker.running()


def test_horses_do_not_draw_the_same_random_numbers(own, queue):
    found = values(queue, own.worker(), "difficult.process.numbers")
    assert len({number for number, _ in found}) == ROUNDS and len({noise for _, noise in found}) == ROUNDS


def test_state_of_a_module_is_fresh_in_each_horse(own, queue):
    counts = values(queue, own.worker(), "difficult.process.bump")
    assert sorted(counts)[-1] > 1 if REUSE else counts == [1] * ROUNDS


@pytest.mark.cq_only
@pytest.mark.skipif(REUSE, reason="about horses per job")
@pytest.mark.parametrize("function", ["difficult.process.where", "difficult.lazy.function"])
def test_a_module_that_jobs_keep_importing_is_imported_once(own, queue, function):
    found = values(queue, own.worker(), function, rounds=10)
    assert found[0] == "here" and found[-1] == "parent"
    assert found == sorted(found)


@pytest.mark.cq_only
@pytest.mark.skipif(REUSE, reason="about horses per job")
def test_without_learning_each_job_imports_for_itself(own, queue):
    assert (
        values(queue, own.worker(options=["--no-auto-preload"]), "difficult.process.where")
        == ["here"] * ROUNDS
    )


@pytest.mark.cq_only
@pytest.mark.skipif(REUSE, reason="about horses per job")
def test_a_preloaded_module_is_there_from_the_first_job_on(own, queue):
    worker = own.worker(options=["--preload", "difficult.process", "--preload", "bakery.tasks"])
    assert values(queue, worker, "difficult.process.where", rounds=3) == ["parent"] * 3


@pytest.mark.cq_only
def test_a_preloaded_module_is_imported_before_the_first_job(own, queue):
    worker = own.worker(options=["--preload", "difficult.talks"])
    wait_until(lambda: "talking at import" in worker.log(), "it was imported")
    assert values(queue, worker, "difficult.talks.talked", rounds=1) == ["yes"]


@pytest.mark.cq_only
@pytest.mark.parametrize(
    "name, reason",
    [
        ("no_such_module", "No module named 'no_such_module'"),
        ("broken.raises", "ZeroDivisionError"),
        ("broken.syntax", "SyntaxError"),
        ("broken.imports_missing", "no_such_module_at_all"),
        ("broken.exits", "broken.exits"),
        ("difficult.only_in_jobs", "difficult.only_in_jobs"),
    ],
)
def test_a_module_that_cannot_be_preloaded_keeps_the_worker_from_starting(own, queue, name, reason):
    job = queue.enqueue("bakery.tasks.add", 1, 2)
    worker = own.worker(options=["--burst", "--preload", name], ready=False)
    assert worker.wait() not in (0, 70)
    assert name in worker.log() and reason in worker.log()
    assert job.get_status() == JobStatus.QUEUED
    assert not queue.connection.smembers("rq:workers")


@pytest.mark.cq_only
@pytest.mark.parametrize("name, word", [("difficult.threads", "thread"), ("difficult.connects", "connect")])
def test_a_module_that_forks_should_not_share_is_left_to_the_jobs_and_said_so(own, queue, name, word):
    worker = own.worker(options=["--preload", name], ready=False)
    job = queue.enqueue("bakery.tasks.add", 1, 2)
    wait_until(
        lambda: not worker.running() or job.get_status(refresh=True) == JobStatus.FINISHED,
        "it started or refused to",
    )
    (line,) = [line for line in worker.log().splitlines() if name in line and word in line][:1]
    assert line


@pytest.mark.cq_only
@pytest.mark.parametrize("name", ["threads.beats", "only_once.function"])
def test_what_cannot_be_learned_is_logged_once(own, queue, name):
    worker = own.worker()
    values(queue, worker, f"difficult.{name}", rounds=10)
    module = f"difficult.{name.split('.')[0]}"
    assert (
        len(
            [
                line
                for line in worker.log().splitlines()
                if re.search(rf"{module}\b(?!\.{name.split('.')[1]})", line)
            ]
        )
        <= 1
    ), worker.log()


def test_paths_are_searched_in_their_order(own, queue):
    folders = []
    for name in ("first", "second"):
        folder = Path(own.path(name))
        folder.mkdir()
        (folder / "which.py").write_text(f"def one():\n    return {name!r}\n")
        folders.append(folder)
    (folders[1] / "other.py").write_text("def one():\n    return 'other'\n")
    jobs = [queue.enqueue("which.one"), queue.enqueue("other.one")]
    worker = own.worker(options=["--burst"], path=folders)
    assert worker.wait() == 0
    assert [job.return_value() for job in jobs] == ["first", "other"]


def test_an_application_that_sets_itself_up_at_import(own, redis):
    """As Django does: settings out of the environment, a registry that is filled once, tasks that need
    both."""
    own.env["PROJECT_SETTINGS"] = "project.settings.production"
    queue = Queue("default", connection=redis)
    jobs = [
        queue.enqueue("project.tasks.send", "Ada"),
        queue.enqueue("project.shop.tasks.count_models"),
        queue.enqueue("project.tasks.setting", "DEBUG"),
        queue.enqueue("project.tasks.send", "Bob", on_success="project.tasks.sent"),
    ]
    own.burst(options=[] if KIND == "rq" else ["--preload", "project.setup"])
    assert [job.return_value() for job in jobs] == [
        "mail to Ada from production",
        2,
        False,
        "mail to Bob from production",
    ]
    assert redis.get("sent") == b"mail to Bob from production"


def test_an_application_whose_settings_are_missing_says_so(own, redis):
    job = Queue("default", connection=redis).enqueue("project.tasks.send", "Ada")
    own.burst()
    assert "RuntimeError: PROJECT_SETTINGS is not set" in job.latest_result().exc_string
