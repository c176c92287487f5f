"""Asking the keeper from a view's thread, and waiting for its answer."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from afresh.channel import messages as msg
from afresh.errors import AfreshError

PATIENCE = 30.0
"""Seconds. An action that takes longer answers at once and tells the rest as news."""


class Declined(AfreshError):
    """The keeper does not do it; the message says why."""


class _Question:
    def __init__(self) -> None:
        self.answered = threading.Event()
        self.pieces: list[bytes] = []
        self.error = ""


class Keeper:
    """The keeper, as views see it."""

    def __init__(self, send: Callable[[msg.FromApp], None]) -> None:
        self._send = send
        self._tickets = itertools.count(1)
        self._open: dict[int, _Question] = {}

    def __repr__(self) -> str:
        return f"<Keeper open={sorted(self._open)}>"

    def ask(self, action: str, value: Any = None, within: float = PATIENCE) -> bytes:
        """Have an entry of `afresh.keeper.actions` done; its answer as JSON. Raises Declined."""
        ticket = next(self._tickets)
        question = self._open[ticket] = _Question()
        try:
            self._send(msg.Asked(ticket, action, msgspec.json.encode(value)))
            if not question.answered.wait(within):
                raise Declined(f"There was no answer within {within:.0f} seconds.", "Look at the terminal.")
        finally:
            del self._open[ticket]
        if question.error:
            raise Declined(question.error)
        return b"".join(question.pieces)

    def told(self, message: msg.Told) -> None:
        """On the thread that receives: a piece of an answer. Who asked may have given up."""
        question = self._open.get(message.ticket)
        if question is None:
            return
        question.pieces.append(message.data)
        if not message.more:
            question.error = message.error
            question.answered.set()
