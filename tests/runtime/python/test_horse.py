"""A horse's loop: frames in, answers out, and what must not pass from one job to the next."""

import gc
import os
import pickle
import sys

import pytest


@pytest.fixture
def app(module):
    module(
        "jobs",
        """
        import os
        import cq

        def ident(): return cq.current_job().id
        def meta(key, value):
            job = cq.current_job()
            job.meta[key] = value
            return job.meta
        def saved(key, value):
            job = cq.current_job()
            job.meta[key] = value
            job.save_meta()
            job.save_meta()
        def unwritable(): cq.current_job().meta['x'] = lambda: 1
        def replaced(): cq.current_job().meta = {'new': 1}
        def looked(): return cq.current_job().meta
        def progress():
            job = cq.current_job()
            job.progress(0.25)
            job.progress(1, of=2, text='half')
            job.progress(3, of=4)
        def ends():
            cq.current_job().progress(2, of=2, text='all')
        def imports(): import colorsys
        def forks():
            if os.fork() == 0: return 'child'
            return os.waitstatus_to_exitcode(os.wait()[1])
        def rest():
            job = cq.current_job()
            return job.description, job.retries_left, job.origin
    """,
    )


def serve(runtime, *frames):
    """Run a horse over these frames; its exit status."""
    runtime.wire.frames.extend(frames)
    with pytest.raises(runtime.Exit) as left:
        runtime._horse.main()
    return left.value.args[0]


def answers(runtime):
    return [(kind, fields) for kind, fields in runtime.wire.sent if kind in ("done", "failed", "retry")]


def test_numpys_global_generator_is_seeded_anew_in_each_horse(runtime, app, monkeypatch):
    seeds = []
    numpy_random = type(sys)("numpy.random")
    numpy_random.seed = lambda *args: seeds.append(args)
    monkeypatch.setitem(sys.modules, "numpy.random", numpy_random)
    serve(
        runtime,
        runtime.frame(("jobs.ident", None, (), {}), reuse=True),
        runtime.frame(("jobs.ident", None, (), {}), reuse=True),
    )
    assert seeds == [()]  # by the process, not by the job
    numpy_random.seed = lambda: 1 / 0
    assert serve(runtime, runtime.frame(("jobs.ident", None, (), {}))) == 0
    monkeypatch.delattr(numpy_random, "seed")  # one that is just being imported
    assert serve(runtime, runtime.frame(("jobs.ident", None, (), {}))) == 0


def test_a_horse_for_one_job_answers_and_leaves(runtime, app):
    assert (
        serve(
            runtime, runtime.frame(("jobs.ident", None, (), {})), runtime.frame(("jobs.ident", None, (), {}))
        )
        == 0
    )
    assert [kind for kind, _ in answers(runtime)] == ["done"]
    assert runtime.wire.titles == ["a-job"]
    assert runtime.wire.cleanings == 0


def test_a_reused_horse_goes_on_until_the_end_of_file(runtime, app):
    frames = [runtime.frame(("jobs.ident", None, (), {}), id=name, reuse=True) for name in ("one", "two")]
    assert serve(runtime, *frames) == 0
    assert [pickle.loads(fields["value"]) for _, fields in answers(runtime)] == ["one", "two"]
    assert runtime.wire.titles == ["one", None, "two", None]
    assert runtime.wire.cleanings == 2


def test_a_frame_of_another_type_ends_the_horse(runtime):
    frame = runtime.frame(("len", None, ("abc",), {}), type="novelty")
    assert serve(runtime, frame) == 76
    assert answers(runtime) == []


def test_end_of_file_before_a_job_is_no_error(runtime):
    assert serve(runtime) == 0
    assert answers(runtime) == []


def test_the_rehearsal_sends_nothing_and_leaves_no_job(runtime):
    runtime._horse.prepare_rehearsal()
    for _ in range(3):
        runtime._horse.rehearse()
    assert runtime.wire.sent == [] and runtime.wire.titles == []
    assert runtime.cq.current_job() is None


@pytest.mark.parametrize(
    "setup", [{}, {"allow": ["app"]}, {"serializer": "json"}, {"serializer": "pickle"}], ids=str
)
def test_the_rehearsal_succeeds_whatever_the_worker_takes(runtime, setup):
    runtime.configure(**setup)
    done = []
    run = runtime._run.run
    runtime._run.run = lambda job: done.append(run(job)) or done[-1]
    runtime._horse.rehearse()
    ((kind, fields),) = done
    assert kind == "done" and runtime.wire.sent == []
    assert runtime._run.limited is ("allow" in setup)


def test_collection_is_on_in_a_horse_unless_the_application_turned_it_off(runtime):
    for wanted in True, False:
        runtime._horse.collecting = wanted
        gc.disable()
        try:
            serve(runtime)
            assert gc.isenabled() is wanted
        finally:
            gc.enable()


def test_modules_that_a_job_imported_are_reported_after_its_answer(runtime, app):
    import jobs  # noqa: F401 # known already

    sys.modules.pop("colorsys", None)
    order = []
    sys.modules["_cq"].learn = lambda names: order.append(names)
    sys.modules["_cq"].answer = lambda kind, fields: order.append(kind)
    frame = runtime.frame(("jobs.imports", None, (), {}), reuse=True)
    serve(runtime, frame, frame)
    assert order == ["done", ["colorsys"], "done"]


def test_what_the_stable_has_settled_is_not_reported_again(runtime, app):
    import jobs  # noqa: F401

    sys.modules.pop("colorsys", None)
    runtime._learn.settled.add("colorsys")
    frame = runtime.frame(("jobs.imports", None, (), {}), reuse=True)
    serve(runtime, frame, frame)
    assert runtime.wire.learned == []


