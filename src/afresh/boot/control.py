"""The app process's side of the channel: it asks the keeper during the boot, and obeys it while serving.

The main thread is the control thread: it alone receives. Serving threads only send, and wait for an event where they
need an answer.
"""

import codecs
import importlib
import itertools
import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NoReturn, TypeAlias

from afresh.boot import collecting, silence
from afresh.boot.application import Application
from afresh.boot.checkpoint import Checkpoint, Child, Itself
from afresh.boot.descriptors import Given
from afresh.boot.ending import end, flush
from afresh.boot.renewal import Renewal, Spoilt, renew
from afresh.boot.sensors import sense
from afresh.channel import messages as msg
from afresh.channel.endpoint import Endpoint, app_endpoint, pair
from afresh.channel.lifeline import hold
from afresh.errors import Disconnected
from afresh.reload.journal import Entry, Exec, Read
from afresh.reload.orders import Patch

Patcher: TypeAlias = Callable[[Sequence[Patch]], None]

READ_SECONDS = 1.0


class Refusal(Exception):
    """The functions of `file` cannot be exchanged, for a `reason` in words."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class Control:
    """One app process and its keeper. `first`: nothing has been served yet under this keeper. `given`: the descriptors
    that the process was started with."""

    def __init__(self, channel: socket.socket, *, lifeline: int, first: bool, given: Given) -> None:
        self.first = first
        self._endpoint: Endpoint[msg.ToApp, msg.FromApp] = app_endpoint(channel)
        self._lifeline = lifeline
        self._held_lifeline = hold(lifeline)
        self._given = given
        self._renewals: tuple[Renewal, ...] = ()
        self.is_dormant = False
        # What to do about what a boot that was forked ahead of time will execute.
        self.expect: Callable[[Sequence[Exec]], object] = len
        # Closes what the project will open again by itself.
        self.before_fork: Callable[[], object] = bool
        self._asked: msg.Bind | None = None
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

    def try_send(self, message: msg.FromApp) -> bool:
        """Tell the keeper if that needs no waiting; from any thread. False where it would."""
        try:
            return self._endpoint.try_send(message)
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

    def request_reads(self, entry: Read) -> None:
        """A request is about to read a file: return when it is watched. Not for longer than a moment: its thread may
        hold a lock that the thread which hears the answer waits for."""
        ticket = next(self._tickets)
        covered = self._covered[ticket] = threading.Event()
        self.send(msg.RequestReads(entry, ticket))
        if not covered.wait(READ_SECONDS):
            self._covered.pop(ticket, None)

    def covered(self, ticket: int) -> None:
        """The keeper watches what this ticket stands for: whoever waits may go on."""
        event = self._covered.pop(ticket, None)
        if event is not None:
            event.set()

    # ---- asking -----------------------------------------------------------------------------------------------------

    def ask_to_bind(self, address: str, port: int, *, ipv6: bool) -> None:
        """Have the address bound while the project is being loaded; `bound` tells what came of it."""
        self._asked = msg.Bind(address, port, ipv6)
        self.send(self._asked)

    def bound(self) -> int:
        """The real port. Raises OSError as `bind()` would."""
        while True:
            message, descriptors = self.receive_raw()
            match message:
                case msg.Bound(real_port):
                    self._asked = None
                    return real_port
                case msg.BindFailed(errno, text):
                    raise OSError(errno, text) if errno > 0 else _Unbindable(text)
                case _:
                    self._backlog.append((message, descriptors))

    def claim(self) -> None:
        """Return when nobody under the keeper holds the command's address."""
        self.send(msg.Claim())
        while True:
            message, descriptors = self.receive_raw()
            if isinstance(message, msg.Yielded):
                return
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

    def obstacle(self) -> str:
        """Why this process must not be forked now, or an empty string."""
        self.before_fork()
        own = {self._endpoint.fileno(), self._lifeline, self._held_lifeline, *silence.held()}
        found = sense(self._given, frozenset(own))
        self._renewals = found.renewals
        return found.obstacle

    def leave_checkpoint(self, stood: msg.Stood) -> msg.Go | None:
        """Leave a dormant copy of this process behind and go on in a child: None there. Returns the keeper's orders in
        each process that is resumed from here later. Not while there is an `obstacle`."""
        ours, theirs = pair()
        with ours:
            self.send(stood, [ours.fileno()])
        checkpoint = Checkpoint(app_endpoint(theirs))
        if not checkpoint.stay():
            with suppress(Spoilt):  # those that are forked from the dormant process later find the same, and say so
                renew(self._renewals)
            self._renew_lifeline()
            self.send(msg.Here(os.getpid()))
            return None
        # The channel so far is the child's: the keeper must see it end when the child ends.
        self._endpoint.close()
        self.is_dormant = True
        child = checkpoint.stand()
        assert isinstance(child, Child), "in the middle of a boot nobody can serve"
        return self._go_on_as(child)

    def ready(self, application: Application, compiler: msg.Compiler | None, patch: Patcher) -> NoReturn:
        """The application is loaded and all it consumed was told: serve it, here or in forks. Ends the process.

        `patch` exchanges functions as ordered; it raises `Refusal`.
        """
        flush()  # what the start has printed is to be seen before anybody is answered
        why = self.obstacle()
        collecting.keep()  # first, or the next collection would look at all that the start has made
        collecting.as_before()
        self.send(
            msg.Ready(
                forks=not why,
                obstacle=why,
                checks=application.checks is not None,
                receivers=application.receivers,
                hosts=application.hosts,
                is_behind_proxy=application.names.is_behind_proxy,
                advice=application.advice,
                compiler=compiler,
                is_repeatable=application.is_repeatable,
            )
        )
        role = "server"
        if not why:
            match Checkpoint(self._endpoint, partial(_warm, application)).stand():
                case Child() as child:
                    role = child.role
                    self.obey(self._go_on_as(child), patch)
                case Itself(message, descriptors):
                    self.give_back(message, descriptors)
        if role == "checks":
            self._run_checks(application)
        from afresh.boot.server import serve

        serve(self, application)

    def obey(self, go: msg.Go, patch: Patcher) -> None:
        """Exchange what is to be exchanged, or let the keeper find another way and end."""
        try:
            patch(go.patches)
        except Refusal as refusal:
            self.give_up(refusal.file, refusal.reason)

    def give_up(self, file: str, reason: str) -> NoReturn:
        """Let the keeper find another way and end; without a `reason`, this one may still be the right one."""
        self.send(msg.Unpatchable(file, reason))
        flush()
        os._exit(0)

    def _go_on_as(self, child: Child) -> msg.Go:
        """In a forked child: a channel and a lifeline of its own, and the keeper's orders, which may come later."""
        self.is_dormant = False
        self._endpoint = app_endpoint(child.channel)
        self._backlog.clear()
        self._renew_lifeline()
        self.send(msg.Here(os.getpid()))
        while True:
            match self.receive_raw()[0]:
                case msg.Go() as go:
                    self.first = go.first
                    self._renew(child.role)
                    if self._asked is not None:
                        self.send(self._asked)  # the answer went to another process
                    return go
                case msg.Ahead(executions):
                    # `Go` may come meanwhile and waits for it: what is loaded here would be loaded after it.
                    self.expect(executions)
                case msg.Prefault(pid):
                    from afresh.boot.prefault import prefault

                    prefault(pid)
                case _:
                    os._exit(0)  # it was not needed after all

    def _renew(self, role: str) -> None:
        """Open again what would be shared with the other forks: now and not when this one was forked, for a log may
        have been renamed meanwhile. Nobody has moved the positions: the dormant process does nothing."""
        try:
            renew(self._renewals)
        except Spoilt as spoilt:
            if role == "checks":
                return  # they read and print, and nothing is answered from here
            self.send(msg.Spoilt(str(spoilt)))
            flush()
            os._exit(0)

    def _renew_lifeline(self) -> None:
        os.close(self._held_lifeline)
        self._held_lifeline = hold(self._lifeline)

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


def _warm(application: Application, modules: Sequence[str]) -> None:
    """In a ready checkpoint, while nobody waits: do once what each of its children would have to."""
    import afresh.boot.patch
    import afresh.boot.prefault  # noqa: F401

    codecs.lookup("unicode_escape")  # the access log's

    import_needed(modules)
    application.warm()


def import_needed(modules: Sequence[str]) -> None:
    """Import what requests would have to."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:  # the request that needs it will say so
            continue
