"""Paths and how they are watched: by the kernel, by looking, or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from afresh.watch.inotify import ATTRIB, WATCH_FILE, WATCH_NAMES, Inotify
from afresh.watch.mounts import Mounts
from afresh.watch.points import Points


@pytest.fixture
def edge() -> Iterator[Inotify]:
    edge = Inotify()
    yield edge
    edge.close()


def mounted_as(kind: str, path: Path) -> Mounts:
    device = os.stat(path).st_dev
    return Mounts(f"1 1 {os.major(device)}:{os.minor(device)} / / rw - {kind} x rw")


def points_on(edge: Inotify | None, kind: str, path: Path, notices: list[str]) -> Points:
    return Points(edge, mounted_as(kind, path), notices.append, 0.1)


def test_a_file_system_shared_with_others_is_watched_and_looked_at(edge: Inotify, tmp_path: Path) -> None:
    notices: list[str] = []
    points = points_on(edge, "nfs4", tmp_path, notices)
    file = tmp_path / "file"
    file.write_text("x")
    assert points.add(str(file), WATCH_FILE)
    assert points.add(str(tmp_path), WATCH_NAMES)
    file.write_text("changed")
    assert {signal.path for signal in points.read()} == {str(file)}
    assert [signal.path for signal in points.poller.scan()] == [str(file)]
    assert points.poller.scan() == []
    (notice,) = notices
    assert "nfs4" in notice
    assert "every 100 ms" in notice


def test_a_file_system_without_files_is_left_alone(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "proc", tmp_path, [])
    assert points.add(str(tmp_path), WATCH_NAMES)
    assert points.is_silent(str(tmp_path / "x"))
    (tmp_path / "x").touch()
    assert points.read() == []
    assert not len(points.poller)


def test_one_inode_under_two_paths_tells_for_both(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "ext4", tmp_path, [])
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("x")
    other.hardlink_to(one)
    for path in (one, other):
        points.add(str(path), WATCH_FILE)
    os.utime(one)
    assert [(signal.path, signal.mask) for signal in points.read()] == [(str(one), ATTRIB), (str(other), ATTRIB)]
    points.drop(str(one))
    os.utime(one)
    assert {signal.path for signal in points.read()} == {str(other)}
    points.drop(str(other))
    os.utime(one)
    assert points.read() == []


def test_an_event_from_before_a_removal_finds_no_path(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "ext4", tmp_path, [])
    file = tmp_path / "file"
    file.write_text("x")
    points.add(str(file), WATCH_FILE)
    file.write_text("y")
    points.drop(str(file))
    assert points.read() == []
    points.add(str(file), WATCH_FILE)
    file.write_text("z")
    assert {signal.path for signal in points.read()} == {str(file)}


def test_a_path_that_is_replaced_is_bound_to_what_is_there_now(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "ext4", tmp_path, [])
    file, old = tmp_path / "file", tmp_path / "old"
    file.write_text("x")
    points.add(str(file), WATCH_FILE)
    file.rename(old)
    file.write_text("y")
    points.add(str(file), WATCH_FILE)
    points.read()
    old.write_text("z")
    assert points.read() == []
    file.write_text("z")
    assert {signal.path for signal in points.read()} == {str(file)}


def test_what_is_not_there_or_may_not_be_watched(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "ext4", tmp_path, [])
    (tmp_path / "file").touch()
    assert not points.add(str(tmp_path / "absent"), WATCH_FILE)
    assert not points.add(str(tmp_path / "file"), WATCH_NAMES)
    assert not points.add(str(tmp_path / "file/below"), WATCH_FILE)
    assert not len(points.poller)


def test_sweeping_drops_what_was_not_added_again(edge: Inotify, tmp_path: Path) -> None:
    points = points_on(edge, "ext4", tmp_path, [])
    kept, dropped = tmp_path / "kept", tmp_path / "dropped"
    for path in (kept, dropped):
        path.touch()
        points.add(str(path), WATCH_FILE)
    points.mark()
    points.add(str(kept), WATCH_FILE)
    points.sweep()
    for path in (kept, dropped):
        path.write_text("x")
    assert {signal.path for signal in points.read()} == {str(kept)}
