"""Asking the project's receivers of Django's `file_changed`, in the order of the edits, on a thread of their own.

Not on the main thread: that one obeys the keeper, and a receiver that never returns would hold the requests that this
server has parked at the gate, which it must let go or hand over.
"""

import queue
import threading
from collections.abc import Callable, Sequence

from afresh.boot.control import Control
from afresh.channel import messages as msg


class Receivers:
    """The receivers behind `ask`, which says who has dealt with each path. None: there are none."""

    def __init__(self, control: Control, ask: Callable[[Sequence[str]], Sequence[msg.Dealt]] | None) -> None:
        self._control = control
        self._ask = ask
        self._questions: queue.SimpleQueue[msg.FileChanged] = queue.SimpleQueue()
        self._is_started = False

    def put(self, question: msg.FileChanged) -> None:
        """Answer the keeper in the background; from the main thread only."""
        self._questions.put(question)
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=self._answer, name="afresh-receivers", daemon=True).start()

    def _answer(self) -> None:
        while True:
            question = self._questions.get()
            nobody = [msg.Dealt.BY_NOBODY] * len(question.paths)
            dealt = nobody if self._ask is None else self._ask(question.paths)
            self._control.send(msg.FileChangedAnswer(question.ticket, tuple(dealt)))
