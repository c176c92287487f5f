"""Edits on their way to a decision: several kinds of file in one save, in several, in every order."""

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from typing import Any, NamedTuple

import pytest
from tests.unit.reload.worlds import World

from afresh.channel.messages import Dealt
from afresh.keeper.edits import Edits, PendingEdit, after_answer, superseding
from afresh.reload.journal import Edit, Listing
from afresh.reload.plan import Candidate, Plan, Way
from afresh.reload.strand import Strand, Text

NOBODY, FRAMEWORK, PROJECT = Dealt.BY_NOBODY, Dealt.BY_FRAMEWORK, Dealt.BY_PROJECT
CODE = "VALUE = {0}\ndef view():\n    return {1}\n"


class Kind(NamedTuple):
    """A kind of file: what a save makes of it, None for a deletion, and who deals with it where it is asked for."""

    path: str
    text: str | None
    is_consumed: bool = False
    dealt: Dealt | None = None
    new_path: str = ""
    """Where a rename leads."""


KINDS = {
    "body": Kind("/p/body.py", CODE.format(1, 2), is_consumed=True),
    "statement": Kind("/p/top.py", CODE.format(2, 1), is_consumed=True),
    "gone": Kind("/p/gone.py", None, is_consumed=True),
    "renamed": Kind("/p/listed/old.txt", None, is_consumed=True, new_path="/p/listed/new.txt"),
    "data": Kind("/p/data.json", "new", is_consumed=True),
    "template": Kind("/p/templates/page.html", "new", dealt=FRAMEWORK),
    "gone template": Kind("/p/templates/other.html", None, dealt=FRAMEWORK),
    "translation": Kind("/p/locale/de/LC_MESSAGES/django.mo", "new", dealt=FRAMEWORK),
    "watched": Kind("/p/watched/schema.yaml", "new", dealt=NOBODY),
    "claimed": Kind("/p/watched/claimed.yaml", "new", dealt=PROJECT),
    "style": Kind("/p/static/site.css", "new"),
    "unread": Kind("/p/notes.txt", "new"),
}
READY = 1


class Project:
    """A server that was forked from a ready checkpoint, the disk, and who deals with what."""

    def __init__(self, *, receivers: bool = False, deals_with: Mapping[str, Dealt] | None = None) -> None:
        self.world = World({kind.path: CODE.format(1, 1) for kind in KINDS.values()})
        self.boot = self.loaded()
        self.serving = Strand(self.boot)
        self.receivers = receivers
        self.dealt = {kind.path: kind.dealt for kind in KINDS.values() if kind.dealt is not None}
        self.asked_for = frozenset(self.dealt)
        self.dealt |= deals_with or {}
        self.old_copies: set[str] = set()
        """Templates and the like that changed and that what answers has not dropped its copy of."""

    def loaded(self) -> Strand:
        """What a start consumes of what is on the disk now."""
        code = [KINDS[name].path for name in ("body", "statement", "gone")]
        strand = Strand()
        strand.add([self.world.executed(path) for path in code if path in self.world.disk], self.world.edits)
        strand.add([self.world.read(KINDS["data"].path), Listing("/p/listed")], self.world.edits)
        return strand

    def save(self, names: tuple[str, ...]) -> Edit:
        changes: dict[str, str | None] = {}
        for name in names:
            kind = KINDS[name]
            changes[kind.path] = kind.text
            if kind.new_path:
                changes[kind.new_path] = "new"
        self.old_copies |= self.asked_for & changes.keys()
        return self.world.save(changes)

    def plan(self, edit: Edit) -> Plan:
        return self.world.plan(
            edit,
            [Candidate(READY, self.boot, is_ready=True)],
            self.serving,
            is_asked_for=self.asked_for.__contains__,
            receivers=self.receivers,
        )

    def answers(self, paths: tuple[str, ...]) -> list[Dealt]:
        """What the project's server says; it has dropped its copies of what it has dealt with."""
        found = [self.dealt.get(path, NOBODY) for path in paths]
        self.old_copies -= {path for path, dealt in zip(paths, found, strict=True) if dealt}
        return found

    def perform(self, plan: Plan) -> None:
        """Let the next server be what the plan says, with nothing kept from the one before."""
        if plan.way is Way.NOTHING:
            return
        self.old_copies.clear()
        if plan.way is Way.COLD:
            self.boot = self.loaded()
            self.serving = Strand(self.boot)
        else:
            patched = {patch.file: Text(patch.file, patch.module, patch.digest) for patch in plan.patches}
            self.serving = Strand(self.boot, patched)

    def is_stale(self) -> bool:
        return bool(self.old_copies) or any(self.serving.objection(now) for now in self.world.touched.values())


