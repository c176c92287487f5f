"""The edge to inotify(7): masks, and the one object that talks to the kernel.

Must live here: system calls and the bits they speak in.
Must not know: which paths matter, or what an event means.
"""

from typing import Protocol

from inotify_simple import INotify

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
    """The kernel's inotify. Raises OSError: EMFILE when the user's instances are used up."""

    def __init__(self) -> None:
        self._inotify = INotify(nonblocking=True)

    def __repr__(self) -> str:
        return f"<Inotify {self._inotify.fileno()}>"

    @property
    def descriptor(self) -> int:
        return int(self._inotify.fileno())

    def add(self, path: str, mask: int) -> int:
        # MASK_ADD: two paths can lead to one inode, and the second must not take bits away from the first.
        return int(self._inotify.add_watch(path, mask | MASK_ADD))

    def remove(self, wd: int) -> None:
        try:
            self._inotify.rm_watch(wd)
        except OSError:  # EINVAL: the kernel removed it first, because its inode is gone
            pass

    def read(self) -> list[tuple[int, int, str]]:
        return [(event.wd, event.mask, event.name) for event in self._inotify.read(timeout=0)]

    def close(self) -> None:
        self._inotify.close()
