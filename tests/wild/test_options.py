"""Options where they act: each by every way of giving it, in every process that it is meant for."""

import os
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest
from tests.django.sides import AFRESH, AFRESH_COMMAND, Peer

from afresh.options.resolve import as_environment
from afresh.options.table import ROWS, Row
from afresh.testing.client import fetch, free_port
from afresh.testing.deadline import PATIENCE
from afresh.testing.edits import edit
from afresh.testing.server import Server

from .base import Project, Tried, build

Values = Mapping[str, str | list[str]]
"""What is set: the value of each option, by name, as text; a list where the option may be repeated."""

_ROWS = {row.name: row for row in ROWS}


def by_flag(values: Values) -> tuple[tuple[str, ...], dict[str, str], str]:
    words = [word for name, value in values.items() for each in _words(value) for word in _flag(_ROWS[name], each)]
    return tuple(words), {}, ""


def _flag(row: Row, value: str) -> tuple[str, ...]:
    if row.negative:
        return (row.flag if value == "on" else row.negative,)
    return row.flag, value


def by_environment(values: Values) -> tuple[tuple[str, ...], dict[str, str], str]:
    return (), as_environment({name: _words(value) for name, value in values.items()}), ""


def by_pyproject(values: Values) -> tuple[tuple[str, ...], dict[str, str], str]:
    lines = [f"{_ROWS[name].key} = {_toml(value)}" for name, value in values.items()]
    return (), {}, "\n".join(["[tool.afresh]", *lines, ""])


