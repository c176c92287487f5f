"""One edit in the making: from the first event until the burst is over.

Must live here: what is kept between the events of one burst.
Must not know: threads, real clocks, the gate.
"""

import os
from collections.abc import Sequence

from afresh.reload.journal import Edit
from afresh.watch import disk
from afresh.watch.coverage import Coverage
from afresh.watch.points import Points
from afresh.watch.polling import Signal
from afresh.watch.settle import Settling


class Batch:
    """The events of one raise of the latch. Times in seconds of any one clock. The watcher's lock is held around it."""

    def __init__(self, coverage: Coverage, points: Points, began: float, limit: float) -> None:
        self._coverage = coverage
        self._points = points
        self._settling = Settling(began, limit)

    def __repr__(self) -> str:
        return f"<Batch {self._settling}>"

    def take(self, signals: Sequence[Signal], now: float) -> None:
        """Take note of what has happened."""
        for path, mask in self._coverage.nominate(signals):
            # The size is asked for after the path is watched: what is written later is another event.
            expected = self._coverage.expected_size(path)
            size = disk.size(path)
            if size is None and expected is None and os.path.islink(path):
                size = 0  # it has come, though it leads nowhere
            self._settling.touch(path, mask, size, expected, now)
        if self._points.is_lost:
            self._settling.stir(now)

    def deadline(self) -> float:
        """When the edit is settled if nothing more happens; in the past if it is."""
        return self._settling.deadline()

    def is_over(self, now: float) -> bool:
        """Whether the limit is reached, whatever happens still."""
        return self._settling.is_over(now)

    def look_again(self) -> list[Signal]:
        """What is polled has to look the same twice: no event tells that its writer is done."""
        return self._points.poller.scan(self._settling.touched)

    def finish(self) -> Edit:
        """Compare what was touched with the disk; an edit without changes means nothing."""
        was_lost = self._points.is_lost
        masks = {path: touch.mask for path, touch in self._settling.touched.items()}
        changed = self._coverage.compare(masks, everything=was_lost)
        return Edit(frozenset(changed), everything=was_lost and bool(changed))
