"""The edge to the disk: opens the file that a request names, and plans its response."""

import os
import stat
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from afresh.static.media_types import media_type
from afresh.static.places import Candidate, Opened, Place, candidates, open_first, relative_path
from afresh.static.plan import Plan, make_plan
from afresh.static.representation import Representation, Signature, describe, signature_of

_METHODS = ("GET", "HEAD")
# Preconditions that Django does not know either; they are the application's affair.
_UNKNOWN = frozenset({"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})
_MOST_REMEMBERED = 4096
# A device or a pipe in a static folder must not make the server wait.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class FileResponse(NamedTuple):
    """A planned response and the open file that its extents are of, which whoever sends it closes."""

    plan: Plan
    descriptor: int


class _Known(NamedTuple):
    """What was said about the file of a request's path, true of a file at `path` with this signature, and where to look
    for it: what had it then is `number` of `where`."""

    where: tuple[Candidate, ...]
    number: int
    path: str
    signature: Signature
    file: Representation


class StaticFiles:
    """The files below `prefix` (a path that ends with a slash), looked for in `places`. Safe from any thread."""

    def __init__(self, prefix: str, places: Sequence[Place]) -> None:
        self.prefix = prefix
        self._places = tuple(places)
        # Type and validators are made again only when the file has changed; the file itself is looked at every time.
        self._known: dict[str, _Known] = {}

    def __repr__(self) -> str:
        return f"<StaticFiles {self.prefix!r} places={len(self._places)}>"

    def covers(self, path: str) -> bool:
        """Whether `path` is below the prefix, as far as it can be told from its bytes."""
        return path.startswith(self.prefix)

    def respond(self, method: str, path: str, fields: Mapping[str, str]) -> FileResponse | None:
        """The response to a request without a body; None where only the application can answer: for everything but
        GET and HEAD of a readable regular file in its plain spelling.

        `path` as `places.relative_path` takes it; `fields` by their CGI names.
        """
        if (not path.startswith(self.prefix) and path.isascii()) or method not in _METHODS:
            return None
        if not _UNKNOWN.isdisjoint(fields):
            return None
        known = self._known.get(path)
        if known is not None:
            where, expected = known.where, known.number
        else:
            relative = relative_path(path, self.prefix)
            if relative is None:
                return None
            where, expected = candidates(self._places, relative), 0
        try:
            found = open_first(where, _FLAGS, expected)
        except Exception:
            # A project's own finder fails, a name is too long, reading is not permitted: the application says it.
            return None
        if found is None:
            return None
        descriptor = found.descriptor
        try:
            file = self._look(path, where, found, known)
            boundary = os.urandom(16).hex() if "HTTP_RANGE" in fields else ""
            plan = None if file is None else make_plan(method, fields, file, boundary)
        except Exception:
            # A name that cannot be said in a header, a type that somebody has added: the application's affair again.
            plan = None
        if plan is None:
            os.close(descriptor)
            return None
        return FileResponse(plan, descriptor)

    def _look(
        self, asked: str, where: tuple[Candidate, ...], found: Opened, known: _Known | None
    ) -> Representation | None:
        """What to say about an open file, unless it is the one that is `known`; None for anything but a regular one."""
        path, descriptor, number = found
        status = os.fstat(descriptor)
        signature = signature_of(status)
        if known is not None and known.signature == signature and known.path == path:
            return known.file
        if not stat.S_ISREG(status.st_mode):
            return None
        file = describe(path, media_type(path), signature, time.time())
        if file.etag:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[asked] = _Known(where, number, path, signature, file)
        return file
