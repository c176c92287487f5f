"""A sequence of edits on a served project, each compared with a cold start; and a failure cut down to what matters."""

import hashlib
import json
import os
import random
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from afresh.testing.deadline import Deadline
from afresh.testing.server import Server

from .edits import Edit, sequence
from .generated import Project, Tree, generate
from .subject import Broken, Outcome, Subject, differences

WAY = re.compile(r"^reload (?P<generation>\d+) · (?P<way>[\w-]+) · (?P<reason>.*) · (?P<ms>\d+) ms", re.MULTILINE)
ACCESS = re.compile(r"\[\d+/|Not Found:")
SILENT, FAILED = "no reload", "failed start"
"""What is counted where the terminal tells of no way: nothing that was loaded has changed, or it does not start."""


@dataclass
class Tally:
    """What happened in a run: how often each way was taken, by kind of edit too, and how many starts were broken."""

    edits: int = 0
    unchanged: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, kind: str, ways: Sequence[str]) -> None:
        """One edit and the ways that its reloads took."""
        self.edits += 1
        self.ways.update(ways)
        self.by_kind.setdefault(kind, Counter()).update(ways)

    def add(self, other: "Tally") -> None:
        """Take in what another run counted."""
        self.edits += other.edits
        self.unchanged += other.unchanged
        self.ways.update(other.ways)
        for kind, ways in other.by_kind.items():
            self.by_kind.setdefault(kind, Counter()).update(ways)

    def table(self) -> str:
        """The counts as text: a line for each kind of edit, the sum at the end."""
        ways = sorted(self.ways)
        rows = [["edit", *ways]]
        rows += [[kind, *(str(found[way]) for way in ways)] for kind, found in sorted(self.by_kind.items())]
        rows.append([f"all {self.edits} edits", *(str(self.ways[way]) for way in ways)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, f"{self.unchanged} edits changed no file"])


class Different(AssertionError):
    """What is served is not what a cold start gives."""


@dataclass(frozen=True)
class Case:
    """A project as it is served first, and the edits that follow."""

    project: Project
    edits: tuple[Edit, ...]

    def trees(self) -> Iterator[tuple[Edit, Tree, Tree]]:
        """Each edit that changes something, with the files before and after it."""
        project = self.project
        for edit in self.edits:
            after = edit.apply(project)
            if after.tree() != project.tree():
                yield edit, project.tree(), after.tree()
            project = after

    def told(self) -> str:
        """The edits as a reader sees them: what each changes in which file."""
        return "\n".join(f"edit {edit.kind!r}\n{tree_diff(before, after)}" for edit, before, after in self.trees())


class Listener:
    """Counts the ways that a server tells of, edit by edit."""

    def __init__(self, server: Server, tally: Tally) -> None:
        self._server = server
        self._tally = tally
        self._heard = server.err.here()
        self._unheard: tuple[str, Outcome] | None = None

    def note(self, kind: str, outcome: Outcome) -> None:
        """An edit was made, with this outcome; what is told of it may be read a moment after the answer."""
        self._unheard = (kind, outcome)

    def hear(self) -> None:
        """Count what was told since the edit before last; to be called before the next, and at the end."""
        if self._unheard is None:
            return
        kind, outcome = self._unheard
        text = self._server.err.text(self._heard)
        # A line that is still being written is left for the next time.
        end = text.rfind("\n") + 1
        ways = [line["way"] for line in WAY.finditer(text[:end])]
        self._tally.count(kind, ways or [FAILED if isinstance(outcome, Broken) else SILENT])
        self._heard += end
        self._unheard = None


class Session:
    """A project that is served, and edited while it is."""

    def __init__(self, server: Server, subject: Subject, project: Project) -> None:
        self.project = project
        self.tally = Tally()
        self.listener = Listener(server, self.tally)
        self._server = server
        self._subject = subject
        self._known: dict[str, Outcome] = {}

    def edit(self, edit: Edit) -> Outcome:
        """Save one edit and compare; the outcome of both. Raises Different."""
        before, after = self.project, edit.apply(self.project)
        self.project = after
        if before.tree() == after.tree():
            self.tally.unchanged += 1
            return self.compare()
        self.listener.hear()
        save(self._subject.root, before.tree(), after.tree(), random.Random(edit.dice))
        outcome = self.compare()
        self.listener.note(edit.kind, outcome)
        return outcome

    def compare(self) -> Outcome:
        """Compare what is served now with a cold start."""
        pages, key = self.project.pages(), digest(self.project.tree())
        known = self._known.get(key)
        cold = None if known else self._subject.start_cold(pages)
        try:
            served = self._subject.ask(self._server, pages)
        except BaseException:
            if cold is not None:
                cold.abandon()
            raise
        expected = known or (cold.wait() if cold else served)
        # An undo leads to one of the last few; more would only fill the memory.
        if len(self._known) > 8:
            self._known.pop(next(iter(self._known)))
        self._known[key] = expected
        if found := differences(expected, served):
            raise Different(
                "\n".join([*found, "the terminal's last lines:", *self._server.err.text().splitlines()[-6:]])
            )
        return served


