"""The order of lines in the access log: before the end of an answer is sent, so no later request stands first."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from afresh.serve.log import AccessEntry
from afresh.static.files import StaticFiles
from afresh.static.places import Folder
from afresh.testing.deadline import PATIENCE

from .conftest import Serve

TEXT = [("Content-Type", "text/plain")]
BIG = b"x" * (1 << 20)


def listed(*blocks: bytes, status: str = "200 OK", headers: Any = TEXT) -> Callable[..., Any]:
    def application(_: Any, start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return list(blocks)

    return application


def streamed(*blocks: bytes) -> Callable[..., Any]:
    def application(_: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield from blocks

    return application


def failing(_: Any, start_response: Any) -> Any:
    raise ValueError("marker")


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
OLD = b"GET / HTTP/1.0\r\n\r\n"
# name: the application, the request, and whether the line comes before the end of the answer.
ANSWERS = {
    "a page": (listed(b"hello"), GET, True),
    "a page in pieces": (listed(b"hel", b"lo"), GET, True),
    "an empty page": (listed(), GET, True),
    "no body": (listed(status="304 Not Modified", headers=[]), GET, True),
    "HEAD": (listed(b"hello"), HEAD, True),
    "an error": (failing, GET, True),
    "chunks": (streamed(b"hel", b"lo"), GET, True),
    "no request": (listed(b"hello"), b"nonsense\r\n\r\n", True),
    # They end when all is sent: before that nobody knows that it is the end, or how long it takes.
    "a body up to the end of the connection": (streamed(b"hel", b"lo"), OLD, False),
    "a long body": (listed(BIG), GET, False),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_line_comes_before_the_end_of_the_answer(serve: Serve, name: str) -> None:
    application, request, is_before = ANSWERS[name]
    entries: SimpleQueue[AccessEntry] = SimpleQueue()
    goes = threading.Event()

    def log(entry: AccessEntry) -> None:
        entries.put(entry)
        assert goes.wait(PATIENCE)

    served = serve(application, log=log)
    client = served.connect()
    client.sendall(request)
    came = b""
    if not is_before:
        while len(came) < len(BIG) and b"\r\n\r\nhello" not in came:
            came += client.recv(1 << 16)
    entry = entries.get(timeout=PATIENCE)
    assert entry.is_sent is not is_before
    assert entry.status == (
        400 if name == "no request" else 304 if name == "no body" else 500 if name == "an error" else 200
    )
    if is_before and name != "chunks":
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.settimeout(PATIENCE)
    goes.set()
    client.shutdown(1)
    while more := client.recv(1 << 16):
        came += more
    body = came.partition(b"\r\n\r\n")[2]
    length = 5 if name == "chunks" else 0 if name == "HEAD" else len(body)
    assert (entry.status, entry.length) == (int(came.split()[1]), length)
    assert entries.empty(), "one line"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_log_may_wait_until_all_is_sent(serve: Serve, name: str) -> None:
    application, request, is_before = ANSWERS[name]
    entries: SimpleQueue[AccessEntry] = SimpleQueue()

    def log(entry: AccessEntry) -> bool:
        entries.put(entry)
        return entry.is_sent

    served = serve(application, log=log)
    served.talk(request)
    found = [entries.get(timeout=PATIENCE) for _ in range(1 + is_before)]
    assert [entry.is_sent for entry in found] == ([False, True] if is_before else [True])
    assert len({(entry.status, entry.length) for entry in found}) == 1
    assert entries.empty()


@pytest.mark.parametrize(("size", "is_before"), [(0, True), (10, True), (1 << 20, False)])
def test_the_line_of_a_file(serve: Serve, tmp_path: Path, size: int, is_before: bool) -> None:
    (tmp_path / "a.css").write_bytes(bytes(size))
    entries: SimpleQueue[AccessEntry] = SimpleQueue()
    served = serve(listed(), log=entries.put, files=StaticFiles("/static/", (Folder(str(tmp_path)),)))
    served.talk(GET.replace(b"/ ", b"/static/a.css "))
    entry = entries.get(timeout=PATIENCE)
    assert (entry.is_sent, entry.status, entry.length) == (not is_before, 200, size)
    assert entries.empty(), "one line"
