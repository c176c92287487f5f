"""Edges for what a test cannot ask of the kernel: limits reached, events lost, reads that are held up."""

import errno
import os
import threading
from collections.abc import Callable

from afresh.watch.inotify import OVERFLOW, UNMOUNT, Inotify


class Limited(Inotify):
    """Has room for `room` watches: fs.inotify.max_user_watches."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room
        self._wds: set[int] = set()

    def add(self, path: str, mask: int) -> int:
        wd = super().add(path, mask)
        if wd not in self._wds and len(self._wds) >= self._room:
            super().remove(wd)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._wds.add(wd)
        return wd

    def remove(self, wd: int) -> None:
        self._wds.discard(wd)
        super().remove(wd)


def no_instances() -> Inotify:
    """fs.inotify.max_user_instances is reached."""
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Forgetful(Inotify):
    """Loses what is queued when told to, and says so as the kernel does."""

    def __init__(self) -> None:
        super().__init__()
        self.loses = threading.Event()
        self.mask = OVERFLOW

    def read(self) -> list[tuple[int, int, str]]:
        events = super().read()
        if events and self.loses.is_set():
            self.loses.clear()
            return [(-1, OVERFLOW, "")] if self.mask == OVERFLOW else [(events[0][0], UNMOUNT, "")]
        return events


class Gated(Inotify):
    """Calls `before_read` and `after_read` around each read: named points of the race between reader and server."""

    def __init__(self, before_read: Callable[[], object], after_read: Callable[[], object]) -> None:
        super().__init__()
        self._before_read = before_read
        self._after_read = after_read

    def read(self) -> list[tuple[int, int, str]]:
        self._before_read()
        events = super().read()
        self._after_read()
        return events


class Failing(Inotify):
    """Fails once when it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = threading.Event()

    def read(self) -> list[tuple[int, int, str]]:
        if self.fails.is_set():
            self.fails.clear()
            raise RuntimeError("unforeseen")
        return super().read()
