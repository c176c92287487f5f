"""What a serving thread sleeps on until there is something for it to do."""

import os
import select
import signal
import threading
from typing import Protocol


class Wake(Protocol):
    """Two methods of a lock that is held: `acquire` sleeps until `release`, or returns at once if that came first."""

    def acquire(self) -> object: ...

    def release(self) -> None: ...


def own_wake() -> Wake:
    """What the calling thread is to sleep on."""
    return _SignalledWake() if threading.current_thread() is threading.main_thread() else held_lock()


def held_lock() -> threading.Lock:
    """A lock on which any thread but the main one may sleep."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class _SignalledWake:
    """For the main thread, which alone runs the handlers of signals.

    A signal that comes after the interpreter's last look and before the system call by which a lock waits is handled
    when that wait ends, which nothing brings about: Ctrl+C would be lost. What the interpreter writes to a descriptor
    when a signal comes cannot be missed. The descriptor is set for each wait, since the application may set its own.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)

    def acquire(self) -> None:
        before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        try:
            # Signals write their numbers, of which none is zero.
            while b"\0" not in self._read():
                pass
        finally:
            signal.set_wakeup_fd(before)

    def _read(self) -> bytes:
        self._poll.poll()
        return os.read(self._reading, 4096)

    def release(self) -> None:
        os.write(self._writing, b"\0")

    def __del__(self) -> None:
        os.close(self._reading)
        os.close(self._writing)
