"""What an application may do, and what becomes of it: errors, `start_response`, `close()`, files, validation."""

import io
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from afresh.testing.deadline import PATIENCE

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ERROR_BODY = b"A server error occurred.  Please contact the administrator."
ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nServer: Test\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(ERROR_BODY), ERROR_BODY)
)


def raises_at_once(environ: dict[str, Any], start_response: Any) -> Any:
    raise RuntimeError("marker")


def exits(environ: dict[str, Any], start_response: Any) -> Any:
    raise SystemExit("marker")


def raises_after_start(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [("Content-Length", "3")])
    raise RuntimeError("marker")


def raises_in_first_step(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b""
    raise RuntimeError("marker")


def starts_twice(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    start_response("201 Created", [])
    raise AssertionError("not reached: marker")


def never_starts(environ: dict[str, Any], start_response: Any) -> Any:
    return [b"marker"]


def never_starts_nor_yields(environ: dict[str, Any], start_response: Any) -> Any:
    return []


def yields_text(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    return iter(["marker"])


def returns_none(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])


def starts_with(status: Any, headers: Any) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return [b""]

    return application


BROKEN = {
    "raises at once": raises_at_once,
    "exits": exits,
    "raises after start_response": raises_after_start,
    "raises before the first bytes": raises_in_first_step,
    "starts twice": starts_twice,
    "never starts": never_starts,
    "never starts nor yields": never_starts_nor_yields,
    "yields text": yields_text,
    "returns None": returns_none,
    "a number as status": starts_with(200, []),
    "a status without reason": starts_with("200", []),
    "an interim status": starts_with("100 Continue", []),
    "a line end in the status": starts_with("200 OK\r\nX: y", []),
    "a tuple of headers": starts_with("200 OK", (("A", "b"),)),
    "a number as value": starts_with("200 OK", [("A", 1)]),
    "bytes as name": starts_with("200 OK", [(b"A", "b")]),
    "a line end in a value": starts_with("200 OK", [("A", "b\r\nC: d")]),
    "a line feed in a value": starts_with("200 OK", [("A", "b\nC: d")]),
    "NUL in a value": starts_with("200 OK", [("A", "b\0")]),
    "a value beyond latin-1": starts_with("200 OK", [("A", "\u20ac")]),
    "a colon in a name": starts_with("200 OK", [("A:", "b")]),
    "an empty name": starts_with("200 OK", [("", "b")]),
    "its own coding": starts_with("200 OK", [("Transfer-Encoding", "chunked")]),
    "a hop-by-hop field": starts_with("200 OK", [("Upgrade", "h2c")]),
    "a hop-by-hop option": starts_with("200 OK", [("Connection", "Upgrade")]),
    "a length that is none": starts_with("200 OK", [("Content-Length", "x")]),
    "a negative length": starts_with("200 OK", [("Content-Length", "-1")]),
    "two lengths": starts_with("200 OK", [("Content-Length", "1"), ("Content-Length", "2")]),
}


@pytest.mark.parametrize("application", BROKEN.values(), ids=BROKEN)
def test_error_before_the_response_is_a_500_and_a_traceback(
    application: Any, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve(application)
    assert served.talk(GET + GET) == ERROR * 2
    assert served.entry().status == 500
    printed = capsys.readouterr().err
    assert printed.count("Traceback (most recent call last):\n") == 2


@pytest.mark.parametrize("threads", [True, False])
def test_an_error_that_cannot_be_printed_is_answered_all_the_same(
    threads: bool, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal is gone."""

    class Gone:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        flush = write

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise ValueError

    served = serve(application, threads=threads)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", Gone())
        for _ in range(3):
            assert served.talk(GET).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("application", BROKEN.values(), ids=BROKEN)
def test_however_the_request_came_the_error_is_the_same(
    application: Any, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve(application)
    assert served.talk(*[GET[at : at + 1] for at in range(len(GET))]) == ERROR
    for position in range(1, len(GET)):
        assert served.talk(GET[:position], GET[position:]) == ERROR


@pytest.mark.parametrize("length", [[], [("Content-Length", "10")]], ids=["chunked", "with a length"])
def test_error_after_the_response_began_ends_the_connection(
    length: Any, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", length)
        yield b"begun"
        raise RuntimeError("marker")

    served = serve(application)
    answer = served.talk(GET + GET)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert not answer.endswith(b"0\r\n\r\n")
    assert answer.rstrip(b"\r\n").endswith(b"begun")
    assert capsys.readouterr().err.endswith("RuntimeError: marker\n")
    assert served.entry().status == 200


def test_start_response_again_with_an_error_replaces_the_first(serve: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("X-First", "1")])
        try:
            raise RuntimeError
        except RuntimeError:
            start_response("503 Service Unavailable", [], sys.exc_info())
        return [b"sorry"]

    expected = b"HTTP/1.1 503 Service Unavailable\r\nServer: Test\r\nContent-Length: 5\r\n\r\nsorry"
    assert serve(application).talk(GET) == expected


def test_start_response_with_an_error_after_the_response_began_raises_it(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [])
        write(b"begun")
        try:
            raise RuntimeError("marker")
        except RuntimeError:
            start_response("503 Service Unavailable", [], sys.exc_info())

    assert b"503" not in serve(application).talk(GET)
    assert "RuntimeError: marker" in capsys.readouterr().err


class Closing:
    """An iterable that counts how often it is closed."""

    def __init__(self, blocks: list[Any], closed: list[int]) -> None:
        self.blocks = iter(blocks)
        self.closed = closed

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks:
            if isinstance(block, BaseException):
                raise block
            yield block

    def close(self) -> None:
        self.closed.append(1)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "blocks",
    [[], [b"a"], [b"a", b"b"], [RuntimeError("x")], [b"a", RuntimeError("x")], ["text"]],
    ids=["nothing", "one", "two", "error", "late error", "text"],
)
def test_close_is_called_once_after_the_log_entry(method: str, blocks: list[Any], serve: Any) -> None:
    closed: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return Closing(blocks, closed)

    served = serve(application)
    served.talk(GET.replace(b"GET", method.encode()))
    served.entry()
    served.server.stop()
    assert served.server.join(PATIENCE)
    assert closed == [1]


def test_an_error_in_close_is_printed_and_the_connection_goes_on(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Bad(Closing):
        def close(self) -> None:
            raise RuntimeError("marker")

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "1")])
        return Bad([b"a"], [])

    answer = serve(application).talk(GET + GET)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert capsys.readouterr().err.count("RuntimeError: marker") == 2


def test_each_block_of_a_stream_is_sent_at_once(serve: Any, read_until: Callable[..., bytes]) -> None:
    go_on = threading.Semaphore(0)

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for block in (b"one", b"two"):
            yield block
            assert go_on.acquire(timeout=PATIENCE)

    client = serve(application).connect()
    client.sendall(GET)
    assert read_until(client, b"\r\n3\r\none\r\n").startswith(b"HTTP/1.1 200 OK")
    go_on.release()
    assert read_until(client, b"two\r\n") == b"3\r\ntwo\r\n"
    go_on.release()
    assert read_until(client, b"\r\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("length", [None, 300_000, 299_995, 300_005, 10], ids=str)
@pytest.mark.parametrize("offset", [0, 5])
def test_a_wrapped_file_is_sent_from_where_it_stands(
    method: str, length: int | None, offset: int, serve: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytes(range(250)) * 1200
    path = tmp_path / "file"
    path.write_bytes(content)
    opened: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [] if length is None else [("Content-Length", str(length))])
        file = path.open("rb")
        opened.append(file)
        file.read(offset)
        return environ["wsgi.file_wrapper"](file)

    served = serve(application)
    head, _, body = served.talk(GET.replace(b"GET", method.encode())).partition(b"\r\n\r\n")
    available = content[offset:]
    if method == "HEAD":
        assert body == b""
        assert (b"Content-Length: %d" % (length or 0) in head) == (length is not None)
    else:
        assert body == available[: len(available) if length is None else length]
        assert b"Content-Length: %d" % (len(available) if length is None else length) in head
    assert served.entry().length == len(body)
    assert opened[0].closed
    too_short = method == "GET" and (length or 0) > len(available)
    assert ("less than its Content-Length" in capsys.readouterr().err) == too_short


def test_wrapped_files_that_read_something_else_than_they_store(serve: Any, tmp_path: Path) -> None:
    """A gzip file has a `fileno()` too, and `sendfile` would send what is compressed."""
    import gzip

    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(b"plain text"))
    shouting = type("Shouting", (io.FileIO,), {"read": lambda self, size=-1: io.FileIO.read(self, size).upper()})

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "10")])
        opener = gzip.open if environ["PATH_INFO"] == "/gzip" else shouting
        return environ["wsgi.file_wrapper"](opener(path))

    served = serve(application)
    assert served.talk(GET.replace(b"/ ", b"/gzip ")).endswith(b"plain text")
    path.write_bytes(b"plain text")
    assert served.talk(GET).endswith(b"PLAIN TEXT")


def test_a_temporary_file_is_sent_and_closed(serve: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        file = tempfile.NamedTemporaryFile()  # noqa: SIM115
        file.write(b"temporary")
        file.seek(0)
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](file)

    assert serve(application).talk(GET).endswith(b"Content-Length: 9\r\n\r\ntemporary")


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET,
        GET.replace(b"GET", b"HEAD"),
        b"POST /a%20b?c HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/x\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
def test_wsgiref_validates_it(request_bytes: bytes, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        assert environ["wsgi.input"].read(10) in (b"", b"a", b"abc")
        environ["wsgi.errors"].write("")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"a", b"b"])

    answer = serve(validator(application)).talk(request_bytes)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert capsys.readouterr().err == ""
