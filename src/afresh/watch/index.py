"""What is watched for and why: pure, the records and the questions asked of them.

Must live here: consumed files, looked-up names, listings, trees, the project folder, each with the boot that wants it.
Must not know: the disk, events.
"""

import os.path

import msgspec

from afresh.reload.journal import Signature
from afresh.watch import filters
from afresh.watch.disk import is_below
from afresh.watch.states import Known


class Existence(msgspec.Struct):
    """A path that was asked for by name only. `found`: what is there, as in `Stat`, by whether links are followed.
    `is_divided`: as of `Known`."""

    boot: int
    found: dict[bool, str] = msgspec.field(default_factory=dict)
    is_divided: bool = False


class Tree(msgspec.Struct, frozen=True):
    """A directory that the project asked to be told about."""

    root: str
    glob: str

    def matches(self, path: str) -> bool:
        return filters.matches_glob(path[len(self.root.rstrip("/")) + 1 :], self.glob)


class Directory(msgspec.Struct):
    """Why the names in a directory matter. `names` are those last seen, kept where `stems` or `listed` need them.

    `newcomers` are the names that were told to have appeared, each with the newest boot that wanted the names then.
    """

    names: set[str] = msgspec.field(default_factory=set)
    newcomers: dict[str, int] = msgspec.field(default_factory=dict)
    stems: dict[str, int] = msgspec.field(default_factory=dict)
    listed: int | None = None
    in_project: bool = False
    trees: list[Tree] = msgspec.field(default_factory=list)

    def keeps_names(self) -> bool:
        return bool(self.stems) or self.listed is not None

    def welcome(self, name: str) -> None:
        """Take note that `name` has appeared."""
        self.names.add(name)
        self.newcomers[name] = max([*self.stems.values(), self.listed or 0])

    def is_sought(self, name: str) -> bool:
        """Whether a look-up that came by here would take `name`."""
        return filters.stem_of(name) in self.stems and filters.is_candidate(name)

    def is_idle(self) -> bool:
        return not self.keeps_names() and not self.in_project and not self.trees


class Index:
    """All records, by path as the journal spells it."""

    def __init__(self) -> None:
        self.files: dict[str, Known] = {}
        self.stats: dict[str, Existence] = {}
        self.directories: dict[str, Directory] = {}
        self.trees: dict[Tree, int] = {}
        self.seen: dict[str, Signature] = {}
        """Files of trees and of the project folder as they were last told."""
        self.project: filters.ProjectFilter | None = None

    def __repr__(self) -> str:
        counts = (len(self.files), len(self.stats), len(self.directories), len(self.seen))
        return "<Index files={} stats={} directories={} seen={}>".format(*counts)

    def directory(self, path: str) -> Directory:
        found = self.directories.get(path)
        if found is None:
            found = self.directories[path] = Directory()
        return found

    def is_asked_for(self, path: str) -> bool:
        """Whether it lies in a tree that the project asked to be told about."""
        return any(path.startswith(tree.root.rstrip("/") + "/") and tree.matches(path) for tree in self.trees)

    def is_consumed(self, path: str) -> bool:
        """Whether code depends on this path, by content, existence or name."""
        if path in self.files or path in self.stats:
            return True
        parent, name = os.path.split(path)
        directory = self.directories.get(parent)
        if directory is None or (name in directory.names and name not in directory.newcomers):
            return False  # it was there before: another content of it is nothing that its folder's names tell
        return directory.is_sought(name) or self.is_listed(directory, parent, name)

    def is_listed(self, directory: Directory, parent: str, name: str) -> bool:
        """Whether a boot that listed the directory would have taken note of `name`."""
        if directory.listed is None or filters.is_noise(name):
            return False
        project = self.project
        # Uploads and build output beside listed code are not code; an ignored directory that is listed is.
        if project is None or not project.holds(parent) or project.ignores_directory(parent):
            return True
        path = os.path.join(parent, name)
        return not (project.ignores_file(path) or project.ignores_directory(path))

    def is_wanted(self, directory: Directory, path: str) -> bool:
        """Whether the file at `path` counts as a part of the project folder or of a tree."""
        if directory.in_project and self.project is not None and not self.project.ignores_file(path):
            return True
        return bool(directory.trees) and not filters.is_noise(os.path.basename(path)) and self.tree_of(directory, path)

    @staticmethod
    def tree_of(directory: Directory, path: str) -> bool:
        return any(tree.matches(path) for tree in directory.trees)

    def below(self, roots: frozenset[str]) -> tuple[list[str], list[str]]:
        """The files and the directories of all records at `roots` or below them."""
        files = {*self.files, *self.stats, *self.seen}
        return (
            [path for path in files if is_below(path, roots)],
            [path for path in self.directories if is_below(path, roots)],
        )

    def forget(self, before: int) -> bool:
        """Drop what only boots before this one wanted; true if anything was dropped."""
        sizes = self._sizes()
        self.files = {path: known for path, known in self.files.items() if known.boot >= before}
        self.stats = {path: asked for path, asked in self.stats.items() if asked.boot >= before}
        self.trees = {tree: boot for tree, boot in self.trees.items() if boot >= before}
        for path, directory in list(self.directories.items()):
            self._forget_in(directory, before)
            if directory.is_idle():
                del self.directories[path]
        self.seen = {path: told for path, told in self.seen.items() if os.path.dirname(path) in self.directories}
        return self._sizes() != sizes

    def _forget_in(self, directory: Directory, before: int) -> None:
        directory.stems = {stem: boot for stem, boot in directory.stems.items() if boot >= before}
        if directory.listed is not None and directory.listed < before:
            directory.listed = None
        directory.trees = [tree for tree in directory.trees if tree in self.trees]
        directory.newcomers = {name: boot for name, boot in directory.newcomers.items() if boot >= before}

    def _sizes(self) -> tuple[int, ...]:
        return len(self.files), len(self.stats), len(self.directories), len(self.trees)
