"""A module executed in two parts, the second of another text: it is then as if executed whole from that text."""

import contextlib
import dis
import linecache
import sys
import textwrap
import traceback
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afresh.boot.inside import annotate, joined, parts
from afresh.boot.patch import apply
from afresh.reload.statements import begins_alike, boundary, conditions, late_annotations

from .living import FILE, NAME, Living, monitoring


class Whole(Living):
    """A module executed from one text."""

    def __init__(self, text: str) -> None:
        self.file = FILE
        self.module = new_module()
        self.code = self.compiled(text)
        exec(self.code, vars(self.module))


class InParts(Living):
    """A module executed from `old` down to a line, and from there on from `new`."""

    def __init__(self, old: str, new: str, line: int) -> None:
        self.file = FILE
        self.module = new_module()
        before, after = self.compiled(old), self.compiled(new)
        first, second = parts(before, line), parts(after, line)
        assert first is not None, "the old text cannot be parted there"
        assert second is not None, "the new text cannot be parted there"
        exec(first.above, vars(self.module))
        if late_annotations(after):
            assert annotate(vars(self.module), before, after)
        self.code = joined(before, after, line)
        self.held = (before, after)  # as far as imports are pending
        exec(second.rest, vars(self.module))


def new_module() -> ModuleType:
    module = ModuleType(NAME)
    module.__file__ = FILE
    sys.modules[NAME] = module
    return module


def line_below(text: str) -> int:
    return text.count("\n") + 1


class Case(NamedTuple):
    """What both texts begin with, and how each goes on."""

    name: str
    first: str
    old: str
    new: str


