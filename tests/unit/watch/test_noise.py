"""What happens in a project folder all the time and is no edit."""

import os
import queue
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from afresh.testing.deadline import PATIENCE
from afresh.testing.processes import waits
from afresh.watch.gate import ServerGate, Verdict
from afresh.watch.settle import GRACE, Phase

from .rig import Rig, executed, found, listed, move_over, read, write


@pytest.fixture
def project(rig: Rig) -> Path:
    """A covered project: one consumed module, one file that nobody consumed, rules, a database, a log."""
    root = rig.root
    write(root / ".gitignore", "media/\n*.css.map\n")
    write(root / "views.py", "x = 1\n")
    write(root / "notes.txt", "x")
    write(root / "debug.log", "x")
    (root / "media").mkdir()
    with sqlite3.connect(root / "db.sqlite3") as database:
        database.execute("create table t (x)")
    database.close()
    with sqlite3.connect(root / "unnamed") as database:
        database.execute("create table t (x)")
    database.close()
    rig.watcher.cover_project(str(root))
    rig.watcher.cover([executed(root / "views.py"), found("forms", root)])
    return root


def insert(path: Path, mode: str) -> None:
    database = sqlite3.connect(path)
    database.execute(f"pragma journal_mode = {mode}")
    with database:
        database.execute("insert into t values (1)")
    database.close()


@pytest.mark.parametrize("mode", ["delete", "wal", "truncate"])
def test_writes_to_sqlite(rig: Rig, project: Path, mode: str) -> None:
    assert rig.changes(lambda: insert(project / "db.sqlite3", mode)) == set()


def test_writes_to_a_database_whose_name_does_not_say_so(rig: Rig, project: Path) -> None:
    assert rig.changes(lambda: insert(project / "unnamed", "delete")) == set()
    assert rig.changes(lambda: insert(project / "unnamed", "delete")) == set()


def test_writes_to_a_database_hold_nobody_back_after_the_first(rig: Rig, project: Path) -> None:
    rig.changes(lambda: insert(project / "unnamed", "truncate"))
    gate = ServerGate(rig.word, rig.latch.generation, rig.watcher.events)
    database = sqlite3.connect(project / "unnamed")
    database.execute("pragma journal_mode = memory")
    for _ in range(50):
        with database:
            database.execute("insert into t values (2)")
        assert gate.look() is Verdict.FRESH
    database.close()
    assert gate.look() is Verdict.FRESH


def log(path: Path) -> None:
    with path.open("a") as file:
        file.write("line\n")


def compile_cache(root: Path) -> None:
    (root / "__pycache__").mkdir()
    write(root / "__pycache__/views.cpython-313.pyc", "x")
    write(root / "legacy.pyc", "x")


def swap_file(root: Path) -> None:
    """What vim does around a save: probe, swap file, backup."""
    for name in (".views.py.swp", "4913", "views.py~", ".#views.py", "#views.py#", "views.py___jb_tmp___"):
        write(root / name, "x")
    (root / "4913").unlink()


def upload(root: Path) -> None:
    write(root / "media/photo.jpg", "x")
    (root / "media/2024").mkdir()
    write(root / "media/2024/photo.jpg", "x")


def tools(root: Path) -> None:
    for name in (".git", "node_modules", ".mypy_cache"):
        (root / name / "deep").mkdir(parents=True)
        write(root / name / "deep/file.py", "x")


@pytest.mark.parametrize(
    "noise",
    [
        lambda root: log(root / "debug.log"),
        lambda root: log(root / "other.log"),
        compile_cache,
        swap_file,
        upload,
        tools,
        lambda root: write(root / "site.css.map", "x"),
        lambda root: (root / "empty").mkdir(),
    ],
    ids=["log", "new log", "bytecode", "editor", "upload", "tools", "ignored file", "empty folder"],
)
def test_noise(rig: Rig, project: Path, noise: Callable[[Path], object]) -> None:
    assert rig.changes(lambda: noise(project)) == set()


@pytest.mark.parametrize("noise", [compile_cache, swap_file, lambda root: insert(root / "db.sqlite3", "delete")])
def test_noise_in_a_folder_that_was_listed(rig: Rig, project: Path, noise: Callable[[Path], object]) -> None:
    rig.watcher.cover([listed(project)])
    assert rig.changes(lambda: noise(project)) == set()
    assert rig.changes(lambda: write(project / "new.txt", "x")) == {project / "new.txt"}
    assert rig.watcher.is_consumed(str(project / "new.txt"))
    assert rig.changes(lambda: write(project / "notes.txt", "another")) == {project / "notes.txt"}
    assert not rig.watcher.is_consumed(str(project / "notes.txt"))


