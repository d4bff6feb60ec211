"""rq in a job: get_current_job() and what hangs on it, for whichever rq is installed."""

import sys

import pytest

rq = pytest.importorskip("rq")
OLD = tuple(int(part) for part in rq.VERSION.split(".")[:2]) < (2, 0)


@pytest.fixture
def app(module, runtime):
    runtime.configure()
    module(
        "asking",
        """
        import threading
        import rq
        from rq import get_current_job

        def job(): return get_current_job()
        def remembered():
            job = get_current_job()
            assert job is get_current_job()
            return [job.id, job.origin, job.worker_name, job.func_name, job.args, job.kwargs,
                    job.timeout, job.meta,
                    job.get_status(refresh=False), job.enqueued_at.isoformat(), job.started_at.isoformat(),
                    job.description,
                    job.retries_left, type(job).__module__]
        def in_thread():
            found = []
            thread = threading.Thread(target=lambda: found.append(get_current_job()))
            thread.start()
            thread.join()
            return found
        def queue():
            connection = get_current_job().connection
            return rq.Queue('other', connection=connection).connection is connection
        def nothing(): pass
        def same_arguments(argument):
            return get_current_job().args[0] is argument
        def stack():
            from rq.job import _job_stack
            return len(_job_stack), _job_stack.top.id
        def nested():
            from rq.job import _job_stack
            inner = rq.job.Job.create('len', connection=get_current_job().connection)
            _job_stack.push(inner)
            try:
                return get_current_job() is inner
            finally:
                assert _job_stack.pop() is inner
                assert get_current_job() is not inner
    """,
    )
    import asking

    return asking


def test_it_gives_a_job_of_the_installed_rq_restored_from_what_the_worker_sent(runtime, app):
    fields = {b"timeout": b"99", b"description": b"asking.remembered()", b"retries_left": b"2"}
    found = runtime.value("asking.remembered", fields=fields)
    assert found[:9] == ["a-job", "default", "a-worker", "asking.remembered", (), {}, 99, {}, "started"]
    assert [moment.replace("+00:00", "") for moment in found[9:11]] == [
        "2024-05-06T07:08:09.123456",
        "2024-05-06T07:08:10.123456",
    ]
    assert found[11:] == ["asking.remembered()", 2, "rq.job"]


def test_it_has_the_very_arguments_of_the_call(runtime, app):
    assert runtime.value("asking.same_arguments", ["a list"]) is True


def test_nothing_is_made_for_a_job_that_does_not_ask(runtime, app, monkeypatch):
    monkeypatch.setattr(rq.job.Job, "restore", lambda *args: pytest.fail("a Job was restored"))
    runtime.value("asking.nothing")


def test_the_connection_is_of_redis_and_not_connected(runtime, app):
    import redis

    found = []
    app.job = lambda: found.append(rq.get_current_job().connection)
    runtime.value("asking.job")
    (connection,) = found
    assert type(connection) is redis.Redis
    assert connection.connection_pool.connection_kwargs["path"] == "/nowhere/redis.sock"
    assert (
        connection.connection_pool._created_connections == 0
        if hasattr(connection.connection_pool, "_created_connections")
        else True
    )


def test_a_connection_class_of_ones_own_is_used(runtime, module):
    module("connections", "import redis\nclass Mine(redis.Redis):\n    pass\n")
    runtime.configure(connection_class="connections.Mine")
    assert type(runtime._rq.connection()).__name__ == "Mine"


def test_outside_of_a_job_there_is_none(runtime, app):
    assert rq.get_current_job() is None
    runtime.value("asking.nothing")
    assert rq.get_current_job() is None


def test_the_next_job_gets_its_own(runtime, app):
    found = []
    app.job = lambda: found.append(rq.get_current_job())
    runtime.run("asking.job", id="first")
    runtime.run("asking.job", id="second")
    assert [job.id for job in found] == ["first", "second"]


def test_threads_of_a_job_have_none_as_in_rq(runtime, app):
    assert runtime.value("asking.in_thread") == [None]


def test_the_stack_is_still_a_stack(runtime, app):
    assert runtime.value("asking.stack") == (0, "a-job")
    assert runtime.value("asking.nested") is True


def test_a_queue_takes_the_jobs_connection(runtime, app):
    assert runtime.value("asking.queue") is True


@pytest.mark.skipif(not OLD, reason="rq 2 has no connection stack")
def test_old_rq_finds_the_connection_without_being_told(runtime, module):
    runtime.configure()
    module(
        "implicit",
        """
        import rq
        from rq.connections import Connection, get_current_connection
        def f():
            assert rq.Queue('x').connection is rq.get_current_job().connection
            other = rq.get_current_job().connection.__class__()
            with Connection(other):
                assert get_current_connection() is other
            return get_current_connection() is rq.get_current_job().connection
    """,
    )
    assert runtime.value("implicit.f") is True
    assert rq.connections.get_current_connection() is None


