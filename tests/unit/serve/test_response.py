"""Response heads: framing and bytes."""

import re
from http import HTTPStatus

import pytest

from afresh.serve.response import Framing, choose_framing, encode_head, http_date, plain_response, read_head


@pytest.mark.parametrize(
    ("method", "version", "status", "headers", "framing"),
    [
        ("GET", "HTTP/1.1", "200 OK", [("Content-Length", "3")], Framing.LENGTH),
        ("GET", "HTTP/1.1", "200 OK", [], Framing.CHUNKED),
        ("GET", "HTTP/1.0", "200 OK", [], Framing.CLOSE),
        ("GET", "HTTP/1.0", "200 OK", [("content-LENGTH", "3")], Framing.LENGTH),
        ("HEAD", "HTTP/1.1", "200 OK", [("Content-Length", "3")], Framing.NONE),
        ("GET", "HTTP/1.1", "204 No Content", [("Content-Length", "0")], Framing.NONE),
        ("GET", "HTTP/1.1", "304 Not Modified", [("Content-Length", "3")], Framing.NONE),
        ("GET", "HTTP/1.1", "999 Odd", [], Framing.CHUNKED),
    ],
)
def test_framing(method: str, version: str, status: str, headers: list[tuple[str, str]], framing: Framing) -> None:
    assert choose_framing(method, version, read_head(status, headers)) is framing


def encode(status: str, headers: list[tuple[str, str]], method: str = "GET", *, keeps: bool = True) -> str:
    head = read_head(status, headers)
    framing = choose_framing(method, "HTTP/1.1", head)
    data = encode_head(head, method, framing, keeps=keeps, version="HTTP/1.1", software="S", date="D")
    return data.decode("latin-1")


def test_fields_are_sent_as_given_and_in_order() -> None:
    text = encode("200 Fine", [("B", "\xe4"), ("a", ""), ("B", "2"), ("Content-Length", "0")])
    fields = "Date: D\r\nServer: S\r\nB: \xe4\r\na: \r\nB: 2\r\nContent-Length: 0\r\n"
    assert text == f"HTTP/1.1 200 Fine\r\n{fields}\r\n"


def test_connection_fields_of_the_application_are_replaced() -> None:
    text = encode("200 OK", [("Connection", "keep-alive"), ("Content-Length", "0")], keeps=False)
    assert text.count("Connection") == 1
    assert text.endswith("Connection: close\r\n\r\n")
    assert read_head("200 OK", [("connection", "Close")]).wants_close
    assert not read_head("200 OK", [("connection", "keep-alive")]).wants_close


@pytest.mark.parametrize(("status", "method"), [("204 No Content", "GET"), ("200 OK", "HEAD")])
def test_lengths_that_must_not_be_sent(status: str, method: str) -> None:
    text = encode(status, [("X-Content-Length", "0"), ("content-length", "0"), ("Y", "z")], method)
    assert "\r\nX-Content-Length: 0\r\nY: z\r\n" in text


def test_dates_are_http_dates() -> None:
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", http_date())
    assert http_date.__doc__


def test_own_responses() -> None:
    data = plain_response(HTTPStatus.BAD_REQUEST, "text/plain", b"no", method="GET", software="S")
    assert data.startswith(b"HTTP/1.1 400 Bad Request\r\nDate: ")
    assert data.endswith(b"Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    head = plain_response(HTTPStatus.BAD_REQUEST, "text/plain", b"no", method="HEAD", software="S")
    assert head.endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n")
