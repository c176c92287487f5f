"""A watcher on a folder, as the keeper uses one, and the means to await what it says."""

import hashlib
import os
import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from afresh.reload.journal import Edit, Exec, Find, Listing, Read, Signature, Stat
from afresh.source.reading import kind_of
from afresh.testing.deadline import PATIENCE
from afresh.watch.gate import Latch, Word
from afresh.watch.inotify import Edge, Inotify
from afresh.watch.watcher import Watcher


def signature(path: Path) -> Signature:
    found = path.stat()
    return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def executed(path: Path) -> Exec:
    """The entry of a boot that has just executed this file."""
    return Exec(path.stem, str(path), signature(path), digest(path.read_bytes()))


def executed_from_cache(path: Path) -> Exec:
    """The same for a file outside the project: no digest."""
    return Exec(path.stem, str(path), signature(path))


def read(path: Path) -> Read:
    return Read(str(path), signature(path) if path.exists() else None)


def found(stem: str, *directories: Path) -> Find:
    return Find(stem, tuple(map(str, directories)))


def listed(directory: Path) -> Listing:
    return Listing(str(directory))


def asked(path: Path) -> Stat:
    return Stat(str(path), kind_of(str(path)))


@dataclass
class Report:
    """One thing the watcher said: an edit, or that a batch meant nothing."""

    edit: Edit | None
    number: int = 0


class Rig:
    """A running watcher. The project folder is `root`; `marker` is a consumed file outside it."""

    def __init__(
        self,
        root: Path,
        *,
        open_edge: Callable[[], Edge] = Inotify,
        force_polling: bool = False,
        settle_limit: float = 1.0,
        poll_interval: float = 0.02,
    ) -> None:
        self.root = root
        self.reports: queue.Queue[Report] = queue.Queue()
        self.notices: list[str] = []
        self.resaved: queue.Queue[frozenset[str]] = queue.Queue()
        self.word = Word(Word.create())
        self.latch = Latch(self.word)
        self.watcher = Watcher(
            self.latch,
            lambda number, edit: self.reports.put(Report(edit, number)),
            lambda: self.reports.put(Report(None)),
            self.notices.append,
            on_resaved=self.resaved.put,
            settle_limit=settle_limit,
            poll_interval=poll_interval,
            force_polling=force_polling,
            open_edge=open_edge,
        )
        self.marker = root.parent / f"{root.name}-marker"
        self.marker.write_bytes(b"0")
        self._marks = 0
        assert self.watcher.cover([executed(self.marker)], boot=10**9) == []
        self.watcher.start()

    def close(self) -> None:
        self.watcher.stop()

    def edit(self) -> Edit:
        """The next edit, decided at once."""
        while True:
            report = self.reports.get(timeout=PATIENCE)
            if report.edit is not None:
                self.latch.decide(report.number, self.latch.generation + 1)
                return report.edit

    def edits(self, action: Callable[[], object]) -> list[Edit]:
        """All that is reported of `action`: what happens after it is reported after it, so a mark ends the list."""
        action()
        self._marks += 1
        self.marker.write_bytes(str(self._marks).encode())
        edits: list[Edit] = []
        while True:
            edits.append(self.edit())
            if str(self.marker) in edits[-1].changed:
                return edits

    def changes(self, action: Callable[[], object]) -> set[Path]:
        """The files that `action` is reported to have changed."""
        changed: set[str] = set().union(*(edit.changed for edit in self.edits(action)))
        return {Path(path) for path in changed - {str(self.marker)}}


def write(path: Path, content: str) -> None:
    """As `open(path, "w")`: truncate, write, close."""
    path.write_text(content)


def write_in_place(path: Path, content: str) -> None:
    """Over what is there, without truncating first."""
    with path.open("r+") as file:
        file.write(content)
        file.truncate()


def rename_over(path: Path, content: str) -> None:
    """As most editors: a new file beside it, synced, renamed over."""
    temporary = path.with_name(path.name + ".tmp~1")
    temporary.write_text(content)
    os.replace(temporary, path)


def move_over(path: Path, content: str, elsewhere: Path) -> None:
    """As `rename_over`, from another folder: where new names count, a writer that is held up would show two files."""
    temporary = elsewhere / (path.name + ".tmp~1")
    temporary.write_text(content)
    os.replace(temporary, path)


def back_up_and_write(path: Path, content: str) -> None:
    """As vim with `backupcopy=no`: the old file moves away, a new one takes its place, the backup is deleted."""
    backup = path.with_name(path.name + "~")
    os.rename(path, backup)
    path.write_text(content)
    backup.unlink()


def delete_and_write(path: Path, content: str) -> None:
    path.unlink()
    path.write_text(content)


def truncate_then_write(path: Path, content: str) -> None:
    """Two opens: one empties, the other appends."""
    os.truncate(path, 0)
    with path.open("a") as file:
        file.write(content)


def many_small_writes(path: Path, content: str) -> None:
    with path.open("wb", buffering=0) as file:
        for char in content.encode():
            file.write(bytes([char]))
