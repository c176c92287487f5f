"""One command of the project's own beside the server, `migrate`, with its output passed on line by line."""

import os
import subprocess
from collections.abc import Callable, Sequence

from afresh.keeper.spec import BootSpec

_KEPT_OPTIONS = ("--settings", "--pythonpath")


class Errand:
    """A running command. `say(text)` gets its output; `pid` is whose end `ended` is to be told of."""

    def __init__(self, command: Sequence[str], spec: BootSpec, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = b""
        self._process = subprocess.Popen(
            command,
            cwd=spec.cwd,
            env={**spec.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.pid = self._process.pid

    def __repr__(self) -> str:
        return f"<Errand pid={self.pid}>"

    def fileno(self) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read(self) -> bool:
        """Pass on what there is; false at the end of the output."""
        data = os.read(self.fileno(), 1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            self._say(line.decode("utf-8", "backslashreplace"))
        return bool(data)

    def close(self) -> None:
        """Whoever reaps has its status; the object is not to look for it."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.returncode = 0


def migrate_command(spec: BootSpec) -> tuple[str, ...] | None:
    """`migrate` as the project's own command line runs it, None where that is no command of Django's."""
    if "runserver" not in spec.target:
        return None
    at = spec.target.index("runserver")
    rest = spec.target[at + 1 :]
    kept: list[str] = []
    for index, word in enumerate(rest):
        name, _, value = word.partition("=")
        if name in _KEPT_OPTIONS:
            kept += [word] if value else rest[index : index + 2]
    return (spec.python, *spec.flags, *spec.target[:at], "migrate", "--no-input", "--no-color", *kept)
