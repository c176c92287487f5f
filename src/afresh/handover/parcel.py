"""The parcel: one client connection as a value."""

import socket

import msgspec


class Parcel(msgspec.Struct, frozen=True):
    """A client connection on its way: the open socket, the bytes already read from it, and where it came from.

    `received` holds every byte read and not yet answered, in order: a request head at most, and what followed it in
    the same read. `peer` is what `accept()` returned. `for_keeper`: the request is complete up to its body, and not the
    application's.
    """

    sock: socket.socket
    received: bytes
    peer: tuple[str, int]
    scheme: str = "http"
    for_keeper: bool = False
