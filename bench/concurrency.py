"""`concurrency`: many slow requests at once, a quick one beside a busy one, and connections that only are open."""

import math
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.client import Address, NoAnswer, is_whole, parse
from bench.peers import AFRESH, RUNSERVER
from bench.processes import Launched, cpu_seconds, proportional_set_size
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site
from bench.statistic import median, paired_ratio, percentile
from bench.table import Cell, Table

ROUNDS = 1
PEERS = (AFRESH.name, "granian, 4 threads", "gunicorn gthread", RUNSERVER.name)
SLEEPERS = 200
SLOW = "/bench/pages/sleep/"
BUSY_SECONDS = 4.0
BUSY = f"/bench/pages/compute/?seconds={BUSY_SECONDS}"
IDLE = 1000
IDLE_SECONDS = 5.0
PATIENCE = 15.0


def measure(plan: Plan) -> Data:
    """Seconds of all sleepers, milliseconds of quick requests, MiB and CPU seconds of open connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Servers inherit it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * IDLE), hard))
    try:
        return interleaved(plan, once)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it and do the three, each with connections of its own."""
    with answering(site) as (server, address):
        quick = beside(address)
        slept = sleepers(address)
        memory, cpu = idle(server, address)
    return {"slept": slept, "quick": percentile(quick, 99), "memory": memory, "cpu": cpu}


def sleepers(address: Address) -> float:
    """Seconds until all requests to a view that sleeps a second, sent at once, are answered."""
    with _connected(address, SLEEPERS) as clients:
        begin = time.perf_counter()
        for client in clients:
            _send(client, SLOW)
        for client in clients:
            _receive(client)
        return time.perf_counter() - begin


def beside(address: Address) -> list[float]:
    """Milliseconds of quick requests, one after the other, while another view computes."""
    found: list[float] = []
    with _connected(address, 2) as (busy, quick):
        _ask(quick, PATH)
        _send(busy, BUSY)
        end = time.perf_counter() + BUSY_SECONDS * 0.75
        while (begin := time.perf_counter()) < end:
            _ask(quick, PATH)
            found.append((time.perf_counter() - begin) * 1000)
        _receive(busy)
    return found


def idle(server: Launched, address: Address) -> tuple[float, float]:
    """MiB that open connections take once each was answered, and processor seconds while nobody uses them.

    NaN where the server does not take so many.
    """
    try:
        return _idle(server, address)
    except RuntimeError:
        return math.nan, math.nan


def _idle(server: Launched, address: Address) -> tuple[float, float]:
    before = proportional_set_size(server.pids())
    with _connected(address, IDLE) as clients:
        for client in clients:
            _ask(client, PATH)
        memory = proportional_set_size(server.pids()) - before
        time.sleep(1)  # Servers look at their clocks for a while after the last request.
        cpu = cpu_seconds(server.pids())
        time.sleep(IDLE_SECONDS)
        return memory / (1 << 20), cpu_seconds(server.pids()) - cpu


@contextmanager
def _connected(address: Address, count: int) -> Iterator[list[socket.socket]]:
    clients: list[socket.socket] = []
    try:
        for _ in range(count):
            clients.append(socket.create_connection(address, timeout=PATIENCE))
        yield clients
    except OSError as error:
        raise RuntimeError(f"{count} connections: {error}") from error
    finally:
        for client in clients:
            client.close()


def _ask(client: socket.socket, path: str) -> None:
    _send(client, path)
    _receive(client)


def _send(client: socket.socket, path: str) -> None:
    host, port = client.getpeername()
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())


def _receive(client: socket.socket) -> None:
    received = b""
    while not is_whole(received) and (chunk := client.recv(65536)):
        received += chunk
    try:
        reply = parse(received)
    except NoAnswer as error:
        raise RuntimeError(str(error)) from error
    if reply.status != 200:
        raise RuntimeError(f"status {reply.status}")


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = peers.get(RUNSERVER.name, {}).get("quick", [])
    rows: list[list[Cell]] = [
        [
            name,
            median(found.get("slept", [])),
            median(found.get("quick", [])),
            paired_ratio(found.get("quick", []), reference),
            median(found.get("memory", [])),
            median(found.get("cpu", [])),
        ]
        for name, found in peers.items()
    ]
    columns = (
        "",
        f"{SLEEPERS} views that sleep 1 s, s",
        "p99 beside a busy view, ms",
        "of runserver",
        f"{IDLE} open connections, MiB",
        f"CPU s in {IDLE_SECONDS:.0f} s",
    )
    return Table(f"Concurrency, {project}", columns, rows)
