"""A single-threaded event loop: descriptors, timers, signals, and calls from other threads.

Just what the keeper needs, and what asyncio would give, without its import: that costs more than everything else the
keeper does before it can bind, and the first boot waits for the keeper.
"""

import contextlib
import heapq
import itertools
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

Callback = Callable[[], object]


class Timer:
    """A call to be made later; ordered by when it is due."""

    __slots__ = ("callback", "due", "order")

    def __init__(self, due: float, order: int, callback: Callback) -> None:
        self.due = due
        self.order = order
        self.callback: Callback | None = callback

    def __lt__(self, other: "Timer") -> bool:
        return (self.due, self.order) < (other.due, other.order)

    def __repr__(self) -> str:
        return f"<Timer due={self.due:.3f} {'cancelled' if self.callback is None else self.callback}>"

    def cancel(self) -> None:
        self.callback = None


class EventLoop:
    """Runs callbacks one after another on the thread that calls `run`. Blocks without a timeout when nothing is due.

    A callback that raises is reported on standard error and the loop goes on: one broken message must not end the
    server. Only `call_from_thread` may be used by other threads.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._signals: dict[int, Callback] = {}
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._posted: deque[Callback] = deque()
        self._is_done = False
        # One pipe for both: the bytes are signal numbers, as `signal.set_wakeup_fd` writes them, or zero for a post.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self.add_reader(self._wake_read, self._woken)

    def __repr__(self) -> str:
        return f"<EventLoop readers={len(self._readers)} writers={len(self._writers)} timers={len(self._timers)}>"

    # ---- descriptors ------------------------------------------------------------------------------------------------

    def add_reader(self, descriptor: int, callback: Callable[..., object], *args: Any) -> None:
        """Call whenever `descriptor` is readable or has hung up."""
        self._readers[descriptor] = partial(callback, *args)
        self._watch(descriptor)

    def remove_reader(self, descriptor: int) -> None:
        if self._readers.pop(descriptor, None) is not None:
            self._watch(descriptor)

    def add_writer(self, descriptor: int, callback: Callable[..., object], *args: Any) -> None:
        """Call whenever `descriptor` is writable."""
        self._writers[descriptor] = partial(callback, *args)
        self._watch(descriptor)

    def remove_writer(self, descriptor: int) -> None:
        if self._writers.pop(descriptor, None) is not None:
            self._watch(descriptor)

    def _watch(self, descriptor: int) -> None:
        wanted = selectors.EVENT_READ * (descriptor in self._readers)
        wanted |= selectors.EVENT_WRITE * (descriptor in self._writers)
        known = descriptor in self._selector.get_map()
        if not wanted:
            self._selector.unregister(descriptor)
        elif known:
            self._selector.modify(descriptor, wanted)
        else:
            self._selector.register(descriptor, wanted)

    # ---- timers, threads, signals -----------------------------------------------------------------------------------

    def call_later(self, seconds: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Call once, `seconds` from now, unless the returned timer is cancelled."""
        timer = Timer(time.monotonic() + seconds, next(self._order), partial(callback, *args))
        heapq.heappush(self._timers, timer)
        return timer

    def call_from_thread(self, callback: Callable[..., object], *args: Any) -> None:
        """Call soon, on the loop's thread; from any thread."""
        self._posted.append(partial(callback, *args))
        # A full pipe wakes the loop as well. A closed one: the loop has ended, and nobody waits for the call.
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def add_signal_handler(self, number: signal.Signals, callback: Callable[..., object], *args: Any) -> None:
        """Call when the signal has arrived, between other callbacks. To be used from the main thread."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._signals[number] = partial(callback, *args)
        # A handler of Python's makes the byte in the pipe; the work is done where it interrupts nothing.
        signal.signal(number, lambda *_: None)

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._wake_read, 4096):
                for number in dict.fromkeys(data):
                    if number in self._signals:
                        self._call(self._signals[number])

    # ---- running ----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Make `run` return after the callback that is running."""
        self._is_done = True

    def run(self) -> None:
        """Run until `stop`, then give everything back."""
        try:
            while not self._is_done:
                for key, events in self._selector.select(self._patience()):
                    self._dispatch(key.fd, events)
                self._run_due()
        finally:
            self._close()

    def _patience(self) -> float | None:
        while self._timers and self._timers[0].callback is None:
            heapq.heappop(self._timers)
        if self._posted:
            return 0.0
        return max(0.0, self._timers[0].due - time.monotonic()) if self._timers else None

    def _dispatch(self, descriptor: int, events: int) -> None:
        # An earlier callback of this round may have removed either.
        if events & selectors.EVENT_READ and descriptor in self._readers:
            self._call(self._readers[descriptor])
        if events & selectors.EVENT_WRITE and descriptor in self._writers:
            self._call(self._writers[descriptor])

    def _run_due(self) -> None:
        for _ in range(len(self._posted)):
            self._call(self._posted.popleft())
        now = time.monotonic()
        while self._timers and self._timers[0].due <= now:
            callback = heapq.heappop(self._timers).callback
            if callback is not None:
                self._call(callback)

    def _call(self, callback: Callback) -> None:
        if self._is_done:
            return
        try:
            callback()
        except Exception:
            import traceback

            traceback.print_exc()

    def _close(self) -> None:
        if self._signals:
            signal.set_wakeup_fd(-1)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
