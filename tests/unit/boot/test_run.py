"""A command run by a boot sees what it sees when the interpreter runs it."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from afresh.reload.journal import Exec

from .project import Outcome, Project

SHOW = """
import sys
names = {name: repr(value).split(" at 0x")[0] for name, value in globals().items() if name.startswith("__")}
for name, value in sorted(names.items()):
    print(name, value.replace("afresh.boot.imports.ProjectLoader", "_frozen_importlib_external.SourceFileLoader"))
print(sys.argv, sys.path, sys.modules["__main__"].__dict__ is globals())
print(sorted(sys.flags), __name__, sys.orig_argv[1:])
"""


def ended(outcome: Outcome) -> tuple[int, str, str]:
    return outcome.status, outcome.output, outcome.errors


@pytest.mark.parametrize(
    "target",
    [
        ("show.py", "a", "-b"),
        ("./show.py",),
        ("pkg/../show.py",),
        ("link/shown.py",),
        ("-m", "show", "a"),
        ("-m", "pkg"),
        ("-m", "pkg.inner", "--flag"),
        ("pkg", "a"),
        ("archive.zip", "a"),
        ("-c", SHOW, "a", "-c"),
    ],
    ids=lambda target: " ".join(target).replace(SHOW, "…"),
)
def test_main_is_as_the_interpreter_makes_it(project: Project, target: tuple[str, ...]) -> None:
    project.write("show.py", SHOW)
    project.write("pkg/__init__.py", "")
    project.write("pkg/__main__.py", SHOW)
    project.write("pkg/inner.py", SHOW)
    (project.directory / "link").mkdir()
    (project.directory / "link" / "shown.py").symlink_to("../show.py")
    with zipfile.ZipFile(project.directory / "archive.zip", "w") as archive:
        archive.writestr("__main__.py", SHOW)

    plain = project.plain(*target)
    assert plain.status == 0
    assert ended(project.observed(*target)) == ended(plain)


def test_safe_path_puts_nothing_first(project: Project) -> None:
    project.write("show.py", SHOW)
    plain = project.plain("show.py", PYTHONSAFEPATH="1")
    assert f"'{project.directory}'" not in plain.output
    assert ended(project.observed("show.py", PYTHONSAFEPATH="1")) == ended(plain)


FAILURES = {
    "raises": ("main.py", "def f():\n    1 / 0\n\nf()\n"),
    "exit": ("main.py", "import sys\nsys.exit(7)\n"),
    "exit with a word": ("main.py", "raise SystemExit('no')\n"),
    "syntax": ("main.py", "x = 1\ndef (\n"),
    "interrupted": ("main.py", "raise KeyboardInterrupt\n"),
    "chain": ("main.py", "try:\n    {}['a']\nexcept KeyError as exc:\n    raise ValueError('b') from exc\n"),
    "imported module raises": ("other.py", "def g():\n    raise RuntimeError('x')\n\ng()\n"),
    "imported module has a syntax error": ("other.py", "y = 1\nclass\n"),
    "imported module has a missing import": ("other.py", "import absent_module\n"),
    "imported module has null bytes": ("other.py", "a = 1\0\n"),
    "imported module is not UTF-8": ("other.py", "# coding: ascii\nname = 'é'\n"),
}


@pytest.mark.parametrize("how", ["import other\n", "from importlib import import_module\nimport_module('other')\n"])
@pytest.mark.parametrize("case", FAILURES)
def test_traceback_is_the_interpreters(project: Project, case: str, how: str) -> None:
    name, text = FAILURES[case]
    project.write("main.py", how)
    project.write(name, text)

    plain = project.plain("main.py")
    assert plain.status != 0
    assert ended(project.observed("main.py")) == ended(plain)


@pytest.mark.parametrize("target", [("-m", "main"), ("-c", "import main")])
def test_traceback_of_other_targets(project: Project, target: tuple[str, ...]) -> None:
    project.write("main.py", "def f():\n    1 / 0\n\nf()\n")
    assert ended(project.observed(*target)) == ended(project.plain(*target))


@pytest.mark.parametrize("target", [("absent.py",), ("-m", "absent_module"), ("-m", "main.absent")])
def test_absent_target(project: Project, target: tuple[str, ...]) -> None:
    project.write("main.py", "")
    plain = project.plain(*target)
    assert plain.status in (1, 2)
    assert ended(project.observed(*target)) == ended(plain)


def test_script_is_journalled_with_its_digest_and_leaves_no_cache(project: Project) -> None:
    script = project.write("manage.py", "print('run')\n")
    outcome = project.observed("manage.py")
    (entry,) = [e for e in outcome.journal if isinstance(e, Exec) and e.module == "__main__"]
    assert entry.file == str(script)
    assert entry.signature.size == script.stat().st_size
    assert entry.digest
    assert not (project.directory / "__pycache__").exists()


def test_script_that_becomes_main_again(project: Project) -> None:
    """`coverage run` and the like replace `__main__` and run a second script."""
    project.write("inner.py", "import sys\nprint(__name__, sys.argv)\n")
    project.write(
        "outer.py", "import runpy, sys\nsys.argv[:] = sys.argv[1:]\nrunpy.run_path('inner.py', run_name='__main__')\n"
    )
    plain = project.plain("outer.py", "inner.py", "x")
    observed = project.observed("outer.py", "inner.py", "x")
    assert ended(observed) == ended(plain)
    assert observed.read(project.directory / "inner.py")


def test_start_script_of_an_installed_command(project: Project) -> None:
    scripts = Path(sys.executable).parent
    name = "pip" if os.path.exists(scripts / "pip") else "pip3"
    outcome = project.observed(str(scripts / name), "--version")
    assert (outcome.status, outcome.errors) == (0, "")
    assert outcome.output.startswith("pip ")
