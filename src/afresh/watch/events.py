"""From events to the paths they may concern; what appears is watched on the way.

Must live here: which known paths an event concerns, and anchoring them again where the event says that they moved.
Must not know: how long a burst lasts, whether anything changed in the end.
"""

import os
from collections.abc import Iterable, Sequence

from afresh.watch import disk, inotify, states
from afresh.watch.anchor import Anchor
from afresh.watch.folders import Folders
from afresh.watch.index import Index
from afresh.watch.points import Points
from afresh.watch.polling import Signal


class Events:
    """Names paths and keeps the anchors in step with the disk."""

    def __init__(self, index: Index, anchor: Anchor, points: Points, folders: Folders) -> None:
        self._index = index
        self._anchor = anchor
        self._points = points
        self._folders = folders
        self._databases: set[str] = set()

    def nominate(self, signals: Sequence[Signal]) -> list[tuple[str, int]]:
        """The paths that may have changed, each with the bits of the event that says so, in order."""
        found: list[tuple[str, int]] = []
        roots: dict[str, int] = {}
        for signal in signals:
            for root in self._roots(signal):
                roots[root] = signal.mask
            found += [(path, signal.mask) for path in self._concerned(signal)]
        if roots:
            mask = inotify.CREATE if any(mask & inotify.APPEARED for mask in roots.values()) else inotify.DELETE
            found += [(path, mask) for path in self._revive(frozenset(roots))]
        return found

    def _roots(self, signal: Signal) -> Iterable[str]:
        """The paths to anchor again with all below them."""
        path, mask, parent = signal
        if mask & (inotify.STRUCTURAL | inotify.SELF_GONE):
            yield from self._anchor.roots(path)
        if not parent and mask & inotify.SELF_GONE and self._anchor.is_directory(path):
            if mask & inotify.MOVE_SELF:
                # What is watched below is somewhere else now, and what may be here is not watched.
                self._points.is_lost = True
            else:
                yield path

    def _concerned(self, signal: Signal) -> list[str]:
        path, mask, parent = signal
        if self._is_database(path):
            return []
        found: list[str] = []
        if path in self._index.files or path in self._index.stats or path in self._index.seen:
            found.append(path)
            if mask & ~(inotify.MODIFY | inotify.CLOSE_WRITE):
                self.watch(path)
        if parent:
            found += self._in_directory(path, mask, parent)
        return found

    def _in_directory(self, path: str, mask: int, parent: str) -> list[str]:
        directory = self._index.directories.get(parent)
        if directory is None:
            return []
        name = os.path.basename(path)
        found: list[str] = []
        matters = directory.is_sought(name) or self._index.is_listed(directory, parent, name)
        if mask & inotify.STRUCTURAL and matters:
            found.append(path)
        if directory.in_project or directory.trees:
            if mask & inotify.APPEARED and os.path.isdir(path):
                found += [] if os.path.islink(path) else self._folders.enter_below(directory, path)
            elif mask & inotify.APPEARED:
                found += self._folders.enter_file(directory, path, is_link=os.path.islink(path))
            elif self._index.is_wanted(directory, path):
                found.append(path)
        return found

    def _is_database(self, path: str) -> bool:
        """Whether this is a database whose name does not say so: written on every page, and read by no code."""
        if path in self._index.files or path not in self._index.seen:
            return path in self._databases
        if not states.is_database(path):
            return False
        self._databases.add(path)
        del self._index.seen[path]
        self._points.drop(path)
        return True

    def watch(self, path: str) -> None:
        """Watch what is at a known path now."""
        if path in self._index.files:
            self._anchor.file(path)
        elif path in self._index.seen:
            directory = self._index.directories[os.path.dirname(path)]
            self._folders.watch(directory, path, is_link=os.path.islink(path))
        if path in self._index.stats:
            self._anchor.name(path)

    def _revive(self, roots: frozenset[str]) -> list[str]:
        """Names on the way have changed: anchor again all that is reached through them."""
        files, directories = self._index.below(roots)
        self._anchor.release(roots)
        for path in files:
            self.watch(path)
        return files + self._reread(directories)

    def _reread(self, directories: Iterable[str]) -> list[str]:
        """Watch directories again and name what their listings differ by."""
        visited: set[str] = set()
        # Those above first: walking them comes by most of the others, each of which is walked once only.
        return [path for directory in sorted(directories) for path in self._reread_one(directory, visited)]

    def _reread_one(self, path: str, visited: set[str]) -> list[str]:
        directory = self._index.directories.get(path)
        if directory is None:
            return []
        found: list[str] = []
        if (directory.in_project or directory.trees) and path not in visited:
            found += self._folders.enter(path, directory.trees, in_project=directory.in_project, visited=visited)
        if directory.keeps_names():
            now = disk.names(path) if self._anchor.directory(path) else set()
            found += [os.path.join(path, name) for name in now ^ directory.names]
        return found

    def recover(self) -> list[str]:
        """Count was lost: watch everything anew, then name every path there is a reason to look at."""
        self.rebuild()
        self._points.is_lost = False
        found = [*self._index.files, *self._index.stats, *self._index.seen]
        found += self._reread(self._index.directories)
        return list(dict.fromkeys(found))

    def rebuild(self) -> None:
        """Watch what the index names, and nothing else."""
        self._anchor.reset()
        self._points.mark()
        for path, directory in self._index.directories.items():
            self._anchor.directory(path, inotify.WATCH_TREE if directory.trees else inotify.WATCH_NAMES)
        for path in {*self._index.files, *self._index.stats, *self._index.seen}:
            self.watch(path)
        self._points.sweep()
