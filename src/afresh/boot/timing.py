"""How long each module of a start took, and which module was being executed when it was.

Told by `sys.monitoring`, which the start uses anyway (`afresh.boot.executions`): a module's code begins and returns.
What extension modules do is their importer's time.
"""

from __future__ import annotations

from _thread import get_ident

from afresh import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

# Per module: file, when its look-up or its code began, when it ended (0: never), the index of its importer or -1.
Timed = list["str | int"]

_clock = native.monotonic_ns


class ModuleTimes:
    """Collects; begun and ended are called in the order in which a thread executes."""

    def __init__(self) -> None:
        self.modules: list[Timed] = []
        self.began = _clock()
        self._open: dict[int, list[int]] = {}
        self._looked_up = 0
        # Times told after a checkpoint are brought forward by as long as it was dormant.
        self._dormant = 0
        self._stood = 0

    def __repr__(self) -> str:
        return f"<ModuleTimes modules={len(self.modules)}>"

    def looked_up(self) -> None:
        """A module is being looked up: if it is executed next, this belongs to it."""
        self._looked_up = _clock() - self._dormant

    def begun(self, code: CodeType) -> None:
        """A module's code is about to run."""
        stack = self._open.setdefault(get_ident(), [])
        parent = stack[-1] if stack else -1
        began = self._looked_up or _clock() - self._dormant
        self._looked_up = 0
        stack.append(len(self.modules))
        self.modules.append([code.co_filename, began, 0, parent])

    def ended(self, code: CodeType) -> None:
        """It has returned. Those that it imported and that raised were not told of: they end here as well."""
        stack = self._open.get(get_ident(), [])
        now = _clock() - self._dormant
        while stack:
            module = self.modules[stack.pop()]
            module[2] = now
            if module[0] == code.co_filename:
                return

    def stands(self) -> None:
        """A checkpoint is being left behind."""
        self._stood = _clock()

    def resumed(self) -> None:
        """This process goes on from there."""
        self._dormant += _clock() - self._stood


times: ModuleTimes | None = None
"""Those of this process, if they are collected."""


def begin() -> ModuleTimes:
    """Collect from here on."""
    global times
    times = ModuleTimes()
    return times


def told() -> bytes:
    """The modules in the order in which they began, and whose names they have, as JSON."""
    import msgspec

    from afresh import modules
    from afresh.boot.session import current

    session = current()
    if times is None or session is None:
        return msgspec.json.encode({"began": 0, "modules": [], "names": {}, "project": []})
    names: dict[str, str] = {}
    for name, attributes in modules.loaded():
        if file := modules.file_of(attributes):
            names.setdefault(file, name)
    files = {str(module[0]) for module in times.modules}
    project = [file for file in files if session.is_project(file)]
    return msgspec.json.encode({"began": times.began, "modules": times.modules, "names": names, "project": project})
