"""The freshness gate: how a server knows, at no cost, that nothing was saved which nobody has looked at yet.

Two facts make it a guarantee. The kernel queues an inotify event before the `close()`, `rename()` or `write()` that
caused it returns, so a save that ended before a request arrived is in the queue or was read by the keeper. And the
keeper raises `deciding` before it reads the queue, so an event is visible either as unread or in the word.

Generation and `deciding` share one aligned 64-bit word, `2 * generation + deciding`, because two fields read in the
wrong order let stale answers through. A server polls the queue first and loads the word second: an event that is read
between the two looks has set the word before.
"""

import enum
import fcntl
import mmap
import os
import termios
import threading
from typing import Protocol

_NOTHING_UNREAD = bytes(4)


class Verdict(enum.Enum):
    """What a server may do with the request whose head it holds."""

    FRESH = "answer it"
    STALE = "hand the connection over"
    WAIT = "look again when the keeper has decided"


class Gate(Protocol):
    """The question that is asked before requests are answered."""

    def look(self) -> Verdict: ...


class OpenGate:
    """The gate of a server whose code is never replaced (`--noreload`)."""

    def look(self) -> Verdict:
        return Verdict.FRESH


class Word:
    """One aligned 64-bit integer in memory that several processes share."""

    def __init__(self, descriptor: int) -> None:
        self._page = mmap.mmap(descriptor, mmap.PAGESIZE)
        # An item of a view cast to "Q" is copied as eight bytes from an aligned address: one load, one store.
        self._cell = memoryview(self._page).cast("Q")

    @staticmethod
    def create() -> int:
        """A descriptor of fresh shared memory that holds one word."""
        descriptor = os.memfd_create("afresh-gate", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, mmap.PAGESIZE)
        return descriptor

    def load(self) -> int:
        return self._cell[0]

    def store(self, value: int) -> None:
        self._cell[0] = value


class ServerGate:
    """A server's side: `generation` is its own, `events` the shared inotify descriptor (None where events are polled).

    Safe from any thread: FIONREAD takes the queue's lock like poll(2), and keeps no state in user space.
    """

    def __init__(self, word: Word, generation: int, events: int | None) -> None:
        self._word = word
        self._generation = generation
        self._fresh = 2 * generation
        self._events = events

    def __repr__(self) -> str:
        return f"<ServerGate generation={self._generation} word={self._word.load()}>"

    def look(self) -> Verdict:
        events = self._events
        if events is not None and fcntl.ioctl(events, termios.FIONREAD, _NOTHING_UNREAD) != _NOTHING_UNREAD:
            return Verdict.WAIT
        word = self._word.load()
        if word == self._fresh:
            return Verdict.FRESH
        return Verdict.STALE if word >> 1 > self._generation else Verdict.WAIT


class Latch:
    """The keeper's side: the only writer of the word, shared by the thread that reads events and the loop that decides.

    The reader numbers each raise; a decision names the last one it has dealt with. A decision that is overtaken by a
    newer raise moves the generation but leaves `deciding` set, so no event is ever taken for decided because an
    earlier one was. Decisions must come in the order of their numbers.
    """

    def __init__(self, word: Word) -> None:
        self._word = word
        self._lock = threading.Lock()
        self._generation = 0
        self._raised = 0
        self._open: set[int] = set()

    def __repr__(self) -> str:
        return f"<Latch generation={self._generation} word={self._word.load()}>"

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def is_open(self) -> bool:
        """Something was raised that nobody has decided yet."""
        with self._lock:
            return bool(self._open)

    def raise_(self) -> int:
        """Set `deciding`, before the queue is read; returns the number of this raise."""
        with self._lock:
            self._raised += 1
            self._open.add(self._raised)
            self._word.store(2 * self._generation + 1)
            return self._raised

    def decide(self, number: int, generation: int) -> bool:
        """All raises up to `number` are dealt with, and the code is of `generation`; true if nothing is left open."""
        with self._lock:
            self._open = {raised for raised in self._open if raised > number}
            return self._move(generation)

    def withdraw(self, number: int) -> bool:
        """Raise `number` turned out to mean nothing; true if nothing is left open.

        Earlier raises that are with the keeper stay open, and the generation stays what the keeper made it meanwhile:
        a `decide` by the reader would close the former and might turn back the latter.
        """
        with self._lock:
            self._open.discard(number)
            return self._move(self._generation)

    def advance(self, generation: int) -> bool:
        """The code is of `generation` for a reason the reader has no part in; what it has raised stays open."""
        with self._lock:
            return self._move(generation)

    def _move(self, generation: int) -> bool:
        self._generation = generation
        self._word.store(2 * generation + bool(self._open))
        return not self._open
