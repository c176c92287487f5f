"""Edits that a reload is easily wrong about, one module each, all in one project that is served once.

A shrunk failure of a generated run becomes a row here.
"""

import os
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .run import Tally, save
from .scripted import Script, follow
from .subject import Subject


@dataclass(frozen=True)
class Trap:
    """A module, and the edits of it that are made one after the other: each an old and a new text."""

    source: str
    edits: tuple[tuple[str, str], ...]


TRAPS: Mapping[str, Trap] = {
    "generator_not_started": Trap(
        "def numbers():\n    yield 1\n\n\nLAZY = numbers()\n",
        (("yield 1", "yield 2"), ("yield 2", "return [2]")),
    ),
    "generator_expression_not_started": Trap("LAZY = (n + 1 for n in [1])\n", (("n + 1", "n + 2"),)),
    "generator_started": Trap(
        "def numbers():\n    yield 1\n    yield 2\n\n\nLAZY = numbers()\nnext(LAZY)\n", (("yield 2", "yield 3"),)
    ),
    "property_pair_of_one_name": Trap(
        """class Box:
    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        self.value = value
""",
        (("return 1", "return 2"), ("self.value = value", "self.value = value + 1")),
    ),
    "underscores_of_singledispatch": Trap(
        """import functools


@functools.singledispatch
def show(value):
    return 0


@show.register
def _(value: int):
    return 1


@show.register
def _(value: str):
    return 2
""",
        (("return 1", "return 11"), ("return 2", "return 22"), ("return 0", "return 3")),
    ),
    "two_lambdas": Trap("PAIR = [lambda v: v + 1, lambda v: v + 2]\n", (("v + 2", "v + 3"), ("v + 1", "v + 9"))),
    "super_appears": Trap(
        """class Base:
    def name(self):
        return 'b'


class Box(Base):
    def name(self):
        return 'x'
""",
        (("return 'x'", "return super().name()"), ("return super().name()", "return 'y'")),
    ),
    "another_free_variable": Trap(
        """def make(x, y):
    def inner():
        return 1, x

    return inner, lambda: y


BOTH = make(2, 3)
""",
        (("return 1, x", "return 1, y"), ("return 1, y", "return 1, 2, y")),
    ),
    "source_read_at_import": Trap(
        "import inspect\n\n\ndef told():\n    return 1\n\n\nSOURCE = inspect.getsource(told)\n",
        (("return 1", "return 2"),),
    ),
    "source_asked_of_the_loader": Trap(
        "def told():\n    return 1\n\n\nSOURCE = __loader__.get_source(__name__)\n", (("return 1", "return 2"),)
    ),
    "data_asked_of_the_loader": Trap(
        "def told():\n    return 1\n\n\nSOURCE = __loader__.get_data(__file__)\n", (("return 1", "return 2"),)
    ),
    "code_read_by_a_decorator": Trap(
        """def names(function):
    function.names = function.__code__.co_names
    return function


@names
def told():
    return len("a")
""",
        (('len("a")', 'repr("a")'),),
    ),
    "code_inside_read_by_a_decorator": Trap(
        """def digest(function):
    function.key = repr([getattr(inner, "co_consts", inner) for inner in function.__code__.co_consts])
    return function


@digest
def told():
    def inner():
        return "one"

    return inner(), (lambda: 1)()
""",
        (('"one"', '"two"'), ("lambda: 1", "lambda: 2")),
    ),
    "code_copied": Trap(
        """import types


def told():
    return 1


COPY = types.FunctionType(told.__code__.replace(co_name="copy"), globals())
COROUTINE = types.coroutine(told)
BY_CODE = {told.__code__: "told"}
""",
        (("return 1", "return 2"),),
    ),
    "lines_above_a_class": Trap(
        "ONE = 1\n\n\nclass Box:\n    def get(self):\n        return 1\n\n\nTHE = Box()\nTHE.get()\n",
        (("ONE = 1\n", "ONE = 1\n\n# a comment\n\n"), ("return 1", "return 2")),
    ),
    "global_inside_a_function": Trap(
        "COUNT = 0\n\n\ndef bump():\n    COUNT = 1\n    return COUNT\n",
        (("    COUNT = 1\n", "    global COUNT\n    COUNT = 1\n"),),
    ),
    "held_only_by_a_registry": Trap(
        """import functools

HELD = []


def keep(function):
    HELD.append(functools.partial(function, 1))


@keep
def told(value):
    return value
""",
        (("return value", "return value + 1"),),
    ),
    "wrapped_and_cached": Trap(
        """import functools


def traced(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@traced
@functools.lru_cache
def told(value):
    return value


@functools.lru_cache
def ran(value):
    return value


ran(1)
""",
        (
            ("def told(value):\n    return value", "def told(value):\n    return value + 1"),
            ("def ran(value):\n    return value", "def ran(value):\n    return value + 2"),
            ("return function(*args)", "return function(*args) or None"),
        ),
    ),
    "ran_once": Trap(
        "def ran(a):\n    return [a]\n\n\nRESULT = ran(1)\n", (("return [a]", "return [a, a]"), ("ran(1)", "ran(2)"))
    ),
    "body_then_structure_then_undo": Trap(
        "def first():\n    return 1\n\n\nONE = 1\n",
        (("return 1", "return 2"), ("ONE = 1", "ONE = 2"), ("ONE = 2", "ONE = 1"), ("return 2", "return 1")),
    ),
    "docstring_and_annotations": Trap(
        'def told(a: int) -> int:\n    """One."""\n    return a\n',
        (('"""One."""', '"""Two."""'), ("a: int", "a: str"), ("-> int", "-> None")),
    ),
    "name_mangling": Trap(
        "class Box:\n    __secret = 1\n\n    def open(self):\n        return self.__secret\n",
        (("return self.__secret", "return self.__other"), ("class Box", "class Crate")),
    ),
    "future_import": Trap(
        "def told(a: int):\n    return a\n",
        (("def told", "from __future__ import annotations\n\n\ndef told"),),
    ),
    "equal_functions": Trap(
        "def one():\n    return 1\n\n\ndef two():\n    return 1\n",
        (
            ("def two():\n    return 1", "def two():\n    return 2"),
            ("def one():\n    return 1", "def one():\n    return 2"),
        ),
    ),
    "conditional_definition": Trap(
        "if True:\n    def told():\n        return 1\nelse:\n    def told():\n        return 2\n",
        (("return 2", "return 3"), ("return 1", "return 4")),
    ),
}
if sys.version_info >= (3, 12):
    TRAPS = {
        **TRAPS,
        "type_parameters": Trap(
            "def told[T](a: T) -> T:\n    return a\n\n\ntype Pair = list[int]\n",
            (("return a", "return [a]"), ("[T]", "[T: int]"), ("list[int]", "list[str]")),
        ),
    }

