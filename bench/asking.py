"""A client that asks all the time while something is edited, and the verdict on what it saw."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.client import Address, NoAnswer, ask
from bench.spots import Spot

PACE = 0.005
"""Seconds between the end of an answer and the next request."""


@dataclass(frozen=True)
class Observation:
    """One request: when it was sent and over (monotonic seconds), the version saved by then, and the version told.

    `version` is None where the request failed, for the reason in `failure`.
    """

    sent: float
    saved: int
    over: float
    version: int | None
    failure: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one save led to. `seconds` is None where it was not noticed."""

    seconds: float | None
    stale: int
    failed: int


def judge(observations: Sequence[Observation], saved_at: float, version: int) -> Outcome:
    """The outcome of saving `version` at `saved_at`, from all that was asked until the next save.

    Stale: the answer is older than what was saved before the request was sent. Failed: refused, cut, or no success.
    """
    fresh = [one.over - saved_at for one in observations if one.version is not None and one.version >= version]
    stale = sum(one.sent >= saved_at and one.version is not None and one.version < one.saved for one in observations)
    failed = sum(one.over >= saved_at and one.version is None for one in observations)
    return Outcome(min(fresh, default=None), stale, failed)


class Client:
    """Asks for the page of one spot on fresh connections, in a thread of its own."""

    def __init__(self, address: Address, spot: Spot, saved: int) -> None:
        self._address = address
        self._looking_at = (spot, saved)
        self._seen: list[Observation] = []
        self._news = threading.Condition()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Ask until `stop`."""
        while not self._stopped.wait(PACE):
            one = self._observe()
            with self._news:
                self._seen.append(one)
                self._news.notify_all()

    def stop(self) -> None:
        """End `run` after the request in hand."""
        self._stopped.set()

    def look_at(self, spot: Spot, saved: int) -> None:
        """Ask for the page of this spot from the next request on, of which so many versions are saved."""
        self._looking_at = (spot, saved)

    def wait_for(self, version: int, patience: float) -> None:
        """Wait until `version` was seen, at most `patience` seconds."""
        with self._news:
            self._news.wait_for(lambda: any((one.version or 0) >= version for one in self._seen), patience)

    def take(self) -> list[Observation]:
        """What was seen since the last call."""
        with self._news:
            seen, self._seen = self._seen, []
            return seen

    def _observe(self) -> Observation:
        (spot, saved), sent = self._looking_at, time.monotonic()
        try:
            reply = ask(self._address, spot.path)
        except NoAnswer as error:
            return Observation(sent, saved, time.monotonic(), None, str(error))
        version = spot.version_in(reply)
        return Observation(sent, saved, time.monotonic(), version, "" if version else f"status {reply.status}")

    def __repr__(self) -> str:
        spot, saved = self._looking_at
        return f"<Client of port {self._address[1]}, {spot.name} {saved} saved>"


@contextmanager
def asking(address: Address, spot: Spot, saved: int) -> Iterator[Client]:
    """A client at work for the length of the block."""
    client = Client(address, spot, saved)
    thread = threading.Thread(target=client.run, name=repr(client))
    thread.start()
    try:
        yield client
    finally:
        client.stop()
        thread.join()
