"""Where the kernel does not tell: limits, lost events, polling."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from afresh.watch import disk

from .edges import Failing, Forgetful, Limited, no_instances
from .rig import (
    Rig,
    asked,
    back_up_and_write,
    delete_and_write,
    executed,
    executed_from_cache,
    found,
    listed,
    move_over,
    read,
    rename_over,
    write,
)

MakeRig = Callable[..., Rig]


def folder_of_files(root: Path, count: int) -> list[Path]:
    files = [root / f"app/module{number}.py" for number in range(count)]
    (root / "app").mkdir()
    for file in files:
        write(file, "x = 1\n")
    return files


def test_watches_above_the_limit_are_polled_and_it_is_said_once(make_rig: MakeRig, root: Path) -> None:
    rig = make_rig(open_edge=lambda: Limited(12))
    files = folder_of_files(root, 30)
    assert rig.watcher.cover([executed(file) for file in files]) == []
    (notice,) = rig.notices
    assert "fs.inotify.max_user_watches" in notice
    assert "20 ms" in notice
    for file in files[::5]:
        rename_over(file, "x = 2\n")
        assert rig.edit().changed == {str(file)}
    assert len(rig.notices) == 1


def test_without_an_instance_everything_is_polled(make_rig: MakeRig, root: Path) -> None:
    rig = make_rig(open_edge=no_instances)
    (notice,) = rig.notices
    assert "fs.inotify.max_user_instances" in notice
    assert rig.watcher.events is None
    (file,) = folder_of_files(root, 1)
    rig.watcher.cover([executed(file)])
    write(file, "x = 2\n")
    assert rig.edit().changed == {str(file)}


@pytest.mark.parametrize("mask", ["overflow", "unmount"])
def test_lost_events_are_made_up_for_by_comparing_everything(make_rig: MakeRig, root: Path, mask: str) -> None:
    edges: list[Forgetful] = []

    def open_edge() -> Forgetful:
        edges.append(Forgetful())
        return edges[0]

    rig = make_rig(open_edge=open_edge)
    (edge,) = edges
    if mask == "unmount":
        edge.mask = 0
    files = folder_of_files(root, 10)
    package = root / "package"
    package.mkdir()
    entries = [executed(file) for file in files[:5]] + [executed_from_cache(file) for file in files[5:]]
    rig.watcher.cover([*entries, read(root / "absent"), asked(root / "asked"), found("late", package), listed(root)])
    templates = root / "app"
    rig.watcher.cover_tree(str(templates), "*.html")

    def change() -> None:
        edge.loses.set()
        write(files[0], "x = 2\n")
        edge.loses.set()
        rename_over(files[1], "x = 1\n")
        rename_over(files[6], "x = 222\n")
        files[2].unlink()
        write(root / "absent", "x")
        write(root / "asked", "x")
        write(package / "late.py", "x")
        write(templates / "new.html", "x")
        edge.loses.set()

    # Twice: a comparison of everything comes to the mark that ends the first before what it has passed already.
    changed = rig.changes(change) | rig.changes(lambda: None)
    expected = {files[0], files[2], files[6], root / "absent", root / "asked", package / "late.py"}
    assert changed == expected | {templates / "new.html"}
    assert rig.changes(lambda: write(package / "late.py", "y")) == set()
    assert rig.changes(lambda: write(files[1], "x = 3\n")) == {files[1]}


def test_lost_events_that_changed_nothing_are_no_edit(make_rig: MakeRig, root: Path) -> None:
    edge = Forgetful()
    rig = make_rig(open_edge=lambda: edge)
    (file,) = folder_of_files(root, 1)
    rig.watcher.cover([executed(file)])

    def touch() -> None:
        edge.loses.set()
        os.utime(file)

    edits = rig.edits(touch)
    assert {path for edit in edits for path in edit.changed} == {str(rig.marker)}


def test_a_failure_in_the_thread_makes_everything_count_and_does_not_end_it(make_rig: MakeRig, root: Path) -> None:
    edge = Failing()
    rig = make_rig(open_edge=lambda: edge)
    (file,) = folder_of_files(root, 1)
    rig.watcher.cover([executed(file)])
    edge.fails.set()
    write(file, "x = 2\n")
    assert rig.edit().everything
    assert "unforeseen" in rig.notices[0]
    assert rig.edit().changed == {str(file)}


class TestPolling:
    """The same promises within an interval, for file systems without events."""

    @pytest.fixture
    def rig(self, make_rig: MakeRig) -> Rig:
        return make_rig(force_polling=True)

    @pytest.mark.parametrize("save", [write, rename_over, back_up_and_write, delete_and_write])
    def test_saves(self, rig: Rig, save: Callable[[Path, str], None]) -> None:
        file = rig.root / "views.py"
        write(file, "x = 1\n")
        rig.watcher.cover([executed(file)])
        for number in range(5):
            save(file, f"new = {number}\n")
            assert rig.edit().changed == {str(file)}

    def test_names_existence_trees_and_the_project(self, rig: Rig, tmp_path: Path) -> None:
        templates = rig.root / "templates"
        templates.mkdir()
        write(templates / "page.html", "one")
        outside = tmp_path / "outside"
        outside.mkdir()
        absent = tmp_path / "absent/deep/.env"
        rig.watcher.cover_project(str(rig.root))
        rig.watcher.cover_tree(str(templates))
        rig.watcher.cover([read(absent), found("helper", outside), listed(outside)])

        def create() -> None:
            absent.parent.mkdir(parents=True)
            write(absent, "x")

        new = rig.root / "new/deep/file.txt"

        def create_in_project() -> None:
            new.parent.mkdir(parents=True)
            write(new, "x")

        steps: list[tuple[Callable[[], object], Path]] = [
            (lambda: move_over(templates / "page.html", "three", tmp_path), templates / "page.html"),
            (lambda: write(outside / "helper.py", ""), outside / "helper.py"),
            (create, absent),
            (lambda: rename_over(absent, "yy"), absent),
            (create_in_project, new),
            (absent.unlink, absent),
        ]
        for action, expected in steps:
            action()
            assert rig.edit().changed == {str(expected)}

    def test_noise(self, rig: Rig) -> None:
        rig.watcher.cover_project(str(rig.root))
        write(rig.root / "debug.log", "x")
        write(rig.root / "real.txt", "x")
        assert rig.edit().changed == {str(rig.root / "real.txt")}

    def test_it_is_said_what_the_promise_is_now(self, rig: Rig) -> None:
        (notice,) = rig.notices
        assert "every 20 ms" in notice


def test_a_folder_that_is_no_project_is_not_walked_to_its_end(
    rig: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afresh.watch.folders.MOST_DIRECTORIES", 20)
    for number in range(30):
        (root / f"folder{number}").mkdir()
    rig.watcher.cover_project(str(root))
    (notice,) = rig.notices
    assert "more than 20 folders" in notice
    assert rig.changes(lambda: write(root / "new.py", "")) == {root / "new.py"}


def test_a_folder_with_too_many_files_is_not_walked_to_its_end(
    rig: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afresh.watch.folders.MOST_FILES", 20)
    for number in range(30):
        write(root / f"{number}.txt", "")
    (root / "below").mkdir()
    rig.watcher.cover_project(str(root))
    (notice,) = rig.notices
    assert "more than 20 files" in notice
    assert rig.changes(lambda: write(root / "new.py", "")) == {root / "new.py"}


def save_all(files: list[Path]) -> None:
    for file in files:
        write(file, "two")


def test_a_folder_is_walked_a_piece_at_a_time(rig: Rig, root: Path) -> None:
    files = [root / f"folder{number}/page.css" for number in range(5)]
    for file in files:
        file.parent.mkdir()
        write(file, "one")
    assert rig.watcher.cover_project(str(root), 0.0)
    turns = 1
    while rig.watcher.cover_more(0.0):
        turns += 1
    assert turns >= len(files)
    assert rig.changes(lambda: save_all(files)) == set(files)


def test_a_link_that_leads_to_itself_hides_nothing(make_rig: MakeRig, root: Path) -> None:
    edges: list[Forgetful] = []

    def open_edge() -> Forgetful:
        edges.append(Forgetful())
        return edges[0]

    rig = make_rig(open_edge=open_edge)
    (root / "a-loop").symlink_to("a-loop")
    (root / "z").mkdir()
    page = root / "z/page.css"
    write(page, "one")
    rig.watcher.cover_project(str(root))
    assert rig.changes(lambda: write(page, "two")) == {page}

    def lose() -> None:
        edges[0].loses.set()
        write(page, "three")

    assert page in rig.changes(lose)
    assert rig.notices == []


def test_each_folder_is_walked_once_when_count_was_lost(
    make_rig: MakeRig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges: list[Forgetful] = []

    def open_edge() -> Forgetful:
        edges.append(Forgetful())
        return edges[0]

    rig = make_rig(open_edge=open_edge)
    deep = root / "one/two/three/four"
    deep.mkdir(parents=True)
    write(deep / "page.css", "one")
    rig.watcher.cover_project(str(root))
    walked: list[str] = []
    scan = disk.scan
    monkeypatch.setattr(disk, "scan", lambda path: walked.append(path) or scan(path))  # type: ignore[func-returns-value]

    def lose() -> None:
        edges[0].loses.set()
        write(deep / "page.css", "two")

    assert deep / "page.css" in rig.changes(lose)
    assert sorted(walked) == sorted(set(walked))


def test_that_watching_fails_is_said_once(rig: Rig, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = folder_of_files(root, 1)
    rig.watcher.cover([executed(file)])

    def fail(self: object, signals: object) -> list[tuple[str, int]]:
        raise OSError("no more")

    monkeypatch.setattr("afresh.watch.coverage.Coverage.nominate", fail)
    for number in range(3):
        write(file, f"x = {number}\n")
        assert rig.edit().everything
    (notice,) = rig.notices
    assert "no more" in notice
