"""The gate and the moves: waiting, handing over, taking in, draining, cutting, stopping."""

import select
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from afresh.errors import Disconnected
from afresh.serve.hosts import HostPolicy
from afresh.testing.deadline import PATIENCE
from afresh.watch.gate import Verdict

ReadUntil = Callable[..., bytes]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"


class Counting:
    """A gate that says what `asked` says, which is told the how manieth time it is."""

    def __init__(self, asked: Callable[[int], Verdict]) -> None:
        self.times = 0
        self._asked = asked

    def look(self) -> Verdict:
        self.times += 1
        return self._asked(self.times)


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"hello " + body]


def never(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise AssertionError("must not be called")


@pytest.mark.parametrize("data", [GET, GET + GET[:10], GET + GET, POST + b"12345", POST])
def test_a_stale_server_hands_over_with_every_byte(data: bytes, serve: Any, set_gate: Any) -> None:
    served = serve(never, gate=set_gate(Verdict.STALE))
    client = served.connect()
    client.sendall(data)
    (parcel,) = served.moved()
    assert data.startswith(parcel.received)
    assert len(parcel.received) >= data.index(b"\r\n\r\n") + 4
    assert parcel.peer == client.getsockname()
    assert parcel.scheme == "http"
    # The server has forgotten the connection: what comes now is the receiver's to read.
    client.sendall(b"more")
    rest = data[len(parcel.received) :] + b"more"
    parcel.sock.setblocking(True)
    parcel.sock.settimeout(PATIENCE)
    assert parcel.sock.recv(len(rest), socket.MSG_WAITALL) == rest
    parcel.sock.sendall(b"from elsewhere")
    assert client.recv(100) == b"from elsewhere"
    assert served.server.in_flight() == 0


def test_a_moved_connection_is_answered_where_it_arrives(serve: Any, read_until: ReadUntil, set_gate: Any) -> None:
    old, new = serve(never, gate=set_gate(Verdict.STALE)), serve(hello)
    client = old.connect()
    client.sendall(POST + b"12345")
    for parcel in old.moved():
        new.server.adopt(parcel)
    client.sendall(b"67890" + GET)
    answer = b""
    while not answer.endswith(b"hello "):
        answer += client.recv(1000)
    assert b"hello 1234567890HTTP/1.1 200 OK" in answer


def test_an_adopted_connection_keeps_its_peer_and_scheme(serve: Any, read_until: ReadUntil) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}|".encode()]

    served = serve(application)
    client = served.adopt(GET + GET, scheme="https")
    assert read_until(client, b"|").count(b"192.0.2.1 https|") in (1, 2)
    assert read_until(served.adopt(GET), b"|").endswith(b"192.0.2.1 http|")


def test_a_request_waits_at_the_gate_until_the_keeper_has_decided(
    serve: Any, read_until: ReadUntil, set_gate: Any
) -> None:
    gate = set_gate(Verdict.WAIT)
    served = serve(hello, gate=gate)
    client = served.connect()
    client.sendall(GET)
    gate.wait_until_asked()
    served.server.recheck()
    gate.wait_until_asked()
    gate.verdict = Verdict.FRESH
    served.server.recheck()
    assert read_until(client, b"hello ").startswith(b"HTTP/1.1 200 OK")


def test_the_decision_may_come_before_the_request_is_parked(serve: Any, read_until: ReadUntil) -> None:
    """`recheck` is called while `look` still runs: the worst moment."""

    class Deciding:
        def __init__(self) -> None:
            self.is_open = False

        def look(self) -> Verdict:
            if self.is_open:
                return Verdict.FRESH
            self.is_open = True
            served.server.recheck()
            return Verdict.WAIT

    served = serve(hello, gate=Deciding())
    client = served.connect()
    client.sendall(GET)
    assert read_until(client, b"hello ").startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("threads", [True, False])
