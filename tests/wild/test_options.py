"""Options where they act: each by every way of giving it, in every process that it is meant for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.django.sides import AFRESH, AFRESH_COMMAND, Peer

from afresh.options.resolve import as_environment
from afresh.options.table import ROWS
from afresh.testing.edits import edit
from afresh.testing.server import Server

from .base import Project, Tried, build

Values = Mapping[str, str | list[str]]
"""What is set: the value of each option, by name, as text; a list where the option may be repeated."""

_ROWS = {row.name: row for row in ROWS}


def by_flag(values: Values) -> tuple[tuple[str, ...], dict[str, str], str]:
    words = [word for name, value in values.items() for each in _words(value) for word in (_ROWS[name].flag, each)]
    return tuple(words), {}, ""


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
    return value if value.replace(".", "").isdecimal() else repr(value)


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