CASES = [
    Case("values", "a = 1\n", "b = 2\n", "b = 3\nc = a + b\n"),
    Case("a name less", "a = 1\n", "b = 2\nc = 3\n", "c = 3\n"),
    Case("more lines", "a = 1\n", "b = 2\n", "\n\n# why\nb = 2\ndef f(): return b\n"),
    Case("docstring", '"""Doc."""\na = 1\n', "b = 2\n", "b = 3\n"),
    Case("docstring alone before", '"""Doc."""\n', "b = 2\n", "b = 3\n"),
    Case("docstring worked on", '"""Doc of %s."""\n__doc__ = __doc__ % __name__\n', "b = 2\n", "b = 3\n"),
    Case("docstring taken away", '"""Doc."""\ndel __doc__\n__doc__ = None\n', "b = 2\n", "b = 3\n"),
    Case("a text that begins the rest", "a = 1\n", "b = 2\n", "'''a banner'''\nb = 3\n"),
    Case("a text after the docstring", '"""Doc."""\na = 1\n', "b = 2\n", "'''a banner'''\nb = 3\n"),
    Case("a text after other imports", "import sys\n", "b = 2\n", "'''a banner'''\nb = 3\n"),
    Case(
        "future",
        "from __future__ import annotations\na = 1\n",
        "def f(x: int): pass\n",
        "def f(x: nowhere) -> a.b: pass\nclass C:\n    x: nowhere\n",
    ),
    Case(
        "future after a docstring",
        '"""Doc."""\nfrom __future__ import annotations\n',
        "def f(x: int): pass\n",
        "def f(x: nowhere): pass\n",
    ),
    Case(
        "the future's name used for something else",
        "from __future__ import annotations\nannotations = {'mine': 1}\n",
        "b = 2\n",
        "b = 3\n",
    ),
    Case(
        "the future's name deleted",
        "from __future__ import annotations\ndel annotations\n",
        "b = 2\n",
        "def f(x: nowhere): pass\n",
    ),
    Case("functions on both sides", "def f(): return 1\n", "def g(): return 2\n", "def g(): return f() + 2\nx = g()\n"),
    Case(
        "decorators on both sides",
        "import functools\n@functools.lru_cache(None)\ndef f(): return 1\n",
        "@functools.lru_cache(1)\ndef g(): return 2\n",
        "@functools.lru_cache(3)\n@functools.wraps(f)\ndef g(): return 3\ndef h(): return 4\n",
    ),
    Case(
        "the stop before decorators",
        "a = 1\n",
        "@property\ndef f(self): return 1\n",
        "@property\ndef f(self): return 2\n",
    ),
    Case(
        "classes on both sides",
        "class A:\n    '''A.'''\n    def f(self): return self.x\n    @classmethod\n    def g(cls): return __class__\n",
        "class B(A):\n    pass\n",
        "class B(A):\n    x = 1\n    def f(self):\n        self.y = 2\n        return super().f()\nvalue = B().f()\n",
    ),
    Case(
        "nested functions",
        "def outer(n):\n    def inner(): return n\n    return inner\none = outer(1)\n",
        "two = outer(2)\n",
        "def other(n):\n    def inner():\n        nonlocal n\n    return inner\nthree = other(outer(2)())\n",
    ),
    Case(
        "global",
        "counter = 0\ndef count():\n    global counter\n    counter += 1\n    return counter\n",
        "a = count()\n",
        "a = count()\nb = count()\ndef reset():\n    global counter\n    counter = 9\nreset()\n",
    ),
    Case(
        "equal literals", "a = (1, 'two', 3.0)\n", "b = 1\n", "b = (1, 'two', 3.0)\nc = frozenset({1, 2})\nd = -0.0\n"
    ),
    Case(
        "lambdas and comprehensions",
        "fs = [lambda: 1, lambda: 2]\nsquares = [x * x for x in range(3)]\n",
        "g = lambda: 3\n",
        "g = lambda: 4\ntable = {k: (lambda k=k: k) for k in 'ab'}\n",
    ),
    Case("several statements in a line", "a = 1; b = 2;\n", "c = 3\n", "c = 4; d = lambda: c\n"),
    Case("a condition", "import sys\n", "if sys:\n    a = 1\n", "if sys:\n    a = 2\nelse:\n    a = 3\n"),
    Case(
        "try and loop",
        "done = []\n",
        "pass\n",
        "for i in range(3):\n    try:\n        done.append(1 / i)\n    except ZeroDivisionError:\n        pass\n",
    ),
    Case("nothing is left", "a = 1\nb = 2\n", "c = 3\n", ""),
    Case("only comments are left", "a = 1\nb = 2\n", "c = 3\n", "# c = 3\n"),
    Case("a coding line", "# -*- coding: utf-8 -*-\na = 'ä'\n", "b = 'ö'\n", "b = 'ü'\n"),
    Case(
        "imports of a method's owner",
        "import functools\ndef f(): return functools.partial(len)\n",
        "b = 1\n",
        "def g(): return functools.partial(max)\nb = g()('ab')\n",
    ),
    Case("type parameters", "def f(): return 1\n", "b = 1\n", "b = f()\n"),
    Case(
        "a class with the name of a function",
        "def f(): return 1\n",
        "def f(): return 2\n",
        "class f:\n    def f(self): return 3\n",
    ),
    Case(
        "redefined",
        "def f(): return 1\n@property\ndef p(self): return 1\n",
        "def f(): return 2\n",
        "def f(): return 3\n@p.setter\ndef p(self, value): return 2\n",
    ),
]
LATE = sys.version_info >= (3, 14)  # annotations are evaluated by a function, when they are asked for
SO_FAR = (
    "import sys\nso_far = dict(sys.modules[__name__].__annotations__)\n" if LATE else "so_far = dict(__annotations__)\n"
)
ANNOTATED = [
    Case("annotated functions", "def f(a: int) -> str: pass\n", "x = 1\n", "def g(a: f) -> int: pass\nx = g\n"),
    Case(
        "annotated methods",
        "class C:\n    x: int\n    def f(self, a: int) -> 'C': pass\n",
        "x = 1\n",
        "class D(C):\n    if C:\n        y: int\n    def f(self, a: str, *b: C) -> 'D': pass\n",
    ),
    Case("annotations on both sides", "a: int = 1\n", "b: str = ''\n", "b: bytes = b''\nc: float\n"),
    Case("annotations before only", "a: int = 1\n", "b = 1\n", "b = 2\n"),
    Case("annotations after only", "a = 1\n", "b: int = 1\n", "b: str = ''\n"),
    Case("annotations below a docstring", '"""Doc."""\na: int = 1\n', "b: int = 1\n", "def f(): pass\nb: str = ''\n"),
    Case(
        "annotations of functions as well",
        "def f(a: int): pass\na: int = 1\n",
        "b: int\n",
        "def g(b: f): pass\nb: str\n",
    ),
    Case("annotations that are not stored", "(a): int = 1\n", "b = 1\n", "(b): str = ''\n"),
    Case("annotations evaluated in between", "a: int = 1\n" + SO_FAR, "b: int = 1\n", "b: str = ''\nc: int\n" + SO_FAR),
    Case(
        "annotations under conditions",
        "for i in range(2):\n    a: int = 1\nif a:\n    b: int\nelse:\n    c: int\n",
        "while a:\n    d: int\n    a -= 1\n",
        "while a:\n    d: str\n    if a > 1:\n        e: nowhere\n    a -= 1\n" + SO_FAR,
    ),
    Case("annotations as texts", "from __future__ import annotations\na: int = 1\n", "b = 1\n", "b: nowhere = 2\n"),
    Case(
        "annotations of functions as texts",
        "from __future__ import annotations\ndef f(a: nowhere): pass\n",
        "b = 1\n",
        "def g(a: nowhere) -> f: pass\nclass C:\n    a: nowhere\n",
    ),
]
GENERIC = [
    Case("generic functions", "def f[T](x: T) -> T: return x\n", "b = 1\n", "def g[S](x: S): return f(x)\nb = g(1)\n"),
    Case(
        "generic classes and aliases",
        "class C[T]: pass\n",
        "type A = int\n",
        "type A[T] = C[T]\nclass D[T](C[T]): x = 1\n",
    ),
]
LAZY = [
    Case("lazy imports", "lazy import json\n", "x = 1\n", "lazy from os import path as p, sep\nx = json.dumps(1)\n"),
    Case(
        "lazy imports that are used", "lazy import json\nx = json.dumps(1)\n", "lazy import csv\n", "lazy import ast\n"
    ),
    Case(
        "lazy imports beside functions",
        "lazy import json\ndef f(): return json\nclass C:\n    def m(self): return f\n",
        "lazy import csv\ndef g(): return 1\n",
        "lazy import ast\ndef g(): return ast\n",
    ),
    Case("frozen dictionaries", "a = frozendict(x=1)\n", "b = 1\n", "b = frozendict(y=lambda: a)\n"),
]
TEMPLATES = [
    Case(
        "templates", "w = 3\na = t'{w!r:>{w}} a'\n", "b = 1\n", "b = t'{a} b {(lambda: w)}'\ndef f(): return t'{w}'\n"
    ),
]
ALL = [
    *CASES,
    *ANNOTATED,
    *(GENERIC if sys.version_info >= (3, 12) else []),
    *(TEMPLATES if sys.version_info >= (3, 14) else []),
    *(LAZY if sys.version_info >= (3, 15) else []),
]
each_case = pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])


