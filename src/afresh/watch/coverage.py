"""What is covered, as one object: the index, the anchors under it, and those who work on them.

Must live here: putting the parts together.
Must not know: threads, the gate, how long a burst lasts.

Events only say where to look. Whether something changed is decided by comparing the disk with what is known, and what
is known is what a boot has consumed or the keeper has been told. So an event that comes twice, too late, or for a file
that is watched under two names does no harm, and none can be dropped that matters.
"""

import math
from collections.abc import Iterable, Sequence

from afresh.reload.journal import Entry, Exec, Find, Listing, Read, Stat
from afresh.watch import filters
from afresh.watch.anchor import Anchor
from afresh.watch.compare import Comparison
from afresh.watch.events import Events
from afresh.watch.filters import ProjectFilter
from afresh.watch.folders import Folders
from afresh.watch.index import Index
from afresh.watch.intake import Intake
from afresh.watch.points import Points
from afresh.watch.polling import Signal
from afresh.watch.verify import Verification


class Coverage:
    """Not locked: the watcher's lock is held around every call."""

    def __init__(self, points: Points) -> None:
        self.index = Index()
        self._points = points
        anchor = Anchor(points)
        self._intake = Intake(self.index, anchor)
        self._folders = Folders(self.index, anchor, points)
        self._events = Events(self.index, anchor, points, self._folders)
        self._comparison = Comparison(self.index, self._intake, self._folders)
        self.resaved: frozenset[str] = frozenset()
        """Code whose time was another in the last comparison, and whose text was not."""

    def __repr__(self) -> str:
        return f"<Coverage {self.index} {self._points}>"

    def cover(self, entries: Sequence[Entry], boot: int, since: int | None) -> list[str]:
        """Watch what all entries name, and only then compare them with the disk; the paths that have changed."""
        counting = [entry for entry in entries if self._counts(entry)]
        for entry in counting:
            self._intake.note(entry, boot)
        verification = Verification(self.index, since)
        return list(dict.fromkeys(path for entry in counting for path in verification.failing(entry)))

    def _counts(self, entry: Entry) -> bool:
        """Whether an entry is about something that can be watched and compared: not bytecode, not `/proc`."""
        match entry:
            case Exec(file=path) | Read(file=path) | Stat(path=path) | Listing(directory=path):
                return path.startswith("/") and not filters.is_cache(path) and not self._points.is_silent(path)
            case Find():
                return True
        return False

    def cover_tree(self, root: str, glob: str, boot: int) -> None:
        self._folders.cover_tree(root, glob, boot)

    def cover_project(self, project: ProjectFilter, seconds: float = math.inf) -> bool:
        """See `Folders.cover_project`."""
        return self._folders.cover_project(project, seconds)

    def cover_more(self, seconds: float) -> bool:
        """See `Folders.cover_more`."""
        return self._folders.cover_more(seconds)

    def forget(self, before: int) -> None:
        if self.index.forget(before):
            self._events.rebuild()

    def nominate(self, signals: Sequence[Signal]) -> list[tuple[str, int]]:
        """See `Events.nominate`."""
        return self._events.nominate(signals)

    def expected_size(self, path: str) -> int | None:
        """See `Comparison.expected_size`."""
        return self._comparison.expected_size(path)

    def compare(self, masks: dict[str, int], *, everything: bool) -> set[str]:
        """The paths whose change matters, among those touched (with their events' bits) or among all."""
        all_known: Iterable[str] = self._events.recover() if everything else ()
        times = {path: self._comparison.time_of_code(path) for path in masks}
        changed = {path for path, mask in masks.items() if self._comparison.compare(path, mask, thorough=True)}
        changed |= {path for path in all_known if self._comparison.compare(path, 0, thorough=False)}
        others = {path for path, was in times.items() if was != self._comparison.time_of_code(path)}
        self.resaved = frozenset(others - changed)
        self._folders.follow_rules(changed)
        return changed
