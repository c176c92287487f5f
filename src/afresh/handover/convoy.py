"""Parcels through a channel: packing, unpacking, and a window of unacknowledged ones.

A packet carries at most 250 descriptors and 200 kB, and for an ordinary user the descriptors in flight count against
RLIMIT_NOFILE (the one over it fails with ETOOMANYREFS, measured). So a sender has at most `WINDOW` parcels on their way
and goes on when the receiver has acknowledged.
"""

import os
import socket
from collections import deque
from collections.abc import Callable, Sequence

from afresh.channel.messages import ParcelHead, Parcels
from afresh.handover.parcel import Parcel

WINDOW = 48
SPILL = 16 * 1024  # received bytes beyond this travel in a memfd
BATCH_BYTES = 128 * 1024


class Convoy:
    """The sender's side. Not thread-safe: the owner serialises `send` and `acknowledge`.

    The sockets of unacknowledged parcels stay open here, so that they can be sent elsewhere when the receiver dies
    before it has read them.
    """

    def __init__(self, transmit: Callable[[Parcels, Sequence[int]], None]) -> None:
        self._transmit = transmit
        self._waiting: deque[Parcel] = deque()
        self._sent: deque[Parcel] = deque()

    def __repr__(self) -> str:
        return f"<Convoy waiting={len(self._waiting)} sent={len(self._sent)}>"

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._sent

    def send(self, parcels: Sequence[Parcel]) -> None:
        """Take over `parcels` and pass on as many as the window allows."""
        self._waiting.extend(parcels)
        self._advance()

    def acknowledge(self, count: int) -> None:
        """The receiver owns the `count` oldest parcels: close our side of them."""
        for _ in range(count):
            self._sent.popleft().sock.close()
        self._advance()

    def take_back(self) -> list[Parcel]:
        """Everything the receiver has not acknowledged; the convoy is empty afterwards."""
        rest = [*self._sent, *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        return rest

    def _advance(self) -> None:
        while self._waiting and len(self._sent) < WINDOW:
            batch = self._next_batch()
            message, descriptors, spilled = _pack(batch)
            try:
                self._transmit(message, descriptors)
            finally:
                for descriptor in spilled:
                    os.close(descriptor)

    def _next_batch(self) -> list[Parcel]:
        batch: list[Parcel] = []
        size = 0
        while self._waiting and len(self._sent) < WINDOW and size < BATCH_BYTES:
            parcel = self._waiting.popleft()
            self._sent.append(parcel)
            batch.append(parcel)
            size += min(len(parcel.received), SPILL)
        return batch


def _pack(parcels: Sequence[Parcel]) -> tuple[Parcels, list[int], list[int]]:
    heads: list[ParcelHead] = []
    descriptors: list[int] = []
    spilled: list[int] = []
    for parcel in parcels:
        descriptors.append(parcel.sock.fileno())
        if len(parcel.received) > SPILL:
            memory = os.memfd_create("afresh-parcel", os.MFD_CLOEXEC)
            _write_all(memory, parcel.received)
            descriptors.append(memory)
            spilled.append(memory)
            heads.append(ParcelHead(parcel.peer, parcel.scheme, b"", spilled=True, for_keeper=parcel.for_keeper))
        else:
            heads.append(ParcelHead(parcel.peer, parcel.scheme, parcel.received, for_keeper=parcel.for_keeper))
    return Parcels(tuple(heads)), descriptors, spilled


def unpack(message: Parcels, descriptors: Sequence[int]) -> list[Parcel]:
    """The parcels of a message and its descriptors; the caller owns the sockets."""
    rest = iter(descriptors)
    parcels: list[Parcel] = []
    for head in message.heads:
        sock = socket.socket(fileno=next(rest))
        received = _read_all(next(rest)) if head.spilled else head.received
        parcels.append(Parcel(sock, received, head.peer, head.scheme, head.for_keeper))
    return parcels


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)


def _read_all(descriptor: int) -> bytes:
    # A memfd shares its file offset with the sender, which has set it to the start.
    with open(descriptor, "rb") as file:
        return file.read()
