"""What starts of a project have shown, kept for its later starts.

A note saves time and decides nothing that would be wrong without it: whoever cannot read or keep one does without.
"""

from __future__ import annotations

import os
import time
from _blake2 import blake2b
from collections.abc import Sequence

from afresh.source.cache import DAY, is_ours, read_own, write_own

KNOWN_DAYS = 7  # what a project does not need any more is forgotten


class Notes:
    """Words, each known for some days after it was noted last.

    `directory`: where the code is kept (`CodeCache`), which is pruned; None: nothing is ever known. `project`: what
    tells it from others.
    """

    def __init__(self, directory: str | None, project: Sequence[str]) -> None:
        self._file = ""
        if directory and is_ours(directory):
            key = blake2b(b"\0".join(map(os.fsencode, project)), digest_size=16, person=b"notes").hexdigest()
            self._file = f"{directory}/{key}"

    def __repr__(self) -> str:
        return f"<Notes {self._file}>"

    def known(self) -> frozenset[str]:
        """The words that are known."""
        return frozenset(self._dated())

    def note(self, word: str, *, holds: bool = True) -> None:
        """Note that it holds, or does not any more."""
        dated = self._dated()
        dated.pop(word, None)
        if holds:
            dated[word] = _today()
        try:
            if self._file and dated != self._dated():
                write_own(self._file, "".join(f"{each} {day}\n" for each, day in dated.items()).encode("ascii"))
        except OSError:
            pass

    def _dated(self) -> dict[str, int]:
        if not self._file:
            return {}
        try:
            pairs = [line.split() for line in read_own(self._file).decode("ascii").splitlines()]
            dated = {word: int(day) for word, day in pairs}
        except (OSError, ValueError):
            return {}
        return {word: day for word, day in dated.items() if 0 <= _today() - day <= KNOWN_DAYS}


def _today() -> int:
    return int(time.time() // DAY)
