"""Starting: every shape of app that Django takes, every question that settings may ask of the disk, and whatever else
may stand where modules do."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from .base import Content, Project, Tried, edited, renamed_over, written


def page(served: Tried) -> str:
    return served.get("/")


# ---- shapes of apps -------------------------------------------------------------------------------------------------

COMMAND = """
from django.core.management.commands.runserver import Command as Base


class Command(Base):
    def inner_run(self, *args, **options):
        self.stdout.write("This is the command of {app}.")
        super().inner_run(*args, **options)
"""
CONFIG = "from django.apps import AppConfig\n\n\nclass Own(AppConfig):\n    name = {name!r}\n    label = 'own'\n"


def commands(app: str, folder: str = "") -> dict[str, str]:
    """The files of an app with a runserver of its own; `folder`: where it lies, if not where its name says."""
    root = folder or app.replace(".", "/")
    packages = {f"{root}/management/{name}": "" for name in ("__init__.py", "commands/__init__.py")}
    return {**packages, f"{root}/management/commands/runserver.py": COMMAND.replace("{app}", app)}


def zipped(files: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return archive.getvalue()


@dataclass(frozen=True)
class Shape:
    """Apps, and the files they come from; `command`: of which app Django takes the runserver."""

    apps: tuple[str, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    command: str = ""
    before: str = ""


SHAPES = {
    "management is a module": Shape(("django.contrib.sites",)),
    "management is a module that must not be imported": Shape(
        ("own",), {"own/__init__.py": "", "own/management.py": "raise RuntimeError('imported')\n"}
    ),
    "management is a package without commands": Shape(
        ("own",), {"own/__init__.py": "", "own/management/__init__.py": "raise RuntimeError('imported')\n"}
    ),
    "commands is a module": Shape(
        ("own",), {"own/__init__.py": "", "own/management/__init__.py": "", "own/management/commands.py": "1 / 0\n"}
    ),
    "management has no __init__": Shape(
        ("own",),
        {"own/__init__.py": "", "own/management/commands/runserver.py": COMMAND.replace("{app}", "own")},
        "own",
    ),
    "app is a module": Shape(("own",), {"own.py": ""}),
    "app in a package": Shape(
        ("outer.own",), {**commands("outer.own"), "outer/__init__.py": "", "outer/own/__init__.py": ""}, "outer.own"
    ),
    "app is a namespace package": Shape(
        ("own.apps.Own",),
        {
            **commands("own"),
            "own/apps.py": CONFIG.format(name="own")
            + "    import pathlib\n\n    path = str(pathlib.Path(__file__).parent)\n",
        },
        "own",
    ),
    "app of two portions": Shape(
        ("own.apps.Own",),
        {
            **commands("own", "other/own"),
            "own/models.py": "",
            "other/own/apps.py": CONFIG.format(name="own")
            + "    import pathlib\n\n    path = str(pathlib.Path(__file__).parent)\n",
        },
        "own",
        "import sys; sys.path.append('other')\n",
    ),
    "config in another module": Shape(
        ("elsewhere.Own",), {**commands("own"), "own/__init__.py": "", "elsewhere.py": CONFIG.format(name="own")}, "own"
    ),
    "app named management": Shape(
        ("management",), {**commands("management"), "management/__init__.py": ""}, "management"
    ),
    "module named management": Shape(("management",), {"management.py": ""}),
    "app in a zip file": Shape(
        ("own",),
        {"apps.zip": zipped({**commands("own"), "own/__init__.py": "", "own/models.py": ""})},
        "own",
        "import sys; sys.path.append('apps.zip')\n",
    ),
    "apps after another": Shape(
        ("django.contrib.sites", "own", "own2"),
        {**commands("own2"), **commands("own"), "own/__init__.py": "", "own2/__init__.py": ""},
        "own",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_of_app(project: Project, name: str) -> None:
    """It starts, with the command that Django would have taken, and follows edits."""
    shape = SHAPES[name]
    project.write(shape.files)
    project.settings("", before=shape.before)
    project.apps(*shape.apps)
    says = f"This is the command of {shape.command}." if shape.command else ""
    with project.beside().serve("--noreload") as served:
        assert (page(served), says in served.told()) == ("b0c0|t0", True)
    with project.serve() as served:
        assert (page(served), says in served.told()) == ("b0c0|t0", True)
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert page(served) == "b1c0|t0"


# ---- what stands among the modules ----------------------------------------------------------------------------------

ODD = """\
import importlib.util
import sys
import types


class Forbidding:
    def __getattribute__(self, name):
        raise RuntimeError(f"{name} was asked for")


