"""Watched paths: watch descriptors where the kernel tells of changes, polling where it does not.

Must live here: the maps between paths and watch descriptors, the limits of the kernel and what happens at them.
Must not know: why a path is watched.
"""

import errno
import os
from collections.abc import Callable

from afresh.watch import inotify
from afresh.watch.inotify import Edge
from afresh.watch.mounts import Mounts, Telling, telling
from afresh.watch.polling import Poller, Signal

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

LIMIT_NOTICE = (
    "The limit of watched files is reached (sysctl fs.inotify.max_user_watches). The others are looked at every "
    "{interval:.0f} ms: for them an answer can be that much behind a save. To watch all: "
    "sudo sysctl fs.inotify.max_user_watches=1048576"
)
REMOTE_NOTICE = (
    "{path} is on a file system ({kind}) that does not tell of changes made on another machine. It is looked at every "
    "{interval:.0f} ms: an answer can be that much behind such a save."
)


class Points:
    """The watched paths. Not locked: the watcher's lock is held around every call.

    The kernel uses a watch descriptor again only after the numbers have gone through all of int (idr_alloc_cyclic), so
    an event that was queued before a removal finds no path, never a wrong one. Nothing is lost with it: its path was
    dropped on purpose, or bound to a new watch and compared after that.
    """

    def __init__(self, edge: Edge | None, mounts: Mounts, notice: Callable[[str], None], interval: float) -> None:
        self.edge = edge
        self.poller = Poller()
        self.is_lost = False
        self._mounts = mounts
        self._notice = notice
        self._interval = interval
        self._wds: dict[str, int] = {}
        self._paths: dict[int, dict[str, None]] = {}
        self._tellings: dict[str, Telling] = {}
        self._said: set[str] = set()
        self._is_full = False
        self._marked: set[str] | None = None

    def __repr__(self) -> str:
        return f"<Points watched={len(self._wds)} polled={len(self.poller)}>"

    def add(self, path: str, mask: int, home: str = "") -> bool:
        """Watch what is at `path` now, links followed, in place of what was there before; false if nothing is.

        `home` is the directory whose file system decides, if not the one that `path` is in.
        """
        if self._marked is not None:
            self._marked.add(path)
        told = self._telling(home or (path if mask & inotify.ONLYDIR else os.path.dirname(path)))
        if told is Telling.NOTHING:
            return os.path.exists(path)
        polls = told is Telling.LOCAL and mask != inotify.WATCH_ANCESTOR
        is_there = self._watch(path, mask)
        return self.poller.add(path, mask) if polls or is_there is None else is_there

    def _watch(self, path: str, mask: int) -> bool | None:
        """True: watched. False: nothing there. None: it has to be polled."""
        if self.edge is None or (self._is_full and path not in self._wds):
            return None
        before = self._wds.get(path)
        try:
            wd = self.edge.add(path, mask)
        except OSError as error:
            self._note_lost(before, None)
            self._detach(path)
            if error.errno in _NOT_THERE:
                return False
            if error.errno == errno.ENOSPC:
                self._is_full = True
                self.say("limit", LIMIT_NOTICE.format(interval=self._interval * 1000))
            return None  # EACCES too: inotify wants to read what stat only has to reach
        if before != wd:
            self._note_lost(before, wd)
            self._detach(path)
            self._wds[path] = wd
            self._paths.setdefault(wd, {})[path] = None
        return True

    def _note_lost(self, before: int | None, now: int | None) -> None:
        """While all is watched anew: something else is at a path by now, and what the old watch has told finds none."""
        if self._marked is not None and before is not None and before != now:
            self.is_lost = True

    def is_silent(self, path: str) -> bool:
        """Whether `path` lies on a file system whose files are not files on a disk."""
        return self._telling(os.path.dirname(path)) is Telling.NOTHING

    def drop(self, path: str) -> None:
        self._detach(path)
        self.poller.drop(path)

    def _detach(self, path: str) -> None:
        wd = self._wds.pop(path, None)
        if wd is None:
            return
        paths = self._paths[wd]
        del paths[path]
        if not paths and self.edge is not None:
            self.edge.remove(wd)

    def read(self) -> list[Signal]:
        """What the kernel has queued, by path. Sets `is_lost` when that is not all that has happened."""
        signals: list[Signal] = []
        for wd, mask, name in self.edge.read() if self.edge else ():
            if mask & (inotify.OVERFLOW | inotify.UNMOUNT):
                self.is_lost = True
            signals += self._signals(wd, mask, name)
        return signals

    def _signals(self, wd: int, mask: int, name: str) -> list[Signal]:
        paths = self._paths.pop(wd, {}) if mask & inotify.IGNORED else self._paths.get(wd, {})
        if mask & inotify.IGNORED:
            for path in paths:
                self._wds.pop(path, None)
        if not name:
            return [Signal(path, mask) for path in paths]
        return [Signal(os.path.join(path, name), mask, path) for path in paths]

    def mark(self) -> None:
        """Begin to note which paths are added again, for `sweep`."""
        self._marked = set()

    def sweep(self) -> None:
        """Drop every path that was not added since `mark`."""
        marked, self._marked = self._marked or set(), None
        for path in [path for path in self._wds if path not in marked]:
            self._detach(path)
        for path in list(self.poller):
            if path not in marked:
                self.poller.drop(path)

    def _telling(self, directory: str) -> Telling:
        known = self._tellings.get(directory)
        if known is None:
            known = self._ask(directory)
        return known

    def _ask(self, directory: str) -> Telling:
        try:
            device = os.stat(directory).st_dev
        except OSError:
            return Telling.ALL  # not kept: it may come into being later
        kind = self._mounts.kind(device, lambda: os.path.realpath(directory))
        told = self._tellings[directory] = telling(kind)
        if told is Telling.LOCAL:
            text = REMOTE_NOTICE.format(path=directory, kind=kind, interval=self._interval * 1000)
            self.say(kind, text)
        return told

    def say(self, topic: str, text: str) -> None:
        """Tell the user, once for each topic."""
        if topic not in self._said:
            self._said.add(topic)
            self._notice(text)
