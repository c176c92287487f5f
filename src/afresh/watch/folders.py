"""Folders that are watched as a whole: the project's, and the trees it asks to be told about.

Must live here: walking them, watching each directory before it is listed.
Must not know: journals, what an event leads to.
"""

import math
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from afresh.watch import disk, filters, inotify, states
from afresh.watch.anchor import Anchor
from afresh.watch.index import Directory, Index, Tree
from afresh.watch.points import Points

MOST_DIRECTORIES = 10_000
MOST_FILES = 20_000
"""What a project of any usual size stays far below; a home folder or `/` would take minutes to walk, and as long to
walk again where the kernel has lost count."""
TOO_MANY_NOTICE = (
    "There are more than {limit} here: from {path} on, new files are noticed only where the code in use looks "
    "for them. What the code has read is watched anyway."
)


class _Visit(NamedTuple):
    path: str
    trees: list[Tree]
    in_project: bool


class Folders:
    """Walks folders into the index; the files found are known in `index.seen` as they are."""

    def __init__(self, index: Index, anchor: Anchor, points: Points) -> None:
        self._index = index
        self._anchor = anchor
        self._points = points
        self._project_walk: Iterator[str | None] = iter(())

    def cover_tree(self, root: str, glob: str, boot: int) -> None:
        tree = Tree(disk.plain(root), glob)
        is_new = tree not in self._index.trees
        self._index.trees[tree] = max(boot, self._index.trees.get(tree, 0))
        if is_new:
            self._take_in(self.enter(tree.root, [tree], in_project=False))

    def cover_project(self, project: filters.ProjectFilter, seconds: float = math.inf) -> bool:
        """Begin to take the folder in, and see `cover_more`."""
        self._index.project = project
        self._project_walk = self._walk(_Visit(project.root, [], in_project=True), set())
        return self.cover_more(seconds)

    def cover_more(self, seconds: float) -> bool:
        """Go on taking the project folder in for about so long; whether there is more of it."""
        until = time.monotonic() + seconds
        for path in self._project_walk:
            self._take_in([] if path is None else [path])
            if time.monotonic() > until:
                return True
        return False

    def _take_in(self, files: Iterable[str]) -> None:
        """Know files as they are now; one that is known already, for another reason, may have an event on its way."""
        self.keep(path for path in files if path not in self._index.seen)

    def follow_rules(self, changed: Iterable[str]) -> None:
        """Take the project folder in by its rules again if a file that makes them is among the changed ones."""
        project = self._index.project
        if project is not None and any(path.endswith(("/.gitignore", "/pyvenv.cfg")) for path in changed):
            project.forget()
            self.cover_project(project)

    def keep(self, files: Iterable[str]) -> None:
        """Take files as they are now for what is known of them."""
        for path in files:
            signature = states.look(path)
            if signature is not None and states.is_regular(signature):
                self._index.seen[path] = signature

    def enter(self, root: str, trees: list[Tree], *, in_project: bool, visited: set[str] | None = None) -> list[str]:
        """Watch a directory and all below it, each before it is listed; the files that count. Passes by what is in
        `visited`, and adds to it."""
        walk = self._walk(_Visit(root, trees, in_project), set() if visited is None else visited)
        return [path for path in walk if path is not None]

    def _walk(self, first: _Visit, visited: set[str]) -> Iterator[str | None]:
        """The same, file by file; None where a directory holds no more of them."""
        # The upper directories first: where there are too many, those that are left out lie deep.
        waiting = deque([first])
        while waiting:
            visit = waiting.popleft()
            if visit.path not in visited and not self._is_too_much(visit.path):
                visited.add(visit.path)
                yield from self._visit(visit, waiting)
                yield None

    def _is_too_much(self, path: str) -> bool:
        """Whether a directory is one more than may be watched as a whole."""
        index = self._index
        if path in index.directories:
            return False
        for count, most, what in (
            (len(index.directories), MOST_DIRECTORIES, "folders"),
            (len(index.seen), MOST_FILES, "files"),
        ):
            if count >= most:
                self._points.say("folders", TOO_MANY_NOTICE.format(limit=f"{most} {what}", path=path))
                return True
        return False

    def _visit(self, visit: _Visit, waiting: deque[_Visit]) -> Iterator[str]:
        directory = self._index.directory(visit.path)
        directory.in_project |= visit.in_project
        directory.trees += [tree for tree in visit.trees if tree not in directory.trees]
        if not self._anchor.directory(visit.path, inotify.WATCH_TREE if directory.trees else inotify.WATCH_NAMES):
            return
        for entry in disk.scan(visit.path):
            path = os.path.join(visit.path, entry.name)
            if not disk.leads_to_directory(entry):
                yield from self.enter_file(directory, path, is_link=entry.is_symlink())
            elif not entry.is_symlink():
                waiting += self._below(directory, path)

    def enter_file(self, directory: Directory, path: str, *, is_link: bool) -> list[str]:
        """Watch a file of a directory, if it counts."""
        if not self._index.is_wanted(directory, path):
            return []
        if path not in self._index.files:
            self.watch(directory, path, is_link=is_link)
        return [path]

    def watch(self, directory: Directory, path: str, *, is_link: bool) -> None:
        """Watch a file that nobody consumed. A tree's directory tells of its files itself, but not through links."""
        if directory.in_project or is_link:
            self._anchor.file(path, inotify.WATCH_CLOSED, is_link=is_link)

    def enter_below(self, parent: Directory, path: str) -> list[str]:
        """Enter a directory with what its parent is watched for, if that goes down into it."""
        files: list[str] = []
        for visit in self._below(parent, path):
            files += self.enter(visit.path, visit.trees, in_project=visit.in_project)
        return files

    def _below(self, parent: Directory, path: str) -> list[_Visit]:
        if os.path.basename(path) in filters.IGNORED_DIRECTORIES or self._points.is_silent(path + "/"):
            return []
        project = self._index.project
        in_project = parent.in_project and project is not None and not project.ignores_directory(path)
        trees = [tree for tree in parent.trees if filters.goes_below(tree.glob)]
        return [_Visit(path, trees, in_project)] if trees or in_project else []