@contextmanager
def serving(folder: Path, project: Project, *, through_manage: bool = False) -> Iterator[Session]:
    """The project written below `folder` and served until the end of the block."""
    subject = Subject(folder / "project", folder / "scratch", through_manage=through_manage)
    save(subject.root, {}, project.tree(), random.Random(0))
    with subject.served() as server:
        session = Session(server, subject, project)
        yield session
        assert server.stop() == 0, server.running.told()
    session.listener.hear()


def save(root: Path, before: Tree, after: Tree, dice: random.Random) -> None:
    """Bring the files from one state to the other, in some order, in the ways of some editor."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    dice.shuffle(names)
    spacing = dice.choice((0.0, 0.0, 0.001, 0.01, 0.05))
    for position, name in enumerate(names):
        if position and spacing:
            threading.Event().wait(spacing)  # the input, and no wait for anything
        file = root / name
        if name not in after:
            file.unlink()
            if not any(file.parent.iterdir()) and file.parent != root:
                file.parent.rmdir()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        if dice.random() < 0.5:
            file.write_bytes(after[name])
        else:
            beside = file.with_name(f".{file.name}.new")
            beside.write_bytes(after[name])
            os.replace(beside, file)


def digest(tree: Tree) -> str:
    """One name for equal trees."""
    content = json.dumps([[name, data.hex()] for name, data in sorted(tree.items())])
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def tree_diff(before: Tree, after: Tree) -> str:
    """What differs between two states of the files."""
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = (tree.get(name, b"").decode("latin-1").splitlines() for tree in (before, after))
        found = [repr(line)[1:-1] for line in unified_diff(old, new, name, name, lineterm="", n=1)]
        if before.get(name) != after.get(name):
            lines += found or [f"{name}: only line ends or existence"]
    return "\n".join(lines)


# ---- a run --------------------------------------------------------------------------------------------------------


def run(folder: Path, seed: int, length: int, *, shrink_for: float = 60, blocks: int = 3) -> Tally:
    """One generated project and so many edits of it. AssertionError with the edits that matter and what differs."""
    dice = random.Random(seed)
    project = generate(dice, blocks)
    through_manage = seed % 2 == 1
    done: list[Edit] = []
    states: list[Project] = [project]
    with serving(folder / "first", project, through_manage=through_manage) as session:
        outcome = session.compare()
        for edit in sequence(dice, length):
            if isinstance(outcome, Broken) and dice.random() < 0.7:
                # Nothing can be seen of what is broken: most of the time it is put right.
                edit = Edit(dice.choice(("undo", "repair")), 0)
            done.append(edit)
            try:
                outcome = session.edit(edit)
            except Different as found:
                case, told = shrunk(states, done, folder, shrink_for, through_manage, str(found))
                raise Different(_told(seed, len(done), case, told)) from None
            states.append(session.project)
    return session.tally


def _told(seed: int, count: int, case: Case, found: str) -> str:
    return (
        f"seed {seed}, edit {count}: what is served differs from a cold start of the same files\n{found}\n\n"
        f"after {len(case.edits)} edits of a project as it was {len(case.edits)} edits earlier:\n{case.told()}"
    )


def shrunk(
    states: Sequence[Project], edits: Sequence[Edit], folder: Path, seconds: float, through_manage: bool, found: str
) -> tuple[Case, str]:
    """The fewest edits found in `seconds` after which it still differs, and the differences.

    First the last few edits on the project as it was before them, then without each of those.
    """
    deadline = Deadline(seconds)
    best, told = Case(states[0], tuple(edits)), found

    def fails(case: Case) -> str:
        if deadline.passed():
            return ""
        return replay(case, folder, through_manage)

    for last in _powers(len(edits)):
        case = Case(states[len(edits) - last], tuple(edits[-last:]))
        if again := fails(case):
            best, told = case, again
            break
    kept = 0
    while kept < len(best.edits):
        shorter = Case(best.project, best.edits[:kept] + best.edits[kept + 1 :])
        if shorter.edits and (again := fails(shorter)):
            best, told = shorter, again
        else:
            kept += 1
    return best, told


def _powers(limit: int) -> Iterator[int]:
    last = 1
    while last < limit:
        yield last
        last *= 2


def replay(case: Case, folder: Path, through_manage: bool = False) -> str:
    """Serve the case's project and make its edits; the first differences, empty where there are none."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        try:
            with serving(Path(place), case.project, through_manage=through_manage) as session:
                session.compare()
                for edit in case.edits:
                    session.edit(edit)
        except Different as found:
            return str(found)
    return ""


def require(tally: Tally, ways: Iterable[str]) -> None:
    """AssertionError where one of the ways was never taken."""
    missing = [way for way in ways if not tally.ways[way]]
    assert not missing, f"never taken: {', '.join(missing)}\n{tally.table()}"


Progress = Callable[[int, Tally], None]


def run_many(
    folder: Path, seed: int, edits: int, *, length: int = 100, progress: Progress = lambda seed, tally: None
) -> Tally:
    """Runs of `length` edits each with the seeds from `seed` on, until there are so many edits."""
    total = Tally()
    while total.edits < edits:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            total.add(run(Path(place), seed, min(length, edits)))
        progress(seed, total)
        seed += 1
    return total
