"""A client that costs little, so that it can ask without a pause beside the server it measures."""

import re
import socket
import time
from dataclasses import dataclass

from bench.processes import Launched

Address = tuple[str, int]

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)\s*\r\n", re.IGNORECASE)


class NoAnswer(Exception):
    """The connection failed, or what came is no whole response. The text says which."""


@dataclass(frozen=True)
class Reply:
    """A response: the status, the body, and the head without its last blank line."""

    status: int
    body: bytes
    head: bytes = b""


def ask(address: Address, path: str, patience: float = 60.0) -> Reply:
    """One GET on a connection of its own; raises NoAnswer."""
    request = f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(address, timeout=patience) as sock:
            sock.sendall(request)
            received = b""
            while not is_whole(received) and (chunk := sock.recv(65536)):
                received += chunk
    except OSError as error:
        raise NoAnswer(type(error).__name__) from error
    return parse(received)


def is_whole(received: bytes) -> bool:
    """Whether nothing can follow: the answer is there, though the server may do more before it closes the connection.

    Without a length in the head only the end of the connection tells.
    """
    head, separator, body = received.partition(b"\r\n\r\n")
    length = _length(head) if separator else None
    return length is not None and len(body) >= length


def _length(head: bytes) -> int | None:
    found = _LENGTH.search(head + b"\r\n")
    return int(found[1]) if found else None


def parse(received: bytes) -> Reply:
    """The response that was received, whole or until the connection closed; raises NoAnswer."""
    head, separator, body = received.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not separator or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise NoAnswer("closed without an answer" if not received else "incomplete answer")
    if len(body) < (_length(head) or 0):
        raise NoAnswer("incomplete answer")
    return Reply(int(words[1]), body, head)


def wait_for_answer(server: Launched, address: Address, path: str, patience: float = 90.0) -> Reply:
    """Ask every 2 ms until there is a 200; RuntimeError with the server's output when none comes in time."""
    end = time.monotonic() + patience
    last: Reply | NoAnswer | None = None
    while time.monotonic() < end and server.ended() is None:
        try:
            last = ask(address, path)
            if last.status == 200:
                return last
        except NoAnswer as error:
            last = error
        time.sleep(0.002)
    raise RuntimeError(f"{server} does not answer ({last!r}):\n{server.output()}")
