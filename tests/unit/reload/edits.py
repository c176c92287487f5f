"""Small edits of a module's text, and what each changes; shared with the tests that apply them to a living module."""

import sys
import textwrap
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

PY312 = sys.version_info >= (3, 12)
PY314 = sys.version_info >= (3, 14)
PY315 = sys.version_info >= (3, 15)


class Edit(NamedTuple):
    """`changed`: qualified names of functions with another inside. `obstacle`: how what else changed is named."""

    name: str
    old: str
    new: str
    changed: tuple[str, ...] = ()
    obstacle: str = ""


# ---- another inside, in every place that a function can stand in ----------------------------------------------------

# What a body may turn from and into.
BODIES = {
    "integer": ("return 1", "return 2"),
    "sign of zero": ("return 0.0", "return -0.0"),
    "sign of a complex zero": ("return complex(0, 1) * 0j", "return complex(0, 1) * -0j"),
    "integer to float": ("return 1", "return 1.0"),
    "integer to boolean": ("return 1", "return True"),
    "boolean inside a tuple": ("return (0, (1, 2))", "return (0, (True, 2))"),
    "sign inside a tuple": ("return (0.0, 1)", "return (-0.0, 1)"),
    "text to bytes": ("return 'a'", "return b'a'"),
    "text": ("return 'a'", "return 'b'"),
    "ellipsis to none": ("return ...", "return None"),
    "set in a test": ("return 1 in {1, 2}", "return 1 in {True, 3}"),
    "list to tuple": ("return [1, 2]", "return (1, 2)"),
    "operator": ("x = 5\nreturn x + 1", "x = 5\nreturn x - 1"),
    "comparison": ("x = 5\nreturn x < 1", "x = 5\nreturn x > 1"),
    "name of a local variable": ("x = 5\nreturn x", "y = 5\nreturn y"),
    "one more variable": ("x = 5\nreturn x", "x = 5\ny = x\nreturn y"),
    "other global": ("return len([1])", "return sum([1])"),
    "other attribute": ("return 'aB'.upper()", "return 'aB'.lower()"),
    "keyword of a call": ("return dict(a=1)", "return dict(b=1)"),
    "order of statements": ("x = 1\nx = 2\nreturn x", "x = 2\nx = 1\nreturn x"),
    "branch": ("return 1", "if len('ab') > 1:\n    return 2\nreturn 1"),
    "loop": ("return 1", "for x in range(3):\n    pass\nreturn x"),
    "while": ("return 1", "x = 0\nwhile x < 3:\n    x += 1\nreturn x"),
    "try": ("return 1", "try:\n    return 1 / 0\nexcept ZeroDivisionError:\n    return 2"),
    "range of a try": (
        "try:\n    x = 1\n    x = 2\nexcept ValueError:\n    x = 3\nreturn x",
        "try:\n    x = 1\nexcept ValueError:\n    x = 3\nx = 2\nreturn x",
    ),
    "else of a try": (
        "try:\n    x = int('1')\n    y = int('2')\nexcept ValueError:\n    y = 3\nreturn y",
        "try:\n    x = int('1')\nexcept ValueError:\n    y = 3\nelse:\n    y = int('2')\nreturn y",
    ),
    "with": ("return 1", "import contextlib\nwith contextlib.suppress(ValueError):\n    return 2"),
    "list comprehension": ("return [x for x in 'ab']", "return [x for x in 'abc' if x]"),
    "dict comprehension": ("return {x: 1 for x in 'ab'}", "return {x: 2 for x in 'ab'}"),
    "generator expression": ("return list(x for x in 'ab')", "return list(x * 2 for x in 'ab')"),
    "comprehension appears": ("return 1", "return [x for x in 'ab']"),
    "lambda inside": ("return (lambda: 1)()", "return (lambda: 2)()"),
    "function inside": ("def inner():\n    return 1\nreturn inner()", "def inner():\n    return 2\nreturn inner()"),
    "signature of a function inside": (
        "def inner(a=1):\n    return a\nreturn inner()",
        "def inner(a=2, *b):\n    return a\nreturn inner()",
    ),
    "closure inside": ("x = 1\nreturn (lambda: 1)()", "x = 1\nreturn (lambda: x)()"),
    "nonlocal inside": (
        "x = 1\ndef inner():\n    x = 2\ninner()\nreturn x",
        "x = 1\ndef inner():\n    nonlocal x\n    x = 2\ninner()\nreturn x",
    ),
    "class inside": ("class A:\n    x = 1\nreturn A.x", "class A:\n    x = 2\nreturn A.x"),
    "class inside appears": ("return 1", "class A:\n    x = 2\nreturn A.x"),
    "format": ("x = 1\nreturn f'{x}'", "x = 1\nreturn f'{x!r:>3}'"),
    "walrus": ("return len('ab')", "return (x := len('ab'))"),
    "assert": ("return 1", "assert len('a') == 1\nreturn 1"),
    "import inside": ("import os\nreturn os.sep", "import sys\nreturn sys.byteorder"),
    "match": ("return 1", "match 'ab':\n    case str(x):\n        return x"),
    "raise": ("return 1", "if not len('a'):\n    raise ValueError('x')\nreturn 1"),
    "delete": ("x = 1\nreturn 1", "x = 1\ndel x\nreturn 1"),
    "unpacking": ("x, y = 'ab'\nreturn x", "x, *y = 'ab'\nreturn y"),
    "first constant is a text": ("x = 'a'\nreturn x", "x = 'b'\nreturn x"),
    "statement of a text": ("x = 1\n'not a docstring'\nreturn x", "x = 1\n'nor this'\nreturn x + 1"),
    "nothing to do": ("pass", "..."),
}
# Here the compiler makes the same of both, but for lines.
SAME_CODE = {"nothing to do"}
# Here it is a function inside the place that changes, and nothing of what is around it.
INNER = {
    "generator expression": ".<locals>.<genexpr>",
    "lambda inside": ".<locals>.<lambda>",
    "function inside": ".<locals>.inner",
}
if not PY312:
    INNER["dict comprehension"] = ".<locals>.<dictcomp>"

