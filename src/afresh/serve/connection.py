"""One client connection: its socket, what was read from it, and what is being done with it."""

import contextvars
import enum
import socket

from afresh.handover.parcel import Parcel
from afresh.serve.config import Limits
from afresh.serve.head import Refusal
from afresh.serve.intake import Intake


class Phase(enum.Enum):
    """Where a connection stands. Only the thread that leads changes it."""

    READING = "between requests, or the head is incomplete or not looked at"
    PARKED = "the head is complete, the gate says wait"
    COLLECTING = "the gate let the request in, the body is incomplete"
    ANSWERING = "a thread answers, or is about to"
    LINGERING = "the last response is sent, the rest of the input is dropped"
    GONE = "closed, or handed over"


class Connection:
    """A connection that this process owns."""

    __slots__ = (
        "context", "descriptor", "intake", "is_keepers", "is_lost", "is_watched", "keeps", "peer", "phase", "refusal",
        "scheme", "sock",
    )  # fmt: skip

    def __init__(self, parcel: Parcel, limits: Limits) -> None:
        self.sock = parcel.sock
        self.descriptor = parcel.sock.fileno()
        self.peer = parcel.peer
        self.scheme = parcel.scheme
        self.intake = Intake(limits, parcel.received)
        # Django gives each connection a thread and so a context; here the context alone is the connection's.
        self.context = contextvars.Context()
        self.phase = Phase.READING
        self.is_watched = False
        self.is_keepers = False  # the request is the keeper's, not the application's
        # How the last answer ended: the connection may carry another, its client is gone, the request was refused.
        self.keeps = False
        self.is_lost = False
        self.refusal: Refusal | None = None

    def __repr__(self) -> str:
        return f"<Connection fd={self.descriptor} peer={self.peer} {self.phase.name} {self.intake!r}>"

    @property
    def can_move(self) -> bool:
        """Whether no part of its request was answered, or given to the application."""
        return self.phase in (Phase.READING, Phase.PARKED, Phase.COLLECTING)

    def parcel(self) -> Parcel:
        """The connection as a value, to go on elsewhere."""
        return Parcel(self.sock, bytes(self.intake.received), self.peer, self.scheme, self.is_keepers)

    def cut(self) -> None:
        """End it under the thread that answers: its next transfer fails. The descriptor stays, that thread uses it."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
