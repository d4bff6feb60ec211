"""What a job may call, and what it is given."""

import pickle

import pytest

pytest.importorskip("rq")


@pytest.fixture
def app(module):
    module(
        "app.tasks",
        """
        import os
        import cq

        class Machine:
            def __init__(self, factor): self.factor = factor
            def times(self, x): return self.factor * x
            def __call__(self, x): return self.factor + x
            def __len__(self): return 0
            @staticmethod
            def twice(x): return 2 * x
            @classmethod
            def name(cls, x): return f'{cls.__name__} {x}'
            class Inner:
                @staticmethod
                def deep(): return 'deep'

        def add(a, b=1, *more, **named): return a + b + sum(more) + sum(named.values())
        def nothing(): pass
        async def later(x):
            import asyncio
            await asyncio.sleep(0)
            return x
        def environment(): return os.environ['RQ_JOB_ID'], os.environ['RQ_WORKER_ID']
        def current():
            job = cq.current_job()
            known = job.id, job.queue, job.worker_name, job.execution_id, job.timeout
            return known + (job.func_name, job.args, job.kwargs)
        def echo(*args, **kwargs): return args, kwargs
    """,
    )
    import app.tasks

    return app.tasks


def test_a_function_gets_its_arguments(runtime, app):
    assert runtime.value("app.tasks.add", 1) == 2
    assert runtime.value("app.tasks.add", 1, 2, 3, kwargs={"x": 4}) == 10


def test_a_function_that_returns_nothing_has_no_value(runtime, app):
    assert runtime.run("app.tasks.nothing") == ("done", {})


def test_static_and_class_methods_are_found_by_their_path(runtime, app):
    assert runtime.value("app.tasks.Machine.twice", 4) == 8
    assert runtime.value("app.tasks.Machine.name", 4) == "Machine 4"
    assert runtime.value("app.tasks.Machine.Inner.deep") == "deep"


def test_a_method_is_called_on_the_instance_that_was_pickled(runtime, app):
    assert runtime.value("times", 5, instance=app.Machine(3)) == 15


def test_a_callable_instance_is_called_even_if_it_counts_as_false(runtime, app):
    machine = app.Machine(3)
    assert not machine
    assert runtime.value("__call__", 5, instance=machine) == 8


def test_a_class_method_by_its_class_as_instance(runtime, app):
    assert runtime.value("name", 1, instance=app.Machine) == "Machine 1"


def test_builtins_need_no_module(runtime):
    assert runtime.value("len", "abc") == 3
    assert runtime.value("builtins.max", 1, 2) == 2


def test_a_coroutine_is_awaited(runtime, app):
    assert runtime.value("app.tasks.later", 7) == 7


def test_tasks_that_a_coroutine_leaves_behind_disturb_nobody(runtime, module, capfd):
    import gc

    module(
        "lazy",
        """
        import asyncio, time
        async def leaves():
            asyncio.get_running_loop().create_task(asyncio.sleep(60))
            await asyncio.sleep(0)
            return 'left'
        async def hangs():
            await asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))
    """,
    )
    assert runtime.value("lazy.leaves") == "left"
    assert "JobTimeoutException" in runtime.failure("lazy.hangs", timeout=1)
    gc.collect()
    assert "destroyed" not in "".join(capfd.readouterr()) + str(runtime.wire.sent)


def test_the_environment_names_job_and_worker(runtime, app):
    assert runtime.value("app.tasks.environment") == ("a-job", "a-worker")


def test_current_job_knows_the_job(runtime, app):
    assert runtime.value("app.tasks.current") == (
        "a-job",
        "default",
        "a-worker",
        "e",
        180,
        "app.tasks.current",
        (),
        {},
    )
    assert runtime.cq.current_job() is None


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_are_read(runtime, app, protocol):
    data = pickle.dumps(("app.tasks.echo", None, (1, "x", b"y", 2.5, None), {"k": [1]}), protocol)
    kind, fields = runtime.run(None, data=data)
    assert kind == "done"
    assert pickle.loads(fields["value"]) == ((1, "x", b"y", 2.5, None), {"k": [1]})
    assert fields["value"][:2] == b"\x80\x05"


def test_data_may_be_uncompressed_or_compressed(runtime, app):
    import zlib

    plain = pickle.dumps(("app.tasks.add", None, (1,), {}), 5)
    assert runtime.run(None, data=plain) == runtime.run(None, data=zlib.compress(plain))


def test_the_values_of_a_job_are_its_own(runtime, app):
    value = {"text": "\ud800", "n": 2**100, "set": {1}, "tuple": (1, [2])}
    assert runtime.value("app.tasks.echo", value) == ((value,), {})


@pytest.mark.parametrize(
    "name, reason",
    [
        ("app.tasks.absent", "the module app.tasks has no absent"),
        ("app.tasks.Machine.absent", "the class app.tasks.Machine has no absent"),
        ("app.absent.function", "the module app has no absent"),
        ("there.is.none", "there is no module there"),
        ("nosuchbuiltin", "there is no module nosuchbuiltin"),
        ("..", "Invalid attribute name: '..'"),
        ("", "Invalid attribute name: ''"),
    ],
)
def test_a_name_that_leads_nowhere_says_where_it_ends(runtime, app, name, reason):
    last = runtime.failure(name).rstrip().rsplit("\n", 1)[-1]
    assert last.startswith("ValueError: Invalid attribute name: ")
    assert reason in last


def test_a_module_that_does_not_import_is_named_with_its_reason_and_its_traceback(runtime, module):
    module("broken.tasks", "import there_is_no_such_thing\ndef f(): pass\n")
    text = runtime.failure("broken.tasks.f")
    assert text.rstrip().endswith(
        "ValueError: Invalid attribute name: broken.tasks.f: importing broken.tasks failed: "
        "ModuleNotFoundError: No module named 'there_is_no_such_thing'"
    )
    assert "broken/tasks.py\", line 1, in <module>" in text


def test_a_module_that_imports_a_name_that_is_not_there_is_told_from_one_that_is_absent(runtime, module):
    module("halfway", "from os import there_is_no_such_name\n")
    assert "importing halfway failed: ImportError: cannot import name" in runtime.failure("halfway.f")


def test_a_syntax_error_is_told_with_file_and_line(runtime, module):
    module("mistyped", "def f(:\n    pass\n")
    text = runtime.failure("mistyped.f")
    assert "mistyped.py\", line 1" in text
    assert text.rstrip().rsplit("\n", 1)[-1].startswith("SyntaxError: ")


def test_the_name_none_fails_the_job(runtime):
    assert "the function's name is NoneType" in runtime.failure(None)


def test_names_are_found_as_rq_finds_them(runtime, app):
    from rq.utils import import_attribute

    for name in (
        "app.tasks.add",
        "app.tasks.Machine.twice",
        "app.tasks.Machine",
        "os.path.join",
        "app.tasks.os.getcwd",
        "collections.OrderedDict.fromkeys",
    ):
        assert runtime._resolve.resolve(name) == import_attribute(name), name


def test_wrong_arguments_fail_with_pythons_words(runtime, app):
    assert "TypeError: nothing() takes 0 positional arguments but 1 was given" in runtime.failure(
        "app.tasks.nothing", 1
    )


def test_what_a_module_was_replaced_by_is_called(runtime, app):
    assert runtime.value("app.tasks.add", 1) == 2
    app.add = lambda a: "another"
    assert runtime.value("app.tasks.add", 1) == "another"
