"""The connections that a server owns, and which of them the poller reports."""

import select
from collections.abc import Callable, Iterator

from afresh.serve.connection import Connection, Phase
from afresh.serve.poller import Poller


class Roster:
    """The connections by descriptor. For the thread that leads."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._connections: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections.values())

    def get(self, descriptor: int) -> Connection | None:
        return self._connections.get(descriptor)

    def those(self, condition: Callable[[Connection], bool]) -> list[Connection]:
        """The connections that meet a condition; a list, because what is done with them changes the roster."""
        return [connection for connection in self._connections.values() if condition(connection)]

    def add(self, connection: Connection) -> None:
        self._connections[connection.descriptor] = connection

    def watch(self, connection: Connection) -> None:
        """Have it reported when there is something to read."""
        self._watch_for(connection, select.EPOLLIN)

    def watch_room(self, connection: Connection) -> None:
        """Have it reported when it takes more, and not when there is something to read."""
        self._watch_for(connection, select.EPOLLOUT)

    def _watch_for(self, connection: Connection, events: int) -> None:
        before, connection.watched_for = connection.watched_for, events
        if not before:
            self._poller.watch(connection.descriptor, events)
        elif before != events:
            self._poller.watch_instead(connection.descriptor, events)

    def unwatch(self, connection: Connection) -> None:
        """Have it reported no more: level-triggered, what nobody reads would be reported without end."""
        if connection.watched_for:
            connection.watched_for = 0
            self._poller.forget(connection.descriptor)

    def release(self, connection: Connection) -> None:
        """Forget it without closing it."""
        self.unwatch(connection)
        connection.phase = Phase.GONE
        del self._connections[connection.descriptor]

    def close_all(self) -> None:
        """Close every connection; one that is being answered is cut, for the thread that answers to close it."""
        for connection in self._connections.values():
            if connection.phase is Phase.ANSWERING:
                connection.cut()
            else:
                connection.close()
