"""Answering one request of a connection: the part of serving that any thread does."""

import io
import time
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, TypeAlias

import msgspec

from afresh.serve.body import SocketBody, spool_chunked
from afresh.serve.config import Config
from afresh.serve.connection import Connection
from afresh.serve.environ import Environ, build_environ
from afresh.serve.exchange import Exchange, Rewrite, Terms, WSGIApplication
from afresh.serve.head import Head, Refusal
from afresh.serve.log import AccessEntry, AccessLog
from afresh.serve.response import plain_response
from afresh.serve.wire import PeerGone, Wire

if TYPE_CHECKING:
    from afresh.serve.witness import Witness

Rewriter: TypeAlias = Callable[[Head, int], Rewrite | None]
"""Asked before the application is called, with the request's number, 0 where it has none: how the response is to be
rewritten, None where not at all."""


class Service(msgspec.Struct, frozen=True):
    """What every answer needs. `environ` is the part of it that all requests share; `witness` is told of each one."""

    application: WSGIApplication
    config: Config
    environ: Environ
    terms: Terms
    log: AccessLog
    witness: "Witness | None" = None
    rewriter: Rewriter | None = None


def answer(service: Service, connection: Connection) -> None:
    """Answer the request whose head was read; `keeps`, `is_lost` and `refusal` of the connection say how it went."""
    connection.keeps = False
    number = _witness(service, connection)
    try:
        connection.context.run(_answer, service, connection, number)
    except PeerGone:
        connection.is_lost = True
    except Refusal as refusal:
        connection.refusal = refusal
    if service.witness is not None and (connection.is_lost or connection.refusal is not None):
        service.witness.cut(number, "the client went away" if connection.is_lost else str(connection.refusal))


def _witness(service: Service, connection: Connection) -> int:
    """What the witness calls the request; 0 without one."""
    head = connection.intake.head
    if service.witness is None or head is None:
        return 0
    return service.witness.received(head.method, head.request_line.split(" ", 2)[1])


def refuse(service: Service, connection: Connection, refusal: Refusal) -> bool:
    """Send a refusal and log it; false if the client is gone."""
    content_type, body = refusal.page
    method = refusal.request_line.partition(" ")[0]
    software = service.config.software
    data = plain_response(refusal.status, content_type, body, method=method, software=software)
    try:
        # What does not fit the socket's buffer is not worth a thread.
        connection.sock.send(data)
    except OSError:
        return False
    length = 0 if method == "HEAD" else len(body)
    status, message = refusal.status.value, str(refusal)
    service.log(AccessEntry(refusal.request_line, status, length, connection.peer, connection.sock, message))
    return True


def _answer(service: Service, connection: Connection, number: int) -> None:
    began = time.monotonic()
    wire = Wire(connection.sock)
    head, body, raw = _open_body(service, connection, wire)
    environ = build_environ(service.environ, head, connection.peer, connection.scheme, body)
    rewrite = None if service.rewriter is None else service.rewriter(head, number)
    exchange = Exchange(wire, head, environ, raw, service.terms, rewrite)
    returned = None if service.witness is None else partial(service.witness.processed, number)
    try:
        exchange.run(service.application, _logger(service, connection, head, number, began), returned)
    finally:
        body.close()
    connection.keeps = exchange.keeps
    connection.is_lost = exchange.is_lost


def _open_body(service: Service, connection: Connection, wire: Wire) -> tuple[Head, IO[bytes], SocketBody | None]:
    """The request's head, its body as `wsgi.input`, and the body's own end of the connection while that is in use."""
    intake = connection.intake
    head = intake.head
    assert head is not None
    complete = intake.read_body()
    beginning = intake.take(complete is not None)
    if complete is not None:
        if head.chunked:
            head.fields["CONTENT_LENGTH"] = str(len(complete))
        return head, io.BytesIO(complete), None
    if head.chunked:
        file, size, rest = spool_chunked(wire, beginning, head.expects_continue, service.config.spool_limit)
        intake.feed(rest)
        head.fields["CONTENT_LENGTH"] = str(size)
        return head, file, None
    raw = SocketBody(wire, head.length, beginning, head.expects_continue)
    return head, io.BufferedReader(raw, 1 << 16), raw


def _logger(
    service: Service, connection: Connection, head: Head, number: int, began: float
) -> Callable[[Exchange], None]:
    def log(exchange: Exchange) -> None:
        if service.witness is not None:
            service.witness.sent(number, exchange.status, exchange.sent)
        service.log(
            AccessEntry(
                head.request_line,
                exchange.status,
                exchange.sent,
                connection.peer,
                connection.sock,
                seconds=time.monotonic() - began,
            )
        )

    return log
