"""`gate`: what a program that writes into the project folder adds to the time of requests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.client import Address
from bench.peers import AFRESH, RUNSERVER
from bench.run import Data, Plan, answering, interleaved
from bench.sites import PATH, Site
from bench.statistic import median, percentile
from bench.table import Cell, Table

ROUNDS = 3
REQUESTS = 1500

_WRITER = """
import sqlite3, sys, time
log = open("requests.log", "a")
database = sqlite3.connect("visits.sqlite3", isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS visit (at REAL)")
print("writing", flush=True)
while True:
    print("a line", file=log, flush=True)
    database.execute("INSERT INTO visit VALUES (?)", [time.time()])
    time.sleep(0.005)
"""
"""A line to a log and a row to a database, 200 times a second: 8 events each for who watches the folder."""


def measure(plan: Plan) -> Data:
    """Microseconds of requests on one kept-alive connection, without and with a writer."""
    return interleaved(plan, once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it, ask without a writer, then with one."""
    with answering(site) as (_, address):
        requests = REQUESTS if site.peer is not RUNSERVER else REQUESTS // 20
        quiet = latencies(address, requests)
        with writing(site.directory):
            busy = latencies(address, requests)
    return {
        "quiet p50": percentile(quiet, 50),
        "quiet p99": percentile(quiet, 99),
        "busy p50": percentile(busy, 50),
        "busy p99": percentile(busy, 99),
    }


@contextmanager
def writing(directory: str) -> Iterator[None]:
    """A process that writes into the folder for the length of the block."""
    with subprocess.Popen([sys.executable, "-c", _WRITER], cwd=directory, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        try:
            yield
        finally:
            writer.kill()


def latencies(address: Address, requests: int) -> list[float]:
    """Microseconds of each of so many requests, one after another on one connection."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode()
    with socket.create_connection(address, timeout=30) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(20):
            _exchange(sock, request)
        return [_timed(sock, request) * 1e6 for _ in range(requests)]


def _timed(sock: socket.socket, request: bytes) -> float:
    begin = time.perf_counter()
    _exchange(sock, request)
    return time.perf_counter() - begin


def _exchange(sock: socket.socket, request: bytes) -> None:
    sock.sendall(request)
    received = b""
    # The body of the plain view says its version: the answer is whole when that has come.
    while not (b"\r\n\r\n" in received and b"version " in received):
        chunk = sock.recv(65536)
        if not chunk:
            raise RuntimeError(f"the connection was closed: {received!r}")
        received += chunk


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    columns = ("", "p50, µs", "p99, µs", "p50 with writer", "p99 with writer")
    names = ("quiet p50", "quiet p99", "busy p50", "busy p99")
    rows: list[list[Cell]] = [[name, *(median(found.get(key, [])) for key in names)] for name, found in peers.items()]
    title = f"Gate: one connection while a program writes 400 times a second into the project folder, {project}"
    return Table(title, columns, rows)


PEERS = (RUNSERVER.name, AFRESH.name, "gunicorn --reload", "waitress")
"""The others show what a writer costs anybody. Not granian: it reloads for each line of a log and cuts connections."""
