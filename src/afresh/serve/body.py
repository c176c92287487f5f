"""Request bodies that are not complete when the application is called, or too long to hold."""

import io
import tempfile
from typing import IO, TYPE_CHECKING, cast

from afresh.serve.chunked import ChunkDecoder
from afresh.serve.head import check_length
from afresh.serve.wire import PeerGone, Wire

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_READ_SIZE = 1 << 16


class SocketBody(io.RawIOBase):
    """A body of known length, read from the connection as the application reads it.

    `beginning` is the part that came with the head. With `expects_continue`, 100 is sent when the first byte is wanted
    that is not there yet (RFC 9110 10.1.1).
    """

    def __init__(self, wire: Wire, length: int, beginning: bytes, expects_continue: bool) -> None:
        self._wire = wire
        self._beginning = memoryview(beginning)
        self._owes_continue = expects_continue and not beginning
        self.left = length

    def __repr__(self) -> str:
        return f"<SocketBody left={self.left}>"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")[: self.left]
        if not target:
            return 0
        count = self._take_beginning(target) if self._beginning else self._receive(target)
        self.left -= count
        return count

    def _take_beginning(self, target: memoryview) -> int:
        count = min(len(target), len(self._beginning))
        target[:count] = self._beginning[:count]
        self._beginning = self._beginning[count:]
        return count

    def _receive(self, target: memoryview) -> int:
        if self._owes_continue:
            self._owes_continue = False
            self._wire.send(_CONTINUE)
        count = self._wire.receive_into(target)
        if not count:
            # A short read would pass for a shorter body, and a truncated form would be saved.
            raise PeerGone("The client ended the connection in the middle of its request's body.")
        return count

    def can_finish(self, limit: int) -> bool:
        """Whether what is left may be read and dropped, so that the connection can go on.

        Not while 100 is owed: nobody can tell whether the client will send the body after a final response.
        """
        return self.left <= limit and not self._owes_continue

    def finish(self) -> None:
        """Read and drop what is left; raises PeerGone."""
        scrap = memoryview(bytearray(min(self.left, _READ_SIZE)))
        while self.left:
            self.readinto(scrap)


def spool_chunked(
    wire: Wire, beginning: bytes, expects_continue: bool, limit: int, most: int
) -> tuple[IO[bytes], int, bytes]:
    """Read a whole chunked body, beyond `limit` bytes into a temporary file; returns file, size, the bytes after.

    Whole, because WSGI tells an application the length beforehand or not at all, and Django then reads nothing.
    Raises Refusal where the coding is broken or the body longer than `most` bytes (0: any), PeerGone where the
    connection ends before the body.
    """
    decoder = ChunkDecoder()
    file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max(1, limit)))  # noqa: SIM115 - 0: never
    size = file.write(decoder.feed(beginning))
    if expects_continue and not beginning:
        wire.send(_CONTINUE)
    buffer = memoryview(bytearray(_READ_SIZE))
    try:
        while not decoder.is_complete:
            count = wire.receive_into(buffer)
            if not count:
                raise PeerGone("The client ended the connection in the middle of its request's body.")
            size += file.write(decoder.feed(bytes(buffer[:count])))
            check_length(size, most)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, size, decoder.unused
