"""Every error Afresh raises on purpose, in families by whose fault it is.

Must live here: the exceptions that cross rooms, each with a hint that says what to do next.
Must not know: any room. Errors of the user's project are values (`afresh.channel.messages.Failure`), not exceptions,
because they travel between processes.
"""


class AfreshError(Exception):
    """Base of all errors raised on purpose. `str()` says what happened and why; `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AfreshError):
    """The command line, an environment variable or pyproject.toml asks for something that cannot be."""


class ClientFault(AfreshError):
    """The peer of a connection broke the protocol; the answer is a 4xx or a close."""


class Disconnected(AfreshError):
    """The other end of a channel is gone."""
