"""A debugger's client: the Debug Adapter Protocol as far as it takes to follow processes and to stop in them."""

import json
import queue
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from afresh.testing.deadline import PATIENCE, Deadline

POLLING = 0.05


class Client:
    """Attaches to a `debugpy` and to every process that it tells of, and sets breakpoints in `file` in each.

    Where a process stops is put into `stops` as a line number, and it goes on when `may_go_on` is set.
    """

    def __init__(self, port: int, file: Path, lines: Sequence[int]) -> None:
        self.stops: queue.Queue[int] = queue.Queue()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._file = file
        self._lines = lines
        self._connections: list[_Connection] = []
        self._follow({"connect": {"host": "127.0.0.1", "port": port}, "justMyCode": False, "subProcess": True})

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def _follow(self, configuration: dict[str, Any]) -> None:
        threading.Thread(target=self._converse, args=(configuration,), daemon=True).start()

    def _converse(self, configuration: dict[str, Any]) -> None:
        sock = _connect((configuration["connect"]["host"], configuration["connect"]["port"]))
        connection = _Connection(sock)
        self._connections.append(connection)
        with sock, suppress(OSError, ValueError), sock.makefile("rb") as incoming:
            connection.ask("initialize", adapterID="test", pathFormat="path")
            connection.ask("attach", **configuration)
            while True:
                self._received(connection, _read(incoming))

    def _received(self, connection: "_Connection", message: dict[str, Any]) -> None:
        match message:
            case {"event": "initialized"}:
                lines = [{"line": line} for line in self._lines]
                connection.ask("setBreakpoints", source={"path": str(self._file)}, breakpoints=lines)
                connection.ask("configurationDone")
            case {"event": "debugpyAttach", "body": configuration}:
                self._follow(configuration)
            case {"event": "stopped", "body": {"threadId": thread}}:
                connection.stopped = thread
                connection.ask("stackTrace", threadId=thread, levels=1)
            case {"event": "terminated"}:
                connection.close()
            case {"command": "stackTrace", "body": {"stackFrames": [frame, *_]}}:
                self.stops.put(frame["line"])
                assert self.may_go_on.wait(PATIENCE)
                connection.ask("continue", threadId=connection.stopped)


class _Connection:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._number = 0
        self.stopped = 0

    def ask(self, command: str, **arguments: Any) -> None:
        self._number += 1
        request = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        self._sock.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def close(self) -> None:
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


def _read(incoming: Any) -> dict[str, Any]:
    length = 0
    while line := incoming.readline().strip():
        length = int(line.partition(b":")[2])
    message: dict[str, Any] = json.loads(incoming.read(length))
    return message


def _connect(address: tuple[str, int]) -> socket.socket:
    """Connect as soon as somebody listens: debugpy does not say when."""
    deadline = Deadline(PATIENCE)
    while True:
        try:
            return socket.create_connection(address)
        except ConnectionRefusedError:
            assert not deadline.passed(), f"nobody listens at {address}"
            threading.Event().wait(POLLING)
