"""Request bodies: 100 Continue, long ones, slow ones, and those that nobody reads."""

import tempfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

from afresh.serve.config import Limits
from afresh.testing.deadline import PATIENCE

ReadUntil = Callable[..., bytes]
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def head(*fields: str, path: str = "/") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *fields, "\r\n"]).encode()


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [body]


def ignore(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"ignored"]


def test_continue_is_sent_when_the_application_first_reads(
    serve: Any, read_until: ReadUntil, nothing_came: Any
) -> None:
    called, read = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        called.set()
        assert read.wait(PATIENCE)
        return echo(environ, start_response)

    client = serve(application).connect()
    client.sendall(head("Content-Length: 4", "Expect: 100-continue"))
    assert called.wait(PATIENCE)
    assert nothing_came(client)
    read.set()
    assert read_until(client, b"\r\n\r\n") == CONTINUE
    client.sendall(b"body")
    assert read_until(client, b"body").startswith(b"HTTP/1.1 200 OK")
    client.sendall(head("Content-Length: 4", "Expect: 100-Continue"))
    assert read_until(client, b"\r\n\r\n") == CONTINUE
    client.sendall(b"more")
    assert b"close" not in read_until(client, b"more")


def test_continue_is_sent_however_the_head_came(serve: Any, read_until: ReadUntil) -> None:
    served = serve(echo)
    data = head("Content-Length: 4", "Expect: 100-continue")
    pieces = [[data[at : at + 1] for at in range(len(data))]]
    pieces += [[data[:position], data[position:]] for position in range(1, len(data))]
    for each in pieces:
        client = served.connect()
        for piece in each:
            client.sendall(piece)
        assert read_until(client, b"\r\n\r\n") == CONTINUE
        client.sendall(b"body")
        assert read_until(client, b"body").startswith(b"HTTP/1.1 200 OK")
        client.close()


def test_continue_is_not_sent_when_the_body_is_there(serve: Any) -> None:
    assert serve(echo).talk(head("Content-Length: 4", "Expect: 100-continue") + b"body").startswith(b"HTTP/1.1 200 OK")


def test_a_body_that_was_never_asked_for_ends_the_connection(serve: Any) -> None:
    answer = serve(ignore).talk(head("Content-Length: 4", "Expect: 100-continue"), half_close=False)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in answer


