"""What each process consumed, as a tree that follows the forks.

A strand is the part of a boot between two forks. A process stands on its own strand and on those of its ancestors;
what a later strand says of a file holds for it, whatever an earlier one said.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from sys import intern

import msgspec

from afresh.reload.disk import Now
from afresh.reload.journal import Entry, Exec, Find, Listing, Looked, Ran, Read, Sealed, Signature, Stat, Wrote


class Text(msgspec.Struct, frozen=True):
    """The text of a project file that a process runs. `module`: the name it was executed under."""

    file: str
    module: str
    digest: bytes


class Objection(msgspec.Struct, frozen=True):
    """Why a process is not what a new one would be. `text`: the old text, where exchanging functions may be enough."""

    path: str
    reason: str
    text: Text | None = None


class Strand:
    """What one process consumed since it was forked. `patched`: files whose functions were exchanged right then."""

    def __init__(self, parent: "Strand | None" = None, patched: Mapping[str, Text] | None = None) -> None:
        self.parent = parent
        self.texts: dict[str, Text] = dict(patched or {})
        self.ran: dict[str, set[str]] = {}
        self.looked_at: dict[str, set[str]] = {}
        self.sealed: dict[str, str] = {}
        # Why nothing can ever go on from here: its entries did not hold when they arrived, or what it holds open is not
        # what a cold start would have.
        self.spoilt = ""
        self._reads: defaultdict[str, set[Signature | None]] = defaultdict(set)
        self._own: set[str] = set()
        # Executed after all that the process itself has written there.
        self._final: set[str] = set()
        # What was found there, and whether links were followed.
        self._stats: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
        # After which edit it was looked for: by directory and stem. There are tens of thousands, nearly all alike.
        self._stems: defaultdict[str, dict[str, frozenset[int]]] = defaultdict(dict)
        self._listings: defaultdict[str, set[int]] = defaultdict(set)

    def __repr__(self) -> str:
        return f"<Strand texts={len(self.texts)} reads={len(self._reads)} parent={self.parent!r}>"

    def line(self) -> "Iterator[Strand]":
        """This strand and its ancestors, newest first."""
        strand: Strand | None = self
        while strand is not None:
            yield strand
            strand = strand.parent

    def add(self, entries: Iterable[Entry], edit: int) -> None:
        """Take in what the process consumed; `edit` is the number of the last edit by then."""
        once = frozenset({edit})
        for entry in entries:
            match entry:
                case Exec(module, file, signature, digest):
                    self._execute(module, file, signature, digest)
                # Every look counts: whoever looks again after an edit has acted on the old state as well.
                case Read(file, signature):
                    self._reads[file].add(signature)
                case Find(stem, directories):
                    stem = intern(stem)  # the same few names, tens of thousands of times
                    for directory in directories:
                        stems = self._stems[directory]
                        known = stems.get(stem)
                        stems[stem] = once if known is None or known == once else known | once
                case Listing(directory):
                    self._listings[directory].add(edit)
                case Stat(path, found, follows):
                    self._stats[path].add((found, follows))
                case Wrote(file):
                    self._own.add(file)
                    self._final.discard(file)
                case Ran(file, functions):
                    self.ran.setdefault(file, set()).update(functions)
                case Looked(file, functions):
                    self.looked_at.setdefault(file, set()).update(functions)
                case Sealed(file, reason):
                    self.sealed[file] = reason

    def _execute(self, module: str, file: str, signature: Signature, digest: bytes) -> None:
        if not digest:
            self._reads[file].add(signature)
            return
        known = self.text(file)
        if known is not None and known.module != module:
            self.sealed[file] = f"it was executed under two names ({known.module} and {module})"
        self.texts[file] = Text(file, module, digest)
        self._final.add(file)

    def text(self, file: str) -> Text | None:
        """The text of `file` that is executed here."""
        return next((strand.texts[file] for strand in self.line() if file in strand.texts), None)

    def has_seen(self, path: str) -> bool:
        """Whether something was found at this path."""
        return any(
            path in strand.texts
            or strand._reads.get(path, set()) - {None}
            or any(found for found, _ in strand._stats.get(path, ()))
            for strand in self.line()
        )

    def functions_run(self, file: str) -> set[str]:
        """The functions of `file` that have run up to here."""
        return set().union(*(strand.ran.get(file, ()) for strand in self.line()))

    def functions_looked_at(self, file: str) -> set[str]:
        """The functions of `file` whose code has been looked at up to here."""
        return set().union(*(strand.looked_at.get(file, ()) for strand in self.line()))

    def seal(self, file: str) -> str:
        """Why the functions of `file` cannot be exchanged, or an empty string."""
        return next((strand.sealed[file] for strand in self.line() if file in strand.sealed), "")

    def is_only_read(self, now: Now) -> bool:
        """Whether it is just that the process has read this file since it was forked, that is: a request has."""
        is_read = now.path in self._reads and now.path not in self.texts
        return is_read and self.parent is not None and self.parent.objection(now) is None

    def objection(self, now: Now) -> Objection | None:
        """What the process consumed of this path and would not find again, if anything."""
        is_text_known = False
        found: Objection | None = None
        for strand in self.line():
            is_own = now.path in strand._own
            if not is_own and (objection := strand._own_objection(now)) is not None:
                return objection
            text = strand.texts.get(now.path)
            if text is not None and not is_text_known and (now.path in strand._final or not is_own):
                is_text_known = True
                if now.digest is None:
                    return Objection(now.path, "it is gone")
                if text.digest != now.digest:
                    # Further up there may be more to it: that it was read as well, or listed.
                    found = Objection(now.path, "it was executed", text)
            if is_own:
                return found
        return found

    def _own_objection(self, now: Now) -> Objection | None:
        path = now.path
        if any(signature != now.signature for signature in self._reads.get(path, ())):
            return Objection(path, "it was read during the start")
        if any(found != now.kinds[not follows] for found, follows in self._stats.get(path, ())):
            return Objection(path, "the start depends on its existence")
        parent, name = os.path.split(path)
        if name.startswith("__init__."):
            # A directory that becomes a package, or ceases to be one, may shadow a module beside it.
            above, package = os.path.split(parent)
            if self._is_other(self._looked_for(above, package), now):
                return Objection(path, "a module of this name was looked for")
        if self._is_other(self._looked_for(parent, name.partition(".")[0]), now):
            return Objection(path, "a module of this name was looked for")
        if self._is_other(self._listings.get(parent), now):
            return Objection(path, "its folder was listed during the start")
        return None

    def _looked_for(self, directory: str, stem: str) -> frozenset[int] | None:
        return self._stems[directory].get(stem) if directory in self._stems else None

    @staticmethod
    def _is_other(edits: Iterable[int] | None, now: Now) -> bool:
        return any(now.existed_at(edit) != now.exists for edit in edits or ())
