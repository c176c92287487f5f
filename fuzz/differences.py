"""Where Afresh and h11 read differently on purpose, each decided. The strict side wins but for two."""

import re
from dataclasses import dataclass
from itertools import pairwise

from fuzz.readings import End, by_afresh, by_h11


@dataclass(frozen=True)
class Difference:
    """`strict`: who refuses. `when`: what the bytes hold where this may be the reason. `why`: the decision's reason.

    `example`: bytes that the other one reads.
    """

    name: str
    strict: str
    when: re.Pattern[bytes]
    why: str
    example: bytes


def _difference(name: str, strict: str, when: bytes, why: str, example: bytes) -> Difference:
    return Difference(name, strict, re.compile(when, re.IGNORECASE | re.DOTALL), why, example)


_TO_POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
DIFFERENCES = (
    _difference(
        "bare LF",
        "afresh",
        rb"(?<!\r)\n",
        "RFC 9112 2.2 allows both; who takes it for a line end sees other fields",
        b"GET / HTTP/1.1\nHost: a\n\n",
    ),
    _difference(
        "obsolete folding",
        "afresh",
        rb"\r?\n[ \t]",
        "RFC 9112 5.2: a server may refuse it",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    ),
    _difference(
        "Content-Length repeated",
        "afresh",
        rb"content-length:.*content-length:",
        "RFC 9112 6.3 allows to refuse it",
        _TO_POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nb",
    ),
    _difference(
        "Content-Length as a list",
        "afresh",
        rb"content-length:[^\r\n]*,",
        "RFC 9112 6.3 allows to refuse it",
        _TO_POST + b"Content-Length: 1, 1\r\n\r\nb",
    ),
    _difference(
        "Content-Length beside Transfer-Encoding",
        "afresh",
        rb"content-length:.*transfer-encoding:|transfer-encoding:.*content-length:",
        "RFC 9112 6.1: an attempt to smuggle",
        _TO_POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    _difference(
        "Transfer-Encoding in 1.0",
        "afresh",
        rb"HTTP/1\.0.*transfer-encoding:",
        "RFC 9112 6.1: faulty framing",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    _difference(
        "a fragment in the target",
        "afresh",
        rb"[ /?][^ \r\n]*#",
        "RFC 9112 3.2: part of no target, and checks that stop at it have been evaded with one",
        b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    _difference(
        "a control byte in a value",
        "afresh",
        rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]",
        "RFC 9110 5.5: not allowed",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x02\r\n\r\n",
    ),
    _difference("CONNECT", "afresh", rb"CONNECT ", "no proxy", b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    _difference(
        "another major version",
        "afresh",
        rb"HTTP/[02-9]\.",
        "RFC 9110 15.6.6",
        b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    ),
    _difference(
        "no Host in a later minor version",
        "afresh",
        rb"HTTP/1\.[2-9]",
        "RFC 9112 3.2: missing where HTTP/1.1 demands it, and RFC 9110 2.5: a later minor version is 1.1 to us",
        b"GET / HTTP/1.2\r\n\r\n",
    ),
    _difference(
        "a target of no form",
        "afresh",
        rb"(^|\n)[^ \r\n]+ [^/ \r\n]",
        "RFC 9112 3.2: origin or absolute form, asterisk for OPTIONS",
        b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    _difference(
        "many fields",
        "afresh",
        rb"(\n[^\n]*){18}",
        "the option max-fields",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: b\r\n" * 16 + b"\r\n",
    ),
    _difference(
        "a long request line",
        "afresh",
        rb"[^\n]{2048}",
        "RFC 9110 15.5.15",
        b"GET /" + b"a" * 2048 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    _difference(
        "raw bytes in the target",
        "h11",
        rb"[\x80-\xff]",
        "curl sends UTF-8 as it is, and Django reads it",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    _difference(
        "empty lines before a request",
        "h11",
        rb"(^|\n)\r\n",
        "RFC 9112 2.2: a server should ignore at least one",
        b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
)


def unexplained(data: bytes) -> str:
    """What is wrong with the readings of `data`, empty where they agree or the difference is decided."""
    ours, theirs = by_afresh([data]), by_h11(data)
    common = min(len(ours.requests), len(theirs.requests))
    if ours.requests[:common] != theirs.requests[:common]:
        return f"both read a request, and not the same: {ours} {theirs}"
    if len(ours.requests) == len(theirs.requests):
        return ""
    strict, reading = ("afresh", ours) if common == len(ours.requests) else ("h11", theirs)
    if reading.end is End.OPEN:
        return f"{strict} still waits for what the other has read: {ours} {theirs}"
    if not any(one.strict == strict and one.when.search(data) for one in DIFFERENCES):
        return f"{strict} alone refuses: {ours} {theirs}"
    return ""


def unsteady(data: bytes, cuts: list[int]) -> str:
    """What is wrong where the pieces matter in which `data` comes: whole, by bytes, and cut at `cuts`."""
    whole = by_afresh([data])
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(bounds)]
    by_bytes = by_afresh(data[at : at + 1] for at in range(len(data)))
    for name, reading in (("by bytes", by_bytes), ("in pieces", by_afresh(pieces))):
        if reading != whole:
            return f"{name}: {reading}, whole: {whole}"
    return ""