def test_meta_is_one_for_rqs_job_and_cqs(runtime, module):
    runtime.configure()
    module(
        "sharing",
        """
        import cq, rq
        def rq_first():
            rq.get_current_job().meta['a'] = 1
            cq.current_job().meta['b'] = 2
            return rq.get_current_job().meta
        def cq_first():
            cq.current_job().meta['a'] = 1
            rq.get_current_job().meta['b'] = 2
            return rq.get_current_job().meta
    """,
    )
    assert runtime.value("sharing.rq_first") == {"a": 1, "b": 2}
    assert runtime.value("sharing.cq_first") == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "function, field, stored",
    [
        ("value", b"", False),
        ("value", b"repeats_left", True),
        ("fails", b"", False),
        ("fails", b"retries_left", True),
        ("again", b"", True),
    ],
)
def test_meta_that_rqs_job_did_not_save_is_stored_when_the_job_comes_back_as_in_rq(
    runtime, module, function, field, stored
):
    import pickle

    runtime.configure()
    module(
        "forgetful",
        """
        import rq
        def value(): rq.get_current_job().meta['a'] = 1
        def fails():
            value()
            raise ValueError
        def again():
            value()
            return rq.Retry(max=1)
    """,
    )
    kind, answer = runtime.run(f"forgetful.{function}", fields={field: b"1"} if field else {})
    assert ("meta" in answer) is stored
    if stored:
        assert pickle.loads(answer["meta"]) == {"a": 1}


def test_json_jobs_have_rqs_json_serializer(runtime, app):
    import json

    found = []
    app.job = lambda: found.append(rq.get_current_job())
    runtime.run(None, data=json.dumps(["asking.job", None, [], {}]).encode(), fields={b"meta": b'{"a": 1}'})
    (job,) = found
    assert job.serializer is rq.serializers.JSONSerializer
    assert job.meta == {"a": 1}


def test_a_job_class_of_ones_own_is_what_runs(runtime, module):
    module(
        "classes",
        """
        import rq.job
        class Mine(rq.job.Job):
            def perform(self):
                rq.job._job_stack.push(self)
                try:
                    return type(rq.get_current_job()).__name__, self._execute(), self.worker_name
                finally:
                    assert rq.job._job_stack.pop() is self
        def f(x): return 2 * x
        def raises(): raise ValueError('inside')
    """,
    )
    runtime.configure(job_class="classes.Mine")
    assert runtime.value("classes.f", 4) == ("Mine", 8, "a-worker")
    assert runtime.failure("classes.raises").rstrip().endswith("ValueError: inside")
    assert runtime.sent("log")[-1]["text"].startswith("exception raised while executing (classes.raises)\n")


def test_the_time_limit_is_around_its_perform(runtime, module):
    module(
        "slowclass",
        """
        import rq.job, signal, time
        class Mine(rq.job.Job):
            def perform(self):
                left, _ = signal.setitimer(signal.ITIMER_REAL, 0.01)
                assert left > 0
                time.sleep(60)
    """,
    )
    runtime.configure(job_class="slowclass.Mine")
    assert "JobTimeoutException" in runtime.failure("len", timeout=500)


@pytest.mark.parametrize(
    "path, reason",
    [
        ("os.path.join", "not a subclass of rq.job.Job"),
        ("rq.Queue", "not a subclass of rq.job.Job"),
        ("nowhere.Job", "there is no module nowhere"),
    ],
)
def test_a_job_class_that_is_none_is_refused(runtime, path, reason):
    with pytest.raises(runtime._stable.Refusal, match=reason):
        runtime.configure(job_class=path)


def test_an_rq_that_is_too_old_says_so(script, tmp_path):
    package = tmp_path / "rq"
    package.mkdir()
    (package / "__init__.py").write_text("from .job import get_current_job\n")
    (package / "version.py").write_text("VERSION = '1.5.2'\n")
    (package / "job.py").write_text("_job_stack = None\ndef get_current_job(): pass\n")
    (tmp_path / "app.py").write_text("import rq\ndef f(): pass\n")
    out = script("""
        import pickle
        from cq import _horse, _rq
        _rq.configure({})
        kind, fields = _horse._serve({'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': 9,
                                      'fields': {b'data': pickle.dumps(('app.f', None, (), {}))}})
        print(fields['exc'].splitlines()[-1])
    """)
    assert out == (
        "ValueError: Invalid attribute name: app.f: importing app failed: ImportError: rq 1.5.2 is too "
        "old: cq works with rq 1.13 and later; install a newer one, or none\n"
    )


def test_an_rq_whose_stack_is_something_else_is_asked_by_its_function(script, tmp_path):
    package = tmp_path / "rq"
    package.mkdir()
    (package / "__init__.py").write_text("from .job import get_current_job\n")
    (package / "version.py").write_text("VERSION = '3.0'\n")
    (package / "job.py").write_text(
        "import contextvars\ncurrent = contextvars.ContextVar('current', default=None)\n"
        "def get_current_job(connection=None): return current.get()\n"
        "class Job:\n"
        "    def __init__(self, id, connection=None, serializer=None): self.id = id; self.origin = ''\n"
        "    def restore(self, fields): pass\n"
    )
    (tmp_path / "redis.py").write_text(
        "class Redis:\n    @classmethod\n    def from_url(cls, url): return cls()\n"
    )
    (tmp_path / "app.py").write_text("import rq\ndef f(): return rq.get_current_job().id\n")
    out = script("""
        import pickle
        from cq import _horse, _rq
        _rq.configure({})
        kind, fields = _horse._serve({'type': 'job', 'id': 'i', 'queue': 'q', 'worker': 'w', 'timeout': 9,
                                      'fields': {b'data': pickle.dumps(('app.f', None, (), {}))}})
        print(kind, pickle.loads(fields['value']))
        import rq
        print(rq.get_current_job())
    """)
    assert out == "done i\nNone\n"


def test_what_rq_had_before_the_package_was_there_is_filled_as_well(runtime):
    assert "rq.job" in sys.modules
    runtime.configure()
    assert type(rq.job._job_stack).__name__ == "Stack"


def test_warming_up_connects_to_nothing(runtime, app):
    runtime._rq.warm()
    assert runtime._rq._connection is not None
    assert rq.get_current_job() is None
