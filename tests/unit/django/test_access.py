"""The access log through Django's logger: the short way writes what the long way writes, and only where nobody sees."""

import functools
import io
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.core.management.color import make_style
from django.utils.log import ServerFormatter

from afresh.django import access
from afresh.serve.log import AccessEntry

# One of its own: pytest adds handlers to those that are known.
LOGGER = logging.Logger("django.server")
STATUSES = (0, 200, 204, 302, 304, 400, 404, 408, 500, 503)


def entry(status: int, line: str = "GET /\x1b[31m?a=%s HTTP/1.1") -> AccessEntry:
    return AccessEntry(line, status, 1234, ("127.0.0.1", 5), None)  # type: ignore[arg-type]


@pytest.fixture(params=["", "dark"])
def stream(request: Any, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What Django's default handler writes to, without colours and with them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.INFO)
    formatter = ServerFormatter(access._FORMAT, style="{")
    formatter.style = make_style(request.param or "nocolor")
    handler.setFormatter(formatter)
    monkeypatch.setattr(LOGGER, "handlers", [handler])
    monkeypatch.setattr(LOGGER, "propagate", False)
    monkeypatch.setattr(access, "_LOGGER", LOGGER)
    monkeypatch.setattr(access, "timestamp", lambda now: "now")
    monkeypatch.setattr(LOGGER, "level", logging.INFO)
    LOGGER._cache.clear()  # type: ignore[attr-defined]
    return stream


@pytest.mark.parametrize("status", STATUSES)
def test_both_ways_write_the_same(status: int, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access._only_handler() is LOGGER.handlers[0]
    access.access_log(entry(status))
    short = stream.getvalue()
    assert short.startswith("[now] ")
    assert short.count("\n") == 1
    monkeypatch.setattr(access, "_ORIGINAL", None)
    assert access._only_handler() is None
    access.access_log(entry(status))
    assert stream.getvalue() == short * 2


def test_lines_of_one_second_are_each_their_own(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        entry(200, "GET /one HTTP/1.1"),
        msgspec.structs.replace(entry(200, "GET /two%s HTTP/1.1"), length=7),
        msgspec.structs.replace(entry(200, "GET /three HTTP/1.1"), note="3 ms"),
        msgspec.structs.replace(entry(200, "GET /{four} HTTP/1.1"), note="%d queries"),
        entry(200, "GET /\0\\x00 HTTP/1.1"),
    ]
    for each in entries:
        access.access_log(each)
    for output in access._outputs.values():
        output.flush()  # the last lines of a burst wait for a moment
    short = stream.getvalue()
    monkeypatch.setattr(access, "_ORIGINAL", None)
    for each in entries:
        access.access_log(each)
    assert stream.getvalue() == short * 2
    assert short.count("\n") == len(entries)


def test_another_style_is_seen_at_once(stream: io.StringIO) -> None:
    access.access_log(entry(200))
    formatter = ServerFormatter(access._FORMAT, style="{")
    formatter.style = make_style("light")
    LOGGER.handlers[0].setFormatter(formatter)
    before = len(stream.getvalue())
    access.access_log(entry(200))
    assert formatter.style.HTTP_SUCCESS("|").split("|")[0] in stream.getvalue()[before:]


def test_nothing_is_formatted_that_is_not_shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOGGER, "level", logging.ERROR)
    LOGGER._cache.clear()  # type: ignore[attr-defined]
    monkeypatch.setattr(access, "_extra", None)
    access.access_log(entry(200))
    assert stream.getvalue() == ""


def test_the_level_of_the_handler_counts(stream: io.StringIO) -> None:
    LOGGER.handlers[0].setLevel(logging.WARNING)
    access.access_log(entry(200))
    assert stream.getvalue() == ""
    access.access_log(entry(404))
    assert "404" in stream.getvalue()


class _Factory(logging.LogRecord):
    pass


@functools.wraps(logging.Logger.callHandlers)
def _watching(self: Any, record: Any) -> None:
    pass


WATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "another handler": lambda patch: LOGGER.handlers.append(logging.NullHandler()),
    "a handler's subclass": lambda patch: patch.setattr(LOGGER.handlers[0], "__class__", logging.FileHandler),
    "another formatter": lambda patch: LOGGER.handlers[0].setFormatter(logging.Formatter("%(message)s")),
    "another format": lambda patch: LOGGER.handlers[0].setFormatter(ServerFormatter("{message} {thread}", style="{")),
    "a filter": lambda patch: patch.setattr(LOGGER, "filters", [lambda record: True]),
    "a handler's filter": lambda patch: LOGGER.handlers[0].addFilter(lambda record: True),
    "propagation": lambda patch: patch.setattr(LOGGER, "propagate", True),
    "a record factory": lambda patch: patch.setattr(logging, "_logRecordFactory", _Factory),
    "a replaced method": lambda patch: patch.setattr(logging.Logger, "callHandlers", _watching),
}


@pytest.mark.parametrize("watch", WATCHED.values(), ids=WATCHED)
def test_whoever_watches_gets_whole_records(
    watch: Callable[[pytest.MonkeyPatch], object], stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(monkeypatch)
    assert access._only_handler() is None


def test_a_replaced_method_is_known_by_its_code() -> None:
    assert all(map(access._is_original, access._methods()))
    assert not access._is_original(_watching)
    assert not access._is_original(_Factory)


def test_tls_is_told_as_django_tells_it(stream: io.StringIO) -> None:
    access.access_log(entry(400, "\x16\x03\x01"))
    assert "only supports HTTP" in stream.getvalue()
