"""How soon a thread that computes lets another one have the interpreter."""

import sys

_SHORT = 0.001
_DEFAULT = 0.005
"""CPython's own (`sys.setswitchinterval`)."""


class SwitchInterval:
    """The interpreter's switch interval, shortened while answers are in progress beside the one that is waited for.

    A quick request beside a view that computes waits for up to an interval after each system call of the server, three
    of them until it is answered. Not shorter: every thread that waits for the interpreter wakes up once in an interval.
    Not at other times, and not where the application has set one itself. For one thread at a time.
    """

    def __init__(self) -> None:
        self._beside = 0

    def __repr__(self) -> str:
        return f"<SwitchInterval beside={self._beside}>"

    def begin(self) -> None:
        """One more answer is in progress beside."""
        self._beside += 1
        if self._beside == 1 and sys.getswitchinterval() == _DEFAULT:
            sys.setswitchinterval(_SHORT)

    def end(self) -> None:
        """One of them is over."""
        self._beside -= 1
        if self._beside == 0 and sys.getswitchinterval() == _SHORT:
            sys.setswitchinterval(_DEFAULT)
