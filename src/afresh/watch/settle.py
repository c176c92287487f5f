"""How long to wait until a burst of changes is over: pure, from what is being written.

Must live here: phases of a file that is being saved, and the deadline that follows from them.
Must not know: the disk, inotify's descriptor, real clocks.
"""

import enum
import math
from collections.abc import Mapping

import msgspec

from afresh.watch import inotify


class Phase(enum.Enum):
    """Where the saving of one path stands."""

    DONE = "closed, or another file was renamed over it"
    CREATED = "there, but its writer was not watched from the start"
    WRITING = "written to and not closed yet"
    EMPTY = "had content and has none"
    ABSENT = "was there and is not"


# Seconds after the last event of that path. DONE is not 0: the next file of a `git switch` follows within 0.1 ms, and
# two edits for one burst would start two boots. EMPTY and ABSENT are the pauses of editors that truncate or delete
# first and write later. WRITING ends with the close, or with the limit for the whole edit.
GRACE: Mapping[Phase, float] = {
    Phase.DONE: 0.001,
    Phase.CREATED: 0.005,
    Phase.WRITING: math.inf,
    Phase.EMPTY: 0.1,
    Phase.ABSENT: 0.1,
}
QUIET = 0.005
"""Seconds without an event that end a burst of several paths."""


class Touch(msgspec.Struct):
    """What was seen of one path during one edit: its phase, when the last event came, all the bits so far."""

    phase: Phase
    at: float
    mask: int


def phase_after(previous: Phase | None, mask: int, size: int | None, expected: int | None) -> Phase | None:
    """The phase of a path after an event with `mask`; None when there is nothing to wait for and nothing to compare.

    `size` is its size in bytes now, `expected` the size known before; None where it is, or was, not there.
    """
    if size is None:
        # A temporary name that came and went, as every atomic save leaves behind, is not waited for.
        return None if expected is None else Phase.ABSENT
    if mask & inotify.MODIFY and not mask & (inotify.CLOSE_WRITE | inotify.MOVED_TO):
        return Phase.WRITING
    if previous is Phase.WRITING and not mask & (inotify.CLOSE_WRITE | inotify.STRUCTURAL):
        return Phase.WRITING
    if size == 0 and expected:
        return Phase.EMPTY
    return Phase.CREATED if mask & inotify.CREATE else Phase.DONE


class Settling:
    """The paths of one edit in the making. Times in seconds of any one clock."""

    def __init__(self, began: float, limit: float) -> None:
        self._end = began + limit
        self._last = began
        self._is_burst = False
        self.touched: dict[str, Touch] = {}

    def __repr__(self) -> str:
        return f"<Settling {self.touched}>"

    def touch(self, path: str, mask: int, size: int | None, expected: int | None, now: float) -> None:
        """Take note of one event of a path that matters."""
        known = self.touched.get(path)
        phase = phase_after(known.phase if known else None, mask, size, expected)
        if phase is None:
            self.touched.pop(path, None)
            return
        self._last = now
        self.touched[path] = Touch(phase, now, mask | (known.mask if known else 0))

    def stir(self, now: float) -> None:
        """Something happened that no path can be named for: a burst until it is quiet."""
        self._last = now
        self._is_burst = True

    def is_over(self, now: float) -> bool:
        """Whether the limit is reached, whatever happens still."""
        return now >= self._end

    def deadline(self) -> float:
        """When the edit is settled if nothing more happens; in the past if it is."""
        ends = max((touch.at + GRACE[touch.phase] for touch in self.touched.values()), default=-math.inf)
        if len(self.touched) > 1 or self._is_burst:
            ends = max(ends, self._last + QUIET)
        return min(ends, self._end)