def in_parts(case: Case) -> InParts:
    return InParts(case.first + case.old, case.first + case.new, line_below(case.first))


@each_case
def test_equals_a_fresh_execution(case: Case) -> None:
    assert in_parts(case).description() == Whole(case.first + case.new).description()


@each_case
def test_texts_are_such_as_a_plan_goes_on_with(case: Case) -> None:
    old, new, line = case.first + case.old, case.first + case.new, line_below(case.first)
    assert boundary(old.encode(), line) == line
    assert begins_alike(line, old.encode(), new.encode())


@each_case
def test_functions_hold_parts_of_the_joined_tree(case: Case) -> None:
    living = in_parts(case)
    parts = {id(code) for code in codes_of(living.code)}
    held = [function.__code__ for function in functions_of(living)]
    assert all(id(code) in parts for code in held)
    assert len(codes_of(living.code)) == len(codes_of(living.compiled(case.first + case.new)))


@pytest.mark.skipif(monitoring is None, reason="patch is off")
@each_case
def test_moved_lines_can_be_patched_afterwards(case: Case) -> None:
    """Each code object is replaced, so all that is held must be found."""
    living = in_parts(case)
    moved = "#\n" + case.first + case.new
    new = living.compiled(moved)
    assert apply(living.code, new, vars(living.module), living.held) == ""
    assert living.description() == Whole(moved).description()


@pytest.mark.skipif(monitoring is None, reason="patch is off")
def test_bodies_on_both_sides_can_be_patched_afterwards() -> None:
    old = "def f(): return 'f1'\nclass C:\n    def m(self): return 'm1'\nx = 1\ndef g(): return 'g1'\n"
    new = old.replace("x = 1", "x = 2")
    living = InParts(old, new, 4)
    patched = new.replace("f1", "f2").replace("m1", "m2").replace("g1", "g2")
    assert apply(living.code, living.compiled(patched), vars(living.module), living.held) == ""
    assert (living.f(), living.C().m(), living.g()) == ("f2", "m2", "g2")
    assert living.description() == Whole(patched).description()


@pytest.mark.skipif(monitoring is None, reason="patch is off")
def test_twice_in_parts_and_then_patched() -> None:
    """What was gone on with once is gone on with again, from the first process."""
    first = "def f(): return 1\nx = 1\n"
    for number in range(3):
        new = f"def f(): return 1\nx = {number}\ndef g(): return x\n"
        living = InParts(first, new, 2)
        other = living.compiled(new.replace("return 1", "return 2"))
        assert apply(living.code, other, vars(living.module), living.held) == ""
        assert (living.f(), living.g()) == (2, number)


