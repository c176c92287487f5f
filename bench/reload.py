"""`reload`: from a save to the first answer of the new code, and what other requests got meanwhile."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from afresh.testing.edits import write_and_rename
from bench.client import Address, NoAnswer, ask
from bench.peers import RUNSERVER
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site, version_of, views
from bench.statistic import median, ratio
from bench.table import Table

ROUNDS = 3
EDITS = 4
PACE = 0.005
"""Seconds between the end of an answer and the next request of the client that asks all the time."""

PATIENCE = 20.0
"""Seconds after which a save counts as not noticed."""

PAUSE = (1.2, 2.2)
"""Seconds between an answer of the new code and the next save, at random: some peers look once a second."""


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
    """Asks all the time on fresh connections, in a thread of its own."""

    def __init__(self, address: Address) -> None:
        self.saved = 1
        self._address = address
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
        saved, sent = self.saved, time.monotonic()
        try:
            reply = ask(self._address, PATH)
        except NoAnswer as error:
            return Observation(sent, saved, time.monotonic(), None, str(error))
        version = version_of(reply.body) if reply.status == 200 else None
        return Observation(sent, saved, time.monotonic(), version, "" if version else f"status {reply.status}")

    def __repr__(self) -> str:
        return f"<Client of port {self._address[1]}, version {self.saved} saved>"


@contextmanager
def asking(address: Address) -> Iterator[Client]:
    """A client at work for the length of the block."""
    client = Client(address)
    thread = threading.Thread(target=client.run, name=repr(client))
    thread.start()
    try:
        yield client
    finally:
        client.stop()
        thread.join()


def measure(plan: Plan) -> Data:
    """Seconds, stale and failed answers for each save."""
    reloading = [peer for peer in plan.peers if peer.reloads]
    return interleaved(Plan(plan.projects, reloading, plan.rounds, plan.failed), once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it, save some versions, stop it."""
    write_and_rename(site.views, views(1))
    with answering(site) as (_, address), asking(address) as client:
        outcomes = [_save(site, client, version) for version in range(2, 2 + EDITS)]
    return {
        "seconds": [one.seconds for one in outcomes if one.seconds is not None],
        "unnoticed": [float(one.seconds is None) for one in outcomes],
        "stale": [float(one.stale) for one in outcomes],
        "failed": [float(one.failed) for one in outcomes],
    }


def _save(site: Site, client: Client, version: int) -> Outcome:
    time.sleep(random.uniform(*PAUSE))
    client.take()
    write_and_rename(site.views, views(version))
    # The version counts as saved from here on, which is later than it is: no answer is called stale that is not.
    client.saved, saved_at = version, time.monotonic()
    client.wait_for(version, PATIENCE)
    time.sleep(0.3)  # a server that was replaced may still answer, or cut what it answers
    return judge(client.take(), saved_at, version)


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = median(peers.get(RUNSERVER.name, {}).get("seconds", []))
    rows = tuple(_row(name, found, reference) for name, found in peers.items())
    columns = ("", "ms", "slowest", "of runserver", "saves", "stale answers", "failed requests", "not noticed")
    note = "A client asks all the time on fresh connections; answers are summed over all saves."
    return Table(f"Reload: save to first answer of the new code, {project}", columns, rows, note)


def _row(name: str, found: Data, reference: float) -> tuple[str | float | int | None, ...]:
    seconds = found.get("seconds", [])
    sums = [int(sum(found[key])) if key in found else None for key in ("stale", "failed", "unnoticed")]
    slowest = max(seconds) * 1000 if seconds else None
    return (
        name,
        median(seconds) * 1000,
        slowest,
        ratio(median(seconds), reference),
        len(found.get("stale", [])),
        *sums,
    )
