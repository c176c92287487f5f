"""What the keeper says in the terminal. Formatting is pure; writing never fails.

The keeper's lines go to standard error, as Django's own about reloads do. A terminal that is gone, or a full pipe's
reader that left, must not take the server down.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from afresh.channel.messages import Failure
from afresh.keeper.machine import describe
from afresh.reload.journal import Entry, Exec, Find, Listing, Looked, Ran, Read, Sealed, Stat, Wrote
from afresh.reload.plan import Way

NO_EXCHANGE = (
    "This Python cannot tell which functions have run (3.12 and newer can, with the GIL): also where only the body of "
    "a function changed, a reload goes on from a checkpoint."
)

OWN_SERVER = (
    "This runserver has a server of its own: an edit ends it and starts it again, and requests meanwhile are refused."
)


class Reload(NamedTuple):
    """What is told of a reload: which, by what way, what was edited, why that way, how many modules were executed
    again. `place`, `reason`: as they are, with whatever a file's name holds."""

    generation: int
    way: str
    place: str
    milliseconds: float
    reason: str = ""
    modules: int = 0

    def line(self, *, is_verbose: bool) -> str:
        """The one line per reload; why it took the fastest way need not be said."""
        reason = self.reason if is_verbose or self.way != Way.PATCH.value else ""
        again = "" if not self.modules else f"{self.modules} modules again" if self.modules > 1 else "1 module again"
        said = (f"reload {self.generation}", self.way, printable(self.place), printable(reason), again)
        return " · ".join(filter(None, (*said, f"{self.milliseconds:.0f} ms")))

    def fields(self) -> dict[str, Any]:
        """The same for machines."""
        return self._asdict() | {"milliseconds": round(self.milliseconds, 1)}


def nothing_line(place: str, reason: str) -> str:
    """An edit that no reload follows on, and why none."""
    return " · ".join(filter(None, ["no reload", printable(place), printable(reason)]))


def resaved_line(places: Iterable[str], pid: int) -> str:
    """Code was saved with the text that it had, by `touch` perhaps to restart the server whose keeper is `pid`."""
    first, *others = sorted(places)
    more = f" and {len(others)} more" if others else ""
    return nothing_line(f"{first}{more}", f"the text is the same; kill -URG {pid} restarts all the same")


def journal_lines(entries: Iterable[Entry], cwd: str, *, everything: bool) -> Iterator[str]:
    """What was consumed, one line each (`-v 2`); modules that are not the project's only if `everything` (`-v 3`)."""
    for entry in entries:
        match entry:
            case Exec(module, file, _, digest):
                if digest or everything:
                    yield _journal("exec", f"{module} ({relative(file, cwd)})")
            case Find(stem, directories):
                if everything:
                    places = ", ".join(relative(directory, cwd) for directory in directories)
                    yield _journal("find", f"{stem} in {places}")
            case Read(file, signature):
                yield _journal("read", relative(file, cwd) + ("" if signature else " (not there)"))
            case Listing(directory):
                yield _journal("list", relative(directory, cwd))
            case Stat(path, found):
                yield _journal("stat", relative(path, cwd) + ("" if found else " (not there)"))
            case Wrote(file):
                yield _journal("wrote", relative(file, cwd))
            case Ran(file, functions):
                yield _journal("ran", f"{relative(file, cwd)}: {', '.join(functions)}")
            case Looked(file, functions):
                yield _journal("looked", f"{relative(file, cwd)}: {', '.join(functions)}")
            case Sealed(file, reason):
                yield _journal("sealed", f"{relative(file, cwd)}: {reason}")


def _journal(kind: str, text: str) -> str:
    return f"journal: {kind} {printable(text)}"


def obstacle_line(obstacle: str, *, is_at_end: bool, has_checkpoints: bool) -> str:
    """What an obstacle to checkpoints means for reloads. `is_at_end`: it was still there when all was loaded;
    `has_checkpoints`: there are some from before it."""
    if not is_at_end:
        meaning = "A part of the start left no checkpoint, and an edit there loads more again"
    elif has_checkpoints:
        meaning = "Every reload goes on from the last safe place of the start, and no function is exchanged"
    else:
        meaning = "Every reload starts from the beginning"
    return f"{meaning}: {printable(obstacle)}."


EXCLUSIVE = "From now on the previous server ends before a start begins."
HELD = "what the start needs, only one process can have"


def held_line(by: Failure | None) -> str:
    """The start needs what an older process may hold. `by`: the failure that told it; None where it waits for it."""
    how = "waits for a lock" if by is None else f"failed ({printable(by.title.rstrip('.'))})"
    again = "" if by is None else ", and the start is made again"
    return f"The start {how}. The previous server may hold what it needs: that ends first{again}."


def replaced_line(status: int) -> str:
    return f"The server process {describe(status)}; a new one takes over."


def failure_lines(failure: Failure) -> list[str]:
    """The short form of a failure; the long one is in the browser."""
    from afresh.pages.text import short

    return short(failure)


def failure_fields(failure: Failure, generation: int) -> dict[str, Any]:
    """A failure for machines. `place`: the innermost line of the project, None where there is none."""
    from afresh.pages.facts import advice, innermost

    frame = innermost(failure)
    return {
        "generation": generation,
        "reason": failure.kind,
        "title": failure.title,
        "place": None if frame is None else f"{frame.file}:{frame.line}",
        "advice": advice(failure),
        "text": failure.text,
    }


def printable(text: str) -> str:
    """`text` without anything that a terminal would act on."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def relative(path: str, cwd: str) -> str:
    """`path` as the user would name it from the working directory."""
    return os.path.relpath(path, cwd) if path.startswith(cwd + os.sep) else path


_is_json = False


def write_json() -> None:
    """From now on, each line is a JSON object, for machines."""
    global _is_json
    _is_json = True


def say(lines: Iterable[str]) -> None:
    """Sentences for people; for machines, each an object of the kind "server"."""
    if _is_json:
        lines = [_object("server", {"text": line}) for line in lines]
    write("".join(f"{line}\n" for line in lines))


def tell(kind: str, fields: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Something that happened: the `lines` for people; for machines, one object with the `fields`."""
    if _is_json:
        lines = [_object(kind, fields)]
    write("".join(f"{line}\n" for line in lines))


def _object(kind: str, fields: Mapping[str, Any]) -> str:
    # Whoever reads lines does not wait for these.
    import json
    import time

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"time": now, "kind": kind, **fields})


def write(text: str) -> None:
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    data = text.encode(encoding, "backslashreplace")
    try:
        while data:
            data = data[os.write(2, data) :]
    except OSError:
        pass
