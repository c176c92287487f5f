"""Whatever is done to files, and whenever the reader looks: the edits name each consumed file that ends up different.

No thread and no clock: the reader's looks are steps of the example, on a real inotify instance.
"""

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afresh.watch import states
from afresh.watch.batch import Batch
from afresh.watch.coverage import Coverage
from afresh.watch.filters import ProjectFilter
from afresh.watch.inotify import Inotify
from afresh.watch.mounts import Mounts
from afresh.watch.points import Points

from .rig import executed

NAMES = ("one.py", "two.py", "package/three.py")
Action: TypeAlias = Callable[[Path, bytes], None]


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def append(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(content)


def rename_over(path: Path, content: bytes) -> None:
    temporary = path.parent.parent / "temporary"
    path.parent.mkdir(exist_ok=True)
    temporary.write_bytes(content)
    os.replace(temporary, path)


def delete(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)


def back_up(path: Path, content: bytes) -> None:
    if path.exists():
        os.replace(path, path.with_name(path.name + "~"))


def restore(path: Path, content: bytes) -> None:
    if path.with_name(path.name + "~").exists():
        os.replace(path.with_name(path.name + "~"), path)


def link(path: Path, content: bytes) -> None:
    """Put a link to a new file in the file's place."""
    path.parent.mkdir(exist_ok=True)
    target = path.parent.parent / "linked"
    target.write_bytes(content)
    temporary = path.parent.parent / "link"
    temporary.symlink_to(target)
    os.replace(temporary, path)


def write_behind_the_link(path: Path, content: bytes) -> None:
    (path.parent.parent / "linked").write_bytes(content)


def remove_folder(path: Path, content: bytes) -> None:
    if path.parent.name == "package" and path.parent.exists():
        for file in path.parent.iterdir():
            file.unlink()
        path.parent.rmdir()


def move_folder(path: Path, content: bytes) -> None:
    """Move the package's folder away, or back if it is away and nothing took its place."""
    folder, away = path.parent, path.parent.parent / "away"
    if folder.name == "package" and folder.exists() != away.exists():
        os.rename(*(folder, away) if folder.exists() else (away, folder))


def look(path: Path, content: bytes) -> None:
    """The reader reads what is queued; the burst goes on."""


def settle(path: Path, content: bytes) -> None:
    """The reader ends the burst and reports."""


ACTIONS = [
    write,
    append,
    rename_over,
    delete,
    back_up,
    restore,
    link,
    write_behind_the_link,
    remove_folder,
    move_folder,
    look,
    settle,
]
steps = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(NAMES), st.sampled_from([b"", b"a", b"b", b"ab"]))


def content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


@contextmanager
def covered(root: Path, files: list[Path]) -> Iterator[tuple[Points, Coverage]]:
    edge = Inotify()
    try:
        points = Points(edge, Mounts(""), lambda text: None, 0.1)
        coverage = Coverage(points)
        assert coverage.cover([executed(file) for file in files], 0, None) == []
        yield points, coverage
    finally:
        edge.close()


def watch_tree(coverage: Coverage, root: Path) -> None:
    coverage.cover_tree(str(root / "package"), "**/*.yaml", 0)


def watch_listed_tree(coverage: Coverage, root: Path) -> None:
    coverage.cover_tree(str(root), "**/t*.yaml", 0)


def watch_project(coverage: Coverage, root: Path) -> None:
    coverage.cover_project(ProjectFilter(str(root), str(root), lambda path: None))


@pytest.mark.parametrize("second", [watch_tree, watch_listed_tree, watch_project])
@pytest.mark.parametrize("first", [watch_tree, watch_project])
def test_change_is_told_that_comes_just_before_its_folder_is_covered_once_more(
    first: Callable[[Coverage, Path], None],
    second: Callable[[Coverage, Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if the reader came an hour after the write: that the time stamp is young must not be what saves it.
    monkeypatch.setattr(states, "TICK", -3600 * 10**9)
    file = tmp_path / "package" / "two.yaml"
    write(file, b"2")
    with covered(tmp_path, []) as (points, coverage):
        first(coverage, tmp_path)
        points.read()
        write(file, b"more")
        second(coverage, tmp_path)
        batch = Batch(coverage, points, 0.0, math.inf)
        batch.take(points.read(), 0.0)
        assert batch.finish().changed == {str(file)}


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(steps, min_size=1, max_size=20))
def test_each_report_brings_what_is_known_in_step_with_the_disk(burst: list[tuple[Action, str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "project"
        files = [root / name for name in NAMES]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            write(file, b"a")
        told = {str(file): content_of(file) for file in files}
        with covered(root, files) as (points, coverage):
            batch = Batch(coverage, points, 0.0, math.inf)
            for action, name, content in [*burst, (settle, NAMES[0], b"")]:
                action(root / name, content)
                if action in (look, settle):
                    batch.take(points.read(), 0.0)
                if action is settle:
                    now = {str(file): content_of(file) for file in files}
                    edit = batch.finish()
                    assert edit.changed == {path for path in now if now[path] != told[path]}
                    told, batch = now, Batch(coverage, points, 0.0, math.inf)
