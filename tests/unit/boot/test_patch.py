"""New code in living functions: the module is then as if it had been executed from the new text, or as it was."""

import gc
import importlib.util
import inspect
import linecache
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from afresh.boot.patch import apply, merged
from afresh.reload.compare import compare

from ..reload.edits import EDITS, Edit
from .living import FILE, NAME, Living, monitoring

pytestmark = pytest.mark.skipif(monitoring is None, reason="patch is off: it cannot be told what ran")

BY_PLACE = {place: list(edits) for place, edits in groupby(EDITS, lambda edit: edit.name.partition(":")[0])}


@pytest.mark.parametrize("edits", BY_PLACE.values(), ids=list(BY_PLACE))
def test_edits(edits: list[Edit]) -> None:
    for edit in edits:
        living = Living(edit.old)
        before = living.description()
        if why := living.reload(edit.new):
            assert edit.obstacle in why
            assert living.description() == before
        else:
            assert living.description() == Living(edit.new).description(), edit.name


class Case(NamedTuple):
    """A text of which each `OLD` becomes `NEW`, below new lines that move all of it.

    `why`: what the refusal says; "" where the new code is put in.
    """

    name: str
    text: str
    why: str = ""


CASES = [
    # Where functions may be held.
    Case(
        "closure",
        """
        def make():
            x = 1
            def f(): return x, 'OLD'
            return f
        a, b = make(), make()
        """,
    ),
    Case(
        "wrapper of a decorator that ran",
        """
        def deco(g):
            def wrapper(): return g(), 'OLD'
            return wrapper
        @deco
        def f(): return 1
        @deco
        def h(): return 2
        """,
    ),
    Case(
        "wrapped",
        """
        def deco(g):
            def wrapper(): return g()
            return wrapper
        @deco
        @deco
        def f(): return 'OLD'
        """,
    ),
    Case(
        "functools.wraps",
        """
        import contextlib
        @contextlib.contextmanager
        def f():
            yield 'OLD'
        """,
    ),
    Case(
        "method",
        """
        class C:
            x = 3
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "bound method alone",
        """
        class C:
            def f(self): return 'OLD'
        f = C().f
        del C
        """,
    ),
    Case(
        "class and static methods",
        """
        class C:
            @classmethod
            def f(cls): return 'OLD'
            @staticmethod
            def g(): return 'OLD'
        """,
    ),
    Case(
        "property",
        """
        class C:
            @property
            def p(self): return 'OLD'
            @p.setter
            def p(self, v): self.v = 'OLD'
            @p.deleter
            def p(self): self.v = 'OLD'
        """,
    ),
    Case(
        "property of a class without a name",
        """
        class C:
            p = property(lambda self: 'OLD')
        c = C()
        del C
        """,
    ),
    Case(
        "cached property",
        """
        import functools
        class C:
            @functools.cached_property
            def p(self): return 'OLD'
        """,
    ),
    Case(
        "partial method",
        """
        import functools
        class C:
            def f(self, a): return 'OLD'
            g = functools.partialmethod(f, 1)
            del f
        """,
    ),
    Case(
        "partial",
        """
        import functools
        f = functools.partial(lambda a: 'OLD', 1)
        """,
    ),
    Case(
        "lru_cache",
        """
        import functools
        @functools.lru_cache
        def f(): return 'OLD'
        """,
    ),
    Case(
        "singledispatch",
        """
        import functools
        @functools.singledispatch
        def f(x): return 'OLD'
        @f.register
        def _(x: int): return 'OLD'
        @f.register
        def _(x: str): return 'OLD'
        """,
    ),
    Case(
        "singledispatch of a method",
        """
        import functools
        class C:
            @functools.singledispatchmethod
            def f(self, x): return 'OLD'
            @f.register
            def _(self, x: int): return 'OLD'
        """,
    ),
    Case(
        "containers",
        """
        held = {'a': [(lambda: 'OLD', {'b': lambda: 'OLD'})]}
        """,
    ),
    Case(
        "large container",
        """
        held = dict.fromkeys(range(5_000))
        held['f'] = lambda: 'OLD'
        """,
    ),
    Case(
        "keys",
        """
        held = {lambda: 'OLD'}
        """,
    ),
    Case(
        "default",
        """
        def f(a=lambda: 'OLD'): return a
        """,
    ),
    Case(
        "attribute of a function",
        """
        def f(): return 1
        f.g = lambda: 'OLD'
        """,
    ),
    Case(
        "attribute of an instance",
        """
        class A: pass
        a = A()
        a.b = A()
        a.b.f = lambda: 'OLD'
        """,
    ),
    Case(
        "slot of an instance",
        """
        class A:
            __slots__ = ('f',)
        a = A()
        a.f = lambda: 'OLD'
        """,
    ),
    Case(
        "deque",
        """
        import collections
        held = collections.deque([lambda: 'OLD'])
        """,
    ),
    Case(
        "default factory",
        """
        import collections
        held = collections.defaultdict(lambda: 'OLD')
        """,
    ),
    Case(
        "iterator",
        """
        held = iter(lambda: 'OLD', 0)
        mapped = map(lambda x: 'OLD', 'ab')
        """,
    ),
    Case(
        "local variable of a suspended generator",
        """
        def g(f):
            yield f
        import shelf
        shelf.held['g'] = g(lambda: 'OLD')
        next(shelf.held['g'])
        """,
        "is running",
    ),
    Case(
        "registry elsewhere",
        """
        import shelf
        def f(): return 'OLD'
        shelf.held['f'] = f
        del f
        """,
    ),
    Case(
        "closure registered elsewhere",
        """
        import shelf
        def make(x):
            def f(): return 'OLD', x
            return f
        shelf.held['f'] = make(1)
        shelf.held['g'] = make(2)
        """,
    ),
    Case(
        "class registered elsewhere",
        """
        import shelf
        class C:
            x = 'a'
            def f(self): return 'OLD'
        shelf.held['C'] = C
        del C
        """,
    ),
    Case(
        "hook of the interpreter",
        """
        import atexit
        atexit.register(lambda: 'OLD')
        """,
    ),
    Case(
        "weakly held",
        """
        import weakref, shelf
        def f(): return 'OLD'
        shelf.held['f'] = weakref.ref(f)
        """,
    ),
    Case(
        "weakly held method",
        """
        import weakref, shelf
        class C:
            def f(self): return 'OLD'
        c = C()
        shelf.held['f'] = weakref.WeakMethod(c.f)
        """,
    ),
    Case(
        "finalizer",
        """
        import weakref
        class C: pass
        c = C()
        weakref.finalize(c, lambda: 'OLD').atexit = False
        """,
    ),
    Case(
        "nothing holds it",
        """
        def f(): return 'OLD'
        del f
        """,
    ),
    Case(
        "nobody made it",
        """
        def f():
            def g(): return 'OLD'
            return g
        """,
    ),
    Case(
        "dataclass",
        """
        import dataclasses
        @dataclasses.dataclass(slots=True)
        class C:
            x: int = 0
            def f(self): return 'OLD', __class__
        """,
    ),
    Case(
        "enumeration",
        """
        import enum
        class C(enum.Enum):
            A = 1
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "abstract class",
        """
        import abc
        class C(abc.ABC):
            @abc.abstractmethod
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "metaclass that forbids assignments",
        """
        class M(type):
            def __setattr__(cls, name, value): raise TypeError
        class C(metaclass=M):
            x = 1
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "metaclass",
        """
        class M(type):
            def __call__(cls): return 'OLD'
        class C(metaclass=M):
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "subclass, inner class",
        """
        class B:
            def f(self): return 'OLD'
        class C(B):
            class D:
                def f(self): return 'OLD'
            def f(self): return super().f(), 'OLD'
        """,
    ),
    Case(
        "class in a function that ran",
        """
        def make():
            class C:
                x = 1
                def f(self): return 'OLD'
            return C
        C, D = make(), make()
        """,
    ),
    Case(
        "class replaced by an instance",
        """
        @lambda c: c()
        class C:
            x = 5
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "generic function",
        """
        def f[T](a: T = None) -> T: return 'OLD'
        class C[T]:
            def f(self): return 'OLD'
        """,
    ),
    Case(
        "same function twice",
        """
        for x in 'ab':
            def f(): return 'OLD'
            globals()[x] = f
        """,
    ),
    # References that are no functions: nothing may be changed.
    Case(
        "generator not started",
        """
        def g():
            yield 'OLD'
        G = g()
        """,
        "has made a generator",
    ),
    Case(
        "generator of nobody",
        """
        import shelf
        def g():
            yield 'OLD'
        shelf.held['g'] = g()
        """,
        "`g` is running, or held",
    ),
    Case(
        "coroutine",
        """
        async def g(): return 'OLD'
        G = g()
        """,
        "has made a generator",
    ),
    Case(
        "asynchronous generator",
        """
        async def g(): yield 'OLD'
        G = g()
        """,
        "has made a generator",
    ),
    Case(
        "generator expression",
        """
        G = ('OLD' for x in 'ab')
        """,
        "has made a generator",
    ),
    Case(
        "code as a key",
        """
        def f(): return 'OLD'
        held = {f.__code__: 1}
        """,
        "`f` is running, or held",
    ),
    Case(
        "code elsewhere",
        """
        import shelf
        def f(): return 'OLD'
        shelf.held['code'] = f.__code__
        """,
        "`f` is running, or held",
    ),
    Case(
        "one of many",
        """
        def f(): return 'OLD'
        class C:
            x = 3
            def g(self): yield 'OLD'
        G = C().g()
        """,
        "`C.g` has made a generator",
    ),
    # Functions whose code is not as compiled.
    Case(
        "other flags",
        """
        import types
        @types.coroutine
        def f():
            yield 'OLD'
        """,
        "`f` is not as it was compiled",
    ),
    Case(
        "rewritten code",
        """
        def f(): return 'OLD'
        f.__code__ = f.__code__.replace(co_name='g')
        """,
        "is not as it was compiled",
    ),
    Case(
        "copy of the code",
        """
        import types
        def f(): return 'OLD'
        h = types.FunctionType(f.__code__.replace(co_name='g'), {})
        """,
        "is not as it was compiled",
    ),
    # Functions that ran, which is for the keeper to know.
    Case(
        "ran",
        """
        def f(): return 'OLD'
        f()
        """,
        "`f` ran",
    ),
    Case(
        "ran: called by C",
        """
        x = sorted('ba', key=lambda x: 'OLD')
        """,
        "ran",
    ),
    Case(
        "ran: hook of a class",
        """
        class C:
            def __init_subclass__(cls): 'OLD'.upper()
        class D(C): pass
        """,
        "ran",
    ),
    Case(
        "ran: decorator",
        """
        def deco(g):
            a, b = 1, 2
            def f(): return g, 'OLD', a
            return f, 'OLD'
        f = deco(1)
        """,
        "`deco` ran",
    ),
    Case(
        "ran: generator that has begun",
        """
        def g():
            yield 'OLD'
        G = g()
        next(G)
        """,
        "`g` ran",
    ),
]