def subsets(most: int) -> Iterator[tuple[str, ...]]:
    for size in range(1, most + 1):
        yield from combinations(KINDS, size)


def partitions(names: tuple[str, ...]) -> Iterator[list[tuple[str, ...]]]:
    """All ways to save these in this order, in one or more saves."""
    for cuts in range(2 ** (len(names) - 1)):
        saves: list[tuple[str, ...]] = [(names[0],)]
        for number, name in enumerate(names[1:]):
            if cuts >> number & 1:
                saves.append((name,))
            else:
                saves[-1] += (name,)
        yield saves


def decide(project: Project, edits: Edits, *, is_late: bool = False) -> list[Plan]:
    """Decide all that waits, each after the answer to the one before."""
    plans = []
    while (pending := edits.next()) is not None:
        plan = project.plan(pending.edit)
        if plan.ask:
            ticket = edits.ask(pending, plan)
            assert edits.next() is None
            decided = None if is_late else edits.answered(ticket, project.answers(plan.ask))
            decided = decided or edits.conclude(ticket)
            assert decided is not None
            assert decided.pending is pending
            plan = decided.plan
        plans.append(plan)
        project.perform(plan)
    return plans


@pytest.mark.parametrize(
    ("most", "receivers", "is_late"),
    [(3, False, False), (2, True, False), (2, False, True), (2, True, True)],
    ids=["Django's receivers", "the project's", "Django's, late", "the project's, late"],
)
def test_whatever_is_saved_together_nothing_stays_stale(most: int, receivers: bool, is_late: bool) -> None:
    """Some kinds, in every order, in one save or several: what answers in the end is what a new start would be,
    and where nothing that was loaded has changed, the same server answers."""
    for subset in subsets(most):
        for order in permutations(subset):
            for saves in partitions(order):
                project, edits = Project(receivers=receivers), Edits()
                for number, names in enumerate(saves, 1):
                    edits.put(PendingEdit(number, project.save(names), 0.0))
                plans = decide(project, edits, is_late=is_late)
                assert edits.is_idle
                assert not project.is_stale(), (saves, plans)
                kinds = [KINDS[name] for name in order]
                replaced = any(kind.is_consumed or kind.dealt is NOBODY for kind in kinds)
                if not is_late:
                    assert any(plan.way is not Way.NOTHING for plan in plans) is replaced, (saves, plans)


def test_all_kinds_in_one_save() -> None:
    project, edits = Project(), Edits()
    edits.put(PendingEdit(1, project.save(tuple(KINDS)), 0.0))
    (plan,) = decide(project, edits)
    assert (plan.way, plan.place, plan.reason) == (Way.COLD, KINDS["watched"].path, "the project watches it")
    assert not project.is_stale()