def test_the_module_of_the_function_is_reported_before_the_function_is_called(runtime, module):
    module("late", "import sys\ndef f(): sys.modules['_cq'].learn('called')\n")
    runtime.configure()
    order = []
    sys.modules["_cq"].learn = order.append
    serve(runtime, runtime.frame(("late.f", None, (), {})))
    assert order == [["late"], "called"]


def test_without_auto_preload_nothing_is_reported(runtime, app):
    sys.modules.pop("colorsys", None)
    runtime.configure(auto_preload=False)
    serve(runtime, runtime.frame(("jobs.imports", None, (), {})))
    assert runtime.wire.learned == []


def test_meta_that_a_job_changed_goes_with_the_answer(runtime, app):
    kind, fields = runtime.run("jobs.meta", "a", 1, fields={b"meta": pickle.dumps({"b": 2}, 5)})
    assert pickle.loads(fields["meta"]) == {"a": 1, "b": 2}
    assert runtime.sent("meta") == []


def test_meta_that_was_saved_is_not_sent_again(runtime, app):
    kind, fields = runtime.run("jobs.saved", "a", 1)
    (frame,) = runtime.sent("meta")
    assert pickle.loads(frame["meta"]) == {"a": 1}
    assert fields == {}


def test_meta_that_was_only_looked_at_is_not_sent(runtime, app):
    kind, fields = runtime.run("jobs.looked", fields={b"meta": pickle.dumps({"b": 2}, 0)})
    assert pickle.loads(fields["value"]) == {"b": 2} and "meta" not in fields


def test_meta_that_cannot_be_written_is_told_and_the_outcome_counts(runtime, app):
    assert runtime.run("jobs.unwritable") == ("done", {})
    (line,) = runtime.sent("log")
    assert line["level"] == "ERROR" and line["text"].startswith(
        "the job's meta cannot be written, so its changes are lost: "
    )


def test_meta_may_be_replaced(runtime, app):
    kind, fields = runtime.run("jobs.replaced")
    assert pickle.loads(fields["meta"]) == {"new": 1}


def test_progress_is_sent_now_and_then_and_the_last_with_the_outcome(runtime, app):
    kind, fields = runtime.run("jobs.progress")
    assert pickle.loads(runtime.sent("meta")[0]["meta"]) == {"progress": 0.25}
    assert pickle.loads(fields["meta"]) == {"progress": 0.75, "progress_text": "half"}


def test_progress_that_is_complete_is_sent_at_once(runtime, app):
    assert runtime.run("jobs.ends") == ("done", {})
    (frame,) = runtime.sent("meta")
    assert pickle.loads(frame["meta"]) == {"progress": 1.0, "progress_text": "all"}


def test_current_job_knows_more_about_the_job(runtime, app):
    fields = {b"description": b"jobs.rest()", b"retries_left": b"3"}
    assert runtime.value("jobs.rest", fields=fields) == ("jobs.rest()", 3, "default")


def test_a_child_that_comes_out_of_the_function_does_not_answer(runtime, app):
    def leave(status):
        if os.getpid() != parent:
            os._exit(40 + status)
        raise runtime.Exit(status)

    parent = os.getpid()
    sys.modules["_cq"].exit = leave
    serve(runtime, runtime.frame(("jobs.forks", None, (), {})))
    (answer,) = answers(runtime)
    assert pickle.loads(answer[1]["value"]) == 40


def test_an_answer_that_is_too_large_to_send_is_a_failure(runtime, app):
    def answer(kind, fields):
        if kind == "done":
            raise ValueError("a done of more than 513 MiB is too large for a job")
        runtime.wire.send(kind, fields)

    sys.modules["_cq"].answer = answer
    serve(runtime, runtime.frame(("jobs.ident", None, (), {})))
    ((kind, fields),) = answers(runtime)
    assert kind == "failed" and fields["exc"].rstrip().endswith(
        "ValueError: a done of more than 513 MiB is too large for a job"
    )


@pytest.mark.parametrize("name", ["id\0id", "\udcff", "e\u0301"])
def test_an_id_that_the_environment_cannot_have_disturbs_nobody(runtime, app, name):
    assert runtime.value("jobs.ident", id=name) == name


def test_an_environment_that_was_replaced_disturbs_nobody(runtime, app, monkeypatch):
    monkeypatch.setattr(os, "environ", {"A": "B"})
    assert runtime.value("jobs.ident") == "a-job"


def test_functions_for_forks_wait_for_the_horse_where_only_threads_need_them(script):
    assert (
        script("""
        import os
        assert 'threading' not in sys.modules
        from cq import _forks
        _forks.enter_stable()
        import threading, logging, concurrent.futures.thread, random
        assert len(_forks._waiting) >= 3, _forks._waiting
        calls = []
        for functions in _forks._waiting:
            functions['after_in_child'] = lambda: calls.append(1)
        random.seed(1)
        expected = random.Random(1).random()
        if os.fork() == 0:  # the horse
            assert calls == []
            assert random.random() != expected
            _forks.leave_stable()
            assert threading.main_thread().native_id == threading.get_native_id() == os.getpid()
            if os.fork() == 0:  # a child of its job
                os._exit(len(calls))
            os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
        print(os.waitstatus_to_exitcode(os.wait()[1]) == len(_forks._waiting))
    """)
        == "True\n"
    )


def test_nothing_of_a_job_is_kept_after_it(runtime, module):
    import weakref

    module("keeping", "class Big: pass\ndef f(x): raise ValueError(x)\ndef g(x): return None\n")
    import keeping

    for name in "f", "g":
        job = runtime._job.Job(runtime.frame((f"keeping.{name}", None, (keeping.Big(),), {})))
        argument = weakref.ref(job.decode()[2][0])
        runtime._run.run(job)
        del job
        gc.collect()
        assert argument() is None, name
