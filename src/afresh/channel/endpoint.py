"""One end of a channel: messages of bounded size with descriptors over a SOCK_SEQPACKET pair.

A message is one packet, so there is no framing and no partial read. Sending is safe from any thread. Linux carries at
most 212,991 bytes and 253 descriptors in a packet (measured); senders of many entries or parcels send batches.
"""

import array
import os
import socket
import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from afresh.channel.messages import FromApp, ToApp
from afresh.channel.wire import Decoder, encode
from afresh.errors import Disconnected

MAX_BYTES = 200_000
MAX_DESCRIPTORS = 250
MOST_PATHS = 30
"""Of the greatest length that the system allows, so many fit one packet."""

Incoming = TypeVar("Incoming")
Outgoing = TypeVar("Outgoing", bound=msgspec.Struct)


class Endpoint(Generic[Incoming, Outgoing]):
    """One end of a channel. Blocking unless the socket was set otherwise."""

    def __init__(self, sock: socket.socket, decoder: Decoder[Incoming]) -> None:
        self._sock = sock
        self._decoder = decoder
        # Packets do not mix, but a sender blocked by a full buffer must not be overtaken by a later message of another
        # thread that the receiver would then see first.
        self._sending = threading.Lock()

    def __repr__(self) -> str:
        return f"<Endpoint fd={self._sock.fileno()}>"

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, message: Outgoing, descriptors: Sequence[int] = ()) -> None:
        """Send one message; raises Disconnected when the other end is gone."""
        data = encode(message)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            with self._sending:
                self._sock.sendmsg([data], ancillary)
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise Disconnected("The other end of the channel is gone.") from exc

    def try_send(self, message: Outgoing) -> bool:
        """Send one message if that needs no waiting; false where it would. Raises as `send` does."""
        if not self._sending.acquire(blocking=False):
            return False
        try:
            self._sock.sendmsg([encode(message)], [], socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError) as exc:
            raise Disconnected("The other end of the channel is gone.") from exc
        finally:
            self._sending.release()
        return True

    def receive(self) -> tuple[Incoming, list[int]]:
        """Receive one message and its descriptors (close-on-exec); raises Disconnected at the end of the channel."""
        try:
            data, ancillary = self._receive_packet()
        except ConnectionResetError:
            # The other end was closed before it had read all that was sent to it. The kernel tells this once, and
            # before the packets that wait here: what the other end has said first (`unix_release_sock`).
            data, ancillary = self._receive_packet()
        descriptors = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
        if not data:
            for descriptor in descriptors:
                os.close(descriptor)
            raise Disconnected("The other end of the channel is gone.")
        return self._decoder.decode(data), list(descriptors)

    def _receive_packet(self) -> tuple[bytes, list[tuple[int, int, bytes]]]:
        data, ancillary, _, _ = self._sock.recvmsg(
            MAX_BYTES + 4096, socket.CMSG_SPACE(4 * MAX_DESCRIPTORS), socket.MSG_CMSG_CLOEXEC
        )
        return data, ancillary

    def close(self) -> None:
        self._sock.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """The two sockets of a new channel: keeper's, app's. Both close on exec."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def keeper_endpoint(sock: socket.socket) -> Endpoint[FromApp, ToApp]:
    """The keeper's end of a channel."""
    return Endpoint(sock, Decoder(FromApp))


def app_endpoint(sock: socket.socket) -> Endpoint[ToApp, FromApp]:
    """The app process's end of a channel."""
    return Endpoint(sock, Decoder(ToApp))
