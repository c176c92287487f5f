"""Paths and looks at the disk that answer with a value where there is nothing.

Must live here: the few calls that several modules of this room share.
Must not know: what is watched.
"""

import os


def plain(path: str) -> str:
    """A directory's path without a slash at its end."""
    return path.rstrip("/") or "/"


def is_below(path: str, roots: frozenset[str]) -> bool:
    """Whether `path` is one of `roots` or below one."""
    while path not in roots:
        above = os.path.dirname(path)
        if above == path:
            return False
        path = above
    return True


def names(path: str) -> set[str]:
    """The names in a directory; none if it is not there, or not one."""
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


def scan(path: str) -> list[os.DirEntry[str]]:
    """The entries of a directory; none if it is not there, or not one."""
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []


def leads_to_directory(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a directory, links followed; a link that leads nowhere, or only to itself, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def size(path: str) -> int | None:
    """Bytes of what is at `path`, links followed; None if nothing is."""
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def changed_at(path: str, *, follow: bool) -> int:
    """When the inode at `path` last changed, nanoseconds of the wall clock; 0 if there is none."""
    try:
        return os.stat(path, follow_symlinks=follow).st_ctime_ns
    except OSError:
        return 0


def read_text(path: str) -> str | None:
    """The text of a file; None if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def repository_of(root: str) -> str:
    """The nearest directory at or above `root` with a `.git`; `root` itself if there is none."""
    directory = root
    while directory != "/":
        if os.path.exists(directory + "/.git"):
            return directory
        directory = os.path.dirname(directory)
    return root
