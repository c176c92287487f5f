"""Names that come before anybody looks for them: a look-up tells of them when it is covered."""

import time
from pathlib import Path

from .rig import Rig, found, listed, write


def come(rig: Rig, name: str) -> Path:
    """Make a file of which the event has been read by the time this returns, since one that counts comes after it."""
    path = rig.root / name
    path.parent.mkdir(exist_ok=True)
    write(path, "")
    rig.edits(lambda: None)
    return path


def test_a_package_that_came_between_two_look_ups(rig: Rig) -> None:
    since = time.time_ns() - 10**7  # the clock of file systems is behind
    assert rig.watcher.cover([found("application", rig.root)], since=since) == []
    package = come(rig, "helper/__init__.py").parent
    assert rig.watcher.cover([found("helper", rig.root)], since=since) == [str(package)]


def test_a_module_that_came_between_two_look_ups(rig: Rig) -> None:
    since = time.time_ns() - 10**7  # the clock of file systems is behind
    assert rig.watcher.cover([found("application", rig.root)], since=since) == []
    module = come(rig, "helper.py")
    assert rig.watcher.cover([found("helper", rig.root)], since=since) == [str(module)]


def test_a_file_that_came_between_a_look_up_and_a_listing(rig: Rig) -> None:
    since = time.time_ns() - 10**7  # the clock of file systems is behind
    assert rig.watcher.cover([found("application", rig.root)], since=since) == []
    file = come(rig, "0002_more.py")
    assert rig.watcher.cover([listed(rig.root)], since=since) == [str(file)]
