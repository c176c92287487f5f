"""`reload`: from a save to the first answer of the new code, and what other requests got meanwhile.

Afresh is measured on each kind of edit by itself, since what an edit costs there depends on the edit. All others load
the whole project again whatever was edited: theirs are spread over the same places.
"""

import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.asking import Client, Outcome, asking, judge
from bench.peers import AFRESH, RUNSERVER, Peer
from bench.processes import Launched
from bench.run import Data, Plan, answering, interleaved
from bench.sites import Site
from bench.spots import BODIES, PAGE, Kind, Spot
from bench.statistic import median, percentile, ratio
from bench.table import Cell, Table
from bench.terminal import Told, counted, reloads

ROUNDS = 6
EDITS = 30
ROUND = 10
"""Edits of each place that a start is followed by, of which the first goes on from further back, or from nothing; fewer
edits in all are not spread over as many starts. The speed of a machine changes from one minute to the next, so that
peers and cold boots are to be measured in turns."""

PEERS = (
    RUNSERVER.name,
    AFRESH.name,
    "runserver, watchfiles",
    "runserver_plus",
    "granian --reload",
    "uvicorn --reload",
)
PROJECTS = ("example", "pretalx", "made-up-100", "made-up-1000", "made-up-5000")

PATIENCE = 60.0
"""Seconds after which a save counts as not noticed."""

PAUSE, PAUSE_FOR_A_LOOK = (0.5, 0.8), (1.1, 2.1)
"""Seconds between an answer of the new code and the next save, at random; for peers that look once a second."""

LINGER = 0.2
"""Seconds after the first new answer in which a server that was replaced may still answer, or cut what it answers."""

COLD_BOOTS = 3
COLD = Peer("cold boot", "")
"""Not a server: the project loaded by a fresh interpreter, with the times of the edited places."""

LIMIT_FACTOR, LIMIT_SECONDS = 1.3, 0.020
"""An edit of structure may take so many times what follows it in a cold boot, and so much more."""

_COLD_BOOT = Path(__file__).with_name("cold_boot.py")