# The text around a body `{}`, and the qualified name of the function that it is the body of.
PLACES = {
    "function": ("def f():\n    {}", "f"),
    "function with a docstring": ('def f():\n    """Doc."""\n    {}', "f"),
    "function with parameters": ("def f(a=1, /, b=2, *args, c=3, **rest):\n    {}", "f"),
    "method": ("class C:\n    x = 1\n    def f(self=None):\n        {}", "C.f"),
    "static method": ("class C:\n    @staticmethod\n    def f():\n        {}", "C.f"),
    "class method": ("class C:\n    @classmethod\n    def f(cls):\n        {}", "C.f"),
    "property": ("class C:\n    @property\n    def f(self):\n        {}\n    z = 3", "C.f"),
    "method of an inner class": ("class C:\n    class D:\n        def f(self):\n            {}", "C.D.f"),
    "method of a class with an odd line number": (
        "\n\nclass C:\n    x = 3\n    y = 2\n    def f(self):\n        {}",
        "C.f",
    ),
    "decorated function": (
        "import functools\ndef deco(g):\n    @functools.wraps(g)\n    def wrapper(*a):\n        return g(*a)\n"
        "    return wrapper\n@deco\ndef f():\n    {}",
        "f",
    ),
    "cached function": ("import functools\n@functools.lru_cache\ndef f():\n    {}", "f"),
    "function in a branch": ("if True:\n    def f():\n        {}\nelse:\n    def f():\n        return 0", "f"),
    "inner function": ("def f():\n    def g():\n        {}\n    return g()", "f.<locals>.g"),
    "function only in a list": ("def f():\n    {}\nheld = [f]\ndel f", "f"),
    "function only in a partial": ("import functools\ndef f():\n    {}\nheld = functools.partial(f)\ndel f", "f"),
}
if PY312:
    PLACES["function with a type parameter"] = ("def f[T](a: T = None) -> T:\n    {}", "f")


def at(place: str, body: str) -> str:
    """The text of a module with this body at the place."""
    head, _, tail = place.partition("{}")
    indent = head.rpartition("\n")[2]
    return head + textwrap.indent(body, indent).removeprefix(indent) + tail + "\n"


def _insides() -> Iterator[Edit]:
    for place, (text, changed) in PLACES.items():
        for name, (old, new) in BODIES.items():
            names = () if name in SAME_CODE else (changed + INNER.get(name, ""),)
            yield Edit(f"{place}: {name}", at(text, old), at(text, new), names)
            yield Edit(f"{place}: {name}, undone", at(text, new), at(text, old), names)


# ---- everything else that people do ---------------------------------------------------------------------------------

