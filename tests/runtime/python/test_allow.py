"""--allow, the second line: what names turn out to be once they are objects."""

import collections
import datetime
import decimal
import ipaddress
import pathlib
import pickle
import uuid

import pytest


@pytest.fixture
def app(module, runtime):
    runtime.configure(allow=["shop.tasks", "shop.models.Order"])
    module(
        "shop.models",
        """
        class Order:
            def __init__(self, n=1): self.n = n
            def total(self): return self.n
            def __call__(self, x): return x
            @classmethod
            def make(cls): return 'made'
        class Customer: pass
    """,
    )
    module(
        "shop.tasks",
        """
        import collections, enum, os, subprocess, functools
        from os import system
        from shop.models import Customer, Order
        class Size(enum.Enum):
            BIG = 1
        class Flag(enum.IntFlag):
            A = 1
            B = 2
        class Box:
            class Lid: pass
            def open(self): return 'open'
        class Child(collections.OrderedDict):
            pass
        def add(a, b): return a + b
        def kind(x): return type(x).__name__
        def done(job, connection, value): pass
        @functools.wraps(add)
        def wrapped(*args): return add(*args)
        partial = functools.partial(add, 1)
    """,
    )
    module("shop.other", "raise SystemExit('imported')\n")
    import shop.tasks

    return shop.tasks


def refusal(text):
    last = text.rstrip().rsplit("\n", 1)[-1]
    assert "cq.NotAllowed: " in last, text
    return last


def test_a_function_under_a_prefix_runs(runtime, app):
    assert runtime.value("shop.tasks.add", 1, 2) == 3
    assert runtime.value("shop.tasks.wrapped", 1, 2) == 3
    assert runtime.value("shop.models.Order.make") == "made"


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "shop.tasksx.f",
        "shop",
        "shop.models.Customer",
        "len",
        "shop.other.f",
        "shop.tasks.__builtins__",
        "shop.tasks.add.__globals__.clear",
    ],
)
def test_other_names_are_refused_before_anything_is_imported(runtime, app, name):
    assert f"cq.NotAllowed: the job calls {name}, which no --allow covers" in refusal(runtime.failure(name))


@pytest.mark.parametrize(
    "name, what",
    [
        ("shop.tasks.system", ".system"),
        ("shop.tasks.subprocess.run", "subprocess.run"),
        ("shop.tasks.os.getcwd", ".getcwd"),
        ("shop.tasks.Customer", "shop.models.Customer"),
        ("shop.tasks.partial", "functools.partial"),
    ],
)
def test_what_a_module_got_from_elsewhere_is_refused(runtime, app, name, what):
    assert f"the job calls {name}, which is " in refusal(runtime.failure(name))
    assert what in refusal(runtime.failure(name))


def test_methods_of_allowed_classes_run(runtime, app):
    assert runtime.value("total", instance=app.Order(7)) == 7
    assert runtime.value("__call__", 5, instance=app.Order()) == 5
    assert runtime.value("open", instance=app.Box()) == "open"
    assert runtime.value("make", instance=app.Order) == "made"
    assert runtime.value("keys", instance=app.Child(a=1), fields={}) is not None


@pytest.mark.parametrize(
    "instance, name", [("Customer", "total"), ("OrderedDict", "popitem"), ("Order", "__init__")]
)
def test_methods_of_others_are_refused(runtime, app, instance, name):
    kind = getattr(app, instance, None) or getattr(collections, instance)
    text = runtime.failure(name, instance=kind())
    assert "NotAllowed" in text


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc),
        datetime.date(2024, 1, 2),
        datetime.time(1, 2),
        datetime.timedelta(1),
        decimal.Decimal("1.5"),
        uuid.UUID(int=1),
        collections.OrderedDict(a=1),
        collections.deque([1]),
        collections.Counter("aab"),
        collections.defaultdict(list),
        {1, 2},
        frozenset({1}),
        bytearray(b"x"),
        1j,
        range(3),
        slice(1, 2),
        b"bytes",
        Ellipsis,
        NotImplemented,
        int,
        pathlib.PurePosixPath("a/b"),
        pathlib.PosixPath("a"),
        ipaddress.ip_address("::1"),
    ],
    ids=repr,
)
def test_plain_data_passes(runtime, app, value, protocol):
    data = pickle.dumps(("shop.tasks.kind", None, (value,), {}), protocol)
    assert runtime.run(None, data=data)[0] == "done"


@pytest.mark.parametrize("protocol", range(6))
def test_classes_and_enums_of_the_application_pass(runtime, app, protocol):
    for value in app.Order(2), app.Size.BIG, app.Child(a=1):
        data = pickle.dumps(("shop.tasks.kind", None, (value,), {}), protocol)
        assert runtime.run(None, data=data)[0] == "done", value


def test_a_nested_class_passes(runtime, app):
    assert runtime.value("shop.tasks.kind", app.Box.Lid()) == "Lid"


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x0ashop.tasks\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x0ashop.tasks\x8c\x09os.system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x0ashop.tasks\x8c\x0c__builtins__\x93.",
        b"\x80\x04\x8c\x0ashop.tasks\x8c\x0fadd.__globals__\x93.",
        b"\x80\x04\x8c\x0ashop.tasks\x8c\x02os\x93.",
        b"cshop.models\nCustomer\n(tR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cshop.other\nset\n(tR.",
        b"\x80\x04\x8c\x0ashop.other\x8c\x03set\x93.",
        b"cbuiltins\ngetattr\n(cshop.tasks\nadd\nS'__globals__'\ntR.",
        b"cbuiltins\ngetattr\n(cshop.tasks\nBox\nS'__init__'\ntR.",
        b"cbuiltins\ngetattr\n(S'text'\nS'format'\ntR.",
    ],
)
def test_pickles_that_name_anything_else_are_refused(runtime, app, data):
    kind, fields = runtime.run(None, data=data)
    assert kind == "failed" and "cq.NotAllowed: the pickle names " in fields["exc"], fields


def test_callbacks_are_checked_too(runtime, app):
    text = runtime.failure("shop.tasks.add", 1, 2, fields={b"success_callback_name": b"os.system"})
    assert "the job calls os.system" in refusal(text)


def test_meta_is_read_by_the_same_rules(runtime, app):
    job = runtime._job.Job(runtime.frame(("len", None, (), {}), {b"meta": b"cos\nsystem\n(S'true'\ntR."}))
    with pytest.raises(Exception, match="the pickle names"):
        _ = job.meta


def test_without_allow_nothing_is_checked(runtime):
    runtime.configure()
    assert runtime.value("os.path.basename", "/a/b") == "b"
    assert not runtime._run.limited


def test_enum_flags_pass(runtime, app):
    assert runtime.value("shop.tasks.kind", app.Flag.A | app.Flag.B) == "Flag"


def test_the_list_of_plain_types_is_the_one_of_the_worker(runtime):
    import re

    from conftest import ROOT

    source = (ROOT / "job" / "allow.c").read_text()
    table = source[source.index("plain[] = {") :]
    listed = set(re.findall(r'^    "([\w.]+)"', table[: table.index("};")], re.M))
    assert listed == runtime._allow.DATA
