"""Every question that a project may ask of the disk: what it asked holds when it is looked at again, so that no start
is needed twice; and what changes its answer is an edit that the start cannot be kept for."""

import os
import shutil
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.unit.boot.project import Project
from tests.unit.watch.rig import Rig

from afresh.keeper.ledger import Ledger
from afresh.reload.plan import Way

Change = Callable[[Path], object]


def nothing(root: Path) -> None:
    pass


def file(name: str) -> Change:
    def make(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text")

    return make


def folder(name: str) -> Change:
    return lambda root: (root / name).mkdir(parents=True)


def link(name: str, to: str) -> Change:
    return lambda root: os.symlink(to, root / name)


def gone(name: str) -> Change:
    def remove(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return remove


def saved(name: str, text: str) -> Change:
    return lambda root: (root / name).write_text(text)


def tool(name: str) -> Change:
    return both(file(name), lambda root: (root / name).chmod(0o755))


def both(*changes: Change) -> Change:
    return lambda root: [change(root) for change in changes]


def archive(root: Path) -> None:
    with zipfile.ZipFile(root / "apps.zip", "w") as made:
        made.writestr("inner/data.txt", "text")


class Case(NamedTuple):
    """What is asked, after `before`; `change` gives it another answer, None where nothing can."""

    question: str
    change: Change | None
    before: Change = nothing


IN_GONE_FOLDER = "(os.mkdir('gone'), os.chdir('gone'), os.rmdir('../gone'), {})[3]"
AT_FOLDER = "(lambda at: {})(os.open('folder', os.O_RDONLY))"
WRITTEN = "os.close(os.open('x', os.O_WRONLY | os.O_CREAT, dir_fd=at))"
DEEP = "/".join(["d" * 200] * 30)
CASES = {
    "empty": Case("os.path.exists('')", None),
    "empty stat": Case("fails(os.stat, '')", None),
    "empty open": Case("fails(open, '')", None),
    "empty list": Case("fails(os.listdir, '')", None),
    "empty path object": Case("os.path.exists(pathlib.Path(''))", None),
    "empty bytes": Case("os.path.exists(b'')", None),
    "NUL": Case("os.path.exists('a\\0b')", None),
    "NUL open": Case("fails(open, 'a\\0b')", None),
    "surrogate": Case("os.path.exists('\\ud800')", None),
    "too long": Case("os.path.exists('x' * 5000)", None),
    "too long open": Case("fails(open, 'x' * 1_000_000)", None),
    "too long name": Case("os.path.exists('x' * 300)", None),
    "too deep": Case(f"os.path.exists({DEEP!r})", None),
    "working directory is gone": Case(IN_GONE_FOLDER.format("os.path.exists('x')"), None),
    "working directory is gone, open": Case(IN_GONE_FOLDER.format("fails(open, 'x')"), None),
    "working directory is gone, list": Case(IN_GONE_FOLDER.format("fails(os.listdir)"), None),
    "relative": Case("os.path.exists('x')", file("x")),
    "tilde": Case("os.path.exists('~')", file("~")),
    "tilde and more": Case("os.path.exists('~/x')", file("~/x")),
    "bytes": Case("os.path.exists(b'x')", file("x")),
    "not UTF-8": Case("os.path.exists(b'caf\\xe9')", file("caf\udce9")),
    "not UTF-8, absolute": Case("os.path.exists(os.path.abspath('caf\\udce9'))", file("caf\udce9")),
    "path object": Case("pathlib.Path('x').exists()", file("x")),
    "own path object": Case("os.path.exists(Own('x'))", file("x")),
    "keyword": Case("fails(os.stat, path='x')", file("x")),
    "upwards": Case("os.path.exists('folder/../x')", file("x"), folder("folder")),
    "upwards from nothing": Case("os.path.exists('folder/../main.py')", folder("folder")),
    "upwards from nothing, open": Case("fails(open, 'folder/../main.py')", folder("folder")),
    "upwards from nothing, list": Case("fails(os.listdir, 'folder/..')", folder("folder")),
    "upwards from a file": Case("os.path.exists('x/../main.py')", both(gone("x"), folder("x")), file("x")),
    "upwards through a link": Case(
        "os.path.exists('link/../y')", file("a/y"), both(folder("a/b"), link("link", "a/b"))
    ),
    "upwards at the end": Case("os.path.exists('folder/..')", folder("folder")),
    "two slashes": Case("os.path.exists('/' + os.path.abspath('x'))", file("x")),
    "many slashes": Case("os.path.exists('.//folder///x')", file("folder/x")),
    "slash at the end": Case("os.path.exists('x/')", folder("x")),
    "slash after a file": Case("os.path.exists('x/')", both(gone("x"), folder("x")), file("x")),
    "slash after a folder": Case("os.path.exists('x/')", gone("x"), folder("x")),
    "dot at the end": Case("os.path.exists('x/.')", folder("x")),
    "below a file": Case("os.path.exists('x/y')", both(gone("x"), file("x/y")), file("x")),
    "folder for a file": Case("os.path.isfile('x')", both(gone("x"), file("x")), folder("x")),
    "file for a folder": Case("os.path.isdir('x')", both(gone("x"), folder("x")), file("x")),
    "link to nothing": Case("os.path.exists('link')", file("x"), link("link", "x")),
    "link to what goes": Case("os.path.exists('link')", gone("x"), both(link("link", "x"), file("x"))),
    "link to what goes, open": Case("os.path.isfile('link')", gone("x"), both(link("link", "x"), file("x"))),
    "link that is there": Case("os.path.lexists('link')", gone("link"), link("link", "x")),
    "link to itself": Case("os.path.exists('link')", both(gone("link"), file("link")), link("link", "link")),
    "link to itself, open": Case("fails(open, 'link')", both(gone("link"), file("link")), link("link", "link")),
    "folder that is a link": Case("os.path.exists('link/x')", file("a/x"), both(folder("a"), link("link", "a"))),
    "folder link elsewhere": Case(
        "os.path.exists('link/x')",
        both(gone("link"), link("link", "b")),
        both(folder("a"), file("b/x"), link("link", "a")),
    ),
    "islink": Case("os.path.islink('x')", both(gone("x"), link("x", "y")), file("x")),
    "readlink": Case("os.readlink('link')", both(gone("link"), link("link", "y")), link("link", "x")),
    "readlink of nothing": Case("fails(os.readlink, 'link')", link("link", "y")),
    "readlink of a file": Case("fails(os.readlink, 'link')", both(gone("link"), link("link", "y")), file("link")),
    "real path": Case("os.path.realpath('link/x')", both(gone("link"), link("link", "b")), link("link", "a")),
    "resolved": Case("pathlib.Path('link').resolve().name", both(gone("link"), link("link", "b")), link("link", "a")),
    "access": Case("os.access('x', os.R_OK)", file("x")),
    "access that is refused": Case("os.access('x', os.X_OK)", None, file("x")),
    "lstat": Case("fails(os.lstat, 'x')", link("x", "nowhere")),
    "open": Case("fails(open, 'x')", file("x")),
    "open a folder": Case("fails(open, 'x')", both(gone("x"), file("x")), folder("x")),
    "open below a file": Case("fails(open, 'x/y')", both(gone("x"), file("x/y")), file("x")),
    "list nothing": Case("fails(os.listdir, 'x')", folder("x")),
    "scan nothing": Case("fails(os.scandir, 'x')", folder("x")),
    "list a file": Case("fails(os.listdir, 'x')", both(gone("x"), folder("x")), file("x")),
    "list an empty folder": Case("os.listdir('x')", file("x/y"), folder("x")),
    "list what goes": Case("os.path.exists('x') and os.listdir('x')", gone("x"), folder("x")),
    "glob": Case("sorted(glob.glob('x/*.txt'))", file("x/a.txt")),
    "in a zip file": Case("os.path.exists('apps.zip/inner/data.txt')", None, archive),
    "of a folder that is open": Case(
        AT_FOLDER.format("fails(os.stat, 'x', dir_fd=at)"), file("folder/x"), folder("folder")
    ),
    "open in a folder that is open": Case(
        AT_FOLDER.format("fails(os.open, 'x', os.O_RDONLY, dir_fd=at)"), file("folder/x"), folder("folder")
    ),
    "list a descriptor": Case(AT_FOLDER.format("os.listdir(at)"), file("folder/x"), folder("folder")),
    "stat a descriptor": Case(AT_FOLDER.format("os.path.isdir(at)"), None, folder("folder")),
    "open a descriptor": Case("open(os.open('x', os.O_RDONLY)).read()", saved("x", "more"), file("x")),
    "removed elsewhere": Case(
        AT_FOLDER.format(f"(open('x').read(), {WRITTEN}, os.remove('x', dir_fd=at))[0]"),
        saved("x", "another"),
        both(file("x"), folder("folder")),
    ),
    "written elsewhere": Case(
        AT_FOLDER.format(f"(open('x').read(), {WRITTEN})[0]"),
        saved("x", "another"),
        both(file("x"), folder("folder")),
    ),
    "which": Case("shutil.which('tool', path='bin')", tool("bin/tool")),
}
MAIN = """\
import glob, os, pathlib, shutil


class Own:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def fails(function, *arguments, **options):
    try:
        return bool(function(*arguments, **options))
    except (OSError, ValueError) as exc:
        return type(exc).__name__


print(repr({question}))
"""


@pytest.mark.parametrize("name", CASES)
def test_question(project: Project, name: str) -> None:
    case = CASES[name]
    root = project.directory
    case.before(root)
    project.write("main.py", MAIN.format(question=case.question))
    outcome = project.observed("main.py")
    plain = project.plain("main.py")
    assert (outcome.output, outcome.errors, outcome.status) == (plain.output, plain.errors, 0)
    with closing(Rig(root)) as rig:
        assert rig.watcher.cover(outcome.journal, boot=1, since=0) == [], "the start would be made again"
        ledger = Ledger(rig.watcher.is_consumed, rig.watcher.is_asked_for)
        ledger.spawned(1, 1)
        ledger.consumed(1, outcome.journal)
        ledger.ready(1, None)
        change = case.change
        if change is None:
            return
        ways = []
        for edit in rig.edits(lambda: change(root)):
            ledger.touch(edit)
            ways.append(
                ledger.plan(edit, serving=1, candidates=[1], is_project_code=lambda _: False, receivers=False).way
            )
        assert project.plain("main.py").output != plain.output, "the case is about nothing"
        assert Way.COLD in ways, (outcome.journal, edit)
