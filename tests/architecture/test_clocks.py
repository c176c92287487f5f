"""What the tests may not do with time: a busy machine makes everything late and nothing wrong.

Waits have the deadlines of `afresh.testing.deadline`, whose end is a failure whatever the machine does. How long
something takes is for `bench` to say. What must not happen again and again is counted.
"""

import ast
from pathlib import Path

import pytest

from .uses import names

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("*.py"))

CLOCKS = ("monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
BY_WHICH_TIME_IS_MEASURED = {f"time.{name}{unit}" for name in CLOCKS for unit in ("", "_ns")} | {
    "time.sleep",
    "timeit.default_timer",
    "timeit.timeit",
}
"""The clock of the wall is not among them: files have its stamps."""

MAY = {
    "process/test_dashboard_views.py": "what the dashboard says of its clock is between two readings of the test's",
    "unit/boot/test_loaded.py": "starts processes until the clock has moved on",
    "unit/keeper/test_chronicle.py": "a clock in the right unit, to the hour",
    "unit/serve/test_progress.py": "works until the kernel has counted it",
}


def place_of(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


@pytest.mark.parametrize("path", FILES, ids=place_of)
def test_no_test_measures_time(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    measured = [use for use in names(tree) if use.name in BY_WHICH_TIME_IS_MEASURED]
    assert bool(measured) == (place_of(path) in MAY), measured


def test_a_clock_is_seen_however_it_is_written() -> None:
    tree = ast.parse("import time as t\nfrom time import perf_counter as now\nassert t.monotonic() - now() < 1\n")
    assert {use.name for use in names(tree)} >= {"time.monotonic", "time.perf_counter"}
