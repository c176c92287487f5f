"""Edits on their way to a decision, as values: which one is in hand, what the project was asked, what its answer means.

Pure. Must live here: the order of edits, and what an answer about some paths means for a decision about all of them.
Must not know: processes, timers, how a plan is made.

Edits are decided one after the other: the project's answer is about the server that answers now, and the next edit may
find another one.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from afresh.channel.messages import Dealt
from afresh.reload.journal import Edit
from afresh.reload.plan import Plan, Way, named

UNDONE = "the end of the previous server changed it"


class PendingEdit(msgspec.Struct, frozen=True):
    """An edit that is not decided yet. `number`: the watcher's raise that it settles; None for the loop's own.
    `generation`: of the process that it is about, and that is stale beyond doubt."""

    number: int | None
    edit: Edit
    since: float
    generation: int | None = None
    is_wish: bool = False  # the user has asked for it, and nothing need have changed
    again: str = ""  # the start is to be made again when no older process is left, for this reason


class Decided(NamedTuple):
    """An edit with what it comes to."""

    pending: PendingEdit
    plan: Plan


class Edits:
    """The queue, and the edit that waits for an answer."""

    def __init__(self) -> None:
        self._waiting: deque[PendingEdit] = deque()
        self._asked: Decided | None = None
        self._answers: list[Dealt] = []
        self._ticket = 0

    def __repr__(self) -> str:
        return f"<Edits waiting={len(self._waiting)} asked={self._asked}>"

    @property
    def is_idle(self) -> bool:
        """Whether all that is known of is decided."""
        return self._asked is None and not self._waiting

    def put(self, pending: PendingEdit) -> None:
        """One more, behind all others."""
        self._waiting.append(pending)

    def put_back(self, pending: PendingEdit) -> None:
        """One that was decided before those that wait, and has to be decided again."""
        self._waiting.appendleft(pending)

    def next(self) -> PendingEdit | None:
        """The edit to decide now; None while another one is in hand."""
        return self._waiting.popleft() if self._waiting and self._asked is None else None

    def ask(self, pending: PendingEdit, plan: Plan) -> int:
        """The project is asked about `plan.ask`; returns the ticket of the question."""
        self._asked, self._answers = Decided(pending, plan), []
        self._ticket += 1
        return self._ticket

    def answered(self, ticket: int, answers: Sequence[Dealt]) -> Decided | None:
        """A part of the answer, in the order of the paths; the decision when it was the last part."""
        if self._asked is None or self._ticket != ticket:
            return None  # it came too late
        self._answers += answers
        return self.conclude(ticket) if len(self._answers) >= len(self._asked.plan.ask) else None

    def conclude(self, ticket: int) -> Decided | None:
        """The decision with the answers that have come: whoever has not answered has dealt with nothing."""
        if self._asked is None or self._ticket != ticket:
            return None
        (pending, plan), self._asked = self._asked, None
        return Decided(pending, after_answer(plan, dict(zip(plan.ask, self._answers, strict=False))))


def after_answer(plan: Plan, dealt: dict[str, Dealt]) -> Plan:
    """What is left of a plan when these paths are dealt with. An answer annuls what was asked, and nothing else.

    Of what a process has consumed only the project itself can say that it is dealt with: what Django does about a
    template or a translation is to drop its own copies.
    """
    unclaimed = [path for path in plan.watched if not dealt.get(path)]
    if unclaimed:
        # The project may have read it by ways that nobody sees.
        return Plan(Way.COLD, named(unclaimed), "the project watches it", ask=plan.ask)
    if any(dealt.get(path) is not Dealt.BY_PROJECT for path in plan.stale):
        return plan
    return Plan(Way.NOTHING, plan.place, "the project has dealt with it", ask=plan.ask)


def superseding(pending: PendingEdit, plan: Plan, generation: int) -> Plan:
    """What an edit about a process of an earlier moment comes to in the current `generation`: that process is stale
    beyond doubt, unless an edit that was decided meanwhile has replaced it. Not what the user has asked for: that edit
    may have gone a way that leaves in place what is to be started again."""
    if pending.is_wish:
        return Plan(Way.COLD, "everything", "you asked for it")
    if pending.generation != generation:
        return Plan(Way.NOTHING, plan.place, "a later edit has started the project anew")
    if pending.again:
        return Plan(Way.COLD, plan.place if pending.edit.changed else "the start", pending.again)
    return Plan(Way.COLD, plan.place, "it was saved during the start") if plan.way is Way.NOTHING else plan
