"""The dashboard's process: an isolated interpreter that serves what the keeper tells.

A process of its own, since its pages take milliseconds of a processor that the keeper's reader of file events must get
at once, and since one that fails takes nothing along.
"""

import os
import signal
import socket
import threading
from collections.abc import Sequence
from typing import NoReturn

from afresh.channel import messages as msg
from afresh.channel.endpoint import Endpoint, app_endpoint
from afresh.dashboard.asking import Keeper
from afresh.dashboard.board import Board
from afresh.dashboard.guard import Secrets
from afresh.dashboard.site import Site
from afresh.errors import Disconnected
from afresh.handover.convoy import unpack
from afresh.handover.parcel import Parcel
from afresh.serve.config import Config
from afresh.serve.hosts import HostPolicy
from afresh.serve.server import Server
from afresh.watch.gate import OpenGate

_LAST_WORDS = 0.5  # seconds for streams to pass on how it ended


def main() -> NoReturn:
    """Serve until the keeper is gone."""
    # Signals of the terminal reach the whole group; how it ends is still to be shown, and the keeper's end ends us.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = socket.socket(fileno=int(os.environ.pop("AFRESH_CHANNEL")))
    channel.set_inheritable(False)
    endpoint = app_endpoint(channel)
    try:
        begin, descriptors = endpoint.receive()
        assert isinstance(begin, msg.BeginDashboard)
        Process(endpoint, begin, descriptors).obey()
    except Disconnected:
        pass
    os._exit(0)


class Process:
    """The pieces of the process. The main thread obeys the keeper, others serve."""

    def __init__(
        self, endpoint: Endpoint[msg.ToApp, msg.FromApp], begin: msg.BeginDashboard, descriptors: list[int]
    ) -> None:
        self._endpoint = endpoint
        self._board = Board()
        self._keeper = Keeper(endpoint.send)
        self._pieces: list[bytes] = []
        secrets = Secrets(begin.token, begin.session, f"afresh-{begin.application_port}")
        self._server = Server(
            Site(secrets, self._board, self._keeper),
            config=Config(server_name=begin.name, server_port=begin.port or begin.application_port),
            gate=OpenGate(),
            hand_over=_close,
            log=lambda _: None,
            hosts=HostPolicy((begin.name, *begin.hosts), bound=begin.host),
        )
        self._server.start()
        for descriptor in descriptors:
            self._server.listen(socket.socket(fileno=descriptor))

    def __repr__(self) -> str:
        return f"<Process {self._server!r} {self._board!r}>"

    def obey(self) -> None:
        """Take in what the keeper says until it is gone."""
        try:
            while True:
                self._take(*self._endpoint.receive())
        except Disconnected:
            self._board.end()
            self._await_streams()

    def _take(self, message: msg.ToApp, descriptors: list[int]) -> None:
        match message:
            case msg.Published(news, more):
                self._publish(news, more)
            case msg.Told():
                self._keeper.told(message)
            case msg.Parcels():
                for parcel in unpack(message, descriptors):
                    self._server.adopt(parcel)
                self._endpoint.send(msg.ParcelsTaken(len(message.heads)))
            case _:
                pass

    def _publish(self, news: tuple[msg.News, ...], more: bool) -> None:
        """Long data come in pieces, one message each and nothing in between."""
        if more or self._pieces:
            piece = news[0]
            self._pieces.append(piece.data)
            if more:
                return
            news = (msg.News(piece.number, piece.topic, b"".join(self._pieces)),)
            self._pieces.clear()
        self._board.post(news)

    def _await_streams(self) -> None:
        over = threading.Event()
        deadline = threading.Timer(_LAST_WORDS, over.set)
        deadline.daemon = True
        deadline.start()
        while self._server.in_flight() and not over.wait(0.01):
            pass


def _close(parcels: Sequence[Parcel]) -> None:
    """From here a connection has nowhere to go."""
    for parcel in parcels:
        parcel.sock.close()
