"""Clients that go away or send only one half, processes forked by the application, and limits of the machine."""

import multiprocessing
import os
import resource
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from afresh.testing.deadline import PATIENCE

ReadUntil = Callable[..., bytes]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


def reset(client: socket.socket) -> None:
    """Close with a reset instead of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("end", [reset, socket.socket.close], ids=["reset", "close"])
@pytest.mark.parametrize(
    "sent", [b"", GET[:10], GET, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1"]
)
def test_hanging_up_makes_no_noise(sent: bytes, end: Any, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    served = serve(hello)
    for _ in range(5):
        client = served.connect()
        client.sendall(sent)
        end(client)
    assert served.talk(GET).endswith(b"hello")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("length", [[], [("Content-Length", str(10**9))]], ids=["chunked", "with a length"])
def test_hanging_up_in_a_response_closes_the_iterable(
    length: Any, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = threading.Event()
    ended: list[type] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", length)
        try:
            while True:
                yield b"x" * 100_000
        except BaseException as exc:
            ended.append(type(exc))
            raise
        finally:
            closed.set()

    served = serve(application)
    client = served.connect()
    client.sendall(GET)
    client.recv(10)
    reset(client)
    assert closed.wait(PATIENCE)
    assert ended == [GeneratorExit]
    served.server.stop()
    assert served.server.join(PATIENCE)
    assert capsys.readouterr().err == ""
    assert served.entries.empty()


def test_hanging_up_while_the_application_reads(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The application sees an OSError, which Django makes an UnreadablePostError."""
    seen: list[Exception] = []
    read = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as exc:
            seen.append(exc)
        read.set()
        return hello(environ, start_response)

    served = serve(application, spool_limit=10)
    client = served.connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n1")
    reset(client)
    assert read.wait(PATIENCE)
    assert isinstance(seen[0], ConnectionError)
    assert served.talk(GET).endswith(b"hello")
    assert capsys.readouterr().err == ""


def test_a_client_that_sends_only_its_half_is_answered(serve: Any, read_until: ReadUntil) -> None:
    go_on = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert go_on.wait(PATIENCE)
        return hello(environ, start_response)

    served = serve(application)
    client = served.connect()
    client.sendall(GET)
    client.shutdown(socket.SHUT_WR)
    go_on.set()
    assert read_until(client, b"hello").startswith(b"HTTP/1.1 200 OK")
    assert client.recv(10) == b""


def test_one_that_sends_much_at_once_keeps_nobody_waiting(serve: Any, read_until: ReadUntil) -> None:
    asked: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["PATH_INFO"])
        if len(asked) == 1:
            other.sendall(GET.replace(b"/", b"/other", 1))
        return hello(environ, start_response)

    served = serve(application)
    greedy, other = served.connect(), served.connect()
    greedy.sendall(GET * 200)
    read_until(other, b"hello")
    assert asked.index("/other") <= 2
    read = b""
    while read.count(b"hello") < 200:
        read += greedy.recv(1 << 16)


def test_a_refused_client_that_goes_on_sending_gets_the_refusal(serve: Any) -> None:
    """To close while its bytes are unread would be a reset, and the refusal would be lost with it."""
    served = serve(hello)
    client = served.connect()
    client.sendall(b"GET /" + b"x" * 70_000)
    for _ in range(20):
        try:
            client.sendall(b"x" * 10_000)
        except OSError:
            break
    assert client.recv(20).startswith(b"HTTP/1.1 414 ")


def test_lingering_ends_after_its_time(serve: Any) -> None:
    served = serve(hello, linger=0.05)
    client = served.connect()
    client.sendall(b"nonsense\r\n\r\n")
    while client.recv(1000):
        pass
    # Our side ended; the client's side is still open, and the server does not wait for it for ever.
    served.server.drain()
    assert served.drained.wait(PATIENCE)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_process_forked_by_a_view_does_not_hold_connections(serve: Any, read_until: ReadUntil) -> None:
    """A child of the application inherits every descriptor; clients must see their connection end all the same."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    children: list[Any] = []

    def wait() -> None:
        theirs.send("up")  # What is inherited was closed before.
        theirs.recv()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        # multiprocessing exits with os._exit, as a child that does not return into the server must.
        child = context.Process(target=wait, daemon=True)
        child.start()
        children.append(child)
        start_response("200 OK", [("Connection", "close")])
        return [b"hello"]

    served = serve(application)
    idle = served.connect()
    client = served.connect()
    client.sendall(GET)
    assert read_until(client, b"hello").startswith(b"HTTP/1.1 200 OK")
    assert client.recv(10) == b""
    assert ours.poll(PATIENCE)
    served.server.stop()
    assert served.server.join(PATIENCE)
    assert idle.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        served.connect()
    ours.send(None)
    children[0].join(PATIENCE)
    assert children[0].exitcode == 0


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_the_server_goes_on_beside_a_forked_process(serve: Any) -> None:
    """Closing in the child must not take the connections out of the poll set, which is the parent's too."""
    pids: list[int] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/fork":
            pid = os.fork()
            if not pid:
                os._exit(0)
            pids.append(pid)
        return hello(environ, start_response)

    served = serve(application)
    waiting = served.connect()
    assert served.talk(GET.replace(b"/ ", b"/fork ")).endswith(b"hello")
    os.waitpid(pids[0], 0)
    waiting.sendall(GET)
    assert waiting.recv(1000).endswith(b"hello")
    assert served.talk(GET).endswith(b"hello")


def test_out_of_descriptors_it_waits_and_goes_on(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    served = serve(hello, linger=0.05)
    held = served.connect()
    held.sendall(GET)
    assert held.recv(1000).endswith(b"hello")  # It is accepted.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = socket.socket()
    client.settimeout(PATIENCE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    try:
        fillers = []
        while True:
            try:
                fillers.append(os.dup(0))
            except OSError:
                break
        client.connect(served.address)
        client.sendall(GET)
        # The second answer comes after all that was ready with the first.
        for _ in range(2):
            held.sendall(GET)
            assert held.recv(1000).endswith(b"hello")
    finally:
        for filler in fillers:
            os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert client.recv(1000).endswith(b"hello")
    client.close()
    assert "No connection can be accepted: [Errno 24]" in capsys.readouterr().err


def test_a_thousand_idle_connections(serve: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        served = serve(hello)
        clients = [served.connect() for _ in range(1000)]
        for client in (clients[0], clients[500], clients[999]):
            client.sendall(GET)
            assert client.recv(1000).endswith(b"hello")
        served.server.drain()
        moved = 0
        while moved < 1000:
            moved += len(served.moved())
        assert served.drained.wait(PATIENCE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
