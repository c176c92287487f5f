"""The latch, the reader and a server's look: at no point of the race is an event missed or decided too early."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from afresh.testing.deadline import PATIENCE
from afresh.watch.gate import Latch, ServerGate, Verdict, Word

from .edges import Gated
from .rig import Rig, executed, write

MakeRig = Callable[..., Rig]


@pytest.fixture
def latch() -> Latch:
    return Latch(Word(Word.create()))


class TestLatch:
    def test_a_raise_that_is_withdrawn_leaves_an_earlier_one_open(self, latch: Latch) -> None:
        first, second = latch.raise_(), latch.raise_()
        assert not latch.withdraw(second)
        assert latch.decide(first, 7)

    def test_a_decision_leaves_a_later_raise_open(self, latch: Latch) -> None:
        first, second = latch.raise_(), latch.raise_()
        assert not latch.decide(first, 7)
        assert latch.withdraw(second)
        assert latch.generation == 7

    def test_withdrawing_keeps_the_generation_that_was_decided_meanwhile(self, latch: Latch) -> None:
        first, second = latch.raise_(), latch.raise_()
        latch.decide(first, 3)
        latch.withdraw(second)
        assert latch.generation == 3

    def test_a_decision_takes_all_earlier_raises_with_it(self, latch: Latch) -> None:
        latch.raise_()
        assert latch.decide(latch.raise_(), 1)


class Held:
    """A point of the reader's way that a test stops it at."""

    def __init__(self) -> None:
        self.is_armed = threading.Event()
        self._reached = threading.Event()
        self._may_go_on = threading.Event()

    def __call__(self) -> None:
        if self.is_armed.is_set():
            self.is_armed.clear()
            self._reached.set()
            assert self._may_go_on.wait(PATIENCE)

    def wait(self) -> None:
        assert self._reached.wait(PATIENCE)

    def let_go(self) -> None:
        self._may_go_on.set()


@pytest.mark.parametrize("point", ["before_read", "after_read"])
def test_a_server_waits_from_the_save_to_the_decision_wherever_the_reader_stands(
    make_rig: MakeRig, root: Path, point: str
) -> None:
    held, passing = Held(), Held()
    points = (held, passing) if point == "before_read" else (passing, held)
    rig = make_rig(open_edge=lambda: Gated(*points))
    file = root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    gate = ServerGate(rig.word, rig.latch.generation, rig.watcher.events)
    assert gate.look() is Verdict.FRESH
    held.is_armed.set()
    write(file, "x = 2\n")
    assert gate.look() is Verdict.WAIT
    held.wait()
    assert gate.look() is Verdict.WAIT
    held.let_go()
    report = rig.reports.get(timeout=PATIENCE)
    assert gate.look() is Verdict.WAIT
    rig.latch.decide(report.number, rig.latch.generation + 1)
    assert gate.look() is Verdict.STALE


def test_noise_after_an_edit_does_not_open_the_gate_before_the_keeper_has_decided(rig: Rig) -> None:
    root = rig.root
    file = root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover_project(str(root))
    rig.watcher.cover([executed(file)])
    gate = ServerGate(rig.word, rig.latch.generation, rig.watcher.events)
    write(file, "x = 2\n")
    edit = rig.reports.get(timeout=PATIENCE)
    for number in range(20):
        write(root / f"{number}.log", "x")
        assert gate.look() is Verdict.WAIT
    rig.latch.decide(edit.number, rig.latch.generation)
    while gate.look() is not Verdict.FRESH:
        assert rig.reports.get(timeout=PATIENCE).edit is None


def test_a_second_edit_while_the_first_is_decided_keeps_the_gate_shut(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    write(file, "x = 2\n")
    first = rig.reports.get(timeout=PATIENCE)
    write(file, "x = 3\n")
    second = rig.reports.get(timeout=PATIENCE)
    gate = ServerGate(rig.word, 1, rig.watcher.events)
    rig.latch.decide(first.number, 1)
    assert gate.look() is Verdict.WAIT
    rig.latch.decide(second.number, 1)
    assert gate.look() is Verdict.FRESH


def test_covering_while_files_are_saved_misses_no_save(rig: Rig) -> None:
    """Each save is either returned by `cover` or reported, and at the end the last content is known."""
    files = [rig.root / f"module{number}.py" for number in range(40)]
    for file in files:
        write(file, "x = 0\n")
    entries = [executed(file) for file in files]

    def save() -> None:
        for file in files:
            write(file, "x = 1\n")

    saver = threading.Thread(target=save)
    saver.start()
    returned = {path for entry in entries for path in rig.watcher.cover([entry])}
    saver.join(PATIENCE)
    reported = {str(path) for path in rig.changes(lambda: None)}
    assert returned | reported == {str(file) for file in files}


def test_a_watcher_that_is_stopped_while_it_waits_for_a_close_ends(make_rig: MakeRig, root: Path) -> None:
    rig = make_rig(settle_limit=60.0)
    file = root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    with file.open("r+") as open_file:
        open_file.write("y")
        open_file.flush()
        rig.watcher.stop()
    assert not rig.watcher._thread.is_alive()
