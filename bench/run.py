"""What all measures share: a site served on a port, rounds in a changing order, and peers that fail."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from afresh.testing.client import free_port
from bench.client import Address, wait_for_answer
from bench.peers import Peer
from bench.processes import Launched, launched
from bench.sites import PATH, Project, Site

Data = dict[str, Any]
"""What a measure found, as JSON knows it: {project: {peer: {name: value or list of values}}}."""


@dataclass(frozen=True)
class Plan:
    """What to measure, and how often."""

    projects: Sequence[Project]
    peers: Sequence[Peer]
    rounds: int
    failed: dict[str, str] = field(default_factory=dict)
    """Why a peer was given up, by "project, peer"."""

    edits: int = 0
    """How many in all, where a measure edits."""

    spots: tuple[str, ...] = ()
    """Names of the places to edit; empty for those that the measure chooses."""

    pages: tuple[str, ...] = ()
    """Names of the pages to ask for; empty for those that the measure chooses."""


@contextmanager
def serving(site: Site) -> Iterator[tuple[Launched, Address]]:
    """The site, served by its peer; it has not answered yet."""
    port = free_port()
    with launched(site.command(port), cwd=site.directory, env=site.variables) as server:
        yield server, ("127.0.0.1", port)


@contextmanager
def answering(site: Site) -> Iterator[tuple[Launched, Address]]:
    """The site, served by its peer, once it has answered."""
    with serving(site) as (server, address):
        wait_for_answer(server, address, PATH)
        yield server, address


Once = Callable[[Site], Mapping[str, Any]]
"""Measures a site: a value or a list of values by name."""


def interleaved(plan: Plan, once: Once, *, warm: Callable[[Site], object] | None = None) -> Data:
    """Measure every peer once in each round, beginning with another one each time; collect the values by name.

    `warm` runs once for each peer before the first round, so that nothing is compiled while it is timed.
    """
    data: Data = {}
    for project in plan.projects:
        with ExitStack() as stack:
            sites = [stack.enter_context(project.site(peer)) for peer in plan.peers]
            found = data[project.name] = {site.peer.name: {} for site in sites}
            for number in range(-1 if warm else 0, plan.rounds):
                for site in _rotated(sites, number):
                    if f"{project.name}, {site.peer.name}" in plan.failed:
                        continue
                    values = _attempt(plan, project, site, warm if number < 0 and warm else once)
                    if number >= 0:
                        _collect(found[site.peer.name], values)
    return data


def _rotated(sites: Sequence[Site], by: int) -> Sequence[Site]:
    by %= len(sites) or 1
    return [*sites[by:], *sites[:by]]


def _attempt(plan: Plan, project: Project, site: Site, task: Callable[[Site], object]) -> Any:
    name = f"{project.name}, {site.peer.name}"
    if sys.stderr.isatty():
        print(f"  {name}", end="\x1b[K\r", file=sys.stderr, flush=True)
    try:
        return task(site)
    except (RuntimeError, OSError) as error:
        plan.failed[name] = str(error)
        print(f"  {name}: given up: {error}", file=sys.stderr)
        return {}


def _collect(found: dict[str, list[Any]], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        found.setdefault(name, []).extend(value if isinstance(value, list) else [value])
