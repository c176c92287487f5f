"""What is known against what the disk says now, path by path.

Must live here: the comparison that decides whether something changed, and keeping what was found.
Must not know: which event led here, beyond its bits.
"""

import os

from afresh.source.reading import kind_of
from afresh.watch import inotify, states
from afresh.watch.folders import Folders
from afresh.watch.index import Index
from afresh.watch.intake import Intake
from afresh.watch.states import Known


class Comparison:
    """Compares and keeps. Every path is named as the journal spells it."""

    def __init__(self, index: Index, intake: Intake, folders: Folders) -> None:
        self._index = index
        self._intake = intake
        self._folders = folders

    def expected_size(self, path: str) -> int | None:
        """The size that `path` was last known to have; None if it was not there."""
        known = self._index.files.get(path)
        signature = known.signature if known else self._index.seen.get(path)
        if signature is not None:
            return max(signature.size, 0)
        asked = self._index.stats.get(path)
        if asked is not None:
            return 0 if any(asked.found.values()) else None
        parent, name = os.path.split(path)
        directory = self._index.directories.get(parent)
        return 0 if directory is not None and directory.keeps_names() and name in directory.names else None

    def time_of_code(self, path: str) -> int | None:
        """When `path` was last known to be written, if its text is known."""
        known = self._index.files.get(path)
        return known.signature.mtime if known and known.digest and known.signature else None

    def compare(self, path: str, mask: int, *, thorough: bool) -> bool:
        """Keep what the disk says of `path` now; true if that is a change that matters.

        `mask`: the bits of all its events. `thorough`: compare content even where the signature is the same.
        """
        changed = self._compare_name(path)
        changed |= self._compare_existence(path)
        written = bool(mask & (inotify.MODIFY | inotify.APPEARED))
        known = self._index.files.get(path)
        if known is None:
            return self._compare_seen(path, written) or changed
        if self._is_in_folder(path):
            self._folders.keep([path])
        return known.update(path, written=written, thorough=thorough) or changed

    def _compare_existence(self, path: str) -> bool:
        asked = self._index.stats.get(path)
        if asked is None:
            return False
        was_divided, asked.is_divided = asked.is_divided, False
        was, asked.found = asked.found, {follows: kind_of(path, follows=follows) for follows in asked.found}
        return was_divided or was != asked.found

    def _compare_name(self, path: str) -> bool:
        parent, name = os.path.split(path)
        directory = self._index.directories.get(parent)
        if directory is None or not directory.keeps_names():
            return False
        is_there = os.path.lexists(path)
        if is_there == (name in directory.names):
            return False
        if not is_there:
            directory.names.remove(name)
        else:
            directory.welcome(name)
            if directory.is_sought(name):
                self._intake.note_newcomer(parent, directory, name)
                return True
        return self._index.is_listed(directory, parent, name)

    def _is_in_folder(self, path: str) -> bool:
        directory = self._index.directories.get(os.path.dirname(path))
        return directory is not None and self._index.is_wanted(directory, path)

    def _compare_seen(self, path: str, written: bool) -> bool:
        was = self._index.seen.get(path)
        if was is None and not self._is_in_folder(path):
            return False
        now = states.look(path)
        if now is None or not states.is_regular(now):
            self._index.seen.pop(path, None)
            return was is not None
        self._index.seen[path] = now
        return was is None or Known(0, was).update(path, written=written, thorough=False)
