"""Keys in the terminal: what they do, and when they are left to others."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afresh.testing.server import Server, started_server

from .served import COMMAND, until

APPLICATION = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/ask":
        return [("told " + input("say> ")).encode()]
    return [b"one"]
"""


@contextmanager
def in_terminal(root: Path, **environ: str) -> Iterator[Server]:
    (root / "application.py").write_text(APPLICATION)
    environment = {**os.environ, **environ, "PYTHONUNBUFFERED": ""}
    with started_server((sys.executable, *COMMAND), cwd=root, env=environment, terminal=True) as server:
        server.out.wait_for("^Dashboard: ")
        yield server


def press(server: Server, text: str, pattern: str) -> None:
    before = server.out.here()
    server.running.type(text)
    server.out.wait_for(pattern, after=before)


def shows_help(server: Server) -> bool:
    before = server.out.here()
    server.running.type("?\n")
    try:
        server.out.wait_for("Keys, each with Enter", after=before, within=0.5)
    except AssertionError:
        return False
    return True


def test_each_key_does_what_help_says(tmp_path: Path) -> None:
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    script.chmod(0o755)
    with in_terminal(tmp_path, BROWSER=str(script)) as server:
        press(server, "?\n", r"Keys, each with Enter: r ")
        press(server, "r\n", r"reload 2 ")
        press(server, "\n  \nnothing\n?\n", r"Keys, each with Enter")
        press(server, "c\n", r"\x1b\[2J")
        server.running.type("q\n")
        assert server.wait_stopped() == 0


def test_the_browser_is_opened_or_the_address_said(tmp_path: Path) -> None:
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\necho shown > /dev/tty 2>/dev/null || true\n')
    script.chmod(0o755)
    os.mkfifo(tmp_path / "opened")
    with in_terminal(tmp_path, BROWSER=str(script)) as server:
        server.running.type("o\n")
        assert (tmp_path / "opened").read_text() == f"http://127.0.0.1:{server.port}/\n"
        server.running.type("d\n")
        assert (tmp_path / "opened").read_text().startswith(f"http://afresh.localhost:{server.port}/?token=")
    with in_terminal(tmp_path, BROWSER="", DISPLAY="", WAYLAND_DISPLAY="", WSL_DISTRO_NAME="") as server:
        press(server, "o\n", rf"Open http://127.0.0.1:{server.port}/")


def test_a_prompt_of_the_project_gets_its_lines(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with in_terminal(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.get, "/ask")
        server.out.wait_for("say> ")
        server.running.type("q\n")
        assert answer.result().text == "told q"
        # What is typed behind it may still be meant for a debugger.
        server.running.type("q\n")
        assert server.get("/").text == "one"
        (tmp_path / "application.py").write_text(APPLICATION.replace('b"one"', 'b"two"'))
        assert server.get("/").text == "two"
        until(lambda: shows_help(server))  # once the server that had the prompt is gone
        server.running.type("q\n")
        assert server.wait_stopped() == 0


@pytest.mark.parametrize("text", ["q\n", "r\n"])
def test_without_a_terminal_nothing_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "application.py").write_text(APPLICATION)
    with started_server((sys.executable, *COMMAND), cwd=tmp_path) as server:
        server.running.type(text)
        assert server.get("/").text == "one"
        assert "reload" not in server.err.text()
        assert server.stop() == 0
