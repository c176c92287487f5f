"""Making every path that matters reachable by events: its directory, both sides of links, parents that are missing.

Must live here: which points a path needs, and which paths have to be looked at again when a point changes.
Must not know: who consumed the path.
"""

import os

from afresh.watch import inotify
from afresh.watch.disk import is_below
from afresh.watch.points import Points

_MAX_LINKS = 40  # as the kernel: path_resolution(7)
_ATTEMPTS = 8


class Anchor:
    """The points behind the paths that matter.

    A *trail* is a name on the way to such a path that may change what the path leads to: a link, the name a link points
    to, or the first name that is missing. The names above existing directories need no trail: a directory tells itself
    when it, or one above it, is moved or deleted.
    """

    def __init__(self, points: Points) -> None:
        self._points = points
        self._directories: dict[str, int] = {}
        self._ancestors: set[str] = set()
        self._trails: dict[str, set[str]] = {}

    def reset(self) -> None:
        """Anchor everything anew: nothing known about the disk holds any more."""
        self._directories.clear()
        self._ancestors.clear()
        self._trails.clear()

    def is_directory(self, path: str) -> bool:
        return path in self._directories or path in self._ancestors

    def roots(self, path: str) -> tuple[str, ...]:
        """The paths that lead elsewhere, with all below them, when the name `path` appears, vanishes or is replaced."""
        return tuple(self._trails.get(path, ()))

    def release(self, roots: frozenset[str]) -> None:
        """Forget how `roots` and what is below them were anchored, so that it is done again."""
        for path in [path for path in self._directories if is_below(path, roots)]:
            del self._directories[path]
        self._ancestors = {path for path in self._ancestors if not is_below(path, roots)}
        for name, led in list(self._trails.items()):
            led -= roots
            if not led:
                del self._trails[name]

    def file(self, path: str, mask: int = inotify.WATCH_FILE, *, is_link: bool | None = None) -> None:
        """Watch the content of a file and all that decides which file it is; a path with nothing there yet too.

        `is_link`: whether it is a symbolic link, where the caller knows.
        """
        parent = os.path.dirname(path)
        if not self.directory(parent):
            return
        if os.path.islink(path) if is_link is None else is_link:
            self._follow(path, path)
            parent = os.path.dirname(os.path.realpath(path))
        self._points.add(path, mask, home=parent)

    def name(self, path: str) -> None:
        """Watch whether there is anything at `path`."""
        if self.directory(os.path.dirname(path)) and os.path.islink(path):
            self._follow(path, path)

    def directory(self, path: str, mask: int = inotify.WATCH_NAMES) -> bool:
        """Watch the names in a directory; false if there is none (it is waited for then)."""
        known = self._directories.get(path, 0)
        if known & mask == mask:
            return True
        for _ in range(_ATTEMPTS):
            if self._points.add(path, mask | known):
                self._directories[path] = mask | known
                self._ancestor(path, watch=False)
                return True
            if self._await(path, path):
                break
        return False

    def _await(self, path: str, root: str) -> bool:
        """Nothing is at `path`: watch for it in the nearest directory there is; false if it has appeared meanwhile."""
        self._trails.setdefault(path, set()).add(root)
        parent = os.path.dirname(path)
        if parent == path:
            return True
        if not self._points.add(parent, inotify.WATCH_NAMES):
            return self._await(parent, root)
        self._ancestor(parent, watch=True)
        if os.path.islink(path):
            self._follow(path, root)
        # A file where a directory is wanted is as good as nothing.
        return not os.path.isdir(path)

    def _ancestor(self, path: str, *, watch: bool) -> None:
        """Notice when a directory above is moved, and when one that is a link leads elsewhere."""
        while path not in self._ancestors and path != "/":
            self._ancestors.add(path)
            if watch:
                self._points.add(path, inotify.WATCH_ANCESTOR)
            if os.path.islink(path):
                self._follow(path, path)
            path, watch = os.path.dirname(path), True

    def _follow(self, link: str, root: str) -> None:
        """Watch each name that a chain of links goes through, and the name it ends at, there or not."""
        for _ in range(_MAX_LINKS):
            if root in self._trails.setdefault(link, set()):
                return
            self._trails[link].add(root)
            self._points.add(os.path.dirname(link), inotify.WATCH_NAMES)
            try:
                target = os.readlink(link)
            except OSError:
                return  # not a link: the end of the chain
            link = os.path.normpath(os.path.join(os.path.realpath(os.path.dirname(link)), target))
            self._reach(os.path.dirname(link), root)

    def _reach(self, directory: str, root: str) -> None:
        """Watch the directory that a link leads into, and the links on the way there."""
        above = directory
        while above != "/":
            if os.path.islink(above):
                self._follow(above, root)
            above = os.path.dirname(above)
        if self._points.add(directory, inotify.WATCH_NAMES):
            self._ancestor(directory, watch=True)
        else:
            self._await(directory, root)
