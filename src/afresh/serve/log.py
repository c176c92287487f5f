"""The access log: its data, and the default way to write it."""

import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TextIO, TypeAlias

import msgspec

from afresh.serve.output import Output, is_writable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class AccessEntry(msgspec.Struct, frozen=True):
    """One answered request.

    `request_line` is as received, decoded as latin-1, not escaped: it may hold anything. `length` is the number of body
    bytes sent. `message` is empty, or says why the server itself refused the request. `seconds`: from the complete head
    to the last byte. `note`: what a verbose log adds. `is_sent`: all of it; else its last bytes, few of them, are sent
    next.
    """

    request_line: str
    status: int
    length: int
    peer: tuple[str, int]
    sock: socket.socket
    message: str = ""
    seconds: float = 0.0
    note: str = ""
    is_sent: bool = True


AccessLog: TypeAlias = Callable[[AccessEntry], object]
"""Writes an entry. False: not yet, it is to be asked again when all is sent."""


def plain(stream: TextIO) -> AccessLog:
    """An access log that writes the lines of Django's runserver to `stream`."""

    output = Output(partial(_write, stream), lambda: is_writable(stream))

    def write(entry: AccessEntry) -> None:
        output.add(format_entry(entry, time.time()))

    return write


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def format_entry(entry: AccessEntry, now: float) -> str:
    """One line, as `django.utils.log.ServerFormatter` writes it."""
    # Escaped as Django does since CVE-2025-48432: a line end or a terminal sequence in a path is not to reach the log.
    line = escaped(entry.request_line)
    note = f" · {entry.note}" if entry.note else ""
    return f'[{timestamp(now)}] "{line}" {entry.status} {entry.length}{note}\n'


def escaped(line: str) -> str:
    """As by the codec "unicode_escape", which leaves what is printable ASCII as it is, but for the backslash."""
    if line.isascii() and line.isprintable() and "\\" not in line:
        return line
    return line.encode("unicode_escape").decode("ascii")


def in_form(form: str, log: AccessLog, count_queries: Callable[[], Callable[[], int]] | None) -> AccessLog:
    """`log` itself ("plain"), `verbose`, or `as_json` on standard error in its place ("json").

    `count_queries` begins to count what threads send to the database; None where nobody knows.
    """
    if form == "plain":
        return log
    queries = None if count_queries is None else count_queries()
    return as_json(sys.stderr, queries) if form == "json" else verbose(log, queries)


def verbose(log: AccessLog, queries: Callable[[], int] | None) -> AccessLog:
    """A log that adds how long each answer took and, where `queries` tells it, how many queries the thread has sent to
    the database since it was asked last."""

    def write(entry: AccessEntry) -> object:
        if not entry.is_sent:
            return False  # how long it takes is not known yet
        note = f"{1000 * entry.seconds:.0f} ms"
        if queries is not None:
            count = queries()
            note += f" · {count} {'query' if count == 1 else 'queries'}"
        return log(msgspec.structs.replace(entry, note=note))

    return write


def as_json(stream: TextIO, queries: Callable[[], int] | None = None) -> AccessLog:
    """A log of one JSON object a line, for machines: times in seconds, UTC in RFC 3339."""

    output = Output(partial(_write, stream), lambda: is_writable(stream))

    def write(entry: AccessEntry) -> object:
        if not entry.is_sent:
            return False  # as above
        method, _, rest = entry.request_line.partition(" ")
        told = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "kind": "request",
            "method": method,
            "target": rest.rpartition(" ")[0] or rest,
            "status": entry.status,
            "bytes": entry.length,
            "seconds": round(entry.seconds, 6),
            **({} if queries is None else {"queries": queries()}),
            **({"message": entry.message} if entry.message else {}),
        }
        output.add(msgspec.json.encode(told).decode() + "\n")
        return True

    return write


_last: tuple[int, str] = (-1, "")


def timestamp(now: float) -> str:
    """The time of an entry, as `http.server` writes it: local, month names not localized; formatted once a second."""
    global _last
    second, text = _last
    if second != int(now):
        local = time.localtime(now)
        day = f"{local.tm_mday:02}/{_MONTHS[local.tm_mon - 1]}/{local.tm_year:04}"
        text = f"{day} {time.strftime('%H:%M:%S', local)}"
        _last = (int(now), text)
    return text