def test_a_request_is_answered_once_however_often_it_looks(threads: bool, serve: Any, set_gate: Any) -> None:
    calls = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        calls.append(environ["wsgi.input"].read())
        return hello(environ, start_response)

    gate = set_gate(Verdict.WAIT)
    served = serve(application, gate=gate, threads=threads)
    clients = [served.connect() for _ in range(5)]
    for number, client in enumerate(clients):
        client.sendall(POST + b"%010d" % number)
        client.shutdown(socket.SHUT_WR)
        gate.wait_until_asked()
    gate.verdict = Verdict.FRESH
    for _ in range(10):
        served.server.recheck()
    for client in clients:
        answer = b""
        while data := client.recv(1000):
            answer += data
        assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert sorted(calls) == [b"%010d" % number for number in range(5)]


def test_the_gate_is_asked_once_for_what_has_come_and_again_for_what_comes_later(
    serve: Any, read_until: ReadUntil
) -> None:
    def asked(times: int) -> Verdict:
        """Fresh twice, then stale. While it is asked first, requests come; the second time, the end of one more."""
        if times == 1:
            late.sendall(GET[:-1])
            for client in together:
                client.sendall(GET)
        elif times == 2:
            late.sendall(GET[-1:])
        return Verdict.FRESH if times <= 2 else Verdict.STALE

    gate = Counting(asked)
    served = serve(hello, gate=gate)
    # What is sent over a pair of sockets is there at once.
    late, *together = [served.adopt() for _ in range(4)]
    first = served.adopt(GET)
    for client in (first, *together):
        read_until(client, b"hello ")
    (parcel,) = served.moved()
    assert parcel.received == GET
    assert gate.times == 3


def test_a_waiting_request_is_handed_over_once_it_is_stale(serve: Any, set_gate: Any) -> None:
    gate = set_gate(Verdict.WAIT)
    served = serve(never, gate=gate)
    clients = [served.connect() for _ in range(3)]
    for client in clients:
        client.sendall(GET + b"rest")
        gate.wait_until_asked()
    gate.verdict = Verdict.STALE
    served.server.recheck()
    assert {parcel.peer for parcel in served.moved()} == {client.getsockname() for client in clients}


def test_what_leaves_does_not_wait_for_an_answer_that_passes_on_the_lead(serve: Any, read_until: ReadUntil) -> None:
    """A page of the keeper's, read in one turn with a request whose answer turns out to be slow."""
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            entered.set()
            assert go_on.wait(PATIENCE)
        return hello(environ, start_response)

    def asked(times: int) -> Verdict:
        if times == 1:
            keepers.sendall(GET.replace(b"localhost", b"keeper.localhost"))
            slow.sendall(GET.replace(b"/ ", b"/slow ", 1))
        return Verdict.FRESH

    served = serve(application, gate=Counting(asked), hosts=HostPolicy(keeper="keeper.localhost"))
    keepers, slow = served.adopt(), served.adopt()
    read_until(served.adopt(GET), b"hello ")
    assert entered.wait(PATIENCE)
    assert [parcel.for_keeper for parcel in served.moved()] == [True]
    go_on.set()
    read_until(slow, b"hello ")


def test_waiting_costs_no_wake_ups(serve: Any, set_gate: Any, wait_until_nothing_runs: Callable[[], None]) -> None:
    gate = set_gate(Verdict.WAIT)
    served = serve(never, gate=gate)
    client = served.connect()
    client.sendall(GET)
    gate.wait_until_asked()
    client.sendall(GET * 10)
    client.shutdown(socket.SHUT_WR)
    wait_until_nothing_runs()
    assert not gate.asked.acquire(blocking=False)


