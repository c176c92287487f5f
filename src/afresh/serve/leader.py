"""What the thread that leads does: wait for connections, read, decide, answer or have it answered, send them away.

One thread at a time runs this code and owns this state (`afresh.serve.crew`); other threads post calls to the poller.
A method that may have run the application returns whether this thread still leads, and if not, nothing here may be
touched any more.
"""

import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

import msgspec

from afresh.errors import AfreshError
from afresh.handover.parcel import Parcel
from afresh.serve.answer import Service, answer, refuse
from afresh.serve.connection import Connection, Phase
from afresh.serve.crew import Bounds, Crew, Work
from afresh.serve.head import Head, Refusal
from afresh.serve.hosts import HostPolicy
from afresh.serve.poller import Poller
from afresh.serve.roster import Roster
from afresh.watch.gate import Gate, Verdict

_READ_SIZE = 1 << 16
_ACCEPT_AT_ONCE = 64
_TELL_AFTER = 0.05  # seconds


class Surroundings(msgspec.Struct, frozen=True):
    """What a server is given to ask and to call, as `afresh.serve.server.Server` describes it."""

    gate: Gate
    hosts: HostPolicy
    hand_over: Callable[[Sequence[Parcel]], None]
    on_drained: Callable[[], None]
    on_thread_end: Callable[[], None]


