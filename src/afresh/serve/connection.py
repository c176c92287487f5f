"""One client connection: its socket, what was read from it, and what is being done with it."""

import contextvars
import enum
import socket

from afresh.handover.parcel import Parcel
from afresh.serve.config import Limits
from afresh.serve.exchange import Exchange
from afresh.serve.head import Refusal
from afresh.serve.intake import Intake
from afresh.serve.transfer import Transfer


class Phase(enum.Enum):
    """Where a connection stands. Only the thread that leads changes it."""

    READING = "between requests, or the head is incomplete or not looked at"
    PARKED = "the head is complete, the gate says wait"
    COLLECTING = "the gate let the request in, the body is incomplete"
    ANSWERING = "a thread answers, or is about to"
    SENDING = "a file is on its way, the client has to take more first"
    LINGERING = "the last response is sent, the rest of the input is dropped"
    GONE = "closed, or handed over"


class Connection:
    """A connection that this process owns."""

    __slots__ = (
        "__weakref__", "body_came", "bounds", "context", "descriptor", "exchange", "first_byte", "head_began",
        "idle_since", "intake", "is_keepers", "is_lost", "keeps", "number", "peer", "phase", "receiving", "refusal",
        "scheme", "sock", "transfer", "watched_for",
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
        self.watched_for = 0  # Events of epoll; for the roster.
        # Monotonic.
        self.head_began = 0.0  # When the first bytes of a head came that is not complete; 0 without one.
        self.body_came = 0.0  # When anything came of a body that is not complete.
        self.idle_since = 0.0  # When the last answer ended.
        # Nanoseconds, for the witness.
        self.first_byte = 0  # When the head that is being read began to come; 0 where that was not seen.
        self.receiving = -1  # How long the head took that is complete; -1 where its beginning was not seen.
        self.bounds: set[object] = set()  # Somebody will look whether these are kept.
        self.is_keepers = False  # The request is the keeper's, not the application's.
        self.number = 0  # What the witness calls the request that is answered.
        # How the last answer ended: the connection may carry another, its client is gone.
        self.keeps = False
        self.is_lost = False
        # What the request is to be answered with instead of calling the application; the connection closes after it.
        self.refusal: Refusal | None = None
        # What the request is being answered by: the application, or a file.
        self.exchange: Exchange | None = None
        self.transfer: Transfer | None = None

    def __repr__(self) -> str:
        return f"<Connection fd={self.descriptor} peer={self.peer} {self.phase.name} {self.intake!r}>"

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a next request has come."""
        return self.phase is Phase.READING and not self.intake.received

    def is_quiet(self) -> bool:
        """Whether it is idle, and nothing of a next request is in the kernel either."""
        try:
            return self.is_idle and not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False

    @property
    def is_stream(self) -> bool:
        """Whether a response goes out on it of which nobody knows how long it will be."""
        exchange = self.exchange
        return self.phase is Phase.ANSWERING and exchange is not None and exchange.is_stream

    @property
    def can_move(self) -> bool:
        """Whether no part of its request was answered, or given to the application."""
        return self.phase in (Phase.READING, Phase.PARKED, Phase.COLLECTING)

    def parcel(self) -> Parcel:
        """The connection as a value, to go on elsewhere."""
        return Parcel(self.sock, bytes(self.intake.received), self.peer, self.scheme, self.is_keepers)

    def end_transfer(self) -> None:
        """Close the file that is being sent, if there is one."""
        if self.transfer is not None:
            self.transfer.close()
            self.transfer = None

    def close(self) -> None:
        """Close the socket and the file that is being sent. Not while a thread answers."""
        self.end_transfer()
        self.sock.close()

    def cut(self) -> None:
        """End it under the thread that answers: its next transfer fails. The descriptor stays, that thread uses it."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
