"""Questions to the application: passed on, answered in pieces, or declined."""

from typing import Any

import msgspec
import pytest

from afresh.channel import messages as msg
from afresh.keeper.inquiries import Inquiries


class Desk:
    def __init__(self) -> None:
        self.inquiries = Inquiries()
        self.sent: list[msg.ToApp] = []
        self.answers: list[tuple[Any, str]] = []

    def reply(self, value: Any = None, error: str = "") -> None:
        self.answers.append((value, error))

    def ask(self, value: Any, handle: int | None = 1) -> None:
        self.inquiries.ask(value, self.reply, handle, self.sent.append)


def test_an_answer_in_pieces_is_one_answer() -> None:
    desk = Desk()
    desk.ask({"topic": "resolve", "argument": "/tea"})
    assert desk.sent == [msg.Inquire(1, "resolve", "/tea")]
    desk.inquiries.answered(msg.Answered(1, b'{"a":', more=True))
    assert desk.answers == []
    desk.inquiries.answered(msg.Answered(1, b"1}", more=False))
    assert msgspec.json.encode(desk.answers[0][0]) == b'{"a":1}'


@pytest.mark.parametrize(
    "value", [None, 7, {}, {"topic": "__import__"}, {"topic": "routes", "argument": 3}, {"topic": ["routes"]},
              {"topic": "resolve", "argument": "/" * 5000}]
)  # fmt: skip
def test_what_is_no_question_is_declined(value: Any) -> None:
    desk = Desk()
    desk.ask(value)
    assert desk.sent == []
    assert desk.answers[0][1] == "There is no such question."


def test_without_an_application_there_is_nobody_to_ask() -> None:
    desk = Desk()
    desk.ask({"topic": "routes"}, handle=None)
    assert "does not answer" in desk.answers[0][1]


def test_whoever_was_asked_and_ends_leaves_nobody_waiting() -> None:
    desk = Desk()
    desk.ask({"topic": "routes"}, handle=1)
    desk.ask({"topic": "settings"}, handle=2)
    desk.inquiries.gone(1)
    assert len(desk.answers) == 1
    assert "replaced" in desk.answers[0][1]
    desk.inquiries.answered(msg.Answered(1, b"{}", more=False))
    assert len(desk.answers) == 1