def test_continue_is_not_sent_before_the_gate(serve: Any, set_gate: Any, nothing_came: Any) -> None:
    gate = set_gate(Verdict.WAIT)
    served = serve(never, gate=gate)
    client = served.connect()
    client.sendall(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    gate.wait_until_asked()
    gate.verdict = Verdict.STALE
    served.server.recheck()
    served.moved()
    assert nothing_came(client)


def test_the_gate_is_asked_before_the_host(serve: Any, set_gate: Any) -> None:
    gate = set_gate(Verdict.STALE)
    served = serve(never, gate=gate)
    served.connect().sendall(GET.replace(b"localhost", b"evil.example"))
    assert served.moved()[0].received


def test_draining_hands_over_what_is_not_being_answered_in_one_call(
    serve: Any, read_until: ReadUntil, set_gate: Any
) -> None:
    gate = set_gate(Verdict.FRESH)
    served = serve(hello, gate=gate)
    idle = [served.connect() for _ in range(5)]
    for client in idle:
        client.sendall(GET)
        read_until(client, b"hello ")
        gate.wait_until_asked()
    half_a_body = served.connect()
    half_a_body.sendall(POST + b"12345")
    gate.wait_until_asked()
    gate.verdict = Verdict.WAIT
    waiting = served.connect()
    waiting.sendall(GET)
    gate.wait_until_asked()
    served.server.drain()
    parcels = served.moved()
    by_peer = {parcel.peer: parcel.received for parcel in parcels}
    assert by_peer == {
        **{client.getsockname(): b"" for client in idle},
        half_a_body.getsockname(): POST + b"12345",
        waiting.getsockname(): GET,
    }
    assert served.drained.wait(PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        served.connect()


def test_draining_hands_over_a_part_of_a_head(serve: Any) -> None:
    served = serve(never)
    client = served.adopt(GET[:20])
    served.server.drain()
    (parcel,) = served.moved()
    assert parcel.received == GET[:20]
    assert client.fileno() >= 0


def test_a_request_being_answered_is_finished_and_then_its_connection_moves(serve: Any, read_until: ReadUntil) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        entered.set()
        assert go_on.wait(PATIENCE)
        return hello(environ, start_response)

    served = serve(application)
    idle = served.connect()
    client = served.connect()
    client.sendall(GET + GET + GET[:5])
    assert entered.wait(PATIENCE)
    served.server.drain()
    assert [parcel.peer for parcel in served.moved()] == [idle.getsockname()]
    assert not served.drained.is_set()
    assert served.server.in_flight() == 1
    go_on.set()
    answer = read_until(client, b"hello ")
    assert b"close" not in answer
    (parcel,) = served.moved()
    assert parcel.received == GET + GET[:5]
    assert served.drained.wait(PATIENCE)
    assert served.server.in_flight() == 0


def test_requests_that_no_thread_has_begun_move_too(serve: Any, set_gate: Any) -> None:
    """With one request in a debugger and no other thread, the rest go on in the new server."""
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        entered.set()
        assert go_on.wait(PATIENCE)
        return hello(environ, start_response)

    gate = set_gate(Verdict.FRESH)
    served = serve(application, threads=False, gate=gate)
    served.connect().sendall(GET)
    assert entered.wait(PATIENCE)
    gate.wait_until_asked()
    second = served.connect()
    second.sendall(GET)
    gate.wait_until_asked()
    served.server.drain()
    (parcel,) = served.moved()
    assert (parcel.peer, parcel.received) == (second.getsockname(), GET)
    go_on.set()
    assert served.drained.wait(PATIENCE)


def test_what_arrives_at_a_drained_server_moves_on(serve: Any) -> None:
    served = serve(never)
    served.server.drain()
    assert served.drained.wait(PATIENCE)
    served.adopt(GET)
    assert served.moved()[0].received == GET


def test_streams_are_cut_and_the_server_is_drained(serve: Any, read_until: ReadUntil) -> None:
    closed = threading.Event()
    go_on = threading.Semaphore(0)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        try:
            while True:
                yield b"tick"
                assert go_on.acquire(timeout=PATIENCE)
        finally:
            closed.set()

    served = serve(application)
    client = served.connect()
    client.sendall(GET)
    read_until(client, b"4\r\ntick\r\n")
    served.server.drain()
    served.server.abort_streams()
    assert served.drained.wait(PATIENCE)
    assert client.recv(1000) == b""
    go_on.release()
    assert closed.wait(PATIENCE)


@pytest.mark.parametrize("begins_at", [0, 1])
def test_what_will_end_is_not_cut_with_the_streams(begins_at: int, serve: Any, read_until: ReadUntil) -> None:
    """A response that has not begun, and one whose length was told."""
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Length", "6")])
        for number, block in enumerate((b"one", b"two")):
            if number == begins_at:
                entered.set()
                assert go_on.wait(PATIENCE)
            write(block)
        return []

    served = serve(application)
    client = served.connect()
    client.sendall(GET)
    assert entered.wait(PATIENCE)
    served.server.drain()
    served.server.abort_streams()
    # Comes back once the calls before it were done.
    served.adopt(GET)
    assert served.moved()[0].received == GET
    go_on.set()
    assert read_until(client, b"onetwo").startswith(b"HTTP/1.1 200 OK")
    assert served.drained.wait(PATIENCE)


def test_stop_closes_everything_at_once(serve: Any, read_until: ReadUntil) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/wait":
            entered.set()
            assert go_on.wait(PATIENCE)
        return hello(environ, start_response)

    served = serve(application)
    idle, busy = served.connect(), served.connect()
    idle.sendall(GET)
    read_until(idle, b"hello ")
    busy.sendall(GET.replace(b"/ ", b"/wait "))
    assert entered.wait(PATIENCE)
    served.server.stop()
    assert served.server.join(PATIENCE)
    assert idle.recv(10) == b""
    assert busy.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        served.connect()
    go_on.set()


def test_when_nobody_takes_the_parcels_the_connections_end(serve: Any, set_gate: Any) -> None:
    """The keeper is gone: a stale server must not answer."""

    def refuse(parcels: Any) -> None:
        raise Disconnected("gone")

    served = serve(never, gate=set_gate(Verdict.STALE), hand_over=refuse)
    client = served.connect()
    client.sendall(GET)
    assert client.recv(10) == b""


def test_a_callback_that_fails_does_not_end_the_waiting(
    serve: Any, read_until: ReadUntil, capsys: pytest.CaptureFixture[str]
) -> None:
    failures = [ValueError("marker")]

    def hand_over(parcels: Any) -> None:
        if failures:
            raise failures.pop()
        served.parcels.put(parcels)

    served = serve(hello, hand_over=hand_over)
    client = served.connect()
    client.sendall(GET)
    read_until(client, b"hello ")
    served.server.drain()
    assert client.recv(10) == b""
    assert served.drained.wait(PATIENCE)
    served.adopt(GET)
    assert served.moved()[0].received == GET
    assert capsys.readouterr().err.count("ValueError: marker") == 1


def test_a_log_that_fails_costs_its_connection_only(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(entry: Any) -> None:
        raise ValueError("marker")

    served = serve(hello, log=fail)
    for _ in range(3):
        assert served.talk(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert served.talk(GET).endswith(b"hello ")
    assert capsys.readouterr().err.count("ValueError: marker") == 6


def test_two_servers_share_a_listening_socket(serve: Any, read_until: ReadUntil) -> None:
    """As an old and a new one do while one drains: each connection is one's, and none is lost."""
    first, second = serve(hello), serve(hello)
    listener = socket.create_server(("127.0.0.1", 0))
    first.server.listen(listener.dup())
    second.server.listen(listener.dup())
    address = listener.getsockname()
    listener.close()
    for number in range(20):
        if number == 10:
            first.server.drain()
        with socket.create_connection(address, timeout=PATIENCE) as client:
            client.sendall(GET)
            # What the draining one accepted in its last moment comes back as a parcel.
            while not select.select([client], [], [], 0.01)[0]:
                while not first.parcels.empty():
                    for parcel in first.moved():
                        second.server.adopt(parcel)
            assert read_until(client, b"hello ").startswith(b"HTTP/1.1 200 OK")
