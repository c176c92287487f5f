"""Saving files the way editors do, and waiting for files that others write."""

import os
import select
from contextlib import closing
from pathlib import Path

from afresh.testing.deadline import PATIENCE, Deadline
from afresh.watch.inotify import WATCH_TREE, Inotify


def write(file: str | os.PathLike[str], text: str) -> None:
    """Truncate and write, as many editors do."""
    Path(file).write_text(text, encoding="utf-8")


def write_and_rename(file: str | os.PathLike[str], text: str) -> None:
    """Write a temporary file beside and rename it over, as most careful editors do."""
    target = Path(file)
    beside = target.with_name(f".{target.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, target)


def edit(file: str | os.PathLike[str], old: str, new: str) -> None:
    """Replace the one occurrence of `old` and save; AssertionError when there is not exactly one."""
    text = Path(file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
    write(file, text.replace(old, new))


def wait_for_content(file: str | os.PathLike[str], text: str, *, times: int = 1, within: float = PATIENCE) -> None:
    """Wait until the file exists and contains `text` so many times; its directory must exist."""
    deadline, path = Deadline(within), Path(file)
    poll = select.poll()
    with closing(Inotify()) as events:
        events.add(str(path.parent), WATCH_TREE)
        poll.register(events.descriptor, select.POLLIN)
        while not (path.exists() and path.read_text(encoding="utf-8").count(text) >= times):
            assert poll.poll(deadline.left() * 1000), f"{within:g} s passed without {text!r} in {path}"
            events.read()
