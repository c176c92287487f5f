"""The front: connections in, news out, questions answered."""

import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from afresh.channel import messages as msg
from afresh.channel.endpoint import MAX_BYTES
from afresh.channel.wire import encode
from afresh.handover.convoy import Convoy
from afresh.handover.parcel import Parcel
from afresh.keeper.front import MOST_WAITING, Desk, Front
from afresh.keeper.live import Live


class Link:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.waiting = 0

    def send(self, message: object, descriptors: Sequence[int] = ()) -> None:
        assert len(encode(message)) <= MAX_BYTES  # type: ignore[arg-type]
        self.sent.append(message)


class Rig:
    """A front whose dashboards are lists of messages."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.sockets: list[socket.socket] = []
        self.ended: list[Link] = []
        self.watched: dict[int, Callable[[], None] | None] = {}
        live = Live(self.watched.__setitem__)
        self.front = Front(self._start, {"echo": self._echo, "fail": self._fail}, self.watched.__setitem__, live)

    def _start(self) -> Desk:
        link = Link()
        self.links.append(link)
        return Desk(link, Convoy(link.send), lambda: self.ended.append(link))  # type: ignore[arg-type]

    @staticmethod
    def _echo(value: Any, reply: Any) -> None:
        reply(value)

    @staticmethod
    def _fail(value: Any, reply: Any) -> None:
        raise RuntimeError("broken")

    def open(self) -> list[Any]:
        ours, theirs = socket.socketpair()
        self.sockets += [ours, theirs]
        self.front.take(Parcel(ours, b"GET / HTTP/1.1\r\nHost: afresh.localhost:8000\r\n\r\n", ("127.0.0.1", 1)))
        return self.links[-1].sent


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    for sock in rig.sockets:
        sock.close()


def test_the_dashboard_starts_with_the_first_request_and_is_told_all(rig: Rig) -> None:
    rig.front.publish("state", {"a": 1})
    assert rig.links == []
    begin, published, parcels = rig.open()
    assert isinstance(begin, msg.BeginDashboard)
    assert len(begin.token) == 40  # 160 bits
    assert begin.token != begin.session
    assert published.news == (msg.News(1, "state", b'{"a":1}'),)
    assert isinstance(parcels, msg.Parcels)
    rig.front.publish("state", {"a": 2})
    assert rig.links[0].sent[-1].news == (msg.News(2, "state", b'{"a":2}'),)
    rig.open()
    assert len(rig.links) == 1


def test_one_that_ended_is_replaced_by_the_next_request_and_its_connections_are_closed(rig: Rig) -> None:
    rig.open()
    ours, theirs = socket.socketpair()
    with theirs:
        rig.front.gone([Parcel(ours, b"", ("127.0.0.1", 1))])
        assert theirs.recv(1) == b""
    rig.open()
    assert len(rig.links) == 2


def test_long_news_travel_in_pieces(rig: Rig) -> None:
    sent = rig.open()
    del sent[:]
    rig.front.publish("state", "x" * 250_000)
    assert [message.more for message in sent] == [True, True, False]
    assert len(b"".join(message.news[0].data for message in sent)) == 250_002


def test_many_news_travel_in_batches_in_order(rig: Rig) -> None:
    for number in range(150):
        rig.front.publish("generation", "y" * 3_000 if number % 3 else "z" * 150_000)
    numbers = [news.number for message in rig.open() if isinstance(message, msg.Published) for news in message.news]
    assert list(dict.fromkeys(numbers)) == list(range(1, 151))
    assert numbers == sorted(numbers)


def test_one_that_takes_nothing_in_is_ended(rig: Rig) -> None:
    sent = rig.open()
    rig.links[0].waiting = MOST_WAITING
    rig.front.publish("state", 1)
    assert rig.ended == [rig.links[0]]
    assert isinstance(sent[-1], msg.Parcels)  # the news went to nobody, and are kept
    rig.front.gone([])
    assert rig.open()[1].news[0].data == b"1"


def test_names_that_are_not_utf_8_can_be_told(rig: Rig) -> None:
    rig.front.publish("state", {"file": "caf\udce9", "all": ["\udce9"]})
    assert rig.open()[1].news[0].data == b'{"file":"caf\\\\udce9","all":["\\\\udce9"]}'


def test_a_question_is_answered_by_the_entry_of_its_name(rig: Rig) -> None:
    sent = rig.open()
    rig.front.asked(msg.Asked(7, "echo", b'{"a":1}'))
    assert sent[-1] == msg.Told(7, b'{"a":1}')
    rig.front.asked(msg.Asked(8, "echo", msgspec.json.encode("x" * 150_000)))
    assert [message.more for message in sent[-2:]] == [True, False]


def test_what_is_not_in_the_table_is_not_done(rig: Rig) -> None:
    sent = rig.open()
    rig.front.asked(msg.Asked(7, "__class__", b"{}"))
    assert sent[-1].error == "There is no such action."


def test_an_action_that_fails_says_so_and_is_seen(rig: Rig) -> None:
    sent = rig.open()
    with pytest.raises(RuntimeError):
        rig.front.asked(msg.Asked(7, "fail", b"{}"))
    assert "broken" in sent[-1].error


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "0", "::", "::1", "localhost", "127.0.0.2"])
def test_the_link_names_the_dashboard(rig: Rig, address: str) -> None:
    rig.front.application_port = 8000
    link = rig.front.link(address)
    assert link.startswith("http://afresh.localhost:8000/?token=")


def test_there_is_no_link_where_the_name_leads_to_another_address(rig: Rig) -> None:
    assert rig.front.link("192.168.1.5") == ""


def test_an_address_of_its_own_is_given_to_the_dashboard_with_the_first_connection(rig: Rig) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        rig.front.listen(listener)
        link = rig.front.link("192.168.1.5")
        assert link.startswith(f"http://127.0.0.1:{port}/?token=")
        knock = rig.watched[listener.fileno()]
        assert knock is not None
        knock()
        assert rig.watched[listener.fileno()] is None
        assert rig.links[0].sent[0].port == port
        rig.front.gone([])
        assert rig.watched[listener.fileno()] is not None