@pytest.fixture(autouse=True)
def shelf() -> Iterator[dict[str, Any]]:
    """Where modules can put things that nothing of their own leads to."""
    module: Any = ModuleType("shelf")
    module.held = {}
    sys.modules["shelf"] = module
    yield module.held
    del sys.modules["shelf"]
    sys.modules.pop(NAME, None)


def close_coroutines(living: Living) -> None:
    for value in vars(living.module).values():
        if inspect.iscoroutine(value):
            value.close()


if sys.version_info >= (3, 14):
    CASES += [
        Case("template", "def f(): return 'OLD'\nt = t'{f}'\ndel f"),
        Case("annotations of a function", "def f(a: 'OLD' = 1, *b: lambda: x) -> int: pass"),
        Case("annotations of a class", "class C:\n    a: 'OLD'\n    if a := 1:\n        b: int\n"),
        Case("annotations of the module", "a: 'OLD' = 1\nfor a in 'ab':\n    b: lambda: a"),
        Case(
            "annotations of a method in a function",
            "def f():\n    class C:\n        def m(self, a: 'OLD'): pass\n    return C\nC = f()",
        ),
        Case(
            "annotations that a decorator has copied",
            """
        import functools
        def f(a: 'OLD'): pass
        g = functools.wraps(f)(lambda: 0)
        """,
        ),
        Case("annotations that were evaluated", "def f(a: 'OLD'): pass\nx = f.__annotations__", "ran"),
        Case(
            "annotations that were evaluated as texts",
            """
        import annotationlib
        class C:
            a: OLD
        x = annotationlib.get_annotations(C, format=annotationlib.Format.STRING)
        """,
            "ran",
        ),
    ]
