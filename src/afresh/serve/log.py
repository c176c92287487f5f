"""The access log: its data, and the default way to write it."""

import socket
import time
from collections.abc import Callable
from typing import TextIO, TypeAlias

import msgspec

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class AccessEntry(msgspec.Struct, frozen=True):
    """One answered request.

    `request_line` is as received, decoded as latin-1, not escaped: it may hold anything. `length` is the number of body
    bytes sent. `message` is empty, or says why the server itself refused the request.
    """

    request_line: str
    status: int
    length: int
    peer: tuple[str, int]
    sock: socket.socket
    message: str = ""


AccessLog: TypeAlias = Callable[[AccessEntry], None]


def plain(stream: TextIO) -> AccessLog:
    """An access log that writes the lines of Django's runserver to `stream`."""

    def write(entry: AccessEntry) -> None:
        stream.write(format_entry(entry, time.time()))
        stream.flush()

    return write


def format_entry(entry: AccessEntry, now: float) -> str:
    """One line, as `django.utils.log.ServerFormatter` writes it."""
    # Escaped as Django does since CVE-2025-48432: a line end or a terminal sequence in a path is not to reach the log.
    line = entry.request_line.encode("unicode_escape").decode("ascii")
    return f'[{timestamp(now)}] "{line}" {entry.status} {entry.length}\n'


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
