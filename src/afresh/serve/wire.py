"""A client's socket as the thread that answers sees it: blocking, and quiet about clients that went away."""

import errno
import os
import select
import socket

_FAULTS_OF_FILES = frozenset({errno.EINVAL, errno.EIO, errno.EISDIR, errno.ENOSYS, errno.EOPNOTSUPP, errno.ESTALE})
"""With these sendfile(2) fails for the sake of the file, not of the client."""


class PeerGone(ConnectionAbortedError):
    """The client, or our own shutdown, ended the connection. The application may see it when it writes or reads."""


def send_file(sock: socket.socket, descriptor: int, position: int, count: int) -> int:
    """Have the kernel send up to `count` bytes of a file from `position`; returns how many it has taken.

    Raises BlockingIOError, PeerGone, and OSError for what is wrong with the file.
    """
    try:
        return os.sendfile(sock.fileno(), descriptor, position, count)
    except BlockingIOError:
        raise
    except OSError as exc:
        if exc.errno in _FAULTS_OF_FILES:
            raise
        raise PeerGone from exc


class Wire:
    """Blocking transfers on a non-blocking socket. `patience`: seconds that a body may bring nothing, 0 without limit.

    The socket stays non-blocking because the waiting thread uses it too, so a transfer that would block waits in
    poll(2), in writing without a time limit, as Django's does. `socket.shutdown` from another thread ends the wait.
    """

    __slots__ = ("_patience", "sock")

    def __init__(self, sock: socket.socket, patience: float = 0.0) -> None:
        self.sock = sock
        self._patience = patience

    def __repr__(self) -> str:
        return f"<Wire fd={self.sock.fileno()}>"

    def send(self, data: bytes, body: bytes = b"") -> None:
        """Send `data`, then `body` without joining them; raises PeerGone."""
        try:
            sent = self.sock.sendmsg((data, body)) if body else self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            raise PeerGone from exc
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:])
        if body and sent < len(data) + len(body):
            self._send_rest(memoryview(body)[max(0, sent - len(data)) :])

    def _send_rest(self, rest: memoryview) -> None:
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)
            except OSError as exc:
                raise PeerGone from exc

    def send_ahead(self, data: bytes) -> None:
        """Send `data`, which more is to follow at once: the kernel may put both into one segment."""
        try:
            sent = self.sock.send(data, socket.MSG_MORE)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            raise PeerGone from exc
        self._send_rest(memoryview(data)[sent:])

    def send_file(self, descriptor: int, position: int, count: int) -> int:
        """Send up to `count` bytes of a file from `position`; returns how many there were."""
        left = count
        while left:
            try:
                sent = send_file(self.sock, descriptor, position, left)
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            if not sent:
                break
            position += sent
            left -= sent
        return count - left

    def receive_into(self, buffer: memoryview) -> int:
        """Fill the beginning of `buffer` with what comes next; at least one byte, 0 at the end; raises PeerGone."""
        while True:
            try:
                return self.sock.recv_into(buffer)
            except BlockingIOError:
                self._wait(select.POLLIN, self._patience)
            except OSError as exc:
                raise PeerGone from exc

    def _wait(self, event: int, patience: float = 0.0) -> None:
        # The descriptor is -1 once the socket was closed, as in a child that the application forked.
        descriptor = self.sock.fileno()
        if descriptor < 0:
            raise PeerGone
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(1000 * patience or None):
            raise PeerGone(f"Nothing came for {patience:g} s.")
