"""Which calls of `sys.settrace` are a debugger's, and what that says."""

import bdb
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from afresh.boot.prompts import traces


def caller() -> FrameType:
    return sys._getframe(1)


class Debugger(bdb.Bdb):
    """Names of methods as in `bdb`, and in those made from it (IPython's, pudb's)."""

    def set_trace(self, frame: FrameType | None = None) -> FrameType:  # type: ignore[override]
        return caller()

    def start_trace(self) -> FrameType:
        return caller()

    def set_continue(self) -> FrameType:  # type: ignore[override]
        return caller()

    def set_quit(self) -> FrameType:  # type: ignore[override]
        return caller()

    def stop_trace(self) -> FrameType:
        return caller()


class Coverage:
    def start(self) -> FrameType:
        return caller()


class Hostile:
    """What asks for its class runs code of the project."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError

    def start(self) -> FrameType:
        return caller()


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        (Debugger().set_trace, True),
        (Debugger().start_trace, True),
        (Debugger().set_continue, False),
        (Debugger().set_quit, False),
        (Debugger().stop_trace, False),
        (Coverage().start, None),
        (Hostile().start, None),
        (caller, None),
    ],
)
def test_a_debugger_is_known_by_its_base(called: Callable[[], FrameType], expected: bool | None) -> None:
    assert traces(called()) is expected