class Leader:
    """The state of a server, in the hands of the thread that leads."""

    def __init__(self, service: Service, surroundings: Surroundings, on_end: Callable[[], None]) -> None:
        self._service = service
        self._config = service.config
        self._surroundings = surroundings
        self._witness = service.witness
        self._is_telling = False
        self._on_end = on_end
        self.poller = Poller()
        self.crew = self._form_crew()
        self.roster = Roster(self.poller)
        self.listeners: dict[int, socket.socket] = {}
        self.answering = 0
        self.is_draining = False
        self.is_stopping = False
        self._ready: deque[Connection] = deque()  # With bytes to look at, though nothing new may arrive.
        self._leaving: list[Connection] = []  # Released already, to be handed over together.
        self._is_drained = False
        self._is_closed = False

    def _form_crew(self) -> Crew[Connection]:
        config = self._config
        work = Work(self._lead, self._answer, self._take_out, self._post_finished)
        bounds = Bounds(
            takeover_after=config.takeover_after,
            calm_after=config.calm_after,
            # One request at a time is one thread that answers and another that waits, so that a request in a debugger
            # keeps nobody from being handed over.
            answers_here=config.threads,
            threads=config.most_threads + 2 if config.threads else 2,
            spare=config.spare_threads if config.threads else 1,
        )
        return Crew(work, bounds, self._surroundings.on_thread_end)

    def _lead(self) -> None:
        """Wait and perform until another thread leads or the server stops."""
        while not self.is_stopping:
            while self._ready:
                if not self._advance(self._ready.popleft()):
                    return
            if self._leaving:
                self._send_away()
            for descriptor in self.poller.wait():
                if not self._perform(descriptor):
                    return
        self._close_everything()

    def _perform(self, descriptor: int) -> bool:
        """Do what an event asks for."""
        connection = self.roster.get(descriptor)
        if connection is not None:
            return self._read(connection)
        listener = self.listeners.get(descriptor)
        if listener is not None:
            self._accept(listener)
        return True

    # ---- connections that come ----------------------------------------------------------------------------------

    def listen(self, sock: socket.socket) -> None:
        if self.is_draining:
            sock.close()
            return
        self.listeners[sock.fileno()] = sock
        # Not EPOLLEXCLUSIVE, though other servers wait for it too: whoever alone was woken may forget the socket, or be
        # killed, before it accepts, and the connection would wait for the next one to come.
        self.poller.watch(sock.fileno())

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPT_AT_ONCE):
            try:
                sock, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as exc:
                self._rest_from_accepting(listener, exc)
                return
            self.take_in(Parcel(sock, b"", address[:2] if isinstance(address, tuple) else ("", 0)))

    def _rest_from_accepting(self, listener: socket.socket, exc: OSError) -> None:
        """Out of descriptors: the waiting connection would wake us without end. Look again a little later."""
        print(f"No connection can be accepted: {exc}", file=sys.stderr)  # noqa: T201
        descriptor = listener.fileno()
        self.poller.forget(descriptor)
        self.poller.later(self._config.linger, partial(self._accept_again, descriptor))

    def _accept_again(self, descriptor: int) -> None:
        if descriptor in self.listeners:
            self.poller.watch(descriptor)

    def take_in(self, parcel: Parcel) -> None:
        parcel.sock.setblocking(False)
        if parcel.sock.family in (socket.AF_INET, socket.AF_INET6):
            # Without it, the second of two small writes waits for the client's delayed acknowledgement: 40 ms.
            parcel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(parcel, self._config.limits)
        self.roster.add(connection)
        self._go_on(connection)

    # ---- one connection, from bytes to an answer ----------------------------------------------------------------

    def _read(self, connection: Connection) -> bool:
        try:
            data = connection.sock.recv(_READ_SIZE)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            # A client that sent its whole request and then its end is answered: its bytes were looked at before.
            self._close(connection)
            return True
        if connection.phase is Phase.LINGERING:
            return True
        connection.intake.feed(data)
        return self._advance(connection)

    def _advance(self, connection: Connection) -> bool:
        """Go as far as the bytes received allow."""
        try:
            return self._advance_or_refuse(connection)
        except Exception:
            # A fault of ours, or of the access log: one connection is lost, not the thread that leads.
            traceback.print_exc()
            self._close(connection)
            return True

    def _advance_or_refuse(self, connection: Connection) -> bool:
        try:
            if connection.phase is Phase.COLLECTING or self._let_in(connection):
                return self._begin(connection)
        except Refusal as refusal:
            self._refuse(connection, refusal)
        return True

    def _let_in(self, connection: Connection) -> bool:
        """Whether the next request is complete up to its body and may be answered here; raises Refusal.

        A request that must wait is parked by the thread that looked, before it takes its next call from the mailbox.
        The keeper's decision that `look` could not see yet comes to `recheck` after that look, so its call is taken
        after the parking: no decision is missed, and nobody has to look twice.
        """
        if connection.phase is not Phase.READING:
            return False
        head = connection.intake.read_head()
        if head is None:
            self.roster.watch(connection)
            return False
        # Before the gate: whatever becomes of the application, the keeper's own pages do not wait for it.
        if self._surroundings.hosts.is_keepers(head.fields.get("HTTP_HOST", ""), head.path):
            connection.is_keepers = True
            self._leave(connection)
            return False
        verdict = self._surroundings.gate.look() if not self.is_draining else Verdict.STALE
        if verdict is Verdict.STALE:
            self._leave(connection)
            return False
        if verdict is Verdict.WAIT:
            connection.phase = Phase.PARKED
            self.roster.unwatch(connection)
            return False
        self._check_host(head)
        connection.phase = Phase.COLLECTING
        return True

    def _check_host(self, head: Head) -> None:
        hosts = self._surroundings.hosts
        host = head.fields.get("HTTP_HOST")
        if host is not None and not hosts.allows(host):
            page = hosts.refusal(host)
            raise Refusal(HTTPStatus.BAD_REQUEST, "The host is not allowed.", head.request_line, page)

    def _begin(self, connection: Connection) -> bool:
        """Answer the request, unless the rest of a short body is better waited for here; raises Refusal."""
        intake = connection.intake
        head = intake.head
        assert head is not None
        is_complete = not (head.length or head.chunked) or intake.read_body() is not None
        if not is_complete and not head.expects_continue:
            limit = self._config.spool_limit
            if head.length <= limit and intake.body_received <= limit:
                self.roster.watch(connection)
                return True
        connection.phase = Phase.ANSWERING
        self.answering += 1
        if self._witness is not None:
            self._tell_soon()
        if is_complete and self.crew.is_calm():
            if not self.crew.answer_here(connection):
                return False
            self._finished(connection)
            return True
        self.roster.unwatch(connection)
        self.crew.dispatch(connection)
        return True

    def _refuse(self, connection: Connection, refusal: Refusal) -> None:
        if refuse(self._service, connection, refusal):
            self._linger(connection)
        else:
            self._close(connection)

    # ---- answers, on any of the threads -------------------------------------------------------------------------

    def _answer(self, connection: Connection) -> None:
        """Done while the connection's phase is ANSWERING, and nobody else touches it."""
        try:
            answer(self._service, connection)
        except Exception:
            # A fault of ours, or of the access log: one connection is lost, not the thread.
            traceback.print_exc()

    def _post_finished(self, connection: Connection) -> None:
        self.poller.post(partial(self._finished, connection))
        if self._is_closed:
            connection.sock.close()

    def _take_out(self, connection: Connection) -> None:
        """The connection's request is overdue: whoever leads next must not be woken by it."""
        self.roster.unwatch(connection)

    # ---- after an answer ----------------------------------------------------------------------------------------

    def _finished(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            connection.sock.close()
            return
        if self._witness is not None:
            self._tell_soon()
        self.answering -= 1
        connection.phase = Phase.READING
        if connection.keeps:
            self._go_on(connection)
        elif connection.is_lost:
            self._close(connection)
        elif connection.refusal is not None:
            self._refuse(connection, connection.refusal)
        else:
            self._linger(connection)

    def _tell_soon(self) -> None:
        """Have what the witness has seen passed on; together with what comes in the meantime."""
        if not self._is_telling:
            self._is_telling = True
            self.poller.later(_TELL_AFTER, self._tell)

    def _tell(self) -> None:
        self._is_telling = False
        if self._witness is not None:
            self._witness.tell()

    def _go_on(self, connection: Connection) -> None:
        """Turn to the connection's next request."""
        if self.is_draining:
            self._leave(connection)
        elif connection.intake.received:
            self._ready.append(connection)
        else:
            self.roster.watch(connection)

    def _linger(self, connection: Connection) -> None:
        """End our side, but read on for a while: closing with input unread is a reset that can destroy the response."""
        connection.phase = Phase.LINGERING
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        self.roster.watch(connection)
        self.poller.later(self._config.linger, partial(self._close, connection))

    def _close(self, connection: Connection) -> None:
        if connection.phase is not Phase.GONE:
            self.roster.release(connection)
            connection.sock.close()
            self._check_drained()

    # ---- connections that leave ---------------------------------------------------------------------------------

    def recheck(self) -> None:
        for connection in self.roster:
            if connection.phase is Phase.PARKED:
                connection.phase = Phase.READING
                self._ready.append(connection)

    def drain(self) -> None:
        self.is_draining = True
        for listener in self.listeners.values():
            self.poller.forget(listener.fileno())
            listener.close()
        self.listeners.clear()
        for connection in self.crew.withdraw():
            self.answering -= 1
            connection.phase = Phase.PARKED
        for connection in self.roster.those(lambda connection: connection.can_move):
            self._leave(connection)
        self._send_away()

    def _leave(self, connection: Connection) -> None:
        self.roster.release(connection)
        self._leaving.append(connection)

    def _send_away(self) -> None:
        """Hand over what leaves, in one call."""
        parcels = [connection.parcel() for connection in self._leaving]
        self._leaving.clear()
        try:
            if parcels:
                self._surroundings.hand_over(parcels)
        except Exception as exc:
            if not isinstance(exc, AfreshError):
                traceback.print_exc()
            # The keeper is gone, and nobody else may answer.
            for parcel in parcels:
                parcel.sock.close()
        self._check_drained()

    def abort_streams(self) -> None:
        for connection in self.roster.those(lambda connection: connection.phase is Phase.ANSWERING):
            self.answering -= 1
            connection.cut()
            self.roster.release(connection)
        self._check_drained()

    def _check_drained(self) -> None:
        if self.is_draining and not self._is_drained and not self.roster and not self._leaving:
            self._is_drained = True
            self._surroundings.on_drained()

    def _close_everything(self) -> None:
        # What is posted before this holds sockets that are closed below; who posts after it closes its socket itself.
        self._is_closed = True
        self.poller.answer_mail()
        self.crew.stop()
        self.roster.close_all()
        for sock in [*(connection.sock for connection in self._leaving), *self.listeners.values()]:
            sock.close()
        self.poller.close()
        self._on_end()

    def abandon(self) -> None:
        """In a child that the application forked: close what is the parent's, so that its clients see its closing.

        No lock is taken: the thread that held it does not exist here.
        """
        self.is_stopping = True
        for sock in [*(connection.sock for connection in self.roster), *self.listeners.values()]:
            sock.close()
        self.poller.abandon()
