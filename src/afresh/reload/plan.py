"""The decision: what an edit asks for.

Pure: what processes consumed and what the disk says in, the plan out. A reload goes on from the latest checkpoint
whose every consumed text is as on the disk, or can be made so by exchanging functions that have not run there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

import msgspec

from afresh.reload.disk import Now
from afresh.reload.journal import Edit
from afresh.reload.orders import Inside, Patch
from afresh.reload.strand import Objection, Strand, Text

if TYPE_CHECKING:
    from afresh.reload.compare import Comparison


class Way(enum.Enum):
    """How the next generation comes to be, fastest first."""

    NOTHING = "nothing"
    PATCH = "patch"
    RESUME = "resume"
    COLD = "cold"


class Plan(msgspec.Struct, frozen=True):
    """What to do. `at`: the checkpoint to go on from.

    `stale`: the changes that ask for it; `is_only_read`: only requests have consumed them. `ask`: those that the
    project may deal with first. `watched`: those of `ask` that the project wants to be told of and that no start has
    consumed by a way that is known.
    `place` names the edit (a path, "views.py:detail"), `reason` says why this way: where there is a faster one, why
    that was not possible.
    """

    way: Way
    place: str
    reason: str = ""
    at: int | None = None
    patches: tuple[Patch, ...] = ()
    stale: tuple[str, ...] = ()
    is_only_read: bool = False
    ask: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A checkpoint as the plan sees it.

    `is_ready`: the application is loaded. `inside`: the module that it stands in, if any. `unfinished`: files of which
    a part was still to be executed: whatever is put into their functions, the rest of the old text would follow.
    `refused`: texts, by file and digest, that a process which was forked from there could not go on with.
    """

    handle: int
    strand: Strand
    is_ready: bool
    inside: Inside | None = None
    unfinished: frozenset[str] = frozenset()
    refused: frozenset[tuple[str, bytes | None]] = frozenset()


class Texts(msgspec.Struct, frozen=True):
    """Questions about texts that need their content; the answers are functions of the digests.

    `compare(old, now)`: the code trees, or in words why there is nothing to compare. `begins_alike(inside, old, now)`:
    whether the statements before that place are the same in both texts.
    """

    compare: Callable[[Text, Now], Comparison | str]
    begins_alike: Callable[[Inside, Text, Now], bool]


class Question(msgspec.Struct, frozen=True):
    """All that the plan depends on.

    `serving`: the strand of what answers now, None while nothing does that is complete. `shown`: of what answered
    last; what the edit changes is told from there, and not from what earlier edits have changed. `candidates`: usable
    checkpoints, latest first. `touched`: all paths edited since the keeper began. `is_asked_for`: a path lies in a tree
    that the project watches by itself (Django's `watch_dir`). `is_project_code`: a Python file of the project, which
    may be part of what is being loaded. `receivers`: the project wants to be told of any path. `obstacle`: why there is
    no checkpoint at the end of the start, in words, where something keeps it from being left.
    """

    edit: Edit
    serving: Strand | None
    candidates: Sequence[Candidate]
    touched: Mapping[str, Now]
    texts: Texts
    is_consumed: Callable[[str], bool]
    is_asked_for: Callable[[str], bool]
    is_project_code: Callable[[str], bool]
    receivers: bool
    obstacle: str = ""
    shown: Strand | None = None


def plan(question: Question) -> Plan:
    """Decide what the edit asks for."""
    changed = sorted(question.edit.changed)
    if question.edit.everything:
        return Plan(Way.COLD, named(changed), "the watcher lost count of what changed")
    stale = tuple(path for path in changed if _is_stale(question, path))
    unknown = [path for path in changed if path not in stale or _is_only_read(question, path)]
    watched = tuple(path for path in unknown if question.is_asked_for(path))
    ask = tuple(dict.fromkeys((*stale, *watched))) if question.receivers else watched
    if not stale:
        return Plan(Way.NOTHING, named(watched or changed), _why_nothing(question, changed), ask=ask, watched=watched)
    is_only_read = all(_is_only_read(question, path) for path in stale)
    found = _go_on(question, stale)
    return msgspec.structs.replace(found, stale=stale, is_only_read=is_only_read, ask=ask, watched=watched)


def _is_stale(question: Question, path: str) -> bool:
    if question.serving is None:
        return question.is_consumed(path) or question.is_project_code(path)
    return question.serving.objection(question.touched[path]) is not None


def _is_only_read(question: Question, path: str) -> bool:
    return question.serving is not None and question.serving.is_only_read(question.touched[path])


def _why_nothing(question: Question, changed: Sequence[str]) -> str:
    serving = question.serving
    if serving is not None and any(serving.has_seen(path) for path in changed):
        return "what was loaded is still what it says"
    return "nothing that was loaded depends on it"


def _go_on(question: Question, stale: Sequence[str]) -> Plan:
    """The plan for what is stale: the first checkpoint that will do.

    Why none of those before it, is told by what this edit has to do with it; if nothing, by what keeps all edits from
    being faster; only then by an earlier edit.
    """
    why = earlier = ""
    for candidate in question.candidates:
        found = _usable(question, candidate)
        if isinstance(found, _Against):
            if found.is_earlier:
                earlier = earlier or found.reason
            else:
                why = why or found.reason
        elif candidate.is_ready and found.patches:
            reason = _why_patched(question, candidate, found.patches, stale)
            return Plan(Way.PATCH, found.place or named(stale), reason, candidate.handle, found.patches)
        else:
            if not any(each.is_ready for each in question.candidates):
                soon = "so soon after the last edit no function can be exchanged"
                why = why or question.obstacle or earlier or soon
            late = "only requests have used it" if candidate.is_ready else "the start had not come to it"
            reason = why or earlier or late
            return Plan(Way.RESUME, named(stale), reason, candidate.handle, found.patches)
    return Plan(Way.COLD, named(stale), why or earlier or "nothing of the last start can be kept")


