"""`memory`: the proportional set size of all processes of a server."""

import time

from afresh.testing.edits import write_and_rename
from bench.client import ask
from bench.peers import RUNSERVER
from bench.processes import proportional_set_size
from bench.reload import PATIENCE, Client, asking
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site, views
from bench.statistic import median, ratio
from bench.table import Table

ROUNDS = 1
REQUESTS = 50
RELOADS = 3
SETTLING = 2.0
"""Seconds after which what a server does behind its first answer (checks, other workers) is over."""


def measure(plan: Plan) -> Data:
    """Bytes after some requests, and after some reloads more."""
    return interleaved(plan, once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it, ask, weigh it; save some versions, weigh it again."""
    write_and_rename(site.views, views(1))
    with answering(site) as (server, address):
        for _ in range(REQUESTS):
            ask(address, PATH)
        time.sleep(SETTLING)
        pids = server.pids()
        found: dict[str, float | list[float]] = {
            "bytes": float(proportional_set_size(pids)),
            "processes": float(len(pids)),
        }
        if site.peer.reloads:
            with asking(address) as client:
                for version in range(2, 2 + RELOADS):
                    _reload(site, client, version)
            time.sleep(SETTLING)
            found["bytes reloaded"] = float(proportional_set_size(server.pids()))
    return found


def _reload(site: Site, client: Client, version: int) -> None:
    write_and_rename(site.views, views(version))
    client.wait_for(version, PATIENCE)
    time.sleep(SETTLING)


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = median(peers.get(RUNSERVER.name, {}).get("bytes", []))
    columns = ("", "MB", f"MB after {RELOADS} reloads", "of runserver", "processes")
    rows = tuple(
        (
            name,
            median(found.get("bytes", [])) / 1e6,
            median(found.get("bytes reloaded", [])) / 1e6,
            ratio(median(found.get("bytes", [])), reference),
            median(found.get("processes", [])),
        )
        for name, found in peers.items()
    )
    return Table(f"Memory: proportional set size of all processes, {project}", columns, rows)
