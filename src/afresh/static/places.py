"""Where a static file lies: the places are asked in their order, at every request.

Nothing that is remembered between requests is believed, so that a file that was made, moved or deleted a moment ago, or
that hides another one of the same name, is seen by the next one. This costs a system call for each place that comes
first.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias


class Folder(NamedTuple):
    """A folder, without a slash at its end, whose files are found below `prefix` ("" or ending with a slash).

    `takes_broken_links`: a link that leads nowhere hides what comes later, though it cannot be served
    (`FileSystemStorage.exists`, while `os.path.exists` passes over it).
    """

    root: str
    prefix: str = ""
    takes_broken_links: bool = False


Asked: TypeAlias = Callable[[str], object]
"""Finds a file by its relative path: an absolute path, or something false."""

Place: TypeAlias = Folder | Asked


def relative_path(path: str, prefix: str) -> str | None:
    """The part of `path` below `prefix` in plain spelling; None for any other path.

    `path`: the decoded path of a request, its bytes as latin-1 (PATH_INFO of PEP 3333). What is left out here ("..",
    empty segments, control characters, a second percent-encoding) is not refused: the application decides.
    """
    if not path.isascii():
        try:
            path = path.encode("latin-1").decode()
        except UnicodeDecodeError:
            return None
    if not path.startswith(prefix):
        return None
    relative = path[len(prefix) :]
    if "%" in relative or not relative.isprintable():
        return None
    segments = relative.split("/")
    if "" in segments or "." in segments or ".." in segments:
        return None
    return relative


class Candidate(NamedTuple):
    """Where one of the places would have a file: `path`, absolute, or what `find` says. The others as in Folder."""

    path: str
    takes_broken_links: bool
    find: Asked | None


def candidates(places: Sequence[Place], relative: str) -> tuple[Candidate, ...]:
    """Where the places would have the file of this relative path, in their order."""
    return tuple(
        Candidate(f"{place.root}/{relative[len(place.prefix) :]}", place.takes_broken_links, None)
        if isinstance(place, Folder)
        else Candidate(relative, False, place)
        for place in places
        if not isinstance(place, Folder) or relative.startswith(place.prefix)
    )


class Opened(NamedTuple):
    """What was found: its absolute path, its descriptor, and which of the candidates it is."""

    path: str
    descriptor: int
    number: int


def open_first(those: Sequence[Candidate], flags: int, expected: int = 0) -> Opened | None:
    """Open the first file or folder that is there; None where none is.

    `expected`: which of them will be, probably. Those before it are asked all the same, in the way that costs least
    where there is nothing. Raises OSError for one that cannot be opened.
    """
    for number, candidate in enumerate(those):
        path, takes_broken_links, find = candidate
        if find is not None:
            found = find(path)
            if found:
                return Opened(found, os.open(found, flags), number) if isinstance(found, str) else None
            continue
        if number < expected and not os.access(path, os.F_OK, follow_symlinks=not takes_broken_links):
            continue
        try:
            return Opened(path, os.open(path, flags), number)
        except OSError:
            # Made between the two looks, it is the application's to answer.
            if os.access(path, os.F_OK, follow_symlinks=not takes_broken_links):
                raise
    return None
