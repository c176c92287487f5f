"""What the thread that leads does: wait for connections, read, decide, answer or have it answered, send them away.

One thread at a time runs this code and owns this state (`afresh.serve.crew`); other threads post calls to the poller.
A method that may have run the application returns whether this thread still leads, and if not, nothing here may be
touched any more.
"""

import resource
import select
import socket
import sys
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

import msgspec

from afresh import native
from afresh.errors import AfreshError
from afresh.handover.parcel import Parcel
from afresh.serve.answer import Service, answer
from afresh.serve.complaint import tell, tell_error
from afresh.serve.config import NO_LIMIT
from afresh.serve.connection import Connection, Phase
from afresh.serve.crew import Bounds, Crew, Work
from afresh.serve.head import Head, Refusal
from afresh.serve.poller import Poller
from afresh.serve.roster import Roster
from afresh.watch.gate import Gate, Verdict

_READ_SIZE = 1 << 16
_BODY_READ_SIZE = 1 << 18
"""Larger where much is known to come: each read is a turn of the loop."""
_ACCEPT_AT_ONCE = 64
_DESCRIPTORS_OF_OTHERS = 128
"""So many are left to the application and to the server's own use."""
_TELL_AFTER = 0.05  # seconds


class Surroundings(msgspec.Struct, frozen=True):
    """What a server is given to ask and to call, as `afresh.serve.server.Server` describes it."""

    gate: Gate
    hand_over: Callable[[Sequence[Parcel]], None]
    on_drained: Callable[[], None]
    on_thread_end: Callable[[], None]


class _Bound:
    """So many `seconds` may pass `since` something of a connection began; 0 while it does not go on. By identity."""

    __slots__ = ("exceeded", "seconds", "since")

    def __init__(
        self, seconds: float, since: Callable[[Connection], float], exceeded: Callable[[Connection], None]
    ) -> None:
        self.seconds = seconds
        self.since = since
        self.exceeded = exceeded


