"""What was read from one connection and not yet answered. Pure: bytes in; heads, bodies and the rest out.

Every byte stays in `received` until an answer begins, because until then the connection may still move to another
process, which must read the same bytes again.
"""

from http import HTTPStatus

from afresh.serve.chunked import ChunkDecoder
from afresh.serve.config import Limits
from afresh.serve.head import Head, Refusal, check_beginning, check_length, check_line_ends, parse_head


class Intake:
    """Assembles requests from the bytes of one connection, in order (RFC 9112 9.3.2)."""

    __slots__ = (
        "_begun", "_body_at", "_decoder", "_fed", "_length", "_limits", "_pieces", "_scanned", "head", "received",
    )  # fmt: skip

    def __init__(self, limits: Limits, received: bytes = b"") -> None:
        self._limits = limits
        self.received: bytes | bytearray = received
        self._restart()

    def __repr__(self) -> str:
        return f"<Intake received={len(self.received)} head={self.head and self.head.request_line!r}>"

    def _restart(self) -> None:
        self.head: Head | None = None
        self._body_at = 0  # Where the body begins in `received`.
        self._scanned = 0  # Up to where no end of the head was found.
        self._begun = False  # The request line is complete and good.
        self._decoder: ChunkDecoder | None = None
        self._fed = 0  # Up to where `received` went into the decoder.
        self._pieces: list[bytes] = []
        self._length = 0  # of the pieces

    def feed(self, data: bytes) -> None:
        """Append what was read."""
        if not self.received:
            self.received = data
        else:
            if isinstance(self.received, bytes):
                self.received = bytearray(self.received)
            self.received += data

    def read_head(self) -> Head | None:
        """The head of the next request once it is complete; raises Refusal, as early as that is certain."""
        if self.head is not None:
            return self.head
        if self.received[:1] == b"\r":
            self._skip_empty_lines()
        end = self.received.find(b"\r\n\r\n", self._scanned)
        if end < 0 or end > self._limits.head:
            self._check_incomplete()
            return None
        self.head = parse_head(bytes(self.received[: end + 4]), self._limits)
        self._body_at = self._fed = end + 4
        return self.head

    def _skip_empty_lines(self) -> None:
        """Empty lines before a request line are ignored (RFC 9112 2.2)."""
        while self.received[:2] == b"\r\n":
            self.received = self.received[2:]

    def _check_incomplete(self) -> None:
        if not self.received or self.received == b"\r":
            return
        if not self._begun:
            self._begun = check_beginning(self.received, self._scanned, self._limits)
        check_line_ends(self.received, self._scanned)
        if len(self.received) > self._limits.head:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise Refusal(status, "The header section is too long.")
        self._scanned = max(0, len(self.received) - 3)

    @property
    def request_line(self) -> str:
        """As much of it as has come, decoded as latin-1."""
        if self.head is not None:
            return self.head.request_line
        return bytes(self.received[: self._limits.request_line]).partition(b"\r\n")[0].decode("latin-1")

    @property
    def body_received(self) -> int:
        """How many bytes after the head are here, in the coding they came in."""
        return len(self.received) - self._body_at

    def has_body(self) -> bool:
        """Whether the body of the request whose head was read is complete, without a copy of it; raises Refusal."""
        head = self.head
        assert head is not None
        if head.chunked:
            return self._read_chunks() is not None
        return self.body_received >= head.length

    def read_body(self) -> bytes | None:
        """The body of the request whose head was read, once it is complete; raises Refusal."""
        head = self.head
        assert head is not None
        if head.chunked:
            return self._read_chunks()
        if not head.length:
            return b""
        end = self._body_at + head.length
        if len(self.received) < end:
            return None
        # Through a view, or a long body would be copied twice.
        return bytes(memoryview(self.received)[self._body_at : end])

    def _read_chunks(self) -> bytes | None:
        if self._decoder is None:
            self._decoder = ChunkDecoder()
        if not self._decoder.is_complete:
            self._pieces.append(self._decoder.feed(bytes(self.received[self._fed :])))
            self._fed = len(self.received)
            self._length += len(self._pieces[-1])
            check_length(self._length, self._limits.body)
        if not self._decoder.is_complete:
            return None
        self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def take(self, body_is_complete: bool) -> bytes:
        """Forget the request, because its answer begins; returns what is here of a body that is not complete."""
        head = self.head
        assert head is not None
        rest = b""
        if not body_is_complete:
            part = bytes(self.received[self._body_at :])
        else:
            part = b""
            if self._decoder is not None:
                rest = self._decoder.unused + bytes(self.received[self._fed :])
            elif len(self.received) > self._body_at + head.length:
                rest = bytes(self.received[self._body_at + head.length :])
        self.received = rest
        self._restart()
        return part
