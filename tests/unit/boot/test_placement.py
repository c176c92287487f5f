"""Where checkpoints are left: at the places of edits, and elsewhere within a share of the time."""

import pytest

from afresh.boot.placement import LONGEST_LINE, MOST, SHARE, Placement
from afresh.reload.orders import Inside

COST = 0.003
PAUSE = COST / SHARE


def times(placement: Placement, until: float, *, cost: float = COST, step: float = 0.01) -> list[float]:
    """When checkpoints are left in a boot that comes to a module every `step` seconds."""
    found = []
    now = 0.0
    while now < until:
        if placement.is_due("/p/module.py", now):
            placement.spent(cost)
            found.append(now)
        now += step
    return found


def test_the_first_stands_before_anything() -> None:
    assert Placement(0.0).is_due("/p/settings.py", 0.0)


def test_no_more_than_the_share_is_spent() -> None:
    left = times(Placement(0.0), 1.0)
    assert left[0] == 0.0
    for number, now in enumerate(left[1:], 2):
        assert number * COST <= SHARE * now


def test_the_share_is_spent() -> None:
    """Each comes as soon as it can be paid, the first one's own cost included."""
    left = times(Placement(0.0), (MOST + 0.5) * PAUSE, step=0.001)
    assert left[1:] == pytest.approx([number * PAUSE for number in range(2, len(left) + 1)], abs=0.002)
    assert len(left) == MOST


def test_a_dear_checkpoint_makes_the_next_one_rare() -> None:
    assert len(times(Placement(0.0), 3.0, cost=0.05)) == 1


def test_the_clock_may_begin_anywhere() -> None:
    placement = Placement(1000.0)
    placement.spent(COST)
    assert not placement.is_due("/p/module.py", 1000.0 + 2 * PAUSE - 0.001)
    assert placement.is_due("/p/module.py", 1000.0 + 2 * PAUSE + 0.001)


def test_no_more_than_the_most() -> None:
    assert len(times(Placement(0.0), 1000.0, step=1.0)) == MOST


def test_places_of_edits_come_beside_the_budget() -> None:
    placement = Placement(0.0, [Inside("/p/a.py", 3), Inside("/p/b.py", 0)])
    for _ in range(MOST):
        placement.spent(COST)
    assert placement.is_due("/p/a.py", 0.0)
    assert placement.is_due("/p/b.py", 0.0)
    assert not placement.is_due("/p/c.py", 1000.0)


def test_statements() -> None:
    placement = Placement(0.0, [Inside("/p/a.py", 3), Inside("/p/b.py", 0)])
    assert [placement.line_in(f"/p/{name}.py") for name in "abc"] == [3, 0, 0]


def test_other_places() -> None:
    placement = Placement(0.0, [Inside("/p/a.py", 3)])
    placement.spent(COST)
    placement.wanted([Inside("/p/b.py", 2)])
    assert placement.line_in("/p/a.py") == 0
    assert not placement.is_due("/p/a.py", 0.0)
    assert placement.line_in("/p/b.py") == 2


def test_a_line_of_descent_has_an_end() -> None:
    """Each edit further along than the last goes on from the end of the line and adds to it."""
    placement = Placement(0.0)
    length = 0
    for edit in range(1000):
        file = f"/p/{edit}.py"
        placement = placement.resumed(float(edit), [Inside(file, 1)])
        length += 1
        if not placement.is_due(file, float(edit)):
            break
    assert length == LONGEST_LINE
    assert placement.line_in(file) == 0


def test_resumed_the_next_one_must_be_paid_for() -> None:
    """It has just come from one."""
    placement = Placement(0.0)
    placement.spent(COST)
    again = placement.resumed(500.0, [])
    assert not again.is_due("/p/module.py", 500.0 + PAUSE - 0.001)
    assert again.is_due("/p/module.py", 500.0 + PAUSE + 0.001)