def codes_of(code: CodeType) -> list[CodeType]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [*inner, *(each for part in inner for each in codes_of(part))]


def functions_of(living: Living) -> list[FunctionType]:
    import gc

    found = [each for each in gc.get_objects() if type(each) is FunctionType]
    return [each for each in found if each.__globals__ is vars(living.module) and each.__code__.co_filename == FILE]


# ---- where a module can be parted ------------------------------------------------------------------------------------


def test_each_statement_is_executed_by_one_part() -> None:
    text = "seen.append('a')\nseen.append('b')\nseen.append('c')\n"
    for line in (2, 3):
        seen: list[str] = []
        found = parts(compile(text, FILE, "exec"), line)
        assert found is not None
        exec(found.above, {"seen": seen})
        assert seen == ["a", "b", "c"][: line - 1]
        exec(found.rest, {"seen": seen})
        assert seen == ["a", "b", "c"]


@each_case
def test_both_parts_of_one_text_are_the_text(case: Case) -> None:
    text = case.first + case.old
    assert InParts(text, text, line_below(case.first)).description() == Whole(text).description()


# The compiler repeats a short end of a module wherever something leads to it.
BRANCHES = [
    "if flag:\n    done('yes')\nelse:\n    done('no')\n",
    "if flag:\n    done('yes')\n",
    "try:\n    done(1 / flag)\nexcept ZeroDivisionError:\n    done('zero')\n",
    "try:\n    done(1 / flag)\nexcept ZeroDivisionError as exc:\n    pass\nfinally:\n    done('finally')\n",
    "with suppress(ZeroDivisionError):\n    done(1 / flag)\n",
    "for n in range(flag):\n    done(n)\nelse:\n    done('else')\n",
    "while flag:\n    flag -= 1\n    if flag == 1: break\n",
    "match flag:\n    case 0: done('zero')\n    case _: pass\n",
    "assert flag or True\n",
    "done(flag and 'and' or 'or')\n",
]
ENDS = [
    "done('end')\n",
    "x = 1\n",
    "pass\n",
    "while True:\n    break\n",
    "if flag:\n    done('end')\n",
    "'a text'\n",
    "",
]


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("flag", [0, 1, 2])
def test_whatever_way_leads_to_the_rest(branch: str, end: str, flag: int) -> None:
    def executed(*codes: CodeType) -> list[object]:
        seen: list[object] = []
        namespace = {"flag": flag, "done": seen.append, "suppress": contextlib.suppress}
        for code in codes:
            exec(code, namespace)
        return seen

    whole = compile(branch + end, FILE, "exec")
    found = parts(whole, line_below(branch))
    if found is not None:  # where the compiler has woven them together, there is no checkpoint
        assert executed(found.above) == executed(compile(branch, FILE, "exec"))
        assert executed(*found) == executed(whole)


def test_a_rest_that_never_returns() -> None:
    text = "seen.append('a')\nwhile True:\n    seen.append('b')\n    if len(seen) > 3: raise EOFError\n"
    seen: list[str] = []
    found = parts(compile(text, FILE, "exec"), 2)
    assert found is not None
    exec(found.above, {"seen": seen})
    assert seen == ["a"]
    with pytest.raises(EOFError):
        exec(found.rest, {"seen": seen})
    assert seen == ["a", "b", "b", "b"]


@pytest.mark.parametrize("branch", BRANCHES)
def test_statements_of_some_length_can_be_parted(branch: str) -> None:
    assert parts(compile(branch + "done('a', 'b', key='end')\n", FILE, "exec"), line_below(branch))


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = 2\n", 1), ("# why\na = 1\n", 2)])
def test_no_parts_where_nothing_is_above(text: str, line: int) -> None:
    assert parts(compile(text, FILE, "exec"), line) is None


def test_a_rest_at_any_distance() -> None:
    """A jump that needs one unit more for its argument needs one less to go: told from the jump, since a wrong one
    ends the interpreter."""
    for count in (*range(100, 140), 32_768):
        for last in ("x = 1\n", "del x\n"):  # of an even and an odd number of units
            text = "x = 1\n" * count + last + "'end'.join(())\n"
            found = parts(compile(text, FILE, "exec"), count + 2)
            assert found is not None
            jump = next(each for each in dis.get_instructions(found.rest) if each.opname == "JUMP_FORWARD")
            to = next(
                each
                for each in dis.get_instructions(found.rest)
                if each.positions and each.positions.lineno == count + 2
            )
            assert jump.argval == to.offset