def _why_patched(question: Question, candidate: Candidate, patches: Sequence[Patch], stale: Sequence[str]) -> str:
    """What the edit is, that exchanging functions was enough."""
    names: list[str] = []
    edited = [patch.file for patch in patches if patch.file in question.edit.changed]
    for path in edited:
        old = candidate.strand.text(path)
        found = "" if old is None else question.texts.compare(old, question.touched[path])
        names += [] if isinstance(found, str) else _changed_by(question, path, found)
    if not edited:
        is_read = all(_is_only_read(question, path) for path in stale)
        return "only requests have used it" if is_read else "it is again as it was during the start"
    if not names:
        return "no code changed, only lines moved"
    if all(map(_is_annotations, names)):
        return "only annotations changed, and the start did not evaluate them"
    if len(names) == 1:
        return f"only the body of `{names[0]}` changed, and it did not run during the start"
    return "only bodies of functions changed, and none of them ran during the start"


def _changed_by(question: Question, path: str, found: Comparison) -> list[str]:
    """The functions that this edit has changed; `found` has those of earlier edits as well."""
    old = None if question.shown is None else question.shown.text(path)
    since = found if old is None else question.texts.compare(old, question.touched[path])
    if isinstance(since, str) or since.obstacle:
        since = found
    return [place.qualname for place in since.changed]


class _Against(msgspec.Struct, frozen=True):
    """Why a checkpoint will not do. `is_earlier`: by an edit before this one."""

    reason: str
    is_earlier: bool


class _Cure(msgspec.Struct, frozen=True):
    patches: tuple[Patch, ...]
    place: str


def _usable(question: Question, candidate: Candidate) -> _Cure | _Against:
    """What makes the checkpoint what a new start would have come to, or why nothing does."""
    changed = question.edit.changed
    if spoilt := next(filter(None, (strand.spoilt for strand in candidate.strand.line())), ""):
        return _Against(spoilt, is_earlier=True)
    for path, digest in candidate.refused:
        if digest == (question.touched[path].digest if path in question.touched else None):
            reason = candidate.strand.seal(path) or "it could not be gone on with there"
            return _Against(reason, is_earlier=path not in changed)
    patches: list[Patch] = []
    places: list[str] = []
    for now in sorted(question.touched.values(), key=lambda now: now.path not in changed):
        objection = candidate.strand.objection(now)
        if objection is None:
            continue
        found = _cure(question, candidate, objection, now)
        if isinstance(found, str):
            reason = found if changed == {now.path} else f"{now.path}: {found}"
            return _Against(reason, is_earlier=now.path not in changed)
        if found is not None:
            patches.append(found.patches[0])
            if now.path in changed:
                places.append(found.place)
    return _Cure(tuple(patches), named(places) if places else "")


def _cure(question: Question, candidate: Candidate, objection: Objection, now: Now) -> _Cure | str | None:
    """The patch that removes the objection, None if there is nothing to it, or why it stays."""
    old, inside = objection.text, candidate.inside
    if old is None:
        return objection.reason
    # Before all else: of a file that is executed a second time there, the first module has the old text to its end.
    if sealed := candidate.strand.seal(now.path):
        return sealed
    if inside is not None and inside.file == now.path:
        return None if question.texts.begins_alike(inside, old, now) else "the edit is above what has run there"
    if now.path in candidate.unfinished:
        return "it was being executed"
    comparison = question.texts.compare(old, now)
    if isinstance(comparison, str):
        return comparison
    if comparison.obstacle:
        return comparison.obstacle
    ran, looked_at = candidate.strand.functions_run(now.path), candidate.strand.functions_looked_at(now.path)
    bars: dict[str, str] = {}
    for name in (place.qualname for place in comparison.changed):
        if why := _why_fixed(name, ran, looked_at):
            bars[name] = why
    names = _changed_by(question, now.path, comparison) if bars or now.path in question.edit.changed else []
    if bars:
        return next((bars[name] for name in names if name in bars), next(iter(bars.values())))
    assert now.digest is not None
    shown = f"{now.path}:{named(names)}" if names else now.path
    return _Cure((Patch(now.path, old.module, now.digest),), shown)


def _why_fixed(name: str, ran: Set[str], looked_at: Set[str]) -> str:
    """Why the body of a function cannot be exchanged any more, or an empty string."""
    if name in ran:
        if _is_annotations(name):
            return "annotations of the file were evaluated during the start"
        return f"`{name}` ran during the start"
    seen = next((function for function in _outwards(name) if function in looked_at), "")
    return seen and f"the start looked at the code of `{seen}`"


def _is_annotations(qualname: str) -> bool:
    return qualname.rpartition(".")[2] == "__annotate__"


def _outwards(qualname: str) -> Iterator[str]:
    """The function, and those that it is defined in: the code of each holds the code of what is inside."""
    while qualname:
        yield qualname
        qualname = qualname.rpartition(".<locals>.")[0]


def named(paths: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    first, *others = paths or ["nothing"]
    return f"{first} and {len(others)} more" if others else first
