"""Threads of the start that end by an exception which an older process may be the cause of.

A start goes on without such a thread: without the metrics server, say, whose port the old server still had.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_of_start: set[threading.Thread] | None = None
"""None: all that there are, since the start is under way."""


def watch(tell: Callable[[BaseException], object]) -> None:
    """Have `tell` called, in such a thread, after Python or the project has shown the exception."""
    before = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        before(arguments)
        exc = arguments.exc_value
        if exc is not None and (_of_start is None or arguments.thread in _of_start):
            from afresh.boot.failure import may_be_held

            if may_be_held(exc):
                tell(exc)

    threading.excepthook = hook


def is_ready() -> None:
    """What begins from now on is begun by requests."""
    global _of_start
    _of_start = set(threading.enumerate())
