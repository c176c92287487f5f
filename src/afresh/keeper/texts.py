"""What the project's files said when all was well, so that a failure can show what has changed since.

Texts are learned while nothing happens, so nobody waits for it; compressed, and bounded in all.
"""

import os
import zlib
from collections import deque
from collections.abc import Iterable
from typing import Final

from afresh.channel.messages import ChangedFile

MOST_BYTES: Final = 8 << 20
MOST_OF_ONE: Final = 1 << 20
AT_ONCE: Final = 20
MOST_LINES: Final = 120
MOST_FILES: Final = 5
LONGEST_LINE: Final = 300
CONTEXT: Final = 3
MOST_SHOWN: Final = 30_000  # bytes in all: a failure travels in one message


class Texts:
    """Files by path; `good`: as of the last generation that answered."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}  # compressed
        self._size = 0
        self._to_learn: deque[str] = deque()
        self._before: dict[str, bytes | None] = {}
        # Of the edit that made the generation which answers: its checks may still fail.
        self._last: dict[str, bytes | None] = {}

    def __repr__(self) -> str:
        return f"<Texts known={len(self._known)} bytes={self._size} changed={sorted(self._before)}>"

    def want(self, paths: Iterable[str]) -> None:
        """Learn these sooner or later."""
        self._to_learn.extend(path for path in paths if path not in self._known)

    def learn(self) -> bool:
        """Read a few of what is wanted; whether there are more."""
        for _ in range(min(AT_ONCE, len(self._to_learn))):
            path = self._to_learn.popleft()
            if path not in self._known and path not in self._before:
                self._keep(path, _read(path))
        return bool(self._to_learn)

    def of(self, path: str) -> bytes | None:
        """What the file said before it was edited, if that is known."""
        text = self._known.get(path)
        return None if text is None else zlib.decompress(text)

    def edited(self, paths: Iterable[str]) -> None:
        """These have changed on the disk."""
        for path in paths:
            if path not in self._before:
                self._before[path] = self.of(path)

    def good(self) -> None:
        """All is well again: what the files say now is what the next failure is compared with."""
        if not self._before:
            return
        for path in self._before:
            self._keep(path, _read(path))
        self._last, self._before = self._before, {}

    def changes(self, root: str) -> tuple[ChangedFile, ...]:
        """What has changed since all was well, as unified diffs; without the lines where the old text is not known."""
        found, left = [], MOST_SHOWN
        for path, before in sorted((self._before or self._last).items())[:MOST_FILES]:
            after = _read(path)
            if before == after:
                continue
            diff = _diff(before, after)
            left -= sum(len(line.encode("utf-8", "replace")) for line in diff)
            found.append(ChangedFile(_relative(path, root), path, diff if left >= 0 else ()))
        return tuple(found)

    def _keep(self, path: str, text: bytes | None) -> None:
        self._size -= len(self._known.pop(path, b""))
        if text is None:
            return
        text = zlib.compress(text, 1)
        if self._size + len(text) <= MOST_BYTES:
            self._known[path] = text
            self._size += len(text)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_OF_ONE + 1)
    except OSError:
        return None
    return data if len(data) <= MOST_OF_ONE and b"\0" not in data else None


def _relative(path: str, root: str) -> str:
    return path[len(root) + 1 :] if path.startswith(root + os.sep) else path


def _diff(before: bytes | None, after: bytes | None) -> tuple[str, ...]:
    if before is None:
        return ()
    import difflib  # only a failure needs it

    lines = difflib.unified_diff(_lines(before), _lines(after or b""), n=CONTEXT, lineterm="")
    found = [line[:LONGEST_LINE] for line in lines][2:]  # without the two lines of names
    more = len(found) - MOST_LINES
    return tuple(found if more <= 0 else [*found[:MOST_LINES], f"@@ {more} more lines @@"])


def _lines(text: bytes) -> list[str]:
    return text.decode("utf-8", "backslashreplace").splitlines()
