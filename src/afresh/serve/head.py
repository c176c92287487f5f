"""The head of a request: bytes in, one value out, or a refusal.

Pure. The request line is matched here, the fields are checked by llhttp (`httptools`) under a request line of our own,
because llhttp knows a fixed list of methods and no raw UTF-8 in targets, and Django accepts both.
"""

import re
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

import httptools

from afresh.errors import ClientFault
from afresh.serve.config import Limits

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Bytes from 0x80 on are not allowed by RFC 3986, but curl sends them and Django reads UTF-8. A fragment is never
# part of a target (RFC 9112 3.2), and checks that stop at "#" have been evaded with one (CVE-2025-32395).
_REQUEST_LINE = re.compile(rb"(%s) ([^\x00-\x20\x7f#]+) HTTP/(\d)\.(\d)" % _TOKEN)
_METHOD_BEGINNING = re.compile(rb"%s(?: [^\x00-\x1f\x7f]*\r?)?" % _TOKEN)
_ABSOLUTE = re.compile(r"https?://([^/?]+)(.*)", re.IGNORECASE)
_BARE_LF = re.compile(rb"(?<!\r)\n")
# So many bytes tell whether this is HTTP at all; looking at all of a long line each time takes quadratic time.
_TELLING = 64
_MOST_DIGITS = 20  # of 2**64
_OUR_REQUEST_LINE = b"POST / HTTP/1.1\r\n"

# Fields that would replace a variable the server itself sets are left out, as in wsgiref.simple_server.get_environ.
_SET_BY_SERVER = frozenset(
    {"SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "GATEWAY_INTERFACE", "SCRIPT_NAME"}
    | {"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST"}
)
_variables: dict[bytes, str] = {}
_MOST_CACHED = 1024
_MOST_REMEMBERED = 256
_LONGEST_REMEMBERED = 2048  # bytes


class Refusal(ClientFault):
    """The request cannot be answered by an application: `status` says why, the connection closes after it.

    `request_line` is what is known of it, for the access log, decoded as latin-1. `page`: content type and body of the
    answer; without it, the message is the answer.
    """

    def __init__(
        self, status: HTTPStatus, message: str, request_line: str = "", page: tuple[str, bytes] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.request_line = request_line
        self.page = page if page is not None else ("text/plain; charset=utf-8", f"{message}\n".encode())


class Head(NamedTuple):
    """A request head.

    `path` is decoded to latin-1 as PATH_INFO wants it. `fields` are the header fields under their CGI names (RFC 3875
    4.1.18), repeated ones joined with ",". `length` is the size of the body, unless it is `chunked`. `persistent`: the
    client would use the connection again. `expects_continue`: it waits for 100 before it sends the body.

    It may be that of other requests too: who changes its fields takes `own()`.
    """

    request_line: str
    method: str
    path: str
    query: str
    version: str
    fields: dict[str, str]
    length: int
    chunked: bool
    persistent: bool
    expects_continue: bool

    def own(self) -> "Head":
        """The same, with fields that are nobody else's."""
        return self._replace(fields=self.fields.copy())


def parse_head(data: bytes, limits: Limits) -> Head:
    """Parse a complete head, empty line included; raises Refusal."""
    return _remembered(data, limits) if len(data) <= _LONGEST_REMEMBERED else _parse(data, limits)


def _parse(data: bytes, limits: Limits) -> Head:
    end = data.index(b"\r\n")
    method, target, version = parse_request_line(data[:end], limits)
    request_line = data[:end].decode("latin-1")
    try:
        fields = _parse_fields(data[end + 2 :], limits)
        _check_host(version, fields)
        path, query = _split_target(method, target, fields)
        chunked = _is_chunked(version, fields)
        length = _length(fields.get("CONTENT_LENGTH", "0"))
        check_length(length, limits.body)
    except Refusal as refusal:
        refusal.request_line = request_line
        raise
    connection = fields.get("HTTP_CONNECTION", "").lower()
    return Head(
        request_line=request_line,
        method=method,
        path=path,
        query=query,
        version=version,
        fields=fields,
        length=length,
        chunked=chunked,
        persistent=_is_persistent(version, connection) if connection else version == "HTTP/1.1",
        expects_continue=(
            "HTTP_EXPECT" in fields
            and fields["HTTP_EXPECT"].lower() == "100-continue"
            and version == "HTTP/1.1"
            and (chunked or length > 0)
        ),
    )


# A page that is loaded again, or a script that asks at intervals, sends the same heads as before, byte for byte.
_remembered = lru_cache(_MOST_REMEMBERED)(_parse)


def parse_request_line(line: bytes, limits: Limits) -> tuple[str, str, str]:
    """Method, target, version (RFC 9112 3); `line` without its line end; raises Refusal."""
    if len(line) > limits.request_line:
        raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long.")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Bad request line.", line.decode("latin-1"))
    method, target, major, minor = match.groups()
    text = line.decode("latin-1")
    if major != b"1":
        raise Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.x is spoken here.", text)
    if method == b"CONNECT":
        raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "This server is not a proxy.", text)
    # A later minor version means the same as 1.1 to us (RFC 9110 2.5).
    return method.decode(), target.decode("latin-1"), "HTTP/1.0" if minor == b"0" else "HTTP/1.1"


