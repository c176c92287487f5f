"""Which functions ran, or had their code looked at: of the project, and each once."""

import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from afresh.boot.executions import TOOLS, Executions
from afresh.boot.roots import ProjectRoots
from afresh.boot.timing import ModuleTimes
from afresh.reload.journal import Entry, Looked, Ran

monitoring: Any = getattr(sys, "monitoring", None)
needs_monitoring = pytest.mark.skipif(monitoring is None, reason="Python 3.11 cannot tell what ran")

FILE = "/project/module.py"
_current: list[Executions] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    # As in a boot: the hook calls, so that the reader is two frames up.
    if event == "object.__getattr__" and _current:
        _current[0].looked_at(arguments)


@pytest.fixture(scope="module", autouse=True)
def hook() -> None:
    """An audit hook cannot be taken away."""
    sys.addaudithook(_hook)


class Roots(ProjectRoots):
    """Without these tests themselves, which run all the time."""

    def contains(self, path: str) -> bool:
        return path != __file__ and super().contains(path)


class Seen:
    """What was told so far."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.executions = Executions(Roots(), self.entries.append, ModuleTimes())

    def ran(self) -> set[str]:
        """The functions of the file that were told to have run."""
        return self._told(Ran)

    def looked_at(self) -> set[str]:
        """The functions of the file of which it was told that somebody asked for their code."""
        return self._told(Looked)

    def _told(self, kind: type[Ran | Looked]) -> set[str]:
        self.executions.flush()
        told = [entry for entry in self.entries if isinstance(entry, kind) and entry.file == FILE]
        return {function for entry in told for function in entry.functions}


@pytest.fixture
def seen() -> Iterator[Seen]:
    found = Seen()
    assert found.executions.start()
    _current.append(found.executions)
    yield found
    _current.clear()
    found.executions.stop()


def execute(text: str, file: str = FILE, **names: object) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "module", **names}
    exec(compile(textwrap.dedent(text), file, "exec", dont_inherit=True), namespace)
    return namespace


RUNS = [
    ("defined only", "def f(): pass", set()),
    ("called", "def f(): pass\ndef g(): pass\nf()", {"f"}),
    ("called by another", "def f(): g()\ndef g(): pass\nf()", {"f", "g"}),
    ("raises", "def f(): 1 / 0\ntry: f()\nexcept ZeroDivisionError: pass", {"f"}),
    ("class body", "class C:\n    x = 1\n    def m(self): pass", set()),
    ("method", "class C:\n    def m(self): pass\n    def n(self): pass\nC().m()", {"C.m"}),
    ("initializer", "class C:\n    def __init__(self): pass\nC()", {"C.__init__"}),
    ("property", "class C:\n    @property\n    def p(self): pass\nC().p", {"C.p"}),
    ("property not asked for", "class C:\n    @property\n    def p(self): pass\nC()", set()),
    (
        "metaclass",
        "class M(type):\n    def __new__(c, *a): return super().__new__(c, *a)\nclass C(metaclass=M): pass",
        {"M.__new__"},
    ),
    ("subclass hook", "class C:\n    def __init_subclass__(cls): pass\nclass D(C): pass", {"C.__init_subclass__"}),
    ("set name", "class D:\n    def __set_name__(self, *_): pass\nclass C:\n    d = D()", {"D.__set_name__"}),
    ("lambda", "f = lambda: 1\nf()", {"<lambda>"}),
    ("lambda not called", "f = lambda: 1", set()),
    ("lambda called from C", "sorted('ab', key=lambda x: x)", {"<lambda>"}),
    ("equality called from C", "class C:\n    def __eq__(self, o): return True\n[C()].index(1)", {"C.__eq__"}),
    ("generator not started", "def f():\n    yield 1\ng = f()", set()),
    ("generator", "def f():\n    yield 1\nnext(f())", {"f"}),
    ("generator expression", "list(x for x in 'ab')", {"<genexpr>"}),
    ("coroutine not awaited", "async def f(): pass\nc = f()\nc.close()", set()),
    ("decorator", "def d(f):\n    def w(): return f()\n    return w\n@d\ndef f(): pass", {"d"}),
    (
        "decorated",
        "def d(f):\n    def w(): return f()\n    return w\n@d\ndef f(): pass\nf()",
        {"d", "d.<locals>.w", "f"},
    ),
    (
        "wraps",
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def w(): pass\n    return w\n@d\ndef f(): pass",
        {"d"},
    ),
    ("cached", "import functools\n@functools.lru_cache\ndef f(): return 1\nf()\nf()", {"f"}),
    (
        "nested",
        "def f():\n    def g(): pass\n    class C:\n        def m(self): pass\n    return g\nf()()",
        {"f", "f.<locals>.g"},
    ),
    ("recursion", "def f(n): return n and f(n - 1)\nf(3)", {"f"}),
    ("function of another module", "import textwrap\ntextwrap.dedent('')", set()),
]


@needs_monitoring
@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in RUNS], ids=[row[0] for row in RUNS])
def test_what_runs(seen: Seen, text: str, expected: set[str]) -> None:
    execute(text)
    assert seen.ran() == expected


LOOKS = [
    ("the code", "def f(): pass\nf.__code__", {"f"}),
    ("names of the code", "def d(f):\n    f.__code__.co_names\n    return f\n@d\ndef f(): pass", {"f"}),
    ("of what runs as well", "def f(): pass\nf()\nf.__code__", {"f"}),
    ("by getattr", "def f(): pass\ngetattr(f, '__code__')", {"f"}),
    ("of a method", "class C:\n    def m(self): pass\nC.m.__code__", {"C.m"}),
    ("of a bound method", "class C:\n    def m(self): pass\nC().m.__func__.__code__", {"C.m"}),
    ("another attribute", "def f(): pass\nf.__name__, f.__doc__, f.__defaults__, f.__dict__", set()),
    ("the signature", "import inspect\ndef f(a, b=1): pass\ninspect.signature(f)", set()),
    (
        "the signature of a class",
        "import inspect\nclass C:\n    def __init__(self, a): pass\ninspect.signature(C)",
        set(),
    ),
    ("arguments", "import inspect\ndef f(a): pass\ninspect.getfullargspec(f)", set()),
    ("kinds", "import inspect\ndef f(): pass\ninspect.isgeneratorfunction(f), inspect.iscoroutinefunction(f)", set()),
    ("the source", "import inspect\ndef f(): pass\ntry: inspect.getsource(f)\nexcept OSError: pass", {"f"}),
    ("the first line", "import inspect\ndef f(): pass\ninspect.unwrap(f).__code__.co_firstlineno", {"f"}),
    ("closure variables", "import inspect\ndef f(): pass\ninspect.getclosurevars(f)", {"f"}),
    ("type hints", "import typing\ndef f(a: int): pass\ntyping.get_type_hints(f)", set()),
    ("dataclass", "import dataclasses\n@dataclasses.dataclass\nclass C:\n    a: int = 1\n    def m(self): pass", set()),
    (
        "single dispatch",
        "import functools\n@functools.singledispatch\ndef f(x): pass\n@f.register(int)\ndef _(x): pass",
        set(),
    ),
    ("context manager", "import contextlib\n@contextlib.contextmanager\ndef f():\n    yield", set()),
]


@needs_monitoring
@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in LOOKS], ids=[row[0] for row in LOOKS])
def test_what_is_looked_at(seen: Seen, text: str, expected: set[str]) -> None:
    execute(text)
    assert seen.looked_at() == expected


@needs_monitoring
def test_what_ran_and_what_was_looked_at_are_told_apart(seen: Seen) -> None:
    execute("def d(f):\n    f.__code__\n    return f\n@d\ndef f(): pass")
    assert (seen.ran(), seen.looked_at()) == ({"d"}, {"f"})


@needs_monitoring
def test_code_of_others_does_not_count(seen: Seen) -> None:
    installed = f"{sys.prefix}/lib/python3/site-packages/module.py"
    for file in (installed, "<string>", "relative.py"):
        execute("def f(): pass\nf()\nf.__code__", file)
    seen.executions.flush()
    assert seen.entries == []


@needs_monitoring
def test_each_is_told_once(seen: Seen) -> None:
    module = execute("def f(): pass\ndef g(): pass\nf()")
    assert seen.ran() == {"f"}
    module["f"]()
    module["g"]()
    seen.executions.flush()
    assert seen.entries == [Ran(FILE, ("f",)), Ran(FILE, ("g",))]


@needs_monitoring
def test_by_file(seen: Seen) -> None:
    for file in ("/project/a.py", "/project/b.py"):
        execute("def f(): g()\ndef g(): pass\nf()", file)
    seen.executions.flush()
    assert sorted(map(repr, seen.entries)) == [repr(Ran(f"/project/{name}.py", ("f", "g"))) for name in ("a", "b")]


@needs_monitoring
def test_all_threads(seen: Seen) -> None:
    module = execute("def f(): pass\ndef g(): pass")
    threads = [threading.Thread(target=module[name]) for name in ("f", "g")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.ran() == {"f", "g"}


@needs_monitoring
def test_what_runs_while_the_news_are_passed_on() -> None:
    """It is told the next time."""
    told: list[Entry] = []
    module: dict[str, Any] = {}

    def add(entry: Entry) -> None:
        told.append(entry)
        module["g"]()

    executions = Executions(Roots(), add, ModuleTimes())
    assert executions.start()
    module |= execute("def f(): pass\ndef g(): pass\nf()")
    executions.flush()
    executions.flush()
    executions.stop()
    assert told == [Ran(FILE, ("f",)), Ran(FILE, ("g",))]


@needs_monitoring
def test_nothing_is_told_after_the_end() -> None:
    seen = Seen()
    assert seen.executions.start()
    module = execute("def f(): pass\ndef g(): pass\nf()")
    seen.executions.stop()
    module["g"]()
    assert seen.ran() == {"f"}
    assert all(monitoring.get_tool(number) is None for number in TOOLS)


@needs_monitoring
def test_numbers_taken_by_others() -> None:
    """The second number is taken where the first is; with both taken nothing is exchanged, and the others stay."""
    first, second = TOOLS
    monitoring.use_tool_id(first, "another")
    try:
        seen = Seen()
        assert seen.executions.start()
        assert monitoring.get_tool(second) == "afresh"
        execute("def f(): pass\nf()")
        assert seen.ran() == {"f"}
        seen.executions.stop()
        monitoring.use_tool_id(second, "one more")
        seen = Seen()
        assert not seen.executions.start()
        assert not seen.executions.is_on
        seen.executions.flush()
        seen.executions.stop()
        assert [monitoring.get_tool(number) for number in TOOLS] == ["another", "one more"]
    finally:
        for number in TOOLS:
            if monitoring.get_tool(number) is not None:
                monitoring.free_tool_id(number)


@pytest.mark.skipif(monitoring is not None, reason="this Python can tell")
def test_off_where_python_cannot_tell() -> None:
    seen = Seen()
    assert not seen.executions.start()
    assert not seen.executions.is_on
    execute("def f(): pass\nf()")
    seen.executions.flush()
    seen.executions.stop()
    assert seen.entries == []
