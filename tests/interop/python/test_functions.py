"""What can be a job (RQ's documentation: Queues, "Enqueueing Jobs"): anything that Python can call and RQ can
name."""

import functools
import math
import operator
import os.path
from collections import Counter
from decimal import Decimal

import pytest
from rq import Queue
from rq.job import Job, JobStatus

from bakery import models, tasks
from bakery.models import GasOven, Oven


def test_a_function_is_called_by_reference_and_by_name(site):
    jobs = [
        site.queue.enqueue(tasks.add, 1, 2),
        site.queue.enqueue("bakery.tasks.add", 3, 4),
        site.queue.enqueue("bakery.sum_of", 5, 6),
    ]
    site.wait(*jobs)
    assert [site.value_of(job) for job in jobs] == [3, 7, 11]
    assert [job.func_name for job in jobs] == ["bakery.tasks.add", "bakery.tasks.add", "bakery.sum_of"]


def test_arguments_arrive_as_they_were_given(site):
    value = site.value(tasks.collect, 1, "two", None, [3], key={"a": (4,)}, größe="ü")
    assert value == ((1, "two", None, [3]), {"key": {"a": (4,)}, "größe": "ü"})


def test_args_and_kwargs_may_have_the_names_of_options(site):
    job = site.run(
        tasks.describe, ttl=30, description="mine", kwargs={"description": "yours", "ttl": 15, "timeout": 7}
    )
    assert site.value_of(job) == ["yours", 15, 7]
    assert job.description == "mine"
    assert site.value(tasks.add, args=(1,), kwargs={"b": 2}) == 3


def test_a_name_may_hold_any_letters(site):
    assert site.value(tasks.größe, "abc") == 3


def test_a_job_that_is_created_first_and_enqueued_later(site):
    job = Job.create(
        tasks.add,
        (1, 2),
        id="of-my-own",
        connection=site.redis,
        description="later",
        timeout="1h",
        result_ttl=60,
    )
    assert job.get_status(refresh=False) == JobStatus.CREATED
    site.queue.enqueue_job(job)
    assert site.value_of(site.wait(job)) == 3
    assert (job.timeout, job.result_ttl, job.origin) == (3600, 60, "default")


def test_the_job_decorator_enqueues_with_delay(site):
    from rq.decorators import job as decorator

    delayed = decorator("default", connection=site.redis, timeout=30, result_ttl=70)(tasks.add)
    job = site.wait(tasks.add.delay(1, 2))
    assert delayed is tasks.add
    assert (site.value_of(job), job.timeout, job.result_ttl) == (3, 30, 70)


def test_methods_of_every_kind_are_jobs(site):
    oven = Oven(180)
    calls = [
        (oven.bake, ("bread",), "bread, 20 min at 180"),
        (GasOven(200).bake, ("rolls", 5), "gas: rolls, 5 min at 200"),
        (oven, ("it",), "called with it at 180"),
        (Oven.standard, (), ["Oven", 1]),
        (GasOven.standard, (3,), ["GasOven", 3]),
        (Oven.fahrenheit, (100,), 212),
        ("bakery.models.Oven.fahrenheit", (10,), 50),
        ("bakery.models.Oven.standard", (2,), ["Oven", 2]),
        (Oven.Tray(2).fill, ("bun",), ["bun", "bun"]),
        (oven.bake_slowly, ("cake",), "slowly: cake at 180"),
    ]
    jobs = [site.queue.enqueue(function, *args) for function, args, _ in calls]
    site.wait(*jobs)
    assert [site.value_of(job) for job in jobs] == [expected for _, _, expected in calls]


@pytest.mark.cq_only
def test_a_method_of_an_instance_that_is_false_is_a_job_too(site):
    # RQ takes such an instance for none, and its method's bare name for a builtin.
    assert site.value(models.Empty().__len__) == 0


def test_builtins_and_classes_are_jobs(site):
    calls = [
        (len, ([1, 2, 3],), 3),
        (max, (3, 9, 4), 9),
        ("builtins.sorted", ([2, 1],), [1, 2]),
        ("sum", ([1, 2],), 3),
        (math.gcd, (12, 18), 6),
        (operator.mul, (6, 7), 42),
        (os.path.join, ("a", "b"), "a/b"),
        ("collections.Counter", ("aab",), Counter("aab")),
        ("decimal.Decimal", ("1.5",), Decimal("1.5")),
        (functools.partial(tasks.add, 40), (2,), 42),
    ]
    jobs = [site.queue.enqueue(function, *args) for function, args, _ in calls]
    site.wait(*jobs)
    assert [site.value_of(job) for job in jobs] == [expected for _, _, expected in calls]


