"""Whether the entries of a journal still hold: the look at the disk after the watches stand.

Must live here: what each kind of entry is compared with.
Must not know: watches, events.
"""

import os
import time
from collections.abc import Iterator

from afresh.reload.journal import Entry, Exec, Find, Listing, Read, Stat
from afresh.source.reading import kind_of
from afresh.watch import disk, filters
from afresh.watch.index import Directory, Index
from afresh.watch.states import Known

_RECENT = 5 * 10**9
"""Nanoseconds: how far back a file is looked at more closely where nobody says when the boot began."""


class Verification:
    """One comparison of many entries. `since`: when the boot began, nanoseconds of the wall clock.

    An entry does not say which of the names in a directory were there and passed over, so a name counts as new by its
    time stamp. Without `since` names are not judged: only events tell of them.
    """

    def __init__(self, index: Index, since: int | None) -> None:
        self._index = index
        self._judges_names = since is not None
        self._since = since if since is not None else time.time_ns() - _RECENT
        self._new: dict[str, list[str]] = {}

    def failing(self, entry: Entry) -> Iterator[str]:
        """The paths that an entry is about and that are not any more what it says."""
        match entry:
            case Exec(file=file, signature=signature, digest=digest):
                if not Known(0, signature, digest).holds(file, self._since):
                    yield file
            case Read(file=file, signature=signature):
                if not Known(0, signature).holds(file, self._since):
                    yield file
            case Stat(path=path, found=found, follows=follows):
                if kind_of(path, follows=follows) != found:
                    yield path
            case Find(stem=stem, directories=directories):
                for directory in directories:
                    yield from self._shadowing(disk.plain(directory), stem)
            case Listing(directory=directory):
                yield from self._listed(disk.plain(directory))

    def _shadowing(self, path: str, stem: str) -> Iterator[str]:
        """What has appeared since the look-up and would be taken by it now."""
        for name in self._newcomers(path):
            if filters.stem_of(name) == stem and filters.is_candidate(name):
                newcomer = os.path.join(path, name)
                # A bare directory is taken only where nothing else is found, and its times change with its content.
                module = newcomer if "." in name else newcomer + "/__init__.py"
                if os.path.exists(module) and not self._is_explained(module):
                    yield newcomer

    def _listed(self, path: str) -> Iterator[str]:
        directory = self._index.directories.get(path, Directory())
        for name in self._newcomers(path):
            newcomer = os.path.join(path, name)
            if self._index.is_listed(directory, path, name) and not self._is_explained(newcomer):
                yield newcomer

    def _is_explained(self, path: str) -> bool:
        """Whether the file is new only by its time stamp: it was consumed, or known of before."""
        return path in self._index.files or path in self._index.seen

    def _newcomers(self, path: str) -> list[str]:
        found = self._new.get(path)
        if found is None:
            found = self._new[path] = self._find_newcomers(path) if self._judges_names else []
        return found

    def _find_newcomers(self, path: str) -> list[str]:
        directory = self._index.directories.get(path)
        if directory is None or disk.changed_at(path, follow=True) < self._since:
            return []
        # Not only the names that are kept: of one that nobody sought when it came, the event was passed over.
        names = directory.names | disk.names(path)
        return [name for name in names if disk.changed_at(os.path.join(path, name), follow=False) >= self._since]
