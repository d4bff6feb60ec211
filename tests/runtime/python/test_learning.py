"""Modules that jobs keep importing are imported in the stable, unless that would bring threads or
connections."""

import sys


def warnings(runtime):
    return [text for level, text in runtime.wire.logged if level == "WARNING"]


def test_what_the_first_job_imports_is_learned_at_once(runtime, module):
    module("first", "")
    assert runtime._learn.heard(["first"]) is True
    assert "first" in sys.modules


def test_after_that_a_module_is_learned_when_two_jobs_had_to_import_it(runtime, module):
    module("first", "")
    module("wanted", "value = 1\n")
    runtime._learn.heard(["first"])
    assert runtime._learn.heard(["wanted"]) is False
    assert "wanted" not in sys.modules
    assert runtime._learn.heard(["wanted"]) is True
    assert sys.modules["wanted"].value == 1
    assert runtime.wire.logged == []


def test_what_one_job_imports_twice_is_counted_by_report(runtime, module):
    module("a_module", "")
    runtime._learn.heard(["a_module", "nowhere.at.all"])
    runtime._learn.heard(["a_module", "nowhere.at.all"])
    assert "a_module" in sys.modules
    assert warnings(runtime) == []


def test_a_module_that_cannot_be_imported_by_itself_stays_with_the_jobs(runtime, module):
    module("needy", "raise RuntimeError('only in a job')\n")
    module("leaving", "raise SystemExit(3)\n")
    module("fine", "")
    for _ in range(3):
        runtime._learn.heard(["needy", "leaving", "fine"])
    assert "needy" not in sys.modules and "leaving" not in sys.modules and "fine" in sys.modules
    assert warnings(runtime) == []


def test_a_module_that_starts_a_thread_is_not_learned_and_named_once(runtime, module):
    module(
        "pack.threads",
        "import threading, time\ndef poll(): time.sleep(600)\n"
        "threading.Thread(target=poll, name='poller', daemon=True).start()\n",
    )
    module("pack.tasks", "import pack.threads\n")
    module("pack.plain", "")
    names = ["pack", "pack.plain", "pack.tasks", "pack.threads"]
    for _ in range(4):
        runtime._learn.heard(names)
    assert "pack.plain" in sys.modules
    assert "pack.threads" not in sys.modules and "pack.tasks" not in sys.modules
    assert warnings(runtime) == [
        "module pack.threads is not preloaded, because importing it starts a thread (poller: "
        "pack.threads.poll); each job imports it"
    ]
    assert len(sys._current_frames()) == 1


def test_a_culprit_that_was_not_reported_itself_is_named_once_all_the_same(runtime, module):
    module(
        "culprit",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n",
    )
    module("importer", "import culprit\n")
    runtime._learn.heard(["importer"])
    for _ in range(3):
        runtime._learn.heard(["importer", "culprit"])
    assert len(warnings(runtime)) == 1


def test_who_imports_a_refused_module_even_guarded_is_not_learned_without_it(runtime, module):
    module(
        "starter",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n",
    )
    module("guarded", "try:\n    import starter\nexcept ImportError:\n    starter = None\n")
    for _ in range(3):
        runtime._learn.heard(["starter", "guarded"])
    assert "guarded" not in sys.modules


def test_a_thread_that_has_ended_by_then_is_no_reason(runtime, module):
    module(
        "joined", "import threading\nthread = threading.Thread(target=int)\nthread.start()\nthread.join()\n"
    )
    for _ in range(2):
        runtime._learn.heard(["joined"])
    assert "joined" in sys.modules


def test_a_module_that_connects_is_not_learned(runtime, module, tmp_path):
    module("connecting", "connected = True\n")
    runtime.wire.sockets = lambda: ["127.0.0.1 port 6379"] if "connecting" in sys.modules else []
    sys.modules["_cq"].sockets = runtime.wire.sockets
    for _ in range(2):
        runtime._learn.heard(["connecting"])
    assert "connecting" not in sys.modules
    assert warnings(runtime) == [
        "module connecting is not preloaded, because importing it connects to 127.0.0.1 port 6379; "
        "each job imports it"
    ]


def test_who_opened_a_connection_is_found_below_the_module_that_was_imported(runtime, module, tmp_path):
    import socket

    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "server"))
    server.listen()
    module(
        "pack.db",
        "import socket\nclient = socket.socket(socket.AF_UNIX)\n"
        f"client.connect({str(tmp_path / 'server')!r})\n",
    )
    module("pack.user", "import pack.db\n")
    sys.modules["_cq"].sockets = lambda: ["/run/db"] if "pack.db" in sys.modules else []
    for _ in range(2):
        runtime._learn.heard(["pack.user", "pack.db"])
    server.close()
    assert warnings(runtime) == [
        "module pack.db is not preloaded, because importing it connects to /run/db; each job imports it"
    ]
    assert "pack.user" not in sys.modules


def test_a_log_socket_is_no_connection(runtime):
    runtime.wire.own_sockets = ["/dev/log"]
    assert runtime._threads.connections() == []
    assert runtime._threads.found() == ""


def test_threads_that_python_does_not_know_are_a_reason_unless_their_library_is_known(
    runtime, module, monkeypatch
):
    module("grpcish", "")
    sys.modules["_cq"].threads = lambda: 3 if "grpcish" in sys.modules else 1
    for _ in range(2):
        runtime._learn.heard(["grpcish"])
    assert "grpcish" not in sys.modules
    assert warnings(runtime) == [
        "module grpcish is not preloaded, because importing it starts a thread that is not Python's; "
        "each job imports it"
    ]
    module("numpyish", "")
    sys.modules["_cq"].threads = lambda: 3 if "numpyish" in sys.modules else 1
    monkeypatch.setattr(runtime._threads, "_has_fork_safe_library", lambda: True)
    for _ in range(2):
        runtime._learn.heard(["numpyish"])
    assert "numpyish" in sys.modules


def test_a_module_that_kills_the_process_is_told_and_not_tried_again(runtime, module):
    module("deadly", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    for _ in range(4):
        runtime._learn.heard(["deadly"])
    assert "deadly" not in sys.modules
    (line,) = warnings(runtime)
    assert line.startswith(
        "modules are not preloaded (deadly ...), because a trial of importing them failed: "
    )


def test_the_number_of_names_that_are_counted_is_bounded(runtime, monkeypatch):
    monkeypatch.setattr(runtime._learn, "NAMES_MAX", 10)
    for i in range(100):
        runtime._learn.heard([f"name{i}"])
    assert len(runtime._learn._counts) <= 10


def test_our_own_modules_are_learned_like_others(runtime):
    assert "cq._failure" not in sys.modules
    for _ in range(2):
        runtime._learn.heard(["cq._errors", "cq._failure"])
    assert "cq._failure" in sys.modules


def test_the_worker_is_told_of_each_module_before_it_is_imported_for_good(runtime, module):
    module("one", "")
    module("two", "")
    runtime._learn.heard(["one", "two"])
    assert runtime.wire.sent == [
        ("busy", {"seconds": 600, "imports": "one"}),
        ("busy", {"seconds": 600, "imports": "two"}),
        ("busy", {"seconds": 0}),
    ]


def test_what_has_ended_a_stable_is_not_learned_nor_what_imports_it(runtime, module):
    module("deadly", "")
    module("uses_it", "import deadly\n")
    module("fine", "")
    runtime._learn.configure(["deadly"])
    for _ in range(3):
        runtime._learn.heard(["deadly", "uses_it", "fine"])
    assert "fine" in sys.modules and "deadly" not in sys.modules and "uses_it" not in sys.modules
    assert warnings(runtime) == []
