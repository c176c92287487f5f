"""A planned file response on its way: what fits the socket now, the rest when there is room again.

No thread waits for a slow client here, so that a page of many assets, or a thousand downloads, needs none.
"""

import os
import socket

from afresh import native
from afresh.serve.wire import PeerGone, send_file
from afresh.static.files import FileResponse
from afresh.static.plan import Part
from afresh.static.ranges import Extent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from afresh.serve.answer import _Line

# Up to this size reading costs less than a second system call for sending, which copies nothing.
_JOIN_UP_TO = 1 << 13
# A client on loopback empties its socket as fast as it is filled: others want their turn.
_AT_ONCE = 1 << 20


class Transfer:
    """Sends `head` and the parts of a response. `sent`: bytes of the body so far. `began`: when, monotonic. `line`: of
    the access log.

    `keeps`: the connection may carry another request. Not where the file has become shorter than its response says: it
    must end after what there was.
    """

    __slots__ = ("_descriptor", "_pieces", "began", "keeps", "line", "request_line", "sent", "status")

    def __init__(self, head: bytes, response: FileResponse, request_line: str, keeps: bool) -> None:
        self._descriptor = response.descriptor
        self.began = native.monotonic()
        self.request_line = request_line
        self.line: _Line | None = None
        self.keeps = keeps
        self.sent = -len(head)
        self.status = int(response.plan.status[:3])
        self._pieces = self._gather(head, response.plan.parts)

    def __repr__(self) -> str:
        return f"<Transfer {self.status} sent={self.sent} pieces={len(self._pieces)}>"

    @property
    def rest(self) -> int:
        """How many bytes are left, if they are few enough to be sent at once; else 0."""
        is_small = len(self._pieces) == 1 and isinstance(self._pieces[0], bytes)
        return len(self._pieces[0]) if is_small else 0

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def advance(self, sock: socket.socket) -> bool:
        """Send on; whether all is sent. Raises PeerGone, and OSError where the file cannot be read."""
        allowed = _AT_ONCE
        try:
            while self._pieces and allowed > 0:
                count = self._send(sock, self._pieces[0], allowed)
                self.sent += count
                allowed -= count
        except BlockingIOError:
            pass
        return not self._pieces

    def _send(self, sock: socket.socket, piece: Part, most: int) -> int:
        """Send a beginning of the first piece and keep the rest."""
        if isinstance(piece, Extent):
            count = send_file(sock, self._descriptor, piece.position, min(piece.size, most))
            if not count:
                self.keeps = False
                self._pieces.clear()
                return 0
            rest: Part = Extent(piece.position + count, piece.size - count)
            is_done = count == piece.size
        else:
            # What follows at once may share a segment with it.
            count = _send_bytes(sock, piece, socket.MSG_MORE if len(self._pieces) > 1 else 0)
            is_done = count == len(piece)
            rest = b"" if is_done else piece[count:]
        if is_done:
            del self._pieces[0]
        else:
            self._pieces[0] = rest
        return count

    def _gather(self, head: bytes, parts: tuple[Part, ...]) -> list[Part]:
        """The parts with short ones read and joined, so that a small file is one piece with its head."""
        pieces: list[Part] = []
        data = head
        for part in parts:
            if not isinstance(part, Extent):
                data += part
                continue
            position, size = part
            if size > _JOIN_UP_TO:
                pieces += [data, part] if data else [part]
                data = b""
                continue
            more = os.pread(self._descriptor, size, position)
            data += more
            if len(more) < size:
                self.keeps = False
                break
        return [*pieces, data] if data else pieces


def _send_bytes(sock: socket.socket, data: bytes, flags: int) -> int:
    try:
        return sock.send(data, flags)
    except BlockingIOError:
        raise
    except OSError as exc:
        raise PeerGone from exc
