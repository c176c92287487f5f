"""Which functions of the project ran, or had their code looked at, during the start; and when modules ran.

A function that did neither can be exchanged without a trace. `sys.monitoring` tells of each code object once and is
within the noise of a boot; Python 3.11 has none, and there nothing can be exchanged.
"""

from __future__ import annotations

import sys

from afresh.boot.roots import OWN
from afresh.reload.journal import Looked, Ran

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

    from afresh.boot.roots import ProjectRoots
    from afresh.boot.timing import ModuleTimes
    from afresh.reload.journal import Entry

# Numbers that nobody has a right to; debuggers, coverage tools and profilers have 0 to 2, optimizers 5.
TOOLS = (3, 4)
FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS: neither a module nor a class body, which always run
# Readers of code objects in `inspect` that take flags and parameters only, which an exchanged function has as well.
HARMLESS = (
    "_signature_from_function",
    "_has_code_flag",
    "_has_coroutine_mark",
    "getfullargspec",
    "isgeneratorfunction",
)


class Executions:
    """Collects; `flush` passes on through `add` what is new."""

    def __init__(self, roots: ProjectRoots, add: Callable[[Entry], None], times: ModuleTimes) -> None:
        self._roots = roots
        self._add = add
        self._ran: set[tuple[str, str]] = set()
        self._looked_at: set[tuple[str, str]] = set()
        self._times = times
        self._tool: int | None = None

    def __repr__(self) -> str:
        return f"<Executions tool={self._tool} new={len(self._ran) + len(self._looked_at)}>"

    def start(self) -> bool:
        """Begin; false where nothing can be known, and so nothing be exchanged."""
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None or not getattr(sys, "_is_gil_enabled", lambda: True)():
            return False
        for number in TOOLS:
            if monitoring.get_tool(number) is None:
                monitoring.use_tool_id(number, "afresh")
                self._disable = monitoring.DISABLE
                monitoring.register_callback(number, monitoring.events.PY_START, self._started)
                monitoring.register_callback(number, monitoring.events.PY_RETURN, self._returned)
                self._set_local_events = monitoring.set_local_events
                self._py_return = monitoring.events.PY_RETURN
                monitoring.set_events(number, monitoring.events.PY_START)
                self._tool = number
                return True
        return False

    @property
    def is_on(self) -> bool:
        return self._tool is not None

    def flush(self) -> None:
        """Pass on what ran, or was looked at, since the last time."""
        ran, self._ran = self._ran, set()
        looked_at, self._looked_at = self._looked_at, set()
        for file, functions in _by_file(ran):
            self._add(Ran(file, functions))
        for file, functions in _by_file(looked_at):
            self._add(Looked(file, functions))

    def stop(self) -> None:
        """The application is loaded: what runs from here on runs in servers, which are never gone on from."""
        if self._tool is not None:
            monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
            monitoring.set_events(self._tool, 0)
            monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, None)
            monitoring.free_tool_id(self._tool)

    def _started(self, code: CodeType, _: int) -> Any:
        if code.co_flags & FUNCTION == FUNCTION:
            if self._roots.contains(code.co_filename):
                self._ran.add((code.co_filename, code.co_qualname))
        elif code.co_name == "<module>" and self._tool is not None:
            self._times.begun(code)
            self._set_local_events(self._tool, code, self._py_return)
        return self._disable

    def _returned(self, code: CodeType, _: int, __: object) -> Any:
        self._times.ended(code)

    def looked_at(self, arguments: tuple[Any, ...]) -> None:
        """An attribute was read that Python tells of: of a function, its code (audit event `object.__getattr__`)."""
        function, name = arguments
        if name != "__code__" or type(function) is not _FUNCTION:
            return
        # the hook, this method, the reader
        reader = sys._getframe(2).f_code
        file = reader.co_filename
        if file.startswith(OWN) or (reader.co_name in HARMLESS and file.endswith("/inspect.py")):
            return
        code = function.__code__
        if self._roots.contains(code.co_filename):
            self._looked_at.add((code.co_filename, code.co_qualname))


def _by_file(functions: set[tuple[str, str]]) -> Iterable[tuple[str, tuple[str, ...]]]:
    by_file: dict[str, list[str]] = {}
    for file, function in functions:
        by_file.setdefault(file, []).append(function)
    return [(file, tuple(sorted(names))) for file, names in by_file.items()]


_FUNCTION = type(lambda: None)
