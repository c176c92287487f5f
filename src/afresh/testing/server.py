"""A started web server: a command, the address it told, and a client for it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from afresh.testing.client import SYSTEM_CHOOSES, Answer, exchange, fetch, is_refused
from afresh.testing.deadline import PATIENCE
from afresh.testing.running import Running, started

ANNOUNCEMENT = r"https?://(?P<host>\[[^\]]+\]|[^\s:/]+):(?P<port>\d+)/\s"
"""The part of a banner that says where the server listens, as Django's runserver and Afresh print it."""


class Server:
    """A running command that serves at `address` (the host as a client reaches it, the real port)."""

    def __init__(self, running: Running, host: str, port: int) -> None:
        self.running = running
        self.out = running.out
        self.err = running.err
        self.announced = host
        self.port = port
        self.address = (_reachable(host), port)

    def get(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within: float = PATIENCE,
    ) -> Answer:
        """One request on a connection of its own."""
        return fetch(self.address, path, method=method, headers=headers, body=body, within=within)

    def exchange(self, data: bytes, *, half_close: bool = False, within: float = PATIENCE) -> bytes:
        """Raw bytes there and back on a connection of its own, until the server closes it."""
        return exchange(self.address, data, half_close=half_close, within=within)

    def stop(self) -> int:
        """Ctrl+C; the exit status, once no process is left and the port is free."""
        self.running.interrupt()
        return self.wait_stopped()

    def wait_stopped(self) -> int:
        """Wait for the end by itself; the exit status, once no process is left and a port that was chosen is free."""
        status = self.running.wait_exit()
        self.running.wait_alone()
        is_free = self.port >= SYSTEM_CHOOSES or is_refused(self.address)
        assert is_free, f"port {self.port} still answers\n{self.running.told()}"
        return status

    def __repr__(self) -> str:
        return f"<Server {self.address[0]}:{self.port} {self.running!r}>"


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))


@contextmanager
def started_server(
    command: Sequence[str],
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    terminal: bool = False,
    announcement: str = ANNOUNCEMENT,
    within: float = PATIENCE,
) -> Iterator[Server]:
    """Start a command as `afresh.testing.running.started` does, wait until it says where it serves, and yield it.

    `announcement`: regular expression with the groups `host` and `port`, looked for in the standard output.
    """
    with started(command, cwd=cwd, env=env, terminal=terminal) as running:
        try:
            told = running.out.wait_for(announcement, within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{running.told()}") from None
        yield Server(running, told["host"], int(told["port"]))