@pytest.mark.slow
def test_a_module_as_long_as_they_come() -> None:
    """Jumps and constants with arguments of more than one byte."""
    lines = [f"x{number} = {number + 0.5}\n" for number in range(20_000)]
    text = "".join(lines)
    for line in (2, 100, 300, 19_990):
        assert len(vars(InParts(text, text, line).module)) == len(vars(Whole(text).module))


@pytest.mark.skipif(not LATE, reason="annotations are put in place as they come")
@pytest.mark.parametrize(
    "above",
    [
        "del __annotate__\n",
        "__annotate__ = lambda format: {}\n",
        "__annotate__ = (lambda inner: lambda format: inner(format))(__annotate__)\n",
    ],
)
def test_annotations_that_the_module_has_taken_over_are_not_exchanged(above: str) -> None:
    """What was made of the old function cannot be told."""
    text = "a: int = 1\n" + above
    old, new = (compile(text + f"b: {kind}\n", FILE, "exec") for kind in ("int", "str"))
    found = parts(old, 3)
    assert found is not None
    namespace: dict[str, object] = {}
    exec(found.above, namespace)
    assert not annotate(namespace, old, new)


def test_a_function_of_the_projects_that_has_the_name() -> None:
    text = "def __annotate__(format): return {}\n"
    assert late_annotations(compile(text, FILE, "exec")) is None
    assert (late_annotations(compile(text + "a: int\n", FILE, "exec")) is not None) == LATE


# ---- errors ---------------------------------------------------------------------------------------------------------

RAISING = [
    ("module level", "a = 1\n", "b = 2\n\n", "b = 2\n\n1 / 0\n"),
    ("a function before", "def f():\n    return 1 / 0\n", "b = 2\n", "b = 2\n# why\nf()\n"),
    ("a function after", "a = 1\n", "b = 2\n", "def f(\n    x=1,\n):\n    return x / 0\nf()\n"),
    ("a class body", "a = 1\n", "b = 2\n", "class C:\n    x = 1\n    y = 1 / 0\n"),
    ("below a docstring", '"""Doc\nof two lines."""\na = 1\n', "b = 2\n", "b = 2; 1 / 0\n"),
]


@pytest.mark.parametrize(("first", "old", "new"), [row[1:] for row in RAISING], ids=[row[0] for row in RAISING])
def test_tracebacks_name_the_lines_of_the_new_text(first: str, old: str, new: str) -> None:
    assert traceback_of(lambda: InParts(first + old, first + new, line_below(first)), first + new) == traceback_of(
        lambda: Whole(first + new), first + new
    )


def traceback_of(execute: object, text: str) -> list[str]:
    assert callable(execute)
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    try:
        with pytest.raises(ZeroDivisionError) as caught:
            execute()
        frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if frame.filename == FILE]
        return traceback.format_list(frames)
    finally:
        del linecache.cache[FILE]


# ---- any two texts --------------------------------------------------------------------------------------------------

PIECES = [
    textwrap.dedent(piece).strip() + "\n"
    for piece in (
        "x = 1",
        "x = 2",
        "def f(): return 'one'",
        "def f(): return 'two'",
        "def g(n=1):\n    def inner(): return n\n    return inner",
        "h = lambda: 0",
        "values = [g() for g in (lambda: 1, lambda: 2)]",
        "class C:\n    def m(self): return 1\n    class D:\n        n = lambda self: 3",
        "class C:\n    'doc'\n    def m(self): return 2",
        "'a text'",
        "# a comment",
        "import functools as t",
        "if True:\n    def f(): return 'three'",
        "try:\n    y = x\nexcept NameError:\n    y = 0",
        "z: int = 1",
        "z: nowhere" if LATE else "z: str",
        "def g(a: int, *b: str) -> 'nowhere': return a",
        "class E:\n    a: int = 1\n    def m(self, b: int): return b",
    )
]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=8), st.data())
def test_any_two_texts(some: list[str], others: list[str], data: st.DataObject) -> None:
    shared = data.draw(st.integers(0, len(some)))
    old, new = "".join(some), "".join(some[:shared] + others)
    line = boundary(old.encode(), data.draw(st.integers(1, 1 + old.count("\n"))))
    codes = [compile(text, FILE, "exec") for text in (old, new)]
    alike = line and begins_alike(line, old.encode(), new.encode()) and conditions(codes[0]) == conditions(codes[1])
    if not alike or not all(parts(code, line) for code in codes):
        return
    living = InParts(old, new, line)
    assert living.description() == Whole(new).description()
    if monitoring is not None:
        # All of it moves, and so must be found and exchanged.
        moved = living.compiled("#\n" + new)
        assert apply(living.code, moved, vars(living.module), living.held) == ""
        assert living.description() == Whole("#\n" + new).description()