def test_coroutines_are_awaited(site):
    jobs = [site.queue.enqueue(tasks.later, "soon"), site.queue.enqueue(tasks.together, [1, 2, 3])]
    assert [site.value_of(site.wait(job)) for job in jobs] == ["soon", [1, 2, 3]]
    text = site.failure(tasks.spoil, "burnt")
    assert "in spoil" in text and text.endswith("ValueError: burnt\n")


def test_a_coroutine_is_awaited_again_and_again(site):
    # In a horse that is kept, the event loop of one job must not be in the next one's way.
    assert [site.value(tasks.later, number) for number in range(3)] == [0, 1, 2]


def test_a_function_may_use_threads(site):
    assert site.value(tasks.in_threads, 10) == 45


def test_a_default_that_collects_is_fresh_in_every_horse(site):
    from stage import REUSE

    found = [site.value(tasks.remember, item) for item in "abc"]
    if REUSE:  # what is kept between the jobs of a horse is the user's choice
        assert found[0] == ["a"] and all(item in shelf for item, shelf in zip("abc", found))
    else:
        assert found == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "function",
    [
        tasks.nameless,
        tasks.local_function(),
        "bakery.tasks.no_such",
        "bakery.no_such.f",
        "no_such.f",
        "no_such",
        "bakery.models.Oven.no_such",
        "bakery.models.NoSuch.f",
    ],
)
def test_what_has_no_name_to_be_found_by_fails(site, function):
    job = site.run(function)
    name = job.func_name
    text = site.failure_of(job)
    assert "Invalid attribute name: " in text and name.split(".")[-1] in text.splitlines()[-1]


def test_what_is_no_function_fails(site):
    assert "TypeError: 'str' object is not callable" in site.failure("bakery.tasks.__name__")
    assert "TypeError: 'module' object is not callable" in site.failure("bakery.tasks")


@pytest.mark.parametrize(
    "args, text",
    [
        ((), "missing 2 required positional arguments: 'a' and 'b'"),
        ((1, 2, 3), "takes 2 positional arguments but 3"),
        ((1, None), "unsupported operand type(s) for +: 'int' and 'NoneType'"),
    ],
)
def test_wrong_arguments_fail_as_in_python(site, args, text):
    assert text in site.failure(tasks.add, *args)


def test_options_of_enqueue_are_kept_with_the_job(site):
    job = site.queue.enqueue(
        tasks.add,
        1,
        2,
        job_id="opt_1",
        description="sums up",
        job_timeout="2m",
        result_ttl="5m",
        failure_ttl=77,
        ttl=99,
        meta={"from": "test"},
    )
    site.wait(job)
    fetched = Job.fetch("opt_1", connection=site.redis)
    assert (fetched.description, fetched.timeout, fetched.result_ttl, fetched.failure_ttl) == (
        "sums up",
        120,
        300,
        77,
    )
    assert (fetched.meta, fetched.return_value()) == ({"from": "test"}, 3)
    assert site.redis.ttl(job.key) in range(200, 301)


def test_many_are_enqueued_at_once_and_in_a_pipeline_of_the_caller(site):
    prepared = [Queue.prepare_data(tasks.add, (n, 1), job_id=f"many-{n}") for n in range(5)]
    site.queue.enqueue_many(prepared)
    with site.redis.pipeline() as pipe:
        jobs = site.queue.enqueue_many(
            [Queue.prepare_data("bakery.tasks.echo", (n,), timeout=9) for n in range(5)], pipeline=pipe
        )
        pipe.execute()
    site.wait(*jobs)
    assert [site.value_of(site.wait(Job.fetch(f"many-{n}", connection=site.redis))) for n in range(5)] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert [site.value_of(job) for job in jobs] == [0, 1, 2, 3, 4]


def test_a_queue_that_is_not_asynchronous_needs_no_worker(site):
    # RQ's documentation, "Testing": such jobs run in the caller, beside those of workers.
    here = Queue("default", connection=site.redis, is_async=False).enqueue(tasks.add, 1, 2)
    there = site.run(tasks.add, 3, 4)
    assert (here.get_status(), here.return_value(), site.value_of(there)) == (JobStatus.FINISHED, 3, 7)
    assert there.worker_name == site.worker.name != here.worker_name