if sys.version_info >= (3, 15):
    CASES += [
        Case("frozendict", "d = frozendict(f=lambda: 'OLD')"),
        Case(
            "a function beside lazy imports",
            "lazy import csv\nlazy from ast import parse\ndef f(): return csv, parse, 'OLD'",
        ),
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_functions_wherever_they_are(case: Case, shelf: dict[str, Any]) -> None:
    text = textwrap.dedent(case.text)
    new = "\n\n" + text.replace("OLD", "NEW")
    living = Living(text)
    before = living.description(shelf)
    why = living.reload(new)
    if case.why:
        assert case.why in why
        assert living.description(shelf) == before
    else:
        assert why == ""
        assert living.stale("OLD") == []
        after = living.description(shelf)
        shelf.clear()
        assert after == Living(new).description(shelf)
    close_coroutines(living)


ABOVE = "\n\n\n"


def test_a_function_on_the_stack_keeps_its_lines() -> None:
    text = "def f(inner):\n    return inner()\n"
    living = Living(text)
    assert "`f` is running" in living.f(lambda: living.reload(ABOVE + text))
    assert living.f.__code__.co_firstlineno == 1
    assert living.reload(ABOVE + text) == ""
    assert living.f.__code__.co_firstlineno == 4


@pytest.mark.parametrize(
    "name",
    [
        *("closure", "wrapped", "property", "cached property", "partial", "lru_cache", "attribute of an instance"),
        *("generator not started", "coroutine", "rewritten code"),
    ],
)
def test_what_the_module_leads_to_is_found_without_a_search_of_the_heap(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = (case for case in CASES if case.name == name)
    text = textwrap.dedent(case.text)
    living = Living(text)
    monkeypatch.delattr(gc, "get_referrers")
    assert case.why in living.reload(ABOVE + text.replace("OLD", "NEW"))
    close_coroutines(living)


def test_what_is_frozen_is_found_and_frozen_again(shelf: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    search = gc.get_referrers

    def get_referrers(*objects: object) -> list[Any]:
        # A collection would write to every object that is not frozen.
        assert not gc.isenabled()
        return search(*objects)

    monkeypatch.setattr(gc, "get_referrers", get_referrers)
    living = Living("import shelf\ndef f(): return 'OLD'\nshelf.held['f'] = f\ndel f\n")
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert living.reload("import shelf\ndef f(): return 'NEW'\nshelf.held['f'] = f\ndel f\n") == ""
        assert gc.get_freeze_count() >= frozen
        assert gc.isenabled()
    finally:
        gc.unfreeze()
    assert shelf["f"]() == "NEW"


def test_what_is_not_frozen_stays_so_and_no_collection_begins(shelf: dict[str, Any]) -> None:
    living = Living("import shelf\ndef f(): return 'OLD'\nshelf.held['f'] = f\ndel f\n")
    gc.disable()
    try:
        assert living.reload("import shelf\ndef f(): return 'NEW'\nshelf.held['f'] = f\ndel f\n") == ""
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert gc.get_freeze_count() == 0


def test_objects_are_not_asked_what_they_are() -> None:
    text = textwrap.dedent("""
        class Lazy:
            def __getattribute__(self, name): raise AssertionError(name)
            __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __contains__ = __getattribute__
        lazy = Lazy()
        held = [lazy]
        class C: x = lazy
        class D: __module__ = lazy
        import shelf
        shelf.held['f'] = lambda: 'OLD'
    """)
    assert Living(text).reload(ABOVE + text.replace("OLD", "NEW")) == ""


def test_refused_in_a_free_threaded_build(monkeypatch: pytest.MonkeyPatch) -> None:
    living = Living("def f(): return 1\n")
    monkeypatch.setattr(sys, "abiflags", "t")
    assert "free-threaded" in living.reload("def f(): return 2\n")
    assert living.f() == 1


def test_refused_for_another_file() -> None:
    living = Living("def f(): return 1\n")
    new = compile("def f(): return 2\n", "/project/other.py", "exec", dont_inherit=True)
    assert apply(living.code, new, vars(living.module)) == "the file is now /project/other.py"
    assert living.f() == 1


def test_refused_where_something_ran_below_what_did_not() -> None:
    # The caller says that `f` did not run, and so nothing it makes can be alive. Here it is.
    living = Living("def f():\n    def g(): return 1\n    return g\ng = f()\n")
    new = compile("def f():\n    def g(): return 1\n    return [g]\ng = f()\n", FILE, "exec", dont_inherit=True)
    assert "`f.<locals>.g` is not as it was compiled" in apply(living.code, new, vars(living.module))


def test_two_functions_that_share_their_code() -> None:
    # Without columns equal lambdas in one line are one constant.
    script = """if True:
        import types
        from afresh.boot.patch import apply
        def compiled(text): return compile(text, "/p/m.py", "exec", dont_inherit=True)
        def reload(old, new):
            code, namespace = compiled(old), {"__name__": "m"}
            exec(code, namespace)
            a, b = namespace["held"]
            assert a.__code__ is b.__code__
            return apply(code, compiled(new), namespace), a(), b()
        print(reload("held = (lambda: 1), (lambda: 1)", "held = (lambda: 2), (lambda: 2)"))
        print(reload("held = (lambda: 1), (lambda: 1)", "held = (lambda: 2), (lambda: 1)"))
        inner = "held = (lambda: [lambda: {}])()[0], (lambda: (lambda: {},))()[0]"
        print(reload(inner.format(1, 1), inner.format(2, 2)))
        print(reload(inner.format(1, 1), inner.format(2, 1)))
        print(reload(inner.format(1, 1), inner.format(1, 2)))
    """
    command = [sys.executable, "-X", "no_debug_ranges", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "('', 2, 2)",
        "('the statements of the module changed', 1, 1)",
        "('', 2, 2)",
        "('two functions share their code', 1, 1)",
        "('two functions share their code', 1, 1)",
    ]


TEXT = """\
class C:
    x = 3

    def boom(self):
        self.seen = True
        raise ValueError(self)

    class D:
        def inner(self):
            return 1


def outer():
    return C().boom()


def factory():
    class Local:
        def method(self):
            return 1
    return Local


Local = factory()
"""


def test_lines_are_right_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "living.py"
    file.write_text(TEXT)
    living = Living(TEXT, str(file))
    living.module.__spec__ = importlib.util.spec_from_file_location(NAME, file)
    assert inspect.getsource(living.C.D).startswith("    class D:")  # fills linecache
    new = "# above\n\n" + TEXT.replace("return 1", "return 2").replace("raise", "# why\n        raise")
    file.write_text(new)
    assert living.reload(new) == ""
    assert str(file) not in linecache.cache
    lines = new.splitlines()
    with pytest.raises(ValueError) as caught:
        living.outer()
    for frame in traceback.extract_tb(caught.tb)[-2:]:
        assert frame.lineno is not None
        assert frame.line == lines[frame.lineno - 1].strip()
        assert frame.line in ("return C().boom()", "raise ValueError(self)")
    for each in (living.C, living.C.boom, living.C.D, living.outer, living.Local, living.Local.method):
        first = inspect.getsource(each).splitlines()[0]
        assert first.split()[1].startswith(each.__name__)
        assert first == lines[inspect.getsourcelines(each)[1] - 1]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="classes do not know their lines")
def test_what_the_compiler_notes_in_classes(shelf: dict[str, Any]) -> None:
    text = "import shelf\nclass C:\n    def f(self): self.a = 1\nshelf.held['C'] = C\ndel C\n"
    living = Living(text)
    assert living.reload(ABOVE + text.replace("self.a", "self.b")) == ""
    assert (shelf["C"].__firstlineno__, shelf["C"].__static_attributes__) == (5, ("b",))


DECORATORS = {
    "an object of C": "decorate = functools.lru_cache",
    "a function": "decorate = lambda kind: functools.wraps(kind, updated=('__dict__',))(lambda: kind())",
    "an object": """\
class decorate:
    def __init__(self, kind): functools.update_wrapper(self, kind)
    def __call__(self): return self.__wrapped__()
""",
}


@pytest.mark.skipif(sys.version_info < (3, 13), reason="classes do not know their lines")
@pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
def test_what_wraps_a_class_has_its_notes_too(decorate: str) -> None:
    """`functools.update_wrapper` copies them with all else that a class holds."""
    text = f"import functools\n{decorate}\n@decorate\nclass C:\n    def f(self): self.a = 1\nc = C()\n"
    living = Living(text)
    first = living.C.__firstlineno__
    assert living.reload(ABOVE + text.replace("self.a", "self.b")) == ""
    for each in (living.C, living.C.__wrapped__, type(living.c)):
        assert (each.__firstlineno__, each.__static_attributes__) == (first + ABOVE.count("\n"), ("b",))


def test_a_patched_function_is_a_function_like_any_other() -> None:
    living = Living("def f(n): return 'OLD' if n < 1 else f(n - 1)\n")
    new = "def f(n): return 'NEW' if n < 1 else f(n - 1)\n"
    assert living.reload(new) == ""
    assert [living.f(n) for n in range(100)] == ["NEW"] * 100


def test_code_that_is_used_is_replaced_though_it_was_specialised() -> None:
    # What moved may have run, and the interpreter has fitted callers to it.
    text = "def f(): return 1\nclass C:\n    @property\n    def p(self): return f()\ndef g(): return C().p + f()\n"
    living = Living(text)
    assert sum(living.g() for _ in range(100)) == 200
    code = compile(ABOVE + text.replace("return 1", "return 2"), FILE, "exec", dont_inherit=True)
    assert apply(living.code, code, vars(living.module)) == ""
    assert living.g() == 4
    assert [each.__code__.co_firstlineno for each in (living.f, living.C.p.fget, living.g)] == [4, 6, 8]


STATEMENTS = [
    "x = {}",
    "def f{}(a=0):\n    return a, {}",
    "def f{}(a=0):\n    'Doc.'\n    b = [a, {}]\n    return lambda: (a, b, {})",
    "class C{}:\n    x = 3\n    def f(self):\n        self.a = {}\n    @property\n    def p(self):\n        return {}",
    "class C{}:\n    class D:\n        def f(self):\n            return super().f() or {}\n        g = lambda self: {}",
    "def deco{}(g):\n    def wrapper(*a):\n        return g, a, {}\n    return wrapper",
    "@deco\ndef f{}(a=0):\n    return a, {}",
    "@functools.lru_cache\ndef f{}(a=0):\n    return a, {}",
    "g{} = gen({})",
    "def make{}():\n    x = {}\n    def inner():\n        return x, {}\n    return inner\nmade = make{}(), make{}()",
    "held{} = [lambda: {}, functools.partial(lambda a: {}, 1)]",
    "shelf.held[{}] = lambda: {}",
    "# {}",
    "",
    "async def co{}():\n    return [x async for x in f({})]",
    "if True:\n    def f{}(a=0):\n        for x in range({}):\n            yield x\n",
]
PROLOGUE = """\
import functools, shelf
def gen(x):
    yield x
def deco(g):
    @functools.wraps(g)
    def w(*a): return g(*a)
    return w
"""
VALUES = ["1", "2", "3", "4", "0.0", "-0.0", "True", "'a'", "(1, 2)", "(1, True)", "[]", "{1, 2}"]


class Statement(NamedTuple):
    """One of `STATEMENTS`; names are made with the number, and each value stands where it is used."""

    template: str
    number: int
    values: tuple[str, ...]

    def __str__(self) -> str:
        values = iter(self.values)
        parts = self.template.split("{}")
        text = parts[0]
        for part in parts[1:]:
            is_name = text[-1:].isalpha() or text.endswith("[")
            text += (str(self.number) if is_name else next(values)) + part
        return text


statements = st.builds(
    Statement, st.sampled_from(STATEMENTS), st.integers(0, 3), st.tuples(*[st.sampled_from(VALUES)] * 4)
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A module's text, and the same after one or two small edits."""
    old = draw(st.lists(statements, min_size=1, max_size=6))
    new = list(old)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(new) - 1))
        match draw(st.sampled_from(["values", "values", "values", "values", "insert", "delete", "blank"])):
            case "values":
                new[at] = new[at]._replace(values=draw(statements).values)
            case "insert":
                new.insert(at, draw(statements))
            case "blank":
                new.insert(at, Statement("", 0, ()))
            case _:
                new[at] = Statement("# gone", 0, ())
    texts = (PROLOGUE + "\n".join([*map(str, each), ""]) for each in (old, new))
    return next(texts), next(texts)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=edited())
