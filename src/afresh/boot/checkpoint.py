"""The checkpoint: a boot that stays behind, dormant, and forks those who go on. The only place that forks."""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence

import msgspec

from afresh import native
from afresh.boot import collecting
from afresh.boot.ending import end, flush, forget_exit_handlers
from afresh.channel import messages as msg
from afresh.channel.endpoint import Endpoint
from afresh.errors import Disconnected

# What ends a whole group: Ctrl+C, the end of a job or a container, a terminal that closes.
HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child(msgspec.Struct, frozen=True):
    """What a forked child finds itself to be."""

    role: str
    channel: socket.socket


class Itself(msgspec.Struct, frozen=True):
    """The dormant process is to be the server, and dormant no more: the keeper's message, and its descriptors."""

    message: msg.Serve
    descriptors: list[int]


class Checkpoint:
    """A dormant process. Single-threaded; `stand` returns in the children, and where the process itself is to serve.

    `warm`: imports what requests would have to import otherwise.
    """

    def __init__(
        self, endpoint: Endpoint[msg.ToApp, msg.FromApp], warm: Callable[[Sequence[str]], object] = len
    ) -> None:
        self._endpoint = endpoint
        self._warm = warm
        self._children: dict[int, int] = {}  # pidfd -> pid
        self._poll = select.poll()
        signals = (*HANDLED, signal.SIGCHLD)
        self._before = {number: signal.getsignal(number) or signal.SIG_DFL for number in signals}

    def __repr__(self) -> str:
        return f"<Checkpoint pid={os.getpid()} children={sorted(self._children.values())}>"

    def stay(self) -> bool:
        """Fork: true in the dormant process that stays, false in the child that goes on as the boot it was."""
        began = native.monotonic()
        collecting.keep()
        # Whoever stays is deaf to these from its first moment; the keeper, which got them too, ends everybody.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        self._hear_of_children()
        pid = self._fork()
        if pid:
            took = native.monotonic() - began
            self._go_deaf()
            self._endpoint.send(msg.Continued(pid, took))
        else:
            signal.signal(signal.SIGCHLD, self._before[signal.SIGCHLD])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        return pid != 0

    def stand(self) -> Child | Itself:
        """Wait for the keeper's word; returns in each child that is forked, and in the dormant process itself only if
        it is to serve before anybody was forked from it."""
        self._go_deaf()
        self._poll.register(self._endpoint.fileno(), select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._children:
                    self._report(descriptor)
                elif (found := self._obey()) is not None:
                    return found

    def _go_deaf(self) -> None:
        # Ctrl+C reaches the whole group, and so does what ends a job or a container; the keeper ends everybody in
        # order. Not SIG_IGN: that a program which a view starts would inherit.
        for number in HANDLED:
            if self._before[number] is not signal.SIG_IGN:  # as under nohup, and so it stays
                signal.signal(number, lambda *_: None)
        self._hear_of_children()

    def _hear_of_children(self) -> None:
        # Of a process whose parent ignores SIGCHLD the kernel forgets how it ended (wait(2)), and a handler of the
        # project's may ask before us. From before the fork: the child may end at once.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _obey(self) -> Child | Itself | None:
        try:
            message, descriptors = self._endpoint.receive()
        except Disconnected:
            os._exit(0)
        match message:
            case msg.Fork(role, handle):
                return self._fork_child(role, handle, socket.socket(fileno=descriptors[0]))
            case msg.Warm(modules):
                self._warm(modules)
                collecting.keep()
                return None
            case msg.Serve():
                self._wake("server")
                return Itself(message, descriptors)
            case msg.Stop():
                end(0, self._tell)
            case _:
                return None

    def _tell(self, message: msg.FromApp) -> None:
        try:
            self._endpoint.send(message)
        except Disconnected:
            pass  # the keeper has gone first

    def _fork_child(self, role: str, handle: int, channel: socket.socket) -> Child | None:
        pid = self._fork()
        if pid == 0:
            self._wake(role)
            return Child(role, channel)
        channel.close()
        self._endpoint.send(msg.Forked(handle, pid))
        return None

    def _wake(self, role: str) -> None:
        for number, handler in self._before.items():
            # A server is not to be interrupted by what ends its keeper.
            if role == "boot" or number != signal.SIGINT:
                signal.signal(number, handler)

    def _fork(self) -> int:
        flush()  # else text that waits in a buffer is written by both
        pid = fork_quietly()
        if pid == 0:
            for descriptor in self._children:
                os.close(descriptor)
            self._children.clear()
            self._endpoint.close()
            forget_exit_handlers()
            return 0
        # A zombie keeps its pid, so there is no race between the child's end and this open (pidfd_open(2)).
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._poll.register(pidfd, select.POLLIN)
        return pid

    def _report(self, pidfd: int) -> None:
        pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:
            status = 0  # somebody else has asked, and the kernel tells it once
        self._endpoint.send(msg.ChildEnded(pid, status))


def fork_quietly() -> int:
    """As os.fork(), without the warning that there are threads: those that a fork may lose are asked about before.

    Where warnings are errors, a process with threads cannot fork at all since 3.15. The filter is put in place without
    Python's being told of it, which would make it show once more what it has shown.
    """
    filters = getattr(sys.modules.get("warnings"), "filters", [])
    quiet = ("ignore", None, DeprecationWarning, None, 0)
    filters.insert(0, quiet)
    try:
        return os.fork()
    finally:
        filters.remove(quiet)