def check_beginning(data: bytes | bytearray, scanned: int, limits: Limits) -> bool:
    """Refuse what can no longer become a request line, so that nobody waits for its end; true once it is complete.

    A TLS client, for one, sends its first bytes and then waits for ours. `scanned`: so far no line end was found.
    """
    end = data.find(b"\n", scanned)
    if end >= 0:
        line = bytes(data[:end])
        if not line.endswith(b"\r"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "A line must end with CR LF.", line.decode("latin-1"))
        parse_request_line(line[:-1], limits)
        return True
    if len(data) > limits.request_line + 1:
        raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long.")
    if _METHOD_BEGINNING.fullmatch(data[:_TELLING]) is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Bad request line.", data[:200].decode("latin-1"))
    return False


def check_line_ends(data: bytes | bytearray, start: int) -> None:
    """Refuse a line feed without a carriage return from `start` on: who takes it for a line end sees other fields."""
    if _BARE_LF.search(data, start):
        raise Refusal(HTTPStatus.BAD_REQUEST, "A line must end with CR LF.")


def check_length(length: int, most: int) -> None:
    """Refuse a body of so many bytes; `most` 0: none."""
    if most and length > most:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request's body is longer than {most} bytes.")


def _parse_fields(data: bytes, limits: Limits) -> dict[str, str]:
    collector = _Fields(limits.fields)
    parser = httptools.HttpRequestParser(collector)
    try:
        parser.feed_data(_OUR_REQUEST_LINE + data)
    except httptools.HttpParserUpgrade:
        pass  # An upgrade is the client's offer; answering in HTTP/1.1 declines it (RFC 9110 7.8).
    except httptools.HttpParserCallbackError as exc:
        if isinstance(exc.__context__, Refusal):
            raise exc.__context__ from None
        raise
    except httptools.HttpParserError as exc:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{exc}.") from None
    return collector.fields


class _Fields:
    """Receives the fields from llhttp, which checks names, values, line ends, and Content-Length and its repetition."""

    __slots__ = ("_left", "fields")

    def __init__(self, most: int) -> None:
        self.fields: dict[str, str] = {}
        self._left = most

    def on_header(self, name: bytes, value: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "There are too many header fields.")
        variable = _variables.get(name)
        if variable is None:
            variable = cgi_variable(name)
        if not variable:
            return
        text = value.decode("latin-1").strip(" \t")
        fields = self.fields
        if variable not in fields:
            fields[variable] = text
        elif variable != "CONTENT_TYPE":
            fields[variable] += f",{text}"


def cgi_variable(name: bytes) -> str:
    """The CGI name of a field, or "" for one that is dropped: "-" and "_" would look the same (CVE-2015-0219)."""
    text = name.decode("latin-1").replace("-", "_").upper()
    if b"_" in name or text in _SET_BY_SERVER:
        variable = ""
    elif text in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        variable = text
    else:
        variable = f"HTTP_{text}"
    if len(_variables) < _MOST_CACHED:
        _variables[name] = variable
    return variable


def _split_target(method: str, target: str, fields: dict[str, str]) -> tuple[str, str]:
    """Path and query of a target in origin, absolute or asterisk form (RFC 9112 3.2)."""
    if target[0] != "/":
        if match := _ABSOLUTE.fullmatch(target):
            # The authority of an absolute form overrules Host (RFC 9112 3.2.2), which was checked all the same.
            authority, target = match.groups()
            fields["HTTP_HOST"] = authority
            target = target if target.startswith("/") else f"/{target}"
        elif target != "*" or method != "OPTIONS":
            raise Refusal(HTTPStatus.BAD_REQUEST, "Bad request target.")
    path, _, query = target.partition("?")
    if path.startswith("//"):
        # As http.server does: "//host" in a redirect to the path itself would lead to another host.
        path = "/" + path.lstrip("/")
    return (unquote(path, "iso-8859-1") if "%" in path else path), query


def _check_host(version: str, fields: dict[str, str]) -> None:
    host = fields.get("HTTP_HOST")
    if host is None:
        if version != "HTTP/1.0":
            raise Refusal(HTTPStatus.BAD_REQUEST, "The Host header field is missing.")
    elif "," in host:
        raise Refusal(HTTPStatus.BAD_REQUEST, "There must be one Host header field.")


def _is_chunked(version: str, fields: dict[str, str]) -> bool:
    """Whether the body is chunked (RFC 9112 6.1); other codings are refused; llhttp refuses a length beside it."""
    coding = fields.get("HTTP_TRANSFER_ENCODING")
    if coding is None:
        return False
    if version == "HTTP/1.0":
        raise Refusal(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding.")
    if coding.lower() != "chunked":
        raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "No transfer coding but chunked is spoken here.")
    return True


def _length(digits: str) -> int:
    # llhttp bounds the number, but not how many zeros it begins with.
    if len(digits) > _MOST_DIGITS:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Content-Length is too long.")
    return int(digits)


def _is_persistent(version: str, connection: str) -> bool:
    """Whether the client wants to go on using the connection (RFC 9112 9.3)."""
    options = [option.strip() for option in connection.split(",")]
    if "close" in options:
        return False
    return version == "HTTP/1.1" or "keep-alive" in options