def test_random_edits(texts: tuple[str, str], shelf: dict[Any, Any]) -> None:
    old, new = texts
    shelf.clear()
    living = Living(old)
    before = living.description(shelf)
    why = living.reload(new)
    event("refused" if why else "patched" if compare(living.code, living.compiled(new)).changed else "moved at most")
    after = living.description(shelf)
    if not why:
        shelf.clear()
        before = Living(new).description(shelf)
    assert after == before


CHAIN = [
    textwrap.dedent(text)
    for text in (
        """
        def f(): return 1
        class C:
            def m(self): return (lambda: 1)()
            def n(self): return 1
        def g(): return 1
        """,
        """
        def f(): return 2
        class C:
            def m(self): return (lambda: 1)()
            def n(self): return 1
        def g(): return 1
        """,
        """
        def f(): return 2

        class C:
            def m(self): return (lambda: 2)()
            def n(self): return 1
        def g(): return 1
        """,
        """
        def f(): return 2

        class C:
            def m(self): return 3
            def n(self): return 2
        def g(): return 4
        """,
    )
]


def test_one_patch_after_the_other_goes_by_the_merged_tree() -> None:
    module = ModuleType(NAME)
    running = compile(CHAIN[0], FILE, "exec", dont_inherit=True)
    exec(running, module.__dict__)
    for text in CHAIN[1:]:
        new = compile(text, FILE, "exec", dont_inherit=True)
        assert apply(running, new, module.__dict__) == ""
        running = merged(running, new)
        del new
    assert (module.f(), module.C().m(), module.C().n(), module.g()) == (2, 3, 2, 4)
    assert module.g.__code__.co_firstlineno == 7


@pytest.mark.skipif(sys.version_info < (3, 15), reason="no import is lazy")
def test_again_and_again_beside_lazy_imports() -> None:
    """Imports that are pending hold the code that was executed first, and by it functions that have not changed."""
    text = "lazy import csv\ndef f(): return 'f0'\ndef g(): return 'g0'\n"
    living = Living(text)
    held: tuple[CodeType, ...] = ()
    for before, after in (("f0", "f1"), ("g0", "g1"), ("f1", "f2")):
        text = text.replace(before, after)
        new = living.compiled(text)
        assert apply(living.code, new, vars(living.module), held) == ""
        held, living.code = (*held, living.code), merged(living.code, new)
    assert (living.f(), living.g(), living.csv.__name__) == ("f2", "g1", "csv")
