"""How long a test may wait."""

import os
import time

PATIENCE = float(os.environ.get("AFRESH_TEST_PATIENCE", "25"))
"""Seconds that a wait may take when the caller names no other time; generous, because it only ends failing tests."""


class Deadline:
    """A point in time, `seconds` from now on the monotonic clock."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Whether the deadline is over."""
        return self.left() == 0.0

    def __repr__(self) -> str:
        return f"<Deadline {self.left():.3f} s left>"
