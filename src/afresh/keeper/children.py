"""Processes and their channels as the keeper holds them: starting, sending without blocking, ending, reaping."""

import contextlib
import ctypes
import os
import select
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from afresh.channel.endpoint import Endpoint, keeper_endpoint
from afresh.channel.messages import FromApp, ToApp
from afresh.errors import Disconnected

CHANNEL_VARIABLE = "AFRESH_CHANNEL"
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def become_subreaper(wanted: bool = True) -> None:
    """Make orphans of this process's descendants its children, so that their status is known and no zombie stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)


def reap() -> list[tuple[int, int]]:
    """(pid, exit code) of every child that has ended; the code as of `os.waitstatus_to_exitcode`."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, os.waitstatus_to_exitcode(status)))


def spawn(command: Sequence[str], environ: Mapping[str, str], channel: socket.socket) -> int:
    """Start `command` with one more descriptor than the keeper was given: its channel. Returns the process id.

    It stays in the keeper's process group: one in a group of its own is stopped by SIGTTIN at `input()`.
    """
    number = channel.fileno()
    return os.posix_spawn(
        command[0],
        list(command),
        {**environ, CHANNEL_VARIABLE: str(number)},
        # Duplicating a descriptor onto itself clears close-on-exec in the child alone (posix_spawn of glibc and musl).
        file_actions=[(os.POSIX_SPAWN_DUP2, number, number)],
        setsigmask=(),
        # Python ignores two of these, the keeper the third; the project's interpreter decides about them anew, and its
        # C children need them.
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTIN),
    )


def spawn_apart(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Start a command that is the user's own from then on: in a session of its own, away from the terminal."""
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    return os.posix_spawnp(command[0], list(command), environ, file_actions=null, setsid=True, setsigmask=())


class Link:
    """The keeper's end of one process's channel. Never blocks: what does not fit is kept and sent when there is room.

    Descriptors in a waiting message are duplicated, since the caller may close its own meanwhile.
    """

    def __init__(self, sock: socket.socket, want_write: Callable[[bool], None]) -> None:
        sock.setblocking(False)
        self._endpoint: Endpoint[FromApp, ToApp] = keeper_endpoint(sock)
        self._queue: deque[tuple[ToApp, list[int]]] = deque()
        self._want_write = want_write

    def __repr__(self) -> str:
        return f"<Link {self._endpoint!r} waiting={len(self._queue)}>"

    def fileno(self) -> int:
        return self._endpoint.fileno()

    @property
    def waiting(self) -> int:
        """How many messages the process has not made room for."""
        return len(self._queue)

    def send(self, message: ToApp, descriptors: Sequence[int] = ()) -> None:
        """Send or keep; a process that is gone is noticed by its reader, so nothing is raised."""
        if not self._queue:
            try:
                self._endpoint.send(message, descriptors)
                return
            except BlockingIOError:
                self._want_write(True)
            except Disconnected:
                return
        self._queue.append((message, [os.dup(descriptor) for descriptor in descriptors]))

    def flush(self) -> None:
        """There is room again."""
        while self._queue:
            message, descriptors = self._queue[0]
            try:
                self._endpoint.send(message, descriptors)
            except BlockingIOError:
                return
            except (Disconnected, OSError):  # one that cannot be sent at all must not keep those behind it
                pass
            self._queue.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        self._want_write(False)

    def receive(self) -> tuple[FromApp, list[int]] | None:
        """The next message, or None when there is none now; raises Disconnected at the end."""
        try:
            return self._endpoint.receive()
        except BlockingIOError:
            return None

    def close(self) -> None:
        for _, descriptors in self._queue:
            for descriptor in descriptors:
                os.close(descriptor)
        self._queue.clear()
        self._endpoint.close()


def kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def await_end(pid: int, seconds: float) -> None:
    """Wait for a child that is about to end; it is killed where that takes longer."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    if not poll.poll(1000 * seconds):
        kill(pid, signal.SIGKILL)
    os.close(pidfd)
