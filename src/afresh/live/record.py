"""What has become of the code and its files since the start, as browsers are told. Pure.

No event can be lost, because none is relied on: each page carries the stamp of what it was made from, each message says
what is true now, and a page that finds itself older acts. `turn` counts what answers: it grows when a generation does,
and when another process answers for the same one (a waiting page, the application, the page of failed checks). `number`
counts changes that need no new server.
"""

from collections import deque
from typing import Final

import msgspec

KEPT: Final = 100
"""Changes told to a page that was away; one that is older loads itself anew."""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One file that a page may have loaded. `kind`: "css", "image", "file" (anything else) or "page"."""

    number: int
    kind: str
    path: str


class State(msgspec.Struct, frozen=True):
    """What is true now. `start`: names the server's start. `changes`: all those after `since`."""

    start: str
    turn: int
    number: int
    since: int
    changes: tuple[Change, ...]

    def event(self) -> bytes:
        """As a server-sent event (WHATWG HTML, 9.2)."""
        return b"data: %s\n\n" % msgspec.json.encode(self)


def turn_of(generation: int, *, by_page: bool, waits: bool = False) -> int:
    """The turn in which a process answers: within a generation first the page that waits for it, then the application,
    then the page of what failed."""
    return 3 * generation + (1 if not by_page else 0 if waits else 2)


class Record(msgspec.Struct):
    """The state as it grows. `start`: any name that no other start has."""

    start: str
    turn: int
    number: int
    _changes: deque[Change]

    @classmethod
    def of(cls, start: str) -> "Record":
        return cls(start, 0, 0, deque(maxlen=KEPT))

    def answers(self, turn: int) -> State | None:
        """Something else answers from now on; None where that is known already."""
        if turn <= self.turn:
            return None
        self.turn = turn
        return self._since(self.number)

    def change(self, kinds: dict[str, str]) -> State | None:
        """Files have changed: their paths with the kind of each."""
        before = self.number
        for path, kind in kinds.items():
            self.number += 1
            self._changes.append(Change(self.number, kind, path))
        return self._since(before) if kinds else None

    def state(self) -> State:
        """All that is kept, for one who comes now."""
        oldest = self._changes[0].number if self._changes else self.number + 1
        return self._since(oldest - 1)

    def _since(self, number: int) -> State:
        changes = tuple(change for change in self._changes if change.number > number)
        return State(self.start, self.turn, self.number, number, changes)
