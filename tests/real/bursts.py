"""Many edits of one project, several files at a time, while clients ask without a pause; what they saw, in words."""

import itertools
import random
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from afresh.testing.client import Answer, fetch
from afresh.testing.edits import write, write_and_rename

from .installation import Copy
from .projects import Spot
from .visit import Browser

SPACINGS = (0.0, 0.0, 0.001, 0.005, 0.02, 0.05)
"""Seconds between two files of one burst: "save all", a find-and-replace, an assistant."""


def number_in(spot: Spot, answer: Answer) -> int | None:
    """The number that an answer shows for a spot; 0 for the unedited file, None where the answer is none."""
    if answer.status != 200:
        return None
    fields = "\n".join(f"{name.lower()}: {value}" for name, value in answer.headers)
    found = re.search(re.escape(spot.marker).replace(r"\{n\}", r"(\d+)"), f"{fields}\n{answer.text}")
    return int(found[1]) if found else 0


@dataclass
class Bursts:
    """A served copy, the numbers that its spots have on disk, and what went wrong."""

    copy: Copy
    browser: Browser
    seed: int
    saved: dict[Spot, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    answers: int = 0
    edits: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._original = {file: self._read(file) for file in {spot.file for spot in self.copy.project.spots}}
        self.saved = dict.fromkeys(self.copy.project.spots, 0)

    def _read(self, file: str) -> str:
        return (self.copy.code / self.copy.filled(file)).read_text(encoding="utf-8")

    def edit(self) -> None:
        """Save one to all spots in any order; then each must show what it holds."""
        self.edits += 1
        spots = list(self.copy.project.spots)
        chosen = self._dice.sample(spots, self._dice.choice((1, 1, 2, len(spots), len(spots))))
        spacing = self._dice.choice(SPACINGS)
        for number, spot in enumerate(chosen):
            if number and spacing:
                threading.Event().wait(spacing)
            self._save(spot)
        for spot in self._dice.sample(spots, len(spots)):
            self.look(spot)

    def _save(self, spot: Spot) -> None:
        numbers = {**self.saved, spot: self.edits}
        text = self._original[spot.file]
        for each in self.copy.project.spots:
            if each.file == spot.file:
                assert text.count(each.old) == 1, f"{each.old!r} occurs {text.count(each.old)} times in {each.file}"
                text = text.replace(each.old, each.new.replace("{n}", str(numbers[each]))) if numbers[each] else text
        # Code is read once it has settled. The rest is read by a request, which a client may have sent in the middle.
        save = self._dice.choice((write, write_and_rename)) if spot.file.endswith(".py") else write_and_rename
        save(self.copy.code / self.copy.filled(spot.file), text)
        self.saved = numbers

    def look(self, spot: Spot) -> None:
        """Ask for a spot's page; it must show at least what was saved before."""
        least = self.saved[spot]
        try:
            answer = fetch(self.browser.address, spot.path, headers={"Cookie": self.browser.cookies()}, within=120)
        except OSError as error:
            self._problem(spot, f"failed: {error!r}")
            return
        self.answers += 1
        seen = number_in(spot, answer)
        if seen is None:
            self._problem(spot, f"failed: {answer.status} {answer.text[:1000]}")
        elif seen < least:
            self._problem(spot, f"stale: {seen} after {least} was saved")

    def _problem(self, spot: Spot, what: str) -> None:
        self.problems.append(f"edit {self.edits}, {spot.kind} at {spot.path}: {what}")

    @contextmanager
    def clients(self, count: int) -> Iterator[None]:
        """So many clients ask for all spots in turn, on fresh connections, until the end of the block."""
        is_over = threading.Event()

        def ask(spots: Sequence[Spot]) -> None:
            for spot in itertools.cycle(spots):
                if is_over.is_set():
                    return
                self.look(spot)

        spots = self.copy.project.spots
        threads = [threading.Thread(target=ask, args=(spots[first % len(spots) :] + spots,)) for first in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
