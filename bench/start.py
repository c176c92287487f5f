"""`start`: from the command to the first answer."""

import time

from bench.client import wait_for_answer
from bench.peers import RUNSERVER
from bench.run import Data, Plan, interleaved, serving
from bench.sites import PATH, Site
from bench.statistic import median, paired_ratio
from bench.table import Cell, Table

ROUNDS = 15


def measure(plan: Plan) -> Data:
    """Seconds to the first answer, with everything compiled."""
    return interleaved(plan, once, warm=once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it, wait for the first answer, stop it."""
    begin = time.perf_counter()
    with serving(site) as (server, address):
        wait_for_answer(server, address, PATH)
        return {"seconds": time.perf_counter() - begin}


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = peers.get(RUNSERVER.name, {}).get("seconds", [])
    rows = [_row(name, found.get("seconds", []), reference) for name, found in peers.items()]
    return Table(f"Start: command to first answer, {project}", ("", "ms", "fastest", "of runserver"), rows)


def _row(name: str, seconds: list[float], reference: list[float]) -> list[Cell]:
    fastest = min(seconds) * 1000 if seconds else None
    return [name, median(seconds) * 1000, fastest, paired_ratio(seconds, reference)]
