"""What the dashboard is told of the server's life: events as rows, and a report for each generation.

Rows are passed on as they come. What they mean is worked out by who shows them (`afresh.record`), not here, where
connections wait.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from afresh.channel.messages import ChangedFile
from afresh.keeper import console
from afresh.record import rows
from afresh.record.rows import Row
from afresh.reload.journal import Edit
from afresh.reload.plan import Plan, Way

KEEPER = 0
"""The source of what is nobody else's."""
MOST_STARTS = 50


class Chronicle:
    """`publish(topic, value)` as of the front. `cwd`: what paths are shown relative to."""

    def __init__(self, publish: Callable[[str, Any], None], cwd: str) -> None:
        self._publish = publish
        self._cwd = cwd
        self._requests = 0
        self._report: dict[str, Any] = {}
        self._is_listening = False
        # When the interpreters were started that load the project, and what runs in each before Afresh does.
        self._starts: deque[tuple[int, str]] = deque(maxlen=MOST_STARTS)

    def __repr__(self) -> str:
        return f"<Chronicle requests={self._requests} report={self._report.get('number')}>"

    # ---- events -----------------------------------------------------------------------------------------------------

    def tell(self, source: int, told: Sequence[Row], pid: int = 0) -> None:
        """Pass on what a process has told. `source` names it for good; its `pid` may be another's before or after."""
        value = {"source": source, "pid": pid, "before": self._requests, "rows": told}
        self._requests += sum(row[0] == rows.RECEIVED for row in told)
        self._publish("events", value)

    def _note(self, name: str, *fields: str | int, at: int = 0, source: int = KEEPER) -> None:
        self.tell(source, [(name, at or time.monotonic_ns(), *fields)])

    def began(self, words: Sequence[str], until: int = 0) -> None:
        """The keeper's own process is the command that the user has run. `until`: when the first boot began to load, in
        nanoseconds of the monotonic clock; 0 for now."""
        at = process_began()
        self._starts.append((at, "before Afresh: interpreter, Django, settings"))
        self._note(rows.COMMAND_RUN, " ".join(words), (until or time.monotonic_ns()) - at, at=at)
        self._report = {"number": 1, "way": "cold", "place": "the start", "reason": "", "changed": [], "marks": {}}
        self._report["marks"] = {"seen": at, "decided": at}

    def boot_began(self, source: int, generation: int, at: int = 0) -> None:
        """A process begins to load the project. `at`: when, in nanoseconds of the monotonic clock; 0 for now."""
        self._note(rows.BOOT_BEGAN, generation, at=at, source=source)

    def interpreter_started(self, at: int) -> None:
        """A boot is started that begins with an interpreter of its own."""
        self._starts.append((at, "before the first module: interpreter, Afresh"))

    @property
    def starts(self) -> tuple[tuple[int, str], ...]:
        """The times at which interpreters were started, in nanoseconds of the monotonic clock, each with a name for
        what runs in it before its first module is timed."""
        return tuple(self._starts)

    def ended(self, source: int, how: str) -> None:
        """A process is gone."""
        self._note(rows.PROCESS_ENDED, how, source=source)

    def stopped(self, cause: str) -> None:
        """The server has stopped."""
        self._note(rows.STOPPED, cause)

    # ---- generations --------------------------------------------------------------------------------------------

    def edited(self, generation: int, edit: Edit, plan: Plan, since: float) -> None:
        """An edit makes a new generation. `since`: when it was told, in seconds of the monotonic clock."""
        seen, decided = round(since * 1e9), time.monotonic_ns()
        place, reason = (console.relative(text, self._cwd) for text in (plan.place, plan.reason))
        is_fastest = plan.way is Way.PATCH
        self._report = {
            "number": generation,
            "way": plan.way.value,
            "place": place,
            # Why not faster; or else why so fast.
            "reason": "" if is_fastest else reason,
            "because": reason if is_fastest else "",
            "changed": [
                {"file": path, "name": console.relative(path, self._cwd), "diff": ()}
                for path in sorted(edit.changed)[:50]
            ],
            "marks": {"seen": seen, "decided": decided},
        }
        self._note(rows.EDITED, generation, way_in_words(plan.way), place, at=seen)
        self._publish("generation", self._report)

    def mark(self, generation: int, name: str) -> None:
        """The generation has come to "ready" (the application is loaded) or "served" (a process accepts for it)."""
        if self._report.get("number") == generation:
            self._report["marks"].setdefault(name, time.monotonic_ns())

    def obstructed(self, generation: int, obstacle: str) -> None:
        """What keeps a boot of this generation from being forked."""
        if self._report.get("number") == generation:
            self._report["obstacle"] = obstacle

    def answering(self, generation: int, address: str, modules: int = 0, changes: Sequence[ChangedFile] = ()) -> None:
        """The generation answers by its own code. `modules`: how many were executed; `changes`: what it differs by."""
        self._listen(address)
        self._note(rows.ANSWERING, generation)
        if self._report.get("number") == generation and "outcome" not in self._report:
            self.mark(generation, "answered")
            self._report |= {"outcome": "answers", "modules": modules}
            self._differ(changes)
            self._publish("generation", self._report)

    def failed(self, generation: int, title: str, changes: Sequence[ChangedFile] = ()) -> None:
        """The generation cannot answer."""
        self._note(rows.BOOT_FAILED, generation, title)
        if self._report.get("number") == generation:
            self.mark(generation, "answered")
            self._report |= {"outcome": "failed", "title": title}
            self._differ(changes)
            self._publish("generation", self._report)

    def _differ(self, changes: Sequence[ChangedFile]) -> None:
        """Put the lines that changed beside the files that did; with several edits since all was well, of all."""
        diffs = {change.path: change.diff for change in changes}
        for file in self._report["changed"]:
            file["diff"] = diffs.get(file["file"], ())

    def page_answers(self, address: str) -> None:
        """A page is answered in the place of the application."""
        self._listen(address)

    def _listen(self, address: str) -> None:
        if not self._is_listening:
            self._is_listening = True
            self._note(rows.LISTENING, address)


def way_in_words(way: Way) -> str:
    """What a way does, for people who have not read about it."""
    return {
        Way.NOTHING: "nothing to do",
        Way.PATCH: "functions exchanged",
        Way.RESUME: "gone on from a checkpoint",
        Way.COLD: "started anew",
    }[way]


def process_began() -> int:
    """When this process was started, in nanoseconds of CLOCK_MONOTONIC, to the tick of the system (proc(5), `stat`)."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    since_boot = ticks * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    # Ticks count the time that the machine slept, which the other clock leaves out.
    return since_boot - (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns())
