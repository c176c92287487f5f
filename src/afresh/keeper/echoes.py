"""Files that change as an effect of being read: a page that follows them would load itself for ever.

Pure. Only what a page does is stopped. The server is replaced each time, so that no answer is ever old: that the change
comes from the request itself is a guess from times, and a user may save as fast.
"""

import math
from collections.abc import Iterable

QUICK = 1.0  # seconds from the reading to the change
MOST = 10  # quick changes in a row


class Echoes:
    """Times in seconds of any one clock."""

    def __init__(self) -> None:
        self._read: dict[str, float] = {}
        self._in_a_row = 0

    def __repr__(self) -> str:
        return f"<Echoes read={len(self._read)} in_a_row={self._in_a_row}>"

    def read(self, path: str, now: float) -> None:
        """A request reads this file."""
        self._read[path] = now

    def changed(self, paths: Iterable[str], now: float) -> bool:
        """Files that only requests have read have changed; whether pages may follow."""
        is_quick = all(now - self._read.pop(path, -math.inf) < QUICK for path in list(paths))
        self._in_a_row = self._in_a_row + 1 if is_quick else 0
        return self._in_a_row <= MOST

    def calm(self) -> None:
        """Something else has changed."""
        self._in_a_row = 0
