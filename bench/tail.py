"""`tail`: how far single edits are from the median, and the first edit after a start."""

from functools import partial

from bench.asking import asking
from bench.peers import AFRESH
from bench.reload import Editor, chosen
from bench.run import Data, Plan, answering, interleaved
from bench.sites import Site
from bench.spots import Kind
from bench.statistic import median, percentile, ratio
from bench.table import Cell, Table

ROUNDS = 5
EDITS = 100
PEERS = (AFRESH.name,)
PROJECTS = ("example", "pretalx", "made-up-1000")

FIRST = 2.0
"""Seconds between the first answer of a start and its first edit."""


def measure(plan: Plan) -> Data:
    """Seconds of each edit, and of the first after each start."""
    return interleaved(plan, partial(once, plan=plan))


def once(site: Site, plan: Plan) -> Data:
    """Start it and edit, a function's inside unless other spots are asked for."""
    bodies = [spot.name for spot in site.spots if spot.kind is Kind.BODY]
    spots = chosen(site, plan.spots or bodies)
    found: Data = {"first": [], "seconds": [], "way": [], "load": []}
    with answering(site) as (server, address), asking(address, spots[0], site.version(spots[0])) as client:
        editor = Editor(site, server, client)
        for number in range(-(-plan.edits // plan.rounds)):
            edited = editor.edit(spots[number % len(spots)], FIRST if number == 0 else None)
            seconds = edited.outcome.seconds
            if seconds is None:
                raise RuntimeError(f"an edit was not noticed\n{server.output()}")
            found["seconds"].append(seconds)
            found["load"].append(edited.load)
            if number == 0:
                found["first"].append(seconds)
            if edited.told:
                found["way"].append(edited.told.way)
    return found


def tables(data: Data) -> list[Table]:
    """One table for all projects."""
    columns = ("", "edits", "median, ms", "p95 of median", "slowest of median", "first of median", "load")
    rows = [_row(project, name, found) for project, peers in data.items() for name, found in peers.items()]
    title = f"Tail: edits of functions' insides; the first edit comes {FIRST:.0f} s after the first answer"
    return [Table(title, columns, rows, "The first edit: the slowest of the first ones of all starts.")]


def _row(project: str, name: str, found: Data) -> list[Cell]:
    seconds, first = found.get("seconds", []), found.get("first", [])
    middle = median(seconds)
    return [
        f"{project}, {name}",
        len(seconds),
        middle * 1000,
        ratio(percentile(seconds, 95), middle),
        ratio(max(seconds), middle) if seconds else None,
        ratio(max(first), middle) if first else None,
        median(found.get("load", [])),
    ]