CLAIMS = {
    "all": (("body", "data"), {"body": PROJECT, "data": PROJECT}, Way.NOTHING),
    "one of two": (("body", "data"), {"body": PROJECT}, Way.COLD),
    "code, not the data beside it": (("body", "style", "data"), {"body": PROJECT, "style": PROJECT}, Way.COLD),
    "the data, not the code": (("body", "data"), {"data": PROJECT}, Way.COLD),
    "a function, not the template": (("body", "template"), {"body": PROJECT}, Way.NOTHING),
    "only what nobody needs": (("body", "unread"), {"unread": PROJECT}, Way.PATCH),
    "by Django, which does not know who else has read it": (("body",), {"body": FRAMEWORK}, Way.PATCH),
    "watched, beside a function": (("body", "watched"), {"watched": PROJECT}, Way.PATCH),
    "watched and a function": (("body", "watched"), {"watched": PROJECT, "body": PROJECT}, Way.NOTHING),
}


@pytest.mark.parametrize(("saved", "deals_with", "way"), CLAIMS.values(), ids=CLAIMS.keys())
def test_receivers_of_the_project_annul_what_they_were_asked(
    saved: tuple[str, ...], deals_with: dict[str, Dealt], way: Way
) -> None:
    dealt = {KINDS[name].path: by for name, by in deals_with.items()}
    project, edits = Project(receivers=True, deals_with=dealt), Edits()
    edits.put(PendingEdit(1, project.save(saved), 0.0))
    assert [plan.way for plan in decide(project, edits)] == [way]


def test_an_answer_in_parts() -> None:
    """Of thousands of templates, one packet holds a few."""
    project, edits = Project(), Edits()
    pending = PendingEdit(7, project.save(("template", "translation", "claimed")), 0.0)
    edits.put(pending)
    assert edits.next() is pending
    plan = project.plan(pending.edit)
    ticket = edits.ask(pending, plan)
    assert edits.answered(ticket + 1, [FRAMEWORK] * 3) is None
    assert edits.answered(ticket, [FRAMEWORK, FRAMEWORK]) is None
    assert edits.next() is None
    decided = edits.answered(ticket, [FRAMEWORK])
    assert decided is not None
    assert (decided.pending, decided.plan.way) == (pending, Way.NOTHING)
    assert edits.is_idle
    assert edits.answered(ticket, [FRAMEWORK]) is None
    assert edits.conclude(ticket) is None


def test_what_is_not_answered_in_time_is_not_dealt_with() -> None:
    plan = Plan(Way.NOTHING, "x", ask=("/p/a.html", "/p/b.html"), watched=("/p/a.html", "/p/b.html"))
    assert after_answer(plan, {"/p/a.html": FRAMEWORK}).way is Way.COLD
    assert after_answer(plan, {"/p/a.html": FRAMEWORK, "/p/b.html": FRAMEWORK}).way is Way.NOTHING


def test_what_is_put_back_comes_first() -> None:
    edits = Edits()
    first, second = (PendingEdit(number, Edit(frozenset()), 0.0) for number in (1, 2))
    edits.put(second)
    edits.put_back(first)
    assert [edits.next(), edits.next(), edits.next()] == [first, second, None]


@pytest.mark.parametrize(
    ("of", "now", "way", "more", "expected"),
    [
        (2, 3, Way.PATCH, {}, Way.NOTHING),
        (2, 3, Way.NOTHING, {"is_wish": True}, Way.COLD),
        (2, 3, Way.PATCH, {"again": "it was undone"}, Way.NOTHING),
        (3, 3, Way.NOTHING, {}, Way.COLD),
        (3, 3, Way.RESUME, {}, Way.RESUME),
        (3, 3, Way.RESUME, {"is_wish": True}, Way.COLD),
        (3, 3, Way.NOTHING, {"is_wish": True}, Way.COLD),
        (3, 3, Way.NOTHING, {"again": "it was undone"}, Way.COLD),
        (3, 3, Way.PATCH, {"again": "it was undone"}, Way.COLD),
    ],
)
def test_an_edit_about_a_process(of: int, now: int, way: Way, more: dict[str, Any], expected: Way) -> None:
    pending = PendingEdit(None, Edit(frozenset()), 0.0, of, **more)
    assert superseding(pending, Plan(way, "x"), now).way is expected
