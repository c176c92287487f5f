"""What newer versions of Python bring: annotations that are evaluated late, templates, lazy imports, `frozendict`, and
what the interpreter can be asked for by flags and from outside.

Expected is what Python's documentation says of a fresh start of the files as they are.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from afresh.testing.deadline import Deadline

from .base import PAGE, Content, Project, Save, Tried, deleted, edited, written

RELOAD = r"reload \d+ · (?P<way>[a-z]+) · (?P<more>[^\n]*)"
CAN_PATCH = sys.version_info >= (3, 12)
ARE_LATE = sys.version_info >= (3, 14)
"""Annotations are evaluated when they are asked for, by a function of their own."""


@dataclass(frozen=True)
class Step:
    """Saves, and what the page says after them. `way`: how the reload must come to be, on Pythons that can patch."""

    saves: tuple[Save, ...]
    page: str
    way: str = ""


@dataclass(frozen=True)
class Row:
    """A project and its edits. `views`: its views; "V" in them is what the page says."""

    views: str
    first: str
    steps: tuple[Step, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


VIEWS = "site1/views.py"


def view(above: str, value: str) -> str:
    """Views with `above` above a page that says `value`."""
    return f"from django.http import HttpResponse\n{above}\n\ndef page(request):\n    return HttpResponse({value})\n"


def step(old: str, new: str, page: str, way: str = "", file: str = VIEWS) -> Step:
    return Step((edited(file, old, new),), page, way)


SHOWN = "' '.join(f'{name}:{getattr(kind, \"__name__\", kind)}' for name, kind in %s.items())"
OWN = (
    "__import__('annotationlib').get_annotations(__import__('sys').modules[__name__])"
    if ARE_LATE
    else "__annotations__"
)
ROWS = {
    "annotations that a view evaluates": Row(
        view("def helper(a: int, b: str = '') -> int: pass\n", SHOWN % "helper.__annotations__"),
        "a:int b:str return:int",
        (
            step("a: int", "a: bytes", "a:bytes b:str return:int", "patch" if ARE_LATE else ""),
            step("-> int", "-> 'None'", "a:bytes b:str return:None", "patch" if ARE_LATE else ""),
            step(", b: str = ''", "", "a:bytes return:None", "resume"),
        ),
    ),
    "annotations that the start evaluates": Row(
        view("def helper(a: int): pass\nseen = dict(helper.__annotations__)\n", SHOWN % "seen"),
        "a:int",
        (step("a: int", "a: bytes", "a:bytes", "resume"), step("a: bytes", "a: str", "a:str", "resume")),
    ),
    "annotations that the start evaluates as texts": Row(
        view(
            "import inspect\ndef helper(a: int): pass\nseen = str(inspect.signature(helper))\n",
            "seen",
        ),
        "(a: int)",
        (step("a: int", "a: bytes", "(a: bytes)", "resume"),),
    ),
    "annotations of a data class": Row(
        view(
            "import dataclasses\n@dataclasses.dataclass\nclass Item:\n    x: int = 1\n"
            "    def twice(self): return self.x * 2\n",
            "f'{Item()} {Item.__annotations__[\"x\"].__name__} {Item().twice()}'",
        ),
        "Item(x=1) int 2",
        (
            step("x: int", "x: float", "Item(x=1) float 2", "resume"),
            step("self.x * 2", "self.x * 3", "Item(x=1) float 3", "patch"),
            step("x: float = 1", "x: int = 2\n    y: str = 'y'", "Item(x=2, y='y') int 6", "resume"),
        ),
    ),
    "annotations of the module, again and again in one place": Row(
        view(
            "first: int = 1\ndef helper(a: int) -> str: return str(a)\nlast: str = helper(5)\n",
            f"last + ' ' + {SHOWN % OWN}",
        ),
        "5 first:int last:str",
        (
            step("helper(5)", "helper(6)", "6 first:int last:str", "resume"),
            step("last: str = helper(6)", "last: object = helper(7)", "7 first:int last:object", "resume"),
            step("helper(7)\n", "helper(8)\nmore: bytes\n", "8 first:int last:object more:bytes", "resume"),
            step("more: bytes", "if first > 1:\n    more: bytes", "8 first:int last:object", "resume"),
            step("first: int", "first: bool", "8 first:bool last:object", "patch" if ARE_LATE else ""),
        ),
    ),
    "annotations as texts, again and again in one place": Row(
        "from __future__ import annotations\n"
        + view(
            "def helper(a: nowhere) -> str: return a\nlast: nothing = helper('5')\n",
            f"last + ' ' + {SHOWN % '__annotations__'}",
        ),
        "5 last:nothing",
        (
            step("helper('5')", "helper('6')", "6 last:nothing", "resume"),
            step("last: nothing = helper('6')", "last: other = helper('7')", "7 last:other", "resume"),
        ),
    ),
    "annotations as texts, of names that are nowhere": Row(
        "from __future__ import annotations\n"
        + view("def helper(a: nowhere) -> int: pass\n", SHOWN % "helper.__annotations__"),
        "a:nowhere return:int",
        (step("-> int", "-> other", "a:nowhere return:other", "patch" if ARE_LATE else "resume"),),
    ),
}
if sys.version_info >= (3, 14):
    ROWS |= {
        "annotations that only a type checker can evaluate": Row(
            "from typing import TYPE_CHECKING\n\nfrom django.http import HttpResponse\n\n"
            "if TYPE_CHECKING:\n    from nowhere import Thing\n\n\n"
            "def page(request: Thing) -> Thing:\n    return HttpResponse('p0')\n",
            "p0",
            (step("'p0'", "'p1'", "p1", "patch"), step("-> Thing", "-> Thing | None", "p1", "patch")),
        ),
        "templates": Row(
            view("place = 'top'\nmade = t'{place}'\n", "''.join(map(str, (*t'a {place!r}'.strings, *made.values)))"),
            "a top",
            (
                step("t'a {place", "t'b {place", "b top", "patch"),
                step("t'{place}'", "t'{place + place}'", "b toptop", "resume"),
                step("'top'", "'end'", "b endend", "resume"),
            ),
        ),
        "names that are not there until they are asked for": Row(
            view("def helper(a: Later): pass\n", "helper.__annotations__['a'].__name__") + "class Later: pass\n",
            "Later",
            (
                Step((edited(VIEWS, "(a: Later)", "(a: Still)"), edited(VIEWS, "class Later", "class Still")), "Still"),
                step("class Still", "Still = int\nclass Later", "int"),
            ),
        ),
    }
HELPER = "import builtins\nbuiltins.ran = getattr(builtins, 'ran', 0) + 1\nVALUE = 'h0'\ndef value(): return VALUE\n"
RAN = "getattr(__import__('builtins'), 'ran', 0)"
if sys.version_info >= (3, 15):
    ROWS |= {
        "a module that a request loads lazily": Row(
            view(
                "lazy from site1 import helper\nlazy from site1.helper import value as get\n",
                f"f'{{helper.VALUE}} {{get()}} {{{RAN}}}'",
            ),
            "h0 h0 1",
            (
                step("'h0'", "'h1'", "h1 h1 1", file="site1/helper.py"),
                step("return VALUE", "return VALUE * 2", "h1 h1h1 1", file="site1/helper.py"),
                step("{helper.VALUE} ", "", "h1h1 1", "patch"),
                step("lazy from site1 import helper\n", "", "h1h1 1", "resume"),
                step("'h1'", "'h2'", "h2h2 1", file="site1/helper.py"),
            ),
            {"site1/helper.py": HELPER},
        ),
        "imports become lazy, and eager again": Row(
            view("from site1 import helper\n", RAN),
            "1",
            (
                step("from site1", "lazy from site1", "0", "resume"),
                step("h0", "h1", "0", "nothing", file="site1/helper.py"),
                step("lazy from site1", "from site1", "1", "resume"),
                step(
                    "from site1 import helper",
                    "__lazy_modules__ = ['site1.helper']\nimport site1.helper",
                    "0",
                    "resume",
                ),
            ),
            {"site1/helper.py": HELPER},
        ),
        "a lazily imported module that comes later": Row(
            view(
                "lazy from site1 import helper\ndef get():\n    try:\n        return helper.VALUE\n"
                "    except ImportError:\n        return 'none'\n",
                "get()",
            ),
            "none",
            (
                Step((written("site1/helper.py", HELPER),), "h0"),
                Step((deleted("site1/helper.py"), written("site1/helper/__init__.py", "VALUE = 'package'")), "package"),
            ),
        ),
        "frozen dictionaries": Row(
            view("table = frozendict(get=lambda: 'f0', n=1)\n", 'f\'{table["get"]()} {table["n"]}\''),
            "f0 1",
            (step("'f0'", "'f1'", "f1 1", "patch"), step("n=1", "n=2", "f1 2", "resume")),
        ),
        "all imports lazy": Row(
            view("from site1 import helper\nimport json\n\nTOP = 'c0'\n", "json.dumps([helper.value(), TOP])"),
            '["h0", "c0"]',
            (
                step("json.dumps([helper.value(), TOP])", "json.dumps([TOP])", '["c0"]', "patch"),
                step("'c0'", "'c1'", '["c1"]', "resume"),
                step("json.dumps([TOP])", "json.dumps([helper.VALUE])", '["h0"]', "patch"),
                step("'h0'", "'h1'", '["h1"]', file="site1/helper.py"),
                Step((edited("site1/settings.py", "DEBUG = True", "DEBUG = bool(1)"),), '["h1"]'),
            ),
            {"site1/helper.py": HELPER},
            {"PYTHON_LAZY_IMPORTS": "all"},
        ),
    }


def page(served: Tried) -> str:
    return served.get("/")


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_edits(project: Project, row: Row) -> None:
    project.write({VIEWS: row.views, **row.files})
    # So that each edit has its checkpoints.
    with project.serve(env={"AFRESH_SERVE_FIRST": "0", **row.env}) as served:
        assert page(served) == row.first
        for each in row.steps:
            told = served.server.err.here()
            served.save(*each.saves)
            assert page(served) == each.page
            if each.way and CAN_PATCH:
                found = served.server.err.wait_for(RELOAD, after=told) if each.way != "nothing" else None
                assert (found["way"] if found else "nothing") == each.way, served.told()


# ---- what the interpreter can be asked for --------------------------------------------------------------------------


@dataclass(frozen=True)
class Flag:
    """Flags and environment variables of the interpreter; what they add to either stream."""

    flags: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    told: str = ""


FLAGS = {
    "importtime": Flag(("-X", "importtime"), told=r"import time:.*\bsite1\.views\n"),
    "importtime by the environment": Flag((), {"PYTHONPROFILEIMPORTTIME": "1"}, r"import time:.*\bsite1\.views\n"),
    "dev": Flag(("-X", "dev")),
    "warnings are errors": Flag(("-W", "error")),
    "warnings of encodings are errors": Flag(("-X", "warn_default_encoding", "-W", "error::EncodingWarning")),
    "tracemalloc": Flag(("-X", "tracemalloc")),
    "frozen modules off": Flag(("-X", "frozen_modules=off")),
    "optimized": Flag(("-OO",)),
    "isolated from user sites": Flag(("-s",)),
    "bytes": Flag(("-bb",)),
}
OLD = frozenset(FLAGS) - {"dev", "warnings are errors"}
if sys.version_info >= (3, 12):
    FLAGS |= {"perf": Flag(("-X", "perf"))}
if sys.version_info >= (3, 13):
    FLAGS |= {"one processor": Flag(("-X", "cpu_count=1")), "jit": Flag((), {"PYTHON_JIT": "1"})}
if sys.version_info >= (3, 14):
    FLAGS |= {
        "importtime of what is loaded already": Flag(("-X", "importtime=2"), told=r"import time:.*\bsite1\.views\n"),
        "warnings of the context": Flag(("-X", "context_aware_warnings=1", "-X", "thread_inherit_context=1")),
        "no debugger from outside": Flag(("-X", "disable-remote-debug")),
    }
if sys.version_info >= (3, 15):
    FLAGS |= {
        "lazy imports": Flag(("-X", "lazy_imports=all")),
        "lazy imports by the environment": Flag((), {"PYTHON_LAZY_IMPORTS": "all"}),
        "lazy imports where they are written": Flag(("-X", "lazy_imports=normal")),
    }


def follows(served: Tried) -> None:
    """The page follows what is patched, gone on with and loaded anew."""
    assert page(served) == "b0c0|t0"
    served.save(edited(VIEWS, "'b0'", "'b1'"))
    assert page(served) == "b1c0|t0"
    served.save(edited(VIEWS, "'c0'", "'c1'"))
    assert page(served) == "b1c1|t0"
    served.save(edited("site1/settings.py", "DEBUG = True", "DEBUG = bool(1)"), edited("templates/p.html", "t0", "t1"))
    assert page(served) == "b1c1|t1"


@pytest.mark.parametrize(
    "flag",
    # Where not all tests are run, what that version brings is.
    [pytest.param(flag, id=name, marks=[pytest.mark.slow] if name in OLD else []) for name, flag in FLAGS.items()],
)
def test_flags_of_the_interpreter(project: Project, flag: Flag) -> None:
    asked = replace(project, python=(sys.executable, *flag.flags), env=flag.env)
    with asked.serve(env={"AFRESH_SERVE_FIRST": "0"}) as served:
        follows(served)
        assert re.search(flag.told, served.told()), served.told()


def test_a_safe_path(project: Project) -> None:
    """Nothing is put first on the path: the project is found where the environment says."""
    path = os.pathsep.join([project.site.environment()["PYTHONPATH"], str(project.root)])
    project.append(
        VIEWS,
        "\n\ndef path(request):\n    import sys\n\n    from django.http import HttpResponse\n\n"
        "    return HttpResponse(repr(sys.path[0]))\n",
    )
    project.write({"site1/urls.py": str(PAGE["site1/urls.py"]).replace("[path(", "[path('path', views.path), path(")})
    env = {"PYTHONSAFEPATH": "1", "PYTHONPATH": path}
    with project.beside().serve(
        env={**env, "PYTHONPATH": path.replace(str(project.root), str(project.beside().root))}
    ) as djangos:
        expected = djangos.get("/path")
    with project.serve(env={**env, "AFRESH_SERVE_FIRST": "0"}) as served:
        follows(served)
        assert served.get("/path") == expected


if sys.version_info >= (3, 14):

    @pytest.mark.parametrize("edits", [(), ("'b0'",)], ids=["after the start", "after a reload"])
    def test_a_script_that_a_debugger_sends(project: Project, tmp_path: Path, edits: tuple[str, ...]) -> None:
        """`sys.remote_exec`, by which `python -m pdb -p` attaches: the server runs it with the next request."""
        project.append(VIEWS, "\n\ndef pid(request):\n    import os\n\n    from django.http import HttpResponse\n\n")
        project.append(VIEWS, "    return HttpResponse(os.getpid())\n")
        urls = str(PAGE["site1/urls.py"]).replace("[path(", "[path('pid', views.pid), path(")
        project.write({"site1/urls.py": urls, "script.py": f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"})
        with project.serve() as served:
            page(served)
            for old in edits:
                served.save(edited(VIEWS, old, "'b1'"))
            sys.remote_exec(int(served.get("/pid")), str(project.root / "script.py"))
            deadline = Deadline()
            while not (tmp_path / "ran").exists():
                assert not deadline.passed(), served.told()
                page(served)


POOL = """import multiprocessing
import os
import time

