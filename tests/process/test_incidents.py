"""What went wrong in other development servers, as hand-made requests: each row names the incident.

Those that need a browser are in tests/browser/test_security.py; who passes the dashboard's guard, in
tests/unit/dashboard/test_guard.py.
"""

import shutil
import socket
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest

from afresh.testing.client import exchange
from afresh.testing.deadline import PATIENCE
from afresh.testing.server import Server, started_server

from .served import Served, served
from .test_dashboard import FILES, Dashboard
from .test_dashboard_views import ENVIRON, EXAMPLE, MANAGE, SECRET


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("incidents"), FILES) as project:
        yield project


@pytest.fixture(scope="module")
def dashboard(project: Served) -> Dashboard:
    return Dashboard(project)


OWN = "Host: {own}"
KEY = "Cookie: {cookie}"
ORIGIN = "Origin: http://{own}"

# name: (request line, fields, status); the values in braces are those of the running server.
ROWS: dict[str, tuple[str, list[str], int]] = {
    "CVE-2024-34069, CVE-2016-9014: another host": ("GET /", ["Host: evil.example"], 400),
    "CVE-2016-9014: another host, another path": ("GET /static/a.css", ["Host: evil.example:{port}"], 400),
    "another host, the live reload": ("GET /__afresh__/events", ["Host: evil.example"], 400),
    "another host that looks alike": ("GET /", ["Host: afresh.localhost.evil.example"], 400),
    "an address, which no name service resolves": ("GET /", ["Host: 10.0.0.1"], 200),  # the application's
    "a host with a user": ("GET /", ["Host: evil@afresh.localhost"], 400),
    "no host": ("GET /", [], 400),
    "two hosts": ("GET /", [OWN, "Host: localhost"], 400),
    "an absolute target overrules the host, and needs the key": (
        "GET http://afresh.localhost:1/",
        ["Host: localhost"],
        401,
    ),
    "CVE-2025-24010: no key, another origin": ("GET /", [OWN, "Origin: http://evil.example"], 403),
    "CVE-2025-24010: the key, another origin": ("GET /", [OWN, KEY, "Origin: http://evil.example"], 403),
    "CVE-2026-27977: the origin null": ("GET /stream", [OWN, KEY, "Origin: null"], 403),
    "CVE-2025-30360: an address as origin": ("GET /stream", [OWN, KEY, "Origin: http://127.0.0.1:{port}"], 403),
    "CVE-2026-39363: a change without an origin": ("POST /actions/reload", [OWN, KEY, "Content-Length: 0"], 403),
    "CVE-2018-14732: an upgrade from elsewhere": (
        "GET /stream",
        [OWN, KEY, "Origin: http://evil.example", "Connection: Upgrade", "Upgrade: websocket"],
        403,
    ),
    "CVE-2026-112085: an upgrade at another host": (
        "GET /socket",
        ["Host: evil.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        400,
    ),
    "CVE-2025-48068: a source for a page elsewhere": (
        "GET /open?file=application.py",
        [OWN, KEY, "Origin: http://evil.example"],
        403,
    ),
    "CVE-2025-48068: a source for a script tag elsewhere": (
        "GET /open?file=application.py",
        [OWN, KEY, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"],
        403,
    ),
    "CVE-2019-5420: a key that is made from a name": (f"GET /?token={md5(b'application').hexdigest()}", [OWN], 401),
    "CVE-2020-8185: migrations without the key": ("POST /actions/migrate", [OWN, ORIGIN, "Content-Length: 0"], 401),
    "CVE-2020-8185: migrations from elsewhere": (
        "POST /actions/migrate",
        [OWN, KEY, "Origin: http://evil.example", "Content-Length: 0"],
        403,
    ),
    "CVE-2020-8185: migrations by GET": ("GET /actions/migrate", [OWN, KEY], 405),
    "CVE-2026-94485: JSON without the key": ("POST /actions/reload", [OWN, ORIGIN, "Content-Length: 0"], 401),
    "CVE-2025-30359: a script tag elsewhere": (
        "GET /static/dashboard.js",
        [OWN, KEY, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"],
        403,
    ),
    "webpack-dev-server 6: a change by GET": ("GET /actions/reload", [OWN, KEY], 405),
    "webpack-dev-server 6: the editor by GET": ("GET /actions/open-editor?file=/etc/passwd", [OWN, KEY], 405),
    "CVE-2025-11953: an address to open": ("POST /actions/open-url", [OWN, KEY, ORIGIN, "Content-Length: 0"], 409),
    "CVE-2021-3129: an action by its class": ("POST /actions/__class__", [OWN, KEY, ORIGIN, "Content-Length: 0"], 409),
    "CVE-2022-4116: a setting to write": ("POST /settings", [OWN, KEY, ORIGIN, "Content-Length: 0"], 405),
    "CVE-2022-4116: a setting as an action": ("POST /actions/set", [OWN, KEY, ORIGIN, "Content-Length: 0"], 409),
    "CVE-2021-30459: a statement of the client's": ("POST /actions/sql", [OWN, KEY, ORIGIN, "Content-Length: 0"], 409),
    "CVE-2024-34069: a console": ("GET /console", [OWN, KEY], 404),
    "CVE-2024-34069: a console's command": ("GET /x?__debugger__=yes&cmd=1&frm=0&s=x", [OWN, KEY], 404),
    "CVE-2026-44545: an upgrade of its own": (
        "GET /stream",
        [OWN, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        401,
    ),
    "CVE-2025-32395: a fragment in the target": ("GET /static/a#/../x", [OWN, KEY], 400),
    "CVE-2023-34092: two slashes": ("GET //static//dashboard.js", [OWN, KEY], 404),
    "a path upwards": ("GET /static/..%2f..%2fguard.py", [OWN, KEY], 404),
    "CVE-2025-30208: a query that asks for the source": ("GET /static/guard.py?raw??", [OWN, KEY], 404),
    "CVE-2024-45811: a query that asks for an import": ("GET /static/guard.py?import&raw", [OWN, KEY], 404),
    "GHSA-4r4m: a query that asks for an inlined import": ("GET /static/guard.py?inline&import", [OWN, KEY], 404),
    "CVE-2025-31486: a query that looks like another kind": ("GET /static/guard.py?.svg?.wasm?init", [OWN, KEY], 404),
    "GHSA-859w: a slash and a dot": ("GET /static/../guard.py/.", [OWN, KEY], 404),
    "CVE-2026-39364: a query that names a kind": ("GET /static/..%2fguard.py?raw", [OWN, KEY], 404),
    "CVE-2026-39365: a map of a file above": ("GET /static/..%2f..%2fguard.py.map", [OWN, KEY], 404),
    "CVE-2024-49766: a name of a device": ("GET /static/CON.js", [OWN, KEY], 404),
    "CVE-2026-21860: a name of a device with another ending": ("GET /static/CON.txt.js", [OWN, KEY], 404),
    "CVE-2026-21860: a name of a device with a space": ("GET /static/NUL%20", [OWN, KEY], 404),
    "a name with NUL": ("GET /static/dashboard.js%00.css", [OWN, KEY], 404),
    "CVE-2015-3224: a peer that says it is local": ("GET /", [OWN, "X-Forwarded-For: 127.0.0.1"], 401),
    "a host that is forwarded": ("GET /", ["Host: localhost", "X-Forwarded-Host: {own}", KEY], 200),
    "CVE-2024-50340: a query that switches": ("GET /?+--env=dev&token=", [OWN], 401),
    "CVE-2015-0219: a field with an underscore": ("GET /", [OWN, "SEC_FETCH_SITE: same-origin", "COOKIE_: x"], 401),
    "CVE-2026-44546: a control byte in a field": ("GET /", [OWN, "Origin: http://{own}\x0b"], 400),
    "a body in two lengths": (
        "POST /actions/reload",
        [OWN, KEY, ORIGIN, "Content-Length: 5", "Transfer-Encoding: chunked"],
        400,
    ),
    "a preflight": ("OPTIONS /", [OWN, "Origin: http://evil.example", "Access-Control-Request-Method: POST"], 403),
    "a preflight of the live reload": ("OPTIONS /__afresh__/events", ["Host: localhost:{port}"], 405),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_incident_is_none_here(dashboard: Dashboard, name: str) -> None:
    line, fields, status = ROWS[name]
    server = dashboard.project.server
    told = server.err.here()
    values = {"own": dashboard.host, "cookie": dashboard.cookie, "port": server.port}
    head = [f"{line} HTTP/1.1", *(field.format(**values) for field in fields), "Connection: close", "", ""]
    answer = exchange(server.address, "\r\n".join(head).encode("latin-1"))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    # CVE-2025-24010, GHSA-67mh: no field lets another origin read.
    assert b"access-control-allow" not in answer.lower()
    assert dashboard.token.encode() not in answer
    assert "reload 2" not in server.err.text()[told:]


def test_the_address_is_loopback_unless_told_otherwise(project: Served) -> None:
    """CVE-2025-11953: a server that listened on every address."""
    port = f"{project.server.port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [row.split() for row in file.readlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(":" + port)]
    assert listening == [f"0100007F:{port}"]


def test_what_is_asked_for_cannot_write_to_the_terminal(dashboard: Dashboard) -> None:
    """CVE-2025-48432, and the same for what Afresh itself says."""
    server = dashboard.project.server
    told = server.err.here()
    for host in ("localhost", dashboard.host):
        server.exchange(f"GET /\x1b[31m%0a%1b[2J HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert dashboard.project.get() == "one"
    server.err.wait_for('"GET / HTTP', after=told)
    assert "\x1b" not in server.err.text()[told:]


def test_many_streams_end_nothing(project: Served) -> None:
    """A page that opens streams without end gets no more of them than there are, and the server goes on."""
    request = b"GET /__afresh__/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    clients = [socket.create_connection(project.server.address, timeout=PATIENCE) for _ in range(230)]
    for client in clients:
        client.sendall(request)
    firsts = [client.recv(16) for client in clients]
    for client in clients:
        client.close()
    assert {first[9:12] for first in firsts} == {b"200", b"503"}
    assert project.get() == "one"


@pytest.mark.parametrize("path", ["/", "/static/dashboard.js", "/actions/reload", "/__afresh__/live.js"])
def test_no_page_elsewhere_may_hold_an_answer(dashboard: Dashboard, path: str) -> None:
    """CVE-2026-6402: browsers send no Sec-Fetch fields to plain HTTP, so the answer itself has to say it."""
    host = "localhost" if path.startswith("/__afresh__") else dashboard.host
    answer = dashboard.project.server.get(path, headers={"Host": host, "Cookie": dashboard.cookie})
    assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"


# Targets that lead out of the folder of static files, or ask for a file in another form; `{up}` leads to the project.
OUTSIDE: dict[str, str] = {
    "a path upwards": "/static/{up}.env",
    "a path upwards, encoded": "/static/..%2f..%2f.env",
    "a path upwards, encoded twice": "/static/..%252f..%252f.env",
    "CVE-2023-34092: two slashes": "//static//{up}/.env",
    "CVE-2023-34092: the file system's root": "/static/{root}/.env",
    "CVE-2024-45811: a query that asks for an import": "/static/{up}.env?import&raw",
    "CVE-2024-45811: a folder of the file system": "/@fs{root}/.env?import&raw??",
    "CVE-2025-30208: a query that asks for the source": "/static/{up}.env?raw??",
    "GHSA-4r4m: a query that asks for an inlined import": "/static/{up}.env?inline&import",
    "CVE-2025-31486: a query that looks like another kind": "/static/{up}.env?.svg?.wasm?init",
    "CVE-2025-31486: a path that looks like another kind": "/static/x.svg/../{up}.env",
    "CVE-2025-32395: a fragment": "/static/#/../{up}.env",
    "GHSA-859w: a slash and a dot": "/static/{up}.env/.",
    "CVE-2026-39364: a query that names a kind": "/static/{up}.env?raw",
    "CVE-2026-39365: a map of a file above": "/static/recipes/{up}../.env.map",
    "CVE-2024-49766: a share": "/static/%5c%5chost%5cshare%5c.env",
    "CVE-2026-21860: a name of a device": "/static/CON.txt",
    "CVE-2026-21860: a name of a device with a space": "/static/recipes/AUX%20",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    root = tmp_path_factory.mktemp("shop") / "site"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("db.sqlite3*", "__pycache__", "media"))
    for name in (".env", ".env.map"):
        (root / name).write_text(SECRET)
    with started_server((*MANAGE, "runserver", "0"), cwd=root, env={**ENVIRON, "PYTHONUNBUFFERED": "1"}) as server:
        yield root, server


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_the_applications_static_files(shop: tuple[Path, Server], name: str) -> None:
    root, server = shop
    target = OUTSIDE[name].format(up="../../", root=root)
    answer = server.exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    # What Django's finders refuse is an exception that its handler of static files lets through.
    is_refused = answer.startswith(b"HTTP/1.1 500 ") and b"SuspiciousFileOperation" in answer
    assert is_refused or answer[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 404 ")
    assert SECRET.encode() not in answer


def test_the_applications_static_files_are_there(shop: tuple[Path, Server]) -> None:
    """Else nothing outside of them would prove nothing."""
    assert shop[1].get("/static/recipes/site.css").status == 200
