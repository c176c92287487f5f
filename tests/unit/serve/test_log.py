"""The default access log: Django's lines."""

import io
import re
import socket
import time

import pytest

from afresh.serve.log import AccessEntry, format_entry, plain, timestamp

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


def test_the_time_is_that_of_http_server() -> None:
    assert timestamp(WHEN) == "02/Nov/2026 01:09:38"


def test_plain_writes_to_the_stream() -> None:
    stream = io.StringIO()
    with socket.socket() as sock:
        plain(stream)(entry("GET / HTTP/1.1", sock))
    assert re.fullmatch(r'\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\] "GET / HTTP/1.1" 200 1234\n', stream.getvalue())
