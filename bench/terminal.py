"""What Afresh says in the terminal about a reload. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

WAYS = ("patch", "resume", "cold")

_LINE = re.compile(
    rf"^reload (?P<number>\d+) · (?P<way>{'|'.join(WAYS)}) · (?P<rest>.*) · (?P<milliseconds>\d+) ms$", re.MULTILINE
)
_AGAIN = re.compile(r"^(\d+) modules? again$")


@dataclass(frozen=True)
class Told:
    """One reload: the way it went, the reason why no faster one was taken (may be empty), modules executed again."""

    number: int
    way: str
    reason: str
    modules: int
    milliseconds: int


def reloads(text: str) -> list[Told]:
    """The reloads that a piece of the terminal's text tells, in order."""
    return [_told(found) for found in _LINE.finditer(text)]


def _told(found: "re.Match[str]") -> Told:
    _place, *others = found["rest"].split(" · ")
    modules = next((int(again[1]) for part in others if (again := _AGAIN.match(part))), 0)
    reason = " · ".join(part for part in others if not _AGAIN.match(part))
    return Told(int(found["number"]), found["way"], reason, modules, int(found["milliseconds"]))


def counted(words: Iterable[str]) -> str:
    """How often each word occurs, most frequent first: "patch 29, cold 1"."""
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common())
