"""A server that the project brings itself (daphne, uvicorn, a `server_cls`), known by what it does: it binds.

The keeper holds the command's address from the first moment on. When the project's own code is about to bind it, the
keeper lets go of it first; from then on this process is only watched, and started again after an edit. Code that only
tries whether the port is free, and comes to Afresh's server after all, gets that.
"""

import os
import select
import signal
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from afresh.boot import observe
from afresh.boot.control import Control
from afresh.boot.ending import end
from afresh.channel import messages as msg
from afresh.channel.listening import listening_inodes

EXCHANGED = (
    "{} has taken the place of Python's threads and sockets: Django's own server answers. An edit ends it and starts "
    "it again, and requests meanwhile are refused."
)
DEFAULT_PORT = 8000  # Django's, and gunicorn's and uvicorn's
Ask: TypeAlias = Callable[[Sequence[str]], Sequence[msg.Dealt]]
LOOK_EVERY = 0.02  # seconds, for as long as the project's server takes to start


def _nobody(paths: Sequence[str]) -> Sequence[msg.Dealt]:
    return [msg.Dealt.BY_NOBODY] * len(paths)


class Hooks(msgspec.Struct, frozen=True):
    """What a framework does for a server of the project's own: `claimed`, before it binds; `begin`, when it answers,
    which returns whom to ask about changed files (see `Application.file_changed`), and whether the project itself has
    receivers for them."""

    claimed: Callable[[], object] = lambda: None
    begin: Callable[[], tuple[Ask, bool]] = lambda: (_nobody, False)


class OwnServer:
    """Waits for the project to bind `port`: that of the command, None while it is not known.

    `serves`: what to do when it answers. The thread that obeys the keeper then is this one's, since the project's
    server has the main thread.
    """

    def __init__(self, control: Control, port: int | None, serves: Callable[[], object]) -> None:
        self.port = port
        self.hooks = Hooks()
        # What there is to say of it, if not that the command brings it.
        self.why = ""
        # Whether this process has the address, or is about to.
        self.has_claimed = False
        self._control = control
        self._serves = serves
        self._socket: Callable[[], socket.socket | None] = lambda: None
        self._thread: threading.Thread | None = None
        self._over = -1
        observe.also("socket.bind", self._binds)

    def __repr__(self) -> str:
        return f"<OwnServer port={self.port} has_claimed={self.has_claimed}>"

    def claim(self, *, is_elsewhere: bool = False) -> None:
        """Have the keeper let go of the address. `is_elsewhere`: it is another process that will bind it."""
        if self.has_claimed:
            return
        self.has_claimed = True
        self._control.claim()
        self.hooks.claimed()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: end(0))
        self._over = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        arguments = (is_elsewhere,)
        self._thread = threading.Thread(target=self._attend, args=arguments, name="afresh-control", daemon=True)
        self._thread.start()

    def give_back(self) -> None:
        """The project has come to Afresh's server: this process obeys the keeper by itself again."""
        if self._thread is None:
            return
        os.eventfd_write(self._over, 1)
        self._thread.join()
        self._thread = None
        os.close(self._over)
        self.has_claimed = False

    def _binds(self, arguments: tuple[Any, ...]) -> None:
        """Of the audit event, on the thread that binds and before it does."""
        sock, address = arguments
        is_of_network = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
        if is_of_network and self.port is not None and address[1] == self.port:
            self._socket = _reference(sock)
            self.claim()

    def _attend(self, is_elsewhere: bool) -> None:
        if not self._await_listening(is_elsewhere):
            return
        self._serves()
        ask, receivers = self.hooks.begin()
        self._control.send(msg.ServesByItself(receivers, self.why))
        while self._over not in _readable([self._control.fileno(), self._over]):
            match self._control.receive_raw()[0]:
                case msg.FileChanged(ticket, paths):
                    self._control.send(msg.FileChangedAnswer(ticket, tuple(ask(paths))))
                case msg.Covered(ticket):
                    self._control.covered(ticket)
                case _:
                    pass

    def _await_listening(self, is_elsewhere: bool) -> bool:
        """True when connections are accepted, false when this process is to obey by itself again."""
        while not _readable([self._over], LOOK_EVERY):
            if _is_listening(self._socket()) or (is_elsewhere and listening_inodes(self.port or DEFAULT_PORT)):
                return True
        return False


def _readable(descriptors: list[int], seconds: float | None = None) -> list[int]:
    """Not by `poll`, which eventlet takes away: of `select` it has one that lets others go on meanwhile."""
    return select.select(descriptors, [], [], seconds)[0]


def _reference(sock: socket.socket) -> Callable[[], socket.socket | None]:
    """Without keeping it alive: what nobody holds any more is closed, and the address free again."""
    try:
        return weakref.ref(sock)
    except TypeError:  # a bare `_socket.socket`, which nobody makes to try a port
        return lambda: sock


def _is_listening(sock: socket.socket | None) -> bool:
    try:
        return sock is not None and bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False  # closed: it was to see whether the port is free