def test_continue_is_not_sent_to_1_0(serve: Any) -> None:
    data = head("Content-Length: 4", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert serve(echo).talk(data, b"body").startswith(b"HTTP/1.1 200 OK")


def test_continue_before_a_chunked_body(serve: Any, read_until: ReadUntil) -> None:
    client = serve(echo).connect()
    client.sendall(head("Transfer-Encoding: chunked", "Expect: 100-continue"))
    assert read_until(client, b"\r\n\r\n") == CONTINUE
    client.sendall(b"4\r\nbody\r\n0\r\n\r\n" + head("Content-Length: 1") + b"x")
    answer = read_until(client, b"\r\n\r\nx")
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"\r\n\r\nbody" in answer


BODY = bytes(range(256)) * 8192  # 2 MiB


def chunks(data: bytes, size: int) -> bytes:
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("spool_limit", [1000, 100_000, 4 << 20])
@pytest.mark.parametrize("size", [7, 4096, 1 << 20])
@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_long_bodies(spool_limit: int, size: int, coding: str, serve: Any) -> None:
    body = BODY if size > 7 else BODY[:50_000]
    if coding == "length":
        data = head(f"Content-Length: {len(body)}") + body
    else:
        data = head("Transfer-Encoding: chunked") + chunks(body, size)
    served = serve(echo, spool_limit=spool_limit)
    answer = served.talk(data + head("Content-Length: 3", "Connection: close") + b"end", half_close=False)
    first, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert first.partition(b"\r\n\r\n")[2] == body
    assert second.endswith(b"\r\n\r\nend")


def test_a_long_chunked_body_goes_through_a_file(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rolled: list[int] = []
    original = tempfile.SpooledTemporaryFile.rollover

    def rollover(self: Any) -> None:
        rolled.append(1)
        original(self)

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rollover)
    served = serve(echo, spool_limit=10_000)
    assert served.talk(head("Transfer-Encoding: chunked") + chunks(BODY, 5000)).endswith(BODY)
    assert rolled == [1]


def test_nothing_at_all_may_be_held_in_memory(serve: Any) -> None:
    held: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        held.append(environ["wsgi.input"]._rolled)
        return echo(environ, start_response)

    served = serve(application, spool_limit=0)
    assert served.talk(head("Transfer-Encoding: chunked") + chunks(BODY, 5000)).endswith(BODY)
    assert held == [True]


@pytest.mark.parametrize("spool_limit", [10, 1 << 20])
@pytest.mark.parametrize("coding", ["Content-Length", "Transfer-Encoding: chunked"])
def test_a_body_that_is_longer_than_the_most_is_refused(spool_limit: int, coding: str, serve: Any) -> None:
    served = serve(echo, spool_limit=spool_limit, limits=Limits(body=10))
    for size, status in ((10, 200), (11, 413)):
        body = b"x" * size
        sent = head(coding) + chunks(body, 4) if "chunked" in coding else head(f"Content-Length: {size}") + body
        assert served.talk(sent).startswith(b"HTTP/1.1 %d " % status)


def test_a_body_that_would_be_too_long_is_not_asked_for(serve: Any) -> None:
    served = serve(echo, limits=Limits(body=10))
    answer = served.talk(head("Content-Length: 11", "Expect: 100-continue"), half_close=False)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("coding", ["Content-Length: 3000000", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_go_on_is_given_up(coding: str, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    served = serve(echo, spool_limit=10, body_wait=0.05)
    beginning = b"14\r\n" + b"x" * 20 + b"\r\n"
    assert served.talk(head(coding) + beginning, half_close=False) == b""
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("coding", ["Content-Length: 30", "Transfer-Encoding: chunked"])
def test_a_short_body_that_does_not_go_on_is_refused(coding: str, serve: Any) -> None:
    """Nobody has begun to answer: the client is told."""
    served = serve(echo, body_wait=0.05)
    answer = served.talk(head(coding) + b"14\r\n" + b"x" * 20, half_close=False)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert served.entry().status == 408


@pytest.mark.parametrize("length", [10, 3_000_000])
def test_a_slow_body_keeps_nobody_waiting(length: int, serve: Any, read_until: ReadUntil) -> None:
    served = serve(echo)
    slow = served.connect()
    slow.sendall(head(f"Content-Length: {length}") + b"12345")
    for _ in range(3):
        assert served.talk(head("Content-Length: 5") + b"quick").endswith(b"quick")
    slow.sendall(b"x" * (length - 5))
    assert read_until(slow, b"x" * (length - 5)).endswith(b"12345" + b"x" * (length - 5))


@pytest.mark.parametrize("declared", [10, 3_000_000])
def test_a_client_that_ends_in_the_middle_of_its_body_gets_nothing_done(
    declared: int, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A short read would pass for the whole body, and a truncated form would be saved."""
    finished = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        finished.append(echo(environ, start_response))
        return finished[-1]

    assert serve(application).talk(head(f"Content-Length: {declared}") + b"12345") == b""
    assert not finished
    assert capsys.readouterr().err == ""


def test_a_client_that_ends_in_the_middle_of_its_chunks(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for limit in (10, 1 << 20):
        data = head("Transfer-Encoding: chunked") + b"14\r\n" + b"x" * 20 + b"\r\n5\r\nab"
        assert serve(echo, spool_limit=limit).talk(data) == b""
    assert capsys.readouterr().err == ""


def test_broken_chunks_beyond_the_limit_are_refused(serve: Any) -> None:
    answer = serve(ignore, spool_limit=10).talk(
        head("Transfer-Encoding: chunked") + b"14\r\n" + b"x" * 20 + b"\r\nzz\r\n" + head(), half_close=False
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("spool_limit", [10, 1 << 20])
def test_a_refusal_of_a_body_is_one_of_its_request(spool_limit: int, serve: Any) -> None:
    served = serve(echo, spool_limit=spool_limit)
    data = head("Transfer-Encoding: chunked").replace(b"POST", b"HEAD", 1) + b"14\r\n" + b"x" * 20 + b"broken"
    answer = served.talk(data)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n"), "an answer to HEAD has no body"
    assert served.entry().request_line == "HEAD / HTTP/1.1"


def test_a_short_rest_is_dropped_and_the_connection_goes_on(serve: Any) -> None:
    body = b"x" * 2000
    answer = serve(ignore, spool_limit=100, unread_limit=5000).talk(
        head(f"Content-Length: {len(body)}"), body, head("Content-Length: 0")
    )
    assert answer.count(b"\r\n\r\nignored") == 2
    assert b"close" not in answer


def test_a_long_rest_ends_the_connection_but_not_the_response(serve: Any) -> None:
    body = b"x" * 100_000
    data = head(f"Content-Length: {len(body)}")
    answer = serve(ignore, spool_limit=100, unread_limit=5000).talk(data, body, head())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"Connection: close\r\n\r\nignored")


def test_reading_by_lines_and_beyond_the_end(serve: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        lines = [stream.readline(), stream.readline(4), *list(stream), stream.read(), stream.read(5)]
        start_response("200 OK", [])
        return [repr(lines).encode()]

    body = b"one\ntwo-three\nfour\nfive"
    for limit in (1, 1000):
        answer = serve(application, spool_limit=limit).talk(head(f"Content-Length: {len(body)}"), body)
        assert answer.endswith(repr([b"one\n", b"two-", b"three\n", b"four\n", b"five", b"", b""]).encode())
