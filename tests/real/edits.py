"""Asks a page on fresh connections without a pause while something is edited, and keeps what came back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from afresh.testing.client import Answer, fetch
from afresh.testing.deadline import PATIENCE

from .projects import Change
from .visit import Browser


@dataclass
class Watched:
    """What a client saw: each answer that was not a success, in words."""

    failures: list[str] = field(default_factory=list)
    _answered: threading.Event = field(default_factory=threading.Event)

    def wait_for_an_answer(self) -> None:
        """Wait until the client is at work."""
        assert self._answered.wait(PATIENCE), f"no answer yet: {self.failures}"

    def see(self, path: str, outcome: int | OSError) -> None:
        """Note one outcome: a status, or what went wrong with the connection."""
        self._answered.set()
        if outcome != 200:
            self.failures.append(f"{path}: {outcome!r}")


@contextmanager
def watching(browser: Browser, path: str) -> Iterator[Watched]:
    """Ask `path` again and again, with the browser's cookies of now, until the end of the block."""
    watched, stop, cookies = Watched(), threading.Event(), browser.cookies()

    def ask() -> None:
        while not stop.is_set():
            try:
                watched.see(path, fetch(browser.address, path, headers={"Cookie": cookies}, within=60).status)
            except OSError as error:
                watched.see(path, error)

    thread = threading.Thread(target=ask, name=f"watching {path}")
    thread.start()
    try:
        yield watched
    finally:
        stop.set()
        thread.join()


def shows(change: Change, answer: Answer) -> bool:
    """Whether the answer comes from the changed code."""
    fields = "\n".join(f"{name.lower()}: {value}" for name, value in answer.headers)
    return change.marker in answer.text or change.marker in fields
