"""Questions of the dashboard that only the application's process can answer, and who waits for them."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from afresh.channel import messages as msg
from afresh.keeper.actions import Reply

TOPICS = frozenset({"modules", "routes", "resolve", "settings", "migrations"})
_LONGEST = 4000


class _Open(msgspec.Struct):
    handle: int
    reply: Reply
    pieces: list[bytes] = msgspec.field(default_factory=list)


class Inquiries:
    """Keeps replies until the answers are there, or the process is gone."""

    def __init__(self) -> None:
        self._tickets = itertools.count(1)
        self._open: dict[int, _Open] = {}

    def __repr__(self) -> str:
        return f"<Inquiries open={sorted(self._open)}>"

    def ask(self, value: Any, reply: Reply, handle: int | None, send: Callable[[msg.ToApp], None]) -> None:
        """Pass a question on to the process `handle`. `value` is not trusted."""
        topic, argument = (value.get("topic"), value.get("argument", "")) if isinstance(value, dict) else (None, None)
        if (
            not isinstance(topic, str)
            or topic not in TOPICS
            or not isinstance(argument, str)
            or len(argument) > _LONGEST
        ):
            reply(error="There is no such question.")
        elif handle is None:
            reply(error="The application does not answer at the moment: it is being loaded, or it has failed.")
        else:
            ticket = next(self._tickets)
            self._open[ticket] = _Open(handle, reply)
            send(msg.Inquire(ticket, topic, argument))

    def answered(self, message: msg.Answered) -> None:
        """A piece of an answer has come."""
        question = self._open.get(message.ticket)
        if question is None:
            return
        question.pieces.append(message.data)
        if not message.more:
            del self._open[message.ticket]
            question.reply(msgspec.Raw(b"".join(question.pieces)))

    def gone(self, handle: int) -> None:
        """A process has ended: what it was asked stays without an answer."""
        for ticket in [ticket for ticket, question in self._open.items() if question.handle == handle]:
            self._open.pop(ticket).reply(error="The process that was asked was replaced by new code: ask again.")
