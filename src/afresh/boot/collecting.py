"""Garbage collection during a start: of the youngest objects only, since nearly all that it makes is there to stay.

What is made and dropped at once must go: a class that `dataclass(slots=True)` has replaced would be among its base's
`__subclasses__()` for ever. The older generations find next to nothing (of 12,700 objects in cycles of a start of
5,000 modules 240 were left), and take two thirds of the time. From Python 3.14 on, which collects in increments, it is
as little of the old objects as it does.
"""

import functools
import gc
from typing import Any

NEVER = 1_000_000
"""Collections of a younger generation before one of the next."""

_before: list[tuple[int, int, int]] = []


def youngest_only() -> None:
    """Until `as_before`, in this process and in those that are forked from it."""
    _show_what_is_frozen()
    _before.append(gc.get_threshold())
    gc.set_threshold(_before[0][0], NEVER, NEVER)


def keep() -> None:
    """What is alive stays alive: a collection in a forked process would touch, and so copy, every page for nothing."""
    if gc.isenabled():
        gc.collect(0)
    gc.freeze()


def _show_what_is_frozen() -> None:
    """Make the collector's answers contain what `keep` has hidden from it, as in a cold start.

    gevent looks for the locks that are held when it patches; leaks are searched for in this way.
    """
    get_objects, get_referrers = gc.get_objects, gc.get_referrers

    @functools.wraps(get_objects)
    def all_objects(generation: int | None = None) -> list[Any]:
        gc.unfreeze()
        return get_objects(generation)

    @functools.wraps(get_referrers)
    def all_referrers(*objects: Any) -> list[Any]:
        gc.unfreeze()
        return [one for one in get_referrers(*objects) if one is not objects]

    vars(gc).update(get_objects=all_objects, get_referrers=all_referrers)


def as_before() -> None:
    """The application is loaded. What the project itself has decided by now stays, in multiples of what it had found
    too (`set_threshold(first, second * 2, third * 2)`)."""
    if _before:
        first, *older = gc.get_threshold()
        gc.set_threshold(first, *map(_as_without_us, older, _before[0][1:]))
    _before.clear()


def _as_without_us(now: int, before: int) -> int:
    return before * (now // NEVER) if now >= NEVER else now
