"""The edge to inotify(7): masks, and the one object that talks to the kernel.

Must live here: system calls and the bits they speak in.
Must not know: which paths matter, or what an event means.
"""

import ctypes
import errno
import fcntl
import os
import struct
import termios
from typing import Protocol

MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
UNMOUNT = 0x2000
OVERFLOW = 0x4000
IGNORED = 0x8000
ONLYDIR = 0x1000000
MASK_ADD = 0x20000000

APPEARED = CREATE | MOVED_TO
VANISHED = DELETE | MOVED_FROM
STRUCTURAL = APPEARED | VANISHED
SELF_GONE = DELETE_SELF | MOVE_SELF | IGNORED | UNMOUNT

# What to ask for. The content of a directory's files is asked for only in trees: `db.sqlite3` beside `manage.py` would
# fire CLOSE_WRITE on every page.
WATCH_FILE = MODIFY | CLOSE_WRITE | ATTRIB | DELETE_SELF | MOVE_SELF
# Of project files that nobody consumed, only what was finished: code does not depend on them, and a file that the
# application itself keeps open and writes to would hold requests back.
WATCH_CLOSED = CLOSE_WRITE | DELETE_SELF | MOVE_SELF
WATCH_NAMES = STRUCTURAL | DELETE_SELF | MOVE_SELF | ONLYDIR
WATCH_TREE = WATCH_NAMES | MODIFY | CLOSE_WRITE
WATCH_ANCESTOR = DELETE_SELF | MOVE_SELF | ONLYDIR


class Edge(Protocol):
    """One inotify instance; a test hands in its own to reach limits and overflows."""

    @property
    def descriptor(self) -> int: ...

    def add(self, path: str, mask: int) -> int:
        """Watch what `path` leads to; the watch descriptor. Raises OSError as inotify_add_watch(2) says."""

    def remove(self, wd: int) -> None: ...

    def read(self) -> list[tuple[int, int, str]]:
        """What is queued now, never waiting: (watch descriptor, mask, name)."""

    def close(self) -> None: ...


class Inotify:
    """The kernel's inotify. Raises OSError: EMFILE when the user's instances are used up.

    The three calls are made through ctypes here: a package for them (inotify-simple) asks for the C library's name with
    a program, and imports what it takes to run that, which was a third of the time in which the keeper starts.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def __repr__(self) -> str:
        return f"<Inotify {self._descriptor}>"

    @property
    def descriptor(self) -> int:
        return self._descriptor

    def add(self, path: str, mask: int) -> int:
        # MASK_ADD: two paths can lead to one inode, and the second must not take bits away from the first.
        return _checked(self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), mask | MASK_ADD))

    def remove(self, wd: int) -> None:
        try:
            _checked(self._libc.inotify_rm_watch(self._descriptor, wd))
        except OSError as error:
            if error.errno != errno.EINVAL:  # the kernel removed it first, because its inode is gone
                raise

    def read(self) -> list[tuple[int, int, str]]:
        (queued,) = _LENGTH.unpack(fcntl.ioctl(self._descriptor, termios.FIONREAD, bytes(_LENGTH.size)))
        data = os.read(self._descriptor, queued) if queued else b""
        events, at = [], 0
        while at < len(data):
            wd, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            events.append((wd, mask, os.fsdecode(data[at - length : at].rstrip(b"\0"))))
        return events

    def close(self) -> None:
        os.close(self._descriptor)


_LENGTH = struct.Struct("i")
_EVENT = struct.Struct("iIII")  # struct inotify_event: watch descriptor, mask, cookie, length of the padded name


def _checked(result: int) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
