"""A real server on a real socket for one test, and a client that speaks bytes."""

import os
import queue
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from afresh.handover.parcel import Parcel
from afresh.serve.answer import Files
from afresh.serve.config import Config
from afresh.serve.hosts import HostPolicy
from afresh.serve.log import AccessEntry, AccessLog
from afresh.serve.server import Server
from afresh.testing.deadline import PATIENCE, Deadline
from afresh.testing.processes import processor_time, waits
from afresh.watch.gate import Gate, OpenGate, Verdict


@dataclass
class Served:
    """A running server, what it logged, what it handed over, and a way to talk to it."""

    server: Server
    address: tuple[str, int]
    entries: "queue.Queue[AccessEntry]"
    parcels: "queue.Queue[Sequence[Parcel]]"
    drained: threading.Event
    ended_threads: "queue.Queue[int]"
    sockets: list[socket.socket] = field(default_factory=list)

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.address, timeout=PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sockets.append(client)
        return client

    def adopt(self, received: bytes = b"", scheme: str = "http") -> socket.socket:
        """A client whose connection comes to the server in a parcel."""
        theirs, ours = socket.socketpair()
        theirs.settimeout(PATIENCE)
        self.sockets.append(theirs)
        self.server.adopt(Parcel(ours, received, ("192.0.2.1", 4321), scheme))
        return theirs

    def talk(self, *pieces: bytes, half_close: bool = True) -> bytes:
        """Send the pieces on a new connection, then the end; all that comes back, Date fields taken out."""
        client = self.connect()
        try:
            for piece in pieces:
                client.sendall(piece)
            if half_close:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # A refusal may come before all is sent.
        return without_dates(read_all(client))

    def entry(self) -> AccessEntry:
        return self.entries.get(timeout=PATIENCE)

    def moved(self) -> Sequence[Parcel]:
        """The parcels of the next call of `hand_over`."""
        parcels = self.parcels.get(timeout=PATIENCE)
        self.sockets.extend(parcel.sock for parcel in parcels)
        return parcels


class SetGate:
    """A gate that says what it was set to, and tells that it was asked."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked = threading.Semaphore(0)

    def look(self) -> Verdict:
        verdict = self.verdict
        self.asked.release()
        return verdict

    def wait_until_asked(self) -> None:
        assert self.asked.acquire(timeout=PATIENCE)


@pytest.fixture
def set_gate() -> Callable[[Verdict], SetGate]:
    """Makes gates that say what they are set to."""
    return SetGate


@pytest.fixture
def nothing_came() -> Callable[[socket.socket], bool]:
    """Whether a client has nothing to read now."""
    return lambda client: not select.select([client], [], [], 0)[0]


def read_all(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    out = []
    while data := client.recv(1 << 16):
        out.append(data)
    return b"".join(out)


def without_dates(data: bytes) -> bytes:
    return re.sub(rb"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", b"", data)


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Everything up to and with `end`, which must be the last that comes."""
    data = b""
    while not data.endswith(end):
        more = client.recv(1 << 16)
        assert more, f"the connection ended after {data!r}"
        data += more
    return without_dates(data)


@pytest.fixture
def wait_until_nothing_runs() -> Callable[[], None]:
    """Waits until no other thread of this process has waited or worked for a while.

    A thread may be on its way to its wait at first. What ticks or spins is never quiet for so long.
    """
    deadline, never, mine = Deadline(), threading.Event(), threading.get_native_id()

    def wait() -> None:
        before = None
        while (now := (processor_time(os.getpid()), {**waits(os.getpid()), mine: 0})) != before:
            assert not deadline.passed(), f"something runs again and again: {now}"
            before = now
            never.wait(0.3)

    return wait


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers: `serve(application, gate=…, hosts=…, **config)`."""
    running: list[Served] = []

    def start(
        application: Any,
        *,
        gate: Gate | None = None,
        hosts: HostPolicy | None = None,
        hand_over: Callable[[Sequence[Parcel]], None] | None = None,
        log: AccessLog | None = None,
        files: Files | None = None,
        start: bool = True,
        **config: Any,
    ) -> Served:
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        entries: queue.Queue[AccessEntry] = queue.Queue()
        parcels: queue.Queue[Sequence[Parcel]] = queue.Queue()
        ended_threads: queue.Queue[int] = queue.Queue()
        drained = threading.Event()
        server = Server(
            application,
            config=Config(software="Test", **config),
            gate=gate or OpenGate(),
            hand_over=hand_over or parcels.put,
            log=log or entries.put,
            hosts=hosts or HostPolicy(),
            files=files,
            on_drained=drained.set,
            on_thread_end=lambda: ended_threads.put(threading.get_ident()),
        )
        address = listener.getsockname()
        server.listen(listener)
        served = Served(server, address, entries, parcels, drained, ended_threads)
        running.append(served)
        if start:
            server.start()
        return served

    yield start
    for served in running:
        served.server.stop()
    for served in running:
        assert served.server.join(PATIENCE)
        while not served.parcels.empty():
            served.moved()
        for sock in served.sockets:
            sock.close()


@pytest.fixture(name="read_until")
def read_until_fixture() -> Callable[[socket.socket, bytes], bytes]:
    """`read_until`, for tests: read up to and with the given end."""
    return read_until
