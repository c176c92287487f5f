"""The keeper's own pages as the keeper sees them: who gets which connection, news out, questions in.

The dashboard is a process of its own, started with the first request for it (`afresh.dashboard.process`). Here is what
it needs of the keeper: what has happened is kept until somebody wants to see it.
"""

import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from afresh.channel import messages as msg
from afresh.channel.news import Shelf
from afresh.channel.places import DASHBOARD_NAME
from afresh.handover.convoy import Convoy
from afresh.handover.parcel import Parcel
from afresh.keeper.actions import Action
from afresh.keeper.children import Link
from afresh.keeper.live import Live, refuse

PIECE: Final = 100_000  # bytes of data in one message; MAX_BYTES of the endpoint is a little more
BATCH: Final = 64


MOST_WAITING: Final = 2_000  # messages to a dashboard that takes none in


class Desk(msgspec.Struct, frozen=True):
    """A dashboard's process as the front holds it. `end`: ends it at once."""

    link: Link
    convoy: Convoy
    end: Callable[[], None]


class Front:
    """`start`: starts the dashboard's process. `actions`: what it may ask for. `watch(descriptor, call)`: calls when
    the dashboard's own socket has a connection, `call` None to stop it. `live`: who answers on the application's
    origin. `hosts`: further names for the dashboard's own socket.
    """

    def __init__(
        self,
        start: Callable[[], Desk],
        actions: Mapping[str, Action],
        watch: Callable[[int, Callable[[], None] | None], None],
        live: Live,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self._start = start
        self._actions = actions
        self._watch = watch
        self._live = live
        self._hosts = hosts
        self._shelf = Shelf()
        self._desk: Desk | None = None
        self._token = os.urandom(20).hex()
        self._session = os.urandom(20).hex()
        self._listener: socket.socket | None = None
        self.application_port = 0

    def __repr__(self) -> str:
        return f"<Front {self._shelf!r} desk={self._desk is not None}>"

    # ---- connections ------------------------------------------------------------------------------------------------

    def listen(self, listener: socket.socket) -> None:
        """Have a socket of its own for the dashboard (`--dashboard-addr`)."""
        self._listener = listener
        self._watch(listener.fileno(), self._knocked)

    def _knocked(self) -> None:
        """The first connection to it: the dashboard accepts that itself."""
        assert self._listener is not None
        self._watch(self._listener.fileno(), None)
        self._opened()

    def take(self, parcel: Parcel) -> None:
        """A connection whose request is the keeper's; the server that read it has checked its host."""
        # Not at the start: nobody asks for these pages before the application answers.
        from http import HTTPStatus

        from afresh.serve.config import Limits
        from afresh.serve.head import Refusal, parse_head

        try:
            data = parcel.received.lstrip(b"\r\n")
            head = parse_head(data[: data.index(b"\r\n\r\n") + 4], Limits())
        except (Refusal, ValueError):
            refuse(parcel, HTTPStatus.BAD_REQUEST, "Bad request.")
            return
        if is_dashboards(head.fields.get("HTTP_HOST", "")):
            self._opened().convoy.send([parcel])
        else:
            self._live.take(parcel, head)

    def _opened(self) -> Desk:
        if self._desk is None:
            desk = self._desk = self._start()
            descriptors = [] if self._listener is None else [self._listener.fileno()]
            host, port = ("", 0) if self._listener is None else self._listener.getsockname()[:2]
            begin = msg.BeginDashboard(
                DASHBOARD_NAME, host, port, self._hosts, self._token, self._session, self.application_port
            )
            desk.link.send(begin, descriptors)
            self._send(self._shelf.after(0))
            if self._listener is not None:
                self._watch(self._listener.fileno(), None)
        return self._desk

    def gone(self, parcels: list[Parcel]) -> None:
        """The dashboard has ended. What it had not taken is not sent to the next: it may be what ended this one."""
        for parcel in parcels:
            parcel.sock.close()
        self._desk = None
        if self._listener is not None:
            self._watch(self._listener.fileno(), self._knocked)

    def origin(self, address: str) -> str:
        """The dashboard's origin; empty where the browser cannot reach it.

        `address`: what the application is bound to. The dashboard's name is loopback to every browser.
        """
        if self._listener is not None:
            host, port = self._listener.getsockname()[:2]
            return f"http://{_reachable(f'[{host}]' if ':' in host else host)}:{port}"
        is_loopback = address in ("", "0", "0.0.0.0", "::", "::1", "localhost") or address.startswith("127.")
        return f"http://{DASHBOARD_NAME}:{self.application_port}" if is_loopback else ""

    def link(self, address: str, path: str = "/") -> str:
        """The address with the key that opens the dashboard, empty as `origin`."""
        origin = self.origin(address)
        return origin and f"{origin}{path}?token={self._token}"

    # ---- news -------------------------------------------------------------------------------------------------------

    def publish(self, topic: str, value: Any) -> None:
        """Tell the dashboard, now or when it is opened; `topic` is one of `afresh.channel.news.KEPT`."""
        news = msg.News(self._shelf.number + 1, topic, _json(value))
        self._shelf.add(news)
        if self._desk is None:
            return
        if self._desk.link.waiting < MOST_WAITING:
            self._send([news])
        else:
            # It hangs, or is stopped: the next one is told all that is kept.
            self._desk.end()

    def _send(self, news: list[msg.News]) -> None:
        assert self._desk is not None
        batch: list[msg.News] = []
        size = 0
        for each in news:
            size += len(each.data)
            if batch and (size > PIECE or len(batch) == BATCH):
                self._desk.link.send(msg.Published(tuple(batch)))
                batch, size = [], len(each.data)
            if len(each.data) > PIECE:
                for piece, more in _pieces(each.data):
                    self._desk.link.send(msg.Published((msg.News(each.number, each.topic, piece),), more))
                size = 0
            else:
                batch.append(each)
        if batch:
            self._desk.link.send(msg.Published(tuple(batch)))

    # ---- questions --------------------------------------------------------------------------------------------------

    def asked(self, question: msg.Asked) -> None:
        """Do what the dashboard asks for, if it is in the table."""
        reply = partial(self._reply, self._desk, question.ticket)
        action = self._actions.get(question.action)
        if action is None:
            reply(error="There is no such action.")
            return
        try:
            action(msgspec.json.decode(question.data), reply)
        except Exception as exc:
            reply(error=f"The action failed: {exc!r}")
            raise

    def _reply(self, desk: Desk | None, ticket: int, value: Any = None, error: str = "") -> None:
        if desk is None or desk is not self._desk:
            return  # who asked is gone
        for piece, more in _pieces(_json(value)):
            desk.link.send(msg.Told(ticket, piece, error, more))


def is_dashboards(host: str) -> bool:
    """Whether a Host field names the dashboard, with any port: one may be forwarded."""
    return host.lower().partition(":")[0].removesuffix(".") == DASHBOARD_NAME


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)


def _pieces(data: bytes) -> list[tuple[bytes, bool]]:
    starts = range(0, max(1, len(data)), PIECE)
    return [(data[start : start + PIECE], start + PIECE < len(data)) for start in starts]


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # File names that are not UTF-8 are texts with lone surrogates (PEP 383).
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value)))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case list() | tuple():
            return [_encodable(each) for each in value]
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case _:
            return value
