"""Lines for the terminal: at once while they are seldom, in a burst those of each moment together."""

import atexit
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable

MOMENT = 0.02
"""Seconds. A line that comes sooner after the last write waits until then for others: whoever looks does not see it,
and each write wakes up the terminal, which under load takes more time than the line."""

MOST_WAITING = 10_000
"""Lines. With more, the terminal has been stopped for long: who answers waits for it, as without this."""


_PATIENCE = 1.0


class Output:
    """Writes texts in the order in which they were added; for any thread. `write` may block, and may raise.

    Nobody who adds a text waits for a `write` that another one is in: one that blocks (Ctrl+S) holds up one thread.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._waiting: deque[str] = deque()
        self._last = float("-inf")  # when the last write ended
        self._writing = threading.Lock()
        self._ringing = threading.Lock()
        self._bell = threading.Semaphore(0)
        self._is_rung = False
        self._has_thread = False

    def __repr__(self) -> str:
        return f"<Output waiting={len(self._waiting)}>"

    def add(self, text: str) -> None:
        """Have a text written, at most a moment later."""
        is_seldom = not self._waiting and time.monotonic() - self._last >= MOMENT
        self._waiting.append(text)
        if is_seldom and self._writing.acquire(blocking=False):
            self._drain()
        elif len(self._waiting) > MOST_WAITING:
            self.flush()
        # What was added while another thread wrote, or just after its last look, is not forgotten by both.
        if self._waiting:
            self._ring()

    def flush(self) -> None:
        """Write now what waits."""
        self._writing.acquire()
        self._drain()

    def _drain(self) -> None:
        """Write what waits, and let go of `_writing`."""
        try:
            texts = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if texts:
                self._write("".join(texts))
        except Exception:
            traceback.print_exc()  # a terminal that is gone takes no lines; who answers requests goes on
        finally:
            self._last = time.monotonic()
            self._writing.release()

    def _ring(self) -> None:
        with self._ringing:
            if self._is_rung:
                return
            self._is_rung = True
            if not self._has_thread:
                self._has_thread = True
                atexit.register(self._end, os.getpid())
                threading.Thread(target=self._follow, name="afresh-log", daemon=True).start()
        self._bell.release()

    def _end(self, pid: int) -> None:
        """At the end of the process, and not of one that a view has forked. A stopped terminal does not prevent it."""
        if os.getpid() == pid and self._writing.acquire(timeout=_PATIENCE):
            self._drain()

    def _follow(self) -> None:
        while True:
            self._bell.acquire()
            time.sleep(MOMENT)
            # Before the look: what is added after it rings again.
            with self._ringing:
                self._is_rung = False
            self.flush()
