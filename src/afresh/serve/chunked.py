"""The chunked transfer coding of request bodies (RFC 9112 7.1), decoded strictly. Pure: bytes in, bytes out."""

import enum
import re
from http import HTTPStatus

from afresh.serve.head import Refusal

# Extensions mean nothing here and are only checked for bytes that another reader might take for a line end.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")
_LONGEST_LINE = 4096
_LONGEST_TRAILERS = 16_384


class _Want(enum.Enum):
    SIZE = "a chunk's size line"
    DATA = "a chunk's data"
    DATA_END = "the line end after a chunk's data"
    TRAILER = "a trailer field or the empty line"
    NOTHING = "the body is complete"


class ChunkDecoder:
    """Decodes one body that is fed in pieces of any size."""

    __slots__ = ("_buffer", "_left", "_trailers", "_want")

    def __init__(self) -> None:
        self._want = _Want.SIZE
        self._buffer = bytearray()
        self._left = 0
        self._trailers = 0

    def __repr__(self) -> str:
        return f"<ChunkDecoder wants {self._want.value}>"

    @property
    def is_complete(self) -> bool:
        return self._want is _Want.NOTHING

    @property
    def unused(self) -> bytes:
        """What was fed beyond the end of the body."""
        return bytes(self._buffer) if self.is_complete else b""

    def feed(self, data: bytes) -> bytes:
        """The body's next bytes; raises Refusal (400) where the coding is broken."""
        self._buffer += data
        out: list[bytes] = []
        while self._step(out):
            pass
        return b"".join(out)

    def _step(self, out: list[bytes]) -> bool:
        """Use up a part of the buffer; false when more is needed first."""
        if self._want is _Want.DATA:
            return self._take_data(out)
        if self._want is _Want.NOTHING:
            return False
        line = self._take_line()
        if line is None:
            return False
        if self._want is _Want.SIZE:
            self._begin_chunk(line)
        elif self._want is _Want.DATA_END:
            if line:
                raise _broken("a chunk is longer than its size")
            self._want = _Want.SIZE
        else:
            self._take_trailer(line)
        return True

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0 or end > _LONGEST_LINE:
            if len(self._buffer) > _LONGEST_LINE:
                raise _broken("a line is too long")
            if self._want is _Want.DATA_END and bytes(self._buffer) not in (b"", b"\r"):
                raise _broken("a chunk is longer than its size")
            return None
        line = bytes(self._buffer[: end + 1])
        if not line.endswith(b"\r\n"):
            raise _broken("a line must end with CR LF")
        del self._buffer[: end + 1]
        return line[:-2]

    def _begin_chunk(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise _broken("a chunk's size is not a hexadecimal number")
        self._left = int(match[1], 16)
        self._want = _Want.DATA if self._left else _Want.TRAILER

    def _take_data(self, out: list[bytes]) -> bool:
        if not self._buffer:
            return False
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        out.append(piece)
        self._left -= len(piece)
        if not self._left:
            self._want = _Want.DATA_END
        return True

    def _take_trailer(self, line: bytes) -> None:
        """Trailers are checked and dropped: merging them into the header is never safe (RFC 9110 6.5.1)."""
        if not line:
            self._want = _Want.NOTHING
            return
        self._trailers += len(line)
        if self._trailers > _LONGEST_TRAILERS or _TRAILER.fullmatch(line) is None:
            raise _broken("a trailer field is malformed")


def _broken(what: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, f"The chunked body is broken: {what}.")
