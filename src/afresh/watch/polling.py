"""Looking at the disk again and again, where the kernel does not tell.

Must live here: snapshots of files and directories, and the events that two snapshots differ by.
Must not know: why a path is polled, or what its changes mean.
"""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from afresh.reload.journal import Signature
from afresh.watch import inotify
from afresh.watch.states import look


class Signal(NamedTuple):
    """Something happened at `path`. `parent` is the watched directory that told of it, empty if `path` was itself."""

    path: str
    mask: int
    parent: str = ""


Names = dict[str, Signature | None]


class _Polled(msgspec.Struct):
    mask: int
    file: Signature | None = None
    names: Names | None = None


class Poller:
    """The polled paths and how they looked last."""

    def __init__(self) -> None:
        self._polled: dict[str, _Polled] = {}

    def __len__(self) -> int:
        return len(self._polled)

    def __contains__(self, path: str) -> bool:
        return path in self._polled

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._polled))

    def add(self, path: str, mask: int) -> bool:
        """Poll `path` for what `mask` asks for; false if nothing is there."""
        known = self._polled.get(path)
        mask |= known.mask if known else 0
        fresh = _Polled(mask)
        if mask & inotify.ONLYDIR:
            fresh.names = _names(path, mask)
        else:
            fresh.file = look(path)
        if fresh.names is None and fresh.file is None:
            return False
        # What was seen before stays, so that a change since then is still told.
        self._polled[path] = known if known and known.mask == mask else fresh
        return True

    def drop(self, path: str) -> None:
        self._polled.pop(path, None)

    def scan(self, paths: Iterable[str] | None = None) -> list[Signal]:
        """Look at all polled paths, or at those of `paths` that are polled; what has changed since the last look."""
        wanted = list(self._polled) if paths is None else [path for path in paths if path in self._polled]
        return [signal for path in wanted for signal in self._look_again(path, self._polled[path])]

    def _look_again(self, path: str, polled: _Polled) -> Iterable[Signal]:
        if not polled.mask & inotify.ONLYDIR:
            was, polled.file = polled.file, look(path)
            return [] if was == polled.file else [Signal(path, _kind(was, polled.file))]
        before, polled.names = polled.names, _names(path, polled.mask)
        if polled.names is None:
            return [] if before is None else [Signal(path, inotify.DELETE_SELF)]
        return _differences(path, before or {}, polled.names)


def _names(directory: str, mask: int) -> Names | None:
    if not mask & inotify.STRUCTURAL:
        return {} if os.path.isdir(directory) else None
    try:
        names = os.listdir(directory)
    except OSError:
        return None
    with_content = mask & inotify.MODIFY
    return {name: look(os.path.join(directory, name)) if with_content else None for name in names}


def _differences(directory: str, before: Names, after: Names) -> list[Signal]:
    return [
        Signal(os.path.join(directory, name), _name_kind(name, before, after), directory)
        for name in before.keys() | after.keys()
        if name not in before or name not in after or before[name] != after[name]
    ]


def _name_kind(name: str, before: Names, after: Names) -> int:
    if name in before and name in after:
        return inotify.MODIFY | inotify.CLOSE_WRITE
    return inotify.CREATE if name in after else inotify.DELETE


def _kind(before: Signature | None, after: Signature | None) -> int:
    if before is None or after is None:
        return inotify.CREATE if after else inotify.DELETE
    # CREATE, not CLOSE_WRITE: a look in between does not tell whether the writer is done.
    return inotify.CREATE | inotify.MODIFY | inotify.CLOSE_WRITE
