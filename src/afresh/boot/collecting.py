"""Garbage collection during a start: seldom, since nearly all that a start makes is there to stay.

As often as usual it takes 2 % of a small project's start and 5 % of a large one's (200 ms).
"""

import gc

SELDOM = 50_000  # objects more than before, between two collections of the youngest

_before: list[tuple[int, int, int]] = []


def seldom() -> None:
    """Until `as_before`, in this process and in those that are forked from it."""
    _before.append(gc.get_threshold())
    gc.set_threshold(SELDOM, *_before[0][1:])


def as_before() -> None:
    """The application is loaded. What the project itself has decided by now stays."""
    if _before and gc.get_threshold() == (SELDOM, *_before[0][1:]):
        gc.set_threshold(*_before[0])
    _before.clear()
