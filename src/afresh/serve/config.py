"""What a server is told once, as values."""

from collections.abc import Mapping

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Bounds of a request, in bytes and fields; the first two are those of Python's `http.server`. `body`: 0, none."""

    request_line: int = 65_536
    fields: int = 100
    head: int = 131_072
    body: int = 0


NO_LIMIT = 0.0


class Config(msgspec.Struct, frozen=True):
    """How to serve. Sizes in bytes, times in seconds.

    `threads`: False answers one request at a time and closes after each (Django's `--nothreading`).
    `server_name`, `server_port`, `software`, `multithread`, `multiprocess`: the environ's values of these names.
    `spool_limit`: request bodies up to this are collected before the application is called; longer ones it reads from
    the connection; chunked ones longer than this go through a temporary file.
    `unread_limit`: what an answer left unread of its request's body is dropped up to this, else the connection closes.
    `takeover_after`: an answer that takes longer loses the waiting thread's role to a spare one.
    `calm_after`: so long after that, requests go to other threads at once.
    `spare_threads`: idle threads kept. `most_threads`: answers at a time; more wait in order of arrival.
    `linger`: how long a connection is read on after its last response, so that the response is not lost to a reset.
    `head_wait`: how long a head may take from its first byte on. `body_wait`: how long a body may bring nothing.
    `idle`: how long a connection may wait for its next request. Each `NO_LIMIT` for as long as it likes.
    `connections`: so many are held; fewer where descriptors are scarcer.
    """

    threads: bool = True
    server_name: str = "localhost"
    server_port: int = 8000
    software: str = "Afresh"
    multithread: bool = True
    multiprocess: bool = False
    limits: Limits = msgspec.field(default_factory=Limits)
    spool_limit: int = 1 << 20
    unread_limit: int = 1 << 18
    takeover_after: float = 0.005
    calm_after: float = 0.05
    spare_threads: int = 8
    most_threads: int = 512
    linger: float = 1.0
    head_wait: float = 60.0
    body_wait: float = 60.0
    idle: float = NO_LIMIT
    connections: int = 2000

    def limited(self, options: Mapping[str, float]) -> "Config":
        """This, with the limits of these options (`afresh.options.table`, `LIMITS`); without any, as it is."""
        if not options:
            return self
        limits = msgspec.structs.replace(
            self.limits,
            head=int(options["max_head"]),
            fields=int(options["max_fields"]),
            body=int(options["max_body"]),
        )
        return msgspec.structs.replace(
            self,
            limits=limits,
            spool_limit=int(options["max_spool"]),
            most_threads=int(options["max_threads"]),
            head_wait=options["head_wait"],
            body_wait=options["body_wait"],
            idle=options["idle"],
            connections=int(options["max_connections"]),
        )
