"""Python's own clocks, and who has taken the place of its functions."""

import os
import select
import socket
import sys
import time
from typing import Any

import pytest

from afresh import native


def another(*_: object) -> None:
    pass


another.__module__ = "gevent.somewhere"


class Socket:
    pass


Socket.__module__ = "eventlet.somewhere"


def test_nobody_has() -> None:
    assert native.who_serves() == native.who_forks() == ""


@pytest.mark.parametrize(
    ("owner", "name", "value", "who"),
    [
        (sys.modules["_thread"], "get_ident", another, "gevent"),
        (sys.modules["_thread"], "allocate_lock", another, "gevent"),
        (select, "poll", another, "gevent"),
        (socket, "socket", Socket, "eventlet"),
    ],
)
def test_who_exchanges_what_serving_needs(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any, who: str
) -> None:
    monkeypatch.setattr(owner, name, value)
    assert native.who_serves() == who
    assert native.who_forks() == ""


def test_a_debugger_only_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["_thread"], "start_new_thread", another)
    assert native.who_serves() == ""


def test_what_is_taken_away_has_been_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")
    assert native.who_serves() == "a package"


def test_who_exchanges_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", another)
    assert (native.who_forks(), native.who_serves()) == ("gevent", "")


def test_a_copy_holds_what_nobody_has_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    assert native.copy_of("time").monotonic() > 0
    assert native.monotonic() > 0


def test_the_clock_of_files_is_that_of_a_file(tmp_path: Any) -> None:
    before = native.time_of_files()
    file = tmp_path / "file"
    file.write_text("")
    assert before <= file.stat().st_ctime_ns <= native.time_of_files()
