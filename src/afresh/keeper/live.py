"""What the keeper answers on the application's own origin: the live reload's script and its stream.

On the loop's thread, without blocking: a stream is an open socket that is written to when something has changed. It
outlives every server, so a page hears of the new one however often the old one is replaced.
"""

import os
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from afresh.channel import messages as msg
from afresh.channel.places import KEEPERS_PATHS
from afresh.handover.parcel import Parcel
from afresh.live.kinds import kinds
from afresh.live.record import Record, State, turn_of

if TYPE_CHECKING:
    from http import HTTPStatus

    from afresh.serve.head import Head

SOFTWARE: Final = "Afresh"
SCRIPT: Final = KEEPERS_PATHS + "live.js"
EVENTS: Final = KEEPERS_PATHS + "events"
MOST_STREAMS: Final = 200
_FILE: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live", "live.js")
_OWN: Final = ("Cross-Origin-Resource-Policy: same-origin", "X-Content-Type-Options: nosniff")
# Of the worker: the page's own policy does not hold there. The embedder policy lets isolated pages have it.
_SCRIPTS_OWN: Final = (
    *_OWN,
    "Content-Security-Policy: default-src 'none'; connect-src 'self'",
    "Cross-Origin-Embedder-Policy: require-corp",
    "Cache-Control: max-age=31536000, immutable",
)


class Live:
    """Answers requests below `KEEPERS_PATHS` and tells those who listen. Nothing here knows a secret.

    `watch(descriptor, call)`: calls when a client says something or goes away; `call` None to stop it.
    """

    def __init__(self, watch: Callable[[int, Callable[[], None] | None], None]) -> None:
        self._watch = watch
        self._record = Record.of(os.urandom(8).hex())
        self._streams: dict[int, socket.socket] = {}
        file = os.stat(_FILE)
        # Browsers keep the script for good; another one has another address.
        self._address = f"{SCRIPT}?v={file.st_mtime_ns:x}{file.st_size:x}"

    def __repr__(self) -> str:
        return f"<Live {self._record!r} streams={len(self._streams)}>"

    # ---- what has changed -------------------------------------------------------------------------------------------

    def stamp(self, generation: int, *, by_page: bool, waits: bool = False) -> msg.Live:
        """For the pages that a process is going to make."""
        turn = turn_of(generation, by_page=by_page, waits=waits)
        return msg.Live(self._address, self._record.start, turn, self._record.number)

    @property
    def number(self) -> int:
        """Of the last change that needed no new server."""
        return self._record.number

    def answers(self, generation: int, *, by_page: bool, waits: bool = False) -> None:
        """A process answers for a generation, from now on."""
        self._tell(self._record.answers(turn_of(generation, by_page=by_page, waits=waits)))

    def changed(self, paths: Iterable[str], pages: Iterable[str], root: str) -> None:
        """Files have changed; `pages`: those that the application itself makes pages from."""
        self._tell(self._record.change(kinds(paths, pages, root)))

    def _tell(self, state: State | None) -> None:
        if state is None or not self._record.turn:
            return
        event = state.event()
        for descriptor, stream in list(self._streams.items()):
            if not _send(stream, event):
                self._end(descriptor)

    # ---- requests ---------------------------------------------------------------------------------------------------

    def take(self, parcel: Parcel, head: "Head") -> None:
        """Answer, and close or keep the connection."""
        from http import HTTPStatus

        if head.method not in ("GET", "HEAD"):
            refuse(parcel, HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is answered here.", method=head.method)
        elif not comes_from_own_origin(head):
            refuse(parcel, HTTPStatus.FORBIDDEN, "Requests from other origins are not answered.", method=head.method)
        elif head.path == SCRIPT:
            with open(_FILE, "rb") as file:
                _finish(parcel, HTTPStatus.OK, "text/javascript; charset=utf-8", file.read(), head.method, _SCRIPTS_OWN)
        elif head.path == EVENTS and head.method == "GET":
            self._open(parcel)
        else:
            refuse(parcel, HTTPStatus.NOT_FOUND, "There is nothing here.", method=head.method)

    def _open(self, parcel: Parcel) -> None:
        if len(self._streams) >= MOST_STREAMS:
            from http import HTTPStatus

            refuse(parcel, HTTPStatus.SERVICE_UNAVAILABLE, "There are too many streams.")
            return
        sock = parcel.sock
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A client on another machine may go without a word; nothing else would tell.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        fields = (f"Server: {SOFTWARE}", "Content-Type: text/event-stream", "Cache-Control: no-store", *_OWN)
        beginning = "\r\n".join(["HTTP/1.1 200 OK", *fields, "Connection: close", "", "retry: 1000\n\n"])
        # A server may pass a stream on before its word that it answers is read. By the state before that word, a page
        # of an earlier start would load, and by the word once more.
        known = self._record.state().event() if self._record.turn else b""
        if not _send(sock, beginning.encode("ascii") + known):
            sock.close()
            return
        descriptor = sock.fileno()
        self._streams[descriptor] = sock
        self._watch(descriptor, lambda: self._heard(descriptor))

    def _heard(self, descriptor: int) -> None:
        """A client has nothing to say here, but that it goes."""
        try:
            if self._streams[descriptor].recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._end(descriptor)

    def _end(self, descriptor: int) -> None:
        self._watch(descriptor, None)
        self._streams.pop(descriptor).close()


def comes_from_own_origin(head: "Head") -> bool:
    """Whether no browser says that a page of another origin asks."""
    fields = head.fields
    own = f"://{fields.get('HTTP_HOST', '').lower()}"
    return fields.get("HTTP_SEC_FETCH_SITE", "none") in ("same-origin", "none") and (
        "HTTP_ORIGIN" not in fields or fields["HTTP_ORIGIN"].lower() in ("http" + own, "https" + own)
    )


def refuse(parcel: Parcel, status: "HTTPStatus", message: str, *, method: str = "GET") -> None:
    """Answer with a sentence and close."""
    body = message.encode() + b"\n"
    _finish(parcel, status, "text/plain; charset=utf-8", body, method, (*_OWN, "Cache-Control: no-store"))


def _finish(
    parcel: Parcel, status: "HTTPStatus", content_type: str, body: bytes, method: str, fields: Iterable[str]
) -> None:
    from afresh.serve.response import plain_response

    _send(parcel.sock, plain_response(status, content_type, body, method=method, software=SOFTWARE, fields=fields))
    parcel.sock.close()


def _send(sock: socket.socket, data: bytes) -> bool:
    """Whether all of it fits the socket's buffer: who does not read for so long is gone, or comes again by itself."""
    sock.setblocking(False)
    try:
        return sock.send(data) == len(data)
    except OSError:
        return False
