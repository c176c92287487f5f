"""Where a module was looked for before it was found, so that a file created there later is seen to shadow it."""

from __future__ import annotations

import os
import sys
from importlib.machinery import FileFinder

from afresh.boot.roots import is_interpreters
from afresh.reload.journal import Entry, Find, Read, Stat
from afresh.source.reading import absolute, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.machinery import ModuleSpec


class Candidates:
    """Makes `Find` entries; entries of `sys.path` that are no directories are noted through `add`, once each."""

    def __init__(self, add: Callable[[Entry], None]) -> None:
        self._add = add
        self._known: dict[tuple[object, ...], tuple[str, ...]] = {}

    def find(self, name: str, path: Iterable[str] | None, spec: ModuleSpec | None) -> Find:
        """The entry for a look-up of `name` on `path` (None: `sys.path`) that led to `spec`, or to nothing."""
        home = _home(spec) if spec is not None else None
        entries = sys.path if path is None else path
        key = (home, *entries)
        directories = self._known.get(key)
        if directories is None:
            directories = tuple(dict.fromkeys(self._up_to(home, key[1:])))
            # An empty entry stands for the working directory, which may change.
            if "" not in key:
                self._known[key] = directories
        return Find(name.rpartition(".")[2], directories)

    def _up_to(self, home: str | None, entries: Iterable[object]) -> Iterable[str]:
        for entry in entries:
            if not isinstance(entry, str):
                continue  # as importlib does
            directory = self._directory(entry or _working_directory())
            if directory is not None:
                yield absolute(directory)
                if directory.rstrip("/") == home:
                    return
        if home is not None:
            yield absolute(home)

    def _directory(self, entry: str) -> str | None:
        """The directory that importlib searches for this entry, if it is one."""
        finder = sys.path_importer_cache.get(entry)
        if isinstance(finder, FileFinder):
            return finder.path
        if finder is None and os.path.isabs(entry):
            if os.path.isdir(entry):
                return entry
            signature = signature_of(entry)
            if not is_interpreters(entry):
                self._add(Read(entry, signature) if signature else Stat(entry, ""))
        elif archive := getattr(finder, "archive", None):
            self._add(Read(absolute(archive), signature_of(archive)))
        return None


def _home(spec: ModuleSpec) -> str | None:
    """The directory that held the winner; None for namespace packages, which lose to anything found further on."""
    if spec.origin is None or not spec.has_location or spec.loader is None:
        return None
    directory = spec.origin.rpartition("/")[0]
    return directory if spec.submodule_search_locations is None else directory.rpartition("/")[0]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
