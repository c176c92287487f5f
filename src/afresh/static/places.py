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


class Opened(NamedTuple):
    """What was found: its absolute path, its descriptor, and which of the places has it."""

    path: str
    descriptor: int
    number: int


def open_first(places: Sequence[Place], relative: str, flags: int, expected: int = 0) -> Opened | None:
    """Open the first file or folder that a place has under this name; None where no place has one.

    `expected`: which place will have it, probably. Those before it are asked all the same, in the way that costs least
    where they have none. Raises OSError for one that cannot be opened.
    """
    for number, place in enumerate(places):
        if not isinstance(place, Folder):
            found = place(relative)
            if found:
                return Opened(found, os.open(found, flags), number) if isinstance(found, str) else None
        elif relative.startswith(place.prefix):
            path = f"{place.root}/{relative[len(place.prefix) :]}"
            if number < expected and not _has(place, path):
                continue
            try:
                return Opened(path, os.open(path, flags), number)
            except OSError:
                # Made between the two looks, it is the application's to answer.
                if _has(place, path):
                    raise
    return None


def _has(place: Folder, path: str) -> bool:
    return os.access(path, os.F_OK, follow_symlinks=not place.takes_broken_links)
