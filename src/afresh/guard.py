"""The one place that deals with an error of Afresh's own inside the project's process.

None may reach the project, which would see an exception that no code of its own raises, and none may pass in silence:
what Afresh does there is then not done, and what follows from that is said once, in one line. Only what is Afresh's own
is guarded: what the project raises passes by.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    Arguments = ParamSpec("Arguments")
    Result = TypeVar("Result")

PLAIN = "the project goes on as without it"

_said: set[str] = set()


def guarded(
    what: str, then: str, otherwise: Any = None
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Make a function of Afresh's return `otherwise` where it fails at `what`, and say what comes `then`."""

    def guard(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        def call(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
            try:
                return function(*arguments, **options)
            except Exception as exc:
                failed(what, then, exc)
                result: Result = otherwise
                return result

        call.__name__ = function.__name__
        call.__doc__ = function.__doc__
        return call

    return guard


def failed(what: str, then: str, exc: BaseException) -> None:
    """Say that Afresh failed at `what`, once in a process."""
    if what in _said:
        return
    _said.add(what)
    try:
        line = f"Afresh failed at {what} ({_shown(exc)}): {then}. Please report this."
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except Exception:
        pass  # there is nobody left to say it to


def _shown(exc: BaseException) -> str:
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = "" if traceback is None else f", {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
    try:
        text = f": {exc}"
    except Exception:
        text = ""
    return f"{type(exc).__name__}{text}{place}"
