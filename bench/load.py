"""`load`: requests per second on kept-alive connections, beside the direct call of the application in process."""

import re
import shutil
import subprocess
from pathlib import Path

from bench.client import Address
from bench.peers import RUNSERVER, Peer
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site
from bench.statistic import median, paired_ratio
from bench.table import Cell, Table

ROUNDS = 3
CONNECTIONS = (1, 16, 64)
SECONDS = 3

DIRECT = Peer("direct call", "")
"""Not a server: the application's handler, called in a loop."""

_DIRECT_CALL = Path(__file__).with_name("direct_call.py")


def measure(plan: Plan) -> Data:
    """Requests per second, and requests that failed; RuntimeError without wrk."""
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is not installed (apt-get install wrk)")
    return interleaved(Plan(plan.projects, [*plan.peers, DIRECT], plan.rounds, plan.failed), once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it and load it with each number of connections in turn."""
    if site.peer is DIRECT:
        return {"direct": _direct(site)}
    found: dict[str, float | list[float]] = {}
    with answering(site) as (_, address):
        _wrk(address, 4, 1)
        for connections in CONNECTIONS:
            rate, failed = parse_wrk(_wrk(address, connections, SECONDS))
            found[f"rate {connections}"] = rate
            found[f"failed {connections}"] = failed
    return found


def _wrk(address: Address, connections: int, seconds: int) -> str:
    url = f"http://{address[0]}:{address[1]}{PATH}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def parse_wrk(output: str) -> tuple[float, float]:
    """Requests per second, and the number of errors and of answers that are no success, from what wrk prints."""
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    if rate is None:
        raise RuntimeError(f"wrk printed no rate:\n{output}")
    counts = re.findall(r"(?:connect|read|write|timeout) (\d+)", output)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return float(rate[1]), float(sum(map(int, counts)) + (int(refused[1]) if refused else 0))


def _direct(site: Site) -> float:
    command = [site.python, str(_DIRECT_CALL), PATH, str(SECONDS)]
    done = subprocess.run(command, cwd=site.directory, env=site.variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    busiest = f"rate {CONNECTIONS[1]}"
    reference = peers.get(RUNSERVER.name, {}).get(busiest, [])
    columns = ("", *(f"{count} connections" for count in CONNECTIONS), f"of runserver at {CONNECTIONS[1]}", "failed")
    rows = [_row(name, found, reference) for name, found in peers.items() if name != DIRECT.name]
    direct = median(peers.get(DIRECT.name, {}).get("direct", []))
    note = f"The direct call of the application's handler, in process: {direct:,.0f} requests/s."
    return Table(f"Load: requests per second on a plain view, kept-alive connections, {project}", columns, rows, note)


def _row(name: str, found: Data, reference: list[float]) -> list[Cell]:
    rates = [median(found.get(f"rate {count}", [])) for count in CONNECTIONS]
    failed = sum(sum(found.get(f"failed {count}", [])) for count in CONNECTIONS)
    return [name, *rates, paired_ratio(found.get(f"rate {CONNECTIONS[1]}", []), reference), int(failed)]
