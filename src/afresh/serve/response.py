"""The head of a response: what the application said, checked; how the body is framed; the bytes. Pure but the date."""

import enum
import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

import msgspec

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_STATUS = re.compile(r"[2-9][0-9][0-9] [^\x00-\x08\x0a-\x1f\x7f]*")
_HOP_BY_HOP = frozenset(
    {"keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade"}
)


class Framing(enum.Enum):
    """How the end of a response's body is told (RFC 9112 6.3)."""

    NONE = "there is no body"
    LENGTH = "by Content-Length"
    CHUNKED = "by the chunked coding"
    CLOSE = "by closing the connection"


class ResponseHead(msgspec.Struct):
    """What an application passed to `start_response`, checked. `lines` are its header fields, with line ends."""

    status: str
    lines: str
    length: int | None
    wants_close: bool
    has_date: bool
    has_server: bool

    @property
    def code(self) -> int:
        return int(self.status[:3])


class _Kind(enum.Enum):
    PLAIN = enum.auto()
    LENGTH = enum.auto()
    CONNECTION = enum.auto()
    DATE = enum.auto()
    SERVER = enum.auto()


_SPECIAL = {
    "content-length": _Kind.LENGTH,
    "connection": _Kind.CONNECTION,
    "date": _Kind.DATE,
    "server": _Kind.SERVER,
}
_kinds: dict[str, _Kind] = {}
_MOST_CACHED = 1024


def read_head(status: str, headers: list[tuple[str, str]]) -> ResponseHead:
    """Check what an application passed to `start_response`; raises AssertionError, TypeError or ValueError (PEP 3333).

    Line ends and control bytes are refused here, where the traceback still shows who passed them.
    """
    if not isinstance(status, str) or _STATUS.fullmatch(status) is None:
        raise AssertionError(f"The status must be a string such as '200 OK', not {status!r}.")
    if not isinstance(headers, list):
        raise TypeError("The headers must be a list of tuples of two strings.")
    head = ResponseHead(status, "", None, False, False, False)
    lines = [line for name, value in headers if (line := _read_field(head, name, value))]
    if status.startswith("205"):
        # It has no content (RFC 9110 15.3.6); what the application sends all the same is cut off.
        lines = [line for line in lines if not line.lower().startswith("content-length:")] + ["Content-Length: 0\r\n"]
        head.length = 0
    block = "".join(lines)
    if block.count("\n") != len(lines) or block.count("\r") != len(lines) or "\0" in block:
        bad = next(line for line in lines if re.search(r"[\r\n\0]", line[:-2]))
        raise ValueError(f"A header field must not contain line ends: {bad[:-2]!r}.")
    block.encode("latin-1")
    head.lines = block
    return head


def _read_field(head: ResponseHead, name: str, value: str) -> str:
    """One header field as a line; notes in `head` what the server must know, and drops what it decides itself."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise AssertionError(f"A header field must be two strings, not {name!r}: {value!r}.")
    kind = _kinds.get(name) or _kind_of(name)
    if kind is not _Kind.PLAIN:
        if kind is _Kind.LENGTH:
            before, head.length = head.length, _read_length(value, head.length)
            if before is not None:
                return ""
        elif kind is _Kind.CONNECTION:
            head.wants_close = head.wants_close or _read_connection(value)
            return ""
        elif kind is _Kind.DATE:
            head.has_date = True
        else:
            head.has_server = True
    return f"{name}: {value}\r\n"


def _kind_of(name: str) -> _Kind:
    lowered = name.lower()
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not a header field's name.")
    if lowered in _HOP_BY_HOP:
        raise AssertionError(f"Hop-by-hop header, {name!r}, not allowed: the server frames the message (PEP 3333).")
    kind = _SPECIAL.get(lowered, _Kind.PLAIN)
    if len(_kinds) < _MOST_CACHED:
        _kinds[name] = kind
    return kind


def _read_length(value: str, before: int | None) -> int:
    if not (value.isascii() and value.isdigit()) or (before is not None and before != int(value)):
        raise ValueError(f"Content-Length must be one decimal number, not {value!r}.")
    return int(value)


def _read_connection(value: str) -> bool:
    """Whether the application wants the connection closed; the only thing it may say in this field."""
    if value.lower() not in ("close", "keep-alive"):
        raise AssertionError(f"Hop-by-hop header, 'Connection: {value}', not allowed but for 'close'.")
    return value.lower() == "close"


def choose_framing(method: str, version: str, head: ResponseHead) -> Framing:
    """How the body of this response is framed (RFC 9112 6)."""
    if method == "HEAD" or head.status[:3] in ("204", "304"):
        return Framing.NONE
    if head.length is not None:
        return Framing.LENGTH
    return Framing.CHUNKED if version == "HTTP/1.1" else Framing.CLOSE


def encode_head(
    head: ResponseHead, method: str, framing: Framing, *, keeps: bool, version: str, software: str, date: str
) -> bytes:
    """The bytes of a response head; `keeps`: the connection stays open. Date and Server come first, as in wsgiref."""
    lines = head.lines
    if head.length is not None and _drops_length(head, method):
        lines = re.sub(r"(?im)^content-length:.*\r\n", "", lines)
    before = "" if head.has_date else f"Date: {date}\r\n"
    if not head.has_server:
        before += f"Server: {software}\r\n"
    after = "Transfer-Encoding: chunked\r\n" if framing is Framing.CHUNKED else ""
    if not keeps:
        after += "Connection: close\r\n"
    elif version == "HTTP/1.0":
        after += "Connection: keep-alive\r\n"
    return f"HTTP/1.1 {head.status}\r\n{before}{lines}{after}\r\n".encode("latin-1")


def _drops_length(head: ResponseHead, method: str) -> bool:
    """204 has no Content-Length, and 304 only that of the content which it stands for (RFC 9110 8.6), of which an
    empty one of Django's says nothing; nor does an empty answer to HEAD say anything of GET's (Django basehttp.py)."""
    code = head.status[:3]
    return code == "204" or (head.length == 0 and (code == "304" or method == "HEAD"))


def replace_length(lines: str, length: int) -> str:
    """A header section whose Content-Length is another."""
    return re.sub(r"(?im)^(content-length:).*\r\n", rf"\1 {length}\r\n", lines)


def plain_response(
    status: HTTPStatus, content_type: str, body: bytes, *, method: str, software: str, fields: Iterable[str] = ()
) -> bytes:
    """A whole response of the server's own, after which the connection closes."""
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Date: {http_date()}",
        f"Server: {software}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *fields,
        "Connection: close",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + (b"" if method == "HEAD" else body)


_date: tuple[int, str] = (0, "")


def http_date() -> str:
    """Now, as an HTTP-date (RFC 9110 5.6.7); formatted once a second."""
    global _date
    now = int(time.time())
    second, text = _date
    if second != now:
        text = formatdate(now, usegmt=True)
        _date = (now, text)
    return text