def test_a_virtual_environment_is_left_out_once_it_is_one(rig: Rig, project: Path) -> None:
    (project / "env/lib").mkdir(parents=True)
    assert rig.changes(lambda: write(project / "env/pyvenv.cfg", "")) <= {project / "env/pyvenv.cfg"}
    assert rig.changes(lambda: write(project / "env/lib/module.py", "")) == set()


def test_a_temporary_name_that_goes_again_is_no_edit(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afresh.watch.settle.GRACE", {**GRACE, Phase.CREATED: 0.5})

    def come_and_go() -> None:
        write(rig.root / "forms.py.123", "x")
        (rig.root / "forms.py.123").unlink()

    rig.watcher.cover_project(str(rig.root))
    assert rig.changes(come_and_go) == set()


def test_project_files_count_when_they_are_closed(rig: Rig, project: Path) -> None:
    notes = project / "notes.txt"
    assert rig.changes(lambda: write(notes, "yy")) == {notes}
    assert rig.changes(lambda: move_over(notes, "zzz", rig.root.parent)) == {notes}
    assert not rig.watcher.is_consumed(str(notes))
    with notes.open("a") as file:
        file.write("more")
        file.flush()
        assert rig.changes(lambda: None) == set()
    assert rig.edit().changed == {str(notes)}


def test_a_consumed_file_counts_though_it_is_ignored(rig: Rig, project: Path) -> None:
    ignored = project / "media/plugin.py"
    write(ignored, "x = 1\n")
    log_file = project / "debug.log"
    rig.watcher.cover([executed(ignored), read(log_file)])
    assert rig.changes(lambda: write(ignored, "x = 2\n")) == {ignored}
    assert rig.changes(lambda: log(log_file)) == {log_file}


def test_rules_that_change_are_followed(rig: Rig, project: Path) -> None:
    hidden = project / "site.css.map"
    write(hidden, "x")
    assert rig.changes(lambda: write(project / ".gitignore", "media/\n")) == {project / ".gitignore"}
    assert rig.changes(lambda: write(hidden, "yy")) == {hidden}


def test_noise_lowers_the_latch_and_says_so(rig: Rig, project: Path) -> None:
    gate = ServerGate(rig.word, rig.latch.generation, rig.watcher.events)
    assert gate.look() is Verdict.FRESH
    write(project / "new.log", "x")
    while gate.look() is not Verdict.FRESH:
        assert rig.reports.get(timeout=PATIENCE).edit is None
    assert rig.latch.generation == gate._generation


def test_an_idle_watcher_is_not_woken_up(rig: Rig, project: Path) -> None:
    rig.changes(lambda: None)
    before = wake_ups(rig)
    # The wait is for a report that must not come; its deadline is the time that is measured.
    with pytest.raises(queue.Empty):
        rig.reports.get(timeout=0.5)
    # The thread may have been on its way to its wait still.
    assert wake_ups(rig) - before <= 1


def wake_ups(rig: Rig) -> int:
    """How often the watcher's thread has waited so far."""
    thread = rig.watcher._thread.native_id
    assert thread is not None
    return waits(os.getpid())[thread]


def test_hidden_files_of_the_project_count(rig: Rig, project: Path) -> None:
    assert rig.changes(lambda: write(project / ".env", "A=1")) == {project / ".env"}
    assert os.path.exists(project / ".env")


def test_code_whose_time_changed_and_whose_text_did_not_is_told(rig: Rig, project: Path) -> None:
    views = project / "views.py"

    def touch() -> None:
        found = views.stat()
        os.utime(views, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))

    for save in (touch, lambda: move_over(views, "x = 1\n", rig.root.parent), touch):
        save()
        assert rig.resaved.get(timeout=PATIENCE) == {str(views)}
    # Not what changes no time, what is another file, and an edit.
    assert rig.changes(lambda: views.chmod(0o600)) == set()
    assert rig.changes(lambda: write(project / "debug.log", "y")) == set()
    assert rig.changes(lambda: write(views, "x = 2\n")) == {views}
    assert rig.resaved.empty()
