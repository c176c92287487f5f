"""What settings may have read before anybody looked: the entry through `manage.py` starts in the middle.

Nothing tells of it. So until the first start that is seen from its beginning, the data files where settings usually
look count as read, and so do the usual names that are not there. If one is edited, or comes, that start is made.
"""

from __future__ import annotations

import os
import re
import stat

from afresh.reload.journal import Read
from afresh.source.reading import signature_in, signature_of
from afresh.watch import disk, filters, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 1000
MISSING = (".env", ".env.local", ".envrc", "local_settings.py", "settings_local.py", "local.py", "settings.ini")
# Code (which is told of by itself), what is written for people and other programs, and what programs write.
_OTHERS = re.compile(
    r".*\.(py|pyc|pyi|md|rst|lock|out|pid|sock|tmp) | \.git.* | (Dockerfile|Makefile|LICENSE|AUTHORS).* | nohup\.out"
    r" | \.coverage.* | celerybeat.*",
    re.VERBOSE,
)


def entries(places: list[str]) -> list[Read]:
    """A `Read` for each file that may have been read in these folders; above the first, up to the repository's, for
    `.env` only."""
    written = set(_open_files())
    found = [path for place in places for path in _data_files(place, written)]
    reads = [Read(path, signature_of(path)) for path in found[:MOST_FILES]]
    reads += [Read(path, None) for path in _missing(places) if not os.path.lexists(path)]
    above = [path for path in _above(places[0]) if path not in found]
    return reads + [Read(path, signature_of(path)) for path in above]


def _data_files(folder: str, written: set[tuple[int, int]]) -> Iterator[str]:
    for entry in disk.scan(folder):
        if _OTHERS.fullmatch(entry.name) or filters.is_noise(entry.name):
            continue
        try:
            status = entry.stat()
        except OSError:
            continue
        is_written = (status.st_dev, status.st_ino) in written
        if signature_in(status) is not None and not is_written and not states.is_database(entry.path):
            yield entry.path


def _missing(places: list[str]) -> Iterator[str]:
    for place in places:
        for name in MISSING:
            yield os.path.join(place, name)


def _above(folder: str) -> Iterator[str]:
    """Each `.env` that a search upwards comes by (as python-dotenv and others search)."""
    top = disk.repository_of(folder)
    while folder != top and folder != "/":
        folder = os.path.dirname(folder)
        yield os.path.join(folder, ".env")


def _open_files() -> Iterator[tuple[int, int]]:
    """The files that this process has open: its output may go to one beside the project."""
    for name in os.listdir("/proc/self/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue  # the listing's own
        if stat.S_ISREG(status.st_mode):
            yield status.st_dev, status.st_ino
