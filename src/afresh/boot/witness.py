"""What a serving process tells of its requests: collected at no cost worth naming, passed on now and then."""

import threading

from afresh import native
from afresh.boot.control import Control
from afresh.channel import messages as msg
from afresh.record.outbox import Outbox
from afresh.record.rows import REACHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ChannelWitness(Outbox):
    """A witness (`afresh.serve.witness`) whose events go to the keeper."""

    def __init__(self, control: Control, view_of: "Callable[[object], str]") -> None:
        super().__init__(view_of)
        self._control = control
        self._telling = threading.Lock()  # else two batches could overtake each other

    def tell(self) -> None:
        """Pass on what there is, as far as the keeper listens; from any thread."""
        with self._telling:
            while rows := self.take():
                if not self._control.try_send(msg.Happened(rows)):
                    self.put_back(rows)
                    return

    def tell_all(self) -> None:
        """Pass on what there is, however long that takes: the process is about to end."""
        with self._telling:
            while rows := self.take():
                self._control.send(msg.Happened(rows))


def reached(control: Control, stage: str, details: str) -> None:
    """Tell the keeper that the boot has come past a stage (`afresh.record.events.Reached`)."""
    control.send(msg.Happened(((REACHED, native.monotonic_ns(), stage, details),)))
