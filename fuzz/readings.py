"""What a reader makes of the bytes of one connection. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import h11

from afresh.serve.config import Limits
from afresh.serve.head import Refusal, cgi_variable
from afresh.serve.intake import Intake

LIMITS = Limits(request_line=2048, fields=16, head=4096)


class End(Enum):
    """How reading ended."""

    OPEN = "more may come"
    CLOSED = "the last request was the connection's last"
    REFUSED = "what came is no request"


@dataclass(frozen=True)
class Request:
    """What two readers must agree on. `fields` are under their CGI names, without Host: its value is in `host`."""

    method: bytes
    target: bytes
    version: str
    host: str | None
    fields: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Reading:
    """The requests that were read, in order, and how it ended."""

    requests: tuple[Request, ...]
    end: End


def by_afresh(pieces: Iterable[bytes]) -> Reading:
    """Afresh's reading of bytes that come in pieces; nothing but Refusal may be raised by its parts."""
    intake = Intake(LIMITS)
    requests: list[Request] = []
    for piece in pieces:
        if not piece:
            continue
        intake.feed(piece)
        try:
            while (request := _next_of_afresh(intake)) is not None:
                requests.append(request[0])
                if not request[1]:
                    return Reading(tuple(requests), End.CLOSED)
        except Refusal:
            return Reading(tuple(requests), End.REFUSED)
    return Reading(tuple(requests), End.OPEN)


def _next_of_afresh(intake: Intake) -> tuple[Request, bool] | None:
    head = intake.read_head()
    body = None if head is None else intake.read_body()
    if head is None or body is None:
        return None
    intake.take(True)
    method, target, _ = head.request_line.encode("latin-1").split(b" ")
    fields = dict(head.fields)
    host = fields.pop("HTTP_HOST", None)
    return Request(method, target, head.version, host, tuple(sorted(fields.items())), body), head.persistent


def by_h11(data: bytes) -> Reading:
    """h11's reading of the same, as a server that answers each request."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMITS.head)
    connection.receive_data(data)
    requests: list[Request] = []
    try:
        while (request := _next_of_h11(connection)) is not None:
            requests.append(request)
            # No success: that would make a tunnel of CONNECT.
            connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return Reading(tuple(requests), End.CLOSED)
            connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return Reading(tuple(requests), End.REFUSED)
    return Reading(tuple(requests), End.OPEN)


def _next_of_h11(connection: h11.Connection) -> Request | None:
    head: h11.Request | None = None
    body = b""
    while True:
        match connection.next_event():
            case h11.Request() as head:
                pass
            case h11.Data(data=data):
                body += data
            case h11.EndOfMessage():
                assert head is not None
                return _as_request(head, body)
            case _:
                return None


def _as_request(head: h11.Request, body: bytes) -> Request:
    fields: dict[str, str] = {}
    for name, value in head.headers.raw_items():
        variable, text = cgi_variable(name), value.decode("latin-1")
        if not variable:
            continue
        if variable not in fields:
            fields[variable] = text
        elif variable != "CONTENT_TYPE":
            fields[variable] += f",{text}"
    host = fields.pop("HTTP_HOST", None)
    # The authority of an absolute form overrules Host (RFC 9112 3.2.2), which h11 leaves to whoever uses it.
    if absolute := re.match(rb"(?i)https?://([^/?]+)", head.target):
        host = absolute[1].decode("latin-1")
    version = "HTTP/1.0" if head.http_version == b"1.0" else "HTTP/1.1"
    return Request(head.method, head.target, version, host, tuple(sorted(fields.items())), body)