MODULE = "the statements of the module"
TYPES = "the type parameters, annotations or bases of `{}`"
DEFINED = "what is defined in the module"

DECORATE = "def deco(g):\n    def wrapper():\n        return g()\n    return wrapper\n"
SINGLE = (
    "import functools\n@functools.singledispatch\ndef show(x):\n    return 'any'\n"
    "@show.register\ndef _(x: int):\n    return 'int'\n@show.register\ndef _(x: str):\n    return {}\n"
)
PROPERTY = (
    "class C:\n    @property\n    def p(self):\n        return {}\n"
    "    @p.setter\n    def p(self, value):\n        self.q = {}\n"
)
KEYWORD = "class B:\n    def __init_subclass__(cls, a): pass\nclass C(B, a={}): pass\n"
TWO_LAMBDAS = "a, b = (lambda: {}), (lambda: {})\n"

OTHERS = [
    # Nothing at all.
    Edit("the same text", "def f(): return 1\n", "def f(): return 1\n"),
    Edit("empty", "", ""),
    Edit("empty, then a comment", "", "# comment\n"),
    Edit("comment only", "def f(): return 1\n", "def f(): return 1  # one\n"),
    Edit("comment above", "def f(): return 1\n", "# one\ndef f(): return 1\n"),
    Edit("comment inside a function", "def f():\n    return 1\n", "def f():\n    # one\n    return 1\n"),
    Edit("whitespace only", "def f(): return 1\n", "def f():  return  1\n"),
    Edit("empty lines", "def f(): return 1\nx = 2\n", "\n\ndef f(): return 1\n\nx = 2\n"),
    Edit("indentation by a tab", "def f():\n    return 1\n", "def f():\n\treturn 1\n"),
    Edit("wrapped in parentheses", "def f(): return 1 + len('a')\n", "def f(): return (\n    1 + len('a')\n)\n"),
    Edit("trailing comma", "def f(a, b): return [a, b]\n", "def f(a, b,): return [a, b,]\n"),
    Edit("other quotes", "def f(): return 'a'\n", 'def f(): return "a"\n'),
    Edit("number written otherwise", "def f(): return 255\n", "def f(): return 0xFF\n"),
    Edit(
        "names in a set literal in another order",
        "def f(x): return x in {'a', 'b'}\n",
        "def f(x): return x in {'b', 'a'}\n",
        # The compiler leaves the first constant of a function where it was, since 3.14 unused.
        ("f",) if PY314 else (),
    ),
    Edit("numbers in a set literal in another order", "x = 1 in {0, 8}\n", "x = 1 in {8, 0}\n"),
    # Lines above a class, whose number stands in its body: alone, equal to a constant, above an inner class.
    Edit("lines above a class", "class C:\n    x = 'a'\n", "\n\n\nclass C:\n    x = 'a'\n"),
    Edit(
        "line number becomes a constant of the body",
        "class C:\n    x = 3\n    y = 2\n",
        "\n\nclass C:\n    x = 3\n    y = 2\n",
    ),
    Edit(
        "line number was a constant of the body",
        "class C:\n    x = 1\n    y = 2\n",
        "\nclass C:\n    x = 1\n    y = 2\n",
    ),
    Edit(
        "lines above an inner class",
        "class C:\n    class D:\n        x = 2\n",
        "class C:\n\n    class D:\n        x = 2\n",
    ),
    Edit(
        "lines above a decorated class",
        "def d(c): return c\n@d\nclass C:\n    x = 2\n",
        "def d(c): return c\n\n\n@d\nclass C:\n    x = 2\n",
    ),
    Edit(
        "lines above a class of a function",
        "def f():\n    class C:\n        x = 2\n    return C\n",
        "def f():\n\n    class C:\n        x = 2\n    return C\n",
    ),
    Edit("line beyond a byte", "class C:\n    x = 1\n", "\n" * 300 + "class C:\n    x = 1\n"),
    Edit(
        "constant of a class that equals its line",
        "class C:\n    x = 1\n",
        "class C:\n    x = 2\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "lines above, and a constant of the class",
        "class C:\n    x = 1\n",
        "\nclass C:\n    x = 2\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "a constant moves with the line",
        "class C:\n    x = 1\n    y = 1\n",
        "\nclass C:\n    x = 2\n    y = 2\n",
        obstacle="the class body of `C`",
    ),
    # Methods that assign other attributes: the compiler notes those in the class.
    Edit(
        "new attribute of self",
        "class C:\n    def f(self): self.a = 1\n",
        "class C:\n    def f(self): self.a = self.b = 1\n",
        ("C.f",),
    ),
    Edit(
        "other attribute of self",
        "class C:\n    def f(self): self.a = 1\n",
        "class C:\n    def f(self): self.b = 1\n",
        ("C.f",),
    ),
    Edit(
        "no attribute of self any more",
        "class C:\n    def f(self): self.a = 1\n",
        "class C:\n    def f(self): return self\n",
        ("C.f",),
    ),
    Edit(
        "new attribute of self, lines above",
        "class C:\n    x = 2\n    def f(self): self.a = 1\n",
        "\nclass C:\n    x = 2\n    def f(self): self.b = 1\n",
        ("C.f",),
    ),
    # Same names, told apart by position.
    Edit("getter", PROPERTY.format(1, "value"), PROPERTY.format(2, "value"), ("C.p",)),
    Edit("setter", PROPERTY.format(1, "value"), PROPERTY.format(1, "value * 2"), ("C.p",)),
    Edit("getter and setter", PROPERTY.format(1, "value"), PROPERTY.format(2, "value * 2"), ("C.p", "C.p")),
    Edit("singledispatch", SINGLE.format("'str'"), SINGLE.format("'text'"), ("_",)),
    Edit("first of two lambdas", TWO_LAMBDAS.format(1, 2), TWO_LAMBDAS.format(3, 2), ("<lambda>",)),
    Edit("second of two lambdas", TWO_LAMBDAS.format(1, 2), TWO_LAMBDAS.format(1, 3), ("<lambda>",)),
    Edit("both lambdas exchanged", TWO_LAMBDAS.format(1, 2), TWO_LAMBDAS.format(2, 1), ("<lambda>", "<lambda>")),
    Edit(
        "same function twice",
        "def f(): return 1\ndef f(): return 2\n",
        "def f(): return 1\ndef f(): return 3\n",
        ("f",),
    ),
    Edit(
        "two functions", "def f(): return 1\ndef g(): return 2\n", "def f(): return 3\ndef g(): return 4\n", ("f", "g")
    ),
    Edit(
        "body, and lines for what follows",
        "def f():\n    return 1\ndef g(): return 2\n",
        "def f():\n    x = 1\n    return x\ndef g(): return 2\n",
        ("f",),
    ),
    # Signature.
    Edit("parameter added", "def f(): return 1\n", "def f(a): return 1\n", obstacle="the signature of `f`"),
    Edit("parameter removed", "def f(a): return 1\n", "def f(): return 1\n", obstacle="the signature of `f`"),
    Edit("parameter renamed", "def f(a): return a\n", "def f(b): return b\n", obstacle="the signature of `f`"),
    Edit("parameters exchanged", "def f(a, b): return 1\n", "def f(b, a): return 1\n", obstacle="the signature of `f`"),
    Edit("positional only", "def f(a): return 1\n", "def f(a, /): return 1\n", obstacle="the signature of `f`"),
    Edit("keyword only", "def f(a): return 1\n", "def f(*, a): return 1\n", obstacle="the signature of `f`"),
    Edit("rest of arguments", "def f(a): return 1\n", "def f(a, *b): return 1\n", obstacle="the signature of `f`"),
    Edit(
        "rest of arguments renamed", "def f(*a): return 1\n", "def f(*b): return 1\n", obstacle="the signature of `f`"
    ),
    Edit("rest of keywords", "def f(a): return 1\n", "def f(a, **b): return 1\n", obstacle="the signature of `f`"),
    Edit("stars exchanged", "def f(*a): return 1\n", "def f(**a): return 1\n", obstacle="the signature of `f`"),
    Edit(
        "signature of a method",
        "class C:\n    def f(self): pass\n",
        "class C:\n    def f(self, a): pass\n",
        obstacle="the signature of `C.f`",
    ),
    Edit(
        "signature of a lambda",
        "f = lambda: 1\n",
        "f = lambda a: 1\n",
        obstacle="the signature of `<lambda>` in line 1",
    ),
    Edit("signature of an inner function", "def f():\n    def g(): pass\n", "def f():\n    def g(a): pass\n", ("f",)),
    # Decorators, defaults, annotations: the code around.
    Edit("decorator added", DECORATE + "def f(): return 1\n", DECORATE + "@deco\ndef f(): return 1\n", obstacle=MODULE),
    Edit(
        "decorator removed", DECORATE + "@deco\ndef f(): return 1\n", DECORATE + "def f(): return 1\n", obstacle=MODULE
    ),
    Edit(
        "decorator of a method",
        "class C:\n    def f(): return 1\n",
        "class C:\n    @staticmethod\n    def f(): return 1\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "inside of a decorator's wrapper",
        DECORATE + "@deco\ndef f(): return 1\n",
        DECORATE.replace("g()", "[g()]") + "@deco\ndef f(): return 1\n",
        ("deco.<locals>.wrapper",),
    ),
    Edit("inside of a decorator", DECORATE, DECORATE.replace("return wrapper", "return g"), ("deco",)),
    Edit("default", "def f(a=1): return a\n", "def f(a=2): return a\n", obstacle=MODULE),
    Edit("default becomes false", "def f(a=0): return a\n", "def f(a=False): return a\n", obstacle=MODULE),
    Edit("keyword default", "def f(*, a=1): return a\n", "def f(*, a=2): return a\n", obstacle=MODULE),
    Edit(
        "default of a method",
        "class C:\n    def f(self, a=1): return a\n",
        "class C:\n    def f(self, a=2): return a\n",
        obstacle="the class body of `C`",
    ),
    Edit("default of a lambda", "f = lambda a=1: a\n", "f = lambda a=2: a\n", obstacle=MODULE),
    Edit("default is a lambda", "def f(a=lambda: 1): return a\n", "def f(a=lambda: 2): return a\n", ("<lambda>",)),
    # Docstrings, which programs read.
    Edit(
        "docstring of a function",
        "def f():\n    'a'\n    return 1\n",
        "def f():\n    'b'\n    return 1\n",
        obstacle="the docstring of `f`",
    ),
    Edit(
        "docstring added",
        "def f():\n    return 1\n",
        "def f():\n    'b'\n    return 1\n",
        obstacle="the docstring of `f`",
    ),
    Edit(
        "docstring removed",
        "def f():\n    'a'\n    return 1\n",
        "def f():\n    return 1\n",
        obstacle="the docstring of `f`",
    ),
    Edit(
        "docstring of a method",
        "class C:\n    def f():\n        'a'\n",
        "class C:\n    def f():\n        'b'\n",
        obstacle="the docstring of `C.f`",
    ),
    Edit("docstring of a class", "class C:\n    'a'\n", "class C:\n    'b'\n", obstacle="the class body of `C`"),
    Edit("docstring of the module", "'a'\n", "'b'\n", obstacle=MODULE),
    Edit("docstring of the module removed", "'a'\nx = 1\n", "x = 1\n", obstacle=MODULE),
    # The kind of a function.
    Edit("function turned generator", "def f(): return 1\n", "def f(): yield 1\n", obstacle="the kind of `f`"),
    Edit("generator turned function", "def f(): yield 1\n", "def f(): return 1\n", obstacle="the kind of `f`"),
    Edit("async", "def f(): return 1\n", "async def f(): return 1\n", obstacle="the kind of `f`"),
    Edit("async no more", "async def f(): return 1\n", "def f(): return 1\n", obstacle="the kind of `f`"),
    Edit(
        "coroutine turned async generator",
        "async def f(): return 1\n",
        "async def f(): yield 1\n",
        obstacle="the kind of `f`",
    ),
    Edit("inside of a generator", "def f(): yield 1\n", "def f(): yield 2\n", ("f",)),
    Edit("inside of a coroutine", "async def f(): return 1\n", "async def f(): return 2\n", ("f",)),
    Edit("await", "async def f(): return 1\n", "async def f(): return await g()\n", ("f",)),
    Edit("async generator", "async def f(): yield 1\n", "async def f(): yield 2\n", ("f",)),
    Edit("function turned lambda", "def f(): return 1\n", "f = lambda: 1\n", obstacle="the name of `f`"),
    Edit("function turned class", "def f(): return 1\n", "class f: x = 1\n", obstacle=MODULE),
    # Scopes.
    Edit(
        "other outer variable, same count",
        "def f():\n    a, b = 1, 2\n    def g(): return a\n    def h(): return b\n    return g\n",
        "def f():\n    a, b = 1, 2\n    def g(): return b\n    def h(): return b\n    return g\n",
        ("f",),
    ),
    Edit(
        "other outer variable, all still captured",
        "def f():\n    a, b = 1, 2\n    def g(): return a\n    def h(): return a, b\n    return g\n",
        "def f():\n    a, b = 1, 2\n    def g(): return b\n    def h(): return a, b\n    return g\n",
        ("f",),
    ),
    Edit(
        "outer variable no more",
        "def f():\n    a = 1\n    def g(): return a\n    return g\n",
        "def f():\n    a = 1\n    def g(): return 1\n    return g\n",
        ("f",),
    ),
    Edit("global", "def f():\n    x = 1\n", "def f():\n    global x\n    x = 1\n", ("f",)),
    Edit(
        "global of a name that the module stores",
        "x = 0\ndef f():\n    x = 1\n",
        "x = 0\ndef f():\n    global x\n    x = 1\n",
        obstacle=MODULE,
    ),
    Edit(
        "nonlocal",
        "def f():\n    x = 1\n    def g():\n        x = 2\n    g()\n",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    g()\n",
        ("f",),
    ),
    Edit(
        "super appears",
        "class C:\n    def f(self): return 1\n",
        "class C:\n    def f(self): return super().f()\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "super disappears",
        "class C:\n    def f(self): return super().f()\n",
        "class C:\n    def f(self): return 1\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "super in a second method",
        "class C:\n    def e(self): return super()\n    def f(self): return 1\n",
        "class C:\n    def e(self): return super()\n    def f(self): return super()\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "super stays",
        "class C:\n    def f(self): return super().a\n",
        "class C:\n    def f(self): return super().b\n",
        ("C.f",),
    ),
    Edit(
        "mangled name",
        "class C:\n    def f(self): return self.__a\n",
        "class C:\n    def f(self): return self.__b\n",
        ("C.f",),
    ),
    Edit(
        "mangling class renamed",
        "class C:\n    def f(self): return self.__a\n",
        "class D:\n    def f(self): return self.__a\n",
        obstacle=DEFINED,
    ),
    # Classes.
    Edit("class attribute", "class C:\n    x = 1\n", "class C:\n    x = 5\n", obstacle="the class body of `C`"),
    Edit(
        "class attribute changes sign",
        "class C:\n    x = 0.0\n",
        "class C:\n    x = -0.0\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "class attribute added",
        "class C:\n    x = 1\n",
        "class C:\n    x = 1\n    y = 1\n",
        obstacle="the class body of `C`",
    ),
    Edit("base class", "class C: pass\n", "class C(dict): pass\n", obstacle=MODULE),
    Edit("metaclass", "class C: pass\n", "class C(metaclass=type): pass\n", obstacle=MODULE),
    Edit("class keyword", KEYWORD.format(1), KEYWORD.format(2), obstacle=MODULE),
    Edit(
        "order of methods",
        "class C:\n    def f(self): pass\n    def g(self): pass\n",
        "class C:\n    def g(self): pass\n    def f(self): pass\n",
        obstacle="what is defined in `C`",
    ),
    Edit(
        "method added",
        "class C:\n    x = 1\n",
        "class C:\n    x = 1\n    def f(self): pass\n",
        obstacle="what is defined in `C`",
    ),
    Edit(
        "method renamed",
        "class C:\n    def f(self): pass\n",
        "class C:\n    def g(self): pass\n",
        obstacle="what is defined in `C`",
    ),
    Edit(
        "slots",
        "class C:\n    __slots__ = ('a',)\n",
        "class C:\n    __slots__ = ('b',)\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "attributes noted by hand",
        "class C:\n    __static_attributes__ = ('a',)\n    def f(self): self.x = 1\n",
        "class C:\n    __static_attributes__ = ('b',)\n    def f(self): self.x = 1\n",
        obstacle="the class body of `C`",
    ),
    Edit(
        "line noted by hand",
        "class C:\n    __firstlineno__ = 7\n",
        "class C:\n    __firstlineno__ = 8\n",
        obstacle="the class body of `C`",
    ),
    Edit("line noted by hand in a module", "__firstlineno__ = 7\n", "__firstlineno__ = 8\n", obstacle=MODULE),
    Edit(
        "inside of a class in a function",
        "def f():\n    class C:\n        x = 1\n",
        "def f():\n    class C:\n        x = 5\n",
        ("f",),
    ),
    Edit(
        "initializer",
        "class C:\n    def __init__(self, a=1): self.a = a\nheld = C\n",
        "class C:\n    def __init__(self, a=1): self.a = [a]\nheld = C\n",
        ("C.__init__",),
    ),
    Edit(
        "signature of an initializer",
        "class C:\n    def __init__(self): pass\n",
        "class C:\n    def __init__(self, a): pass\n",
        obstacle="the signature of `C.__init__`",
    ),
    # Statements of the module.
    Edit("constant", "x = 1\n", "x = 2\n", obstacle=MODULE),
    Edit("sign of a constant", "x = 0.0\n", "x = -0.0\n", obstacle=MODULE),
    Edit("constant becomes boolean", "x = 1\n", "x = True\n", obstacle=MODULE),
    Edit("boolean inside nested tuples", "x = (1, (0, frozenset))\n", "x = (1, (False, frozenset))\n", obstacle=MODULE),
    Edit("import added", "import os\n", "import os\nimport sys\n", obstacle=MODULE),
    Edit("import removed", "import os\nimport sys\n", "import os\n", obstacle=MODULE),
    Edit("import by another name", "import os\n", "import os as o\n", obstacle=MODULE),
    Edit("name imported", "from os import path\n", "from os import sep\n", obstacle=MODULE),
    Edit("function added", "def f(): pass\n", "def f(): pass\ndef g(): pass\n", obstacle=DEFINED),
    Edit("function removed", "def f(): pass\ndef g(): pass\n", "def f(): pass\n", obstacle=DEFINED),
    Edit("function renamed", "def f(): pass\n", "def g(): pass\n", obstacle=DEFINED),
    Edit("functions exchanged", "def f(): pass\ndef g(): pass\n", "def g(): pass\ndef f(): pass\n", obstacle=DEFINED),
    Edit("class renamed", "class C: pass\n", "class D: pass\n", obstacle=DEFINED),
    Edit("statement after all", "def f(): pass\n", "def f(): pass\nf()\n", obstacle=MODULE),
    Edit(
        "comprehension of the module",
        "x = [a for a in 'ab']\n",
        "x = [a * 2 for a in 'ab']\n",
        *((), MODULE) if PY312 else (("<listcomp>",),),
    ),
    Edit(
        "generator expression of the module",
        "x = list(a for a in 'ab')\n",
        "x = list(a * 2 for a in 'ab')\n",
        ("<genexpr>",),
    ),
    Edit(
        "what a generator expression is over",
        "x = list(a for a in 'ab')\n",
        "x = list(a for a in 'abc')\n",
        obstacle=MODULE,
    ),
    Edit(
        "future import added",
        "def f(a: int): pass\n",
        "from __future__ import annotations\ndef f(a: int): pass\n",
        obstacle=MODULE,
    ),
    Edit("future import removed", "from __future__ import annotations\n", "", obstacle=MODULE),
    Edit(
        "future import stays",
        "from __future__ import annotations\ndef f(): return 1\n",
        "from __future__ import annotations\ndef f(): return 2\n",
        ("f",),
    ),
    Edit(
        "global declared in a function",
        "x = 0\ndef f(): return x\n",
        "x = 0\ndef f():\n    global x\n    return x\n",
        obstacle=MODULE,
    ),
    # Bytes.
    Edit("byte order mark", "def f(): return 1\n", "\ufeffdef f(): return 1\n"),
    Edit("lines end otherwise", "def f():\n    return 1\nx = 'a'\n", "def f():\r\n    return 1\r\nx = 'a'\r\n"),
    Edit(
        "lines end otherwise, in a text", "def f():\n    return '''a\nb'''\n", "def f():\r\n    return '''a\r\nb'''\r\n"
    ),
    Edit("encoding line", "x = 'a'\n", "# coding: latin-1\nx = 'a'\n"),
    Edit("encoding line that makes another text", "x = 'ä'\n", "# coding: latin-1\nx = 'ä'\n", obstacle=MODULE),
    Edit(
        "encoding line, text in a function", "def f(): return 'ä'\n", "# coding: latin-1\ndef f(): return 'ä'\n", ("f",)
    ),
]


