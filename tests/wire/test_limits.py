"""What clients may take: time for a head, idle connections, and how many there are at all."""

import gc
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from afresh.options.table import Options
from afresh.serve.config import Config, Limits
from afresh.serve.connection import Connection

ReadUntil = Callable[..., bytes]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_defaults_of_the_options_are_those_of_the_server() -> None:
    assert Config().limited(Options().limits()) == Config()


def test_every_option_reaches_the_server() -> None:
    options = Options(
        head_wait=1.5,
        body_wait=2.5,
        idle=3.5,
        max_connections=4,
        max_threads=5,
        max_head=6000,
        max_fields=7,
        max_body=8,
        max_spool=9,
    )
    assert Config().limited(options.limits()) == Config(
        limits=Limits(fields=7, head=6000, body=8),
        spool_limit=9,
        most_threads=5,
        head_wait=1.5,
        body_wait=2.5,
        idle=3.5,
        connections=4,
    )


@pytest.mark.parametrize("begin", [b"G", b"GET / HTTP/1.1\r\n", GET[:-1]])
def test_a_head_that_does_not_come_in_time(begin: bytes, serve: Any) -> None:
    served = serve(hello, head_wait=0.05)
    answer = served.talk(begin, half_close=False)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert served.entry().status == 408


def test_the_next_head_has_its_own_time(serve: Any, read_until: ReadUntil) -> None:
    served = serve(hello, head_wait=1.0)
    client = served.connect()
    for _ in range(3):
        client.sendall(GET[:20])
        client.sendall(GET[20:])
        read_until(client, b"hello")
    client.sendall(GET[:20])
    assert client.recv(12) == b"HTTP/1.1 408"


def test_nothing_is_kept_of_a_head_that_did_not_come(serve: Any) -> None:
    others = connections()  # of tests before this one
    served = serve(hello)
    for _ in range(20):
        assert served.talk(GET[:-2] + b"X: " + b"x" * 100_000) == b""
        assert served.talk(GET[:9], GET[9:]).endswith(b"hello")
    assert len(connections() - others) <= 2  # the last ones may be on the way out


def connections() -> set[Connection]:
    gc.collect()
    return {each for each in gc.get_objects() if type(each) is Connection}


def test_a_slow_body_has_time(serve: Any, read_until: ReadUntil) -> None:
    served = serve(hello, head_wait=0.05)
    client = served.connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n1")
    # Began later: when it is refused, the other one's time is over too.
    assert served.talk(GET[:5], half_close=False).startswith(b"HTTP/1.1 408 ")
    client.sendall(b"2")
    assert read_until(client, b"hello").startswith(b"HTTP/1.1 200 OK")


def test_connections_stay_for_as_long_as_they_like_unless_told_otherwise() -> None:
    assert Config().idle == 0


def test_an_idle_connection_is_closed_after_its_time(serve: Any, read_until: ReadUntil) -> None:
    served = serve(hello, idle=0.3)
    used, fresh = served.connect(), served.connect()
    used.sendall(GET)
    read_until(used, b"hello")
    assert fresh.recv(1) == b""
    # Its time is counted from its last answer.
    used.sendall(GET)
    assert used.recv(12) in (b"HTTP/1.1 200", b"")
    while used.recv(1000):
        pass
    assert served.talk(GET).endswith(b"hello")


def test_for_one_connection_more_the_idlest_is_closed(serve: Any, read_until: ReadUntil) -> None:
    served = serve(hello, connections=3)
    clients = [served.connect() for _ in range(3)]
    for client in (clients[1], clients[0], clients[2], clients[1]):
        client.sendall(GET)
        read_until(client, b"hello")
    extra = served.connect()
    extra.sendall(GET)
    read_until(extra, b"hello")
    assert clients[0].recv(1) == b""
    for client in (clients[1], clients[2], extra):
        client.sendall(GET)
        read_until(client, b"hello")


def test_where_none_is_idle_one_connection_more_waits(serve: Any, read_until: ReadUntil, nothing_came: Any) -> None:
    served = serve(hello, connections=2)
    first, second = served.connect(), served.connect()
    for client in (first, second):
        client.sendall(GET)
        read_until(client, b"hello")
        client.sendall(GET + GET[:9])
        read_until(client, b"hello")
    extra = served.connect()
    extra.sendall(GET)
    for _ in range(2):  # The second answer comes after all that was ready with the first.
        second.sendall(GET[9:] + GET[:9])
        read_until(second, b"hello")
    assert nothing_came(extra)
    first.close()
    assert read_until(extra, b"hello").startswith(b"HTTP/1.1 200 OK")


def test_slow_heads_leave_the_server_usable(many_descriptors: None, serve: Any, read_until: ReadUntil) -> None:
    served = serve(hello, head_wait=60.0)
    slow = [served.connect() for _ in range(500)]
    for position in range(0, 20, 4):
        for client in slow:
            client.sendall(GET[position : position + 4])
        assert served.talk(GET).endswith(b"hello")
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads < 20
    for client in slow:
        client.sendall(GET[20:])
        assert read_until(client, b"hello").startswith(b"HTTP/1.1 200 OK")


def test_slow_heads_are_all_refused_in_time(many_descriptors: None, serve: Any) -> None:
    served = serve(hello, head_wait=0.5)
    slow = [served.connect() for _ in range(500)]
    for client in slow:
        client.sendall(GET[:9])
    assert served.talk(GET).endswith(b"hello")
    for client in slow:
        assert client.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 408"
