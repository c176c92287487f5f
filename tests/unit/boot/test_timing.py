"""Times of modules: who imported whom, and what a dormant checkpoint does to them."""

from types import CodeType

import pytest

from afresh.boot import timing
from afresh.boot.timing import ModuleTimes


def module(file: str) -> CodeType:
    return compile("", file, "exec")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [0]
    monkeypatch.setattr(timing, "_clock", lambda: now[0])
    return now


def test_what_is_imported_meanwhile_hangs_below(clock: list[int]) -> None:
    times = ModuleTimes()
    outer, inner = module("outer.py"), module("inner.py")
    clock[0] = 10
    times.begun(outer)
    clock[0] = 15
    times.looked_up()
    clock[0] = 20
    times.begun(inner)
    clock[0] = 30
    times.ended(inner)
    clock[0] = 40
    times.ended(outer)
    # The look-up counts for the module that it found.
    assert times.modules == [["outer.py", 10, 40, -1], ["inner.py", 15, 30, 0]]


def test_a_module_that_raised_ends_with_its_importer(clock: list[int]) -> None:
    times = ModuleTimes()
    times.begun(module("outer.py"))
    clock[0] = 5
    times.begun(module("raises.py"))
    clock[0] = 9
    times.ended(module("outer.py"))
    assert times.modules == [["outer.py", 0, 9, -1], ["raises.py", 5, 9, 0]]


def test_the_time_that_a_checkpoint_was_dormant_does_not_count(clock: list[int]) -> None:
    times = ModuleTimes()
    clock[0] = 10
    times.looked_up()
    clock[0] = 11
    times.stands()
    clock[0] = 5011
    times.resumed()
    clock[0] = 5012
    times.begun(module("late.py"))
    clock[0] = 5020
    times.ended(module("late.py"))
    assert times.modules == [["late.py", 10, 20, -1]]
