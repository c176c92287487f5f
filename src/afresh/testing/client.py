"""A plain HTTP client: one request per connection, or raw bytes on a socket."""

import atexit
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import Any

from afresh.testing.deadline import PATIENCE, Deadline

SYSTEM_CHOOSES = 32_000
"""From here on a port may be given to anybody who asks for any (ip(7)): that it is free now does not last."""

_BLOCK = 200
"""So many ports each process of tests counts through."""


@dataclass(frozen=True)
class Answer:
    """A response: status, reason, header fields in order as sent, body."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of the first field with this name, or None."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def fetch(
    address: tuple[str, int],
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    within: float = PATIENCE,
) -> Answer:
    """One request on a connection of its own. OSError when the connection is refused or reset."""
    connection = http.client.HTTPConnection(*address, timeout=within)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        return read_answer(connection)
    finally:
        connection.close()


def read_answer(connection: http.client.HTTPConnection) -> Answer:
    """The whole response to the request last sent on `connection`."""
    response = connection.getresponse()
    return Answer(response.status, response.reason, tuple(response.getheaders()), response.read())


def exchange(address: tuple[str, int], data: bytes, *, half_close: bool = False, within: float = PATIENCE) -> bytes:
    """Send bytes on a connection of its own and return all that comes back until the peer closes.

    With `half_close` the sending side is closed after the data. A reset ends the answer like a close.
    """
    deadline, received = Deadline(within), b""
    with socket.create_connection(address, timeout=within) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        while True:
            sock.settimeout(deadline.left() or 0.001)
            try:
                chunk = sock.recv(65536)
            except ConnectionResetError:
                return received
            if not chunk:
                return received
            received += chunk


def is_refused(address: tuple[str, int]) -> bool:
    """Whether nobody listens at the address."""
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return True
    return False


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and that neither the system nor another process of tests gives out meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in islice(_ports(), _BLOCK):
        with socket.socket(family) as sock, suppress(OSError):
            sock.bind((host, port))
            return port
    raise OSError(f"no port of {host} can be had")


@cache
def _ports() -> Iterator[int]:
    """The numbers of a block below those that the system chooses from (ip(7)), held until this process ends."""
    for first in range(12_000, SYSTEM_CHOOSES, _BLOCK):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0afresh-ports-{first}")
        except OSError:
            lock.close()
        else:
            atexit.register(lock.close)
            return cycle(range(first, first + _BLOCK))
    raise AssertionError("all blocks of ports are held by other processes")
