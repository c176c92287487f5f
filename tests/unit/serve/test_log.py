"""The default access log: Django's lines."""

import io
import json
import re
import socket
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.serve.log import AccessEntry, as_json, escaped, format_entry, plain, timestamp, verbose

WHEN = time.mktime((2026, 11, 2, 1, 9, 38, 0, 306, -1))


def entry(line: str, sock: socket.socket) -> AccessEntry:
    return AccessEntry(line, 200, 1234, ("127.0.0.1", 5), sock)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET / HTTP/1.1", "GET / HTTP/1.1"),
        ("GET /\x1b[31m HTTP/1.1", "GET /\\x1b[31m HTTP/1.1"),
        ("GET /\xc3\xa4\n HTTP/1.1", "GET /\\xc3\\xa4\\n HTTP/1.1"),
    ],
)
def test_a_line_is_the_one_that_runserver_writes(line: str, shown: str) -> None:
    with socket.socket() as sock:
        assert format_entry(entry(line, sock), WHEN) == f'[02/Nov/2026 01:09:38] "{shown}" 200 1234\n'


@given(st.text() | st.text("ab\\\n\x7f\u00e9 "))
def test_any_line_is_escaped_as_django_does(line: str) -> None:
    assert escaped(line) == line.encode("unicode_escape").decode("ascii")


def test_the_time_is_that_of_http_server() -> None:
    assert timestamp(WHEN) == "02/Nov/2026 01:09:38"


def test_plain_writes_to_the_stream() -> None:
    stream = io.StringIO()
    with socket.socket() as sock:
        plain(stream)(entry("GET / HTTP/1.1", sock))
    assert re.fullmatch(r'\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\] "GET / HTTP/1.1" 200 1234\n', stream.getvalue())


def test_a_verbose_log_adds_how_long_it_took_and_the_queries() -> None:
    told: list[AccessEntry] = []
    counts = iter([3, 1])
    with socket.socket() as sock:
        one = entry("GET / HTTP/1.1", sock)
        log = verbose(told.append, lambda: next(counts))
        log(msgspec.structs.replace(one, seconds=0.0123))
        log(msgspec.structs.replace(one, seconds=0.0001))
        verbose(told.append, None)(msgspec.structs.replace(one, seconds=1.5))
    assert [each.note for each in told] == ["12 ms · 3 queries", "0 ms · 1 query", "1500 ms"]
    assert format_entry(told[0], WHEN).endswith('" 200 1234 · 12 ms · 3 queries\n')


def test_json_is_one_object_a_line_whatever_was_asked_for() -> None:
    stream = io.StringIO()
    with socket.socket() as sock:
        hostile = entry('GET /a"\n\x1b[31m HTTP/1.1', sock)
        as_json(stream)(msgspec.structs.replace(hostile, seconds=0.5, message="no"))
        as_json(stream, lambda: 2)(entry("nonsense", sock))
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["method"], first["target"], first["seconds"], first["message"]) == ("GET", '/a"\n\x1b[31m', 0.5, "no")
    assert "\x1b" not in stream.getvalue()
    assert second["queries"] == 2