if sys.version_info >= (3, 14):
    TRAPS = {
        **TRAPS,
        "template": Trap(
            "def made():\n    return 'one'\n\n\nTOLD = t'{made} {1!r}'\n\n\n"
            "def told():\n    return str(TOLD.values[0]())\n",
            (("'one'", "'two'"), ("{1!r}", "{2!r}"), ("str(TOLD", "repr(TOLD")),
        ),
        "annotations_of_the_module": Trap(
            "first: int = 1\nif first:\n    second: str\nlast: int = 2\n\n\n"
            "def told(a: int = 1) -> str:\n    return last\n",
            (
                ("last: int = 2", "last: int = 3"),
                ("last: int = 3", "last: str = 4\nmore: int"),
                ("second: str", "second: int"),
                ("a: int", "a: str"),
                ("-> str", "-> int"),
            ),
        ),
        "annotations_that_were_evaluated": Trap(
            "def told(a: int = 1):\n    return a\n\n\nSEEN = dict(told.__annotations__)\n",
            (("a: int", "a: str"), ("return a", "return [a]")),
        ),
        "annotations_that_were_read": Trap(
            "def told(a: int = 1):\n    return a\n\n\nREAD = told.__annotate__.__code__.co_names\n",
            (("a: int", "a: str"),),
        ),
    }
if sys.version_info >= (3, 15):
    TRAPS = {
        **TRAPS,
        "lazy_import": Trap(
            "lazy import json\nlazy from ast import parse\n\n\ndef told():\n    return json.__name__\n",
            (
                ("return json", "return parse"),
                ("lazy import json", "import json"),
                ("lazy from ast", "from ast"),
                ("import json", "lazy import json"),
            ),
        ),
        "frozen_dictionary": Trap(
            "TABLE = frozendict(get=lambda: 'one', n=1)\n\n\ndef told():\n    return str(TABLE['get']())\n",
            (("'one'", "'two'"), ("n=1", "n=2")),
        ),
    }

MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
"""
SETTINGS = """\
SECRET_KEY = "for-tests-only"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["afresh.django", "exact_probe.apps.ProbeConfig"]
ROOT_URLCONF = "urls"
"""
# The first view imports inside its body: what is in use only since the first request must be seen, too.
URLS = """\
from django.http import HttpResponse
from django.urls import path
from traps import {names}


def index(request):
    from traps import lazily

    return HttpResponse(str(lazily.told()))


urlpatterns = [path("", index)]
"""
LAZILY = Trap("def told():\n    return 1\n\n\nONE = 1\n", (("return 1", "return 2"), ("ONE = 1", "ONE = 2")))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_trap(tmp_path: Path, tally: Tally) -> None:
    every = {**TRAPS, "lazily": LAZILY}
    files = {
        "manage.py": MANAGE,
        "settings.py": SETTINGS,
        "urls.py": URLS.format(names=", ".join(TRAPS)),
        "traps/__init__.py": "",
        **{f"traps/{name}.py": trap.source for name, trap in every.items()},
    }
    subject = Subject(tmp_path / "project", tmp_path / "scratch")
    save(subject.root, {}, {name: text.encode() for name, text in files.items()}, random.Random(0))
    scripts = [
        Script(f"{name} {number}", f"traps/{name}.py", old, new)
        for name, trap in every.items()
        for number, (old, new) in enumerate(trap.edits, 1)
    ]
    # An undo is one more start to compare with: `scripts/test-exact` has them all.
    undo_every = 1 if "AFRESH_EXACT_EDITS" in os.environ else 3
    follow(subject, ["/"], scripts, lambda file: subject.root / file, tally, undo_every)
