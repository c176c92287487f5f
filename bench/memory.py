"""`memory`: the proportional set size of all processes of a server."""

import time
from itertools import cycle, islice

from bench.asking import asking
from bench.client import ask
from bench.peers import RUNSERVER
from bench.processes import proportional_set_size
from bench.reload import Editor
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site
from bench.spots import Spot
from bench.statistic import median, ratio
from bench.table import Table

ROUNDS = 1
REQUESTS = 50
EDITS = 30
RESTARTS = 3
"""Edits of those that load everything again: each leaves what a start leaves."""

SETTLING = 2.0
"""Seconds after which what a server does behind its first answer (checks, other workers) is over."""

PROJECTS = ("example", "pretalx")


def measure(plan: Plan) -> Data:
    """Bytes after some requests, and after some reloads more."""
    return interleaved(plan, lambda site: once(site, plan.edits))


def once(site: Site, edits: int) -> Data:
    """Start it, ask, weigh it; edit its files in turn, weigh it again."""
    with answering(site) as (server, address):
        for _ in range(REQUESTS):
            ask(address, PATH)
        time.sleep(SETTLING)
        pids = server.pids()
        found: Data = {"bytes": [proportional_set_size(pids)], "processes": [len(pids)]}
        if site.peer.reloads:
            spots = list(in_turn(site.spots, edits if site.peer.is_afresh else RESTARTS))
            with asking(address, spots[0], site.version(spots[0])) as client:
                editor = Editor(site, server, client)
                edited = [editor.edit(spot) for spot in spots]
            if any(one.outcome.seconds is None for one in edited):
                raise RuntimeError(f"an edit was not noticed\n{server.output()}")
            time.sleep(SETTLING)
            pids = server.pids()
            found["bytes reloaded"] = [proportional_set_size(pids)]
            found["processes reloaded"] = [len(pids)]
            found["way"] = [one.told.way for one in edited if one.told]
    return found


def in_turn(spots: tuple[Spot, ...], edits: int) -> "islice[Spot]":
    """One spot of each file, again and again, so many in all."""
    return islice(cycle({spot.file: spot for spot in reversed(spots)}.values()), edits)


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = median(peers.get(RUNSERVER.name, {}).get("bytes", []))
    reloaded = median(peers.get(RUNSERVER.name, {}).get("bytes reloaded", []))
    columns = ("", "MB", "of runserver", "processes", "MB reloaded", "of runserver", "processes")
    rows = tuple(
        (
            name,
            median(found.get("bytes", [])) / 1e6,
            ratio(median(found.get("bytes", [])), reference),
            median(found.get("processes", [])),
            median(found.get("bytes reloaded", [])) / 1e6,
            ratio(median(found.get("bytes reloaded", [])), reloaded),
            median(found.get("processes reloaded", [])),
        )
        for name, found in peers.items()
    )
    edits = max((len(found.get("way", [])) for found in peers.values()), default=0)
    note = f"Reloaded: after {edits} edits in ten files, {RESTARTS} for servers that load everything again."
    return Table(f"Memory: proportional set size of all processes, {project}", columns, rows, note)
