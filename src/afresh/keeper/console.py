"""What the keeper says in the terminal. Formatting is pure; writing never fails.

The keeper's lines go to standard error, as Django's own about reloads do. A terminal that is gone, or a full pipe's
reader that left, must not take the server down.
"""

import os
import sys
from collections.abc import Iterable

from afresh.channel.messages import Failure
from afresh.keeper.machine import describe


def reload_line(
    generation: int, way: str, place: str, milliseconds: float, *, reason: str = "", modules: int = 0
) -> str:
    """The one line per reload: which, by what way, what was edited, why no faster way, what was executed again."""
    again = "" if not modules else f"{modules} modules again" if modules > 1 else "1 module again"
    said = [f"reload {generation}", way, printable(place), printable(reason), again, f"{milliseconds:.0f} ms"]
    return " · ".join(filter(None, said))


def replaced_line(status: int) -> str:
    return f"The server process {describe(status)}; a new one takes over."


def failure_lines(failure: Failure) -> list[str]:
    """The short form of a failure; the long one is in the browser."""
    from afresh.pages.text import short

    return short(failure)


def printable(text: str) -> str:
    """`text` without anything that a terminal would act on."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def relative(path: str, cwd: str) -> str:
    """`path` as the user would name it from the working directory."""
    return os.path.relpath(path, cwd) if path.startswith(cwd + os.sep) else path


def say(lines: Iterable[str]) -> None:
    text = "".join(line + "\n" for line in lines)
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    data = text.encode(encoding, "backslashreplace")
    try:
        while data:
            data = data[os.write(2, data) :]
    except OSError:
        pass
