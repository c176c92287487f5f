"""Parcels through a real channel."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TypeAlias

import pytest

from afresh.channel.endpoint import Endpoint, app_endpoint, keeper_endpoint, pair
from afresh.channel.messages import FromApp, Parcels, ToApp
from afresh.handover.convoy import SPILL, WINDOW, Convoy, unpack
from afresh.handover.parcel import Parcel

Ends: TypeAlias = tuple[Endpoint[FromApp, ToApp], Endpoint[ToApp, FromApp]]
PEER = ("127.0.0.1", 50_000)


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def ends(resources: ExitStack) -> Ends:
    ours, theirs = pair()
    resources.enter_context(ours)
    resources.enter_context(theirs)
    return keeper_endpoint(ours), app_endpoint(theirs)


def connection(resources: ExitStack, received: bytes) -> tuple[socket.socket, Parcel]:
    """A client's socket and the parcel of its other end."""
    client, server = socket.socketpair()
    resources.enter_context(client)
    resources.enter_context(server)
    return client, Parcel(server, received, PEER)


def receive(endpoint: Endpoint[ToApp, FromApp], resources: ExitStack) -> list[Parcel]:
    message, descriptors = endpoint.receive()
    assert isinstance(message, Parcels)
    parcels = unpack(message, descriptors)
    for parcel in parcels:
        resources.enter_context(parcel.sock)
    return parcels


def test_a_parcel_arrives_with_its_bytes_and_a_socket_that_still_talks_to_the_client(
    ends: Ends, resources: ExitStack
) -> None:
    keeper, app = ends
    client, parcel = connection(resources, b"GET / HT")
    Convoy(keeper.send).send([parcel])
    (arrived,) = receive(app, resources)
    assert (arrived.received, arrived.peer, arrived.scheme) == (b"GET / HT", PEER, "http")
    client.sendall(b"TP/1.1")
    assert arrived.sock.recv(100) == b"TP/1.1"


@pytest.mark.parametrize("size", [0, 1, SPILL, SPILL + 1, 3_000_000])
def test_bytes_of_any_size_arrive_whole(size: int, ends: Ends, resources: ExitStack) -> None:
    keeper, app = ends
    received = bytes(index % 251 for index in range(size))
    _, parcel = connection(resources, received)
    Convoy(keeper.send).send([parcel])
    (arrived,) = receive(app, resources)
    assert arrived.received == received


def test_no_more_than_a_window_is_on_its_way_until_it_is_acknowledged(ends: Ends, resources: ExitStack) -> None:
    keeper, app = ends
    convoy = Convoy(keeper.send)
    convoy.send([connection(resources, b"x" * 100)[1] for _ in range(WINDOW + 10)])
    arrived = 0
    while arrived < WINDOW:
        arrived += len(receive(app, resources))
    assert arrived == WINDOW
    assert not convoy.is_empty
    convoy.acknowledge(WINDOW)
    while arrived < WINDOW + 10:
        arrived += len(receive(app, resources))
    convoy.acknowledge(10)
    assert convoy.is_empty


def test_what_was_not_acknowledged_can_be_sent_elsewhere(ends: Ends, resources: ExitStack) -> None:
    keeper, _ = ends
    first, second = connection(resources, b"1")[1], connection(resources, b"2")[1]
    convoy = Convoy(keeper.send)
    convoy.send([first])
    convoy.send([second])
    convoy.acknowledge(1)
    assert convoy.take_back() == [second]
    assert second.sock.fileno() != -1
    assert first.sock.fileno() == -1
