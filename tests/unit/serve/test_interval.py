"""The interpreter's switch interval while something is in progress beside."""

import sys
from collections.abc import Iterator

import pytest

from afresh.serve.interval import SwitchInterval


@pytest.fixture(autouse=True)
def _default() -> Iterator[None]:
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(0.005)


def test_it_is_short_while_anything_is_in_progress() -> None:
    interval = SwitchInterval()
    seen = []
    for step in (interval.begin, interval.begin, interval.end, interval.end, interval.begin, interval.end):
        step()
        seen.append(sys.getswitchinterval())
    assert seen == [0.001, 0.001, 0.001, 0.005, 0.001, 0.005]


def test_what_the_application_has_set_is_left_alone() -> None:
    sys.setswitchinterval(0.01)
    interval = SwitchInterval()
    interval.begin()
    assert sys.getswitchinterval() == 0.01
    interval.end()
    interval.begin()
    sys.setswitchinterval(0.002)
    interval.end()
    assert sys.getswitchinterval() == 0.002