def _words(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _toml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return repr(value)
    switch = {"on": "true", "off": "false"}.get(value)
    return switch or (value if value.replace(".", "", 1).isdecimal() else repr(value))


WAYS: dict[str, tuple[Peer, Callable[[Values], tuple[tuple[str, ...], dict[str, str], str]]]] = {
    "manage.py, environment": (AFRESH, by_environment),
    "manage.py, pyproject": (AFRESH, by_pyproject),
    "afresh, flag": (AFRESH_COMMAND, by_flag),
    "afresh, environment": (AFRESH_COMMAND, by_environment),
    "afresh, pyproject": (AFRESH_COMMAND, by_pyproject),
}


SLOW = ("manage.py, pyproject", "afresh, environment")  # of each way and each door, one is in the fast subset


@pytest.fixture(params=[pytest.param(way, marks=pytest.mark.slow if way in SLOW else ()) for way in WAYS])
def way(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@contextmanager
def served(way: str, base: Path, root: Path, values: Values, *arguments: str, settings: str = "") -> Iterator[Tried]:
    """The base project with these options, given in this way."""
    peer, give = WAYS[way]
    project = build(root, peer, base) if not root.exists() else Project(root, peer)
    words, env, pyproject = give(values)
    project.write({"pyproject.toml": pyproject} if pyproject else {})
    if settings:
        project.settings(settings)
    with project.serve(*words, *arguments, env=env) as tried:
        yield tried


def host(server: Server, name: str, path: str = "/") -> int:
    return server.get(path, headers={"Host": name}).status


# ---- allow-host -----------------------------------------------------------------------------------------------------

NAMES = ["shop.test", ".tenants.test"]
ALLOWED = ("shop.test:8000", "a.tenants.test", "tenants.test", "localhost")
FOREIGN = "evil.test"


def answers(server: Server) -> list[int]:
    return [host(server, name) for name in (*ALLOWED, FOREIGN)]


def test_allow_host(way: str, base: Path, tmp_path: Path) -> None:
    """In the server, in the one after a reload, on the page for a failure, and in one process."""
    names = {"allow_host": NAMES}
    with served(way, base, tmp_path / "project", names, settings="ALLOWED_HOSTS = ['other.test']\n") as tried:
        server, views = tried.server, tried.root / "site1/views.py"
        wanted = [200, 200, 200, 400, 400]  # Django's own list has no "localhost"
        assert answers(server) == wanted
        assert host(server, "other.test") == 200
        edit(views, "'c0'", "'c1'")
        assert answers(server) == wanted
        edit(views, "'c1'", "nothing")
        assert answers(server) == [500, 500, 500, 500, 400]
        edit(views, "nothing", "'c2'")
        assert answers(server) == wanted
    with served(way, base, tmp_path / "project", names, "--noreload") as tried:
        assert answers(tried.server) == wanted


def test_allow_host_for_all(way: str, base: Path, tmp_path: Path) -> None:
    with served(way, base, tmp_path / "project", {"allow_host": ["*"]}) as tried:
        assert answers(tried.server) == [200] * 5
    with served(way, base, tmp_path / "project", {"allow_host": ["*"]}, "--noreload") as tried:
        assert answers(tried.server) == [200] * 5


def test_allow_host_leaves_djangos_names_of_this_machine(way: str, base: Path, tmp_path: Path) -> None:
    """Django adds them while its own list is empty."""
    with served(way, base, tmp_path / "project", {"allow_host": NAMES}) as tried:
        assert answers(tried.server) == [200, 200, 200, 200, 400]


# ---- what the page for a refused host says --------------------------------------------------------------------------


def advised(server: Server, name: str) -> str:
    """The line that the page for a refused host says."""
    answer = server.get("/", headers={"Host": name, "Accept": "text/plain"})
    assert answer.status == 400
    return next(line.strip() for line in answer.text.splitlines() if line.startswith("    "))


def following(line: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Arguments and environment of a start that does what the line says."""
    if line.startswith("AFRESH_"):
        return (), dict([line.split("=", 1)])
    return tuple(line.split()), {}


def test_the_line_for_the_settings_does_what_it_says(project: Project) -> None:
    with project.serve() as tried:
        line = advised(tried.server, "shop.test")
        assert line.startswith("ALLOWED_HOSTS = ")
        project.settings(line)
        assert [host(tried.server, name) for name in ("shop.test", "localhost", "127.0.0.1")] == [200, 200, 200]


def test_the_line_behind_a_proxy_does_what_it_says(project: Project) -> None:
    project.settings("USE_X_FORWARDED_HOST = True")
    with project.serve() as tried:
        line = advised(tried.server, "shop.test")
    arguments, env = following(line)
    with project.serve(*arguments, env=env) as tried:
        assert host(tried.server, "shop.test") == 200


@contextmanager
def failing(project: Project, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The project, which does not start: only Afresh says where it is to be seen."""
    with project.site.start(*arguments, "0", env=env) as running:
        told = running.err.wait_for(r"shown at http://(?P<host>[^:]+):(?P<port>\d+)/")
        server = Server(running, told["host"], int(told["port"]))
        yield server
        assert server.stop() == 0


def test_the_line_before_settings_are_loaded_does_what_it_says(project: Project) -> None:
    project.append("site1/urls.py", "nothing.at.all")
    with failing(project) as server:
        line = advised(server, "shop.test")
    arguments, env = following(line)
    with failing(project, *arguments, env=env) as server:
        assert host(server, "shop.test") == 500
        edit(project.root / "site1/urls.py", "nothing.at.all", "")
        assert host(server, "shop.test") == 200


# ---- all others -----------------------------------------------------------------------------------------------------

VIEWS = """
import os
import threading

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

BOTH = threading.Barrier(2)
FIFO = os.environ.get("SITE_FIFO", "")


@csrf_exempt
def body(request):
    return HttpResponse("called")


def both(request):
    try:
        BOTH.wait(1)
    except threading.BrokenBarrierError:
        return HttpResponse("alone")
    return HttpResponse("together")


def slow(request):
    with open(FIFO) as fifo:
        return HttpResponse(fifo.read())
"""
URLS = "urlpatterns += [path('body/', views.body), path('both/', views.both), path('slow/', views.slow)]\n"
HTML = "<!doctype html><html><head><title>page</title></head><body>{{ a }}</body></html>"


def project_with_views(way: str, base: Path, root: Path) -> None:
    project = build(root, WAYS[way][0], base)
    project.append("site1/views.py", VIEWS)
    project.append("site1/urls.py", URLS)
    project.write({"templates/p.html": HTML})


def status_of(server: Server, head: str, rest: bytes = b"") -> int:
    """The status of what comes for a request whose sender keeps its side open."""
    return int(server.exchange(head.replace("\n", "\r\n").encode() + rest).split(b" ", 2)[1])


FIELDS = "".join(f"X-{number}: x\n" for number in range(40))
LONG = f"X-Long: {'x' * 3000}\n"
END = "Host: localhost\nConnection: close\n\n"
POST = "POST /body/ HTTP/1.1\nContent-Length: {}\n" + END


def many_fields(server: Server) -> object:
    return status_of(server, f"GET / HTTP/1.1\n{FIELDS}{END}")


def long_head(server: Server) -> object:
    return status_of(server, f"GET / HTTP/1.1\n{LONG}{END}")


def long_body(server: Server) -> object:
    return status_of(server, POST.format(3000))


def half_a_head(server: Server) -> object:
    return status_of(server, "GET / HTT")


def half_a_body(server: Server) -> object:
    return status_of(server, POST.format(5), b"ab")


def is_closed_when_idle(server: Server) -> object:
    with socket.create_connection(server.address, PATIENCE) as sock:
        sock.sendall(b"GET /__none__/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while sock.recv(65536):
            pass
    return True


def line_of_request(server: Server) -> object:
    before = server.err.here()
    server.get("/?asked")
    return server.err.wait_for(r"(?P<json>^\{.*)?/\?asked", after=before)["json"] is not None


def has_script(server: Server) -> object:
    return "/__afresh__/live.js" in server.get("/", headers={"Accept": "text/html"}).text


def view_before_body(server: Server) -> object:
    """A longer body than is held in memory is not awaited: the view is called, which does not read it."""
    return status_of(server, POST.format(50))


SERVER, PAGE, ONE_PROCESS = "server", "page for a failure", "--noreload"
EVERYWHERE = (SERVER, PAGE, ONE_PROCESS)

OBSERVED: list[tuple[str, str, Callable[[Server], object], object, tuple[str, ...]]] = [
    # option, value, what is looked at, what it must be, in which processes
    ("max_fields", "20", many_fields, 431, EVERYWHERE),
    ("max_head", "2000", long_head, 431, EVERYWHERE),
    ("max_body", "1000", long_body, 413, EVERYWHERE),
    ("head_wait", "0.1", half_a_head, 408, EVERYWHERE),
    ("body_wait", "0.1", half_a_body, 408, EVERYWHERE),
    ("idle", "0.1", is_closed_when_idle, True, EVERYWHERE),
    ("log", "json", line_of_request, True, EVERYWHERE),
    ("max_spool", "10", view_before_body, 200, (SERVER, ONE_PROCESS)),
    ("live", "off", has_script, False, (SERVER, PAGE)),
]


def check(server: Server, process: str) -> None:
    wanted = {name: expected for name, _, _, expected, processes in OBSERVED if process in processes}
    assert {name: look(server) for name, _, look, _, _ in OBSERVED if name in wanted} == wanted


def test_options_of_who_answers(way: str, base: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    project_with_views(way, base, root)
    values = {name: value for name, value, *_ in OBSERVED}
    with served(way, base, root, values) as tried:
        check(tried.server, SERVER)
        edit(root / "site1/views.py", "'c0'", "nothing")
        check(tried.server, PAGE)
        edit(root / "site1/views.py", "nothing", "'c1'")
        check(tried.server, SERVER)
    with served(way, base, root, values, "--noreload") as tried:
        check(tried.server, ONE_PROCESS)


def is_idle_one_closed(server: Server) -> bool:
    """Whether one of two idle connections is closed when a third one comes."""
    asked = b"GET /__none__/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    first, second = (socket.create_connection(server.address, PATIENCE) for _ in range(2))
    with first, second:
        for sock in (first, second):
            sock.sendall(asked)
            sock.recv(1)
        server.get("/")
        open_ones = [first, second]
        while open_ones == [first, second]:
            readable, _, _ = select.select(open_ones, [], [], PATIENCE)
            assert readable
            open_ones = [sock for sock in open_ones if sock not in readable or sock.recv(65536)]
    return True


def together(server: Server) -> set[str]:
    with ThreadPoolExecutor(2) as pool:
        return {answer.text for answer in pool.map(server.get, ["/both/"] * 2)}


def test_options_of_how_many_are_answered_and_how_long(way: str, base: Path, tmp_path: Path) -> None:
    """`drain` and `wait` are the keeper's; of those for how many, every server must be told."""
    root, fifo = tmp_path / "project", tmp_path / "fifo"
    project_with_views(way, base, root)
    edit(root / "site1/views.py", 'os.environ.get("SITE_FIFO", "")', repr(str(fifo)))
    os.mkfifo(fifo)
    values = {"max_connections": "2", "max_threads": "1", "drain": "0.1", "wait": "0.1"}
    with served(way, base, root, values) as tried, ThreadPoolExecutor(1) as pool:
        assert is_idle_one_closed(tried.server)
        assert together(tried.server) == {"alone"}
        slow = pool.submit(tried.ask, "/slow/")
        with fifo.open("w"):  # once the view reads it
            edit(root / "site1/views.py", "'c0'", "open(FIFO).read()")
            assert isinstance(slow.exception(), OSError | HTTPException)
            edit(root / "site1/views.py", "\nTOP", f"\nFIFO = {str(fifo)!r}\nTOP")
            waiting = tried.ask("/")
        assert (waiting.status, waiting.header("Retry-After") is not None) == (503, True)
        edit(root / "site1/views.py", "open(FIFO).read()", "'c1'")
        assert tried.ask("/").status == 200
    with served(way, base, root, values, "--noreload") as tried:
        assert is_idle_one_closed(tried.server)
        assert together(tried.server) == {"alone"}


def test_options_of_the_keeper(way: str, base: Path, tmp_path: Path) -> None:
    port = free_port()
    values = {"poll": "on", "poll_interval": "0.05", "dashboard_addr": f"127.0.0.1:{port}"}
    with served(way, base, tmp_path / "project", values) as tried:
        tried.server.err.wait_for(r"\(polling was asked for\)\. All files are looked at every 50 ms")
        tried.server.err.wait_for(rf"^Dashboard: http://127\.0\.0\.1:{port}/")
        assert fetch(("127.0.0.1", port), "/").status == 401


ELSEWHERE = {
    "settle": "unit/watch/test_saves.py",
    "stream_drain": "process/test_draining.py",
    "file_changed_wait": "django/test_reload.py",
    "serve_first": "process/served.py",
    "editor": "process/test_dashboard_views.py",
}
HERE = {"allow_host", "max_connections", "max_threads", "drain", "wait", "poll", "poll_interval", "dashboard_addr"}


def test_each_option_is_tested_where_it_acts() -> None:
    """Those that are tested elsewhere are the keeper's, which has all of them from the same value."""
    tested = {name for name, *_ in OBSERVED} | HERE
    assert {row.name for row in ROWS} == tested | set(ELSEWHERE)
    for name, file in ELSEWHERE.items():
        text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
        assert _ROWS[name].flag in text or _ROWS[name].environment in text or f"{name}_limit" in text
