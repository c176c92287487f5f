"""Taking the entries of a journal into the index, each anchored before anybody compares it.

Must live here: what an entry adds to the index and which watches it needs.
Must not know: events, or whether an entry still holds.
"""

import os
from sys import intern

from afresh.reload.journal import Entry, Exec, Find, Listing, Read, Stat
from afresh.watch import disk, filters, states
from afresh.watch.anchor import Anchor
from afresh.watch.index import Directory, Existence, Index
from afresh.watch.states import Known


class Intake:
    """Adds entries to an index. An entry of an older boot never takes the place of a newer one's."""

    def __init__(self, index: Index, anchor: Anchor) -> None:
        self._index = index
        self._anchor = anchor

    def note(self, entry: Entry, boot: int) -> None:
        """Take in one entry and watch what it names."""
        match entry:
            case Exec(file=file, signature=signature, digest=digest):
                self._note_file(file, Known(boot, signature, digest))
            case Read(file=file, signature=signature):
                self._note_file(file, Known(boot, signature))
            case Find(stem=stem, directories=directories):
                stem = intern(stem)  # the same few names, tens of thousands of times
                for directory in directories:
                    self.note_stem(disk.plain(directory), stem, boot)
            case Listing(directory=directory):
                self._note_names(disk.plain(directory)).listed = boot
            case Stat(path=path, found=found, follows=follows):
                self._note_existence(disk.plain(path), boot, found, follows=follows)

    def _note_file(self, path: str, read: Known) -> None:
        known = self._index.files.get(path)
        if known is None or read.boot >= known.boot:
            # A file that was executed and read as well keeps its digest.
            if known is not None and not read.digest and read.signature == known.signature:
                read.digest = known.digest
            # A second process has come before the event: that is still to tell the first of it.
            read.is_divided = known is not None and (known.is_divided or not known.agrees(read))
            self._index.files[path] = read
        self._anchor.file(path)

    def _note_existence(self, path: str, boot: int, found: str, *, follows: bool) -> None:
        asked = self._index.stats.setdefault(path, Existence(boot))
        if boot >= asked.boot:
            asked.boot = boot
            asked.is_divided |= asked.found.get(follows, found) != found
            asked.found[follows] = found
        self._anchor.name(path)

    def note_stem(self, path: str, stem: str, boot: int) -> None:
        """A module of this name was looked for in the directory `path`."""
        directory = self._index.directories.get(path)
        if directory is None or not directory.keeps_names():
            directory = self._note_names(path)
        if directory.stems.get(stem, -1) < boot:
            directory.stems[stem] = boot
            self._note_portion(path, directory, stem, boot)

    def _note_portion(self, path: str, directory: Directory, stem: str, boot: int) -> None:
        """A directory that could be a package is one from the moment it has an `__init__`."""
        package = os.path.join(path, stem)
        if stem in directory.names and not os.path.exists(package + "/__init__.py") and os.path.isdir(package):
            self.note_stem(package, "__init__", boot)

    def note_newcomer(self, parent: str, directory: Directory, name: str) -> None:
        """What a look-up seeks has appeared."""
        stem = filters.stem_of(name)
        self._note_portion(parent, directory, stem, directory.stems[stem])

    def _note_names(self, path: str) -> Directory:
        directory = self._index.directory(path)
        if not directory.keeps_names():
            if self._anchor.directory(path):
                directory.names = disk.names(path)
            elif os.path.isfile(path):
                self._note_archive(path)
        return directory

    def _note_archive(self, path: str) -> None:
        """A zip archive on sys.path: its content decides what is found in it."""
        signature = states.look(path)
        if signature is not None and path not in self._index.files:
            self._index.files[path] = Known(0, signature)
            self._anchor.file(path)
