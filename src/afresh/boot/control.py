"""The app process's side of the channel: it asks the keeper during the boot, and obeys it while serving.

The main thread is the control thread: it alone receives. Serving threads only send, and wait for an event where they
need an answer.
"""

import itertools
import os
import select
import socket
import threading
from collections import deque
from collections.abc import Sequence
from typing import NoReturn

from afresh.boot.application import Application
from afresh.boot.checkpoint import Checkpoint
from afresh.boot.ending import end
from afresh.boot.sensors import obstacle
from afresh.channel import messages as msg
from afresh.channel.endpoint import Endpoint, app_endpoint
from afresh.channel.lifeline import hold
from afresh.errors import Disconnected
from afresh.reload.journal import Entry


class Control:
    """One app process and its keeper. `first`: nothing has been served yet under this keeper."""

    def __init__(self, channel: socket.socket, *, lifeline: int, first: bool, own: frozenset[int]) -> None:
        self.first = first
        self._endpoint: Endpoint[msg.ToApp, msg.FromApp] = app_endpoint(channel)
        self._lifeline = lifeline
        self._held_lifeline = hold(lifeline)
        self._own_descriptors = own | {channel.fileno(), lifeline, self._held_lifeline}
        self._thread = threading.get_ident()
        self._backlog: deque[tuple[msg.ToApp, list[int]]] = deque()
        self._tickets = itertools.count(1)
        self._covered: dict[int, threading.Event] = {}

    def __repr__(self) -> str:
        return f"<Control pid={os.getpid()} {self._endpoint!r}>"

    # ---- telling ----------------------------------------------------------------------------------------------------

    def send(self, message: msg.FromApp, descriptors: Sequence[int] = ()) -> None:
        """Tell the keeper; from any thread. Without a keeper this process must not go on."""
        try:
            self._endpoint.send(message, descriptors)
        except Disconnected:
            os._exit(1)

    def consumed(self, entries: Sequence[Entry]) -> None:
        """Pass journal entries on."""
        self.send(msg.Consumed(tuple(entries)))

    def confirm(self, entries: Sequence[Entry]) -> None:
        """Pass journal entries on and return when they are watched; from any thread."""
        ticket = next(self._tickets)
        if threading.get_ident() == self._thread:
            self.send(msg.Consumed(tuple(entries), ticket))
            self._await_covered(ticket)
            return
        covered = self._covered[ticket] = threading.Event()
        self.send(msg.Consumed(tuple(entries), ticket))
        covered.wait()

    def _await_covered(self, ticket: int) -> None:
        while True:
            message, descriptors = self.receive_raw()
            if isinstance(message, msg.Covered):
                if message.ticket == ticket:
                    return
                self.covered(message.ticket)
            else:
                self._backlog.append((message, descriptors))

    def covered(self, ticket: int) -> None:
        """The keeper watches what this ticket stands for: whoever waits may go on."""
        event = self._covered.pop(ticket, None)
        if event is not None:
            event.set()

    # ---- asking -----------------------------------------------------------------------------------------------------

    def bind(self, address: str, port: int, *, ipv6: bool) -> int:
        """Have the address bound; returns the real port. Raises OSError as `bind()` would."""
        self.send(msg.Bind(address, port, ipv6))
        # While the keeper binds, load what serving needs: before the fork, so that every server has it.
        import afresh.boot.server  # noqa: F401

        while True:
            message, descriptors = self.receive_raw()
            match message:
                case msg.Bound(real_port):
                    return real_port
                case msg.BindFailed(errno, text):
                    raise OSError(errno, text) if errno > 0 else _Unbindable(text)
                case _:
                    self._backlog.append((message, descriptors))

    def receive_raw(self) -> tuple[msg.ToApp, list[int]]:
        """The next message from the keeper; ends the process when there is no keeper."""
        try:
            return self._endpoint.receive()
        except Disconnected:
            os._exit(1)

    def receive(self) -> tuple[msg.ToApp, list[int]]:
        """The next message, those first that came while another answer was awaited."""
        return self._backlog.popleft() if self._backlog else self.receive_raw()

    def give_back(self, message: msg.ToApp, descriptors: list[int]) -> None:
        """Let `receive` return this message again, first."""
        self._backlog.appendleft((message, descriptors))

    def fileno(self) -> int:
        return self._endpoint.fileno()

    # ---- going on ---------------------------------------------------------------------------------------------------

    def ready(self, application: Application) -> NoReturn:
        """The application is loaded and all it consumed was told: serve it, here or in forks. Ends the process."""
        why = obstacle(self._own_descriptors)
        self.send(
            msg.Ready(
                forks=not why,
                obstacle=why,
                checks=application.checks is not None,
                receivers=application.receivers,
                hosts=application.hosts,
            )
        )
        role = "server"
        if not why:
            child = Checkpoint(self._endpoint).stand()
            role = child.role
            self._go_on_as(child.channel)
        if role == "checks":
            self._run_checks(application)
        from afresh.boot.server import serve

        serve(self, application)

    def _go_on_as(self, channel: socket.socket) -> None:
        """In a forked child: a channel and a lifeline of its own."""
        self._endpoint = app_endpoint(channel)
        os.close(self._held_lifeline)
        self._held_lifeline = hold(self._lifeline)
        self._backlog.clear()

    def _run_checks(self, application: Application) -> NoReturn:
        os.nice(10)  # whoever waits for a page goes first
        self.run_checks(application)
        end(0)

    def run_checks(self, application: Application) -> None:
        """Run the deferred checks and tell the keeper; on reloads it prints what is new in their output."""
        assert application.checks is not None
        output, failure = application.checks(self.first)
        self.send(msg.ChecksDone(output, failure))

    def wait(self, wake: int) -> bool:
        """Block until there is a message or `wake` is readable; true for a message."""
        if self._backlog:
            return True
        poll = select.poll()
        poll.register(self._endpoint.fileno(), select.POLLIN)
        poll.register(wake, select.POLLIN)
        return any(descriptor != wake for descriptor, _ in poll.poll())


class _Unbindable(OSError):
    """An address that no system call was even tried for; prints as its text alone."""
