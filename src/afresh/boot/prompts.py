"""Noticing that a request stands at a prompt of a debugger: its server must not be ended by a reload."""

import sys
import threading
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

# Methods of `bdb.Bdb` that take the trace function away: the program goes on without the debugger.
_LEAVING = frozenset({"set_continue", "set_quit", "stop_trace"})


class Prompts:
    """`tell` hears whether a request stands at one, when that changes."""

    def __init__(self, tell: Callable[[bool], object]) -> None:
        self._tell = tell
        self._is_held = False

    def __repr__(self) -> str:
        return f"<Prompts held={self._is_held}>"

    def watch(self) -> None:
        """From now on, on all threads but this one.

        `input()` is what pdb reads by. Other debuggers have an input of their own, and are seen at `breakpoint()` and
        at what those made from `bdb` (IPython's, pudb) do to begin and to end.
        """
        own = threading.get_ident()

        def hook(event: str, _: object) -> None:
            if event == "builtins.breakpoint" or event == "builtins.input":
                self._hold(threading.get_ident() != own)
            elif event == "builtins.input/result":
                self.leave()
            elif event == "sys.settrace":
                found = traces(sys._getframe(1))
                if found:
                    self._hold(threading.get_ident() != own)
                elif found is False:
                    self.leave()

        sys.addaudithook(hook)

    def _hold(self, is_held: bool) -> None:
        if is_held and not self._is_held:
            self._is_held = True
            self._tell(True)

    def leave(self) -> None:
        """The prompt has been left."""
        if self._is_held:
            self._is_held = False
            self._tell(False)


def traces(frame: "FrameType") -> bool | None:
    """Whether a debugger begins to trace, or ends it, in the frame that has called `sys.settrace`; None where that is
    of no debugger (but of coverage, say)."""
    debugger = getattr(sys.modules.get("bdb"), "Bdb", None)
    # By the type alone: whatever else `isinstance` asks of an object may be the project's own code.
    if debugger is None or not issubclass(type(frame.f_locals.get("self")), debugger):
        return None
    return frame.f_code.co_name not in _LEAVING
