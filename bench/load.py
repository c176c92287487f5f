"""`load`: requests per second, what each costs the processor, and the slowest hundredth, on kept-alive connections.

Beside the direct call of the application in process. The rates are those of a machine that does nothing else; what a
request costs the server's processes is steadier, and wrk and the kernel's share in its name are not in it.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.client import Address
from bench.peers import AFRESH, AFRESH_QUIET, RUNSERVER, SERVERS, Peer
from bench.processes import cpu_seconds
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site
from bench.statistic import median, paired_ratio
from bench.table import Cell, Table

ROUNDS = 1
CONNECTIONS = (1, 16, 64)
SECONDS = 2
PEERS = (AFRESH.name, *(peer.name for peer in SERVERS), "waitress", "runserver_plus", RUNSERVER.name)

PLAIN, UPLOAD = "plain view", "1 MiB upload"
PAGES = {
    PLAIN: PATH,
    "JSON, 100 items": "/bench/pages/items/",
    "template, one query": "/bench/pages/page/",
    "1 MiB response": "/bench/pages/large/",
    UPLOAD: "/bench/pages/upload/",
}

DIRECT = Peer("direct call", "")
"""Not a server: the application's handler, called in a loop."""

_DIRECT_CALL = Path(__file__).with_name("direct_call.py")
_UPLOADING = ("-s", str(Path(__file__).with_name("upload.lua")))


def measure(plan: Plan) -> Data:
    """Requests per second, milliseconds that 99 % stay below, requests that failed; RuntimeError without wrk."""
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is not installed (apt-get install wrk)")
    return interleaved(replace(plan, peers=[*plan.peers, DIRECT]), partial(once, plan.pages or tuple(PAGES)))


def once(pages: Sequence[str], site: Site) -> dict[str, float | list[float]]:
    """Start it and load each page with each number of connections in turn."""
    if site.peer is DIRECT:
        return {
            f"{page}: {name}": value
            for page in pages
            if page != UPLOAD
            for name, value in zip(("direct", "cpu"), _direct(site, PAGES[page]), strict=True)
        }
    found: dict[str, float | list[float]] = {}
    with answering(site) as (server, address):
        for page in pages:
            path, options = PAGES[page], _UPLOADING if page == UPLOAD else ()
            wrk(address, path, 4, 1, *options)
            for connections in CONNECTIONS:
                before = cpu_seconds(server.pids())
                rate, slowest, failed = wrk(address, path, connections, SECONDS, *options)
                cost = (cpu_seconds(server.pids()) - before) / (rate * SECONDS)
                found[f"{page}: cpu {connections}"] = cost * 1e6
                found[f"{page}: rate {connections}"] = rate
                found[f"{page}: p99 {connections}"] = slowest
                found[f"{page}: failed {connections}"] = failed
    return found


def wrk(address: Address, path: str, connections: int, seconds: int, *options: str) -> tuple[float, float, float]:
    """Load one address; what `parse_wrk` reads in its output."""
    url = f"http://{address[0]}:{address[1]}{path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s", *options, url]
    return parse_wrk(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def parse_wrk(output: str) -> tuple[float, float, float]:
    """Requests per second, the milliseconds that 99 % took at most, and the number of errors and of answers that are no
    success, from what wrk prints."""
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", output)
    if rate is None or slowest is None:
        raise RuntimeError(f"wrk printed no rate:\n{output}")
    counts = re.findall(r"(?:connect|read|write|timeout) (\d+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    failed = sum(map(int, counts)) + (int(refused[1]) if refused else 0)
    return float(rate[1]), float(slowest[1]) * _MILLISECONDS[slowest[2]], float(failed)


def _direct(site: Site, path: str) -> tuple[float, float]:
    """Calls per second, and microseconds of processor time of each."""
    command = [site.python, str(_DIRECT_CALL), path, str(SECONDS)]
    done = subprocess.run(command, cwd=site.directory, env=site.variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    rate, cost = done.stdout.split()[-2:]
    return float(rate), float(cost)


def tables(data: Data) -> list[Table]:
    """One table for each project and page, and one of what the access log costs."""
    found = [_table(project, page, peers) for project, peers in data.items() for page in PAGES if _has(page, peers)]
    return [*found, *(_log_table(project, peers) for project, peers in data.items() if _has(PLAIN, peers))]


def _has(page: str, peers: Data) -> bool:
    return any(f"{page}: rate {CONNECTIONS[0]}" in found for found in peers.values())


def _table(project: str, page: str, peers: Data) -> Table:
    direct = peers.get(DIRECT.name, {}).get(f"{page}: direct", [])
    columns = (
        "",
        *(f"{count} conn., /s" for count in CONNECTIONS),
        *(f"of direct at {count}" for count in CONNECTIONS[1:]),
        *(f"CPU at {count}, µs" for count in CONNECTIONS[1:]),
        *(f"p99 at {count}, ms" for count in CONNECTIONS),
        "failed",
    )
    rows = [_row(name, page, found, direct) for name, found in peers.items() if name != DIRECT.name]
    cost = median(peers.get(DIRECT.name, {}).get(f"{page}: cpu", []))
    note = f"The direct call of the application's handler: {median(direct):,.0f} requests/s, {cost:,.0f} µs each."
    return Table(f"Load: {page}, kept-alive connections, {project}", columns, rows, note if direct else "")


def _row(name: str, page: str, found: Data, direct: list[float]) -> list[Cell]:
    rates = {count: found.get(f"{page}: rate {count}", []) for count in CONNECTIONS}
    return [
        name,
        *map(median, rates.values()),
        *(paired_ratio(rates[count], direct) for count in CONNECTIONS[1:]),
        *(median(found.get(f"{page}: cpu {count}", [])) for count in CONNECTIONS[1:]),
        *(median(found.get(f"{page}: p99 {count}", [])) for count in CONNECTIONS),
        int(sum(sum(found.get(f"{page}: failed {count}", [])) for count in CONNECTIONS)),
    ]


def _log_table(project: str, peers: Data) -> Table:
    """What writing the access log takes of the rate of the plain view."""
    logged, quiet = peers.get(AFRESH.name, {}), peers.get(AFRESH_QUIET.name, {})
    kept = [
        paired_ratio(logged.get(f"{PLAIN}: rate {count}", []), quiet.get(f"{PLAIN}: rate {count}", []))
        for count in CONNECTIONS
    ]
    row: list[Cell] = ["afresh", *((1 - one) * 100 for one in kept)]
    columns = ("", *(f"{count} conn., %" for count in CONNECTIONS))
    return Table(f"Load: what the access log takes of the rate of the plain view, {project}", columns, [row])
