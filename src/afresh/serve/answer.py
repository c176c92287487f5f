"""Answering one request of a connection: the part of serving that any thread does."""

import io
import os
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from afresh import native
from afresh.serve.body import SocketBody, spool_chunked
from afresh.serve.complaint import tell_error
from afresh.serve.config import Config
from afresh.serve.connection import Connection
from afresh.serve.environ import Environ, build_environ
from afresh.serve.exchange import Exchange, Rewrite, Terms, WSGIApplication
from afresh.serve.head import Head, Refusal
from afresh.serve.hosts import HostPolicy
from afresh.serve.log import AccessEntry, AccessLog
from afresh.serve.response import Framing, ResponseHead, encode_head, http_date, plain_response
from afresh.serve.transfer import Transfer
from afresh.serve.wire import PeerGone, Wire
from afresh.static.files import FileResponse

_MOST_REMEMBERED = 256


class Files(Protocol):
    """Answers requests in place of the application (`afresh.static.files.StaticFiles`). `prefix`: of their paths."""

    @property
    def prefix(self) -> str: ...

    def covers(self, path: str) -> bool:
        """Whether requests for this path are likely to be answered, at once and without running the application."""
        ...

    def respond(self, method: str, path: str, fields: Mapping[str, str]) -> FileResponse | None:
        """The file that answers a request without a body; None where the application is to answer."""
        ...


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
    hosts: HostPolicy
    log: AccessLog
    files: Files | None = None
    witness: "Witness | None" = None
    rewriter: Rewriter | None = None


def answer(service: Service, connection: Connection) -> None:
    """Answer the request whose head was read, or refuse it with the connection's `refusal`; `keeps` and `is_lost` of
    the connection say how it went.

    While its `transfer` is not None, the client has to take more first: call again when there is room.
    """
    connection.keeps = False
    head = connection.intake.head
    if connection.transfer is None:
        connection.number = _witness(service, connection)
    try:
        if connection.refusal is None:
            if connection.transfer is None:
                _check_host(service.hosts, connection)
                connection.transfer = _open_file(service, connection)
            if connection.transfer is None:
                connection.context.run(_answer, service, connection, connection.number)
            else:
                _send_on(service, connection, connection.transfer)
    except PeerGone:
        connection.is_lost = True
        connection.end_transfer()
    except Refusal as refusal:
        if head is not None:
            refusal.request_line = head.request_line
        connection.refusal = refusal
    if connection.refusal is not None:
        connection.is_lost = not _refuse(service, connection, connection.refusal)
    if service.witness is not None and connection.number and (connection.is_lost or connection.refusal is not None):
        why = "the client went away" if connection.is_lost else str(connection.refusal)
        service.witness.cut(connection.number, why)


def _witness(service: Service, connection: Connection) -> int:
    """What the witness calls the request; 0 without one."""
    head = connection.intake.head
    if service.witness is None or head is None:
        return 0
    took, connection.receiving = connection.receiving, -1
    return service.witness.received(head.method, head.request_line.split(" ", 2)[1], connection.peer[1], took)


def _check_host(hosts: HostPolicy, connection: Connection) -> None:
    """Raise Refusal for a host that is not allowed. Not by the thread that waits for all others' requests: the
    application's list may be one that asks a database."""
    head = connection.intake.head
    assert head is not None
    host = head.fields.get("HTTP_HOST")
    if host is None:
        return  # no browser
    try:
        is_allowed = connection.context.run(hosts.allows, host)
    except Exception as exc:
        tell_error(exc)
        is_allowed = False
    if not is_allowed:
        page = hosts.refusal(host, head.fields.get("HTTP_ACCEPT", ""))
        raise Refusal(HTTPStatus.BAD_REQUEST, "The host is not allowed.", page=page)


def _open_file(service: Service, connection: Connection) -> Transfer | None:
    """The response to a request for a static file, its head included; None where the application is to answer."""
    head = connection.intake.head
    assert head is not None
    if service.files is None or head.length or head.chunked:
        return None
    response = service.files.respond(head.method, head.path, head.fields)
    if response is None:
        return None
    connection.intake.take(True)
    plan = response.plan
    keeps = service.terms.may_keep and head.persistent
    try:
        data = _head_of_file(plan.status, plan.lines, head.version, keeps, service.terms.software, http_date())
        return Transfer(data, response, head.request_line, keeps)
    except BaseException:
        os.close(response.descriptor)
        raise


@lru_cache(_MOST_REMEMBERED)
def _head_of_file(status: str, lines: str, version: str, keeps: bool, software: str, date: str) -> bytes:
    said = ResponseHead(status, lines, None, wants_close=False, has_date=False, has_server=False)
    return encode_head(said, "GET", Framing.LENGTH, keeps=keeps, version=version, software=software, date=date)


