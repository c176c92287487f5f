"""The writer's side of the journal: entries in the order they were consumed, deduplicated, handed over in batches.

Entries come from inside imports and audit hooks of any thread, so nothing here waits while it holds a lock. A thread
that sends may import (the first use of a codec is enough): it would wait for a module whose importer waits for us.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock, allocate_lock, get_ident
from collections import deque

from afresh.boot.roots import OWN, is_below
from afresh.reload.journal import Entry, Exec, Find, Listing, Looked, Ran, Read, Sealed, Stat, Wrote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Batch: TypeAlias = tuple[Entry, ...]

# The keeper needs 30 to 50 us for an entry, beside the boot but for the last batch, which somebody waits for.
BATCH_ENTRIES = 20
# Below what one packet carries (afresh.channel.endpoint.MAX_BYTES), by a size that is estimated and not encoded.
BATCH_BYTES = 150_000
# A signature with a digest, which is more than the frame of any other entry takes.
ENTRY_BYTES = 80


class JournalWriter:
    """Collects entries and hands them to `send` in batches; once serving, hands imports to `confirm` and waits.

    `send(entries)` must not raise. `files` holds the sources that have an `Exec` entry or are about to get one,
    and their .pyc files.
    """

    def __init__(self, send: Callable[[Batch], None]) -> None:
        self.files: set[str] = set()
        # What this process, or the start that it was forked from, has made, changed or removed; the oldest first.
        self.outputs: dict[str, None] = {}
        # Folders of which others tell that their files were read.
        self.assumed: frozenset[str] = frozenset()
        self._seen: set[Entry] = set()
        # Appending to a deque needs no lock; what is taken is taken from its other end.
        self._open: deque[Entry] = deque()
        self._is_flushing = False
        # What the process may still turn out to change by itself (see `forget`) is held back until a flush.
        self._held: dict[str, list[Entry]] = {}
        self._told: set[str] = set()
        self._confirm: Callable[[Batch], None] | None = None
        self._reader = 0
        self._send = send
        # Re-entrant: the collector and signal handlers run in the middle of anything, and may open a file.
        self._lock = RLock()
        self._sending = allocate_lock()
        # What to do when the process begins to serve.
        self.on_serve: Callable[[], None] = _nothing
        self._is_mute = False
        os.register_at_fork(after_in_child=self._fall_silent)

    def __repr__(self) -> str:
        mode = "serving" if self._confirm else "boot"
        return f"<JournalWriter {mode} seen={len(self._seen)} open={len(self._open)} held={len(self._held)}>"

    @property
    def is_serving(self) -> bool:
        return self._confirm is not None and not self._is_mute

    @property
    def waits(self) -> bool:
        """Whether `cover` blocks for the calling thread."""
        return self.is_serving and get_ident() != self._reader

    def serve(self, confirm: Callable[[Batch], None]) -> None:
        """Enter the mode "serving": `confirm(entries)` returns when the entries are watched and still unchanged.

        To be called by the thread that reads the channel. That thread's own imports are sent without waiting: it would
        wait for an answer that only it can read. `confirm` may be called by several threads at once.
        """
        self.on_serve()
        with self._lock:
            self._reader = get_ident()
            self._confirm = confirm
        self.flush()

    def add(self, entry: Entry) -> None:
        """Note that `entry` was consumed."""
        if self._is_mute:
            return
        count = len(self._seen)
        self._seen.add(entry)
        # One hash instead of two. Between threads an entry may go out twice, which says nothing new.
        if len(self._seen) == count:
            return
        is_serving = self._confirm is not None
        if isinstance(entry, _REVOCABLE) and not is_serving:
            with self._lock:
                self._held.setdefault(_path(entry), []).append(entry)
            return
        self._open.append(entry)
        if is_serving or len(self._open) >= BATCH_ENTRIES:
            self._hand_over()

    def cover(self, *entries: Entry) -> None:
        """Note that `entries` are about to take effect; when serving, return only after they are confirmed.

        They count as seen only afterwards, so that a second thread that runs into the same entry waits as well.
        """
        if self._confirm is None or not self.waits:
            for entry in entries:
                self.add(entry)
            return
        new = tuple(entry for entry in entries if entry not in self._seen)
        if new:
            self._confirm(new)
            with self._lock:
                self._seen.update(new)

    def settle(self) -> None:
        """When serving, return only after all that this thread has added is watched, or found to have changed.

        What a module reads while a request imports it is part of the code: without this, an answer could go out, the
        file be saved, and the next request be answered before the keeper has heard that the file matters.
        """
        if self._confirm is None or not self.waits:
            return
        with self._sending:  # what is not in the hands of another sender is sent here, and its confirmation comes after
            while self._open:
                for batch in _batches(self._take()):
                    self._send(batch)
        self._confirm(())

    def forget(self, path: str) -> None:
        """The process itself changes `path`: take back what was noted since the last flush, tell of the rest.

        Without this, a project that reads a file and writes it back at every start would reload for ever.
        """
        if path in self._held:
            with self._lock:
                self._seen.difference_update(self._held.pop(path, ()))
        if path in self._told or self.is_assumed(path):
            # At once: the keeper is to know it before it hears of the change.
            self.add(Wrote(path))
            self.flush()

    def has_told(self, path: str) -> bool:
        """Whether the start has read or asked about this path."""
        return path in self._told

    def is_assumed(self, path: str) -> bool:
        """Whether others may have told that this path was read."""
        return bool(self.assumed) and os.path.dirname(path) in self.assumed

    def flush(self) -> None:
        """Hand over everything noted so far, unless another thread is just doing that."""
        with self._lock:
            held, self._held = self._held, {}
            self._told.update(held)
            for entries in held.values():
                self._open.extend(entries)
            self._is_flushing = True
        self._hand_over()

    def _fall_silent(self) -> None:
        """In a child that the project forks: the channel is the parent's, and so would the answer be.

        A checkpoint's children go on; they are told by who called `os.fork`, which is what called this.
        """
        self._is_mute = not is_below(sys._getframe(1).f_code.co_filename, OWN)

    def _hand_over(self) -> None:
        # Whoever finds a sender at work leaves the entries to it. The sender looks again after letting go, so that what
        # came between its last look and its letting go does not stay behind.
        while self._is_due() and self._sending.acquire(blocking=False):
            try:
                while self._is_due():
                    for batch in _batches(self._take()):
                        self._send(batch)
            finally:
                self._sending.release()

    def _is_due(self) -> bool:
        if self._confirm is not None or self._is_flushing:
            return bool(self._open)
        return len(self._open) >= BATCH_ENTRIES

    def _take(self) -> list[Entry]:
        taken = [self._open.popleft() for _ in range(min(len(self._open), BATCH_ENTRIES))]
        with self._lock:
            self._is_flushing = self._is_flushing and bool(self._open)
        return taken


def _batches(entries: list[Entry]) -> Iterator[Batch]:
    """Split by size."""
    batch: list[Entry] = []
    room = BATCH_BYTES
    for entry in entries:
        size = _size(entry)
        if batch and size > room:
            yield tuple(batch)
            batch, room = [], BATCH_BYTES
        batch.append(entry)
        room -= size
    if batch:
        yield tuple(batch)


_REVOCABLE = (Read, Stat)


def _nothing() -> None:
    pass


def _path(entry: Entry) -> str:
    match entry:
        case Read(file=path) | Stat(path=path) | Listing(directory=path) | Exec(file=path):
            return path
        case Wrote(file=path) | Ran(file=path) | Looked(file=path) | Sealed(file=path):
            return path
        case Find(stem=stem):
            return stem


def _size(entry: Entry) -> int:
    """Bytes that the entry takes, about."""
    if isinstance(entry, Find):
        text = entry.stem + "".join(entry.directories)
        frame = ENTRY_BYTES + 5 * len(entry.directories)
    elif isinstance(entry, Ran | Looked):
        text = entry.file + "".join(entry.functions)
        frame = ENTRY_BYTES + 5 * len(entry.functions)
    else:
        more = entry.module if isinstance(entry, Exec) else entry.found if isinstance(entry, Stat) else ""
        text = _path(entry) + more
        frame = ENTRY_BYTES
    # Names that are not UTF-8 hold lone surrogates (PEP 383).
    return frame + len(text if text.isascii() else text.encode("utf-8", "surrogatepass"))
