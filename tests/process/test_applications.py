"""`afresh module:app`: every way to name an application, and what is said of names that name none."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.edits import write
from afresh.testing.running import started
from afresh.testing.server import Server, started_server

SHOP = """\
from types import SimpleNamespace


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"sold by the shop"]


class App:
    def __call__(self, environ, start_response):
        return app(environ, start_response)


def make():
    return App()


def make_with(setting="default"):
    return app


def any_arguments(*arguments):
    return app(*arguments)


async def events(scope, receive, send):
    pass


class Events:
    async def __call__(self, scope, receive, send):
        pass


api = SimpleNamespace(v1=App(), make=make, events=Events())
number = 5
"""
AFRESH = (sys.executable, "-m", "afresh")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    write(tmp_path / "shop" / "wsgi.py", SHOP)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "variables"),
    [(("--max-body", "10", "--max-fields", "3"), {}), ((), {"AFRESH_MAX_BODY": "10", "AFRESH_MAX_FIELDS": "3"})],
    ids=["flags", "environment"],
)
def test_limits_reach_the_process_that_serves(folder: Path, flags: tuple[str, ...], variables: dict[str, str]) -> None:
    command = [*AFRESH, *flags, "shop.wsgi:app", "0"]
    with started_server(command, cwd=folder, env={**os.environ, **variables}) as server:
        assert server.get("/", method="POST", body=b"x" * 10).status == 200
        assert server.get("/", method="POST", body=b"x" * 11).status == 413
        assert server.get("/", headers={f"X-{number}": "y" for number in range(4)}).status == 431


@pytest.mark.parametrize(
    "words",
    [
        ("shop.wsgi:app",),
        ("shop.wsgi:make()", "-6"),
        ("shop.wsgi:make_with", "--factory"),
        ("shop.wsgi:api.v1",),
        ("shop.wsgi:api.make()",),
        ("shop.wsgi:any_arguments",),
    ],
    ids=" ".join,
)
def test_a_name_of_an_application(folder: Path, words: tuple[str, ...]) -> None:
    with started_server([*AFRESH, *words, "0"], cwd=folder) as server:
        assert "not for production" in server.out.text()
        assert server.get("/").text == "sold by the shop"
        assert server.stop() == 0


NO_APPLICATIONS = {
    "absent:app": "No module named 'absent'",
    "shop.wsgi:absent": "module 'shop.wsgi' has no attribute 'absent'",
    "shop.wsgi:number": "shop.wsgi:number is int, not a WSGI application",
    "shop.wsgi:make": "add --factory",
    "shop.wsgi:make_with": "add --factory",
    "shop.wsgi:events": "is an ASGI application",
    "shop.wsgi:api.events": "is an ASGI application",
}


@pytest.mark.parametrize(("name", "message"), NO_APPLICATIONS.items(), ids=NO_APPLICATIONS.keys())
def test_a_name_of_none_is_said_and_shown(folder: Path, name: str, message: str) -> None:
    with failing(folder, name, str(free_port())) as server:
        server.err.wait_for(message)
        page = server.get("/")
        assert (page.status, message in page.text) == (500, True)
        assert server.stop() == 0


def test_a_module_that_is_mended(folder: Path) -> None:
    write(folder / "shop" / "wsgi.py", SHOP.replace("def app(", "def app(("))
    with failing(folder, "shop.wsgi:app", str(free_port())) as server:
        server.err.wait_for("SyntaxError")
        assert server.get("/").status == 500
        write(folder / "shop" / "wsgi.py", SHOP)
        assert server.get("/").text == "sold by the shop"
        assert server.stop() == 0


@contextmanager
def failing(folder: Path, *words: str) -> Iterator[Server]:
    """A start that fails, as soon as it is shown on the port that is the last of `words`."""
    with started([*AFRESH, *words], cwd=folder) as running:
        running.err.wait_for("Quit with CONTROL-C")
        yield Server(running, "127.0.0.1", int(words[-1]))


def test_a_script_that_runs_no_command_is_said(folder: Path) -> None:
    """`afresh app.py` for `afresh app:app` would end without a word."""
    write(folder / "plain.py", SHOP)
    with started([*AFRESH, "plain.py", "0"], cwd=folder) as running:
        assert running.wait_exit() == 1
        assert "plain.py has ended without running a command of Django" in running.err.wait_end()
        assert "afresh plain:app" in running.err.text()


TELLS_ITS_COLLECTOR = """\
import gc

during = gc.get_threshold()
{choice}


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr((during[1] > 10_000, gc.get_threshold())).encode()]
"""


@pytest.mark.parametrize("choice", ["pass", "gc.set_threshold(321, 4, 5)"])
def test_garbage_is_collected_as_usual_once_the_application_is_loaded(tmp_path: Path, choice: str) -> None:
    write(tmp_path / "shop.py", TELLS_ITS_COLLECTOR.format(choice=choice))
    expected = (321, 4, 5) if "gc" in choice else gc.get_threshold()
    with started_server([*AFRESH, "shop:app", "0"], cwd=tmp_path) as server:
        assert server.get("/").text == repr((True, expected))
