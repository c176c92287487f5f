"""What happens to a server, as values. Times are nanoseconds of CLOCK_MONOTONIC, which all processes share."""

from typing import TypeAlias

import msgspec

from afresh.record import rows


class _Event(msgspec.Struct, frozen=True, array_like=True, tag=str.lower, gc=False):
    """Base: what happened, and when."""

    at: int


class CommandRun(_Event):
    """The user has run the command. `took`: nanoseconds from the start of its process until Afresh began to load."""

    command: str
    took: int


class BootBegan(_Event):
    """A process begins, or goes on from a checkpoint, to load the project as `generation`."""

    generation: int


class Reached(_Event):
    """A boot has come past a stage: "settings", "routing" or "application". `details`: what was loaded, in words."""

    stage: str
    details: str


class Listening(_Event):
    """Requests are answered from now on, for the first time. `address`: host and port."""

    address: str


class Received(_Event):
    """A request's head is complete and the request may be answered. `request`: its number in the process it is in.

    `port`: the client's, by which whoever sent the request finds it; 0 if not known. `took`: nanoseconds from the first
    byte of the head to the last, -1 if not known.
    """

    request: int
    method: str
    target: str
    port: int = 0
    took: int = -1


class Processed(_Event):
    """The application has returned. `view`: the function that matched, or an empty string. `status`: 0 if not known."""

    request: int
    view: str
    status: int


class Sent(_Event):
    """The response is sent. `length`: bytes of its body."""

    request: int
    status: int
    length: int


class Cut(_Event):
    """The exchange ended without a whole response; `why` in words."""

    request: int
    why: str


class Skipped(_Event):
    """So many requests were answered and not recorded: there were too many at once."""

    count: int


class Edited(_Event):
    """An edit was decided: its code will be `generation`. `way`: how; `place`: what was edited."""

    generation: int
    way: str
    place: str


class Answering(_Event):
    """The generation answers."""

    generation: int


class BootFailed(_Event):
    """A generation cannot answer; `title` says why in one line. An error page is answered in its place."""

    generation: int
    title: str


class ProcessEnded(_Event):
    """The process that told events is gone; what it was answering is lost."""

    how: str


class Stopped(_Event):
    """The server has stopped; `cause`: who wanted it."""

    cause: str


Event: TypeAlias = (
    CommandRun
    | BootBegan
    | Reached
    | Listening
    | Received
    | Processed
    | Sent
    | Cut
    | Skipped
    | Edited
    | Answering
    | BootFailed
    | ProcessEnded
    | Stopped
)


def read(row: rows.Row) -> Event:
    """The event that a process has told as a row; raises ValidationError where it is none."""
    event: Event = msgspec.convert(row, Event)
    return event
