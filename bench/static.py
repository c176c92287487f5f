"""`static`: the same files from Afresh, runserver and nginx on kept-alive connections, in requests per second."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afresh.testing.client import free_port
from bench.client import Address, wait_for_answer
from bench.load import wrk
from bench.peers import AFRESH, RUNSERVER, Peer
from bench.processes import launched
from bench.run import Data, Plan, answering, interleaved
from bench.sites import Site
from bench.statistic import median, paired_ratio
from bench.table import Cell, Table

ROUNDS = 3
SIZES = (1, 30, 300)  # KiB
CONNECTIONS = (1, 16, 64)
SECONDS = 2
PEERS = (RUNSERVER.name, AFRESH.name)

NGINX = Peer("nginx", "")
"""No development server, and nothing of Python: the measure of what the machine can do."""

FOLDER = "recipes/static"
URL = "/static/"

_CONFIGURATION = """\
daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;
events {{ worker_connections 1024; }}
http {{
  sendfile on; tcp_nopush on; keepalive_requests 1000000000; access_log {root}/access.log;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  types {{ text/html html; text/css css; text/javascript js; image/svg+xml svg; }}
  server {{ listen 127.0.0.1:{port}; location {url} {{ alias {files}/; }} }}
}}
"""


def measure(plan: Plan) -> Data:
    """Requests per second and failed requests; RuntimeError without wrk or nginx."""
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            raise RuntimeError(f"{program} is not installed (apt-get install {program})")
    return interleaved(Plan(plan.projects, [*plan.peers, NGINX], plan.rounds, plan.failed), once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Start it and load it with each size of file and each number of connections in turn."""
    for size in SIZES:
        add(site, f"bench/{size}.css", b"x" * (size << 10))
    found: dict[str, float | list[float]] = {}
    with serving_files(site) as address:
        for size in SIZES:
            path = f"{URL}bench/{size}.css"
            wrk(address, path, 4, 1)
            for connections in CONNECTIONS:
                rate, _, failed = wrk(address, path, connections, SECONDS)
                found[f"rate {size} {connections}"] = rate
                found[f"failed {size} {connections}"] = failed
    return found


def add(site: Site, name: str, content: bytes) -> None:
    """Put a file among the site's static files."""
    path = Path(site.directory, FOLDER, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@contextmanager
def serving_files(site: Site) -> Iterator[Address]:
    """The site's static files, served by its peer."""
    if site.peer is not NGINX:
        with answering(site) as (_, address):
            yield address
        return
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as root:
        port = free_port()
        # Its worker is another user's where root starts it.
        Path(root).chmod(0o755)
        files = shutil.copytree(Path(site.directory, FOLDER), Path(root, "files"))
        configuration = Path(root, "nginx.conf")
        configuration.write_text(_CONFIGURATION.format(root=root, port=port, url=URL, files=files))
        with launched([str(shutil.which("nginx")), "-p", root, "-c", str(configuration)], cwd=root, env={}) as server:
            address = ("127.0.0.1", port)
            wait_for_answer(server, address, f"{URL}recipes/site.css")
            yield address


def tables(data: Data) -> list[Table]:
    """One table for each size of file."""
    return [_table(size, project, peers) for project, peers in data.items() for size in SIZES]


def _table(size: int, project: str, peers: Data) -> Table:
    columns = (
        "",
        *(f"{count} connections" for count in CONNECTIONS),
        *(f"of nginx at {count}" for count in CONNECTIONS[1:]),
        "of runserver at 1",
        "failed",
    )
    rows = [_row(size, name, peers) for name in peers]
    return Table(
        f"Static: requests per second for a file of {size} KiB, kept-alive connections, {project}", columns, rows
    )


def _row(size: int, name: str, peers: Data) -> list[Cell]:
    found = peers[name]
    rates = [median(found.get(f"rate {size} {count}", [])) for count in CONNECTIONS]
    of_nginx = [_ratio(peers, name, NGINX.name, f"rate {size} {count}") for count in CONNECTIONS[1:]]
    of_runserver = _ratio(peers, name, RUNSERVER.name, f"rate {size} {CONNECTIONS[0]}")
    failed = sum(sum(found.get(f"failed {size} {count}", [])) for count in CONNECTIONS)
    return [name, *rates, *of_nginx, of_runserver, int(failed)]


def _ratio(peers: Data, name: str, other: str, what: str) -> float:
    return paired_ratio(peers[name].get(what, []), peers.get(other, {}).get(what, []))
