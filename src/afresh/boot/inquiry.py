"""Questions about the application, asked by the keeper for whoever looks at the dashboard.

Answered on a thread of their own: the main thread goes on obeying, and what is asked may have to import modules, which
the main thread has to confirm.
"""

import threading

from afresh.boot.application import Application
from afresh.boot.control import Control
from afresh.channel import messages as msg

PIECE = 150_000  # bytes; a packet holds no more than 200,000


def answer(control: Control, application: Application, question: msg.Inquire) -> None:
    """Answer in the background."""
    arguments = (control, application, question)
    threading.Thread(target=_answer, args=arguments, name="afresh-inquiry", daemon=True).start()


def _answer(control: Control, application: Application, question: msg.Inquire) -> None:
    for data, more in pieces(_told(application, question)):
        control.send(msg.Answered(question.ticket, data, more))


def _told(application: Application, question: msg.Inquire) -> bytes:
    try:
        if question.topic == "modules":
            from afresh.boot.timing import told

            return told()
        return application.topics(question.topic, question.argument) or b"null"
    except Exception as exc:
        # The project's own code is asked: a value may fail to be shown, a database to answer.
        import msgspec

        return msgspec.json.encode({"error": f"{type(exc).__name__}: {exc}"})


def pieces(data: bytes) -> list[tuple[bytes, bool]]:
    """Cut to what a packet holds; with each piece, whether another follows."""
    cut = [data[start : start + PIECE] for start in range(0, len(data), PIECE)] or [b""]
    return [(piece, index < len(cut) - 1) for index, piece in enumerate(cut)]
