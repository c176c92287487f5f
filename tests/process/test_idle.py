"""When nothing happens, nothing wakes up."""

import http.client
from contextlib import closing
from pathlib import Path

import pytest

from afresh.testing.client import read_answer
from afresh.testing.deadline import Deadline
from afresh.testing.processes import wait_gone, waits
from afresh.testing.running import Running

from .served import served

APPLICATION = """\
WORD = b"one"


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [WORD]
"""
STRETCH = 2.0
"""Seconds without a wake-up: longer than any timer that would tick."""


@pytest.mark.parametrize("edits", [(), ("two", "six")], ids=["after the start", "after reloads"])
def test_no_process_wakes_up(tmp_path: Path, edits: tuple[str, ...]) -> None:
    """Keeper, checkpoints, standby, and the server, which holds a connection that is kept alive."""
    with served(tmp_path, {"application.py": APPLICATION}) as project:
        word = "one"
        for new in edits:
            project.edit("application.py", f'b"{word}"', f'b"{new}"')
            word = new
        with closing(http.client.HTTPConnection(*project.server.address)) as connection:
            connection.request("GET", "/")
            assert read_answer(connection).text == word
            _wait_until_nothing_wakes_up(project.running)
            connection.request("GET", "/")
            assert read_answer(connection).text == word
        assert project.server.stop() == 0


def _wait_until_nothing_wakes_up(running: Running) -> None:
    """What a start or a reload leaves to be done while nobody waits comes first."""
    deadline, before = Deadline(), _switches(running)
    while not deadline.passed():
        assert not wait_gone(running.pid, STRETCH)
        if (now := _switches(running)) == before:
            return
        before = now
    raise AssertionError(f"something wakes up again and again: {before}\n{running.told()}")


def _switches(running: Running) -> dict[int, int]:
    return {thread: count for one in running.alive() for thread, count in waits(one.pid).items()}