class ForbiddingModule(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError(f"{name} was asked for")


class Impostor:  # as cffi's Lib
    __slots__ = ()
    __class__ = types.ModuleType

    def __getattr__(self, name):
        raise AttributeError(name)


def lazy(name):
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(**names):
    module = types.ModuleType("made")
    module.__dict__.update(names)
    return module


sys.modules.update(
    {
        "odd.nothing": None,
        "odd.object": object(),
        "odd.class": Forbidding,
        "odd.instance": ForbiddingModule("forbidding"),
        "odd.impostor": Impostor(),
        "odd.lazy": lazy("slow"),
        "odd.file": made(__file__=5),
        "odd.nowhere": made(__file__="/nowhere/odd.py"),
        "odd.spec": made(__spec__=Forbidding(), __file__="odd\\0.py"),
        "odd.path": made(__path__=Forbidding()),
        "odd.name": made(__name__=None, __file__=__file__),
    }
)
"""
SELFISH = """\
import sys


class Selfish:
    __slots__ = ("word",)


def word():
    return "w0"


own = Selfish()
own.word = word
sys.modules[__name__] = own
"""


@pytest.mark.parametrize("place", ["site1/settings.py", "site1/urls.py"])
def test_whatever_stands_among_the_modules(project: Project, place: str) -> None:
    """It starts and follows edits, that of a module which has put something else in its own place too."""
    project.write({"odd.py": ODD, "slow.py": "raise SystemExit('it was loaded')\n", "selfish.py": SELFISH})
    project.append(place, "\nimport odd, selfish\n")
    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(edited("site1/views.py", "a = 'b0'", "from selfish import word; a = word() + 'b1'"))
        assert page(served) == "w0b1c0|t0"
        served.save(edited("selfish.py", "w0", "w1"))
        assert page(served) == "w1b1c0|t0"
        served.save(edited("site1/views.py", "b1", "b2"))
        assert page(served) == "w1b2c0|t0"
        assert "StatReloader" not in served.told()


# ---- what a start asks of the disk ----------------------------------------------------------------------------------

QUESTIONS = """\
import os, pathlib


def fails(function, *arguments, **options):
    try:
        return not function(*arguments, **options)
    except (OSError, ValueError):
        return True


ASKED = [
    os.path.exists(""),
    os.path.exists(os.environ.get("X_FILE", "")),
    fails(os.stat, ""),
    fails(open, ""),
    fails(os.listdir, ""),
    os.path.exists("a\\0b"),
    os.path.exists(b"caf\\xe9"),
    os.path.exists("~/x"),
    os.path.exists("x" * 5000),
    fails(open, "x" * 100_000),
    os.path.exists("missing/../manage.py"),
    os.path.exists("manage.py/"),
    os.path.exists("//" + os.getcwd() + "/x"),
    os.path.exists("nowhere"),
    os.path.exists("itself"),
    os.path.exists("apps.zip/inner"),
    fails(os.stat, "x", dir_fd=os.open("templates", os.O_RDONLY)),
    fails(os.listdir, "none"),
    fails(os.scandir, "manage.py"),
    pathlib.Path("nowhere").resolve(),
]
"""
COMES = {
    "a link's target": written("target", ""),
    "a folder on the way": written("missing/x", ""),
    "a name that is not UTF-8": written("caf\udce9", ""),
    "a folder to list": written("none/x", ""),
    "a file for a link to itself": renamed_over("itself", ""),
}


@pytest.mark.parametrize("place", ["site1/settings.py", "site1/urls.py"])
def test_questions_about_the_disk(project: Project, place: str) -> None:
    """One start before the first answer, none from the beginning for an edit of a view; and what then comes is seen."""
    project.write({"questions.py": QUESTIONS, "apps.zip": zipped({"inner": ""})})
    (project.root / "nowhere").symlink_to("target")
    (project.root / "itself").symlink_to("itself")
    project.append(place, "\nfrom questions import *\n")
    asked = "', '.join(str(bool(each)) for each in questions.ASKED[6:18])"
    project.append("site1/views.py", f"\nimport questions\nANSWERS = {asked}\n")
    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(edited("site1/views.py", "a = 'b0'", "a = 'b1'"))
        assert page(served) == "b1c0|t0"
        served.server.err.wait_for(r"reload 2 · (patch|resume) · ")
        # Through `manage.py`, settings have asked before Afresh was there; what is loaded again asks again.
        served.save(edited("site1/settings.py", "DEBUG = True", "DEBUG = True\nAGAIN = True"))
        served.save(edited("site1/views.py", "a = 'b1'", "a = ANSWERS"))
        was = page(served)
        for change in COMES.values():
            served.save(change)
            now = page(served)
            assert now != was
            was = now
        with project.beside().serve("--noreload") as cold:
            assert page(cold) == was
