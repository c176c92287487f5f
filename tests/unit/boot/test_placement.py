"""Where checkpoints are left: at the places of edits, and elsewhere within a share of the time."""

import pytest

from afresh.boot.placement import LONGEST_LINE, MOST, SHARE, WAITED_SHARE, Placement
from afresh.reload.orders import Course, Inside

COST = 0.003
PAUSE = COST / SHARE
PLACES = (Inside("/p/a.py", 3), Inside("/p/b.py", 4))


def spent(course: Course) -> Placement:
    """With the budget for places that are not those of edits used up."""
    placement = Placement(0.0, course)
    for _ in range(MOST):
        placement.spent(COST)
    return placement


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


def test_while_nobody_waits_places_of_edits_come_beside_the_budget() -> None:
    placement = spent(Course(PLACES, is_repeat=True))
    assert [placement.is_due(f"/p/{name}.py", 0.0) for name in "abc"] == [False, False, False]
    assert [placement.line_in(f"/p/{name}.py", 0.0) for name in "abc"] == [3, 4, 0]


def test_whoever_waits_pays_for_the_place_of_the_latest_edit_alone() -> None:
    placement = spent(Course(PLACES))
    assert [placement.is_due(f"/p/{name}.py", 0.0) for name in "abc"] == [False, False, False]
    assert [placement.line_in(f"/p/{name}.py", 0.0) for name in "abc"] == [0, 4, 0]


def test_before_the_module_where_the_edit_was_in_its_first_statement() -> None:
    placement = spent(Course((Inside("/p/a.py", 0),)))
    assert placement.is_due("/p/a.py", 0.0)
    assert placement.line_in("/p/a.py", 0.0) == 0


def test_in_a_long_start_the_other_places_weigh_little() -> None:
    placement = spent(Course(PLACES))
    late = (MOST + 1) * COST / WAITED_SHARE
    assert placement.line_in("/p/a.py", late - 0.001) == 0
    assert placement.line_in("/p/a.py", late + 0.001) == 3


def test_what_is_repeated_leaves_none_the_first_time() -> None:
    placement = spent(Course(PLACES, is_short=True))
    assert not placement.set_up(has_own=False)
    assert [placement.line_in(f"/p/{name}.py", 1000.0) for name in "abc"] == [0, 0, 0]
    assert not placement.is_due("/p/c.py", 1000.0)


def test_what_may_be_done_but_once_is_not_repeated() -> None:
    assert spent(Course(PLACES, is_short=True)).set_up(has_own=True)


def test_where_only_the_end_is_short() -> None:
    """It is repeated from where all is set up."""
    placement = Placement(0.0, Course(PLACES, is_short_in_the_end=True))
    placement.spent(COST)
    assert placement.line_in("/p/b.py", 0.0) == 4
    assert placement.set_up(has_own=False)
    assert placement.line_in("/p/b.py", 0.0) == 0
    assert placement.resumed(0.0, Course(PLACES, is_short_in_the_end=True)).line_in("/p/b.py", 0.0) == 0
    assert placement.resumed(0.0, Course(PLACES, is_repeat=True)).line_in("/p/b.py", 0.0) == 4


def test_a_line_of_descent_has_an_end() -> None:
    """Each edit further along than the last goes on from the end of the line and adds to it."""
    placement = Placement(0.0)
    length = 0
    for edit in range(1000):
        file = f"/p/{edit}.py"
        placement = placement.resumed(float(edit), Course((Inside(file, 1),)))
        length += 1
        if not placement.line_in(file, float(edit)):
            break
    assert length == LONGEST_LINE
    assert not placement.set_up(has_own=True)


def test_resumed_the_next_one_must_be_paid_for() -> None:
    """It has just come from one."""
    again = Placement(0.0, last=COST).resumed(500.0, Course())
    assert not again.is_due("/p/module.py", 500.0 + PAUSE - 0.001)
    assert again.is_due("/p/module.py", 500.0 + PAUSE + 0.001)
