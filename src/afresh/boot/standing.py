"""Leaving checkpoints on the way: when a module of the project is about to be executed, and inside of it.

A process that is resumed from such a place goes on there: it applies what the keeper orders and returns into the import
that was going on.
"""

from __future__ import annotations

import sys

from afresh import native
from afresh.boot.placement import Placement
from afresh.boot.roots import STDLIB, is_below
from afresh.channel import messages as msg
from afresh.reload.orders import Inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

    from afresh.boot.control import Control
    from afresh.boot.roots import ProjectRoots

# Of Python's own modules only these may be in the middle of something. `logging` holds a lock while it imports a
# handler's class, and makes that lock anew in a child, which then fails to release it; what others hold is not known.
HARMLESS = ("importlib", "runpy", "functools", "contextlib", "pkgutil", "abc", "typing", "dataclasses", "enum", "ast")


class Standing:
    """Decides by `placement`, asks what is against it, and forks."""

    def __init__(self, control: Control, roots: ProjectRoots, placement: Placement) -> None:
        self._control = control
        self._roots = roots
        self._placement = placement
        # Tells the keeper all that was consumed so far.
        self.flush: Callable[[], object] = _nothing
        # What to do in a process that goes on, and in one that is resumed, with the keeper's orders.
        self.on_fork: Callable[[], object] = _nothing
        self.on_resume: Callable[[msg.Go], object] = lambda _: None
        self._is_over = False
        self._told: set[str] = set()

    def __repr__(self) -> str:
        return f"<Standing {self._placement!r}>"

    def end(self) -> None:
        """The start is over: what is loaded from now on is loaded by a server."""
        self._is_over = True

    def set_up(self, *, has_own: bool) -> None:
        """What a start may do but once is done, and the project `has_own` such acts: a process that goes on from here
        may do the rest again."""
        if not self._is_over and self._placement.set_up(has_own=has_own):
            self._stand(None)

    def before(self, file: str) -> bool:
        """The module at `file` is about to be executed; true in a process that is resumed here."""
        if self._is_over or not self._placement.is_due(file, native.monotonic()):
            return False
        return self._stand(None)

    def line_in(self, file: str) -> int:
        """Above which line of `file` to call `inside`; 0 for none."""
        return 0 if self._is_over else self._placement.line_in(file, native.monotonic())

    def inside(self, place: Inside) -> bool:
        """The module has come to that place; true in a process that is resumed here."""
        return not self._is_over and self._stand(place)

    def give_up(self, file: str) -> NoReturn:
        """Nothing can be gone on with: the file was saved again in the meantime. Ends the process."""
        self._control.give_up(file, "")

    def _stand(self, inside: Inside | None) -> bool:
        unfinished, is_safe = self._look_at_frames(sys._getframe(2))
        if not is_safe:
            return False
        if obstacle := self._control.obstacle():
            self._tell(obstacle)
            return False
        began = native.monotonic()
        self.flush()
        go = self._control.leave_checkpoint(msg.Stood(unfinished, inside, self._placement.is_set_up))
        self.on_fork()
        if go is None:
            self._placement.spent(native.monotonic() - began)
            return False
        self._placement = self._placement.resumed(native.monotonic(), go.course)
        self.on_resume(go)
        return True

    def _tell(self, obstacle: str) -> None:
        if obstacle not in self._told:
            self._told.add(obstacle)
            self._control.send(msg.Obstructed(obstacle))

    def _look_at_frames(self, frame: FrameType | None) -> tuple[tuple[str, ...], bool]:
        """The project's files of which a part is still to come, and whether whoever is at work may be copied."""
        unfinished = []
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            if code.co_name == "<module>":
                if self._roots.contains(file):
                    unfinished.append(file)
            elif is_below(file, STDLIB) and "-packages/" not in file and not _is_harmless(file):
                return (), False
            frame = frame.f_back
        return tuple(unfinished), True


def _is_harmless(file: str) -> bool:
    return file[len(STDLIB) + 1 :].partition("/")[0].removesuffix(".py") in HARMLESS


def _nothing() -> None:
    pass
