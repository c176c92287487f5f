"""The live reload's script and stream, as the keeper answers for them."""

import socket
from collections.abc import Callable, Iterator

import msgspec
import pytest

from afresh.handover.parcel import Parcel
from afresh.keeper import live as module
from afresh.keeper.live import Live, comes_from_own_origin
from afresh.serve.config import Limits
from afresh.serve.head import parse_head
from afresh.testing.deadline import PATIENCE

HOST = "localhost:8000"


class Rig:
    """A `Live` and clients of it."""

    def __init__(self) -> None:
        self.watched: dict[int, Callable[[], None] | None] = {}
        self.live = Live(self.watched.__setitem__)
        self.clients: list[socket.socket] = []

    def ask(self, target: str, method: str = "GET", **fields: str) -> socket.socket:
        theirs, ours = socket.socketpair()
        self.clients.append(theirs)
        theirs.settimeout(PATIENCE)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"Host": HOST, **fields}.items()]
        data = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode()
        self.live.take(Parcel(ours, data, ("127.0.0.1", 1)), parse_head(data, Limits()))
        return theirs

    def answer(self, target: str, method: str = "GET", **fields: str) -> bytes:
        client = self.ask(target, method, **fields)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
        return received

    def streams(self) -> list[int]:
        return [descriptor for descriptor, call in self.watched.items() if call is not None]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    for client in rig.clients:
        client.close()
    for call in [call for call in rig.watched.values() if call is not None]:
        call()


def events(data: bytes) -> list[dict[str, object]]:
    return [msgspec.json.decode(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: ")]


def test_a_stream_begins_with_what_is_true_and_goes_on_with_what_becomes_so(rig: Rig) -> None:
    rig.live.answers(1, by_page=False)
    client = rig.ask("/__afresh__/events")
    assert events(client.recv(65536))[0]["turn"] == 4
    rig.live.answers(1, by_page=False)  # known already
    rig.live.answers(2, by_page=True)
    rig.live.changed(["/p/a.css", "/p/b.py"], [], "/p")
    received = events(client.recv(65536))
    while len(received) < 2:
        received += events(client.recv(65536))
    assert [event["turn"] for event in received] == [8, 8]
    assert received[1]["changes"] == [[1, "css", "a.css"]]


def test_a_stream_that_opens_before_anything_answers_says_nothing_until_then(rig: Rig) -> None:
    """A page of an earlier start would load for it, and again when something answers."""
    client = rig.ask("/__afresh__/events")
    rig.live.changed(["/p/a.css"], [], "/p")
    rig.live.answers(1, by_page=False)
    received = b""
    while not events(received):
        received += client.recv(65536)
    assert [event["turn"] for event in events(received)] == [4]


def test_a_client_that_goes_is_forgotten(rig: Rig) -> None:
    client = rig.ask("/__afresh__/events")
    (descriptor,) = rig.streams()
    client.close()
    call = rig.watched[descriptor]
    assert call is not None
    call()
    assert rig.streams() == []


def test_one_that_does_not_read_is_cut_off_and_delays_nobody(rig: Rig) -> None:
    rig.live.answers(1, by_page=False)
    slow, quick = rig.ask("/__afresh__/events"), rig.ask("/__afresh__/events")
    for number in range(2000):
        rig.live.changed([f"/p/{'x' * 200}{number}.css"], [], "/p")
        quick.recv(1 << 20)
        if len(rig.streams()) == 1:
            break
    assert len(rig.streams()) == 1
    assert slow.fileno() >= 0


def test_there_is_a_bound_to_the_number_of_streams(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STREAMS", 1)
    rig.ask("/__afresh__/events")
    assert rig.answer("/__afresh__/events").startswith(b"HTTP/1.1 503 ")


def test_the_script_is_one_file_that_browsers_keep(rig: Rig) -> None:
    answer = rig.answer(rig.live.stamp(1, by_page=False).script)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"immutable" in answer
    assert b"SharedWorker" in answer
    assert b"connect-src 'self'" in answer
    assert rig.answer("/__afresh__/live.js", "HEAD").endswith(b"\r\n\r\n")


@pytest.mark.parametrize("target", ["/__afresh__/", "/__afresh__/live.js/", "/__afresh__/../x", "/__afresh__/live.css"])
def test_there_is_nothing_else(rig: Rig, target: str) -> None:
    assert rig.answer(target).startswith(b"HTTP/1.1 404 ")


def test_nothing_can_be_sent_here(rig: Rig) -> None:
    assert rig.answer("/__afresh__/events", "POST").startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "http://localhost:8001"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": f"http://{HOST}", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_other_origins_are_refused_and_no_field_lets_them_read(rig: Rig, fields: dict[str, str]) -> None:
    for target in ("/__afresh__/live.js", "/__afresh__/events"):
        answer = rig.answer(target, **fields)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"access-control" not in answer.lower()
        assert b"Cross-Origin-Resource-Policy: same-origin" in answer


@pytest.mark.parametrize("fields", [{}, {"Origin": f"http://{HOST}"}, {"Sec_Fetch_Site": "same-origin"}])
def test_its_own_pages_are_answered(fields: dict[str, str]) -> None:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    head = parse_head(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode(), Limits())
    assert comes_from_own_origin(head)
