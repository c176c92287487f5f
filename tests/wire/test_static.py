"""Files on a real socket: bytes, framing, slow and vanished clients, and that nobody waits for them."""

import errno
import gc
import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from afresh.static.files import StaticFiles
from afresh.static.places import Folder
from afresh.testing.deadline import PATIENCE, Deadline

BIG = 24 << 20  # More than the buffers of both sockets take.


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("X-From", "application")])
    return [b"application"]


@pytest.fixture
def served(serve: Any, root: Path) -> Any:
    return serve(application, files=StaticFiles("/static/", (Folder(str(root)),)))


def get(path: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *fields, "\r\n"]
    return "\r\n".join(lines).encode()


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells of."""
    deadline = Deadline()
    while not condition():
        assert not deadline.passed()
        select.select([], [], [], 0.005)


def test_a_file_comes_with_its_fields(served: Any, root: Path) -> None:
    (root / "a.css").write_bytes(b"body {}")
    assert served.talk(get("/static/a.css?v=1", "Connection: close")) == (
        b"HTTP/1.1 200 OK\r\nServer: Test\r\nContent-Type: text/css\r\n"
        b'Content-Disposition: inline; filename="a.css"\r\nCache-Control: no-cache\r\nAccept-Ranges: bytes\r\n'
        b"Content-Length: 7\r\nConnection: close\r\n\r\nbody {}"
    )
    entry = served.entry()
    assert (entry.request_line, entry.status, entry.length) == ("GET /static/a.css?v=1 HTTP/1.1", 200, 7)


def test_everything_else_is_the_applications(served: Any, root: Path) -> None:
    (root / "a.css").write_bytes(b"body {}")
    assert body_of(served.talk(get("/static/absent.css"))) == b"application"
    assert body_of(served.talk(get("/a.css"))) == b"application"
    assert body_of(served.talk(get("/static/a.css", "Content-Length: 0", method="POST"))) == b"application"
    assert body_of(served.talk(get("/static/a.css", "Content-Length: 2") + b"ab")) == b"application"
    assert body_of(served.talk(get("/static/a.css", "Transfer-Encoding: chunked") + b"0\r\n\r\n")) == b"application"


def test_requests_in_a_row_on_one_connection(served: Any, root: Path) -> None:
    """Pipelined, files of all sizes and the application mixed, HEAD and 304 without a body between them."""
    (root / "small").write_bytes(b"small")
    (root / "empty").write_bytes(b"")
    (root / "big").write_bytes(b"b" * 300_000)
    asked = [
        get("/static/small"),
        get("/static/big", method="HEAD"),
        get("/static/big"),
        get("/"),
        get("/static/empty"),
        get("/static/big", "Range: bytes=299999-"),
        get("/static/big", "Range: bytes=300000-"),
        get("/static/small", "Connection: close"),
    ]
    answer = served.talk(b"".join(asked))
    lengths = [5, 0, 300_000, len(b"application"), 0, 1, 0, 5]
    statuses = []
    for length in lengths:
        head, _, answer = answer.partition(b"\r\n\r\n")
        statuses.append(head[9:12])
        answer = answer[length:]
    assert answer == b""
    assert statuses == [b"200", b"200", b"200", b"404", b"200", b"206", b"416", b"200"]
    assert [served.entry().length for _ in lengths] == lengths


def test_http_1_0(served: Any, root: Path) -> None:
    (root / "a").write_bytes(b"body")
    assert served.talk(get("/static/a", version="1.0"), half_close=False).endswith(b"Connection: close\r\n\r\nbody")
    kept = served.connect()
    for _ in range(2):
        kept.sendall(get("/static/a", "Connection: keep-alive", version="1.0"))
        answer = b""
        while not answer.endswith(b"\r\n\r\nbody"):
            answer += kept.recv(1 << 16)
        assert b"\r\nConnection: keep-alive\r\n" in answer


def test_one_byte_at_a_time_and_in_two_at_every_position(served: Any, root: Path) -> None:
    (root / "a").write_bytes(b"body")
    request = get("/static/a", "Range: bytes=1-2", "Connection: close")
    pieces = (request[n : n + 1] for n in range(len(request)))
    assert body_of(served.talk(*pieces)) == b"od"
    for position in range(1, len(request)):
        assert body_of(served.talk(request[:position], request[position:])) == b"od"


def test_several_ranges_of_a_big_file(served: Any, root: Path) -> None:
    content = os.urandom(200_000)
    (root / "a").write_bytes(content)
    answer = served.talk(get("/static/a", "Range: bytes=0-9,100000-199999,-5", "Connection: close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    boundary = head.partition(b"boundary=")[2].partition(b"\r\n")[0]
    assert f"Content-Length: {len(body)}".encode() in head
    parts = body.split(b"--" + boundary)
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [
        content[:10] + b"\r\n",
        content[100_000:200_000] + b"\r\n",
        content[-5:] + b"\r\n",
    ]
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")


def test_slow_clients_hold_no_thread(served: Any, root: Path) -> None:
    """Downloads stand still, and a small file is answered at once on one of as few threads as before."""
    (root / "big").write_bytes(b"b" * BIG)
    (root / "small").write_bytes(b"small")
    crew = served.server._leader.crew
    slow = [served.connect() for _ in range(24)]
    for client in slow:
        client.sendall(get("/static/big"))
        assert client.recv(1, socket.MSG_PEEK)
    assert body_of(served.talk(get("/static/small", "Connection: close"))) == b"small"
    assert served.server.in_flight() == 24
    assert crew.size <= 12
    slow[0].sendall(get("/static/small", "Connection: close"))
    answer = bytearray()
    while data := slow[0].recv(1 << 20):
        answer += data
    assert answer.endswith(b"\r\n\r\nsmall")
    assert answer.count(b"b" * BIG) == 1


def test_a_client_that_goes_away_frees_the_file(served: Any, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    big = root / "big"
    big.write_bytes(b"b" * BIG)
    client = served.connect()
    client.sendall(get("/static/big"))
    assert client.recv(100)
    assert big in open_files()
    client.close()
    wait_until(lambda: big not in open_files())
    wait_until(lambda: served.server.in_flight() == 0)
    assert capsys.readouterr().err == ""


def test_stopping_frees_the_files(serve: Any, root: Path) -> None:
    big = root / "big"
    big.write_bytes(b"b" * BIG)
    served = serve(application, files=StaticFiles("/static/", (Folder(str(root)),)))
    client = served.connect()
    client.sendall(get("/static/big"))
    assert client.recv(100)
    served.server.stop()
    assert served.server.join(PATIENCE)
    gc.collect()
    assert big not in open_files()


def test_a_draining_server_finishes_its_files_and_then_hands_over(served: Any, root: Path) -> None:
    (root / "big").write_bytes(b"b" * BIG)
    client = served.connect()
    client.sendall(get("/static/big"))
    assert client.recv(100, socket.MSG_PEEK)
    served.server.drain()
    served.server.abort_streams()  # a file is none: it will end
    served.adopt(get("/static/big"))
    assert [parcel.received for parcel in served.moved()] == [get("/static/big")]  # the calls before it were done
    answer = bytearray()
    while len(answer) < BIG:
        answer += client.recv(1 << 20)
    while not answer.endswith(b"b" * BIG):
        answer += client.recv(1 << 20)
    assert [parcel.received for parcel in served.moved()] == [b""]
    assert served.drained.wait(PATIENCE)


def test_a_file_that_becomes_shorter_ends_the_connection(served: Any, root: Path) -> None:
    """Its length was promised: the client is to see that something is missing."""
    big = root / "big"
    big.write_bytes(b"b" * BIG)
    client = served.connect()
    client.sendall(get("/static/big"))
    assert client.recv(100)
    os.truncate(big, 100)
    received = 100
    while data := client.recv(1 << 20):
        received += len(data)
    assert received < BIG
    assert served.entry().length < BIG


def test_many_threads_in_the_application_do_not_hinder_files(serve: Any, root: Path) -> None:
    """While requests go to other threads, files do too."""
    (root / "a").write_bytes(b"b" * 300_000)
    free = threading.Event()

    def slow(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert free.wait(PATIENCE)
        return application(environ, start_response)

    served = serve(slow, files=StaticFiles("/static/", (Folder(str(root)),)))
    waiting = [served.connect() for _ in range(8)]
    for client in waiting:
        client.sendall(get("/"))
    for _ in range(20):
        assert len(body_of(served.talk(get("/static/a", "Connection: close"), half_close=False))) == 300_000
    free.set()
    for client in waiting:
        assert client.recv(1 << 16).endswith(b"application")


def test_one_request_at_a_time(serve: Any, root: Path) -> None:
    (root / "a").write_bytes(b"body")
    served = serve(application, threads=False, files=StaticFiles("/static/", (Folder(str(root)),)))
    assert served.talk(get("/static/a"), half_close=False).endswith(b"Connection: close\r\n\r\nbody")


def test_a_file_of_which_a_part_is_sent_moves_nowhere(serve: Any, root: Path) -> None:
    """One request at a time: its rest waits for the thread that a view has, when the server is replaced."""
    (root / "big").write_bytes(b"b" * BIG)
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        entered.set()
        assert go_on.wait(PATIENCE)
        start_response("200 OK", [])
        return [b"slow"]

    served = serve(application, files=StaticFiles("/static/", [Folder(str(root))]), threads=False)
    client, slow = served.connect(), served.connect()
    client.sendall(get("/static/big"))
    assert client.recv(100, socket.MSG_PEEK)
    wait_until(lambda: "in_flight=1" in repr(served.server) and "resting=1" in repr(served.server))
    slow.sendall(get("/"))
    assert entered.wait(PATIENCE)
    answer = bytearray()

    def waits_for_the_thread() -> bool:
        with suppress(BlockingIOError):
            answer.extend(client.recv(1 << 20, socket.MSG_DONTWAIT))
        return "backlog=1" in repr(served.server)

    wait_until(waits_for_the_thread)
    served.server.drain()
    served.adopt(get("/"))
    assert [parcel.received for parcel in served.moved()] == [get("/")]  # the calls before it were done
    go_on.set()
    while not answer.endswith(b"b" * BIG):
        more = client.recv(1 << 20)
        assert more
        answer += more


def test_a_file_that_cannot_be_read_is_no_client_that_went_away(
    served: Any, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "a bad sector")

    (root / "big").write_bytes(b"b" * BIG)
    with monkeypatch.context() as patched:
        patched.setattr(os, "sendfile", fail)
        assert served.talk(get("/static/big")).endswith(b"\r\n\r\n")
    assert "a bad sector" in capsys.readouterr().err
    assert served.talk(get("/static/big")).endswith(b"b" * 1000)


def open_files() -> set[Path]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(entry.readlink())
        except OSError:
            pass
    return found