def measure(plan: Plan) -> Data:
    """Seconds, stale and failed answers for each save; for Afresh also which way it took."""
    peers = [peer for peer in plan.peers if peer.reloads]
    rounds = max(1, min(plan.rounds, plan.edits // ROUND))
    edits = -(-plan.edits // rounds)
    # On both sides of Afresh, whose times it bounds, since minutes lie between the first and the last peer of a round.
    place = next((number for number, peer in enumerate(peers) if peer.is_afresh), len(peers))
    taken = [*peers[:place], COLD, *peers[place : place + 1], COLD, *peers[place + 1 :]]
    whole = Plan(plan.projects, taken, rounds, plan.failed, edits, plan.spots)
    return interleaved(whole, partial(once, edits=edits, names=plan.spots))


def once(site: Site, edits: int, names: Sequence[str]) -> Data:
    """Start it, save some versions, stop it."""
    if site.peer is COLD:
        return _cold_boots(site)
    spots = chosen(site, names)
    found: Data = {}
    with answering(site) as (server, address), asking(address, spots[0], site.version(spots[0])) as client:
        editor = Editor(site, server, client)
        for spot in _sequence(spots, edits, each=site.peer.is_afresh):
            for name, values in editor.edit(spot).columns().items():
                found.setdefault(f"{spot.name}: {name}", []).extend(values)
    return found


def chosen(site: Site, names: Sequence[str]) -> list[Spot]:
    """The spots of these names; without names all but the helpers."""
    return [spot for spot in site.spots if (spot.name in names if names else spot.kind is not Kind.HELPER)]


def _sequence(spots: Sequence[Spot], edits: int, *, each: bool) -> Iterator[Spot]:
    if each:
        yield from (spot for spot in spots for _ in range(edits))
    else:
        yield from (spots[number % len(spots)] for number in range(edits))


@dataclass(frozen=True)
class Edited:
    """One save: what it led to, what the terminal said of it, and the load average of the machine at that moment."""

    outcome: Outcome
    told: Told | None
    load: float

    def columns(self) -> Data:
        """As values by name, for the result."""
        outcome, told = self.outcome, self.told
        return {
            "seconds": [outcome.seconds] if outcome.seconds is not None else [],
            "unnoticed": [int(outcome.seconds is None)],
            "stale": [outcome.stale],
            "failed": [outcome.failed],
            "load": [self.load],
            **({"way": [told.way], "reason": [told.reason], "own": [told.milliseconds]} if told else {}),
        }


class Editor:
    """Saves versions of a site's spots while a client asks."""

    def __init__(self, site: Site, server: Launched, client: Client) -> None:
        self._site = site
        self._server = server
        self._client = client

    def edit(self, spot: Spot, pause: float | None = None) -> Edited:
        """Wait `pause` seconds (a random time where None), save the next version, and see what comes of it."""
        site, client = self._site, self._client
        client.look_at(spot, site.version(spot))
        time.sleep(random.uniform(*self._pauses()) if pause is None else pause)
        client.take()
        load, here = os.getloadavg()[0], self._server.here()
        version = site.save(spot)
        # The version counts as saved from here on, which is later than it is: no answer is called stale that is not.
        client.look_at(spot, version)
        saved_at = time.monotonic()
        client.wait_for(version, PATIENCE)
        time.sleep(LINGER)
        outcome = judge(client.take(), saved_at, version)
        return Edited(outcome, self._told(here) if site.peer.is_afresh else None, load)

    def _pauses(self) -> tuple[float, float]:
        return PAUSE_FOR_A_LOOK if self._site.peer.looks_once_a_second else PAUSE

    def _told(self, here: int) -> Told | None:
        told = reloads(self._server.said(here))
        return told[-1] if told else None

    def __repr__(self) -> str:
        return f"<Editor of {self._site.directory} {self._site.versions}>"


def _cold_boots(site: Site) -> Data:
    found: Data = {}
    command = [site.python, str(_COLD_BOOT), PAGE, *site.manage, "runserver"]
    for number in range(1 + COLD_BOOTS):
        done = subprocess.run(command, cwd=site.directory, env=site.variables, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        if number:  # the first compiles
            for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                found.setdefault(name, []).append(seconds)
    return found


def pooled(found: Data, what: str) -> list[Any]:
    """The values of this name of all spots."""
    return [value for name, values in found.items() if name.endswith(f": {what}") for value in values]


def _part(found: Data, *, bodies: bool) -> Data:
    return {name: values for name, values in found.items() if (name.partition(": ")[0] in BODIES) is bodies}


def tables(data: Data) -> list[Table]:
    """For each project one table of the peers, and one of Afresh's kinds of edit."""
    return [table for project, peers in data.items() for table in (_peers(project, peers), *_kinds(project, peers))]


def _peers(project: str, peers: Data) -> Table:
    reference = median(pooled(peers.get(RUNSERVER.name, {}), "seconds"))
    columns = ("", "ms", "slowest", "of runserver", "saves", "stale answers", "failed requests", "not noticed")
    rows = [_peer_row(name, found, reference) for name, found in _in_parts(peers)]
    return Table(f"Reload: save to first answer of the new code, any edit, {project}", columns, rows, _load(peers))


def _in_parts(peers: Data) -> Iterator[tuple[str, Data]]:
    for name, found in peers.items():
        if pooled(found, "own"):
            yield f"{name}, function bodies", _part(found, bodies=True)
            yield f"{name}, other edits", _part(found, bodies=False)
        elif name != COLD.name:
            yield name, found


def _peer_row(name: str, found: Data, reference: float) -> list[Cell]:
    seconds = pooled(found, "seconds")
    sums = [sum(pooled(found, key)) for key in ("stale", "failed", "unnoticed")]
    slowest = max(seconds) * 1000 if seconds else None
    saves = len(pooled(found, "unnoticed"))
    return [name, median(seconds) * 1000, slowest, ratio(median(seconds), reference), saves, *sums]


def _load(peers: Data) -> str:
    loads = [load for found in peers.values() for load in pooled(found, "load")]
    told = f" Load average {min(loads):.1f} to {max(loads):.1f}, median {median(loads):.1f}." if loads else ""
    return f"A client asks all the time on fresh connections; answers are summed over all saves.{told}"


def _kinds(project: str, peers: Data) -> Iterator[Table]:
    reference = median(pooled(peers.get(RUNSERVER.name, {}), "seconds"))
    cold = peers.get(COLD.name, {})
    columns = ("", "ms", "p95", "own ms", "runserver takes", "limit, ms", "stale", "failed", "not noticed", "ways")
    for name, found in peers.items():
        kinds = [key.removesuffix(": own") for key in found if key.endswith(": own")]
        if kinds:
            rows = [_kind_row(kind, found, reference, cold) for kind in kinds]
            yield Table(f"Reload: {name} by kind of edit, {project}", columns, rows, _note(found, kinds, cold))


def _kind_row(kind: str, found: Data, reference: float, cold: Data) -> list[Cell]:
    seconds = found.get(f"{kind}: seconds", [])
    follows = cold.get(f"{kind}: follows", [])
    return [
        kind,
        median(seconds) * 1000,
        percentile(seconds, 95) * 1000,
        median(found[f"{kind}: own"]),
        f"{ratio(reference, median(seconds)):.0f} times",
        1000 * limit(median(follows)) if follows else None,
        *(int(sum(found[f"{kind}: {key}"])) for key in ("stale", "failed", "unnoticed")),
        counted(found[f"{kind}: way"]),
    ]


def limit(follows: float) -> float:
    """Seconds that an edit of structure may take, given what executing what follows it takes in a cold boot."""
    return LIMIT_FACTOR * follows + LIMIT_SECONDS


def _note(found: Data, kinds: Sequence[str], cold: Data) -> str:
    boot = median(cold.get("boot", [])) * 1000
    first = median(cold.get("first request", [])) * 1000
    told = "Own: what Afresh says it took, from the arrival of the settled edit to the new server, without the request."
    told += f" A cold boot alone: {boot:,.0f} ms, the first request after it {first:.0f} ms."
    reasons = [line for kind in kinds for line in _reasons(kind, found[f"{kind}: way"], found[f"{kind}: reason"])]
    return "\n\n".join(filter(None, (told, "\n".join(reasons))))


def _reasons(kind: str, ways: Sequence[str], reasons: Sequence[str]) -> Iterator[str]:
    for (way, reason), count in Counter(zip(ways, reasons, strict=True)).most_common():
        if way != "patch":
            yield f"- {kind}: {count} of {len(ways)} by {way}: {reason}"
