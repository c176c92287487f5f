"""Messages and descriptors through a real channel."""

import os
import socket
from collections.abc import Iterator

import msgspec
import pytest

from afresh.channel import messages as msg
from afresh.channel.endpoint import app_endpoint, keeper_endpoint, pair
from afresh.errors import Disconnected
from afresh.reload.journal import Exec, Find, Listing, Read, Signature, Stat

SIGNATURE = Signature(1, 2, 3, 4, 5)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = pair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    "message",
    [
        msg.Consumed((Exec("a.b", "/p/a/b.py", SIGNATURE, b"digest"), Find("c", ("/p", "/q"))), 7),
        msg.Consumed((Read("/p/.env", None), Read("/p/x", SIGNATURE), Listing("/p"), Stat("/p/y", ""))),
        msg.Bind("::1", 8000, True),
        msg.Ready(forks=False, obstacle="threads", checks=True, receivers=True, hosts=("*",)),
        msg.Failed(msg.Failure("error", "title", "text", (msg.ExceptionInfo("T", "m", ()),), "hint")),
        msg.ChildEnded(5, -9),
        msg.WatchTrees((("/caf\udce9", "**/*"), ("/p", "*"))),
        msg.Bind("\ud800", 8000, False),
        msg.Consumed((Exec("a", "/caf\udce9/a.py", SIGNATURE, b"\xff"), Find("é", ("/caf\udce9", "/q")))),
        msg.Failed(msg.Failure("error", "\udcff", "", (msg.ExceptionInfo("T", "\udfff", ()),), "hint")),
        msg.Parcels((msg.ParcelHead(("\udc80", 1), "http", b"\xff\0"),)),
    ],
)
def test_what_an_app_process_says_arrives_as_it_was_said(
    message: msg.FromApp, sockets: tuple[socket.socket, socket.socket]
) -> None:
    app_endpoint(sockets[1]).send(message)
    assert keeper_endpoint(sockets[0]).receive() == (message, [])


@pytest.mark.parametrize(
    "message",
    [
        msg.Begin(
            "boot", ("/caf\udce9/manage.py", "runserver"), ("python", "\udcff"), 1024, True, "a", ("h", 1, False)
        ),
        msg.FileChanged(3, ("/p/a.html", "/caf\udce9/b.html")),
        msg.ServePage(3, True, msg.Failure("checks", "title", "\udcff"), ("a", "\udcff")),
    ],
)
def test_names_that_are_not_utf_8_arrive_in_an_app_process(
    message: msg.ToApp, sockets: tuple[socket.socket, socket.socket]
) -> None:
    keeper_endpoint(sockets[0]).send(message)
    assert app_endpoint(sockets[1]).receive() == (message, [])


def test_what_is_no_message_is_an_error(sockets: tuple[socket.socket, socket.socket]) -> None:
    sockets[0].send(b"\x91\xa7Unknown")
    with pytest.raises(msgspec.ValidationError):
        app_endpoint(sockets[1]).receive()


def test_descriptors_arrive_in_order_and_close_on_exec(sockets: tuple[socket.socket, socket.socket]) -> None:
    read_end, write_end = os.pipe()
    keeper_endpoint(sockets[0]).send(msg.Serve(3, True), [read_end, write_end])
    message, (reader, writer) = app_endpoint(sockets[1]).receive()
    assert message == msg.Serve(3, True)
    assert not os.get_inheritable(reader)
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"
    for descriptor in (read_end, write_end, reader, writer):
        os.close(descriptor)


def test_the_end_of_the_channel_is_an_error_of_its_own(sockets: tuple[socket.socket, socket.socket]) -> None:
    sockets[0].close()
    app = app_endpoint(sockets[1])
    with pytest.raises(Disconnected):
        app.receive()
    with pytest.raises(Disconnected):
        app.send(msg.Serving())


def test_what_was_said_before_the_end_arrives_though_the_other_side_has_not_read_everything(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    """The kernel reports what was left unread as a reset, and before what is still to be read."""
    keeper, app = keeper_endpoint(sockets[0]), app_endpoint(sockets[1])
    said = (msg.Bind("::1", 8000, True), msg.Refused())
    for message in said:
        app.send(message)
    sockets[0].send(b"an answer that nobody waits for")
    app.close()
    assert tuple(keeper.receive()[0] for _ in said) == said
    with pytest.raises(Disconnected):
        keeper.receive()