def _send_on(service: Service, connection: Connection, transfer: Transfer) -> None:
    transfer.line = transfer.line or _Line(service, connection, transfer.request_line, transfer.began)
    if rest := transfer.rest:
        transfer.line.add(transfer.status, transfer.sent + rest, is_sent=False)
    if transfer.advance(connection.sock):
        connection.end_transfer()
        connection.keeps = transfer.keeps
        if service.witness is not None:
            service.witness.processed(connection.number, None, transfer.status)
            service.witness.sent(connection.number, transfer.status, transfer.sent)
        transfer.line.add(transfer.status, transfer.sent)


def _refuse(service: Service, connection: Connection, refusal: Refusal) -> bool:
    """Send a refusal and log it; false if the client is gone."""
    content_type, body = refusal.page
    method = refusal.request_line.partition(" ")[0]
    software = service.config.software
    data = plain_response(refusal.status, content_type, body, method=method, software=software)
    length = 0 if method == "HEAD" else len(body)
    line = _Line(service, connection, refusal.request_line, message=str(refusal))
    line.add(refusal.status.value, length, is_sent=False)
    try:
        # What does not fit the socket's buffer is not worth a thread.
        connection.sock.send(data)
    except OSError:
        return False
    line.add(refusal.status.value, length)
    return True


def _answer(service: Service, connection: Connection, number: int) -> None:
    began = native.monotonic()
    wire = Wire(connection.sock, service.config.body_wait)
    head, body, raw = _open_body(service, connection, wire)
    rewrite = None if service.rewriter is None else service.rewriter(head, number)
    environ = build_environ(service.environ, head, connection.peer, connection.scheme, body)
    connection.exchange = exchange = Exchange(wire, head, environ, raw, service.terms, rewrite)
    returned = None if service.witness is None else partial(service.witness.processed, number)
    try:
        line = _Line(service, connection, head.request_line, began)
        exchange.run(
            service.application,
            partial(_sent, service, number, line),
            returned,
            lambda: line.add(exchange.status, exchange.length, is_sent=False),
        )
    finally:
        connection.exchange = None
        body.close()
    connection.keeps = exchange.keeps
    connection.is_lost = exchange.is_lost


def _open_body(service: Service, connection: Connection, wire: Wire) -> tuple[Head, IO[bytes], SocketBody | None]:
    """The request's head, to be changed by whoever answers; its body as `wsgi.input`; and the body's own end of the
    connection while that is in use."""
    intake = connection.intake
    assert intake.head is not None
    head = intake.head.own()
    complete = intake.read_body()
    beginning = intake.take(complete is not None)
    if complete is not None:
        if head.chunked:
            head.fields["CONTENT_LENGTH"] = str(len(complete))
        return head, io.BytesIO(complete), None
    if head.chunked:
        file, size, rest = spool_chunked(
            wire, beginning, head.expects_continue, service.config.spool_limit, service.config.limits.body
        )
        intake.feed(rest)
        head.fields["CONTENT_LENGTH"] = str(size)
        return head, file, None
    raw = SocketBody(wire, head.length, beginning, head.expects_continue)
    return head, io.BufferedReader(raw, 1 << 16), raw


def _sent(service: Service, number: int, line: "_Line", exchange: Exchange) -> None:
    if service.witness is not None:
        service.witness.sent(number, exchange.status, exchange.length)
    line.add(exchange.status, exchange.length)


class _Line:
    """The line of one answer in the access log: offered before the last bytes are sent, where these are few.

    Added then, it stands before the line of any request that a client makes after it has the answer, whichever thread
    or process answers that.
    """

    __slots__ = ("_began", "_connection", "_is_added", "_message", "_request_line", "_service")

    def __init__(
        self, service: Service, connection: Connection, request_line: str, began: float | None = None, message: str = ""
    ) -> None:
        self._service = service
        self._connection = connection
        self._request_line = request_line
        self._began = began
        self._message = message
        self._is_added = False

    def __repr__(self) -> str:
        return f"<_Line {self._request_line!r} is_added={self._is_added}>"

    def add(self, status: int, length: int, *, is_sent: bool = True) -> None:
        """Add the line unless it was; a log may want to wait until the answer `is_sent`."""
        if self._is_added:
            return
        entry = AccessEntry(
            self._request_line,
            status,
            length,
            self._connection.peer,
            self._connection.sock,
            self._message,
            seconds=0.0 if self._began is None else native.monotonic() - self._began,
            is_sent=is_sent,
        )
        try:
            self._is_added = self._service.log(entry) is not False
        except Exception:
            if is_sent:
                raise
            # It is asked again, and fails, when nobody waits for the answer any more.