def _descriptors() -> int:
    """How many the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(soft, 2 * _DESCRIPTORS_OF_OTHERS)


def _head_since(connection: Connection) -> float:
    return connection.head_began if connection.phase is Phase.READING else 0.0


def _body_since(connection: Connection) -> float:
    return connection.body_came if connection.phase is Phase.COLLECTING else 0.0


def _idle_since(connection: Connection) -> float:
    return connection.idle_since if connection.is_idle else 0.0


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
        self._most = min(self._config.connections, _descriptors() - _DESCRIPTORS_OF_OTHERS)
        self._paused: set[int] = set()  # Listeners that are not looked at for now.
        self._is_drained = False
        self._is_closed = False
        config = service.config
        self._head_bound = _Bound(config.head_wait, _head_since, self._refuse_slow)
        self._body_bound = _Bound(config.body_wait, _body_since, self._refuse_slow)
        self._idle_bound = _Bound(config.idle, _idle_since, self._close_if_quiet)

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
            # Before it waits: whoever led before may have left some.
            if self._leaving:
                self._send_away()
            # What they have sent before comes first, above all before their end.
            before = frozenset(self._ready)
            for descriptor in self.poller.wait(at_once=bool(before)):
                if not self._perform(descriptor, before):
                    return
            # Between two requests of one connection, who sends many at once, all others have their turn.
            if self._ready and not self._advance_all():
                return
        self._close_everything()

    def _perform(self, descriptor: int, before: frozenset[Connection]) -> bool:
        """Do what an event asks for; nothing for the connections whose turn was `before`."""
        connection = self.roster.get(descriptor)
        if connection is not None:
            # A call that was due after the event came may have given it to another thread.
            if connection in before or not connection.watched_for:
                return True
            if connection.phase is Phase.SENDING:
                return self._resume(connection)
            self._read(connection)
            return True
        listener = self.listeners.get(descriptor)
        if listener is not None:
            self._accept(listener)
        return True

    def _advance_all(self) -> bool:
        """Turn to each connection with bytes to look at.

        The gate is asked once for all of them, after the last byte was read: a request that arrived before a save may
        be answered by the code before it. Who leads after this thread asks again for those that are left.
        """
        verdict = self._surroundings.gate.look() if not self.is_draining else Verdict.STALE
        return all(self._advance(self._ready.popleft(), verdict) for _ in range(len(self._ready)))

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
            if len(self.roster) >= self._most and not self._make_room(listener):
                return
            try:
                sock, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as exc:
                self._rest_from_accepting(listener, exc)
                return
            self.take_in(Parcel(sock, b"", address[:2] if isinstance(address, tuple) else ("", 0)))

    def _make_room(self, listener: socket.socket) -> bool:
        """Close the connection that was idle longest, for one that waits; false if nobody waits, or none is idle."""
        somebody = select.poll()
        somebody.register(listener, select.POLLIN)
        if not somebody.poll(0):
            return False
        for connection in sorted(self.roster, key=lambda connection: connection.idle_since):
            if connection.is_quiet():
                self._close(connection)
                return True
        self._pause_accepting(listener.fileno())
        return False

    def _accept_more(self) -> None:
        """A place has become free, or it is worth trying again."""
        while self._paused:
            self.poller.watch(self._paused.pop())

    def _pause_accepting(self, descriptor: int) -> None:
        """Leave what comes in the kernel's queue: reported and not accepted, it would wake us without end."""
        self.poller.forget(descriptor)
        self._paused.add(descriptor)

    def _rest_from_accepting(self, listener: socket.socket, exc: OSError) -> None:
        """Out of descriptors. Look again a little later: they may be the application's."""
        tell(f"No connection can be accepted: {exc}")
        self._pause_accepting(listener.fileno())
        self.poller.later(self._config.linger, self._accept_more)

    def take_in(self, parcel: Parcel) -> None:
        parcel.sock.setblocking(False)
        if parcel.sock.family in (socket.AF_INET, socket.AF_INET6):
            # Without it, the second of two small writes waits for the client's delayed acknowledgement: 40 ms.
            parcel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(parcel, self._config.limits)
        self.roster.add(connection)
        self._go_on(connection)

    # ---- one connection, from bytes to an answer ----------------------------------------------------------------

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(_BODY_READ_SIZE if connection.phase is Phase.COLLECTING else _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # A client that sent its whole request and then its end is answered: its bytes were looked at before.
            self._close(connection)
            return
        if connection.phase is Phase.LINGERING:
            return
        if self._witness is not None and connection.is_idle:
            connection.first_byte = native.monotonic_ns()
        connection.intake.feed(data)
        self._ready.append(connection)

    def _advance(self, connection: Connection, verdict: Verdict) -> bool:
        """Go as far as the bytes received and the gate's `verdict` allow."""
        try:
            return self._advance_or_refuse(connection, verdict)
        except Exception as exc:
            # A fault of ours, or of the access log: one connection is lost, not the thread that leads.
            tell_error(exc)
            self._close(connection)
            return True

    def _advance_or_refuse(self, connection: Connection, verdict: Verdict) -> bool:
        try:
            if connection.phase is Phase.COLLECTING or self._let_in(connection, verdict):
                return self._begin(connection)
        except Refusal as refusal:
            refusal.request_line = refusal.request_line or connection.intake.request_line
            connection.refusal = refusal
            return self._answer_or_dispatch(connection, at_once=True)
        return True

    def _let_in(self, connection: Connection, verdict: Verdict) -> bool:
        """Whether the next request is complete up to its body and may be answered here; raises Refusal.

        A request that must wait is parked by the thread that looked, before it takes its next call from the mailbox.
        The keeper's decision that `look` could not see yet comes to `recheck` after that look, so its call is taken
        after the parking: no decision is missed, and nobody has to look twice.
        """
        if connection.phase is not Phase.READING:
            return False
        head = connection.intake.read_head()
        if head is None:
            self._wait_for_head(connection)
            return False
        connection.head_began = 0.0
        if connection.first_byte:
            connection.receiving, connection.first_byte = native.monotonic_ns() - connection.first_byte, 0
        # Before the gate: whatever becomes of the application, the keeper's own pages do not wait for it.
        if self._is_keepers(head):
            connection.is_keepers = True
            self._leave(connection)
            return False
        if verdict is Verdict.STALE:
            self._leave(connection)
            return False
        if verdict is Verdict.WAIT:
            connection.phase = Phase.PARKED
            self.roster.unwatch(connection)
            return False
        connection.phase = Phase.COLLECTING
        return True

    def _is_keepers(self, head: Head) -> bool:
        """Whether the keeper answers the request. What the application's list of names raises is said where such a
        request is refused, which is what becomes of this one."""
        try:
            return self._service.hosts.is_keepers(head.fields.get("HTTP_HOST", ""), head.path)
        except Exception:
            return False

    def _wait_for_head(self, connection: Connection) -> None:
        """Read on. A head that has begun must be complete in time."""
        if connection.intake.received and not connection.head_began:
            connection.head_began = native.monotonic()
            self._keep_to(self._head_bound, connection)
        self.roster.watch(connection)

    def _wait_for_body(self, connection: Connection) -> None:
        """Read on. Something of it must come in time."""
        connection.body_came = native.monotonic()
        self._keep_to(self._body_bound, connection)
        self.roster.watch(connection)

    def _refuse_slow(self, connection: Connection) -> None:
        message = "The request did not come in time."
        connection.refusal = Refusal(HTTPStatus.REQUEST_TIMEOUT, message, connection.intake.request_line)
        # Not here: who does the poller's calls cannot pass on the lead.
        self._answer_or_dispatch(connection, at_once=False)

    def _keep_to(self, bound: _Bound, connection: Connection) -> None:
        """See to it that a bound is kept, unless that is done already."""
        if bound.seconds != NO_LIMIT and bound not in connection.bounds:
            connection.bounds.add(bound)
            self._look_later(bound, connection, bound.seconds)

    def _look_later(self, bound: _Bound, connection: Connection, delay: float) -> None:
        """Look whether a bound is exceeded, unless the connection has ended; it and what came from it are not held."""
        reference = weakref.ref(connection)

        def call() -> None:
            if (connection := reference()) is not None:
                self._look(bound, connection)

        self.poller.later(delay, call)

    def _look(self, bound: _Bound, connection: Connection) -> None:
        since = bound.since(connection)
        left = since + bound.seconds - native.monotonic()
        # What was read and not looked at may be all that was missing.
        if since and (left > 0 or connection in self._ready):
            self._look_later(bound, connection, max(0.0, left))
            return
        connection.bounds.discard(bound)
        if since:
            bound.exceeded(connection)

    def _begin(self, connection: Connection) -> bool:
        """Answer the request, unless the rest of a short body is better waited for here; raises Refusal."""
        intake = connection.intake
        head = intake.head
        assert head is not None
        is_complete = not (head.length or head.chunked) or intake.has_body()
        if not is_complete and not head.expects_continue:
            limit = self._config.spool_limit
            if head.length <= limit and intake.body_received <= limit:
                self._wait_for_body(connection)
                return True
        return self._answer_or_dispatch(connection, at_once=is_complete)

    def _answer_or_dispatch(self, connection: Connection, *, at_once: bool) -> bool:
        """Have a connection answered, by this thread if that may be `at_once`; whether it still leads."""
        connection.phase = Phase.ANSWERING
        self.answering += 1
        if self._witness is not None:
            self._tell_soon()
        return self._hand_on(connection, here=at_once and (self.crew.is_calm() or self._is_file(connection)))

    def _hand_on(self, connection: Connection, *, here: bool) -> bool:
        """Have it answered by this thread or by another; whether this one still leads."""
        if here:
            if not self.crew.answer_here(connection):
                return False
            self._finished(connection)
            return True
        self.roster.unwatch(connection)
        if not self.crew.dispatch(connection):
            tell("A request cannot be answered: the system has no more threads.")
            self.answering -= 1
            self._close(connection)
        return True

    def _is_file(self, connection: Connection) -> bool:
        """Whether it takes so little that another thread would cost more, even while slow answers are about."""
        files, head = self._service.files, connection.intake.head
        return files is not None and head is not None and self._config.threads and files.covers(head.path)

    def _resume(self, connection: Connection) -> bool:
        """Go on sending a file, now that there is room."""
        connection.phase = Phase.ANSWERING
        return self._hand_on(connection, here=self._config.threads)

    # ---- answers, on any of the threads -------------------------------------------------------------------------

    def _answer(self, connection: Connection) -> None:
        """Done while the connection's phase is ANSWERING, and nobody else touches it."""
        try:
            answer(self._service, connection)
        except Exception as exc:
            # A fault of ours, or of the access log: one connection is lost, not the thread.
            tell_error(exc)
            connection.end_transfer()

    def _post_finished(self, connection: Connection) -> None:
        self.poller.post(partial(self._finished, connection))
        if self._is_closed:
            connection.close()

    def _take_out(self, connection: Connection) -> None:
        """The connection's request is overdue: whoever leads next must not be woken by it."""
        self.roster.unwatch(connection)

    # ---- after an answer ----------------------------------------------------------------------------------------

    def _finished(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            connection.close()
            return
        if connection.transfer is not None:
            connection.phase = Phase.SENDING
            self.roster.watch_room(connection)
            return
        if self._witness is not None:
            self._tell_soon()
        self.answering -= 1
        connection.phase = Phase.READING
        if connection.keeps:
            self._go_on(connection)
        elif connection.is_lost:
            self._close(connection)
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
            self._rest(connection)

    def _rest(self, connection: Connection) -> None:
        """Wait for the connection's next request."""
        connection.idle_since = native.monotonic()
        self.roster.watch(connection)
        self._keep_to(self._idle_bound, connection)

    def _close_if_quiet(self, connection: Connection) -> None:
        if connection.is_quiet():
            self._close(connection)

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
            connection.close()
            self._accept_more()
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
        self._paused.clear()
        for connection in self.crew.withdraw():
            if connection.transfer is not None:  # a file, of which a part is sent
                self.crew.dispatch(connection)
                continue
            self.answering -= 1
            connection.phase = Phase.PARKED
        for connection in self.roster.those(lambda connection: connection.can_move):
            self._leave(connection)
        self._send_away()

    def _leave(self, connection: Connection) -> None:
        self.roster.release(connection)
        self._accept_more()
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
                tell_error(exc)
            # The keeper is gone, and nobody else may answer.
            for parcel in parcels:
                parcel.sock.close()
        self._check_drained()

    def abort_streams(self) -> None:
        for connection in self.roster.those(lambda connection: connection.is_stream):
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