def _annotation(name: str, old: str, new: str, obstacle: str) -> Edit:
    """Since 3.14 annotations are evaluated by functions of their own, each beside what it annotates."""
    changed = tuple(name for name in qualnames(old) if name.endswith("__annotate__"))
    assert bool(changed) is PY314
    return Edit(name, old, new, changed) if PY314 else Edit(name, old, new, obstacle=obstacle)


def qualnames(text: str) -> list[str]:
    """The qualified names of all functions and classes in a text."""
    waiting, found = [compile(text, "/p/m.py", "exec", dont_inherit=True)], []
    while waiting:
        inner = [constant for constant in waiting.pop().co_consts if isinstance(constant, CodeType)]
        found += [code.co_qualname for code in inner]
        waiting += inner
    return found


OTHERS += [
    _annotation("annotation", "def f(a: int): pass\n", "def f(a: str): pass\n", MODULE),
    _annotation("annotation of the result", "def f() -> int: pass\n", "def f() -> str: pass\n", MODULE),
    _annotation(
        "annotation of a class",
        "class C:\n    x: int = 1\n",
        "class C:\n    x: str = 1\n",
        "the class body of `C`",
    ),
    _annotation("annotation of the module", "x: int = 1\n", "x: str = 1\n", MODULE),
    _annotation(
        "annotation as a text",
        "from __future__ import annotations\ndef f(a: int): pass\n",
        "from __future__ import annotations\ndef f(a: str): pass\n",
        MODULE,
    ),
    _annotation(
        "annotation of a method",
        "class C:\n    def f(self, a: int): pass\n",
        "class C:\n    def f(self, a: str): pass\n",
        "the class body of `C`",
    ),
    _annotation("annotation under a condition", "if 1:\n    x: int = 1\n", "if 1:\n    x: str = 1\n", MODULE),
    Edit("annotation added", "def f(a): pass\n", "def f(a: int): pass\n", obstacle=MODULE),
    Edit("annotation removed", "def f(a: int): pass\n", "def f(a): pass\n", obstacle=MODULE),
    Edit("annotation of the module added", "x = 1\n", "x: int = 1\n", obstacle=MODULE),
    _annotation(
        "annotation that was evaluated",
        "def f(a: int): pass\nx = f.__annotations__\n",
        "def f(a: str): pass\nx = f.__annotations__\n",
        MODULE,
    ),
]