from django.http import HttpResponse


def work(queue):
    queue.put(['w0', __name__, os.getppid() != 1])


def page(request):
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=work, args=(queue,))
    child.start()
    told = queue.get(timeout=20)
    child.join()
    return HttpResponse(f'{told[0]} {told[1]} {child.exitcode}')
"""


def test_processes_of_the_projects(project: Project) -> None:
    """Since 3.14 they come from a server of forks, which the first starts and which imports the project by itself."""
    project.write({VIEWS: POOL})
    with project.serve(env={"AFRESH_SERVE_FIRST": "0"}) as served:
        assert page(served) == "w0 site1.views 0"
        served.save(edited(VIEWS, "'w0'", "'w1'"))
        assert page(served) == "w1 site1.views 0"
        served.save(edited(VIEWS, "import time", "import time as clock"))
        assert page(served) == "w1 site1.views 0"


def test_a_lock_of_multiprocessing(project: Project) -> None:
    """Since 3.14 the first of them starts a process that cleans up behind all, which is no obstacle."""
    project.write(
        {VIEWS: view("import multiprocessing\n\nLOCK = multiprocessing.Lock()\n", "str(LOCK.acquire(False))")}
    )
    with project.serve(env={"AFRESH_SERVE_FIRST": "0"}) as served:
        assert page(served) == "True"
        told = served.server.err.here()
        served.save(edited(VIEWS, "str(LOCK", "'a' + str(LOCK"))
        assert page(served) == "aTrue"
        if CAN_PATCH:
            assert served.server.err.wait_for(RELOAD, after=told)["way"] == "patch"
    assert "leaked" not in served.told()
