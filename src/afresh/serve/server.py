"""The server, as other rooms see it: methods that any thread may call."""

import os
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from afresh.handover.parcel import Parcel
from afresh.serve.answer import Files, Rewriter, Service
from afresh.serve.config import Config
from afresh.serve.environ import base_environ
from afresh.serve.exchange import ErrorPage, Terms, WSGIApplication
from afresh.serve.hosts import HostPolicy
from afresh.serve.leader import Leader, Surroundings
from afresh.serve.log import AccessLog
from afresh.watch.gate import Gate

if TYPE_CHECKING:
    from afresh.serve.witness import Witness


def _nothing() -> None:
    pass


class Server:
    """Answers requests over WSGI.

    `gate` is asked once the heads that have come are read. `hand_over` takes connections that must go on elsewhere and
    owns their sockets from then on. `on_drained` is called by a serving thread when, after `drain`, no connection is
    left; `on_thread_end` by each serving thread that ends. `files` answers requests in place of the application.
    `witness` is told of each request. `rewriter`, `error_page`: see `afresh.serve.answer` and `afresh.serve.exchange`.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        config: Config,
        gate: Gate,
        hand_over: Callable[[Sequence[Parcel]], None],
        log: AccessLog,
        hosts: HostPolicy,
        files: Files | None = None,
        on_drained: Callable[[], None] = _nothing,
        on_thread_end: Callable[[], None] = _nothing,
        witness: "Witness | None" = None,
        rewriter: Rewriter | None = None,
        error_page: ErrorPage | None = None,
    ) -> None:
        self._ended = threading.Event()
        terms = Terms(config.software, config.unread_limit, may_keep=config.threads, error_page=error_page)
        service = Service(application, config, base_environ(config), terms, hosts, log, files, witness, rewriter)
        surroundings = Surroundings(gate, hand_over, on_drained, on_thread_end)
        self._leader = Leader(service, surroundings, self._ended.set)
        self._poller = self._leader.poller
        _servers.add(self)

    def __repr__(self) -> str:
        leader = self._leader
        state = "stopping" if leader.is_stopping else "draining" if leader.is_draining else "serving"
        return f"<Server {state} connections={len(leader.roster)} in_flight={leader.answering} {leader.crew!r}>"

    def start(self) -> None:
        """Start the serving threads and return."""
        self._leader.crew.start()

    def run(self) -> None:
        """Serve until `stop` without `Config.threads`: the calling thread is the one that answers.

        On the main thread, what the handler of a signal raises ends it at any time.
        """
        try:
            self._leader.crew.work_here()
        finally:
            self.stop()

    def listen(self, sock: socket.socket) -> None:
        """Accept connections on a listening socket, which is the server's from now on."""
        sock.setblocking(False)
        self._poller.post(partial(self._leader.listen, sock))

    def adopt(self, parcel: Parcel) -> None:
        """Go on with a connection that was another process's."""
        self._poller.post(partial(self._leader.take_in, parcel))

    def recheck(self) -> None:
        """The keeper has decided: every request that waits at the gate looks again."""
        self._poller.post(self._leader.recheck)

    def drain(self) -> None:
        """Stop accepting; hand over every connection that is not being answered, the others after their response."""
        for descriptor in list(self._leader.listeners):
            self._poller.forget(descriptor)
        self._poller.post(self._leader.drain)

    def abort_streams(self) -> None:
        """Cut the responses that have begun and may never end; the others have their time."""
        self._poller.post(self._leader.abort_streams)

    def stop(self) -> None:
        """Close everything at once; safe in a signal handler. `join` waits for it."""
        self._leader.is_stopping = True
        self._poller.post(_nothing)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the server has stopped; false if that took longer than `timeout` seconds."""
        return self._ended.wait(timeout)

    def in_flight(self) -> int:
        """The number of requests being answered."""
        return self._leader.answering

    def abandon(self) -> None:
        """In a child that the application forked: close what is the parent's."""
        self._leader.abandon()


_servers: "weakref.WeakSet[Server]" = weakref.WeakSet()


def _abandon_all() -> None:
    for server in list(_servers):
        server.abandon()
    _servers.clear()


os.register_at_fork(after_in_child=_abandon_all)
