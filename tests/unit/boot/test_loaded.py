"""Modules that ran before there was an observer, as with the entry through `manage.py`."""

import os
import time
from pathlib import Path

import pytest

from .project import Project

LATE = """
import msgspec, os, sys, time
from afresh.boot.loaded import NO_FILE, entries as already_loaded
from afresh.boot.roots import ProjectRoots
from afresh.reload.journal import Exec, Find
from afresh.source.cache import CodeCache

def process_start():
    # Rounded down (proc(5): field 22, in clock ticks); the file system's clock is behind by up to one tick.
    with open("/proc/self/stat", "rb") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19]) - 1
    since_boot = ticks * 10**9 // os.sysconf("SC_CLK_TCK")
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + since_boot

def report(roots=ProjectRoots()):
    entries = already_loaded(roots, CodeCache(None), process_start())
    for entry in entries:
        if isinstance(entry, Exec) and entry.file.startswith(sys.path[0] + "/"):
            word = "stale" if entry.signature == NO_FILE else "fresh"
            print(entry.module, entry.file[len(sys.path[0]) + 1:], word, "digest" if entry.digest else "")
    return entries
"""


@pytest.fixture
def late(project: Project) -> Project:
    """A project that loads `settings` and reports in the middle; saved well before it starts."""
    project.write("late.py", LATE)
    project.write("settings.py", "x = 'a'\n")
    project.write("main.py", "import settings\nprint(settings.x)\nimport late\nlate.report()\n")
    return project


def begin_later(project: Project) -> None:
    """Let so much time pass that what was just written is older than the next process, by the coarse clock of both."""
    written = time.monotonic()
    while time.monotonic() - written < 0.05:
        assert project.plain("-c", "pass").status == 0


def old(path: Path) -> Path:
    """With a modification time of long ago (the change time cannot be set)."""
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


FRESH = ["__main__ main.py fresh digest", "settings settings.py fresh digest", "late late.py fresh digest"]


def test_what_ran_is_what_is_there(late: Project) -> None:
    for _ in range(2):  # compiled, then from the .pyc
        outcome = late.plain("main.py")
        assert outcome.errors == ""
        assert outcome.output.splitlines() == ["a", *FRESH]


def test_without_cache_files_the_time_of_the_change_tells(late: Project) -> None:
    begin_later(late)
    outcome = late.plain("main.py", PYTHONDONTWRITEBYTECODE="1")
    assert outcome.output.splitlines() == ["a", *FRESH]
    late.write(
        "main.py",
        "import settings\nfile = open('settings.py', 'a')\nfile.write(' ')\nfile.close()\nimport late\nlate.report()\n",
    )
    outcome = late.plain("main.py", PYTHONDONTWRITEBYTECODE="1")
    assert outcome.output.splitlines()[1] == "settings settings.py stale digest"


def test_code_from_a_cache_file_that_only_looks_right_is_stale(late: Project) -> None:
    """Saved twice within a second with the same size: Python ran the old code."""
    old(late.directory / "settings.py")
    assert late.plain("main.py").output.splitlines()[0] == "a"
    old(late.write("settings.py", "x = 'b'\n"))
    outcome = late.plain("main.py")
    assert outcome.output.splitlines() == ["a", FRESH[0], "settings settings.py stale digest", FRESH[2]]


def test_cache_file_that_does_not_fit_was_not_used(late: Project) -> None:
    assert late.plain("main.py").errors == ""
    late.write("settings.py", "x = 'changed'\n")
    begin_later(late)
    outcome = late.plain("main.py", PYTHONDONTWRITEBYTECODE="1")
    assert outcome.output.splitlines() == ["changed", *FRESH]


def test_comment_that_changed_nothing_is_not_stale(late: Project) -> None:
    late.write("main.py", "open('main.py', 'a').write('# more')\nimport settings, late\nlate.report()\n")
    assert late.plain("main.py").output.splitlines()[0] == FRESH[0]


def test_script_that_changed_while_it_runs_is_stale(late: Project) -> None:
    late.write("main.py", "open('main.py', 'a').write('x = 1')\nimport settings, late\nlate.report()\n")
    assert late.plain("main.py").output.splitlines()[0] == "__main__ main.py stale digest"
    late.write("main.py", "import os\nos.unlink('main.py')\nimport settings, late\nlate.report()\n")
    assert late.plain("main.py").output.splitlines()[0] == "__main__ main.py stale digest"


def test_installed_module_counts_by_its_times(late: Project) -> None:
    late.write("site-packages/lib.py", "")
    late.write("site-packages/saved.py", "")
    late.write(
        "main.py",
        "import sys\nsys.path.append('site-packages')\nimport lib, saved\n"
        "open('site-packages/saved.py', 'a').write(' ')\nimport late\nlate.report()\n",
    )
    begin_later(late)
    lines = late.plain("main.py").output.splitlines()
    assert "lib site-packages/lib.py fresh " in lines
    assert "saved site-packages/saved.py stale " in lines


def test_lookups_are_there_and_odd_modules_do_no_harm(late: Project) -> None:
    late.write("pkg/__init__.py", "")
    late.write("pkg/inner.py", "")
    late.write(
        "main.py",
        "import sys, types\nclass Odd(types.ModuleType):\n    def __getattribute__(self, name):\n        1 / 0\n"
        "sys.modules['odd'] = Odd('odd')\nsys.modules['odder'] = object()\nsys.modules['none'] = None\n"
        "import pkg.inner, late\n"
        "print(sorted((e.stem, e.directories[-1][len(sys.path[0]):]) for e in late.report() if isinstance(e, late.Find)"
        " and e.directories[-1].startswith(sys.path[0])))\n",
    )
    outcome = late.plain("main.py")
    assert outcome.errors == ""
    assert outcome.output.splitlines()[-1] == "[('inner', '/pkg'), ('late', ''), ('pkg', '')]"
