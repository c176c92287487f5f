"""`idle`: the processor time that servers take while nobody asks and nothing is edited."""

import time
from contextlib import ExitStack

from bench.peers import RUNSERVER
from bench.processes import Launched, cpu_seconds
from bench.run import Data, Plan, answering
from bench.sites import Project
from bench.statistic import median, ratio
from bench.table import Table

ROUNDS = 1
SECONDS = 30.0
SETTLING = 4.0
"""Seconds after the first answer in which a server may still check and prepare."""


def measure(plan: Plan) -> Data:
    """Processor seconds in `SECONDS`, all peers at the same time."""
    return {project.name: _together(project, plan) for project in plan.projects}


def _together(project: Project, plan: Plan) -> Data:
    data: Data = {peer.name: {} for peer in plan.peers}
    for _ in range(plan.rounds):
        with ExitStack() as stack:
            servers: dict[str, Launched] = {}
            for peer in plan.peers:
                try:
                    site = stack.enter_context(project.site(peer))
                    servers[peer.name], _address = stack.enter_context(answering(site))
                except RuntimeError as error:
                    plan.failed[f"{project.name}, {peer.name}"] = str(error)
            time.sleep(SETTLING)
            before = _cost(servers)
            time.sleep(SECONDS)
            for name, seconds in _cost(servers).items():
                data[name].setdefault("cpu", []).append(seconds - before[name])
    return data


def _cost(servers: dict[str, Launched]) -> dict[str, float]:
    return {name: cpu_seconds(server.pids()) for name, server in servers.items()}


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = median(peers.get(RUNSERVER.name, {}).get("cpu", []))
    rows = tuple(
        (
            name,
            median(found.get("cpu", [])),
            median(found.get("cpu", [])) / SECONDS * 100,
            ratio(median(found.get("cpu", [])), reference),
        )
        for name, found in peers.items()
    )
    columns = ("", "CPU s", "% of one core", "of runserver")
    return Table(f"Idle: processor time over {SECONDS:.0f} s without a request, {project}", columns, rows)
