"""Edits of projects that were not made for this: each is made and compared, then each is undone and compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from afresh.testing.edits import edit, write_and_rename
from afresh.testing.server import Server

from .run import Different, Listener, Tally
from .subject import Outcome, Ready, Subject, by_chance, differences

MOST_BY_CHANCE = 5
"""So many things of a project may be another in each start, of some hundred thousand."""


@dataclass(frozen=True)
class Script:
    """One edit: `old` occurs once in `file` and becomes `new`."""

    kind: str
    file: str
    old: str
    new: str


def follow(
    subject: Subject,
    pages: Sequence[str],
    scripts: Sequence[Script],
    place: Callable[[str], Path],
    tally: Tally,
    undo_every: int = 1,
) -> None:
    """Serve the project, make every edit and then undo them in reverse order; raises Different.

    `place` tells where a script's file is. Every state must start. `undo_every`: 3 for every third one undone.
    """
    # The second is asked twice as much: a server that an edit did not concern has answered before, too.
    chance = by_chance(subject.start_cold(pages).wait(), subject.start_cold((*pages, *pages)).wait())
    assert len(chance) <= MOST_BY_CHANCE, sorted(chance)
    with subject.served() as server:
        listener = Listener(server, tally)

        def compare(name: str) -> Outcome:
            return _compare(subject, server, pages, name, chance)

        compare("before any edit")
        undone: list[tuple[str, Path, str]] = []
        for script in scripts:
            file = place(script.file)
            undone.append((f"undo: {script.kind}", file, file.read_text(encoding="utf-8")))
            listener.hear()
            edit(file, script.old, script.new)
            listener.note(script.kind, compare(f"{script.kind}: {file}"))
        for kind, file, text in undone[::-undo_every]:
            listener.hear()
            write_and_rename(file, text)
            listener.note(kind, compare(f"{kind}: {file}"))
        assert server.stop() == 0, server.running.told()
    listener.hear()


def _compare(subject: Subject, server: Server, pages: Sequence[str], name: str, chance: frozenset[str]) -> Outcome:
    start = subject.start_cold(pages)
    try:
        served = subject.ask(server, pages)
    finally:
        cold = start.wait()
    assert isinstance(cold, Ready), f"{name}: {cold}"
    if found := differences(cold, served, chance=chance):
        raise Different("\n".join([f"{name}: what is served differs from a cold start", *found]))
    return served
