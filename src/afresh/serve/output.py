"""Lines for the terminal: at once while they are seldom, in a burst those of each moment together."""

import atexit
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

from afresh import native
from afresh.serve.complaint import tell_error

MOMENT = 0.02
"""Seconds. What comes when a moment has had its writes waits until its end: whoever looks does not see it, and each
write wakes up the terminal, which under load takes more time than the line."""

AT_ONCE = 4
"""Writes in a moment: requests one after the other, as a person or a script makes them, keep their lines in the order
of what else is printed."""

MOST_WAITING = 10_000
"""Lines. With more, the terminal has been stopped for long: who answers waits for it, as without this."""

_PATIENCE = 1.0


def is_writable(stream: TextIO) -> bool:
    """Whether a short text can be written now without waiting; true where that is not known."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return bool(poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return True  # no file, or closed: the writing itself will tell


class Output:
    """Writes texts in the order in which they were added; for any thread. `write` may block, and may raise.

    Nobody who adds a text waits for a `write` that another one is in, nor for one that would block now (Ctrl+S), as far
    as `is_ready` tells: what is left is for a thread of its own.
    """

    def __init__(self, write: Callable[[str], object], is_ready: Callable[[], bool] = lambda: True) -> None:
        self._write = write
        self._is_ready = is_ready
        self._waiting: deque[str] = deque()
        self._began = float("-inf")  # the moment
        self._writes = 0  # in this moment
        self._writing = threading.Lock()
        self._ringing = threading.Lock()
        self._bell = threading.Semaphore(0)
        self._is_rung = False
        self._thread: threading.Thread | None = None
        self._is_ending = threading.Event()
        self._has_ended = threading.Event()

    def __repr__(self) -> str:
        return f"<Output waiting={len(self._waiting)}>"

    def add(self, text: str) -> None:
        """Have a text written, at most a moment later."""
        is_seldom = not self._waiting and self._has_room()
        self._waiting.append(text)
        if is_seldom and self._is_ready() and self._writing.acquire(blocking=False):
            self._drain()
        elif len(self._waiting) > MOST_WAITING:
            self.flush()
        # What was added while another thread wrote, or just after its last look, is not forgotten by both. Where it is
        # rung already, the look that follows comes after this text was added.
        if self._waiting and not self._is_rung:
            self._ring()

    def flush(self) -> None:
        """Write now what waits."""
        self._writing.acquire()
        self._drain()

    def _has_room(self) -> bool:
        """Whether this moment may have another write. Threads may count one too few, which does no harm."""
        now = native.monotonic()
        if now - self._began >= MOMENT:
            self._began, self._writes = now, 0
        self._writes += 1
        return self._writes <= AT_ONCE

    def _drain(self) -> None:
        """Write what waits, and let go of `_writing`."""
        try:
            texts = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if texts:
                self._write("".join(texts))
        except Exception as exc:
            tell_error(exc)
        finally:
            self._writing.release()

    def _ring(self) -> None:
        with self._ringing:
            if self._is_rung:
                return
            self._is_rung = self._thread is not None or self._start()
            is_followed = self._is_rung
        if is_followed:
            self._bell.release()
        else:
            self.flush()

    def _start(self) -> bool:
        """Start the thread that follows; false where the system has no more."""
        thread = threading.Thread(target=self._follow, name="afresh-log", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        atexit.register(self._end, os.getpid())
        return True

    def _follow(self) -> None:
        while True:
            self._bell.acquire()
            self._is_ending.wait(MOMENT)
            # Both before the look: what is added after it rings again, and what `_end` waits for was added before.
            is_ending = self._is_ending.is_set()
            with self._ringing:
                self._is_rung = False
            self.flush()
            if is_ending:
                self._has_ended.set()

    def _end(self, pid: int) -> None:
        """At the end of the process, and not of one that a view has forked. A stopped terminal does not prevent it."""
        if os.getpid() == pid and (self._waiting or self._writing.locked()):
            self._is_ending.set()
            self._bell.release()
            self._has_ended.wait(_PATIENCE)