if PY312:
    OTHERS += [
        Edit("type parameter added", "def f(a): pass\n", "def f[T](a): pass\n", obstacle=DEFINED),
        Edit("type parameter renamed", "def f[T](a): pass\n", "def f[S](a): pass\n", obstacle=TYPES.format("f")),
        Edit("bound of a type parameter", "def f[T: int](a): pass\n", "def f[T: str](a): pass\n", ("T",)),
        Edit(
            "signature of a generic function",
            "def f[T](a): pass\n",
            "def f[T](b): pass\n",
            obstacle="the signature of `f`",
        ),
        Edit(
            "attribute of a generic class",
            "class C[T]:\n    x = 1\n",
            "class C[T]:\n    x = 5\n",
            obstacle="the class body of `C`",
        ),
        Edit(
            "generic function in a function",
            "def g():\n    def f[T](a): pass\n",
            "def g():\n    def f[T](b): pass\n",
            ("g",),
        ),
        Edit("type alias", "type A = int\n", "type A = str\n", ("A",)),
        Edit("type parameter of a class", "class C[T]: pass\n", "class C[T, S]: pass\n", obstacle=TYPES.format("C")),
        Edit(
            "lines above a generic class",
            "class C[T]:\n    x = 2\n    def f(self): pass\n",
            "\nclass C[T]:\n    x = 2\n    def f(self): pass\n",
        ),
    ]

if PY314:
    OTHERS += [
        Edit("template", "def f(x): return t'a {x}'\n", "def f(x): return t'b {x}'\n", ("f",)),
        Edit(
            "template's expression as it is written", "def f(x): return t'{x}'\n", "def f(x): return t'{ x }'\n", ("f",)
        ),
        Edit("template of the module", "x = t'a {1!r}'\n", "x = t'a {1!s}'\n", obstacle=MODULE),
    ]
if PY315:
    OTHERS += [
        Edit("import becomes lazy", "import os\n", "lazy import os\n", obstacle=MODULE),
        Edit("lazy import becomes another", "lazy import os\n", "lazy import sys\n", obstacle=MODULE),
        Edit("name imported lazily", "lazy from os import path\n", "lazy from os import sep\n", obstacle=MODULE),
        Edit(
            "function that uses a lazy import",
            "lazy import os\ndef f(): return os.sep\n",
            "lazy import os\ndef f(): return os.curdir\n",
            ("f",),
        ),
    ]

EDITS = [*_insides(), *OTHERS]
